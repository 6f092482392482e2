//! das2_ascii: every plane as text.
//!
//! Numbers become asciiN, times become timeN in UTC; planes that are text
//! already pass byte for byte, with their tags and units.

mod field;

use std::sync::Arc;

use crate::filter::program::StreamArgs;
use crate::stream::{Comment, Exception, PacketHeader, PacketId, Result, Run, Sink, StreamHeader};

use field::Field;

/// Turns a das2 stream into text.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_ascii", version, disable_version_flag = true)]
pub struct AsciiArgs {
    /// Significant digits of numbers, 2 to 18; 7 for four-byte and 17 for
    /// eight-byte reals otherwise.
    #[arg(short = 'r', value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(2..=18))]
    digits: Option<u8>,
    /// Fraction digits of seconds, 0 to 9; 6 otherwise, 9 for TT2000.
    #[arg(short = 's', value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(0..=9))]
    subseconds: Option<u8>,
    /// Drop comments and exceptions.
    #[arg(short = 'c')]
    no_comments: bool,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// Significant digits of every real; None: all that its bytes hold.
    pub digits: Option<u8>,
    /// Fraction digits of seconds; None: 6, or 9 for nanosecond units.
    pub subseconds: Option<u8>,
    /// Comments and exceptions are dropped.
    pub no_comments: bool,
}

impl From<&AsciiArgs> for Layout {
    fn from(args: &AsciiArgs) -> Layout {
        Layout {
            digits: args.digits,
            subseconds: args.subseconds,
            no_comments: args.no_comments,
        }
    }
}

/// Bytes of text that are handed on at a time, if a packet is not larger.
const BLOCK: usize = 128 << 10;

/// Turns a stream into text and pushes it into the next stage.
pub struct ToText<N> {
    next: N,
    layout: Layout,
    types: Vec<Option<Vec<Field>>>,
    text: Vec<u8>,
}

impl<N: Sink> ToText<N> {
    /// A stage in front of `next`.
    pub fn new(layout: Layout, next: N) -> ToText<N> {
        ToText {
            next,
            layout,
            types: (0..PacketId::COUNT).map(|_| None).collect(),
            text: Vec::new(),
        }
    }
}

/// Tag, fields, and a line end in the place of the last blank.
fn write_packet(fields: &mut [Field], id: PacketId, packet: &[u8], text: &mut [u8]) {
    let Some((tag, mut rest)) = text.split_first_chunk_mut() else {
        return;
    };
    *tag = id.data_tag();
    for field in fields {
        let Some((room, behind)) = rest.split_at_mut_checked(field.width()) else {
            return;
        };
        field.write(packet, room);
        rest = behind;
    }
    // A field of text that has no separator keeps its last digit.
    if let Some(last) = text.last_mut()
        && last.is_ascii_whitespace()
    {
        *last = b'\n';
    }
}

impl<N: Sink> Sink for ToText<N> {
    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        let mut header = header.clone();
        if header.properties.value("sourceId").is_none() {
            header.properties.set("String", "sourceId", "das2_ascii");
        }
        self.next.stream(&header)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let mut out = (**header).clone();
        let mut fields = Vec::new();
        let mut at = Run::TAG;
        for plane in &mut out.planes {
            let width = plane.width();
            fields.push(Field::new(plane, at, &self.layout)?);
            at += width;
        }
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = Some(fields);
        }
        self.next.packet(id, &Arc::new(out))
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some(fields)) = self.types.get_mut(run.id.index()) else {
            return Ok(());
        };
        let stride = Run::TAG + fields.iter().map(Field::width).sum::<usize>();
        // A block of whole packets at a time, in a buffer that stays.
        let most = (BLOCK / stride).max(1);
        let size = most.min(run.len()) * stride;
        if self.text.len() < size {
            self.text.resize(size, b' ');
        }
        for block in run.bytes.chunks(most * run.stride) {
            let mut used = 0;
            let packets = block.chunks_exact(run.stride);
            for (packet, text) in packets.zip(self.text.chunks_exact_mut(stride)) {
                write_packet(fields, run.id, packet, text);
                used += stride;
            }
            self.next.run(Run {
                id: run.id,
                bytes: self.text.get(..used).unwrap_or_default(),
                stride,
                offset: run.offset,
            })?;
        }
        Ok(())
    }

    fn comment(&mut self, comment: &Comment) -> Result<()> {
        if self.layout.no_comments {
            return Ok(());
        }
        self.next.comment(comment)
    }

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        if self.layout.no_comments {
            return Ok(());
        }
        self.next.exception(exception)
    }

    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        self.next.unknown(body)
    }

    fn flush(&mut self) -> Result<()> {
        self.next.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.next.finish()
    }

    fn abort(&mut self, exception: &Exception) -> Result<()> {
        self.next.abort(exception)
    }
}
