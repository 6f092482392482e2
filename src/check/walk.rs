//! The walk through the packets, once, from the first byte to the last.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;

use super::body;
use super::extra::Extras;
use super::property::Properties;
use super::records::Layout;
use super::report::{Kind, Log, Place, Report, Summary, shown};
use super::rule::Rule;
use super::source::{End, Source};
use super::track::utc;
use super::{packet, qstream};
use crate::stream::{Element, Error, HeaderTag, PacketId, Tag, Weights, parse_tag};
use crate::time::Time;

/// Bytes of `[NN]LLLLLL`.
const HEADER_TAG: usize = 10;
/// Bytes of `:NN:`.
const DATA_TAG: usize = 4;
/// The largest header das2C's programs take, its tag not counted.
const DAS2C_HEADER: usize = 262_134;
/// Planes of redefined packet types that are kept for the summary.
const KEPT_PLANES: usize = 4096;

/// What is known of a packet ID.
enum Slot {
    /// No header yet.
    Unknown,
    /// Its header could not be understood, which has been said.
    Broken,
    /// Data can be followed.
    Known(Box<Layout>),
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Next {
    Packet,
    Stop,
}

/// A check under way.
pub(super) struct Walk<R> {
    source: Source<R>,
    log: Log,
    slots: Vec<Slot>,
    weights: Weights,
    summary: Summary,
    kept_planes: usize,
    times: Option<(Time, Time)>,
    properties: Properties,
    extras: Extras,
    stream_header: Option<Element>,
    big_endian: bool,
    begun: bool,
    first_is_said: bool,
    in_stray: bool,
    inflating: bool,
}

impl<R: Read> Walk<R> {
    pub(super) fn new(reader: R) -> Walk<R> {
        Walk {
            source: Source::new(reader),
            log: Log::default(),
            slots: (0..PacketId::COUNT).map(|_| Slot::Unknown).collect(),
            weights: Weights::default(),
            summary: Summary {
                compression: "none".into(),
                ..Summary::default()
            },
            kept_planes: 0,
            times: None,
            properties: Properties::default(),
            extras: Extras::default(),
            stream_header: None,
            big_endian: true,
            begun: false,
            first_is_said: false,
            in_stray: false,
            inflating: false,
        }
    }

    /// Walks to the end, or to where the rest cannot be known.
    pub(super) fn run(mut self) -> Report {
        while self.step() == Next::Packet {}
        self.finish()
    }

    fn step(&mut self) -> Next {
        let place = self.place(None);
        let bytes = self.source.window(HEADER_TAG);
        match parse_tag(bytes) {
            Ok(Tag::Data(id)) => self.data(id),
            Ok(Tag::Header { tag, length }) => self.header(tag, length),
            Ok(Tag::Stray) => self.stray(place),
            Ok(Tag::NeedBytes(_)) => self.end(),
            Err(_) => self.not_a_tag(place),
        }
    }

    fn place(&self, packet: Option<HeaderTag>) -> Place {
        Place {
            offset: self.source.offset(),
            packet,
        }
    }

    /// One finding for blanks in a row.
    fn stray(&mut self, place: Place) -> Next {
        if !self.in_stray {
            self.log.add(Rule::StrayNewline, place, || {
                "blanks or line breaks where a packet tag is due".into()
            });
        }
        self.in_stray = true;
        self.source.consume(1);
        Next::Packet
    }

    fn not_a_tag(&mut self, place: Place) -> Next {
        let begun = self.begun;
        let bytes = self.source.window(HEADER_TAG);
        if bytes.starts_with(b"|S") && !begun {
            self.summary.kind = Kind::Das3;
            self.log.add(Rule::Das3, place, || {
                "das3 stream; only das2 streams and QStreams are checked".into()
            });
            return Next::Stop;
        }
        let digits = bytes.get(4..HEADER_TAG).unwrap_or_default();
        let rule = match bytes {
            [b'[', b'x' | b'X', b'x' | b'X', b']', ..] => Rule::Length,
            [b'[', tens, ones, b']', ..] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
                Rule::Length
            }
            _ => Rule::Tag,
        };
        let text = match rule {
            Rule::Length => format!(
                "the length of a header must be six digits, found '{}'",
                digits.escape_ascii()
            ),
            _ => no_tag_text(bytes, begun),
        };
        self.log.add(rule, place, || text);
        Next::Stop
    }

