//! Where the packets of a stream end, without understanding what is in them.

use crate::qstream;
use crate::stream::{Element, HeaderTag, PacketId, StreamHeader, Tag, parse_tag};

/// Bytes of the tag of a header.
const HEADER_TAG: usize = 10;

/// Follows the framing of a stream piece by piece.
pub struct Framing {
    /// Bytes of a data packet, tag included, by packet ID.
    strides: Vec<Option<usize>>,
    stream: StreamHeader,
    /// Bytes of the packet at hand that are not there yet.
    missing: usize,
    /// Neither das2.2 nor a QStream, or deflated: only passed on.
    opaque: bool,
    /// Bytes of earlier pieces.
    before: u64,
    /// Where in the stream something stands that is neither.
    stray: Option<u64>,
    exception: bool,
}

/// What stands at the front of some bytes.
enum Front {
    /// So many bytes of whole packets.
    Whole(usize),
    /// The beginning of a packet of so many bytes.
    Part(usize),
    /// Too few bytes to tell.
    Unknown,
}

impl Framing {
    /// At the beginning of a stream.
    pub fn new() -> Framing {
        Framing {
            strides: vec![None; PacketId::COUNT],
            stream: StreamHeader::default(),
            missing: 0,
            opaque: false,
            before: 0,
            stray: None,
            exception: false,
        }
    }

    /// How many of the bytes may go out so that they end where a packet ends:
    /// all that are no packets of das2.2 or a QStream. Bytes that have not gone out come
    /// again, with more behind them.
    pub fn whole(&mut self, bytes: &[u8]) -> usize {
        let end = self.end_of_packets(bytes);
        self.before += end as u64;
        end
    }

    fn end_of_packets(&mut self, bytes: &[u8]) -> usize {
        let mut at = self.missing.min(bytes.len());
        self.missing -= at;
        while !self.opaque {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.front(rest) {
                Front::Whole(count) => at += count,
                Front::Part(_) | Front::Unknown if !self.opaque => return at,
                Front::Part(_) | Front::Unknown => {
                    let stray = self.before + at as u64;
                    self.stray = (!self.is_deflated()).then_some(stray);
                }
            }
        }
        bytes.len()
    }

    /// Gives up waiting for the rest of the packet that begins with these
    /// bytes, which go out.
    pub fn part(&mut self, bytes: &[u8]) {
        match self.front(bytes) {
            Front::Part(length) => self.missing = length.saturating_sub(bytes.len()),
            _ => self.opaque = true,
        }
        self.before += bytes.len() as u64;
    }

    /// Where something stands that is no packet of das2.2 or a QStream, in bytes from
    /// the beginning of the stream; None where there is none, and behind a header that
    /// says that the rest is deflated.
    pub fn stray(&self) -> Option<u64> {
        self.stray
    }

    fn is_deflated(&self) -> bool {
        self.stream.is_deflated().unwrap_or(false)
    }

    /// Whether, after what has gone out, another packet may follow.
    pub fn is_at_boundary(&self) -> bool {
        !self.opaque && self.missing == 0
    }

    /// Whether the rest of a packet is due whose beginning has gone out.
    pub fn is_inside(&self) -> bool {
        !self.opaque && self.missing > 0
    }

    /// Whether the stream has told of an error itself.
    pub fn has_exception(&self) -> bool {
        self.exception
    }

    fn front(&mut self, bytes: &[u8]) -> Front {
        match parse_tag(bytes) {
            Ok(Tag::NeedBytes(_)) => Front::Unknown,
            Ok(Tag::Stray) => Front::Whole(1),
            Ok(Tag::Data(id)) => self.run(id, bytes),
            Ok(Tag::Header { tag, length }) => self.header(tag, length, bytes),
            Err(_) => self.give_up(),
        }
    }

    fn run(&mut self, id: PacketId, bytes: &[u8]) -> Front {
        let Some(Some(stride)) = self.strides.get(id.index()).copied() else {
            return self.give_up();
        };
        let tag = id.data_tag();
        let packets = bytes.chunks_exact(stride);
        match packets
            .take_while(|packet| packet.first_chunk() == Some(&tag))
            .count()
        {
            0 => Front::Part(stride),
            count => Front::Whole(count * stride),
        }
    }

    fn header(&mut self, tag: HeaderTag, length: usize, bytes: &[u8]) -> Front {
        let Some(body) = bytes.get(HEADER_TAG..HEADER_TAG + length) else {
            return Front::Part(HEADER_TAG + length);
        };
        if self.understand(tag, body).is_none() {
            return self.give_up();
        }
        Front::Whole(HEADER_TAG + length)
    }

