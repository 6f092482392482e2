//! Cuts a stream up and pushes the pieces into a sink.

use std::sync::Arc;

use super::buffer::Buffer;
use super::element::Element;
use super::error::{Error, Place, Result};
use super::frame::{HeaderTag, PacketId, Tag, parse_tag};
use super::header::{Comment, Exception, PacketHeader, StreamHeader};
use super::input::Input;
use super::sink::{Run, Sink};
use super::weights::Weights;

/// How many comments and exceptions may stand before the stream header.
const MAX_EARLY: usize = 64;

/// How many notes are kept; the rest is only counted.
const MAX_NOTES: usize = 20;

/// Something tolerated that a stream should not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What, in words.
    pub what: &'static str,
}

/// Which kind of stream is read: das2's framing is that of two.
#[derive(Debug, Clone, Copy)]
pub enum Dialect {
    /// das2.2 and das2.3.
    Das2,
    /// QStreams, with what makes a header of a packet descriptor.
    QStream(Describe),
}

/// Understands a packet descriptor, in the stream of the header given.
pub type Describe = fn(&StreamHeader, Element) -> Result<PacketHeader>;

/// Reads one stream from an [`Input`].
pub struct Reader<I> {
    input: I,
    dialect: Dialect,
    buffer: Buffer,
    /// Bytes of a data packet, tag included, of each ID that has a header; 0
    /// where its values are in the header.
    strides: Vec<Option<usize>>,
    /// What the header of each ID holds: bytes of text, and elements.
    weights: Weights,
    begun: bool,
    /// The stream header of a QStream.
    stream: StreamHeader,
    early: Vec<Early>,
    notes: Vec<Note>,
    noted: u64,
}

/// What came before the stream header and waits for it.
enum Early {
    Comment(Comment),
    Exception(Exception),
}

impl Early {
    fn push(self, sink: &mut dyn Sink) -> Result<()> {
        match self {
            Early::Comment(comment) => sink.comment(&comment),
            Early::Exception(exception) => sink.exception(&exception),
        }
    }
}

/// How the next step went.
enum Step {
    /// Something was handled.
    Done,
    /// This many bytes are needed at the front of the buffer.
    Need(usize),
}

impl<I: Input> Reader<I> {
    /// A reader at the beginning of a das2 stream.
    pub fn new(input: I) -> Reader<I> {
        Reader::of(Dialect::Das2, input)
    }

    /// A reader at the beginning of a stream of this kind.
    pub fn of(dialect: Dialect, input: I) -> Reader<I> {
        Reader {
            input,
            dialect,
            buffer: Buffer::new(),
            strides: vec![None; PacketId::COUNT],
            weights: Weights::default(),
            begun: false,
            stream: StreamHeader::default(),
            early: Vec::new(),
            notes: Vec::new(),
            noted: 0,
        }
    }

    /// What was tolerated on the way, the first few of them, and their count.
    pub fn notes(&self) -> (&[Note], u64) {
        (&self.notes, self.noted)
    }

    /// The source of the bytes.
    pub fn input(&mut self) -> &mut I {
        &mut self.input
    }

    /// Pushes the whole stream into a sink, its end included, or as much as the
    /// sink wants. When the stream
    /// breaks, the sink is left as it is: the caller decides what exception
    /// goes to [`Sink::abort`].
    ///
    /// # Errors
    /// The first [`Error`] of the stream, the input or the sink.
    pub fn pump(&mut self, sink: &mut dyn Sink) -> Result<()> {
        loop {
            match self.step(sink)? {
                Step::Done if sink.wants_no_more() => return sink.finish(),
                Step::Done => {}
                Step::Need(wanted) => {
                    if self.buffer.would_wait(&mut self.input) {
                        sink.flush()?;
                    }
                    if !self.buffer.fill(&mut self.input, wanted)? {
                        self.end(sink)?;
                        return sink.finish();
                    }
                }
            }
        }
    }

