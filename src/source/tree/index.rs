//! What a list needs of the files of a tree, kept from one walk to the next.
//!
//! An index is a file that can be thrown away at any time. What it says of a DSDF
//! counts only while the file's device, inode, size, times of change and of its
//! data are those that it was read with, and it says nothing of files that changed
//! within two seconds before they were read: such a time may come again. An index made by
//! another program, or for another tree, counts as none, and so does one
//! that is cut short, broken, or that another account could have written.
//!
//! Records stand in the order of the walk, so the next file of a walk is nearly
//! always the next record.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Crc;
use rustix::fs::{OFlags, Stat};

/// An index is smaller than this: a million files of 60 bytes.
const LARGEST: u64 = 128 << 20;

/// Seconds within which a file could change without its times showing it.
const TOO_NEW: i64 = 2;

/// What an index begins with; the last number is that of its form.
const MAGIC: &[u8; 16] = b"das2 list index1";

/// Magic, checksum, length of what follows it.
const HEAD: usize = 16 + 4 + 8;

/// Of a record: lengths of name and description, flags, state of the file.
const FIXED: usize = 4 + 4 + 1 + 56;

const HIDDEN: u8 = 1;
const EXAMPLE: u8 = 2;
const BROWSE: u8 = 4;
const DESCRIPTION: u8 = 8;

/// What a list needs of a DSDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) description: Option<String>,
    pub(super) is_hidden: bool,
    pub(super) has_example: bool,
    pub(super) browse: bool,
}

impl Default for Summary {
    /// Of a file of which nothing is known.
    fn default() -> Summary {
        Summary {
            description: None,
            is_hidden: false,
            has_example: false,
            browse: true,
        }
    }
}

/// The index of one walk: what there was, and what there will be.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// None for a walk without.
    folder: Option<PathBuf>,
    /// The program and the tree that it is for.
    title: Vec<u8>,
    /// The records, behind the title.
    old: Vec<u8>,
    /// Where the first record begins, and the next one of the walk.
    first: usize,
    cursor: usize,
    /// Where each record begins, by name; made when the order is another.
    by_name: Option<Vec<usize>>,
    /// Files that were found in it, and files in it.
    found: usize,
    count: usize,
    /// What a new one is made of: parts of the old one, or new records.
    parts: Vec<Part>,
    new: Vec<u8>,
    /// Now, in seconds from 1970.
    pub(super) now: i64,
    /// How many files were read, of which an index will know these.
    added: usize,
}

#[derive(Debug)]
enum Part {
    Old(usize, usize),
    New(usize, usize),
}

struct Record<'a> {
    name: &'a [u8],
    flags: u8,
    state: &'a [u8],
    description: &'a [u8],
    end: usize,
}

impl Index {
    /// The index of the tree `root` below the folder STATE_PATH.
    ///
    /// # Errors
    /// There can be none. That what there is cannot be used is no error.
    pub(super) fn open(state: &Path, root: &Path) -> io::Result<Index> {
        let folder = state.join("list");
        make(&folder)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut index = Index {
            title: title(root),
            now: now.map_or(0, |now| now.as_secs().cast_signed()),
            ..Index::default()
        };
        if let Some(bytes) = load(&folder.join("index"))?
            && let Some(records) = checked(&bytes, &index.title)
        {
            index.first = bytes.len() - records;
            index.cursor = index.first;
            index.old = bytes;
            let mut at = index.cursor;
            while let Some(record) = record(&index.old, at) {
                at = record.end;
                index.count += 1;
            }
        }
        index.folder = Some(folder);
        Ok(index)
    }

    /// Whether files are to be asked for their state.
    pub(super) fn is_used(&self) -> bool {
        self.folder.is_some()
    }

    /// What it says of the file, if the file is as it was.
    pub(super) fn find(&mut self, name: &str, state: &Stat) -> Option<Summary> {
        let at = match record(&self.old, self.cursor) {
            Some(record) if record.name == name.as_bytes() => self.cursor,
            None if self.old.is_empty() => return None,
            _ => self.look_up(name.as_bytes())?,
        };
        let record = record(&self.old, at)?;
        self.cursor = record.end;
        self.found += 1;
        let breaks_lines = |byte: &u8| *byte < b' ' || *byte == b'|';
        if record.state != state_bytes(state) || record.description.iter().any(breaks_lines) {
            return None;
        }
        let text = str::from_utf8(record.description).ok()?;
        let has = |flag: u8| record.flags & flag != 0;
        let summary = Summary {
            description: has(DESCRIPTION).then(|| text.to_owned()),
            is_hidden: has(HIDDEN),
            has_example: has(EXAMPLE),
            browse: has(BROWSE),
        };
        match self.parts.last_mut() {
            Some(Part::Old(_, end)) if *end == at => *end = record.end,
            _ => self.parts.push(Part::Old(at, record.end)),
        }
        Some(summary)
    }

    /// Where the record of a name begins.
    fn look_up(&mut self, name: &[u8]) -> Option<usize> {
        let (old, first) = (&self.old, self.first);
        let name_at = |at: usize| record(old, at).map_or(&[][..], |record| record.name);
        let places = self.by_name.get_or_insert_with(|| {
            let next = |at: &usize| record(old, *at).map(|record| record.end);
            let all = std::iter::successors(Some(first), next);
            // Behind the last one there is none.
            let mut places: Vec<usize> = all.filter(|at| *at < old.len()).collect();
            places.sort_by_key(|at| name_at(*at));
            places
        });
        let found = places.binary_search_by_key(&name, |at| name_at(*at)).ok()?;
        places.get(found).copied()
    }

