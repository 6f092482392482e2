//! The parts of a line: `[Tue Nov 24 16:03:14 2026 31795    5] text`.

use chrono::{NaiveDate, NaiveDateTime};
use memchr::memchr;

/// No prefix is longer, in bytes.
const LONGEST_PREFIX: usize = 64;

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A line of a log, without its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Time and process id as written: what the lines of a request share.
    pub(super) key: &'a [u8],
    /// From 0, for each request.
    pub(super) number: u64,
    pub(super) text: &'a [u8],
}

impl<'a> Line<'a> {
    /// None for what is no line of a log.
    pub(super) fn of(line: &'a [u8]) -> Option<Line<'a>> {
        let rest = line.strip_prefix(b"[")?;
        let end = memchr(b']', rest.get(..LONGEST_PREFIX).unwrap_or(rest))?;
        let prefix = rest.get(..end)?;
        let text = rest.get(end + 1..)?;
        let blank = prefix.iter().rposition(|byte| *byte == b' ')?;
        let key = prefix.get(..blank)?.trim_ascii_end();
        stamp(key)?;
        Some(Line {
            key,
            number: number(prefix.get(blank + 1..)?)?,
            text: text.strip_prefix(b" ").unwrap_or(text),
        })
    }

    /// As [`Line::of`], for lines of a known key only, and faster.
    pub(super) fn of_key(line: &'a [u8], key: &[u8]) -> Option<Line<'a>> {
        let rest = line.strip_prefix(b"[")?.strip_prefix(key)?;
        let end = memchr(b']', rest.get(..LONGEST_PREFIX).unwrap_or(rest))?;
        let text = rest.get(end + 1..)?;
        let digits = rest.get(..end)?.strip_prefix(b" ")?.trim_ascii_start();
        Some(Line {
            key: line.get(1..=key.len())?,
            number: number(digits)?,
            text: text.strip_prefix(b" ").unwrap_or(text),
        })
    }
}

/// When the request of a key began, local time, and its process id.
pub(super) fn stamp(key: &[u8]) -> Option<(NaiveDateTime, u32)> {
    let mut words = key
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    words.next().filter(|day| day.len() == 3)?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let day = number(words.next()?)?;
    let mut clock = words.next()?.split(|byte| *byte == b':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let year = number(words.next()?)?;
    let pid = number(words.next()?)?;
    if words.next().is_some() || clock.next().is_some() {
        return None;
    }
    let small = |number: u64| u32::try_from(number).ok();
    let year = i32::try_from(year).ok().filter(|year| *year <= 9999)?;
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()? + 1, small(day)?)?;
    let time = date.and_hms_opt(small(hour)?, small(minute)?, small(second)?)?;
    Some((time, small(pid)?))
}

fn number(digits: &[u8]) -> Option<u64> {
    let plausible = (1..=12).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    plausible.then(|| {
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let line = Line::of(b"[Wed Nov  4 16:03:14 2026 31795    5]    text ] x").unwrap();
        assert_eq!(
            (line.key, line.number, line.text),
            (
                b"Wed Nov  4 16:03:14 2026 31795".as_slice(),
                5,
                b"   text ] x".as_slice()
            )
        );
        assert_eq!(
            Line::of_key(b"[Wed Nov  4 16:03:14 2026 31795 1234] x", line.key).unwrap(),
            Line {
                number: 1234,
                text: b"x",
                ..line
            }
        );
        let (time, pid) = stamp(line.key).unwrap();
        assert_eq!(
            (time.to_string().as_str(), pid),
            ("2026-11-04 16:03:14", 31795)
        );
    }

    #[test]
    fn no_lines() {
        for text in [
            "",
            "[",
            "[]",
            "x",
            "[Wed Nov  4 16:03:14 2026 31795]",
            "[Wed Nov  4 16:03:14 2026 31795 x] y",
            "[Wed Xyz  4 16:03:14 2026 31795    5] y",
            "[Wed Nov 31 16:03:14 2026 31795    5] y",
            "[Wed Nov  4 25:03:14 2026 31795    5] y",
            "[Wed Nov  4 16:03:14 99999999 31795    5] y",
            "[Wed Nov  4 16:03:14 2026 99999999999    5] y",
            "[Wed Nov  4 16:03:14:1 2026 31795    5] y",
        ] {
            assert_eq!(Line::of(text.as_bytes()), None, "{text}");
        }
        let key = b"Wed Nov  4 16:03:14 2026 3179";
        assert_eq!(
            Line::of_key(b"[Wed Nov  4 16:03:14 2026 31795    5] x", key),
            None
        );
    }
}
