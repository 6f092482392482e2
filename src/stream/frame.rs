//! The lowest layer: packet tags.
//!
//! | bytes | meaning |
//! |---|---|
//! | `[00]LLLLLL` | stream header of LLLLLL bytes |
//! | `[NN]LLLLLL` | packet header, NN = 01..99 |
//! | `[xx]LLLLLL` | comment or exception |
//! | `:NN:` | data, as many bytes as packet header NN says |

use std::fmt;

use super::error::{Error, Result};

/// The largest body that six digits of length can announce, in bytes.
pub const MAX_HEADER: usize = 999_999;

/// The largest data packet that is read, in bytes without its tag.
pub const MAX_PACKET: usize = 16 << 20;

/// A packet ID, 0 to 99; 0 is the stream itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(u8);

impl PacketId {
    /// How many IDs there are, the stream's own included.
    pub const COUNT: usize = 100;

    /// The first ID that data can have, 1.
    pub const FIRST: PacketId = PacketId(1);

    /// The ID of a number from 0 to 99.
    pub fn new(number: u8) -> Option<PacketId> {
        (usize::from(number) < Self::COUNT).then_some(PacketId(number))
    }

    /// The number as an index, below [`PacketId::COUNT`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its two ASCII digits.
    pub fn digits(self) -> [u8; 2] {
        [b'0' + self.0 / 10, b'0' + self.0 % 10]
    }

    /// The tag of its data packets, `:NN:`.
    pub fn data_tag(self) -> [u8; 4] {
        let [tens, ones] = self.digits();
        [b':', tens, ones, b':']
    }

    fn from_digits(tens: u8, ones: u8) -> Option<PacketId> {
        (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| PacketId((tens - b'0') * 10 + (ones - b'0')))
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl fmt::Debug for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which header a `[..]` tag announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderTag {
    /// `[00]`: the stream header.
    Stream,
    /// `[01]` to `[99]`: a packet header.
    Packet(PacketId),
    /// `[xx]`: out of band, a comment or an exception.
    Extra,
}

/// What stands where a tag is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// `:NN:`, 4 bytes; the data follow.
    Data(PacketId),
    /// `[..]LLLLLL`, 10 bytes; `length` bytes of header follow.
    Header {
        /// Which header.
        tag: HeaderTag,
        /// Bytes of its body.
        length: usize,
    },
    /// A blank or line break where a tag is due: tolerated, 1 byte.
    Stray,
    /// The bytes given are a correct beginning; this many are needed.
    NeedBytes(usize),
}

/// Reads the tag at the front of `bytes`.
///
/// # Errors
/// [`Error::Malformed`] without a place when no tag begins so.
pub fn parse_tag(bytes: &[u8]) -> Result<Tag> {
    match bytes {
        [] => Ok(Tag::NeedBytes(1)),
        [b' ' | b'\t' | b'\r' | b'\n', ..] => Ok(Tag::Stray),
        [b':', rest @ ..] => data_tag(rest),
        [b'[', rest @ ..] => bracket_tag(rest),
        [b'|', b'S', ..] => Err(Error::malformed(
            "this is a das3 stream; only das2 streams are understood here",
        )),
        _ => Err(not_a_tag(bytes)),
    }
}

fn data_tag(rest: &[u8]) -> Result<Tag> {
    match rest {
        [tens, ones, b':', ..] => match PacketId::from_digits(*tens, *ones) {
            Some(id) if id.index() > 0 => Ok(Tag::Data(id)),
            Some(_) => Err(Error::malformed(
                "packet ID 00 is the stream header's and has no data",
            )),
            None => Err(not_a_tag(rest)),
        },
        [_, _, _, ..] => Err(not_a_tag(rest)),
        _ => Ok(Tag::NeedBytes(4)),
    }
}

fn bracket_tag(rest: &[u8]) -> Result<Tag> {
    let Some((head, digits)) = rest.split_at_checked(3) else {
        return Ok(Tag::NeedBytes(10));
    };
    let tag = match head {
        [b'x' | b'X', b'x' | b'X', b']'] => HeaderTag::Extra,
        [tens, ones, b']'] => match PacketId::from_digits(*tens, *ones) {
            Some(id) if id.index() == 0 => HeaderTag::Stream,
            Some(id) => HeaderTag::Packet(id),
            None => return Err(not_a_tag(rest)),
        },
        _ => return Err(not_a_tag(rest)),
    };
    match digits.get(..6) {
        None => Ok(Tag::NeedBytes(10)),
        Some(digits) => Ok(Tag::Header {
            tag,
            length: length_of(digits)?,
        }),
    }
}

/// Six digits, leading blanks tolerated.
fn length_of(digits: &[u8]) -> Result<usize> {
    let mut length = 0;
    let mut begun = false;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                length = length * 10 + usize::from(byte - b'0');
                begun = true;
            }
            b' ' if !begun => {}
            _ => {
                begun = false;
                break;
            }
        }
    }
    if begun {
        Ok(length)
    } else {
        Err(Error::malformed(format!(
            "a header's length must be six digits, found '{}'",
            digits.escape_ascii()
        )))
    }
}

fn not_a_tag(bytes: &[u8]) -> Error {
    let shown = bytes.get(..8).unwrap_or(bytes);
    Error::malformed(format!(
        "a packet tag ([NN]LLLLLL or :NN:) is due, found '{}'",
        shown.escape_ascii()
    ))
}

/// The tag that goes before a header of `length` bytes.
pub fn header_tag(tag: HeaderTag, length: usize) -> String {
    match tag {
        HeaderTag::Stream => format!("[00]{length:06}"),
        HeaderTag::Packet(id) => format!("[{id}]{length:06}"),
        HeaderTag::Extra => format!("[xx]{length:06}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> PacketId {
        PacketId::new(n).unwrap()
    }

    #[test]
    fn tags_are_told_apart() {
        let header = |tag, length| Tag::Header { tag, length };
        let cases: &[(&[u8], Tag)] = &[
            (b":07:xyz", Tag::Data(id(7))),
            (b"[00]000211<", header(HeaderTag::Stream, 211)),
            (b"[99]999999", header(HeaderTag::Packet(id(99)), 999_999)),
            (b"[xx]000010", header(HeaderTag::Extra, 10)),
            (b"[XX]    10", header(HeaderTag::Extra, 10)),
            (b"\n:01:", Tag::Stray),
            (b":0", Tag::NeedBytes(4)),
            (b"[01]0000", Tag::NeedBytes(10)),
            (b"", Tag::NeedBytes(1)),
        ];
        for (bytes, tag) in cases {
            assert_eq!(parse_tag(bytes).unwrap(), *tag, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        let cases: &[&[u8]] = &[
            b"<stream>",
            b":x1:",
            b":00:",
            b":012:",
            b"[0x]000001",
            b"[00]00x001",
            b"[00]      ",
            b"[00]1 2   ",
            b"[001]00001",
            b"|Sx||123|",
            b"\0\0\0\0",
        ];
        for bytes in cases {
            assert!(parse_tag(bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }
}