    /// No complete tag is left.
    fn end(&mut self) -> Next {
        let place = self.place(None);
        let left = self.source.window(1).len();
        let clean = self.report_end();
        if left > 0 {
            self.log.add(Rule::CutOff, place, || {
                format!("the stream ends {left} bytes into a packet tag")
            });
        } else if clean && !self.begun {
            self.log
                .add(Rule::Empty, place, || "there is nothing in it".into());
        } else {
            self.summary.complete = clean;
        }
        Next::Stop
    }

    /// Says why the bytes ended, where that was not in good order.
    fn report_end(&mut self) -> bool {
        let place = self.place(None);
        let (rule, text) = match self.source.end() {
            Some(End::Unread(e)) => (Rule::Input, format!("the input cannot be read: {e}")),
            Some(End::Damaged(e)) => (Rule::Zlib, format!("the compressed data are damaged: {e}")),
            Some(End::Short) => (
                Rule::CutOff,
                "the compressed data end before their end mark".to_owned(),
            ),
            Some(End::Trailing) => (
                Rule::Zlib,
                "more bytes follow the end of the compressed data".to_owned(),
            ),
            Some(End::Clean) | None => return true,
        };
        self.log.add(rule, place, || text);
        false
    }

    fn data(&mut self, id: PacketId) -> Next {
        let tag = HeaderTag::Packet(id);
        let place = self.place(Some(tag));
        self.before_packet(tag, place);
        if !self.extras.exceptions.is_empty() {
            self.log.add(Rule::AfterException, place, || {
                "data follow an exception".into()
            });
        }
        let layout = match self.slots.get_mut(id.index()) {
            Some(Slot::Known(layout)) => layout,
            Some(Slot::Broken) => return Next::Stop,
            _ => {
                self.log.add(Rule::UnknownId, place, || {
                    format!("no header has defined packet {id}, so its length is not known")
                });
                return Next::Stop;
            }
        };
        let whole = DATA_TAG + layout.width;
        let bytes = self.source.window(whole);
        let Some(values) = bytes.get(DATA_TAG..whole) else {
            return self.cut_off(whole, place);
        };
        if layout.is_inline {
            self.log.add(Rule::InlineData, place, || {
                "a data packet, though the header holds the values".into()
            });
        }
        let first = Place {
            offset: place.offset + DATA_TAG as u64,
            ..place
        };
        layout.check(values, first, &mut self.log);
        self.summary.records += 1;
        self.source.consume(whole);
        Next::Packet
    }

    fn cut_off(&mut self, whole: usize, place: Place) -> Next {
        let left = self.source.window(1).len();
        // A clean end inside a packet needs no second finding.
        self.report_end();
        self.log.add(Rule::CutOff, place, || {
            format!("the stream ends {left} bytes into a packet of {whole}")
        });
        Next::Stop
    }

    fn header(&mut self, tag: HeaderTag, length: usize) -> Next {
        let place = self.place(Some(tag));
        let head = self.source.window(HEADER_TAG);
        let is_capital = head.get(1..3).is_some_and(|xx| xx.contains(&b'X'));
        let has_blanks = head.get(4).is_some_and(|first| *first == b' ');
        if is_capital {
            self.log.add(Rule::UppercaseXx, place, || {
                "the tag [XX] in capitals".into()
            });
        }
        if has_blanks {
            self.log.add(Rule::LengthBlanks, place, || {
                "the length is padded with blanks; write zeros".into()
            });
        }
        if length > DAS2C_HEADER {
            self.log.add(Rule::HeaderLarge, place, || {
                format!("a header of {length} bytes, das2C's programs take {DAS2C_HEADER}")
            });
        }
        let whole = HEADER_TAG + length;
        let Some(bytes) = self.source.window(whole).get(HEADER_TAG..whole) else {
            return self.cut_off(whole, place);
        };
        let bytes = bytes.to_vec();
        self.source.consume(whole);
        let root = body::parse(&bytes, place, &mut self.log);
        self.dispatch(tag, root, &bytes, place)
    }

    /// Every packet passes here first.
    fn before_packet(&mut self, tag: HeaderTag, place: Place) {
        self.in_stray = false;
        let late = tag != HeaderTag::Stream && self.stream_header.is_none();
        if late && !self.first_is_said {
            self.first_is_said = true;
            self.log.add(Rule::StreamFirst, place, || {
                "the first packet must be the stream header, [00]".into()
            });
        }
        self.begun = true;
    }

