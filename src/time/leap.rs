//! Leap seconds: since when UTC is how many whole seconds behind TAI.
//!
//! Only TT2000 and ET2000 need them. The built-in table is of 2017, still in
//! force; a site can give a newer one without waiting for a release, as a file
//! in the form that CDF's and das2's programs read, named by the environment
//! variable DAS2_LEAPSECONDS or, as for those programs, CDF_LEAPSECONDSTABLE.

use super::civil;
use super::instant::{NS_PER_DAY, NS_PER_SECOND, Time};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;
use thiserror::Error;

const VARIABLES: [&str; 2] = ["DAS2_LEAPSECONDS", "CDF_LEAPSECONDSTABLE"];
/// A table has some forty lines; a file larger than this is none.
const LARGEST_FILE: u64 = 256 * 1024;
/// TT is ahead of TAI by 32.184 s, and TT2000 is counted from noon.
const TT_MINUS_TAI_NS: i128 = 32_184_000_000;
const NOON_NS: i128 = NS_PER_DAY as i128 / 2;

/// Year, month, and TAI - UTC from its first day on.
const BUILT_IN: [(i32, u32, i32); 28] = [
    (1972, 1, 10),
    (1972, 7, 11),
    (1973, 1, 12),
    (1974, 1, 13),
    (1975, 1, 14),
    (1976, 1, 15),
    (1977, 1, 16),
    (1978, 1, 17),
    (1979, 1, 18),
    (1980, 1, 19),
    (1981, 7, 20),
    (1982, 7, 21),
    (1983, 7, 22),
    (1985, 7, 23),
    (1988, 1, 24),
    (1990, 1, 25),
    (1991, 1, 26),
    (1992, 7, 27),
    (1993, 7, 28),
    (1994, 7, 29),
    (1996, 1, 30),
    (1997, 7, 31),
    (1999, 1, 32),
    (2006, 1, 33),
    (2009, 1, 34),
    (2012, 7, 35),
    (2015, 7, 36),
    (2017, 1, 37),
];

/// A table of leap seconds that cannot be used. Its text is for the log of a
/// site, not for clients: it may name a file.
#[derive(Debug, Error)]
pub enum LeapError {
    /// The file could not be read.
    #[error("leap second table {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not `year month day seconds drift drift`.
    #[error("leap second table {file}, line {line}: write 'year month day TAI-UTC 0.0 0.0'")]
    Line {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
    },
    /// The lines are not in the order of time.
    #[error("leap second table {file}, line {line}: its date must be after those above")]
    Order {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
    },
    /// No line of 1972 or later.
    #[error("leap second table {file}: no line of 1972 or later")]
    Empty {
        /// The file.
        file: String,
    },
}

/// Since when UTC is how many seconds behind TAI, in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    /// Day number from which on it holds.
    day: i64,
    tai_minus_utc: i32,
}

impl Step {
    /// What to add to nanoseconds since 2000-01-01T00:00 UTC to have TT2000.
    fn shift(self) -> i128 {
        i128::from(self.tai_minus_utc) * i128::from(NS_PER_SECOND) + TT_MINUS_TAI_NS - NOON_NS
    }

    fn begin_ns(self) -> i128 {
        i128::from(self.day) * i128::from(NS_PER_DAY)
    }
}

impl Table {
    /// The table that the program carries.
    pub fn built_in() -> Table {
        let step = |&(year, month, tai_minus_utc): &(i32, u32, i32)| Step {
            day: civil::first_day(year) + i64::from(civil::days_before_month(year, month)),
            tai_minus_utc,
        };
        Table {
            steps: BUILT_IN.iter().map(step).collect(),
        }
    }

