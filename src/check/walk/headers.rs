//! Headers on the walk: what each begins, and what is known of its packets from then on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;

use super::super::property::Properties;
use super::super::records::Layout;
use super::super::report::{Kind, Place, shown};
use super::super::rule::Rule;
use super::super::{body, packet, qstream};
use super::{HEADER_TAG, Next, Slot, Walk};
use crate::stream::{Element, Error, HeaderTag, PacketId};

/// The largest header das2C's programs take, its tag not counted.
const DAS2C_HEADER: usize = 262_134;

impl<R: Read> Walk<R> {
    pub(super) fn header(&mut self, tag: HeaderTag, length: usize) -> Next {
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
    pub(super) fn before_packet(&mut self, tag: HeaderTag, place: Place) {
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
}

fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.trim_ascii().hash(&mut hasher);
    hasher.finish()
}
