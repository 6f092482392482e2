//! ISO forms of times that data do not have: compact ones, `24:00`, parts that carry,
//! offsets from UTC.

use super::civil;
use super::error::Problem;
use super::instant::{NS_PER_SECOND, Time};

/// No time is later than the end of this year.
pub(super) const LAST_YEAR: i32 = 9999;

/// Reads such a text. None when it has no such shape; an error when it has, but there
/// is no such time.
pub(super) fn parse(text: &[u8]) -> Result<Option<Time>, Problem> {
    let Some((year, day_of_year, rest)) = date(text)? else {
        return Ok(None);
    };
    let (clock, rest) = match rest {
        [b'T' | b't' | b' ', rest @ ..] => match clock(rest) {
            Some(clock) => clock,
            None => return Ok(None),
        },
        _ => (Clock::default(), rest),
    };
    let offset = match rest {
        [] | b"Z" | b"z" => 0,
        _ if clock.has_minutes => match offset(rest)? {
            Some(minutes) => minutes,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let midnight = Time::from_ordinal(year, day_of_year, 0).ok_or(Problem::Day)?;
    let time = clock.on(midnight)?;
    // Years that the offset leads out of are no times either.
    Ok(Some(time.plus_seconds(-offset * 60).ok_or(Problem::Year)?))
}

/// A date and what follows it.
pub(super) struct Dated<'a> {
    year: i32,
    month: u32,
    day: u32,
    rest: &'a [u8],
}

impl Dated<'_> {
    pub(super) fn day_of_year(&self) -> Result<u32, Problem> {
        if !(1..=LAST_YEAR).contains(&self.year) {
            return Err(Problem::Year);
        }
        if !(1..=12).contains(&self.month) {
            return Err(Problem::Month);
        }
        if self.day == 0 || self.day > civil::days_in_month(self.year, self.month) {
            return Err(Problem::Day);
        }
        Ok(civil::days_before_month(self.year, self.month) + self.day)
    }
}

/// `yyyy-m-d`, also with slashes: a date whose order is plain to see.
pub(super) fn year_first(text: &[u8]) -> Option<Dated<'_>> {
    let (year, rest) = fixed(text, 4)?;
    let (month, rest) = up_to_two(after(rest, b"-/")?)?;
    let (day, rest) = up_to_two(after(rest, b"-/")?)?;
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some(Dated {
        year: year as i32,
        month,
        day,
        rest,
    })
}

/// Year, day of the year, what follows.
type Ordinal<'a> = (i32, u32, &'a [u8]);

/// From `yyyy-mm-dd`, `yyyymmdd` or `yyyy-ddd`.
fn date(text: &[u8]) -> Result<Option<Ordinal<'_>>, Problem> {
    let begins_time = |rest: &[u8]| matches!(rest, [] | [b'T' | b't' | b' ' | b'Z' | b'z', ..]);
    let compact = || {
        let (year, rest) = fixed(text, 4)?;
        let (month, rest) = fixed(rest, 2)?;
        let (day, rest) = fixed(rest, 2)?;
        Some(Dated {
            year: year as i32,
            month,
            day,
            rest,
        })
    };
    if let Some(date) = year_first(text).or_else(compact)
        && begins_time(date.rest)
    {
        return Ok(Some((date.year, date.day_of_year()?, date.rest)));
    }
    let ordinal = || {
        let (year, rest) = fixed(text, 4)?;
        let (day, rest) = fixed(after(rest, b"-")?, 3)?;
        Some((year as i32, day, rest))
    };
    match ordinal() {
        Some((0, _, _)) => Err(Problem::Year),
        Some((year, day, rest)) if begins_time(rest) => {
            let days = 365 + u32::from(civil::is_leap(year));
            match (1..=days).contains(&day) {
                true => Ok(Some((year, day, rest))),
                false => Err(Problem::Day),
            }
        }
        _ => Ok(None),
    }
}

/// A time of day as written.
#[derive(Default)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    ns: u64,
    has_minutes: bool,
}

impl Clock {
    fn on(&self, midnight: Time) -> Result<Time, Problem> {
        let past_the_hour = self.minute != 0 || self.second != 0 || self.ns != 0;
        if self.hour > 24 || (self.hour == 24 && past_the_hour) {
            return Err(Problem::Hour);
        }
        let seconds = u64::from(self.hour * 3600 + self.minute * 60 + self.second);
        let ns = seconds * NS_PER_SECOND + self.ns;
        let in_leap_second = self.hour == 23 && self.minute == 59 && self.second < 62;
        let time = if in_leap_second {
            Time::from_day(midnight.day_number(), ns)
        } else {
            Time::from_ns2000(midnight.ns2000() + i128::from(ns))
        };
        time.ok_or(Problem::Year)
    }
}

/// `hh`, `hh:mm`, `hh:mm:ss[.f]`, `hhmm`, `hhmmss[.f]`, and what follows.
/// A fraction after hours or minutes is none of these.
fn clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let mut clock = Clock::default();
    let (hour, rest) = up_to_two(text)?;
    clock.hour = hour;
    let colon = rest.first() == Some(&b':');
    let part = |rest| match colon {
        true => up_to_two(after(rest, b":")?),
        false => fixed(rest, 2),
    };
    let Some((minute, rest)) = part(rest) else {
        return Some((clock, rest));
    };
    clock.minute = minute;
    clock.has_minutes = true;
    let Some((second, rest)) = part(rest) else {
        return Some((clock, rest));
    };
    clock.second = second;
    let Some(digits) = after(rest, b".,") else {
        return Some((clock, rest));
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = digits.split_at_checked(count)?;
    for (byte, power) in digits.iter().zip((0..9).rev()) {
        clock.ns += u64::from(byte - b'0') * 10u64.pow(power);
    }
    Some((clock, rest))
}

/// Minutes that local time is ahead of UTC, from `+hh:mm`, `-hh:mm`, `+hhmm`, `-hhmm`.
fn offset(text: &[u8]) -> Result<Option<i64>, Problem> {
    let (sign, text) = match text {
        [b'+', text @ ..] => (1, text),
        [b'-', text @ ..] => (-1, text),
        _ => return Ok(None),
    };
    let parts = || {
        let (hours, rest) = fixed(text, 2)?;
        let (minutes, rest) = fixed(after(rest, b":").unwrap_or(rest), 2)?;
        rest.is_empty().then_some((hours, minutes))
    };
    match parts() {
        Some((hours, minutes)) if hours < 24 && minutes < 60 => {
            Ok(Some(sign * i64::from(hours * 60 + minutes)))
        }
        // Words set off by a minus sign may be read by the general parser.
        None if sign < 0 => Ok(None),
        _ => Err(Problem::Offset),
    }
}

/// What follows one of these bytes.
fn after<'a>(text: &'a [u8], one_of: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = text.split_first()?;
    one_of.contains(first).then_some(rest)
}

/// A number of exactly so many digits, and what follows them.
fn fixed(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let mut value = 0;
    for byte in number {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some((value, rest))
}

fn up_to_two(text: &[u8]) -> Option<(u32, &[u8])> {
    fixed(text, 2).or_else(|| fixed(text, 1))
}
