//! das2_binary: text planes as numbers in this machine's byte order.
//!
//! timeN becomes us2000 in eight bytes. asciiN becomes a real of four bytes
//! where the text has no more than seven digits, else of eight. How many digits
//! a value has is seen when it comes: at the first that four bytes do not hold,
//! the packet type gets a new header with eight. Binary planes pass as they are.

mod field;

use std::sync::Arc;

use crate::filter::program::StreamArgs;
use crate::stream::{PacketHeader, PacketId, Result, Run, Sink, StreamHeader};

use super::x_time::at;
use field::{Field, Wrote};

/// Turns the text in a das2 stream into binary numbers.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_binary", version, disable_version_flag = true)]
pub struct BinaryArgs {
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// Output is handed on at the latest when so many bytes are there.
const FULL: usize = 64 << 10;

/// Turns text into numbers and pushes the stream into the next stage.
pub struct ToBinary<N> {
    next: N,
    stream: StreamHeader,
    types: Vec<Option<PacketType>>,
    /// Packets that are ready.
    done: Vec<u8>,
}

/// A packet type that holds text. Others pass.
struct PacketType {
    header: PacketHeader,
    fields: Vec<Field>,
}

impl<N: Sink> ToBinary<N> {
    /// A stage in front of `next`.
    pub fn new(next: N) -> ToBinary<N> {
        ToBinary {
            next,
            stream: StreamHeader::new(),
            types: (0..PacketId::COUNT).map(|_| None).collect(),
            done: Vec::new(),
        }
    }
}

impl PacketType {
    /// Appends a packet; the field that has to become wider first, if one does.
    fn write(&mut self, id: PacketId, packet: &[u8], out: &mut Vec<u8>) -> Result<Option<usize>> {
        let begin = out.len();
        out.extend_from_slice(&id.data_tag());
        for (index, field) in self.fields.iter_mut().enumerate() {
            match field.write(packet, out) {
                Ok(Wrote::All) => {}
                Ok(Wrote::TooNarrow) => {
                    out.truncate(begin);
                    return Ok(Some(index));
                }
                Err(error) => {
                    out.truncate(begin);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    fn widen(&mut self, index: usize) {
        if let (Some(field), Some(plane)) = (
            self.fields.get_mut(index),
            self.header.planes.get_mut(index),
        ) {
            field.widen(plane);
        }
    }

    fn stride(&self) -> usize {
        Run::TAG + self.header.data_size()
    }
}

/// Hands on what is ready, of packets of so many bytes.
fn pass(next: &mut impl Sink, run: Run<'_>, stride: usize, done: &mut Vec<u8>) -> Result<()> {
    if done.is_empty() {
        return Ok(());
    }
    let result = next.run(Run {
        bytes: done,
        stride,
        ..run
    });
    done.clear();
    result
}

impl<N: Sink> Sink for ToBinary<N> {
    crate::hand_on!(next: comment, exception, unknown, flush, finish, abort);

    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        let mut header = header.clone();
        if header.properties.value("sourceId").is_none() {
            header.properties.set("String", "sourceId", "das2_binary");
        }
        self.next.stream(&header)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let has_text = header.planes.iter().any(|plane| plane.encoding().is_text());
        let mut out = None;
        if has_text {
            let mut changed = (**header).clone();
            let (mut fields, mut offset) = (Vec::new(), Run::TAG);
            for plane in &mut changed.planes {
                let width = plane.width();
                fields.push(Field::new(plane, offset, header, &self.stream));
                offset += width;
            }
            self.next.packet(id, &Arc::new(changed.clone()))?;
            out = Some(PacketType {
                header: changed,
                fields,
            });
        } else {
            self.next.packet(id, header)?;
        }
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = out;
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some(packets)) = self.types.get_mut(run.id.index()) else {
            return self.next.run(run);
        };
        let mut stride = packets.stride();
        for (index, packet) in run.bytes.chunks_exact(run.stride).enumerate() {
            loop {
                match packets.write(run.id, packet, &mut self.done) {
                    Ok(None) => break,
                    // A plane becomes wider once.
                    Ok(Some(narrow)) => {
                        pass(&mut self.next, run, stride, &mut self.done)?;
                        packets.widen(narrow);
                        stride = packets.stride();
                        self.next
                            .packet(run.id, &Arc::new(packets.header.clone()))?;
                    }
                    Err(error) => {
                        pass(&mut self.next, run, stride, &mut self.done)?;
                        return Err(at(error, run, index));
                    }
                }
            }
            if self.done.len() >= FULL {
                pass(&mut self.next, run, stride, &mut self.done)?;
            }
        }
        pass(&mut self.next, run, stride, &mut self.done)
    }
}