    fn dispatch(
        &mut self,
        tag: HeaderTag,
        root: Option<Element>,
        bytes: &[u8],
        place: Place,
    ) -> Next {
        let was_begun = self.begun;
        if tag == HeaderTag::Stream && root.is_none() && self.stream_header.is_none() {
            // Its content is lost, but it is where it should be.
            self.first_is_said = true;
        }
        self.before_packet(tag, place);
        let Some(root) = root else {
            if let HeaderTag::Packet(id) = tag {
                self.set_slot(id, Slot::Broken);
            }
            return Next::Packet;
        };
        match (tag, root.name.as_str()) {
            (HeaderTag::Stream, "stream") => return self.stream(root, place),
            (HeaderTag::Stream, "exception") => self.exception_00(&root, was_begun, place),
            (HeaderTag::Packet(id), "packet") => return self.packet(id, &root, bytes, place),
            (HeaderTag::Extra, "exception") => {
                self.extras.exception(&root, place, &mut self.log);
            }
            (HeaderTag::Extra, "comment") => {
                let is_qstream = self.summary.kind == Kind::QStream;
                self.extras.comment(&root, is_qstream, place, &mut self.log);
            }
            (HeaderTag::Extra, "enumerationUnit") if self.summary.kind == Kind::QStream => {}
            (_, name @ ("stream" | "packet" | "comment" | "exception")) => {
                self.log.add(Rule::WrongRoot, place, || {
                    format!("<{name}> stands under the wrong tag")
                });
            }
            (_, name) => self.log.add(Rule::UnknownRoot, place, || {
                format!("<{}> is no header that readers know", shown(name))
            }),
        }
        Next::Packet
    }

    fn exception_00(&mut self, root: &Element, was_begun: bool, place: Place) {
        if was_begun {
            self.log.add(Rule::Exception00, place, || {
                "an exception under [00] after the beginning; write [xx]".into()
            });
        } else {
            self.summary.kind = Kind::Exception;
        }
        self.extras.exception(root, place, &mut self.log);
    }

    fn stream(&mut self, root: Element, place: Place) -> Next {
        let is_qstream = self.summary.kind == Kind::QStream;
        match &self.stream_header {
            Some(first) if is_qstream => {
                if first.attrs != root.attrs {
                    self.log.add(Rule::StreamDiffers, place, || {
                        "the repeated stream descriptor differs from the first".into()
                    });
                }
                return Next::Packet;
            }
            Some(_) => {
                self.log.add(Rule::SecondStreamHeader, place, || {
                    "a further stream header, which readers ignore or refuse".into()
                });
                return Next::Packet;
            }
            None => {}
        }
        self.summary.version = root.attr("version").map(shown);
        let next = if root.attr("dataset_id").is_some() {
            self.qstream_header(&root, place)
        } else {
            self.das2_header(&root, place)
        };
        self.stream_header = Some(root);
        next
    }

    fn qstream_header(&mut self, root: &Element, place: Place) -> Next {
        self.summary.kind = Kind::QStream;
        let mut known = vec!["dataset_id", "byte_order", "version"];
        // What a block of a cache says of itself.
        known.extend(["cacheMade", "cacheFrom", "cacheForm", "cacheSize"]);
        body::check_attributes(root, &known, place, &mut self.log);
        body::check_children(root, &[], place, &mut self.log);
        match root.attr("byte_order") {
            None | Some("big_endian") => {}
            Some("little_endian") => self.big_endian = false,
            Some(other) => self.log.add(Rule::ByteOrder, place, || {
                format!("the byte order '{}'", shown(other))
            }),
        }
        Next::Packet
    }

    fn das2_header(&mut self, root: &Element, place: Place) -> Next {
        let version = root.attr("version");
        self.summary.kind = match version {
            Some("2.3") => Kind::Das23,
            _ => Kind::Das22,
        };
        if !matches!(version, None | Some("2.1" | "2.2" | "2.3")) {
            self.log.add(Rule::Version, place, || {
                format!("version '{}' is none of das2", shown(version.unwrap_or("")))
            });
        }
        let known = ["compression", "version", "type", "lang"];
        body::check_attributes(root, &known, place, &mut self.log);
        body::check_children(root, &["properties"], place, &mut self.log);
        self.properties = Properties::check(root, "<stream>", place, &mut self.log);
        match root.attr("compression") {
            None | Some("none") => return Next::Packet,
            Some("deflate") => {}
            Some("zlib") => self.log.add(Rule::CompressionName, place, || {
                "the compression 'zlib'; write 'deflate'".into()
            }),
            Some(other) => {
                self.log.add(Rule::Compression, place, || {
                    format!(
                        "the compression '{}': only none and deflate exist",
                        shown(other)
                    )
                });
                return Next::Stop;
            }
        }
        self.summary.compression = "deflate".into();
        // A stream without a header may have brought others before it.
        if !std::mem::replace(&mut self.inflating, true) {
            self.source.inflate();
        }
        Next::Packet
    }

