//! How old data have to be.

use super::RuleError;
use crate::time::Time;

/// The largest number of a part: it reaches beyond all calendars.
const MOST_DIGITS: usize = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Year,
    Month,
    Day,
    Hour,
}

/// An age such as `1y6m`: parts that are subtracted one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Age(Vec<(i64, Unit)>);

impl Age {
    /// From digits, each group with `y`, `m`, `d` or `h` behind it.
    ///
    /// # Errors
    /// [`RuleError::Age`].
    pub fn parse(text: &str) -> Result<Age, RuleError> {
        let wrong = || RuleError::Age(text.to_owned());
        let mut parts = Vec::new();
        let mut digits = String::new();
        for c in text.trim().chars() {
            let unit = match c.to_ascii_lowercase() {
                '0'..='9' if digits.len() < MOST_DIGITS => {
                    digits.push(c);
                    continue;
                }
                'y' => Unit::Year,
                'm' => Unit::Month,
                'd' => Unit::Day,
                'h' => Unit::Hour,
                _ => return Err(wrong()),
            };
            parts.push((digits.parse().map_err(|_| wrong())?, unit));
            digits.clear();
        }
        match digits.is_empty() && !parts.is_empty() {
            true => Ok(Age(parts)),
            false => Err(wrong()),
        }
    }

    /// Data before this time are old enough; None where that is before all
    /// calendars.
    pub fn lock(&self, now: Time) -> Option<Time> {
        let back = |time: Time, part: &(i64, Unit)| match *part {
            (count, Unit::Year) => months_back(time, 12 * count),
            (count, Unit::Month) => months_back(time, count),
            (count, Unit::Day) => time.plus_days(-count),
            (count, Unit::Hour) => time.plus_seconds(-3600 * count),
        };
        self.0.iter().try_fold(now, back)
    }
}

/// The same day of an earlier month. Days that it has not are counted on into
/// the next: a month before 31 March is 3 March.
fn months_back(time: Time, months: i64) -> Option<Time> {
    let at = time.calendar();
    let month = i64::from(at.year) * 12 + i64::from(at.month) - 1 - months;
    let year = i32::try_from(month.div_euclid(12)).ok()?;
    let month = u32::try_from(month.rem_euclid(12)).ok()? + 1;
    let first = Time::new(year, month, 1, time.ns_of_day())?;
    first.plus_days(i64::from(at.day) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Style, parse_query};

    fn lock(age: &str, now: &str) -> String {
        let now = parse_query(now, None).unwrap();
        let lock = Age::parse(age).unwrap().lock(now);
        lock.map_or("none".to_owned(), |time| {
            time.iso(Style::Calendar, 0).to_string()
        })
    }

    #[test]
    fn months_and_leap_years() {
        for (age, now, expected) in [
            ("1m", "2021-03-31T00:00:00", "2021-03-03T00:00:00"),
            ("1m", "2020-03-31T00:00:00", "2020-03-02T00:00:00"),
            ("1m", "2021-03-28T12:00:00", "2021-02-28T12:00:00"),
            ("1m", "2021-01-15T00:00:00", "2020-12-15T00:00:00"),
            ("1m", "2021-12-31T23:59:59", "2021-12-01T23:59:59"),
            ("1y", "2020-02-29T00:00:00", "2019-03-01T00:00:00"),
            ("4y", "2020-02-29T00:00:00", "2016-02-29T00:00:00"),
            ("1y", "2021-02-28T00:00:00", "2020-02-28T00:00:00"),
            ("1y", "2021-03-01T00:00:00", "2020-03-01T00:00:00"),
            ("100y", "2000-02-29T00:00:00", "1900-03-01T00:00:00"),
            ("1d", "2020-03-01T06:00:00", "2020-02-29T06:00:00"),
            ("24H", "2021-03-01T06:00:00", "2021-02-28T06:00:00"),
            ("13m", "2021-01-15T00:00:00", "2019-12-15T00:00:00"),
            // In the order that is written.
            ("1m1d", "2021-03-31T00:00:00", "2021-03-02T00:00:00"),
            ("1d1m", "2021-03-31T00:00:00", "2021-03-02T00:00:00"),
            ("3d1m", "2021-03-31T00:00:00", "2021-02-28T00:00:00"),
            (" 1Y2M3d4h ", "2021-03-31T05:00:00", "2020-01-28T01:00:00"),
            ("1y1y", "2021-03-31T00:00:00", "2019-03-31T00:00:00"),
            ("0d", "2021-03-31T00:00:00", "2021-03-31T00:00:00"),
            ("9999999y", "2021-03-31T00:00:00", "none"),
            ("9999999m9999999m9999999m", "2021-03-31T00:00:00", "none"),
            ("9999999h9999999d", "2021-03-31T00:00:00", "none"),
        ] {
            assert_eq!(lock(age, now), expected, "{age} {now}");
        }
    }

    #[test]
    fn no_ages() {
        for text in [
            "",
            " ",
            "1",
            "y",
            "1x",
            "1Y 2M",
            "1y2",
            "-1y",
            "1.5y",
            "yy",
            "1yd",
            "99999999y",
            "١y",
        ] {
            assert!(Age::parse(text).is_err(), "{text}");
        }
    }
}
