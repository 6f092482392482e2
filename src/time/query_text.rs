//! Times in queries and on command lines: all that data may hold and more
//! besides, but nothing whose meaning is a guess.

use super::error::{Problem, TimeError};
use super::extended_text::{self, LAST_YEAR, year_first};
use super::instant::Time;
use super::{iso_text, loose_text};

const LONGEST: usize = 64;

/// Reads a time that a person or a client wrote. `now` is the time that the
/// word `now` stands for, where it is allowed.
///
/// Besides the forms of [`parse_field`](super::parse_field): `24:00` for
/// midnight at the end of the day, minutes and whole seconds up to 99 that
/// carry, `t` for `T`, offsets from UTC (`+hh:mm`, `-hh:mm`, `+hhmm`) after
/// hours and minutes, and the compact `yyyymmdd` and `yyyymmddThhmm[ss]`.
///
/// # Errors
/// Besides what is no time at all: texts without a year, dates written as
/// year, day, month, years outside 1 to 9999, a leading minus sign, characters
/// outside printable ASCII, and more than 64 of them. The message says what to
/// write instead.
pub fn parse_query(text: &str, now: Option<Time>) -> Result<Time, TimeError> {
    let text = text.trim_ascii().as_bytes();
    read(text, now).map_err(|problem| TimeError::new(text, problem))
}

/// True when das2C's programs read the same time from this text as
/// [`parse_query`] does, and the text is made of harmless characters only, so
/// that it can be given to a reader as the client wrote it.
pub fn is_plain(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b" :./_,()-".contains(&byte);
    let bytes = text.as_bytes();
    if bytes.starts_with(b"-") || !bytes.iter().all(|byte| harmless(*byte)) {
        return false;
    }
    let after_z = bytes.iter().skip_while(|byte| **byte != b'Z').skip(1);
    if after_z.count() > 0 {
        return false;
    }
    match (parse_query(text, None), loose_text::parse(bytes)) {
        (Ok(asked), Ok(loose)) => loose.year_given && asked == loose.time,
        _ => false,
    }
}

fn read(text: &[u8], now: Option<Time>) -> Result<Time, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if text.len() > LONGEST {
        return Err(Problem::TooLong);
    }
    if !text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Err(Problem::Characters);
    }
    if text.starts_with(b"-") {
        return Err(Problem::Minus);
    }
    if text.eq_ignore_ascii_case(b"now") {
        return now.ok_or(Problem::Now);
    }
    let time = match iso_text::parse(text) {
        Some(time) => time,
        None => match extended_text::parse(text)? {
            Some(time) => time,
            None => guarded_loose(text)?,
        },
    };
    if time.calendar().year > LAST_YEAR {
        return Err(Problem::Year);
    }
    Ok(time)
}

