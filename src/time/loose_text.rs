//! The general parser: the many ways in which people and old data write
//! times, by the rules that das2 programs have always had.
//!
//! The text is cut into words. Words before the end of the date are sorted
//! into year, month and day by their size and their number of digits; words
//! after it are hour, minute and second, in this order.

use super::civil;
use super::error::{Problem, TimeError};
use super::instant::{NS_PER_SECOND, Time};
use super::number_word::{Number, number};

/// Only so much of a text counts.
const LONGEST: usize = 80;
const MOST_WORDS: usize = 10;
const MONTHS: [&[u8]; 12] = [
    b"january",
    b"february",
    b"march",
    b"april",
    b"may",
    b"june",
    b"july",
    b"august",
    b"september",
    b"october",
    b"november",
    b"december",
];

/// A time, and whether the text gave its year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loose {
    pub(super) time: Time,
    pub(super) year_given: bool,
}

/// Reads any form that das2C's parser accepts.
pub(super) fn parse(text: &[u8]) -> Result<Loose, TimeError> {
    let mut room = [0; LONGEST];
    let line = normalised(text, &mut room);
    read(line).map_err(|problem| TimeError::new(text, problem))
}

/// The part that counts, up to a `Z` or NUL, with the first comma as a point.
fn normalised<'a>(text: &[u8], room: &'a mut [u8; LONGEST]) -> &'a [u8] {
    let mut length = 0;
    let mut comma_seen = false;
    for (kept, byte) in room.iter_mut().zip(text) {
        if matches!(*byte, b'Z' | 0) {
            break;
        }
        *kept = match *byte {
            b',' if !comma_seen => b'.',
            other => other,
        };
        comma_seen |= *byte == b',';
        length += 1;
    }
    room.get(..length).unwrap_or_default()
}

fn read(line: &[u8]) -> Result<Loose, Problem> {
    let marker = date_marker(line);
    let end_of_date = match marker {
        Some(at) => Some(at),
        None => third_separator(line),
    };
    let mut fields = Fields::default();
    let mut words = 0;
    for (at, word) in words_of(line, marker.is_some()).take(MOST_WORDS) {
        words += 1;
        if end_of_date.is_some_and(|end| at > end) {
            fields.end_date();
        }
        if fields.take(word)? == Next::Stop {
            break;
        }
    }
    match words {
        0 => Err(Problem::Empty),
        _ => fields.finish(),
    }
}

/// Where the first `T` stands, if it follows a digit.
fn date_marker(line: &[u8]) -> Option<usize> {
    let at = line.iter().position(|byte| *byte == b'T')?;
    let before = line.get(at.checked_sub(1)?)?;
    before.is_ascii_digit().then_some(at)
}

fn third_separator(line: &[u8]) -> Option<usize> {
    let marks = line
        .iter()
        .enumerate()
        .filter(|(_, byte)| b"/-:_;\r\n".contains(byte));
    marks.map(|(at, _)| at).nth(2)
}

/// The words and where they begin.
fn words_of(line: &[u8], t_separates: bool) -> impl Iterator<Item = (usize, &[u8])> {
    let separates =
        move |byte: &u8| b" \t/-:_;\r\n".contains(byte) || (t_separates && *byte == b'T');
    let mut begin = 0;
    line.split(separates)
        .map(move |word| {
            let at = begin;
            begin += word.len() + 1;
            (at, word)
        })
        .filter(|(_, word)| !word.is_empty())
}

#[derive(PartialEq)]
enum Next {
    Go,
    Stop,
}

/// What has been understood so far. Zero is "not known" for year, month and
/// days; a `..._open` field may still be given.
struct Fields {
    year: u32,
    month: u32,
    day: u32,
    day_of_year: u32,
    hour: u32,
    minute: u32,
    /// Seconds of the minute in nanoseconds.
    ns: u64,
    /// A number up to 12 that may be month or day.
    held: u32,
    date_open: bool,
    year_open: bool,
    month_open: bool,
    day_open: bool,
    hour_open: bool,
    minute_open: bool,
    second_open: bool,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields {
            year: 0,
            month: 0,
            day: 0,
            day_of_year: 0,
            hour: 0,
            minute: 0,
            ns: 0,
            held: 0,
            date_open: true,
            year_open: true,
            month_open: true,
            day_open: true,
            hour_open: false,
            minute_open: false,
            second_open: false,
        }
    }
}

