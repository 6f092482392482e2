//! Times as ISO text, and as time fields of a given width in data packets.

use super::instant::{Calendar, NS_PER_DAY, NS_PER_SECOND, Time};
use std::fmt;

/// How the date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `yyyy-mm-ddThh:mm:ss`
    Calendar,
    /// `yyyy-dddThh:mm:ss`, the day of the year
    Ordinal,
}

/// Room for a year of five digits, calendar form, nine fraction digits.
const ROOM: usize = 30;
/// Length of `-mm-ddThh:mm:ss`, what follows the year.
const CALENDAR: usize = 15;
/// Length of `-dddThh:mm:ss`.
const ORDINAL: usize = 13;
/// Where `hh:mm:ss` stands behind a date in calendar form.
const TIME: usize = 12;

/// The ISO text of a time, made by [`Time::iso`]; held in place, not allocated.
#[derive(Clone, Copy)]
pub struct IsoText {
    bytes: [u8; ROOM],
    start: usize,
    end: usize,
}

impl IsoText {
    pub(super) fn new(time: Time, style: Style, digits: u8) -> IsoText {
        let digits = digits.min(9);
        let parts = time.rounded(step_of(digits)).calendar();
        let bytes = match style {
            Style::Calendar => calendar_bytes(&parts),
            Style::Ordinal => ordinal_bytes(&parts),
        };
        let fraction = match digits {
            0 => 0,
            some => 1 + usize::from(some),
        };
        let date = match style {
            Style::Calendar => 5 + CALENDAR,
            Style::Ordinal => 5 + ORDINAL,
        };
        IsoText {
            bytes,
            start: usize::from(parts.year < 10_000),
            end: date + fraction,
        }
    }

    /// The text as bytes (ASCII).
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Appends the text.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl fmt::Display for IsoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for IsoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// ISO texts of times that come one after the other: the date is made anew
/// only when the day is another one.
#[derive(Clone, Debug)]
pub struct IsoWriter {
    digits: u8,
    step: u32,
    /// The day that the text's date is of.
    day: Option<i64>,
    text: IsoText,
}

impl IsoWriter {
    /// Calendar form, 0 to 9 fraction digits (more count as 9).
    pub fn new(digits: u8) -> IsoWriter {
        let digits = digits.min(9);
        IsoWriter {
            digits,
            step: step_of(digits),
            day: None,
            text: IsoText {
                bytes: [b' '; ROOM],
                start: 0,
                end: 0,
            },
        }
    }

    /// As [`Time::iso`] in calendar form.
    pub fn text(&mut self, time: Time) -> &IsoText {
        let time = time.rounded(self.step);
        let ns = time.ns_of_day();
        if self.day != Some(time.day_number()) || ns >= NS_PER_DAY {
            self.text = IsoText::new(time, Style::Calendar, self.digits);
            // Within a leap second the hour is no hour.
            self.day = (ns < NS_PER_DAY).then_some(time.day_number());
            return &self.text;
        }
        let seconds = (ns / NS_PER_SECOND) as u32;
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        let [h0, h1] = decimal(hours);
        let [m0, m1] = decimal(minutes - hours * 60);
        let [s0, s1] = decimal(seconds - minutes * 60);
        if let Some(time) = self
            .text
            .bytes
            .get_mut(TIME..)
            .and_then(|b| b.first_chunk_mut())
        {
            *time = [h0, h1, b':', m0, m1, b':', s0, s1];
        }
        let fraction: [u8; 9] = decimal((ns % NS_PER_SECOND) as u32);
        if let Some(last) = self.text.bytes.last_chunk_mut() {
            *last = fraction;
        }
        &self.text
    }
}

/// Nanoseconds of the last digit.
fn step_of(digits: u8) -> u32 {
    10u32.pow(9 - u32::from(digits.min(9)))
}

/// The last `N` decimal digits of a number.
fn decimal<const N: usize>(mut number: u32) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits
}

fn calendar_bytes(parts: &Calendar) -> [u8; ROOM] {
    let [y0, y1, y2, y3, y4] = decimal(parts.year as u32);
    let [o0, o1] = decimal(parts.month);
    let [d0, d1] = decimal(parts.day);
    let [h0, h1] = decimal(parts.hour);
    let [m0, m1] = decimal(parts.minute);
    let [s0, s1] = decimal(parts.second);
    let [f0, f1, f2, f3, f4, f5, f6, f7, f8] = decimal(parts.nanosecond);
    [
        y0, y1, y2, y3, y4, b'-', o0, o1, b'-', d0, d1, b'T', h0, h1, b':', m0, m1, b':', s0, s1,
        b'.', f0, f1, f2, f3, f4, f5, f6, f7, f8,
    ]
}