/// The general parser, without what it would have to guess.
fn guarded_loose(text: &[u8]) -> Result<Time, Problem> {
    if text.contains(&b'+') {
        return Err(Problem::Offset);
    }
    if let Some(date) = year_first(text) {
        date.day_of_year()?;
    }
    let loose = loose_text::parse(text).map_err(|error| error.problem())?;
    if loose.year_given {
        Ok(loose.time)
    } else {
        Err(Problem::NoYear)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::super::{Style, parse_field};
    use super::*;

    fn shown(text: &str) -> Result<String, Problem> {
        match parse_query(text, None) {
            Ok(time) => Ok(time.iso(Style::Calendar, 3).to_string()),
            Err(error) => Err(error.problem()),
        }
    }

    #[test]
    fn what_queries_may_say_besides() {
        for (text, meaning) in [
            ("2010-06-15T24:00", "2010-06-16T00:00:00.000"),
            ("2010-12-31T24:00:00", "2011-01-01T00:00:00.000"),
            ("2010-166T24:00:00.0Z", "2010-06-16T00:00:00.000"),
            ("2010-06-15 24", "2010-06-16T00:00:00.000"),
            ("2010-06-15T23:75", "2010-06-16T00:15:00.000"),
            ("2010-06-15T23:59:62", "2010-06-16T00:00:02.000"),
            ("2010-06-15T10:75:90.5", "2010-06-15T11:16:30.500"),
            ("2010-06-15T23:59:60", "2010-06-15T23:59:60.000"),
            ("2010-06-15T23:59:61.25Z", "2010-06-15T23:59:61.250"),
            ("2010-06-15T12:59:60", "2010-06-15T13:00:00.000"),
            ("2017-01-01t12:30", "2017-01-01T12:30:00.000"),
            ("2017-01-01t12:30:15.5z", "2017-01-01T12:30:15.500"),
            ("2017-001t12", "2017-01-01T12:00:00.000"),
            ("2017-01-01T12:30:15+01:00", "2017-01-01T11:30:15.000"),
            ("2017-01-01T12:30+01:00", "2017-01-01T11:30:00.000"),
            ("2017-01-01T00:30:15.5+0100", "2016-12-31T23:30:15.500"),
            ("2017-01-01T23:30:15-05:30", "2017-01-02T05:00:15.000"),
            ("2017-01-01T1230-0130", "2017-01-01T14:00:00.000"),
            ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00.000"),
            ("20170101", "2017-01-01T00:00:00.000"),
            ("20170101T1230", "2017-01-01T12:30:00.000"),
            ("20170101T123015", "2017-01-01T12:30:15.000"),
            ("20170101T123015.25Z", "2017-01-01T12:30:15.250"),
            ("20170101t123015-0100", "2017-01-01T13:30:15.000"),
            ("20170101T12", "2017-01-01T12:00:00.000"),
            ("2017-01-01T235959", "2017-01-01T23:59:59.000"),
            ("2017-1-2T3:4:5", "2017-01-02T03:04:05.000"),
            ("2017/1/2", "2017-01-02T00:00:00.000"),
            ("2017-01-01T12:30:15,5", "2017-01-01T12:30:15.500"),
            // As das2C reads them.
            ("2017-01-01T12.5", "2017-01-01T00:00:12.500"),
            ("2017-01-01T12:30.5", "2017-01-01T12:00:30.500"),
            ("2017-01-01T12-01:30", "2017-01-01T12:01:30.000"),
            ("2010-06-15T23:59:75.5", "2010-06-16T00:00:15.500"),
            ("2017-01-01T12:30:15Zgarbage", "2017-01-01T12:30:15.000"),
            ("  Mar 1, 1979 ", "1979-03-01T00:00:00.000"),
            ("2017_03_01_12_30_05", "2017-03-01T12:30:05.000"),
            ("1977-248 0:00", "1977-09-05T00:00:00.000"),
            ("0001-01-01", "0001-01-01T00:00:00.000"),
            ("9999-12-31T23:59:59.999", "9999-12-31T23:59:59.999"),
        ] {
            assert_eq!(shown(text), Ok(meaning.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_queries_may_not_say() {
        let long = format!("2017-01-01T12:30:15.{}", "5".repeat(50));
        for (text, problem) in [
            ("31-01-01", Problem::NoYear),
            ("1 2 3", Problem::NoYear),
            ("Mar 5", Problem::NoYear),
            ("2001-13-01", Problem::Month),
            ("2001-13-1T12:30", Problem::Month),
            ("2001/13/01", Problem::Month),
            ("2001-13-01 12:30:15.5 ", Problem::Month),
            ("20011301", Problem::Month),
            ("2001-00-01", Problem::Month),
            ("2017-02-29", Problem::Day),
            ("2017-02-29T24:00", Problem::Day),
            ("2017-366", Problem::Day),
            ("2017-000", Problem::Day),
            ("0000-01-01", Problem::Year),
            ("0000-001", Problem::Year),
            ("10000-01-01", Problem::Year),
            ("9999-12-31T24:00", Problem::Year),
            ("0001-01-01T00:30+01:00", Problem::Year),
            ("99999-12-31", Problem::Year),
            ("99999999-12-31", Problem::Year),
            ("-1-01-01", Problem::Minus),
            ("-2017-01-01", Problem::Minus),
            ("2017-01-01T12:30\u{661}", Problem::Characters),
            ("2017\u{2013}01\u{2013}01", Problem::Characters),
            ("2017-01-01\n12", Problem::Characters),
            ("2017-01-01\0", Problem::Characters),
            (&long, Problem::TooLong),
            ("", Problem::Empty),
            ("  ", Problem::Empty),
            ("--", Problem::Minus),
            ("now", Problem::Now),
            ("2017", Problem::NoMonth),
            ("2017-01-01T25:00", Problem::Hour),
            ("2017-01-01T24:01", Problem::Hour),
            ("2017-01-01T24:00:00.1", Problem::Hour),
            ("2017-01-01T12+01:00", Problem::Offset),
            ("2017-01-01T12:30+25:00", Problem::Offset),
            ("2017-01-01T12:30+1", Problem::Offset),
            ("2017-01-01 12:00 PM", Problem::Word),
            ("yesterday", Problem::Word),
            ("5 jan 17", Problem::Numbers),
        ] {
            assert_eq!(shown(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn now_where_it_is_allowed() {
        let now = Time::new(2020, 2, 3, 4);
        assert_eq!(parse_query("now", now).ok(), now);
        assert_eq!(parse_query(" NOW ", now).ok(), now);
        assert!(parse_query("now", None).is_err());
        assert!(parse_query("now 12:30", now).is_err());
    }

    #[test]
    fn messages_say_what_to_write() {
        for (text, part) in [
            (
                "31-01-01",
                "'31-01-01' is not a time: it has no year, write the year with four",
            ),
            ("2001-13-01", "year-month-day"),
            ("12345-01-01", "between 0001 and 9999"),
            ("2017-01-01T12:75:<b>", "'2017-01-01T12:75:?b?'"),
        ] {
            let message = match parse_query(text, None) {
                Ok(_) => String::from("it was read"),
                Err(error) => error.to_string(),
            };
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn plain_is_what_any_das2_program_reads_alike() {
        for text in [
            "2017-01-01",
            "2017-001T12:30:15.5Z",
            "Mar 1, 1979",
            "2017-01-01 12:30",
            "2010-06-15T23:59:60",
            "2017 Mar 1 (060) 12:30",
        ] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "now",
            "2010-06-15T24:00",
            "2010-06-15T23:75",
            "2017-01-01t12",
            "2017-01-01T12:30+01:00",
            "20170101",
            "31-01-01",
            "2017-01-01T12:30Z; rm",
            "2017-01-01T12:30Zabc",
            "2017-01-01;12:30",
            "-2017-01-01",
            "2001-13-01",
            "10000-01-01",
            "",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn what_data_and_queries_both_read_is_the_same() {
        let mut sample = Sample::new(40);
        let mut both = 0;
        for _ in 0..100_000 {
            let t = sample.time(1..=9999);
            let style = sample.pick(&[Style::Calendar, Style::Ordinal]);
            let mut text = t.iso(style, sample.below(10) as u8).to_string();
            text.truncate(4 + sample.below(27) as usize);
            for (from, to) in [(":", "_"), ("-", "/"), ("-", " "), ("T", " "), (".", ",")] {
                if sample.below(6) == 0 {
                    text = text.replace(from, to);
                }
            }
            if let (Ok(field), Ok(query)) = (parse_field(text.as_bytes()), parse_query(&text, None))
            {
                both += 1;
                assert_eq!(field, query, "{text}");
            }
        }
        assert!(both > 50_000, "{both}");
    }

    #[test]
    fn no_text_makes_it_panic() {
        let mut sample = Sample::new(41);
        for _ in 0..200_000 {
            let length = sample.below(70) as usize;
            let text: String = (0..length)
                .map(|_| sample.pick(b"0123456789012345678900-:-:TTtZz +., ejan\xe9\n/") as char)
                .collect();
            let read = parse_query(&text, Some(Time::now()));
            let year = read.map_or(1, |time| time.calendar().year);
            assert!((1..=9999).contains(&year), "{text}");
            is_plain(&text);
        }
    }
}
