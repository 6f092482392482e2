//! Labels of das2 streams as plain text.
//!
//! Labels hold codes for how they are drawn (`E!ax!n`: a raised x) and names of
//! properties that clients put in (`%{xCacheResInfo}`).

/// The text of a label without codes. `property` gives the values of properties.
/// What is raised follows a `^`, what is lowered a `_`; line breaks become blanks.
pub(super) fn plain<'a>(label: &str, property: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut text = String::new();
    let mut rest = label;
    while let Some(at) = rest.find(['!', '%']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        rest = match code(from) {
            Code::Name(name, after) => {
                text.push_str(property(name).unwrap_or_default());
                after
            }
            Code::Text(code, after) => {
                text.push_str(code);
                after
            }
        };
    }
    text.push_str(rest);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// What a code at the front of a text is, and what follows it.
enum Code<'a> {
    Name(&'a str, &'a str),
    Text(&'static str, &'a str),
}

fn code(text: &str) -> Code<'_> {
    if let Some(rest) = text.strip_prefix("%{")
        && let Some((name, after)) = rest.split_once('}')
    {
        return Code::Name(name, after);
    }
    let mut chars = text.chars();
    if chars.next() == Some('%') {
        return Code::Text("%", chars.as_str());
    }
    let drawn = match chars.next() {
        Some('a' | 'A' | 'u' | 'U') => "^",
        Some('b' | 'B' | 'd' | 'D') => "_",
        Some('c' | 'C') => " ",
        Some('!') => "!",
        _ => "",
    };
    Code::Text(drawn, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_go() {
        let property = |name: &str| (name == "info").then_some(" (60.0 s Averages)");
        for (label, text) in [
            ("E!ax!n (V m!a-1!n)", "E^x (V m^-1)"),
            ("f!Dce!N", "f_ce"),
            ("two!clines\n and  more", "two lines and more"),
            ("Density%{info}", "Density (60.0 s Averages)"),
            ("a%{unknown}b", "ab"),
            ("50% of %{", "50% of %{"),
            ("wow!!", "wow!"),
            ("end!", "end"),
            ("µ!uµ", "µ^µ"),
            (" ", ""),
        ] {
            assert_eq!(plain(label, property), text);
        }
    }
}
