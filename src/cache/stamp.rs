//! What a block knows of itself.
//!
//! A block that this server built says in its stream header when it was made,
//! for which span and from which definition, so that it can be told whether
//! it is still right; das2-pyserver and das2C see ordinary properties. Blocks
//! that das2-pyserver built say nothing.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::LazyLock;
use std::time::SystemTime;

use memchr::memmem::Finder;

use crate::source::{CacheLevel, Definition};
use crate::stream::{MAX_HEADER, StreamHeader};
use crate::time::{Style, Time, parse_field};

use super::block::Block;
use super::expired::Expired;
use super::folder::LevelFolder;
use crate::config::Config;

/// The properties, in the order in which they are written.
const MADE: &str = "cacheMade";
const FROM: &str = "cacheFrom";
const FORM: &str = "cacheForm";
const SIZE: &str = "cacheSize";

/// What stands in front of their values.
static KEYS: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| {
    [MADE, FROM, FORM, SIZE].map(|name| Finder::new(&format!("{name}=\"")).into_owned())
});

/// Digits behind the seconds of `cacheMade`.
const MADE_DIGITS: u8 = 3;

/// Digits of `cacheSize`, which is written over as `cacheForm` is.
const SIZE_DIGITS: usize = 15;

/// The text of `cacheForm`, all of one length: the form is known only when
/// the block is complete, and is then written over.
const FORMS: [(Form, &str); 4] = [
    (Form::Unknown, "unknown"),
    (Form::Sorted, "sorted "),
    (Form::Within, "within "),
    (Form::Mixed, "mixed  "),
];

/// Bytes of headers in front of a block's data that are walked over. A block
/// with more cannot be used.
pub const MOST_HEADERS: usize = 4 * MAX_HEADER;

/// How the data of a block are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing is known: it has to be read as a stream.
    Unknown,
    /// Stream header, packet headers, then nothing but data packets in order
    /// of time: what is wanted can be cut out without being read.
    Sorted,
    /// The same, but not in order of time, as the bins of several packet types
    /// are: all of it goes out as it lies, or it is read.
    Within,
    /// Headers among the data, or data outside of its span.
    Mixed,
}

impl Form {
    /// Whether headers come first, and then nothing but data of the block's
    /// span.
    pub fn is_known(self) -> bool {
        matches!(self, Form::Sorted | Form::Within)
    }
}

/// What blocks are made from: everything in a definition that changes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin(u64);

impl Origin {
    /// The origin of blocks of this level that are made now.
    pub fn present(definition: &Definition, config: &Config, level: &CacheLevel) -> Origin {
        let reducer = definition.effective_reducer(config);
        let reducer = reducer
            .map(|command| command.shell_text(""))
            .unwrap_or_default();
        Origin::of(definition, level, &reducer)
    }

    /// The origin of blocks of this level: reader, reducer and level.
    pub fn of(definition: &Definition, level: &CacheLevel, reducer: &str) -> Origin {
        let reader = definition.get("reader").unwrap_or_default();
        let resolution = level.resolution.to_string();
        let params = level.params.as_deref().unwrap_or_default();
        let reducer = match level.resolution {
            crate::source::Resolution::Intrinsic => "",
            crate::source::Resolution::Bin { .. } => reducer,
        };
        let mut hash = Fnv::new();
        for part in [reader, reducer, &resolution, params] {
            hash.add(part.as_bytes());
            hash.add(&[0]);
        }
        Origin(hash.0)
    }

    /// The origin of one block: its span belongs to what it is, so that the
    /// file of another time under its name is not taken for it.
    #[must_use]
    pub fn of_block(self, block: &Block) -> Origin {
        let mut hash = Fnv(self.0);
        for edge in [block.begin(), block.end()] {
            hash.add(&edge.ns2000().to_le_bytes());
        }
        Origin(hash.0)
    }
}

/// FNV-1a with 64 bits: the same on every machine and in every version, which
/// the library's hashes do not promise.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// A block's own account of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the reader was started.
    pub made: Time,
    /// What it was made from.
    pub origin: Origin,
    /// How it is laid out.
    pub form: Form,
    /// Bytes of the whole file; 0 while it is being written.
    pub size: u64,
}

impl Stamp {
    /// The stamp of a block that is about to be built. Its time is what its
    /// text will say.
    pub fn new(made: Time, origin: Origin) -> Stamp {
        let text = made.iso(Style::Calendar, MADE_DIGITS).to_string();
        Stamp {
            made: parse_field(text.as_bytes()).unwrap_or(made),
            origin,
            form: Form::Unknown,
            size: 0,
        }
    }

    /// The same for one block of the level.
    #[must_use]
    pub fn of_block(self, block: &Block) -> Stamp {
        Stamp {
            origin: self.origin.of_block(block),
            ..self
        }
    }

    /// The time of change that the block's file keeps as long as nobody writes
    /// into it, in seconds since 1970: when it was made. Not every file system
    /// and archive keeps parts of seconds.
    pub fn file_time(&self) -> i64 {
        let seconds = (self.made.ns2000() - UNIX_EPOCH).div_euclid(1_000_000_000);
        i64::try_from(seconds).unwrap_or(0)
    }

