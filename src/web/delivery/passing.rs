//! Bytes from programs to the client as they are.

use std::io::Write;

use super::framing::Framing;
use crate::stream::{self, Input, Place};

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
    // What has gone out, and where in it the packet at hand begins.
    let (mut sent, mut packet) = (0_u64, 0_u64);
    loop {
        let count = match input.read(buffer.get_mut(held..).unwrap_or_default()) {
            Ok(count) => count,
            Err(error) => return Err(stream::Error::Input(error)),
        };
        let bytes = buffer.get(..held + count).unwrap_or_default();
        if count == 0 {
            return match held > 0 || framing.is_inside() {
                true => Err(cut_off(packet)),
                false => Ok(()),
            };
        }
        let whole = framing.whole(bytes);
        write(output, bytes.get(..whole).unwrap_or_default())?;
        sent += whole as u64;
        if !framing.is_inside() {
            packet = sent;
        }
        let end = bytes.len();
        buffer.copy_within(whole..end, 0);
        held = end - whole;
        if holds_back && input.would_wait() {
            output.flush().map_err(stream::Error::Output)?;
        }
        if held == buffer.len() {
            framing.part(&buffer);
            write(output, &buffer)?;
            sent += held as u64;
            held = 0;
        }
    }
}

/// A stream that ends inside the packet that begins here. What of it has not gone
/// out stays here, so that a message can follow.
fn cut_off(offset: u64) -> stream::Error {
    stream::Error::CutOff {
        place: Place {
            offset,
            packet: None,
        },
        what: "it ends inside a packet".into(),
    }
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

    /// How it went, what went out, and whether that ends at a packet.
    fn passed(bytes: &[u8], piece: usize, fails: bool) -> (Result<(), String>, Vec<u8>, bool) {
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
        let result = result.map_err(|error| error.to_string());
        (result, out, framing.is_at_boundary())
    }

    #[test]
    fn nothing_is_changed() {
        for (records, width) in [(0, 1), (1000, 1), (3, 100_000)] {
            let bytes = stream(records, width);
            for piece in [1 << 10, 10_007, PIECE] {
                let (result, out, at_boundary) = passed(&bytes, piece, false);
                assert!(
                    result.is_ok() && out == bytes && at_boundary,
                    "{records} {width} {piece}"
                );
            }
        }
        let text = b"half a tag [0".as_slice();
        assert_eq!(passed(text, 3, false), (Ok(()), text.to_vec(), false));
    }

    #[test]
    fn a_stream_that_breaks_ends_at_a_packet() {
        let whole = stream(1000, 10);
        let last = whole.len() - (4 + 24 + 40);
        for (cut, fails) in [(1, true), (1, false), (11, true), (67, false)] {
            let cut = &whole[..whole.len() - cut];
            let (result, out, at_boundary) = passed(cut, 777, fails);
            assert!(at_boundary && out.len() == last, "{fails}");
            let told = match fails {
                true => "cannot read the input: fails".to_owned(),
                false => format!("byte {last}: the stream is cut off: it ends inside a packet"),
            };
            assert_eq!(result, Err(told));
        }
        for start in [&b"["[..], b"[00]000", b"[00]000100<stream>"] {
            let (result, out, _) = passed(start, 777, false);
            assert!(result.unwrap_err().starts_with("byte 0: ") && out.is_empty());
        }
        // A packet larger than what is held back cannot end where it breaks.
        let large = stream(1, 100_000);
        let headers = stream(0, 100_000).len();
        let (result, out, at_boundary) = passed(&large[..large.len() - 1], 50_000, false);
        assert!(!at_boundary && out.len() > PIECE);
        let told = result.unwrap_err();
        assert!(told.starts_with(&format!("byte {headers}: ")), "{told}");
    }
}