impl Fields {
    fn end_date(&mut self) {
        if self.date_open {
            self.date_open = false;
            self.hour_open = true;
            self.minute_open = true;
            self.second_open = true;
        }
    }

    fn take(&mut self, word: &[u8]) -> Result<Next, Problem> {
        if is_bracketed_day(word) {
            return Ok(Next::Go);
        }
        match number(word) {
            Number::None => self.take_name(word)?,
            Number::Absurd(problem) => return Err(problem),
            Number::Fraction(ns) if self.second_open => {
                self.ns = ns;
                return Ok(Next::Stop);
            }
            Number::Fraction(_) => return Err(Problem::Fraction),
            Number::Whole(number) if self.date_open => {
                self.take_date(number, word.len())?;
                if !(self.year_open || self.month_open || self.day_open) {
                    self.end_date();
                }
            }
            Number::Whole(number) => self.take_time(number, word.len())?,
        }
        Ok(Next::Go)
    }

    /// A word that is no number must be a month. Once the month is known, other
    /// words of the date are passed over, as das2C does.
    fn take_name(&mut self, word: &[u8]) -> Result<(), Problem> {
        if word.len() < 3 || !self.date_open {
            return Err(Problem::Word);
        }
        let begins_with = |name: &&[u8]| {
            let head = name.get(..word.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(word))
        };
        match (1..).zip(MONTHS.iter()).find(|(_, name)| begins_with(name)) {
            None if self.month_open => Err(Problem::Word),
            None => Ok(()),
            Some((month, _)) => {
                self.month = month;
                self.month_open = false;
                if self.held != 0 {
                    if self.day != 0 {
                        return Err(Problem::Numbers);
                    }
                    self.day = std::mem::take(&mut self.held);
                    self.day_open = false;
                }
                Ok(())
            }
        }
    }

    fn take_date(&mut self, number: u32, length: usize) -> Result<(), Problem> {
        match number {
            0 => Err(Problem::Numbers),
            _ if self.year_open && length == 4 => {
                self.year = number;
                self.year_open = false;
                Ok(())
            }
            1..=12 => self.take_small(number, length),
            13..=31 => self.take_day(number, length),
            _ => self.take_large(number),
        }
    }

    /// Above 31: a year, or else a day of the year.
    fn take_large(&mut self, number: u32) -> Result<(), Problem> {
        if self.year_open {
            self.year = if number < 1000 { number + 1900 } else { number };
            self.year_open = false;
        } else if self.month_open {
            self.set_day_of_year(number);
            self.month = 0;
            self.month_open = false;
        } else {
            return Err(Problem::Numbers);
        }
        Ok(())
    }

    /// 13 to 31: a day, of the year when it has three digits.
    fn take_day(&mut self, number: u32, length: usize) -> Result<(), Problem> {
        if !self.day_open {
            return Err(Problem::Numbers);
        }
        if self.held != 0 {
            self.month = self.held;
            self.month_open = false;
        }
        if length != 3 {
            self.day = number;
            self.day_open = false;
            return Ok(());
        }
        self.take_three_digits(number)
    }

    fn take_three_digits(&mut self, number: u32) -> Result<(), Problem> {
        if self.month != 0 {
            return Err(Problem::Numbers);
        }
        self.set_day_of_year(number);
        self.day = 0;
        self.month_open = false;
        Ok(())
    }

    fn set_day_of_year(&mut self, number: u32) {
        self.day_of_year = number;
        self.day_open = false;
    }

