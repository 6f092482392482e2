//! Times inside data: whatever das2C's programs read, with the same meaning.

use super::error::TimeError;
use super::{Time, iso_text, loose_text};

/// Reads a time in a data packet or a property.
///
/// The rules are those of das2 readers in general: see the table in the tests.
/// A text without a year means the present year, by UTC. Seconds beyond 61
/// that have a fraction carry; fraction digits beyond nine are cut off.
///
/// # Errors
/// When das2C's parser would refuse the text too, when the seconds are
/// infinite or hexadecimal, and for years above 99,999.
pub fn parse_field(text: &[u8]) -> Result<Time, TimeError> {
    match iso_text::parse(text) {
        Some(time) => Ok(time),
        None => Ok(loose_text::parse(text)?.time),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::super::{Problem, Style};
    use super::*;

    /// Every row: text and what it means (by ISO text to the ninth digit).
    const READ: &[(&str, &str)] = &[
        ("2017-01-01", "2017-01-01T00:00:00"),
        ("2017-001", "2017-01-01T00:00:00"),
        ("2017-001T12:30", "2017-01-01T12:30:00"),
        ("2001 145 13:00", "2001-05-25T13:00:00"),
        ("1979/3/1 12:26", "1979-03-01T12:26:00"),
        ("01 Mar 1979", "1979-03-01T00:00:00"),
        ("Mar 1, 1979", "1979-03-01T00:00:00"),
        ("3/1/1979", "1979-03-01T00:00:00"),
        ("3/1/79", "1979-03-01T00:00:00"),
        ("13/2/2017", "2017-02-13T00:00:00"),
        ("2/13/2017", "2017-02-13T00:00:00"),
        ("31/12/99", "1999-12-31T00:00:00"),
        ("12/31/99", "1999-12-31T00:00:00"),
        ("79-03-01", "1979-03-01T00:00:00"),
        ("79/060", "1979-03-01T00:00:00"),
        ("99-12-31", "1999-12-31T00:00:00"),
        ("1979 012", "1979-01-12T00:00:00"),
        ("1979 12", "1979-12-01T00:00:00"),
        ("2001 5", "2001-05-01T00:00:00"),
        ("1979-060T12", "1979-03-01T12:00:00"),
        ("2017 Mar 1 (060) 12:30", "2017-03-01T12:30:00"),
        ("2017_03_01_12_30_05", "2017-03-01T12:30:05"),
        ("5-Jan-1990 10:11:12.5", "1990-01-05T10:11:12.5"),
        ("Sept 5 2017", "2017-09-05T00:00:00"),
        ("2001-5-6-7-8-9", "2001-05-06T07:08:09"),
        ("2001-13-01", "2001-01-13T00:00:00"),
        ("1977-248 0:00", "1977-09-05T00:00:00"),
        (
            "9999-12-31T23:59:59.999999999",
            "9999-12-31T23:59:59.999999999",
        ),
        ("10000-01-01", "10000-01-01T00:00:00"),
        ("5 Oct 2017T10:30", "2017-10-05T10:30:00"),
        ("2017-01-01T12:30:15.", "2017-01-01T12:30:15"),
        ("2017 45 2", "2017-02-14T02:00:00"),
        ("2010-06-15T23:59:60", "2010-06-15T23:59:60"),
        // Second 75.5 by das2C; the same number in every unit.
        ("2010-06-15T23:59:75.5", "2010-06-16T00:00:15.5"),
        ("2010-06-15T23:59:61.5", "2010-06-15T23:59:61.5"),
        ("2010-06-15T12:59:60", "2010-06-15T13:00:00"),
        ("2017-05", "2017-05-01T00:00:00"),
        ("May 2017", "2017-05-01T00:00:00"),
        ("2016-366", "2016-12-31T00:00:00"),
        ("2017-01-01T1230", "2017-01-01T12:30:00"),
        ("2017-01-01T12.5", "2017-01-01T00:00:12.5"),
        ("2017-01-01T12:30:15,5", "2017-01-01T12:30:15.5"),
        ("2017-01-01T12:30.5", "2017-01-01T12:00:30.5"),
        ("2017-01-01T12:30:15Zgarbage", "2017-01-01T12:30:15"),
        ("12:30 2017-01-01", "2017-12-30T01:01:00"),
        ("0050-01-01", "0050-01-01T00:00:00"),
        ("32-01-01", "1932-01-01T00:00:00"),
        ("100-01-01", "2000-01-01T00:00:00"),
        ("  2017-01-01T12:30:15.25 \n", "2017-01-01T12:30:15.25"),
        ("2013-001T01:00:00.123 ", "2013-01-01T01:00:00.123"),
        (
            "2017-01-01T12:30:15.1234567899",
            "2017-01-01T12:30:15.123456789",
        ),
        ("2017-01-01T1.55e1", "2017-01-01T00:00:15.5"),
        ("0001-01-01T00:00:00.000", "0001-01-01T00:00:00"),
        // A word after the month, while the date is incomplete, is passed over.
        ("Mar xyz 1 1979", "1979-03-01T00:00:00"),
    ];

    const REFUSED: &[(&str, Problem)] = &[
        ("2010-06-15T24:00", Problem::Hour),
        ("2010-06-15T23:75", Problem::Minute),
        ("2010-06-15T23:59:62", Problem::Second),
        ("2017", Problem::NoMonth),
        ("2017-02-29", Problem::Day),
        ("2017-366", Problem::Day),
        ("1979 13", Problem::NoMonth),
        ("20170101", Problem::NoMonth),
        ("20170101T123000", Problem::Hour),
        ("2017-01-01T235959", Problem::Hour),
        ("2017-01-01T12:30:15+01:00", Problem::Numbers),
        ("2017-01-01t12:30", Problem::Hour),
        ("2017-01-01 T 12:30", Problem::Word),
        ("2017-01-01 12:00 PM", Problem::Word),
        ("5 jan 17", Problem::Numbers),
        ("05-JAN-17", Problem::Numbers),
        ("100/2001", Problem::Day),
        ("32 1979", Problem::Day),
        ("now", Problem::Word),
        ("12:30:nan", Problem::Fraction),
        ("", Problem::Empty),
        (" \t;\n", Problem::Empty),
        ("2017-01-01,12:30", Problem::Fraction),
        ("0000-01-01", Problem::Numbers),
        ("5 OCT 2017T10:30", Problem::Hour),
        ("05-SEPT-2017T10:30", Problem::Hour),
        ("2017-01-01T12:30:inf", Problem::Second),
        ("2017-01-01T12:30:1e400", Problem::Second),
        ("2017-01-01T0x10", Problem::Numbers),
        ("100000-01-01", Problem::Year),
        ("2017-01-01T99999999999999.5", Problem::Year),
    ];

    #[test]
    fn times_that_are_read() {
        for (text, meaning) in READ {
            let time = parse_field(text.as_bytes());
            let shown = time.map(|time| time.iso(Style::Calendar, 9).to_string());
            let expected = match meaning.split_once('.') {
                None => format!("{meaning}.000000000"),
                Some((whole, digits)) => format!("{whole}.{digits:0<9}"),
            };
            assert_eq!(shown, Ok(expected), "{text}");
        }
    }

    #[test]
    fn times_that_are_refused() {
        for (text, problem) in REFUSED {
            let refused = parse_field(text.as_bytes()).map_err(|error| error.problem());
            assert_eq!(refused, Err(*problem), "{text}");
        }
    }

    #[test]
    fn without_a_year_it_is_this_one() {
        for (text, month, day) in [
            ("31-01-01", 1, 1),
            ("17-01-01", 1, 1),
            ("1-1-1", 1, 1),
            ("1 2 3", 1, 3),
            ("Mar 5", 3, 5),
        ] {
            let before = Time::now().calendar().year;
            let parts = parse_field(text.as_bytes()).unwrap().calendar();
            let after = Time::now().calendar().year;
            assert_eq!((parts.month, parts.day), (month, day), "{text}");
            assert!((before..=after).contains(&parts.year), "{text}");
        }
        // Nonsense to people, but no error to das2C.
        assert!(parse_field(b"-1-01-01").is_ok());
    }

    #[test]
    fn only_eighty_characters_count() {
        let mut text = format!("{:<79}", "2017-01-01T12:30");
        text.push_str("5:15");
        let minute_only = parse_field(text.as_bytes()).unwrap().calendar();
        assert_eq!((minute_only.minute, minute_only.second), (30, 5));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut sample = Sample::new(30);
        let mut read = 0;
        for _ in 0..200_000 {
            let length = sample.below(100) as usize;
            let mixed: Vec<u8> = match sample.below(2) {
                0 => (0..length).map(|_| sample.next() as u8).collect(),
                _ => (0..length.min(24))
                    .map(|_| sample.pick(b"0123456789 -:/T.,Ze+()janMAR\t_;"))
                    .collect(),
            };
            read += usize::from(parse_field(&mixed).is_ok());
        }
        assert!(read > 0);
    }
}