    /// Whether a file has still the time of [`Stamp::file_time`].
    pub fn is_time_of(&self, file: &File) -> bool {
        let data = file.metadata();
        data.is_ok_and(|data| (data.mtime(), data.mtime_nsec()) == (self.file_time(), 0))
    }

    /// Puts it into a stream header.
    pub fn write(&self, header: &mut StreamHeader) {
        let made = self.made.iso(Style::Calendar, MADE_DIGITS);
        let form = FORMS.iter().find(|(form, _)| *form == self.form);
        for (name, value) in [
            (MADE, format!("{made}Z")),
            (FROM, format!("{:016x}", self.origin.0)),
            (FORM, form.map_or("", |(_, text)| text).to_owned()),
            (SIZE, size_text(self.size)),
        ] {
            match header.is_qstream() {
                true => header.set_attr(name, value),
                false => header.properties.set("String", name, value),
            }
        }
    }

    /// Takes it out of a stream header: clients have no use for it.
    pub fn remove(header: &mut StreamHeader) {
        for name in [MADE, FROM, FORM, SIZE] {
            header.properties.remove(name);
            header.remove_attr(name);
        }
    }

    /// The stamp in a stream header.
    pub fn read(header: &StreamHeader) -> Option<Stamp> {
        let value = |name| header.properties.value(name).or(header.attr(name));
        Stamp::of_texts(value(MADE)?, value(FROM)?, value(FORM)?, value(SIZE)?)
    }

    /// The stamp in the bytes of a stream header as [`Stamp::write`] and
    /// [`StreamHeader::to_xml`] leave them, without parsing it: one day can
    /// be made of 86,400 blocks.
    pub fn find(header: &[u8]) -> Option<Stamp> {
        let value = |key: &Finder<'_>| -> Option<&str> {
            let at = place_of(header, key)?;
            let rest = header.get(at..)?;
            let end = memchr::memchr(b'"', rest)?;
            std::str::from_utf8(rest.get(..end)?).ok()
        };
        let [made, from, form, size] = &*KEYS;
        Stamp::of_texts(value(made)?, value(from)?, value(form)?, value(size)?)
    }

    fn of_texts(made: &str, from: &str, form: &str, size: &str) -> Option<Stamp> {
        Some(Stamp {
            made: parse_field(made.as_bytes()).ok()?,
            origin: Origin(u64::from_str_radix(from, 16).ok()?),
            form: FORMS.iter().find(|(_, text)| *text == form)?.0,
            size: size.parse().ok()?,
        })
    }

    /// What is to be written over a header that holds a stamp once the block
    /// is complete: places in the header and the texts for them.
    pub fn patches(header: &[u8], form: Form, size: u64) -> Option<[(usize, String); 2]> {
        let (_, text) = FORMS.iter().find(|(known, _)| *known == form)?;
        let [_, _, form_key, size_key] = &*KEYS;
        Some([
            (place_of(header, form_key)?, (*text).to_owned()),
            (place_of(header, size_key)?, size_text(size)),
        ])
    }
}

/// Where a value of the stamp begins in the bytes of a header: that of a property,
/// or of an attribute.
fn place_of(header: &[u8], key: &Finder<'_>) -> Option<usize> {
    key.find_iter(header)
        .find(|at| {
            let before = header.get(..*at).unwrap_or_default();
            before.ends_with(b"String:") || before.ends_with(b" ")
        })
        .map(|at| at + key.needle().len())
}

fn size_text(size: u64) -> String {
    format!("{size:0SIZE_DIGITS$}")
}

/// Whether a block may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is what a reader would say now.
    Fresh,
    /// It was built before its span was over: data have come in since.
    TooEarly,
    /// It says that it will be built: a clock was wrong, and its span may not
    /// have been over.
    InFuture,
    /// It was built from another definition, or for another span.
    OtherOrigin,
    /// It is older than `cacheExpire` allows.
    TooOld,
    /// An operator has declared it out of date.
    Expired,
}

/// Seconds by which the clocks of workers and servers may differ.
const CLOCKS_DIFFER: i64 = 3600;

/// What blocks of a level are measured against.
#[derive(Debug, Clone)]
pub struct Standard {
    /// What they should be made from; None: any block will do, also an old
    /// one.
    pub origin: Option<Origin>,
    /// The largest age, where the definition sets one, in seconds.
    pub max_age: Option<i64>,
    /// What an operator has declared out of date.
    pub expired: Expired,
    /// The present.
    pub now: Time,
}

impl Standard {
    /// For the blocks of a level of a source.
    pub fn of(
        definition: &Definition,
        config: &Config,
        level: &CacheLevel,
        folder: &LevelFolder,
        now: Time,
    ) -> Standard {
        Standard {
            origin: Some(Origin::present(definition, config, level)),
            max_age: definition.cache_expire,
            expired: Expired::read(folder.path()),
            now,
        }
    }

    /// Takes every block as it is.
    pub fn any(now: Time) -> Standard {
        Standard {
            origin: None,
            max_age: None,
            expired: Expired::default(),
            now,
        }
    }

