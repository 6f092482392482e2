//! One plane as cells.

use crate::filter::times::Times;
use crate::stream::{Encoding, Plane, Result, exp_form, parse_number, shortest};
use crate::time::{Style, Time};

use super::args::Layout;
use super::cell::push_cell;

/// Where a plane's values stand in a packet, and how they become cells.
pub(super) struct Column {
    at: usize,
    items: usize,
    from: Encoding,
    form: Form,
    /// None for x, which has no fill.
    fill: Option<f64>,
    /// What stands for fill, as a cell.
    fill_cell: Vec<u8>,
    /// The delimiter.
    delimiter: Vec<u8>,
}

enum Form {
    /// A number with the fewest digits.
    Shortest,
    /// `%.{decimals}e`.
    Digits { decimals: usize },
    /// A plain integer.
    Integer,
    /// Text that is a number, kept as it is.
    Text,
    /// A time; None: text, with the digits that it has.
    Time { times: Times, digits: Option<u8> },
}

impl Column {
    /// `at` is where the plane begins in a packet; `fill` its fill value, None for x.
    pub(super) fn new(plane: &Plane, at: usize, fill: Option<f64>, layout: &Layout) -> Column {
        let from = plane.encoding();
        let form = match (Times::of(plane), from, layout.digits) {
            (Some(Times::Text), ..) => Form::Time {
                times: Times::Text,
                digits: layout.subseconds,
            },
            (Some(times), ..) => Form::Time {
                digits: layout.subseconds.or(Some(times.digits())),
                times,
            },
            (None, Encoding::Int { .. }, _) => Form::Integer,
            (None, Encoding::Ascii(_), _) => Form::Text,
            (None, _, Some(digits)) => Form::Digits {
                decimals: usize::from(digits) - 1,
            },
            (None, _, None) => Form::Shortest,
        };
        let mut fill_cell = Vec::new();
        push_cell(&layout.fill, layout.delimiter, &mut fill_cell);
        Column {
            at,
            items: plane.items(),
            from,
            form,
            fill,
            fill_cell,
            delimiter: layout.delimiter.to_string().into_bytes(),
        }
    }

    /// Appends the plane's values of one packet from item `first` on, at most
    /// `count`, each with a delimiter behind it. False when there is none.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::stream::Error::Malformed) for text that is no time.
    pub(super) fn write(
        &self,
        packet: &[u8],
        first: usize,
        count: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        let width = self.from.width();
        let (begin, end) = (first.min(self.items), (first + count).min(self.items));
        let bytes = packet
            .get(self.at + begin * width..self.at + end * width)
            .unwrap_or_default();
        for raw in bytes.chunks_exact(width) {
            self.write_one(raw, out)?;
            out.extend_from_slice(&self.delimiter);
        }
        Ok(begin < end)
    }

    fn write_one(&self, raw: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if let Form::Time { times, digits } = &self.form {
            match times
                .time(self.from, raw)?
                .filter(|time| self.is_good_time(*time))
            {
                Some(time) => {
                    let digits = digits.unwrap_or_else(|| digits_of(time));
                    time.iso(Style::Calendar, digits).write_to(out);
                }
                None => out.extend_from_slice(&self.fill_cell),
            }
            return Ok(());
        }
        match self.from.number(raw) {
            Some(value) if self.is_good(value) => match (&self.form, self.from) {
                (Form::Digits { decimals }, _) => exp_form(value, *decimals, out),
                (Form::Integer, _) => {
                    out.extend_from_slice(self.from.integer(raw).to_string().as_bytes());
                }
                (Form::Text, _) => push_text(raw, out),
                // A four-byte number is the same in four bytes.
                (_, Encoding::Real4 { .. }) => shortest(value as f32, out),
                _ => shortest(value, out),
            },
            _ => out.extend_from_slice(&self.fill_cell),
        }
        Ok(())
    }

    /// das2C's test, since fill values such as -1e31 are not exact in four bytes.
    fn is_good(&self, value: f64) -> bool {
        let is_fill = |fill: f64| value == fill || ((fill - value) / fill).abs() < 1e-5;
        !value.is_nan() && !self.fill.is_some_and(is_fill)
    }

    /// Programs write fill as the beginning of the year 1.
    fn is_good_time(&self, time: Time) -> bool {
        self.fill.is_none() || Some(time) != Time::new(1, 1, 1, 0)
    }
}

/// The digits of a second that a time has, in threes.
fn digits_of(time: Time) -> u8 {
    let ns = time.ns_of_day();
    let is_whole = |unit: u64| ns.is_multiple_of(unit);
    match () {
        () if is_whole(1_000_000) => 3,
        () if is_whole(1_000) => 6,
        () => 9,
    }
}

/// A number as it was written, but in a form that everybody reads: `1.5D+03`
/// becomes `1.5e+03`.
fn push_text(raw: &[u8], out: &mut Vec<u8>) {
    let raw = raw.trim_ascii();
    let raw = raw.strip_suffix(b",").unwrap_or(raw).trim_ascii_end();
    let begin = out.len();
    out.extend_from_slice(raw);
    if parse_number(raw).is_some_and(f64::is_finite) {
        for byte in out.iter_mut().skip(begin) {
            if matches!(byte, b'd' | b'D') {
                *byte = b'e';
            }
        }
    }
}
