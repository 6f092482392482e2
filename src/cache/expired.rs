//! What an operator has declared out of date: source data that were
//! reprocessed.
//!
//! A file `expired` in the folder of a level holds one line a declaration,
//! `BEGIN END WHEN`: blocks that overlap the range and were made before WHEN
//! are read around until they are built again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::time::{Style, Time, parse_field};

use super::block::Block;
use super::build::Unfinished;

const FILE: &str = "expired";

/// More than this is not read of one file.
const LARGEST: u64 = 1 << 20;

/// The declarations of one level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expired {
    ranges: Vec<(Time, Time, Time)>,
}

impl Expired {
    /// The declarations in the folder of a level. Lines that are none are
    /// passed over; without a file there are none.
    pub fn read(level_folder: &Path) -> Expired {
        let mut text = String::new();
        if let Ok(file) = File::open(level_folder.join(FILE)) {
            let _ = file.take(LARGEST).read_to_string(&mut text);
        }
        let range = |line: &str| {
            let mut times = line
                .split_ascii_whitespace()
                .map(|word| parse_field(word.as_bytes()).ok());
            Some((times.next()??, times.next()??, times.next()??))
        };
        Expired {
            ranges: text.lines().filter_map(range).collect(),
        }
    }

    /// Adds a declaration. It takes the place of what older ones say of its
    /// range, so that the file stays as long as there are edges, however often
    /// somebody declares.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn declare(level_folder: &Path, begin: Time, end: Time, when: Time) -> io::Result<()> {
        std::fs::create_dir_all(level_folder)?;
        let folder = File::open(level_folder)?;
        // One at a time, where the file system knows locks.
        let _ = flock(&folder, FlockOperation::LockExclusive);
        let mut ranges = Vec::new();
        for range in Expired::read(level_folder).ranges {
            let (from, to, said) = range;
            let parts = [(from, to.min(begin), said), (from.max(end), to, said)];
            match said > when {
                true => ranges.push(range),
                false => ranges.extend(parts.into_iter().filter(|(from, to, _)| from < to)),
            }
        }
        ranges.push((begin, end, when));
        let text = |time: Time| time.iso(Style::Calendar, 3);
        let lines = ranges
            .iter()
            .map(|(begin, end, when)| format!("{} {} {}\n", text(*begin), text(*end), text(*when)));
        let lines: String = lines.collect();
        if lines.len() as u64 > LARGEST {
            let path = level_folder.join(FILE).display().to_string();
            return Err(io::Error::other(format!(
                "{path} has no room left: declare one range that holds the ones in it"
            )));
        }
        let path = level_folder.join(FILE);
        let mut file = Unfinished::begin(&path)?;
        file.file.write_all(lines.as_bytes())?;
        file.place(&path, None)
    }

    /// Whether a block that was made at this time is out of date.
    pub fn holds(&self, block: &Block, made: Time) -> bool {
        self.ranges
            .iter()
            .any(|&(begin, end, when)| made < when && begin < block.end() && block.begin() < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Period;
    use crate::time::parse_query;

    #[test]
    fn declarations_are_kept_and_overlap() {
        let time = |text: &str| parse_query(text, None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let level = folder.path().join("data/S/_noparam/intrinsic");
        assert_eq!(Expired::read(&level), Expired::default());
        let (begin, end) = (time("2020-01-01T12:00"), time("2020-01-03"));
        Expired::declare(&level, begin, end, time("2021-01-01")).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(level.join(FILE))
            .unwrap()
            .write_all(b"nonsense\n2020-01-01\n")
            .unwrap();
        let expired = Expired::read(&level);
        let day = |text| Block::at(Period::Day, time(text)).unwrap();
        let before = time("2020-12-31");
        assert!(expired.holds(&day("2020-01-01"), before));
        assert!(expired.holds(&day("2020-01-02"), before));
        assert!(!expired.holds(&day("2020-01-03"), before));
        assert!(!expired.holds(&day("2019-12-31"), before));
        assert!(!expired.holds(&day("2020-01-01"), time("2021-01-01")));
    }

    #[test]
    fn declaring_again_and_again_needs_no_more_room() {
        let time = |text: &str| parse_query(text, None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let declare = |begin, end, when| {
            Expired::declare(folder.path(), time(begin), time(end), time(when)).unwrap();
        };
        declare("2020-01-01", "2020-01-10", "2021-01-01");
        declare("2020-01-04", "2020-01-05", "2021-01-02");
        for _ in 0..100 {
            declare("2020-01-08", "2020-02-01", "2021-01-03");
        }
        let expired = Expired::read(folder.path());
        assert_eq!(expired.ranges.len(), 4);
        let holds = |day, made| {
            let block = Block::at(Period::Day, time(day)).unwrap();
            expired.holds(&block, time(made))
        };
        assert!(holds("2020-01-01", "2020-12-31") && !holds("2020-01-01", "2021-01-01"));
        assert!(holds("2020-01-04", "2021-01-01T12:00") && !holds("2020-01-05", "2021-01-01"));
        assert!(holds("2020-01-31", "2021-01-02") && !holds("2020-02-01", "2020-12-31"));
    }
}