    /// After an error: pushes on what came before a stream header that never
    /// came, so that a reader's last words are not lost. False if there is none.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn push_early(&mut self, sink: &mut dyn Sink) -> Result<bool> {
        if self.begun || self.early.is_empty() {
            return Ok(false);
        }
        self.begin_without_header(sink)?;
        Ok(true)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if !self.buffer.get().is_empty() {
            return Err(self.cut_off("it ends inside a packet"));
        }
        if self.begun {
            return Ok(());
        }
        if self.early.is_empty() {
            return Err(self.cut_off("there is nothing in it"));
        }
        self.begin_without_header(sink)
    }

    /// A das2 stream gets a header; a QStream may be nothing but an exception.
    fn begin_without_header(&mut self, sink: &mut dyn Sink) -> Result<()> {
        if let Dialect::Das2 = self.dialect {
            return self.begin(&StreamHeader::new(), sink);
        }
        let (exceptions, others): (Vec<Early>, Vec<Early>) = std::mem::take(&mut self.early)
            .into_iter()
            .partition(|early| matches!(early, Early::Exception(_)));
        self.begun = true;
        exceptions
            .into_iter()
            .chain(others)
            .try_for_each(|early| early.push(sink))
    }

    fn step(&mut self, sink: &mut dyn Sink) -> Result<Step> {
        let place = Place {
            offset: self.buffer.offset(),
            packet: None,
        };
        match parse_tag(self.buffer.get()).map_err(|e| e.at(place))? {
            Tag::NeedBytes(count) => Ok(Step::Need(count)),
            Tag::Stray => {
                self.note("blanks or line breaks between packets");
                self.buffer.consume(1);
                Ok(Step::Done)
            }
            Tag::Data(id) => self.data(id, sink),
            Tag::Header { tag, length } => self.header(tag, length, sink),
        }
    }

    /// Finds the longest run at the front of the buffer.
    fn data(&mut self, id: PacketId, sink: &mut dyn Sink) -> Result<Step> {
        let place = Place {
            offset: self.buffer.offset(),
            packet: Some(id),
        };
        let Some(Some(stride)) = self.strides.get(id.index()).copied() else {
            return Err(Error::malformed("data before any header of this packet ID").at(place));
        };
        if stride == 0 {
            let what = "data of a packet ID whose values are in its header";
            return Err(Error::malformed(what).at(place));
        }
        let bytes = self.buffer.get();
        let tag = id.data_tag();
        let count = bytes
            .chunks_exact(stride)
            .take_while(|packet| packet.first_chunk() == Some(&tag))
            .count();
        if count == 0 {
            return Ok(Step::Need(stride));
        }
        let run = Run {
            id,
            bytes: bytes.get(..count * stride).unwrap_or_default(),
            stride,
            offset: place.offset,
        };
        sink.run(run).map_err(|e| e.at(place))?;
        self.buffer.consume(count * stride);
        Ok(Step::Done)
    }

    fn header(&mut self, tag: HeaderTag, length: usize, sink: &mut dyn Sink) -> Result<Step> {
        const TAG: usize = 10;
        let Some(body) = self.buffer.get().get(TAG..TAG + length) else {
            return Ok(Step::Need(TAG + length));
        };
        let place = Place {
            offset: self.buffer.offset(),
            packet: match tag {
                HeaderTag::Packet(id) => Some(id),
                _ => None,
            },
        };
        let element = Element::parse(body).map_err(|e| e.at(place))?;
        let body = match element.name.as_str() {
            "stream" | "packet" | "comment" | "exception" => Vec::new(),
            _ => body.to_vec(),
        };
        self.buffer.consume(TAG + length);
        if let (HeaderTag::Packet(id), "packet") = (tag, element.name.as_str()) {
            let put = self.weights.put(id, length, &element);
            put.map_err(|e| e.at(place))?;
        }
        self.dispatch(tag, element, &body, sink)
            .map_err(|e| e.at(place))?;
        Ok(Step::Done)
    }

    fn dispatch(
        &mut self,
        tag: HeaderTag,
        element: Element,
        body: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<()> {
        match (tag, element.name.as_str()) {
            (HeaderTag::Stream, "stream") => self.stream(element, sink),
            (HeaderTag::Packet(id), "packet") => self.packet(id, element, sink),
            (_, "exception") => self.exception(Exception::from_element(element), sink),
            (_, "comment") => self.comment(Comment::from_element(element), sink),
            (_, name @ ("stream" | "packet")) => Err(Error::malformed(format!(
                "a <{name}> header stands under the wrong tag"
            ))),
            (HeaderTag::Extra, _) if self.begun && !matches!(self.dialect, Dialect::Das2) => {
                sink.unknown(body)
            }
            _ if self.begun => {
                self.note("a header of unknown kind, passed on as it is");
                sink.unknown(body)
            }
            _ => Err(Error::malformed("the stream does not begin with <stream>")),
        }
    }

    fn stream(&mut self, element: Element, sink: &mut dyn Sink) -> Result<()> {
        let mut header = StreamHeader::from_element(element);
        if self.begun {
            return self.stream_again(&header);
        }
        match (self.dialect, header.is_qstream()) {
            (Dialect::Das2, true) => {
                return Err(Error::Unfit(
                    "this is a QStream; only das2 streams are understood here: qds_bin_avgsec and \
                     qds_ascii are for QStreams"
                        .into(),
                ));
            }
            (Dialect::QStream(_), false) => {
                return Err(Error::Unfit(
                    "this is a das2 stream; only QStreams are understood here: das2_bin_avgsec \
                     and das2_ascii are for das2 streams"
                        .into(),
                ));
            }
            _ => {}
        }
        if header.is_deflated()? {
            self.buffer.inflate();
        }
        header.set_deflated(false);
        if header.is_qstream() {
            self.stream = header.clone();
        }
        self.begin(&header, sink)
    }

    /// Streams that were joined have several headers. Those of a QStream must
    /// say the same: the byte order is in them.
    fn stream_again(&mut self, header: &StreamHeader) -> Result<()> {
        match (self.dialect, *header == self.stream) {
            (Dialect::QStream(_), true) => Ok(()),
            (Dialect::QStream(_), false) => Err(Error::malformed(
                "the stream descriptor is repeated and says something else",
            )),
            (Dialect::Das2, _) => {
                self.note("a second stream header, ignored");
                Ok(())
            }
        }
    }

    /// Gives the stream header, then what had come before it.
    fn begin(&mut self, header: &StreamHeader, sink: &mut dyn Sink) -> Result<()> {
        self.begun = true;
        sink.stream(header)?;
        std::mem::take(&mut self.early)
            .into_iter()
            .try_for_each(|early| early.push(sink))
    }

    fn packet(&mut self, id: PacketId, element: Element, sink: &mut dyn Sink) -> Result<()> {
        if !self.begun {
            return Err(Error::malformed("a packet header before the stream header"));
        }
        let header = Arc::new(match self.dialect {
            Dialect::Das2 => PacketHeader::from_element(element)?,
            Dialect::QStream(describe) => describe(&self.stream, element)?,
        });
        let stride = match header.data_size() {
            0 => 0,
            size => size + Run::TAG,
        };
        sink.packet(id, &header)?;
        if let Some(slot) = self.strides.get_mut(id.index()) {
            *slot = Some(stride);
        }
        Ok(())
    }

    fn comment(&mut self, comment: Comment, sink: &mut dyn Sink) -> Result<()> {
        if self.begun {
            return sink.comment(&comment);
        }
        self.hold(Early::Comment(comment))
    }

    fn exception(&mut self, exception: Exception, sink: &mut dyn Sink) -> Result<()> {
        if self.begun {
            return sink.exception(&exception);
        }
        self.hold(Early::Exception(exception))
    }

    fn hold(&mut self, early: Early) -> Result<()> {
        self.note("a comment or exception before the stream header");
        if self.early.len() >= MAX_EARLY {
            return Err(Error::malformed(
                "too many comments before the stream header",
            ));
        }
        self.early.push(early);
        Ok(())
    }

    fn note(&mut self, what: &'static str) {
        self.noted += 1;
        if self.notes.len() < MAX_NOTES {
            self.notes.push(Note {
                place: Place {
                    offset: self.buffer.offset(),
                    packet: None,
                },
                what,
            });
        }
    }

    fn cut_off(&self, what: &str) -> Error {
        Error::CutOff {
            place: Place {
                offset: self.buffer.offset(),
                packet: None,
            },
            what: what.into(),
        }
    }
}