    fn parse(text: &str, file: &str) -> Result<Table, LeapError> {
        let mut steps: Vec<Step> = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            let file = || file.to_owned();
            if content.starts_with(';') || content.trim().is_empty() {
                continue;
            }
            let step = parse_line(content).ok_or_else(|| LeapError::Line { file: file(), line })?;
            // Rates of drift before 1972 are not used: UTC had no leap seconds then.
            if step.day < civil::first_day(1972) {
                continue;
            }
            if steps.last().is_some_and(|last| last.day >= step.day) {
                return Err(LeapError::Order { file: file(), line });
            }
            steps.push(step);
        }
        if steps.is_empty() {
            return Err(LeapError::Empty {
                file: file.to_owned(),
            });
        }
        Ok(Table { steps })
    }

    /// TT2000 of a time. A second 60 where the table has none is the second after it.
    pub(super) fn tt2000(&self, time: Time) -> i128 {
        let day = time.day_number();
        let before = self.steps.partition_point(|step| step.day <= day);
        let step = self.step_before(before);
        let leaps = self
            .steps
            .get(before)
            .is_some_and(|next| next.day == day + 1 && next.tai_minus_utc > step.tai_minus_utc);
        let ns = time.ns2000();
        if time.ns_of_day() >= NS_PER_DAY && !leaps {
            let next = Time::from_ns2000(ns).unwrap_or(time);
            let before = self
                .steps
                .partition_point(|step| step.day <= next.day_number());
            return ns + self.step_before(before).shift();
        }
        ns + step.shift()
    }

    /// The same time, but for a second 60 that never was, and a second 61: these
    /// are the seconds after them.
    pub(crate) fn settled(&self, time: Time) -> Time {
        if time.ns_of_day() < NS_PER_DAY {
            return time;
        }
        self.time(self.tt2000(time)).unwrap_or(time)
    }

    /// The time of a TT2000, within a leap second where it is.
    pub(super) fn time(&self, tt2000: i128) -> Option<Time> {
        let begun = |step: &Step| step.begin_ns() + step.shift() <= tt2000;
        let before = self.steps.partition_point(begun);
        let utc = tt2000 - self.step_before(before).shift();
        match self.steps.get(before) {
            Some(next) if utc >= next.begin_ns() => {
                let over = u64::try_from(utc - next.begin_ns()).ok()?;
                Time::from_day(next.day - 1, NS_PER_DAY.checked_add(over)?)
            }
            _ => Time::from_ns2000(utc),
        }
    }

    /// The step in force when so many have begun; before the first, the first.
    fn step_before(&self, begun: usize) -> Step {
        let first = self.steps.first();
        let step = self.steps.get(begun.saturating_sub(1)).or(first);
        step.copied().unwrap_or(Step {
            day: 0,
            tai_minus_utc: 32,
        })
    }
}

fn parse_line(line: &str) -> Option<Step> {
    let mut words = line.split_ascii_whitespace();
    let year: i32 = words.next()?.parse().ok()?;
    let month: u32 = words.next()?.parse().ok()?;
    let day: u32 = words.next()?.parse().ok()?;
    let seconds: f64 = words.next()?.parse().ok()?;
    let _drift: (f64, f64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let date = Time::new(year, month, day, 0)?;
    let whole = seconds.fract() == 0.0 || year < 1972;
    (whole && seconds.abs() < 1000.0).then_some(Step {
        day: date.day_number(),
        tai_minus_utc: seconds as i32,
    })
}

/// Reads a table from a file: lines of year, month, day, TAI - UTC in seconds,
/// and two numbers of drift (0 since 1972), in the order of time; lines that
/// begin with `;` are comments.
///
/// # Errors
/// When the file cannot be read or a line is not as it should be.
pub fn load(path: &Path) -> Result<Table, LeapError> {
    let file = path.display().to_string();
    let mut text = String::new();
    let read = File::open(path).and_then(|open| open.take(LARGEST_FILE).read_to_string(&mut text));
    match read {
        Ok(_) => Table::parse(&text, &file),
        Err(source) => Err(LeapError::Unreadable { file, source }),
    }
}

struct InForce {
    table: Table,
    problem: Option<LeapError>,
}

fn in_force() -> &'static InForce {
    static IN_FORCE: OnceLock<InForce> = OnceLock::new();
    IN_FORCE.get_or_init(|| {
        let named = VARIABLES.iter().find_map(|name| {
            let value = std::env::var_os(name)?;
            (!value.is_empty()).then_some(value)
        });
        match named.map(|path| load(Path::new(&path))) {
            Some(Ok(table)) => InForce {
                table,
                problem: None,
            },
            failed => InForce {
                table: Table::built_in(),
                problem: failed.and_then(Result::err),
            },
        }
    })
}

