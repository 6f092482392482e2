//! Why a text is no time, in words fit for whoever wrote it.

use std::fmt;
use thiserror::Error;

/// A text that cannot be read as a time. The message quotes a harmless excerpt
/// of the text and says what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("'{text}' is not a time: {problem}")]
pub struct TimeError {
    text: Excerpt,
    problem: Problem,
}

impl TimeError {
    pub(super) fn new(text: &[u8], problem: Problem) -> TimeError {
        TimeError {
            text: Excerpt::new(text),
            problem,
        }
    }

    /// What is wrong.
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

/// What is wrong with a text that should be a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Nothing but blanks and separators.
    #[error("it is empty, write it like 2017-03-01T12:30:00")]
    Empty,
    /// More than 64 characters in a query.
    #[error("it is longer than 64 characters, write it like 2017-03-01T12:30:00")]
    TooLong,
    /// Control characters, or characters outside ASCII.
    #[error("only plain letters, digits and punctuation may be in it")]
    Characters,
    /// `now` where the caller has no clock.
    #[error("'now' cannot be used here, write it like 2017-03-01T12:30:00")]
    Now,
    /// A minus sign in front.
    #[error("it begins with a minus sign, write the year first, 0001 to 9999")]
    Minus,
    /// No year in a query.
    #[error("it has no year, write the year with four digits, like 2017-03-01")]
    NoYear,
    /// A year, but neither month nor day.
    #[error("it has a year but no month, write the date like 2017-03-01")]
    NoMonth,
    /// Outside years 1 to 9999 in a query, or beyond what can be represented.
    #[error("its year is not between 0001 and 9999")]
    Year,
    /// A month above 12, in a date in year-month-day order.
    #[error("its month is not between 01 and 12, write dates as year-month-day")]
    Month,
    /// A day that the month or year does not have.
    #[error("there is no such day in that month or year")]
    Day,
    /// A fraction of anything but a second.
    #[error("only seconds may have a fraction, write it like 2017-03-01T12:30:00.5")]
    Fraction,
    /// An hour above 23.
    #[error("its hour is not between 00 and 23 (24:00 is midnight at the day's end)")]
    Hour,
    /// A minute above 59.
    #[error("its minute is not between 00 and 59")]
    Minute,
    /// A second above 61.
    #[error("its second is not between 00 and 61")]
    Second,
    /// An offset from UTC that is not one.
    #[error("its offset from UTC should be like +01:00, after hours and minutes, or Z for none")]
    Offset,
    /// A word that is neither a number nor a month.
    #[error(
        "it has a word that is neither a number nor an English month, write it like 2017-03-01T12:30:00"
    )]
    Word,
    /// A number that fits nowhere.
    #[error("its numbers do not make up one date and time, write it like 2017-03-01T12:30:00")]
    Numbers,
}

const EXCERPT: usize = 32;

/// The beginning of a text, with `?` for all that could do harm in a page, a
/// log or a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Excerpt {
    bytes: [u8; EXCERPT],
    cut: bool,
}

impl Excerpt {
    fn new(text: &[u8]) -> Excerpt {
        let mut bytes = [0; EXCERPT];
        for (kept, byte) in bytes.iter_mut().zip(text) {
            let harmless = byte.is_ascii_alphanumeric() || b" :./_,()+-".contains(byte);
            *kept = if harmless { *byte } else { b'?' };
        }
        Excerpt {
            bytes,
            cut: text.len() > EXCERPT,
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.bytes.split(|byte| *byte == 0).next();
        f.write_str(std::str::from_utf8(used.unwrap_or_default()).unwrap_or_default())?;
        f.write_str(if self.cut { "..." } else { "" })
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{self}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_quoted_without_harm() {
        let error = TimeError::new(b"<script>\x1b[2J\"'\xff2017", Problem::Word);
        let shown = error.to_string();
        assert!(
            shown.starts_with("'?script???2J???2017' is not a time: "),
            "{shown}"
        );
        let long = TimeError::new(&[b'x'; 5000], Problem::TooLong).to_string();
        assert!(long.len() < 140 && long.contains("xxx...'"), "{long}");
    }
}