    /// None for what das2.2 and QStreams have not, and for what hides its packets.
    fn understand(&mut self, tag: HeaderTag, body: &[u8]) -> Option<()> {
        if tag == HeaderTag::Extra {
            self.exception |= memchr::memmem::find(body, b"<exception").is_some();
            return Some(());
        }
        let element = Element::parse(body).ok()?;
        match (tag, element.name.as_str()) {
            (_, "exception") => self.exception = true,
            (_, "comment") => {}
            (HeaderTag::Stream, _) => {
                self.stream = StreamHeader::from_element(element);
                let plain = !self.stream.is_deflated().ok()?;
                return plain.then_some(());
            }
            (HeaderTag::Packet(id), _) => {
                let header = qstream::packet_header(&self.stream, element).ok()?;
                let tag = id.data_tag().len();
                let size = Some(header.data_size()).filter(|size| *size > 0);
                *self.strides.get_mut(id.index())? = size.map(|size| size + tag);
            }
            (HeaderTag::Extra, _) => {}
        }
        Some(())
    }

    fn give_up(&mut self) -> Front {
        self.opaque = true;
        Front::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(tag: &str, xml: &str) -> String {
        format!("[{tag}]{:06}{xml}", xml.len())
    }

    fn start() -> String {
        let packet = "<packet><x type=\"time24\" units=\"us2000\"/><y type=\"ascii10\" units=\"\"/></packet>";
        header("00", "<stream version=\"2.2\"></stream>") + &header("01", packet)
    }

    fn record() -> &'static str {
        ":01:2017-01-01T00:00:00.000 1.000e+00\n"
    }

    #[test]
    fn any_piece_of_a_stream_ends_at_a_packet() {
        let text = start() + record() + "\n" + record() + &header("xx", "<comment/>") + record();
        let ends: Vec<usize> = {
            let (mut ends, mut at) = (vec![0], 0);
            for part in text.split_inclusive('\n').filter(|part| !part.is_empty()) {
                let _ = part;
                at += part.len();
                ends.push(at);
            }
            ends
        };
        for length in 0..=text.len() {
            let mut framing = Framing::new();
            let whole = framing.whole(&text.as_bytes()[..length]);
            assert!(whole <= length && framing.is_at_boundary());
            if ends.contains(&length) {
                assert_eq!(whole, length);
            }
        }
    }

    #[test]
    fn a_packet_too_large_to_wait_for() {
        let text = start() + record();
        let cut = text.len() - 10;
        let mut framing = Framing::new();
        let whole = framing.whole(&text.as_bytes()[..cut]);
        framing.part(&text.as_bytes()[whole..cut]);
        assert!(!framing.is_at_boundary());
        assert_eq!(framing.whole(&text.as_bytes()[cut..]), 10);
        assert!(framing.is_at_boundary());
    }

    #[test]
    fn what_is_not_das2_goes_out_at_once() {
        let deflated = header("00", "<stream compression=\"deflate\"/>") + "\u{1}x";
        for text in [
            deflated.as_str(),
            "|Sx||10|<stream/>",
            "an error text",
            ":01:no header",
        ] {
            let mut framing = Framing::new();
            assert_eq!(framing.whole(text.as_bytes()), text.len(), "{text}");
            assert!(!framing.is_at_boundary(), "{text}");
        }
    }

    #[test]
    fn a_qstream_ends_at_a_packet_too() {
        let start = header("00", "<stream dataset_id=\"v\"/>")
            + &header(
                "02",
                "<packet><qdataset id=\"f\" rank=\"1\"><values values=\"1\"/></qdataset></packet>",
            )
            + &header(
                "01",
                "<packet><qdataset id=\"v\" rank=\"2\"><values encoding=\"float\" length=\"3\"/></qdataset></packet>",
            );
        let text = start.clone() + ":01:123456789012" + ":01:1234567";
        let mut framing = Framing::new();
        assert_eq!(framing.whole(text.as_bytes()), start.len() + 16);
        assert!(framing.is_at_boundary() && !framing.has_exception());
        let text = start + ":02:1234";
        let mut framing = Framing::new();
        assert_eq!(framing.whole(text.as_bytes()), text.len());
        assert!(!framing.is_at_boundary());
    }

    #[test]
    fn exceptions_are_noticed() {
        for tag in ["00", "xx"] {
            let mut framing = Framing::new();
            let text = header(
                tag,
                "<?xml version=\"1.0\"?>\n<exception type=\"T\" message=\"m\"/>",
            );
            assert_eq!(framing.whole(text.as_bytes()), text.len());
            assert!(framing.has_exception(), "{tag}");
        }
    }
}