    fn packet(&mut self, id: PacketId, root: &Element, bytes: &[u8], place: Place) -> Next {
        if let Err(Error::Malformed { what, .. }) = self.weights.put(id, bytes.len(), root) {
            self.log.add(Rule::HeadersTogether, place, || what);
            return Next::Stop;
        }
        if !self.extras.exceptions.is_empty() {
            self.log.add(Rule::AfterException, place, || {
                "a packet header follows an exception".into()
            });
        }
        let hash = hash_of(bytes);
        if let Some(Slot::Known(layout)) = self.slots.get_mut(id.index())
            && layout.hash == hash
        {
            layout.headers += 1;
            return Next::Packet;
        }
        let layout = if self.summary.kind == Kind::QStream {
            qstream::layout(root, id, self.big_endian, place, &mut self.log)
        } else {
            self.check_duplicate(id, hash, place);
            packet::layout(root, id, &self.properties, place, &mut self.log)
        };
        let slot = match layout {
            Some(layout) => Slot::Known(Box::new(Layout { hash, ..layout })),
            None => Slot::Broken,
        };
        self.set_slot(id, slot);
        Next::Packet
    }

    fn check_duplicate(&mut self, id: PacketId, hash: u64, place: Place) {
        let twin = self.slots.iter().find_map(|slot| match slot {
            Slot::Known(layout) if layout.hash == hash && layout.id != id => Some(layout.id),
            _ => None,
        });
        if let Some(twin) = twin {
            self.log.add(Rule::DuplicateHeader, place, || {
                format!("the header is the same as that of packet {twin}; das2C refuses it")
            });
        }
    }

    /// Puts a new meaning in the place of an ID's old one, whose data are summed up.
    fn set_slot(&mut self, id: PacketId, slot: Slot) {
        let Some(old) = self.slots.get_mut(id.index()) else {
            return;
        };
        if let Slot::Known(layout) = std::mem::replace(old, slot) {
            self.retire(&layout);
        }
    }

    fn retire(&mut self, layout: &Layout) {
        if let Some((_, scale)) = &layout.x
            && let Some((low, high)) = layout.track.times(scale)
        {
            let (begin, end) = self.times.unwrap_or((low, high));
            self.times = Some((begin.min(low), end.max(high)));
        }
        // The IDs of the moment are always kept: their number is bounded.
        if self.kept_planes > KEPT_PLANES {
            self.summary.packets_left_out += 1;
            return;
        }
        self.kept_planes += layout.columns.len() + 1;
        self.summary.packets.push(layout.summary());
    }

    fn finish(mut self) -> Report {
        self.kept_planes = 0;
        for slot in std::mem::take(&mut self.slots) {
            if let Slot::Known(layout) = slot {
                self.retire(&layout);
            }
        }
        self.summary.bytes = self.source.offset();
        self.summary.time_range = self.times.map(|(low, high)| [utc(low), utc(high)]);
        self.summary.comments = self.extras.comments;
        self.summary.exceptions = self.extras.exceptions;
        self.summary.exception_count = self.extras.exception_count;
        self.log.into_report(self.summary)
    }
}

/// What may be instead of a tag.
fn no_tag_text(bytes: &[u8], begun: bool) -> String {
    let found = bytes.get(..8).unwrap_or(bytes).escape_ascii().to_string();
    let guess = match bytes {
        _ if begun => "; the packet before it may have another length than its header says",
        [0x1f, 0x8b, ..] => "; this is a gzip file",
        [b'<', ..] => "; this looks like a page or an XML file",
        [b'H', b'T', b'T', b'P', ..] => "; this begins with HTTP headers",
        _ => "",
    };
    format!("a packet tag, [NN]LLLLLL or :NN:, is due, found '{found}'{guess}")
}

fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.trim_ascii().hash(&mut hasher);
    hasher.finish()
}
