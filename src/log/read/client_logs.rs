//! All files of one client, as one log, newest request first.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memchr::memchr;

use super::backward::{Backward, Piece};
use super::entry::Entry;
use super::line::{Line, stamp};
use super::wanted::Wanted;
use crate::log::file::{LOG_DAYS, file_name, open_to_read};

/// How far behind a position the ends of requests are looked for that began
/// before it, in bytes.
const LOOK_BEHIND: u64 = 4 << 20;

/// Pieces of requests whose beginning has not been found yet: how many are
/// kept, and how many bytes of them.
const MOST_PIECES: usize = 1000;
const MOST_BYTES: usize = 8 << 20;

/// Requests are written when they end: so many in a row that began before a day, or
/// another time, say that none follow that began later.
pub const ENOUGH: u32 = 200;

/// Where reading goes on: for each file, what stands before this byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position([u64; LOG_DAYS as usize]);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position([zero, one, two]) = self;
        write!(f, "{zero}-{one}-{two}")
    }
}

impl std::str::FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Position, ()> {
        let mut parts = text.split('-').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten().ok_or(())
        });
        let mut part = || parts.next().unwrap_or(Err(()));
        let position = Position([part()?, part()?, part()?]);
        match parts.next() {
            None => Ok(position),
            Some(_) => Err(()),
        }
    }
}

/// How many bytes at the beginning of a file tell it from what had its name
/// before: time and process of its first request.
const BEGINNING: usize = 64;

/// Where the files of a client ended, and how they began: one that was emptied
/// meanwhile begins in another way, however long it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct End {
    position: Position,
    beginnings: [Vec<u8>; LOG_DAYS as usize],
}

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// A request.
    Entry(Box<Entry>),
    /// So much has been looked at that a pause is due; it can go on.
    Pause,
    /// Nothing.
    End,
}

/// One file, and the piece of it that is next.
#[derive(Debug)]
struct Source {
    file: usize,
    pieces: Backward,
    current: Option<Piece>,
    /// Requests from here on have been shown.
    shown_from: u64,
}

/// The log of one client.
#[derive(Debug)]
pub struct ClientLogs {
    sources: Vec<Source>,
    waiting: Waiting,
    position: Position,
    beginnings: [Vec<u8>; LOG_DAYS as usize],
    size: u64,
    lower: Vec<u8>,
    /// Requests in a row that began before the days that are wanted.
    older: u32,
}

impl ClientLogs {
    /// Opens the files there are. With a position, goes on from there.
    ///
    /// # Errors
    /// A file is there and cannot be read. One that is missing is no error, and
    /// one that is a link or no plain file is as if it were missing.
    pub fn open(folder: &Path, client: &str, position: Option<Position>) -> io::Result<ClientLogs> {
        ClientLogs::open_between(folder, client, position, &End::default())
    }

    /// As [`ClientLogs::open`], and nothing that was there at `floor`.
    ///
    /// # Errors
    /// As [`ClientLogs::open`].
    pub fn open_between(
        folder: &Path,
        client: &str,
        position: Option<Position>,
        floor: &End,
    ) -> io::Result<ClientLogs> {
        let mut logs = ClientLogs {
            sources: Vec::new(),
            waiting: Waiting::default(),
            position: Position([0; 3]),
            beginnings: Default::default(),
            size: 0,
            lower: Vec::new(),
            older: 0,
        };
        let limits = floor.position.0.into_iter().zip(&floor.beginnings);
        for (at, ((floor, was), number)) in limits.zip(0..LOG_DAYS).enumerate() {
            let name = file_name(client, number);
            let opened = open_to_read(&folder.join(&name));
            let of_file =
                |error: io::Error| io::Error::new(error.kind(), format!("{name}: {error}"));
            let Some(file) = opened.map_err(of_file)? else {
                continue;
            };
            let length = file.metadata()?.len();
            // A file that was emptied meanwhile is read from its end.
            let shown_from = match position {
                Some(Position(places)) => places.get(at).copied().unwrap_or(0).min(length),
                None => length,
            };
            if let Some(place) = logs.position.0.get_mut(at) {
                *place = shown_from;
            }
            logs.size += length;
            let begins = beginning(&file, length)?;
            // One that was emptied has nothing of what stood before the floor.
            let is_same = floor <= length && begins.starts_with(was);
            let floor = if is_same { floor } else { 0 };
            if let Some(place) = logs.beginnings.get_mut(at) {
                *place = begins;
            }
            let end = shown_from.saturating_add(LOOK_BEHIND).min(length);
            let mut pieces = Backward::new(file, floor.min(end), end);
            if end < length {
                pieces.skip_rest_of_line()?;
            }
            let mut source = Source {
                file: at,
                pieces,
                current: None,
                shown_from,
            };
            source.advance(&mut logs.waiting)?;
            logs.sources.push(source);
        }
        Ok(logs)
    }

    /// Where the requests end that have not been given out yet.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Where all files end, of logs that have just been opened: for
    /// [`ClientLogs::open_between`].
    pub fn end(&self) -> End {
        End {
            position: self.position,
            beginnings: self.beginnings.clone(),
        }
    }

    /// Lines of requests whose beginnings were not among what was read, with what
    /// they share with those: added to `entry` if they are of that request.
    pub fn add_ends(&mut self, entry: &mut Entry) {
        for (key, pieces) in &self.waiting.pieces {
            if stamp(key) == Some((entry.started, entry.pid)) {
                let pieces = pieces.iter().rev();
                pieces.for_each(|piece| add_lines(entry, key, piece));
            }
        }
    }