    /// Keeps what was read of a file, unless it may change without being seen to.
    pub(super) fn add(&mut self, name: &str, state: &Stat, summary: &Summary) {
        let latest = self.now - TOO_NEW;
        let is_old = |seconds: i64| seconds < latest;
        if !self.is_used() || !is_old(state.st_ctime) || !is_old(state.st_mtime) {
            return;
        }
        let description = summary.description.as_deref().unwrap_or_default();
        let lengths = (u32::try_from(name.len()), u32::try_from(description.len()));
        let (Ok(name_length), Ok(description_length)) = lengths else {
            return;
        };
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = flag(summary.is_hidden, HIDDEN)
            | flag(summary.has_example, EXAMPLE)
            | flag(summary.browse, BROWSE)
            | flag(summary.description.is_some(), DESCRIPTION);
        let begin = self.new.len();
        self.new.extend(name_length.to_le_bytes());
        self.new.extend(description_length.to_le_bytes());
        self.new.push(flags);
        self.new.extend(state_bytes(state));
        self.new.extend(name.as_bytes());
        self.new.extend(description.as_bytes());
        self.added += 1;
        match self.parts.last_mut() {
            Some(Part::New(_, end)) => *end = self.new.len(),
            _ => self.parts.push(Part::New(begin, self.new.len())),
        }
    }

    /// Writes the index of the walk that is over, if it differs.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn save(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        if self.added == 0 && self.found == self.count {
            return Ok(());
        }
        let mut body = self.title.clone();
        for part in &self.parts {
            let bytes = match part {
                Part::Old(begin, end) => self.old.get(*begin..*end),
                Part::New(begin, end) => self.new.get(*begin..*end),
            };
            body.extend_from_slice(bytes.unwrap_or_default());
        }
        if body.len() as u64 > LARGEST {
            return Err(io::Error::other("the index would be too large"));
        }
        write(folder, &body)
    }
}

/// Puts a new index in the place of the old one, in one step. Of several writers
/// one writes.
fn write(folder: &Path, body: &[u8]) -> io::Result<()> {
    let path = folder.join("index.new");
    let mut file = options().write(true).create(true).mode(0o600).open(&path)?;
    if file.try_lock().is_err() {
        return Ok(());
    }
    // Whoever held the lock has made it the index by now, perhaps.
    let mine = file.metadata()?;
    let there = fs::symlink_metadata(&path);
    if !mine.is_file() || !there.is_ok_and(|there| there.ino() == mine.ino()) {
        return Ok(());
    }
    let mut sum = Crc::new();
    sum.update(body);
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend(MAGIC);
    bytes.extend(sum.sum().to_le_bytes());
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(body);
    file.set_len(0)?;
    file.write_all(&bytes)?;
    fs::rename(&path, folder.join("index"))
}

/// The bytes of an index; None if there is none, or none of ours.
fn load(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match options().read(true).open(path) {
        Ok(file) => file,
        Err(_) => return Ok(None),
    };
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    let only_ours = metadata.mode() & 0o022 == 0;
    if !metadata.is_file() || !is_ours || !only_ours || metadata.len() > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// How many bytes at the end are records, if all of it is whole.
fn checked(bytes: &[u8], title: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (length, body) = rest.split_first_chunk::<8>()?;
    let records = body.strip_prefix(title)?;
    if u64::from_le_bytes(*length) != body.len() as u64 {
        return None;
    }
    let mut found = Crc::new();
    found.update(body);
    (found.sum() == u32::from_le_bytes(*sum)).then_some(records.len())
}

fn record(bytes: &[u8], at: usize) -> Option<Record<'_>> {
    let rest = bytes.get(at..)?;
    let (name_length, more) = rest.split_first_chunk::<4>()?;
    let (description_length, more) = more.split_first_chunk::<4>()?;
    let (flags, more) = more.split_first()?;
    let (state, more) = more.split_at_checked(56)?;
    let name_length = u32::from_le_bytes(*name_length) as usize;
    let description_length = u32::from_le_bytes(*description_length) as usize;
    let (name, more) = more.split_at_checked(name_length)?;
    let (description, _) = more.split_at_checked(description_length)?;
    Some(Record {
        name,
        flags: *flags,
        state,
        description,
        end: at + FIXED + name_length + description_length,
    })
}

/// What changes when a file does.
fn state_bytes(state: &Stat) -> [u8; 56] {
    let parts: [&[u8]; 7] = [
        &state.st_dev.to_le_bytes(),
        &state.st_ino.to_le_bytes(),
        &state.st_size.to_le_bytes(),
        &state.st_mtime.to_le_bytes(),
        &state.st_mtime_nsec.to_le_bytes(),
        &state.st_ctime.to_le_bytes(),
        &state.st_ctime_nsec.to_le_bytes(),
    ];
    let mut bytes = [0; 56];
    for (into, part) in bytes.chunks_exact_mut(8).zip(parts) {
        into.iter_mut()
            .zip(part)
            .for_each(|(into, byte)| *into = *byte);
    }
    bytes
}

/// What an index is made by and for: another program may read a DSDF in
/// another way.
fn title(root: &Path) -> Vec<u8> {
    let program = rustix::fs::stat("/proc/self/exe");
    let mut title = program
        .map_or([0; 56], |state| state_bytes(&state))
        .to_vec();
    let root = root.as_os_str().as_encoded_bytes();
    title.extend((root.len() as u64).to_le_bytes());
    title.extend(root);
    title
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
    options
}

/// Makes the folder, which is no link.
fn make(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(folder)?.is_dir() {
                true => Ok(()),
                false => Err(io::Error::other("it is no folder")),
            }
        }
        made => made,
    }
}

#[cfg(test)]
mod tests;
