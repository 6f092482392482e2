//! The span of a block, and the name of its file.

use std::fmt::Write;

use crate::source::{Period, Resolution};
use crate::time::Time;

/// One block's span of time: a whole second, minute, hour, day, month or year
/// of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    period: Period,
    begin: Time,
    end: Time,
}

/// Nanoseconds of the periods that are parts of a day.
fn nanoseconds(period: Period) -> Option<u64> {
    const SECOND: u64 = 1_000_000_000;
    match period {
        Period::Second => Some(SECOND),
        Period::Minute => Some(60 * SECOND),
        Period::Hour => Some(3600 * SECOND),
        Period::Day => Some(86_400 * SECOND),
        Period::Month | Period::Year => None,
    }
}

/// A number below 100. A day can be made of 86,400 names.
fn push_two_digits(text: &mut String, number: u8) {
    text.push(char::from(b'0' + number / 10 % 10));
    text.push(char::from(b'0' + number % 10));
}

impl Block {
    /// The block in which a time lies. None at the end of what calendars hold.
    pub fn at(period: Period, time: Time) -> Option<Block> {
        let calendar = time.calendar();
        let (begin, end) = match period {
            Period::Month => {
                let (year, month) = match calendar.month {
                    12 => (calendar.year + 1, 1),
                    month => (calendar.year, month + 1),
                };
                (
                    Time::new(calendar.year, calendar.month, 1, 0)?,
                    Time::new(year, month, 1, 0)?,
                )
            }
            Period::Year => (
                Time::new(calendar.year, 1, 1, 0)?,
                Time::new(calendar.year + 1, 1, 1, 0)?,
            ),
            part => {
                let length = nanoseconds(part)?;
                // A leap second belongs to the last block of its day.
                let last = 86_400_000_000_000 - length;
                let begin = (time.ns_of_day() / length * length).min(last);
                let day = time.day_number();
                let begin = Time::from_day(day, begin)?;
                let end = match begin.ns_of_day() + length {
                    86_400_000_000_000 => Time::from_day(day + 1, 0)?,
                    within => Time::from_day(day, within)?,
                };
                (begin, end)
            }
        };
        Some(Block { period, begin, end })
    }

    /// The block after this one.
    pub fn next(&self) -> Option<Block> {
        Block::at(self.period, self.end)
    }

    /// The first time in it.
    pub fn begin(&self) -> Time {
        self.begin
    }

    /// The first time no longer in it.
    pub fn end(&self) -> Time {
        self.end
    }

    /// What kind of block it is.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The folder of its file, below that of its level: `2017/03` for a day.
    pub fn folder(&self) -> String {
        let at = self.begin.calendar();
        let mut path = String::new();
        let parts = [
            (Period::Month, at.year),
            (Period::Day, at.month as i32),
            (Period::Hour, at.day as i32),
            (Period::Minute, at.hour as i32),
            (Period::Second, at.minute as i32),
        ];
        for (finest, number) in parts {
            if self.period <= finest {
                let wide = if path.is_empty() { 4 } else { 2 };
                let slash = if path.is_empty() { "" } else { "/" };
                let _ = write!(path, "{slash}{number:0wide$}");
            }
        }
        path
    }

    /// The end of the time whose blocks lie in the same folder as this one;
    /// None for years, which all do.
    pub fn folder_end(&self) -> Option<Time> {
        let folder = match self.period {
            Period::Second => Period::Minute,
            Period::Minute => Period::Hour,
            Period::Hour => Period::Day,
            Period::Day => Period::Month,
            Period::Month => Period::Year,
            Period::Year => return None,
        };
        Some(Block::at(folder, self.begin)?.end)
    }

    /// The name of its file: `2017-03-01_bin-60s.d2s`.
    pub fn file_name(&self, resolution: Resolution, extension: &str) -> String {
        let mut name = String::new();
        self.write_time(&mut name);
        let _ = write!(name, "_{resolution}.{extension}");
        name
    }

    /// The time in the name of its file: `2017-03-01`.
    pub(super) fn write_time(&self, name: &mut String) {
        let at = self.begin.calendar();
        match u8::try_from(at.year / 100) {
            Ok(century) if century < 100 => {
                push_two_digits(name, century);
                push_two_digits(name, (at.year % 100).unsigned_abs() as u8);
            }
            _ => {
                let _ = write!(name, "{:04}", at.year);
            }
        }
        let parts = [
            (Period::Month, '-', at.month),
            (Period::Day, '-', at.day),
            (Period::Hour, 'T', at.hour),
            (Period::Minute, '-', at.minute),
            (Period::Second, '-', at.second),
        ];
        for (coarsest, separator, number) in parts {
            if self.period <= coarsest {
                name.push(separator);
                push_two_digits(name, number as u8);
            }
        }
    }

    /// Folder and file below the folder of the level.
    pub fn path(&self, resolution: Resolution, extension: &str) -> String {
        let folder = self.folder();
        let name = self.file_name(resolution, extension);
        if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        }
    }

    /// Its beginning as das2-pyserver gives it to readers, no finer than its
    /// period: `2017-03-01`, `2017-03-01T12:00`, `2017-03-01T12:00:05`.
    pub fn time_text(&self, time: Time) -> String {
        let at = time.calendar();
        let mut text = format!("{:04}-{:02}-{:02}", at.year, at.month, at.day);
        if self.period <= Period::Hour {
            let _ = write!(text, "T{:02}:{:02}", at.hour, at.minute);
        }
        if self.period == Period::Second {
            let _ = write!(text, ":{:02}", at.second);
        }
        text
    }
}

