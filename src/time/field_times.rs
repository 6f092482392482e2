//! Times of a plane, one after the other: most are of the day of the one before.

use super::error::TimeError;
use super::instant::NS_PER_SECOND;
use super::{Time, iso_text, parse_field};

/// Reads as [`parse_field`] does, and remembers the day that it read last: a
/// field `yyyy-mm-ddThh:mm:ss.fff` of the same day costs no calendar.
#[derive(Debug, Clone, Copy)]
pub struct FieldTimes {
    /// The date as it was written, up to the `T`.
    date: [u8; 11],
    /// Its day number.
    day: i64,
}

impl Default for FieldTimes {
    /// No day is remembered: this number is none.
    fn default() -> FieldTimes {
        FieldTimes {
            date: [0; 11],
            day: i64::MAX,
        }
    }
}

impl FieldTimes {
    /// The time in a field.
    ///
    /// # Errors
    /// Those of [`parse_field`].
    #[inline]
    pub fn read(&mut self, field: &[u8]) -> Result<Time, TimeError> {
        if let Some((date, rest)) = field.split_first_chunk::<11>()
            && *date == self.date
            && let Some(ns) = time_of_day(rest)
            && let Some(time) = Time::from_day(self.day, ns)
        {
            return Ok(time);
        }
        self.read_any(field)
    }

    #[inline(never)]
    fn read_any(&mut self, field: &[u8]) -> Result<Time, TimeError> {
        let time = parse_field(field)?;
        // Only text that is plain ISO is known to carry its day in front.
        if let Some(date) = field.first_chunk::<11>()
            && let [_, _, _, _, b'-', _, _, b'-', _, _, b'T' | b' '] = date
            && iso_text::parse(field) == Some(time)
        {
            *self = FieldTimes {
                date: *date,
                day: time.day_number(),
            };
        }
        Ok(time)
    }
}

/// `hh:mm:ss`, perhaps a point and digits, perhaps blanks, as nanoseconds of
/// the day. None: anything else, and seconds beyond 59.
#[inline]
fn time_of_day(text: &[u8]) -> Option<u64> {
    let [h0, h1, b':', m0, m1, b':', s0, s1, rest @ ..] = text else {
        return None;
    };
    let two = |tens: &u8, ones: &u8| {
        u32::from(tens.wrapping_sub(b'0')) * 10 + u32::from(ones.wrapping_sub(b'0'))
    };
    let (hour, minute, second) = (two(h0, h1), two(m0, m1), two(s0, s1));
    let are_digits = [h0, h1, m0, m1, s0, s1]
        .into_iter()
        .fold(true, |so_far, byte| so_far & byte.is_ascii_digit());
    if !are_digits || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = u64::from(hour * 3600 + minute * 60 + second);
    Some(seconds * NS_PER_SECOND + fraction(rest)?)
}

/// Nanoseconds from a point and one to nine digits, then blanks.
#[inline]
fn fraction(text: &[u8]) -> Option<u64> {
    let (mut rest, mut ns, mut worth) = (text, 0, NS_PER_SECOND);
    if let [b'.', tail @ ..] = rest {
        rest = tail;
        // Digits beyond nine are worth nothing.
        while let [byte @ b'0'..=b'9', tail @ ..] = rest {
            worth /= 10;
            ns += u64::from(byte - b'0') * worth;
            rest = tail;
        }
    }
    rest.iter()
        .all(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
        .then_some(ns)
}

#[cfg(test)]
mod tests {
    use super::super::Style;
    use super::super::sample::Sample;
    use super::*;

    /// Fields in the order of time, now and then something else between them.
    #[test]
    fn every_field_means_what_it_means_alone() {
        let mut sample = Sample::new(70);
        let mut times = FieldTimes::default();
        let (mut begin, mut same_day) = (sample.time(1950..=2030), 0);
        for _ in 0..200_000 {
            if sample.below(50) == 0 {
                begin = sample.time(1..=9999);
            }
            begin = begin
                .plus_nanos(sample.below(9_000_000_000_000) as i64)
                .unwrap();
            let style = sample.pick(&[Style::Calendar, Style::Calendar, Style::Ordinal]);
            let digits = sample.below(10) as u8;
            let mut text = begin.iso(style, digits).as_bytes().to_vec();
            if sample.below(6) == 0 {
                text.truncate(sample.below(31) as usize);
            }
            text.extend(sample.pick(&[&b" "[..], b"\n", b"", b"Z ", b"   \n", b"123 ", b",5 "]));
            if sample.below(8) == 0 && !text.is_empty() {
                let at = sample.below(text.len() as u64) as usize;
                text[at] = sample.pick(b"0123456789 T:-.Z/,;67?");
            }
            let alone = parse_field(&text);
            let before = times.date;
            assert_eq!(times.read(&text), alone, "{}", text.escape_ascii());
            same_day += usize::from(alone.is_ok() && before == times.date);
        }
        assert!(same_day > 20_000, "{same_day}");
    }

    #[test]
    fn leap_seconds_and_fractions_without_end() {
        let mut times = FieldTimes::default();
        for text in [
            "2016-12-31T23:59:59.5 ",
            "2016-12-31T23:59:60.5 ",
            "2016-12-31T23:59:61 ",
            "2016-12-31T23:59:62 ",
            "2016-12-31T23:59:59.12345678901234567890 ",
            "2016-12-31T23:59:59. ",
            "2016-12-31T23:59:5: ",
            "2016-12-31T23:59:5? ",
            "2016-12-31 23:59:59 ",
        ] {
            let text = text.as_bytes();
            assert_eq!(times.read(text), parse_field(text));
            assert_eq!(FieldTimes::default().read(text), parse_field(text));
        }
        let none = [&[0; 11][..], b"23:59:59"].concat();
        assert!(FieldTimes::default().read(&none).is_err());
    }
}