    /// Whether no request is left.
    pub fn is_at_end(&self) -> bool {
        self.sources.iter().all(|source| source.current.is_none())
    }

    /// The length of all files, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next request that is wanted. After about `budget` bytes without one
    /// there is a pause.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn next(&mut self, wanted: &Wanted, budget: &mut u64) -> io::Result<Next> {
        loop {
            if *budget == 0 {
                return Ok(Next::Pause);
            }
            let newest = self
                .sources
                .iter_mut()
                .filter(|source| source.current.is_some())
                .max_by_key(|source| source.current.as_ref().map(|piece| piece.started));
            let Some(source) = newest else {
                return Ok(Next::End);
            };
            let before = source.pieces.at();
            let Some(piece) = source.current.take() else {
                return Ok(Next::End);
            };
            let entry = take(source, &piece, &mut self.waiting, wanted, &mut self.lower);
            if let Some(place) = self.position.0.get_mut(source.file) {
                *place = source.pieces.at();
            }
            source.advance(&mut self.waiting)?;
            let passed = before.saturating_sub(source.pieces.at());
            *budget = budget.saturating_sub(passed.max(1));
            if let Some(entry) = entry {
                return Ok(Next::Entry(Box::new(entry)));
            }
            let is_older = |(first, _)| piece.started.date() < first;
            self.older = match wanted.days.is_some_and(is_older) {
                true => self.older + 1,
                false => 0,
            };
            if self.older >= ENOUGH {
                return Ok(Next::End);
            }
        }
    }
}

/// The first bytes of a file.
fn beginning(file: &File, length: u64) -> io::Result<Vec<u8>> {
    let count = usize::try_from(length).map_or(BEGINNING, |length| length.min(BEGINNING));
    let mut bytes = vec![0; count];
    // It may have been emptied since.
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// The request that a piece is the beginning of, if it is wanted.
fn take(
    source: &Source,
    piece: &Piece,
    waiting: &mut Waiting,
    wanted: &Wanted,
    lower: &mut Vec<u8>,
) -> Option<Entry> {
    let (key, head) = (source.pieces.key(piece), source.pieces.bytes(piece));
    let tails = waiting.take(key);
    let pieces = || std::iter::once(head).chain(tails.iter().rev().map(Vec::as_slice));
    if !wanted.is_of_days(piece.started.date()) || !wanted.may_fit(pieces(), lower) {
        return None;
    }
    if !wanted.is_anything() {
        // Most are not wanted, and making their text takes most of the time.
        let (started, pid) = stamp(key)?;
        let mut entry = Entry::new(started, pid);
        pieces().for_each(|piece| lines(key, piece, |text| entry.glance(text)));
        if !wanted.fits_at_a_glance(&entry) {
            return None;
        }
    }
    let entry = entry_of(key, pieces())?;
    wanted.fits(&entry).then_some(entry)
}

/// The request that all lines of these pieces belong to.
fn entry_of<'a>(key: &[u8], pieces: impl Iterator<Item = &'a [u8]>) -> Option<Entry> {
    let (started, pid) = stamp(key)?;
    let mut entry = Entry::new(started, pid);
    pieces.for_each(|piece| add_lines(&mut entry, key, piece));
    Some(entry)
}

fn add_lines(entry: &mut Entry, key: &[u8], piece: &[u8]) {
    entry.reserve(piece.len());
    lines(key, piece, |text| {
        entry.line(&String::from_utf8_lossy(text));
    });
}

/// The texts of a piece's lines.
fn lines(key: &[u8], piece: &[u8], mut each: impl FnMut(&[u8])) {
    let mut rest = piece;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        if let Some(line) = rest.get(..end).and_then(|line| Line::of_key(line, key)) {
            each(line.text.trim_ascii_end());
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
}

impl Source {
    /// Goes on to the next piece that begins a request; others wait for theirs.
    fn advance(&mut self, waiting: &mut Waiting) -> io::Result<()> {
        while let Some(piece) = self.pieces.next()? {
            if piece.is_head && piece.at < self.shown_from {
                self.current = Some(piece);
                return Ok(());
            }
            let key = self.pieces.key(&piece);
            match piece.is_head {
                // Its end is of no interest any more.
                true => drop(waiting.take(key)),
                false => waiting.add(key, self.pieces.bytes(&piece)),
            }
        }
        self.current = None;
        Ok(())
    }
}

/// Ends of requests whose beginnings stand further up, or in the file of the
/// day before. For each key the last piece comes first.
#[derive(Debug, Default)]
struct Waiting {
    pieces: HashMap<Vec<u8>, Vec<Vec<u8>>>,
    count: usize,
    bytes: usize,
}

impl Waiting {
    fn add(&mut self, key: &[u8], piece: &[u8]) {
        if self.count < MOST_PIECES && self.bytes + piece.len() <= MOST_BYTES {
            self.count += 1;
            self.bytes += piece.len();
            let pieces = self.pieces.entry(key.to_vec()).or_default();
            pieces.push(piece.to_vec());
        }
    }

    fn take(&mut self, key: &[u8]) -> Vec<Vec<u8>> {
        if self.count == 0 {
            return Vec::new();
        }
        let pieces = self.pieces.remove(key).unwrap_or_default();
        self.count -= pieces.len();
        self.bytes -= pieces.iter().map(Vec::len).sum::<usize>();
        pieces
    }
}