    /// 1 to 12: whatever of month and day is missing, or held until that is known.
    fn take_small(&mut self, number: u32, length: usize) -> Result<(), Problem> {
        if !self.month_open {
            if self.month != 0 {
                self.day = number;
                self.day_of_year = 0;
            } else {
                self.day = 0;
                self.day_of_year = number;
            }
            self.day_open = false;
        } else if !self.day_open {
            if self.day_of_year != 0 {
                return Err(Problem::Numbers);
            }
            self.set_month(number);
        } else if !self.year_open && length == 3 {
            return self.take_three_digits(number);
        } else if !self.year_open {
            if self.day_of_year != 0 {
                return Err(Problem::Numbers);
            }
            self.set_month(number);
            if self.held != 0 {
                self.day = self.held;
                self.day_open = false;
            }
        } else if self.held != 0 {
            let month = std::mem::take(&mut self.held);
            self.set_month(month);
            self.day = number;
            self.day_open = false;
        } else {
            self.held = number;
        }
        Ok(())
    }

    fn set_month(&mut self, month: u32) {
        self.month = month;
        self.month_open = false;
    }

    fn take_time(&mut self, number: u32, length: usize) -> Result<(), Problem> {
        if self.hour_open && length == 4 {
            self.hour = within(number / 100, 23, Problem::Hour)?;
            self.minute = within(number % 100, 59, Problem::Minute)?;
            self.hour_open = false;
            self.minute_open = false;
        } else if self.hour_open {
            self.hour = within(number, 23, Problem::Hour)?;
            self.hour_open = false;
        } else if self.minute_open {
            self.minute = within(number, 59, Problem::Minute)?;
            self.minute_open = false;
        } else if self.second_open {
            self.ns = u64::from(within(number, 61, Problem::Second)?) * NS_PER_SECOND;
            self.second_open = false;
        } else {
            return Err(Problem::Numbers);
        }
        Ok(())
    }

    fn finish(self) -> Result<Loose, Problem> {
        let year_given = self.year != 0;
        let year = match self.year {
            0 => Time::now().calendar().year,
            year => i32::try_from(year).map_err(|_| Problem::Year)?,
        };
        let day_of_year = self.day_of_year_in(year)?;
        let minutes = u64::from(self.hour * 60 + self.minute);
        let time = day_and_ns(year, day_of_year, minutes * 60 * NS_PER_SECOND, self.ns);
        Ok(Loose {
            time: time.ok_or(Problem::Year)?,
            year_given,
        })
    }

    fn day_of_year_in(&self, year: i32) -> Result<u32, Problem> {
        match (self.month, self.day, self.day_of_year) {
            (0, 0, 0) => Err(Problem::NoMonth),
            (0, 0, of_year) if of_year <= 365 + u32::from(civil::is_leap(year)) => Ok(of_year),
            (0, 0, _) => Err(Problem::Day),
            (0, _, 0) => Err(Problem::NoMonth),
            (month, day, 0) if day.max(1) <= civil::days_in_month(year, month) => {
                Ok(civil::days_before_month(year, month) + day.max(1))
            }
            (_, _, 0) => Err(Problem::Day),
            _ => Err(Problem::Numbers),
        }
    }
}

/// A second 60 or 61 stays one at the end of the day; any further second is
/// one of the next day.
fn day_and_ns(year: i32, day_of_year: u32, minutes_ns: u64, ns: u64) -> Option<Time> {
    match Time::from_ordinal(year, day_of_year, minutes_ns.saturating_add(ns)) {
        Some(time) => Some(time),
        None => {
            Time::from_ordinal(year, day_of_year, minutes_ns)?.plus_nanos(i64::try_from(ns).ok()?)
        }
    }
}

fn within(number: u32, most: u32, problem: Problem) -> Result<u32, Problem> {
    if number > most {
        Err(problem)
    } else {
        Ok(number)
    }
}

/// `(ddd)`: a day of the year that repeats what the date says.
fn is_bracketed_day(word: &[u8]) -> bool {
    match word {
        [b'(', inner @ .., b')'] if inner.len() == 3 => match number(inner) {
            Number::Whole(day) => (1..367).contains(&day),
            Number::Fraction(ns) => ns < 367 * NS_PER_SECOND,
            _ => false,
        },
        _ => false,
    }
}