/// Two bytes shorter than the calendar form: the last two are not used.
fn ordinal_bytes(parts: &Calendar) -> [u8; ROOM] {
    let [y0, y1, y2, y3, y4] = decimal(parts.year as u32);
    let [d0, d1, d2] = decimal(parts.day_of_year);
    let [h0, h1] = decimal(parts.hour);
    let [m0, m1] = decimal(parts.minute);
    let [s0, s1] = decimal(parts.second);
    let [f0, f1, f2, f3, f4, f5, f6, f7, f8] = decimal(parts.nanosecond);
    [
        y0, y1, y2, y3, y4, b'-', d0, d1, d2, b'T', h0, h1, b':', m0, m1, b':', s0, s1, b'.', f0,
        f1, f2, f3, f4, f5, f6, f7, f8, b' ', b' ',
    ]
}

/// How much of a time fits a time field: the widths that das2 programs write.
/// The last byte of a field is a separator.
const FIELD_LAYOUT: [(usize, Layout); 10] = [
    (30, Layout::Seconds(9)),
    (27, Layout::Seconds(6)),
    (24, Layout::Seconds(3)),
    (23, Layout::Seconds(2)),
    (22, Layout::Seconds(1)),
    (20, Layout::Seconds(0)),
    (17, Layout::Cut(16)),
    (14, Layout::Cut(13)),
    (11, Layout::Cut(10)),
    (8, Layout::Cut(7)),
];

#[derive(Clone, Copy)]
enum Layout {
    /// To the second, with this many fraction digits, rounded.
    Seconds(u8),
    /// The first so many bytes of the text: the minute, hour, day or month that holds the time.
    Cut(usize),
}

fn layout(width: usize) -> Layout {
    FIELD_LAYOUT
        .iter()
        .find(|(least, _)| width >= *least)
        .map_or(Layout::Cut(4), |(_, layout)| *layout)
}

/// Fraction digits that a `timeN` field of this width shows; none when it does
/// not reach to the second (widths below 20).
pub fn digits_of_width(width: usize) -> Option<u8> {
    match layout(width) {
        Layout::Seconds(digits) => Some(digits),
        Layout::Cut(_) => None,
    }
}

/// Appends a `timeN` field of exactly `width` bytes: calendar form, left
/// aligned, padded with blanks, the last byte always a blank (which the caller
/// replaces by a newline at the end of a packet). Widths from 5 to 63 are
/// meant; a text that does not fit loses its end.
pub fn write_field(time: Time, width: usize, out: &mut Vec<u8>) {
    let room = width.saturating_sub(1);
    let text = match layout(width) {
        Layout::Seconds(digits) => time.iso(Style::Calendar, digits),
        // Nine digits: a time must not be rounded into the next year to show its year.
        Layout::Cut(_) => time.iso(Style::Calendar, 9),
    };
    let length = match layout(width) {
        Layout::Seconds(_) => room,
        Layout::Cut(length) => length.min(room),
    };
    let bytes = text.as_bytes();
    let used = bytes.get(..length).unwrap_or(bytes);
    out.extend_from_slice(used);
    out.resize(out.len() + width - used.len(), b' ');
}

#[cfg(test)]
mod tests {
    use super::super::parse_field;
    use super::super::sample::Sample;
    use super::*;

    fn time(text: &str) -> Time {
        parse_field(text.as_bytes()).unwrap()
    }

    #[test]
    fn texts_one_after_the_other_are_those_of_each_alone() {
        let mut sample = Sample::new(12);
        for digits in 0..=10 {
            let mut writer = IsoWriter::new(digits);
            let mut time = sample.time(1600..=2400);
            for _ in 0..3000 {
                time = match sample.below(50) {
                    0 => sample.time(1..=99_999),
                    1 => Time::from_day(time.day_number(), 86_400_999_999_999).unwrap(),
                    2 => Time::from_day(time.day_number(), 86_399_999_999_999).unwrap(),
                    _ => {
                        let step = sample.below(40_000_000_000_000) as i64;
                        time.plus_nanos(step).unwrap_or(time)
                    }
                };
                let alone = time.iso(Style::Calendar, digits);
                assert_eq!(writer.text(time).as_str(), alone.as_str());
            }
        }
    }

