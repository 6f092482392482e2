//! Bytes from programs to the client as they are.

use std::io::Write;

use super::framing::Framing;
use crate::stream::{self, Input};

/// How much is read at a time, and the largest packet whose end is waited for
/// before its beginning goes out.
const PIECE: usize = 256 << 10;

/// Passes the whole stream on. What went wrong, and what is known of the place
/// in the stream where it did. An output that `holds_back` is flushed when the
/// input pauses.
pub fn pass(
    input: &mut dyn Input,
    output: &mut dyn Write,
    holds_back: bool,
) -> (Result<(), stream::Error>, Framing) {
    let mut framing = Framing::new();
    let result = pass_pieces(input, output, holds_back, &mut framing);
    (result, framing)
}

fn pass_pieces(
    input: &mut dyn Input,
    output: &mut dyn Write,
    holds_back: bool,
    framing: &mut Framing,
) -> Result<(), stream::Error> {
    let mut buffer = vec![0; PIECE];
    let mut held = 0;
    loop {
        let count = match input.read(buffer.get_mut(held..).unwrap_or_default()) {
            Ok(count) => count,
            Err(error) => return Err(stream::Error::Input(error)),
        };
        let bytes = buffer.get(..held + count).unwrap_or_default();
        if count == 0 {
            // Half a packet at the end of a stream that is otherwise well is
            // the reader's doing: the client gets what there is.
            return send(output, bytes, framing);
        }
        let whole = framing.whole(bytes);
        write(output, bytes.get(..whole).unwrap_or_default())?;
        let end = bytes.len();
        buffer.copy_within(whole..end, 0);
        held = end - whole;
        if holds_back && input.would_wait() {
            output.flush().map_err(stream::Error::Output)?;
        }
        if held == buffer.len() {
            send(output, &buffer, framing)?;
            held = 0;
        }
    }
}

fn send(output: &mut dyn Write, bytes: &[u8], framing: &mut Framing) -> Result<(), stream::Error> {
    if bytes.is_empty() {
        return Ok(());
    }
    framing.part(bytes);
    write(output, bytes)
}

fn write(output: &mut dyn Write, bytes: &[u8]) -> Result<(), stream::Error> {
    output.write_all(bytes).map_err(stream::Error::Output)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Gives its bytes in pieces, and fails at the end if told so.
    struct Pieces<'a> {
        bytes: &'a [u8],
        piece: usize,
        fails: bool,
    }

    impl Input for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.piece.min(into.len()).min(self.bytes.len());
            if count == 0 && self.fails {
                return Err(io::Error::other("fails"));
            }
            let (now, later) = self.bytes.split_at(count);
            into[..count].copy_from_slice(now);
            self.bytes = later;
            Ok(count)
        }

        fn would_wait(&mut self) -> bool {
            false
        }
    }

    fn stream(records: usize, width: usize) -> Vec<u8> {
        let xml = format!(
            "<packet><x type=\"time24\" units=\"us2000\"/><yscan type=\"sun_real4\" nitems=\"{width}\"/></packet>"
        );
        let mut bytes =
            format!("[00]000017<stream></stream>[01]{:06}{xml}", xml.len()).into_bytes();
        for _ in 0..records {
            bytes.extend_from_slice(b":01:2017-01-01T00:00:00.000 ");
            bytes.extend(vec![7; 4 * width]);
        }
        bytes
    }

    fn passed(bytes: &[u8], piece: usize, fails: bool) -> (bool, Vec<u8>, bool) {
        let mut out = Vec::new();
        let (result, framing) = pass(
            &mut Pieces {
                bytes,
                piece,
                fails,
            },
            &mut out,
            true,
        );
        (result.is_ok(), out, framing.is_at_boundary())
    }

    #[test]
    fn nothing_is_changed() {
        for (records, width) in [(0, 1), (1000, 1), (3, 100_000)] {
            let bytes = stream(records, width);
            for piece in [1 << 10, 10_007, PIECE] {
                let (good, out, at_boundary) = passed(&bytes, piece, false);
                assert!(
                    good && out == bytes && at_boundary,
                    "{records} {width} {piece}"
                );
            }
        }
        let text = b"half a tag [0".as_slice();
        assert_eq!(passed(text, 3, false), (true, text.to_vec(), false));
    }

    #[test]
    fn a_stream_that_breaks_ends_at_a_packet() {
        let whole = stream(1000, 10);
        let cut = &whole[..whole.len() - 11];
        let (good, out, at_boundary) = passed(cut, 777, true);
        assert!(!good && at_boundary);
        assert_eq!(out.len(), whole.len() - (4 + 24 + 40));
        // A packet larger than what is held back cannot end where it breaks.
        let large = stream(1, 100_000);
        let (good, out, at_boundary) = passed(&large[..large.len() - 1], 50_000, true);
        assert!(!good && !at_boundary && out.len() > PIECE);
    }
}
