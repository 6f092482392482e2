//! The bytes that were read and not yet handled.

use flate2::{Decompress, FlushDecompress, Status};

use super::error::{Error, Place, Result};
use super::input::Input;

/// How much is read at once, in bytes. Design measurements: 256 KiB to 1 MiB.
const CHUNK: usize = 256 << 10;

/// A window onto the stream: bytes from a source, inflated where the stream
/// is compressed, handed out from the front.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `start` is in the (inflated) stream.
    offset: u64,
    ended: bool,
    inflate: Option<Box<Inflate>>,
}

/// A zlib stream on its way through.
struct Inflate {
    zlib: Decompress,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    done: bool,
    /// Damaged from here on; what came before has been handed out.
    damaged: bool,
}

impl Buffer {
    pub(super) fn new() -> Buffer {
        Buffer {
            bytes: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            inflate: None,
        }
    }

    /// The bytes at hand.
    pub(super) fn get(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Where they begin in the stream.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Drops bytes from the front.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// From here on the bytes are one zlib stream. It stays where it was read, and what
    /// comes out of it lies elsewhere: by their place in memory bytes that were read are
    /// known (see `exec::Tap`).
    pub(super) fn inflate(&mut self) {
        self.inflate = Some(Box::new(Inflate {
            zlib: Decompress::new(true),
            raw: std::mem::take(&mut self.bytes),
            start: std::mem::take(&mut self.start),
            end: std::mem::take(&mut self.end),
            done: false,
            damaged: false,
        }));
    }

    /// True when a fill would have to wait for the source.
    pub(super) fn would_wait(&self, input: &mut dyn Input) -> bool {
        let pending = self
            .inflate
            .as_ref()
            .is_some_and(|inflate| inflate.start < inflate.end);
        !self.ended && !pending && input.would_wait()
    }

    /// Gets more bytes behind those at hand; false at the end of the input.
    /// There is room for one packet of `wanted` bytes and a chunk afterwards,
    /// taken only as bytes arrive.
    pub(super) fn fill(&mut self, input: &mut dyn Input, wanted: usize) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.make_room(wanted);
        let space = self.bytes.get_mut(self.end..).unwrap_or_default();
        let count = match &mut self.inflate {
            None => read(input, space)?,
            Some(inflate) => inflate.fill(input, space, self.offset)?,
        };
        self.end += count;
        self.ended = count == 0;
        Ok(count > 0)
    }

    /// Moves what is at hand to the front; grows only when the buffer is full
    /// of a packet that is not complete yet, by doubling.
    fn make_room(&mut self, wanted: usize) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.is_empty() {
            self.bytes.resize(CHUNK, 0);
        } else if self.end == self.bytes.len() {
            let size = (self.bytes.len() * 2).min(wanted.max(CHUNK) + CHUNK);
            self.bytes.resize(size.max(self.end + 1), 0);
        }
    }
}

fn read(input: &mut dyn Input, space: &mut [u8]) -> Result<usize> {
    loop {
        match input.read(space) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result.map_err(Error::Input),
        }
    }
}

impl Inflate {
    fn fill(&mut self, input: &mut dyn Input, space: &mut [u8], offset: u64) -> Result<usize> {
        let place = Place {
            offset,
            packet: None,
        };
        let broken = |what: &str| Error::CutOff {
            place,
            what: what.into(),
        };
        while !self.done {
            if self.damaged {
                return Err(broken("its compressed data are damaged"));
            }
            if self.start == self.end {
                self.raw.resize(CHUNK / 4, 0);
                self.start = 0;
                self.end = read(input, &mut self.raw)?;
                if self.end == 0 {
                    return Err(broken("its compressed data end in the middle"));
                }
            }
            let raw = self.raw.get(self.start..self.end).unwrap_or_default();
            let (before_in, before_out) = (self.zlib.total_in(), self.zlib.total_out());
            let status = self.zlib.decompress(raw, space, FlushDecompress::None);
            self.start += (self.zlib.total_in() - before_in) as usize;
            let made = (self.zlib.total_out() - before_out) as usize;
            self.done = matches!(status, Ok(Status::StreamEnd));
            self.damaged = status.is_err();
            if made > 0 {
                return Ok(made);
            }
        }
        if self.start == self.end {
            self.raw.resize(CHUNK / 4, 0);
            self.start = 0;
            self.end = read(input, &mut self.raw)?;
        }
        match self.start == self.end {
            true => Ok(0),
            false => Err(Error::Malformed {
                place,
                what: "there are bytes behind the end of the compressed data".into(),
            }),
        }
    }
}
