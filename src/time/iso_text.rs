//! The fast way in: plain ISO text, without allocation or tables of words.
//!
//! Whatever is accepted here means the same to the general parser; whatever
//! is not goes there.

use super::Time;
use super::civil;
use super::instant::NS_PER_SECOND;

/// Longer texts are for the general parser, which knows how much of them counts.
const LONGEST: usize = 64;

/// `yyyy-mm-dd` or `yyyy-ddd`, then nothing, `Thh:mm`, `Thh:mm:ss` or
/// `Thh:mm:ss.fff` (a blank for the T, a `Z` at the end, white space after it).
/// Digits beyond nine are cut off.
pub(super) fn parse(text: &[u8]) -> Option<Time> {
    let text = text.trim_ascii_end();
    if text.len() > LONGEST {
        return None;
    }
    let (year, day_of_year, rest) = date(text)?;
    Time::from_ordinal(year, day_of_year, time_of_day(rest)?)
}

/// Year, day of the year, what follows.
fn date(text: &[u8]) -> Option<(i32, u32, &[u8])> {
    let (&[y0, y1, y2, y3, b'-'], rest) = text.split_first_chunk::<5>()? else {
        return None;
    };
    let year = (two(y0, y1)? * 100 + two(y2, y3)?) as i32;
    match rest {
        [m0, m1, b'-', d0, d1, rest @ ..] => {
            let (month, day) = (two(*m0, *m1)?, two(*d0, *d1)?);
            if day == 0 || day > civil::days_in_month(year, month) {
                return None;
            }
            Some((year, civil::days_before_month(year, month) + day, rest))
        }
        [d0, d1, d2, rest @ ..] => Some((year, two(*d0, *d1)? * 10 + digit(*d2)?, rest)),
        _ => None,
    }
}

/// Nanoseconds of the day.
fn time_of_day(text: &[u8]) -> Option<u64> {
    let (hour, minute, rest) = match text {
        [] => return Some(0),
        [b'T' | b' ', h0, h1, b':', m0, m1, rest @ ..] => (two(*h0, *h1)?, two(*m0, *m1)?, rest),
        _ => return None,
    };
    let (second, ns) = match rest.strip_suffix(b"Z").unwrap_or(rest) {
        [] => (0, 0),
        [b':', s0, s1] => (two(*s0, *s1)?, 0),
        [b':', s0, s1, b'.', digits @ ..] => (two(*s0, *s1)?, fraction(digits)?),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 61 {
        return None;
    }
    let seconds = u64::from(hour * 3600 + minute * 60 + second);
    Some(seconds * NS_PER_SECOND + u64::from(ns))
}

/// Nanoseconds from the digits after the point.
fn fraction(digits: &[u8]) -> Option<u32> {
    let mut ns = 0;
    let mut worth = 100_000_000;
    for byte in digits {
        ns += digit(*byte)? * worth;
        worth /= 10;
    }
    Some(ns)
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

fn digit(byte: u8) -> Option<u32> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::super::loose_text;
    use super::super::sample::Sample;
    use super::*;

    /// ISO texts, some with a character replaced.
    fn text(sample: &mut Sample) -> Vec<u8> {
        let t = sample.time(1..=9999);
        let style = sample.pick(&[super::super::Style::Calendar, super::super::Style::Ordinal]);
        let digits = sample.below(10) as u8;
        let mut text = t.iso(style, digits).as_bytes().to_vec();
        if sample.below(3) == 0 {
            text.truncate(sample.below(31) as usize);
        }
        text.extend(sample.pick(&[
            &b""[..],
            b"Z",
            b" ",
            b" \n",
            b"123",
            b"Z\r\n",
            b".5",
            b":60",
        ]));
        if sample.below(2) == 0 && !text.is_empty() {
            let at = sample.below(text.len() as u64) as usize;
            text[at] = sample.pick(b"0123456789 T:-.Z/,;67");
        }
        text
    }

    #[test]
    fn what_it_takes_means_the_same_to_the_general_parser() {
        let mut sample = Sample::new(20);
        let mut taken = 0;
        for _ in 0..200_000 {
            let text = text(&mut sample);
            if let Some(time) = parse(&text) {
                taken += 1;
                let loose = loose_text::parse(&text).map(|loose| (loose.time, loose.year_given));
                assert_eq!(loose, Ok((time, true)), "{}", text.escape_ascii());
            }
        }
        assert!(taken > 50_000, "{taken}");
    }

    #[test]
    fn it_takes_the_plain_forms() {
        for text in [
            "2017-01-01",
            "2017-001",
            "2017-001T12:30",
            "2017-01-01T12:30:15",
            "2017-01-01 12:30:15Z",
            "2017-01-01T23:59:60.123456789123456Z \n",
        ] {
            assert!(parse(text.as_bytes()).is_some(), "{text}");
        }
    }
}
