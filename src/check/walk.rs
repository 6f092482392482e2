//! The walk through the packets, once, from the first byte to the last.

mod headers;

use std::io::Read;

use super::extra::Extras;
use super::property::Properties;
use super::records::Layout;
use super::report::{Kind, Log, Place, Report, Summary};
use super::rule::Rule;
use super::source::{End, Source};
use super::track::utc;
use crate::stream::{Element, HeaderTag, PacketId, Tag, Weights, parse_tag};
use crate::time::Time;

/// Bytes of `[NN]LLLLLL`.
const HEADER_TAG: usize = 10;
/// Bytes of `:NN:`.
const DATA_TAG: usize = 4;
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