/// The table in force: the environment's file, read when first asked for, or
/// the built-in one.
pub fn table() -> &'static Table {
    &in_force().table
}

/// Why the file that the environment names is not used, for a log.
pub fn problem() -> Option<&'static LeapError> {
    in_force().problem.as_ref()
}

#[cfg(test)]
mod tests {
    use super::super::parse_field;
    use super::super::sample::Sample;
    use super::*;

    fn time(text: &str) -> Time {
        parse_field(text.as_bytes()).unwrap()
    }

    #[test]
    fn check_points() {
        let table = Table::built_in();
        for (text, tt2000) in [
            ("2000-01-01", -43_135_816_000_000),
            ("2000-01-01T11:58:55.816", 0),
            ("2016-12-31T23:59:60", 536_500_868_184_000_000),
            ("2016-12-31T23:59:60.999999999", 536_500_869_183_999_999),
            ("2017-01-01T00:00:00", 536_500_869_184_000_000),
            ("2016-12-31T23:59:59", 536_500_867_184_000_000),
        ] {
            assert_eq!(table.tt2000(time(text)), tt2000, "{text}");
            assert_eq!(table.time(tt2000), Some(time(text)), "{text}");
        }
    }

    #[test]
    fn a_second_60_that_never_was_is_the_next() {
        let table = Table::built_in();
        assert_eq!(
            table.tt2000(time("2010-06-15T23:59:60.5")),
            table.tt2000(time("2010-06-16T00:00:00.5"))
        );
        // Second 61 before a leap second of one second: that next second too.
        assert_eq!(
            table.tt2000(time("2016-12-31T23:59:61.5")),
            table.tt2000(time("2017-01-01T00:00:00.5"))
        );
    }

    #[test]
    fn there_and_back() {
        let table = Table::built_in();
        let mut sample = Sample::new(50);
        for _ in 0..20_000 {
            let t = sample.time(1900..=2100);
            assert_eq!(table.time(table.tt2000(t)), Some(t));
        }
        for (year, month, _) in BUILT_IN.iter().skip(1) {
            let next = Time::new(*year, *month, 1, 0).unwrap();
            for ns in (-2_500_000_000i64..2_500_000_000).step_by(500_000_000) {
                let tt2000 = table.tt2000(next) + i128::from(ns);
                let back = table.time(tt2000).unwrap();
                assert_eq!(table.tt2000(back), tt2000);
                let in_leap_second = (-1_000_000_000..0).contains(&ns);
                assert_eq!(back.calendar().second == 60, in_leap_second);
            }
        }
    }

    #[test]
    fn a_table_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("leap.txt");
        let text = "; a comment\n 1960 1 1 1.4178180 37300.0 0.0012960\n\n1972 1 1 10.0 0.0 0.0\n2030 7 1 11.0 0.0 0.0\n";
        std::fs::write(&path, text).unwrap();
        let table = load(&path).unwrap();
        let step = table.tt2000(time("2030-07-01")) - table.tt2000(time("2030-06-30"));
        assert_eq!(step, 86_401_000_000_000);
    }

    #[test]
    fn broken_tables() {
        let read = |text: &str| Table::parse(text, "F").map_err(|error| error.to_string());
        for (text, message) in [
            ("1972 1 1 10.0 0.0\n", "line 1: write"),
            (
                "1972 1 1 10.0 0.0 0.0\n1972 1 1 11.0 0 0\n",
                "line 2: its date",
            ),
            ("1972 13 1 10.0 0.0 0.0\n", "line 1: write"),
            ("1972 1 1 nan 0.0 0.0\n", "line 1: write"),
            ("1972 1 1 1e9 0.0 0.0\n", "line 1: write"),
            ("; nothing\n", "no line of 1972"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(message), "{text}: {refused}");
        }
        let missing = load(Path::new("/nonexistent/leap.txt"));
        assert!(matches!(missing, Err(LeapError::Unreadable { .. })));
        let endless = load(Path::new("/dev/zero"));
        assert!(endless.is_err());
    }
}
