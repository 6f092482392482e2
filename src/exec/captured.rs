//! What programs write to standard error: its beginning and its end.

/// How much of the beginning is kept, in bytes: the first complaint is mostly
/// the cause.
const HEAD: usize = 16 << 10;

/// How much of the end is kept: the last words of a trace.
const TAIL: usize = 48 << 10;

/// Standard error in bounded memory: the first 16 KiB, the last 48 KiB, and
/// how much lay between them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Captured {
    head: Vec<u8>,
    /// Up to twice TAIL, so that its front is cut off only now and then.
    tail: Vec<u8>,
    dropped: u64,
}

impl Captured {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len());
        let (head, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.head.extend_from_slice(head);
        // A piece longer than the tail leaves only its own end.
        let excess = rest.len().saturating_sub(2 * TAIL);
        self.dropped += excess as u64;
        self.tail
            .extend_from_slice(rest.get(excess..).unwrap_or_default());
        if self.tail.len() > 2 * TAIL {
            self.cut_tail();
        }
    }

    fn cut_tail(&mut self) {
        let excess = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.dropped += excess as u64;
    }

    /// Bytes that were not kept.
    pub fn dropped(&self) -> u64 {
        self.dropped + self.tail.len().saturating_sub(TAIL) as u64
    }

    /// Whether nothing was written at all.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// The text, with a line in the middle that says how much is missing.
    pub fn text(&self) -> String {
        let excess = self.tail.len().saturating_sub(TAIL);
        let tail = self.tail.get(excess..).unwrap_or_default();
        if self.dropped() == 0 {
            return String::from_utf8_lossy(&[self.head.as_slice(), tail].concat()).into_owned();
        }
        let (head, tail) = (
            String::from_utf8_lossy(&self.head),
            String::from_utf8_lossy(tail),
        );
        format!("{head}\n[{} bytes left out]\n{tail}", self.dropped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_is_kept_whole_in_any_pieces() {
        let text = "é".repeat(20_000);
        for piece in [1, 7, 4096, 100_000] {
            let mut captured = Captured::default();
            text.as_bytes()
                .chunks(piece)
                .for_each(|bytes| captured.push(bytes));
            assert!(captured.text() == text, "pieces of {piece}");
            assert_eq!(captured.dropped(), 0);
        }
    }

    #[test]
    fn a_flood_keeps_its_ends_and_counts_the_rest() {
        let text: Vec<u8> = (0..1_000_000u32)
            .flat_map(|n| format!("{n:07}\n").into_bytes())
            .collect();
        for piece in [1000, 65_536, 3_000_000] {
            let mut captured = Captured::default();
            for bytes in text.chunks(piece) {
                captured.push(bytes);
                assert!(captured.head.len() + captured.tail.len() <= HEAD + 2 * TAIL);
            }
            assert_eq!(
                captured.dropped(),
                (text.len() - HEAD - TAIL) as u64,
                "pieces of {piece}"
            );
            let kept = captured.text();
            assert!(kept.starts_with("0000000\n0000001\n") && kept.ends_with("\n0999999\n"));
            assert!(
                kept.contains("\n[7934464 bytes left out]\n"),
                "pieces of {piece}"
            );
        }
    }
}
