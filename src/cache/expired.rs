//! What an operator has declared out of date: source data that were
//! reprocessed.
//!
//! A file `expired` in the folder of a level holds one line a declaration,
//! `BEGIN END WHEN`: blocks that overlap the range and were made before WHEN
//! are read around until they are built again.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::time::{Style, Time, parse_field};

use super::block::Block;

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
        if let Ok(file) = std::fs::File::open(level_folder.join(FILE)) {
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

    /// Adds a declaration.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn declare(level_folder: &Path, begin: Time, end: Time, when: Time) -> io::Result<()> {
        let text = |time: Time| time.iso(Style::Calendar, 3);
        let line = format!("{} {} {}\n", text(begin), text(end), text(when));
        std::fs::create_dir_all(level_folder)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(level_folder.join(FILE))?;
        file.write_all(line.as_bytes())
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
}
