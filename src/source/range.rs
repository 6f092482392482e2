//! Time ranges as DSDFs write them: `BEGIN to END`.

use crate::time::{Time, parse_query};

/// When a valid range ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnd {
    /// At this time, which is no longer in it.
    At(Time),
    /// With the present day: data are still coming in.
    Now,
}

/// The range for which a source has data; requests are trimmed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidRange {
    /// The first time in the range.
    pub begin: Time,
    /// Its end.
    pub end: RangeEnd,
}

impl ValidRange {
    /// From `BEGIN to END` or `BEGIN/END`, where END may be `now`. The error
    /// says what to write instead.
    pub(super) fn parse(text: &str) -> Result<ValidRange, String> {
        let (begin, end) = split_range(text)
            .ok_or_else(|| "write BEGIN to END, such as 1979-03-01 to now".to_owned())?;
        let time = |text: &str| {
            parse_query(text, None).map_err(|error| format!("write another time: {error}"))
        };
        let begin = time(begin)?;
        let end = match end.eq_ignore_ascii_case("now") {
            true => RangeEnd::Now,
            false => RangeEnd::At(time(end)?),
        };
        match end {
            RangeEnd::At(end) if end <= begin => Err("write an end after the beginning".to_owned()),
            _ => Ok(ValidRange { begin, end }),
        }
    }

    /// The end as a time; where it is `now`, the midnight that ends the day of
    /// `now`, UTC.
    pub fn end(&self, now: Time) -> Time {
        match self.end {
            RangeEnd::At(end) => end,
            RangeEnd::Now => Time::from_day(now.day_number().saturating_add(1), 0).unwrap_or(now),
        }
    }

    /// The part of `begin <= t < end` that lies in it. None: nothing does.
    pub fn part_of(&self, begin: Time, end: Time, now: Time) -> Option<(Time, Time)> {
        let (begin, end) = (begin.max(self.begin), end.min(self.end(now)));
        (begin < end).then_some((begin, end))
    }
}

/// Beginning and end of `BEGIN to END` (the word in any case) or `BEGIN/END`,
/// trimmed, each without `UTC` behind it. None if it is neither.
pub fn split_range(text: &str) -> Option<(&str, &str)> {
    let text = without_utc(text);
    let (begin, end) = at_word(text).or_else(|| at_slash(text))?;
    let (begin, end) = (without_utc(begin), without_utc(end));
    (!begin.is_empty() && !end.is_empty()).then_some((begin, end))
}

/// `text` around `to`. A `to` inside a word, as in October, is none.
fn at_word(text: &str) -> Option<(&str, &str)> {
    let found = text.char_indices().find_map(|(at, _)| {
        let (before, from) = text.split_at_checked(at)?;
        let (word, after) = from.split_at_checked(2)?;
        // In `1979-03-01Zto1979-03-02` the letter is no part of the word.
        let before = before.strip_suffix(['Z', 'z']).unwrap_or(before);
        let inside =
            before.ends_with(char::is_alphabetic) || after.starts_with(char::is_alphabetic);
        let joined = !before.is_empty() && from_now(after);
        (word.eq_ignore_ascii_case("to") && (!inside || joined)).then_some((at, at + 2))
    });
    let (begin, end) = found?;
    Some((text.get(..begin)?, text.get(end..)?))
}

/// Whether `text`, what follows a `to`, is the word `now`.
fn from_now(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("now")
}

/// `text` around its only `/`, or around the only one between blanks: dates
/// may hold more of them.
fn at_slash(text: &str) -> Option<(&str, &str)> {
    let sole = |separator: &str| {
        let (begin, end) = text.split_once(separator)?;
        (!end.contains(separator)).then_some((begin, end))
    };
    sole(" / ").or_else(|| sole("/"))
}

fn without_utc(text: &str) -> &str {
    let text = text.trim();
    let start = text.len().saturating_sub(3);
    match text.split_at_checked(start) {
        Some((before, last)) if last.eq_ignore_ascii_case("utc") => before.trim_end(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting() {
        for (text, begin, end) in [
            ("2017-01-01 to 2017-03-01 UTC", "2017-01-01", "2017-03-01"),
            ("2017-01-01 TO 2017-03-01", "2017-01-01", "2017-03-01"),
            (
                "2017-01-01 UTC to 2017-03-01 utc",
                "2017-01-01",
                "2017-03-01",
            ),
            ("2017-01-01\tto  now", "2017-01-01", "now"),
            ("2017-01-01to2017-03-01", "2017-01-01", "2017-03-01"),
            ("2017-01-01Zto2017-03-01Z", "2017-01-01Z", "2017-03-01Z"),
            ("2017-01-01/2017-03-01", "2017-01-01", "2017-03-01"),
            ("2017-01-01 / 2017-03-01", "2017-01-01", "2017-03-01"),
            ("1/2/2017 / 3/4/2017", "1/2/2017", "3/4/2017"),
            ("1/2/2017 to 3/4/2017", "1/2/2017", "3/4/2017"),
            (
                "5 October 2017 to 6 October 2017",
                "5 October 2017",
                "6 October 2017",
            ),
        ] {
            assert_eq!(split_range(text), Some((begin, end)), "{text}");
        }
        for text in [
            "",
            "2010-03-01",
            "to",
            "a to",
            "to b",
            "UTC",
            "1/2/2017",
            "October",
            "a/ /b",
            "é",
        ] {
            assert_eq!(split_range(text), None, "{text}");
        }
    }

    #[test]
    fn valid_ranges() {
        let range = ValidRange::parse("1979-03-01T12:26:11 to 1979-03-01T12:29:24 UTC").unwrap();
        assert_eq!(
            range.begin,
            parse_query("1979-03-01T12:26:11", None).unwrap()
        );
        let end = parse_query("1979-03-01T12:29:24", None).unwrap();
        assert_eq!(range.end, RangeEnd::At(end));
        assert_eq!(range.end(Time::now()), end);
        for text in [
            "1977-01-01 to Now",
            "1977-01-01/NOW",
            "1977-01-01 to now UTC",
        ] {
            let range = ValidRange::parse(text).unwrap();
            assert_eq!(range.end, RangeEnd::Now, "{text}");
            let now = parse_query("2026-12-31T23:59:59", None).unwrap();
            assert_eq!(range.end(now), parse_query("2027-01-01", None).unwrap());
        }
    }

    #[test]
    fn wrong_ranges_say_what_to_write() {
        for (text, words) in [
            ("", "BEGIN to END"),
            ("1979-03-01", "BEGIN to END"),
            ("soon to now", "write another time"),
            ("1979-03-01 to later", "write another time"),
            ("1979-03-02 to 1979-03-01", "after the beginning"),
            ("1979-03-02 to 1979-03-02", "after the beginning"),
        ] {
            let message = ValidRange::parse(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