    /// Whether a block with this stamp, or, without one, with a file that was
    /// last changed at `changed`, may be served.
    pub fn judge(&self, block: &Block, stamp: Option<&Stamp>, changed: Time) -> Freshness {
        let Some(origin) = self.origin else {
            return Freshness::Fresh;
        };
        let made = stamp.map_or(changed, |stamp| stamp.made);
        let latest = self.now.plus_seconds(CLOCKS_DIFFER);
        let too_old = |age: i64| made.plus_seconds(age).is_none_or(|until| until < self.now);
        match () {
            () if made < block.end() => Freshness::TooEarly,
            () if latest.is_some_and(|latest| made > latest) => Freshness::InFuture,
            () if stamp.is_some_and(|stamp| stamp.origin != origin.of_block(block)) => {
                Freshness::OtherOrigin
            }
            () if self.max_age.is_some_and(too_old) => Freshness::TooOld,
            () if self.expired.holds(block, made) => Freshness::Expired,
            () => Freshness::Fresh,
        }
    }
}

/// 1970-01-01 in nanoseconds since 2000.
const UNIX_EPOCH: i128 = -946_684_800_000_000_000;

/// When a file was last changed, as far as that is known.
pub fn changed(file: &File) -> Time {
    let since = file
        .metadata()
        .and_then(|data| data.modified())
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos() as i128);
    Time::from_ns2000(since + UNIX_EPOCH).unwrap_or_else(Time::now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Period;
    use crate::time::parse_query;

    fn time(text: &str) -> Time {
        parse_query(text, None).unwrap()
    }

    #[test]
    fn a_stamp_reads_back_by_parsing_and_by_searching() {
        let stamp = Stamp {
            made: time("2026-11-24T12:00:00.125"),
            origin: Origin(0x0123_4567_89ab_cdef),
            form: Form::Sorted,
            size: 1234,
        };
        let mut header = StreamHeader::new();
        header.properties.set("String", "title", "\"cacheMade\"");
        stamp.write(&mut header);
        assert_eq!(Stamp::read(&header), Some(stamp));
        let xml = header.to_xml();
        assert_eq!(Stamp::find(xml.as_bytes()), Some(stamp));
        let patches = Stamp::patches(xml.as_bytes(), Form::Mixed, 99).unwrap();
        let mut patched = xml.into_bytes();
        for (at, text) in patches {
            patched[at..at + text.len()].copy_from_slice(text.as_bytes());
        }
        let found = Stamp::find(&patched).unwrap();
        assert_eq!((found.form, found.size), (Form::Mixed, 99));
        Stamp::remove(&mut header);
        assert_eq!(Stamp::read(&header), None);
    }

    #[test]
    fn files_keep_whole_seconds() {
        let at = |made| Stamp::new(time(made), Origin(1)).file_time();
        assert_eq!(at("1970-01-01T00:00:01.999"), 1);
        assert_eq!(at("2026-11-24T12:00:00.125"), 1_795_521_600);
        assert_eq!(at("1969-12-31T23:59:58.5"), -2);
        // What is rounded up in the stamp is so in the file.
        assert_eq!(at("1970-01-01T00:00:01.9999"), 2);
    }

    #[test]
    fn blocks_are_judged() {
        let block = Block::at(Period::Day, time("2020-01-01")).unwrap();
        let origin = Origin(1);
        let standard = Standard {
            origin: Some(origin),
            max_age: None,
            expired: Expired::default(),
            now: time("2020-06-01"),
        };
        let judge = |standard: &Standard, made: &str, origin| {
            let stamp = Stamp::new(time(made), origin).of_block(&block);
            standard.judge(&block, Some(&stamp), time("2000-01-01"))
        };
        assert_eq!(judge(&standard, "2020-01-02", origin), Freshness::Fresh);
        assert_eq!(
            judge(&standard, "2020-01-01T23:59:59", origin),
            Freshness::TooEarly
        );
        assert_eq!(
            judge(&standard, "2020-01-02", Origin(2)),
            Freshness::OtherOrigin
        );
        let with_age = Standard {
            max_age: Some(86400 * 30),
            ..standard.clone()
        };
        assert_eq!(judge(&with_age, "2020-01-02", origin), Freshness::TooOld);
        assert_eq!(judge(&with_age, "2020-05-31", origin), Freshness::Fresh);
        // The block of another day, and one that a wrong clock has made.
        let next = block.next().unwrap();
        let stamp = Stamp::new(time("2020-01-03"), origin).of_block(&next);
        let found = standard.judge(&block, Some(&stamp), stamp.made);
        assert_eq!(found, Freshness::OtherOrigin);
        assert_eq!(
            judge(&standard, "2020-06-01T00:59", origin),
            Freshness::Fresh
        );
        assert_eq!(
            judge(&standard, "2020-06-01T01:01", origin),
            Freshness::InFuture
        );
        // A block of das2-pyserver is judged by its file alone.
        assert_eq!(
            standard.judge(&block, None, time("2020-01-02")),
            Freshness::Fresh
        );
        assert_eq!(
            standard.judge(&block, None, time("2020-01-01T12:00")),
            Freshness::TooEarly
        );
    }
}
