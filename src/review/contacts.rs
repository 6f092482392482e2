//! Contacts: `Name <address>`, with commas between.

/// What is wrong with the value of techContact or sciContact, if anything.
pub(super) fn fault(value: &str) -> Option<&'static str> {
    let addresses = value.contains('@') || value.contains("&#64;");
    if value.trim().is_empty() {
        return Some("is empty");
    }
    for part in parts(value) {
        match (part.matches('<').count(), part.matches('>').count()) {
            (1, 0) => return Some("has a < without its >"),
            (0, 1) => return Some("has a > without its <"),
            (0, 0) | (1, 1) => {}
            _ => return Some("has more than one address between two commas"),
        }
        let inner = part
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'));
        if let Some((address, behind)) = inner {
            if address.trim().is_empty() {
                return Some("has an empty address");
            }
            if !behind.trim().is_empty() {
                return Some("has text behind an address, without a comma");
            }
            if is_half(address) {
                return Some("has half an address");
            }
        }
    }
    (!addresses).then_some("names no address")
}

/// Whether one side of the @ is missing. Words in its place, ` at `, are meant to be.
fn is_half(address: &str) -> bool {
    let address = address.trim().replace("&#64;", "@");
    let whole = match address.split_once('@') {
        Some((name, host)) => !name.is_empty() && !host.is_empty(),
        None => address.contains(char::is_whitespace) || address.contains(['/', '&']),
    };
    !whole
}

/// The contacts. A comma inside `<..>` separates none.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    value.split(move |c| {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ => {}
        }
        c == ',' && !inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts() {
        for (value, expected) in [
            ("A B <a@b.edu>", None),
            ("A B <a@b.edu>, C <c@d.edu>", None),
            ("B, A <a@b.edu>", None),
            ("a@b.edu", None),
            ("A <a&#64;b.edu>", None),
            ("", Some("empty")),
            ("A B", Some("names no address")),
            ("A <a@b.edu", Some("without its >")),
            ("A a@b.edu>", Some("without its <")),
            ("A <a@b.edu> C <c@d.edu>", Some("more than one")),
            ("A <>, b@c", Some("empty address")),
            ("A <a@b> and others", Some("behind an address")),
            ("A <a@>, b@c.edu", Some("half an address")),
            ("A <@b>", Some("half an address")),
            ("A <ab.edu>, b@c.edu", Some("half an address")),
            ("A <a at b.edu>, b@c.edu", None),
            ("A <https://b.edu/a>, b@c.edu", None),
            ("A <a&#45;b&#64;c.edu>", None),
        ] {
            let told = fault(value);
            assert_eq!(told.is_some(), expected.is_some(), "{value}: {told:?}");
            assert!(
                told.is_none_or(|t| t.contains(expected.unwrap())),
                "{value}"
            );
        }
    }
}
