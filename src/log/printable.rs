//! Text that stays on its line.

use std::fmt::{self, Write};
use std::io;

/// Shows text with everything escaped that could end a line, or hide or
/// reorder what stands beside it: control characters (not the tab), Unicode's
/// line and paragraph separators, its invisible and its direction marks.
/// `\n`, `\r`, `\x1b` and `\u{2028}` are how they look then.
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        // Most texts, without a look at each character.
        if rest.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return f.write_str(rest);
        }
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            f.write_str(rest.get(..at).unwrap_or_default())?;
            match c {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                c if c.is_ascii() => write!(f, "\\x{:02x}", u32::from(c))?,
                c => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            }
            rest = rest.get(at + c.len_utf8()..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// A writer for terminals: each line goes out as [`Printable`].
pub struct PrintableLines<W: io::Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: io::Write> PrintableLines<W> {
    /// Lines for this writer.
    pub fn new(out: W) -> PrintableLines<W> {
        let line = Vec::new();
        PrintableLines { out, line }
    }

    fn send(&mut self, end: &str) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        write!(self.out, "{}{end}", Printable(&text))
    }
}

impl<W: io::Write> io::Write for PrintableLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.split_last() {
                Some((b'\n', line)) => {
                    self.line.extend_from_slice(line);
                    self.send("\n")?;
                }
                _ => self.line.extend_from_slice(piece),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.send("")?;
        }
        self.out.flush()
    }
}

fn is_unsafe(c: char) -> bool {
    match c {
        '\t' => false,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

/// Room for most lines, in bytes, so that they do not grow step by step.
const USUAL_LINE: usize = 160;

/// A writer into a string that keeps no more than so many bytes, and counts
/// what it did not keep.
pub(super) struct Bounded {
    pub(super) text: String,
    pub(super) left_out: usize,
    most: usize,
}

impl Bounded {
    pub(super) fn new(most: usize) -> Bounded {
        Bounded {
            text: String::with_capacity(USUAL_LINE.min(most)),
            left_out: 0,
            most,
        }
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.most.saturating_sub(self.text.len());
        let kept = match self.left_out {
            0 => text.floor_char_boundary(room.min(text.len())),
            _ => 0,
        };
        self.text.push_str(text.get(..kept).unwrap_or_default());
        self.left_out += text.len() - kept;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_line() {
        for (text, shown) in [
            ("plain \ttext é 日", "plain \ttext é 日"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{1b}[2J\u{7f}\0", "\\x1b[2J\\x7f\\x00"),
            (
                "\u{85}\u{2028}\u{2029}\u{9b}",
                "\\u{85}\\u{2028}\\u{2029}\\u{9b}",
            ),
            ("\u{202e}x\u{200b}\u{feff}", "\\u{202e}x\\u{200b}\\u{feff}"),
            ("\u{b}\u{c}", "\\x0b\\x0c"),
        ] {
            assert_eq!(Printable(text).to_string(), shown);
        }
    }

    #[test]
    fn lines_stay_lines() {
        use std::io::Write;
        let mut out = Vec::new();
        let mut lines = PrintableLines::new(&mut out);
        for piece in [&b"a\x1b[2Jb"[..], b"c\n\n\xc3", b"\xa9\xff\nend\r"] {
            lines.write_all(piece).unwrap();
        }
        lines.flush().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "a\\x1b[2Jbc\n\né\u{fffd}\nend\\r");
    }

    #[test]
    fn bounded_text_ends_between_characters() {
        let mut bounded = Bounded::new(4);
        write!(bounded, "aé").unwrap();
        write!(bounded, "éb").unwrap();
        write!(bounded, "c").unwrap();
        assert_eq!((bounded.text.as_str(), bounded.left_out), ("aé", 4));
    }
}
