//! Lines of a text file, whatever editor and system made it.

/// The lines of `text` with their numbers, from 1. A line ends with LF, CRLF
/// or a CR alone; the end is no part of it.
pub(crate) fn numbered_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .flat_map(|line| line.split('\r'))
        .enumerate()
        .map(|(index, line)| (index.saturating_add(1), line))
}

/// `bytes` without the UTF-8 byte order mark that some editors put in front.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end() {
        let lines: Vec<_> = numbered_lines("a\nb\r\nc\rd\n\ne").collect();
        assert_eq!(
            lines,
            [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, ""), (6, "e")]
        );
    }

    #[test]
    fn bom() {
        assert_eq!(without_bom(b"\xEF\xBB\xBFA"), b"A");
        assert_eq!(without_bom(b"A"), b"A");
    }
}
