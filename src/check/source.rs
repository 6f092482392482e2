//! The bytes of the stream, inflated where they have to be, in a window that
//! is as large as the largest packet and no larger.

use std::io::{ErrorKind, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes asked for at a time.
const CHUNK: usize = 256 << 10;

/// Why there are no more bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The stream is over.
    Clean,
    /// The input could not be read.
    Unread(String),
    /// What should be zlib data is not.
    Damaged(String),
    /// The zlib data end before their end mark.
    Short,
    /// Something follows the end of the zlib data.
    Trailing,
}

/// Inflating, with the compressed bytes not yet used.
struct Zlib {
    state: Decompress,
    raw: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
}

/// A window on the stream.
pub(super) struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    offset: u64,
    zlib: Option<Zlib>,
    end: Option<End>,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R) -> Source<R> {
        Source {
            reader,
            buffer: Vec::new(),
            start: 0,
            filled: 0,
            offset: 0,
            zlib: None,
            end: None,
        }
    }

    /// Where the window begins, in bytes of the inflated stream.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Why the stream ended; None while it has not.
    pub(super) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The window, at least `count` bytes of it unless the stream ends before.
    pub(super) fn window(&mut self, count: usize) -> &[u8] {
        while self.filled - self.start < count && self.end.is_none() {
            self.more();
        }
        self.buffer.get(self.start..self.filled).unwrap_or_default()
    }

    /// Moves the window on, within what has been seen.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.filled - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// From here on the bytes are zlib data.
    pub(super) fn inflate(&mut self) {
        let raw = self
            .buffer
            .get(self.start..self.filled)
            .unwrap_or_default()
            .to_vec();
        self.filled = self.start;
        if self.end == Some(End::Clean) {
            self.end = None;
        }
        self.zlib = Some(Zlib {
            state: Decompress::new(true),
            filled: raw.len(),
            raw,
            at: 0,
            ended: false,
        });
    }

    fn more(&mut self) {
        self.make_room();
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let got = match &mut self.zlib {
            None => read_some(&mut self.reader, room),
            Some(zlib) => zlib.more(&mut self.reader, room),
        };
        match got {
            Ok(0) => self.end = Some(End::Clean),
            Ok(count) => self.filled += count,
            Err(end) => self.end = Some(end),
        }
    }

    /// Moves what is left to the front, and grows only when that is not enough.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.filled < CHUNK / 2 {
            let mut larger = vec![0; (self.buffer.len() * 2).max(CHUNK)];
            let kept = self.buffer.get(..self.filled).unwrap_or_default();
            larger
                .iter_mut()
                .zip(kept)
                .for_each(|(to, from)| *to = *from);
            self.buffer = larger;
        }
    }
}

fn read_some(reader: &mut impl Read, room: &mut [u8]) -> Result<usize, End> {
    loop {
        match reader.read(room) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => return other.map_err(|e| End::Unread(e.to_string())),
        }
    }
}

impl Zlib {
    /// Inflates some bytes; 0 is the proper end.
    fn more(&mut self, reader: &mut impl Read, room: &mut [u8]) -> Result<usize, End> {
        loop {
            // Output may be left over when all input has been used.
            let (used, made) = self.inflate(room)?;
            if made > 0 {
                return Ok(made);
            }
            let has_left = self.at < self.filled;
            let has_more = has_left || self.refill(reader)?;
            match (self.ended, has_more) {
                (true, false) => return Ok(0),
                (true, true) => return Err(End::Trailing),
                (false, false) => return Err(End::Short),
                (false, true) if used == 0 && has_left => {
                    return Err(End::Damaged("it makes no progress".into()));
                }
                (false, true) => {}
            }
        }
    }

    /// Bytes used and bytes made.
    fn inflate(&mut self, room: &mut [u8]) -> Result<(usize, usize), End> {
        if self.ended {
            return Ok((0, 0));
        }
        let raw = self.raw.get(self.at..self.filled).unwrap_or_default();
        let (in_before, out_before) = (self.state.total_in(), self.state.total_out());
        let status = self.state.decompress(raw, room, FlushDecompress::None);
        let used = (self.state.total_in() - in_before) as usize;
        let made = (self.state.total_out() - out_before) as usize;
        self.at += used;
        match status {
            Ok(Status::StreamEnd) => self.ended = true,
            // What was made before damage is found still counts.
            Err(e) if made == 0 => return Err(End::Damaged(e.to_string())),
            _ => {}
        }
        Ok((used, made))
    }

    fn refill(&mut self, reader: &mut impl Read) -> Result<bool, End> {
        if self.raw.len() < CHUNK {
            self.raw = vec![0; CHUNK];
        }
        self.at = 0;
        self.filled = 0;
        self.filled = read_some(reader, &mut self.raw)?;
        Ok(self.filled > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    /// Gives one byte a read, the worst that a pipe can do.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = into.len().min(1);
            self.0.read(&mut into[..count])
        }
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn drain(bytes: &[u8]) -> (Vec<u8>, Option<End>) {
        let mut source = Source::new(Drip(bytes));
        assert_eq!(source.window(4).get(..4), Some(&b"head"[..]));
        source.consume(4);
        source.inflate();
        let mut out = Vec::new();
        loop {
            let window = source.window(1).to_vec();
            if window.is_empty() {
                return (out, source.end().cloned());
            }
            source.consume(window.len());
            out.extend(window);
        }
    }

    #[test]
    fn plain_head_then_zlib() {
        let body: Vec<u8> = (0..600_000u32).map(|i| (i * 7 % 251) as u8).collect();
        let mut stream = b"head".to_vec();
        stream.extend(zlib(&body));
        assert_eq!(drain(&stream), (body.clone(), Some(End::Clean)));
        stream.push(b'\n');
        assert_eq!(drain(&stream).1, Some(End::Trailing));
        stream.truncate(stream.len() / 2);
        let (out, end) = drain(&stream);
        assert!(body.starts_with(&out) && !out.is_empty());
        assert_eq!(end, Some(End::Short));
        assert!(matches!(drain(b"headache").1, Some(End::Damaged(_))));
        assert_eq!(drain(b"head").1, Some(End::Short));
    }
}
