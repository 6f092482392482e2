//! One file, backwards, in pieces of lines that belong to one request.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use chrono::NaiveDateTime;
use memchr::memrchr;

use super::line::{Line, stamp};

/// How much is read at a time, in bytes.
const CHUNK: usize = 256 << 10;

/// The longest piece, in bytes: a request's lines are never so many. What has
/// no end within that is cut.
const LONGEST_PIECE: usize = 2 << 20;

/// Lines that stand together in a file and belong to one request.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Where it begins in the file.
    pub(super) at: u64,
    /// Whether the first line of the request is its first.
    pub(super) is_head: bool,
    /// When the request began.
    pub(super) started: NaiveDateTime,
    /// Its bytes in the buffer.
    range: Range<usize>,
    key: Range<usize>,
}

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Backward {
    file: File,
    /// Where the buffer's first byte stands in the file.
    start: u64,
    /// What comes before this is not read.
    floor: u64,
    buffer: Vec<u8>,
    /// How much of the buffer has not been given out.
    left: usize,
}

impl Backward {
    /// The part of a file from `floor` to `end`, in bytes.
    pub(super) fn new(file: File, floor: u64, end: u64) -> Backward {
        Backward {
            file,
            start: end,
            floor,
            buffer: Vec::new(),
            left: 0,
        }
    }

    /// Where the file ends that has not been looked at yet.
    pub(super) fn at(&self) -> u64 {
        self.start + self.left as u64
    }

    /// The piece before the last one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            match self.find() {
                Found::Piece(piece) => {
                    self.left = piece.range.start;
                    return Ok(Some(piece));
                }
                Found::Garbage(end) => self.left = end,
                Found::Unknown if self.start <= self.floor => return Ok(None),
                Found::Unknown => self.read_more()?,
            }
        }
    }

    /// Passes over the end of a line that was cut.
    pub(super) fn skip_rest_of_line(&mut self) -> io::Result<()> {
        if self.start > self.floor {
            self.read_more()?;
        }
        let unread = self.buffer.get(..self.left).unwrap_or_default();
        self.left = memrchr(b'\n', unread).map_or(0, |at| at + 1);
        Ok(())
    }

    pub(super) fn bytes(&self, piece: &Piece) -> &[u8] {
        self.buffer.get(piece.range.clone()).unwrap_or_default()
    }

    pub(super) fn key(&self, piece: &Piece) -> &[u8] {
        self.buffer.get(piece.key.clone()).unwrap_or_default()
    }

    /// The last piece in the buffer.
    fn find(&self) -> Found {
        let Some(mut first) = self.line_before(self.left) else {
            return Found::Unknown;
        };
        let Some(line) = self.line(&first) else {
            return Found::Garbage(first.start);
        };
        let (key, mut number) = (line.key, line.number);
        let Some((started, _)) = stamp(key) else {
            return Found::Garbage(first.start);
        };
        // Lines in front, for as long as they are the same request's.
        while number > 0 {
            let before = match self.line_before(first.start) {
                Some(before) => before,
                None if self.start <= self.floor && first.start == 0 => break,
                None => return Found::Unknown,
            };
            let line = self.buffer.get(before.clone()).unwrap_or_default();
            match Line::of_key(line, key) {
                Some(line) => number = line.number,
                None => break,
            }
            first = before;
        }
        let begin = first.start;
        Found::Piece(Piece {
            at: self.start + begin as u64,
            is_head: number == 0,
            started,
            key: begin + 1..begin + 1 + key.len(),
            range: begin..self.left,
        })
    }

    /// The line that ends at `end`, with its line end; None if its beginning
    /// is not in the buffer.
    fn line_before(&self, end: usize) -> Option<Range<usize>> {
        let text = self.buffer.get(..end.checked_sub(1)?)?;
        match memrchr(b'\n', text) {
            Some(at) => Some(at + 1..end),
            None if self.start <= self.floor || end >= LONGEST_PIECE => Some(0..end),
            None => None,
        }
    }

    fn line(&self, range: &Range<usize>) -> Option<Line<'_>> {
        Line::of(self.buffer.get(range.clone())?)
    }

    /// Puts what stands before the buffer in front of what is left of it.
    fn read_more(&mut self) -> io::Result<()> {
        if self.left > LONGEST_PIECE {
            self.left = 0;
        }
        let length = usize::try_from(self.start - self.floor).map_or(CHUNK, |all| all.min(CHUNK));
        let left = self.left;
        self.buffer.truncate(left);
        self.buffer.resize(left + length, 0);
        self.buffer.copy_within(..left, length);
        let place = self.start - length as u64;
        let room = self.buffer.get_mut(..length).unwrap_or_default();
        match self.file.read_exact_at(room, place) {
            Ok(()) => (self.start, self.left) = (place, length + left),
            // Its day has begun, and the first request of that has emptied it.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                (self.start, self.left) = (self.floor, 0);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

enum Found {
    Piece(Piece),
    /// What stands from here on is no line of a log.
    Garbage(usize),
    /// More has to be read.
    Unknown,
}
