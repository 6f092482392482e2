//! Values that are lists, `a | b | c`.

/// The parts of a list value: split at `|`, trimmed, `\|` is a bar in a part.
pub(super) fn split_list(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('|') {
        rest = after;
        let Some(part) = parts.last_mut() else {
            break;
        };
        match before.strip_suffix('\\') {
            Some(text) => {
                part.push_str(text);
                part.push('|');
            }
            None => {
                part.push_str(before);
                parts.push(String::new());
            }
        }
    }
    if let Some(part) = parts.last_mut() {
        part.push_str(rest);
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (value, parts) in [
            ("a", &["a"] as &[&str]),
            ("", &[""]),
            ("a|b", &["a", "b"]),
            (" a | b ", &["a", "b"]),
            (r"a\|b|c", &["a|b", "c"]),
            (r"a\b|c", &[r"a\b", "c"]),
            (r"a\|", &["a|"]),
            ("a||c|", &["a", "", "c", ""]),
        ] {
            assert_eq!(split_list(value), parts, "{value}");
        }
    }
}
