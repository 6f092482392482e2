//! Cells of text: quoted where they need it.

/// Appends a cell. It is quoted if it holds the delimiter, a quotation mark or
/// a line break, or a blank at one of its ends, which some readers would drop;
/// quotation marks in it are doubled (RFC 4180, 2.5 to 2.7).
pub(super) fn push_cell(text: &str, delimiter: char, out: &mut Vec<u8>) {
    let special = |c: char| c == delimiter || matches!(c, '"' | '\r' | '\n');
    if !text.contains(special) && text.trim() == text {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_where_they_are_needed() {
        let cell = |text, delimiter| {
            let mut out = Vec::new();
            push_cell(text, delimiter, &mut out);
            String::from_utf8(out).unwrap()
        };
        for (text, written) in [
            ("", ""),
            ("a (V)", "a (V)"),
            ("a;b", "a;b"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("\r", "\"\r\""),
            (" a", "\" a\""),
            ("µ", "µ"),
        ] {
            assert_eq!(cell(text, ','), written);
        }
        assert_eq!(cell("a;b", ';'), "\"a;b\"");
        assert_eq!(cell("a\tb", '\t'), "\"a\tb\"");
    }
}