impl Period {
    /// How many blocks lie between two edges of blocks.
    pub fn count(self, begin: Time, end: Time) -> u64 {
        let (from, to) = (begin.calendar(), end.calendar());
        let years = i64::from(to.year) - i64::from(from.year);
        let count = match self {
            Period::Year => years,
            Period::Month => years * 12 + i64::from(to.month) - i64::from(from.month),
            part => {
                let length = nanoseconds(part).unwrap_or(1);
                let span = end.ns2000() - begin.ns2000();
                (span / i128::from(length)) as i64
            }
        };
        count.max(0).unsigned_abs()
    }
}

/// Consecutive blocks that cover a range, in order of time.
#[derive(Debug, Clone)]
pub struct Blocks {
    next: Option<Block>,
    end: Time,
}

impl Blocks {
    /// The blocks that hold `begin <= t < end`, widened to whole blocks.
    pub fn covering(period: Period, begin: Time, end: Time) -> Blocks {
        Blocks {
            next: (begin < end).then(|| Block::at(period, begin)).flatten(),
            end,
        }
    }
}

impl Iterator for Blocks {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let block = self.next.take()?;
        if block.end < self.end {
            self.next = block.next();
        }
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Unit;
    use crate::time::parse_query;

    fn time(text: &str) -> Time {
        parse_query(text, None).unwrap()
    }

    const BIN: Resolution = Resolution::Bin {
        count: 10,
        unit: Unit::Second,
    };

    #[test]
    fn names_are_those_of_existing_caches() {
        let cases = [
            (Period::Year, "2017_bin-10s.d2s"),
            (Period::Month, "2017/2017-03_bin-10s.d2s"),
            (Period::Day, "2017/03/2017-03-04_bin-10s.d2s"),
            (Period::Hour, "2017/03/04/2017-03-04T05_bin-10s.d2s"),
            (Period::Minute, "2017/03/04/05/2017-03-04T05-06_bin-10s.d2s"),
            (
                Period::Second,
                "2017/03/04/05/06/2017-03-04T05-06-07_bin-10s.d2s",
            ),
        ];
        for (period, path) in cases {
            let block = Block::at(period, time("2017-03-04T05:06:07.5")).unwrap();
            assert_eq!(block.path(BIN, "d2s"), path);
            assert!(block.begin() <= time("2017-03-04T05:06:07.5"));
            assert!(block.end() > time("2017-03-04T05:06:07.5"));
            assert_eq!(block.next().unwrap().begin(), block.end());
        }
        let block = Block::at(Period::Day, time("2017-03-04")).unwrap();
        assert_eq!(
            block.path(Resolution::Intrinsic, "qds"),
            "2017/03/2017-03-04_intrinsic.qds"
        );
    }

    #[test]
    fn ranges_widen_to_whole_blocks() {
        let names = |period, begin: &str, end: &str| -> Vec<String> {
            Blocks::covering(period, time(begin), time(end))
                .map(|b| b.begin().iso(crate::time::Style::Calendar, 0).to_string())
                .collect()
        };
        assert_eq!(
            names(
                Period::Second,
                "2000-01-01T10:20:30.5",
                "2000-01-01T10:20:32.5"
            ),
            [
                "2000-01-01T10:20:30",
                "2000-01-01T10:20:31",
                "2000-01-01T10:20:32"
            ]
        );
        // An end on an edge adds nothing, one second beyond it does.
        assert_eq!(names(Period::Day, "2000-02-28", "2000-03-01").len(), 2);
        assert_eq!(
            names(Period::Day, "2000-02-28", "2000-03-01T00:00:50").len(),
            3
        );
        assert_eq!(names(Period::Month, "2000-11-30", "2001-02-01").len(), 3);
        assert_eq!(names(Period::Year, "1999-12-31", "2000-01-01").len(), 1);
        assert_eq!(names(Period::Year, "2000-01-01", "2000-01-01").len(), 0);
    }

    #[test]
    fn a_leap_second_belongs_to_its_day() {
        let leap = time("2016-12-31T23:59:60.5");
        for period in [Period::Second, Period::Minute, Period::Hour, Period::Day] {
            let block = Block::at(period, leap).unwrap();
            assert_eq!(block.end(), time("2017-01-01"), "{period:?}");
        }
    }

    #[test]
    fn the_times_that_readers_get() {
        let text = |period| {
            let block = Block::at(period, time("2017-03-04T05:06:07")).unwrap();
            block.time_text(block.begin())
        };
        assert_eq!(text(Period::Year), "2017-01-01");
        assert_eq!(text(Period::Month), "2017-03-01");
        assert_eq!(text(Period::Day), "2017-03-04");
        assert_eq!(text(Period::Hour), "2017-03-04T05:00");
        assert_eq!(text(Period::Minute), "2017-03-04T05:06");
        assert_eq!(text(Period::Second), "2017-03-04T05:06:07");
    }
}