    #[test]
    fn rounding_carries() {
        for (text, digits, shown) in [
            ("2001-12-31T23:59:59.9996", 3, "2002-01-01T00:00:00.000"),
            ("2001-12-31T23:59:59.9994", 3, "2001-12-31T23:59:59.999"),
            ("2017-01-01T12:30:59.5", 0, "2017-01-01T12:31:00"),
            ("2017-01-01T12:30:58.5", 0, "2017-01-01T12:30:58"),
            ("2017-01-01T12:30:58.500000001", 0, "2017-01-01T12:30:59"),
            ("2016-02-28T23:59:59.95", 1, "2016-02-29T00:00:00.0"),
            ("2016-12-31T23:59:60.25", 1, "2016-12-31T23:59:60.2"),
            ("2016-12-31T23:59:60.999", 2, "2017-01-01T00:00:00.00"),
            ("2016-12-31T23:59:59.999", 2, "2017-01-01T00:00:00.00"),
            ("9999-12-31T23:59:59.999", 2, "10000-01-01T00:00:00.00"),
            ("99999-12-31T23:59:59.999", 2, "99999-12-31T23:59:59.99"),
            ("0001-01-01", 0, "0001-01-01T00:00:00"),
            ("2017-01-01", 9, "2017-01-01T00:00:00.000000000"),
            ("2017-01-01", 200, "2017-01-01T00:00:00.000000000"),
        ] {
            assert_eq!(time(text).iso(Style::Calendar, digits).as_str(), shown);
        }
    }

    #[test]
    fn times_before_the_epochs_are_floored() {
        let t = Time::new(1970, 1, 1, 0).unwrap().plus_nanos(-500_000_000);
        let text = t.unwrap().iso(Style::Calendar, 1).to_string();
        assert_eq!(text, "1969-12-31T23:59:59.5");
    }

    #[test]
    fn ordinal_form() {
        let t = time("2016-12-31T01:02:03.456789");
        assert_eq!(t.iso(Style::Ordinal, 0).as_str(), "2016-366T01:02:03");
        assert_eq!(
            t.iso(Style::Ordinal, 6).to_string(),
            "2016-366T01:02:03.456789"
        );
        assert_eq!(
            time("12345-01-01").iso(Style::Ordinal, 9).as_str(),
            "12345-001T00:00:00.000000000"
        );
    }

    #[test]
    fn text_and_back() {
        let mut sample = Sample::new(10);
        for _ in 0..20_000 {
            let t = sample.time(1..=9999);
            for style in [Style::Calendar, Style::Ordinal] {
                let text = t.iso(style, 9);
                assert_eq!(parse_field(text.as_bytes()), Ok(t), "{text}");
            }
        }
    }

    #[test]
    fn fields_by_width() {
        let t = time("2017-09-08T12:34:56.123456789");
        for (width, shown) in [
            (5, "2017"),
            (7, "2017"),
            (8, "2017-09"),
            (10, "2017-09"),
            (11, "2017-09-08"),
            (13, "2017-09-08"),
            (14, "2017-09-08T12"),
            (16, "2017-09-08T12"),
            (17, "2017-09-08T12:34"),
            (19, "2017-09-08T12:34"),
            (20, "2017-09-08T12:34:56"),
            (21, "2017-09-08T12:34:56"),
            (22, "2017-09-08T12:34:56.1"),
            (23, "2017-09-08T12:34:56.12"),
            (24, "2017-09-08T12:34:56.123"),
            (26, "2017-09-08T12:34:56.123"),
            (27, "2017-09-08T12:34:56.123457"),
            (29, "2017-09-08T12:34:56.123457"),
            (30, "2017-09-08T12:34:56.123456789"),
            (31, "2017-09-08T12:34:56.123456789"),
            (63, "2017-09-08T12:34:56.123456789"),
        ] {
            let mut out = b"x".to_vec();
            write_field(t, width, &mut out);
            assert_eq!(out, format!("x{shown:width$}").into_bytes());
        }
    }

    #[test]
    fn a_field_has_its_width_whatever_the_time() {
        for year in [1, 2017, 12_345] {
            let t = Time::new(year, 12, 31, 86_399_999_999_999).unwrap();
            for width in 1..70 {
                let mut out = Vec::new();
                write_field(t, width, &mut out);
                assert_eq!((out.len(), out.last()), (width, Some(&b' ')));
            }
        }
        let mut out = Vec::new();
        write_field(
            Time::new(2017, 12, 31, 86_399_999_999_999).unwrap(),
            8,
            &mut out,
        );
        assert_eq!(out, b"2017-12 ");
    }

    #[test]
    fn digits_by_width() {
        for (width, digits) in [
            (5, None),
            (19, None),
            (20, Some(0)),
            (22, Some(1)),
            (24, Some(3)),
            (26, Some(3)),
            (27, Some(6)),
            (30, Some(9)),
            (63, Some(9)),
        ] {
            assert_eq!(digits_of_width(width), digits, "{width}");
        }
    }
}
