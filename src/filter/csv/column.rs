//! One plane as cells.

use crate::filter::bin::Fill;
use crate::filter::text::Text;
use crate::filter::times::Times;
use crate::stream::{Encoding, Plane, Real4Cells, Result, Shortest, exponent_form, parse_number};
use crate::time::{IsoWriter, Style, Time};

use super::args::Layout;
use super::cell::push_cell;

/// Where a plane's values stand in a packet, and how they become cells.
pub(super) struct Column {
    at: usize,
    items: usize,
    from: Encoding,
    form: Form,
    /// None for x, which has no fill.
    fill: Option<Fill>,
    /// What stands for fill, as a cell.
    fill_cell: Vec<u8>,
}

enum Form {
    /// Reals with the fewest digits.
    Real4 {
        big: bool,
        all: Real4Cells,
    },
    Real8 {
        big: bool,
    },
    /// `%.{decimals}e`.
    Digits {
        decimals: usize,
    },
    /// A plain integer.
    Integer,
    /// Text that is a number, kept as it is.
    Text,
    /// A time in a unit.
    Time {
        times: Times,
        writer: IsoWriter,
    },
    /// A time as text; None: with the digits that it has.
    TimeText {
        digits: Option<u8>,
    },
}

impl Column {
    /// `at` is where the plane begins in a packet; `fill` its fill value, None for x.
    pub(super) fn new(plane: &Plane, at: usize, fill: Option<f64>, layout: &Layout) -> Column {
        let from = plane.encoding();
        let mut fill_cell = Vec::new();
        push_cell(&layout.fill, layout.delimiter, &mut fill_cell);
        let fill = fill.map(Fill::new);
        let form = match (Times::of(plane), from, layout.digits) {
            (Some(Times::Text), ..) => Form::TimeText {
                digits: layout.subseconds,
            },
            (Some(times), ..) => Form::Time {
                writer: IsoWriter::new(layout.subseconds.unwrap_or(times.digits())),
                times,
            },
            (None, Encoding::Int { .. }, _) => Form::Integer,
            (None, Encoding::Ascii(_), _) => Form::Text,
            (None, _, Some(digits)) => Form::Digits {
                decimals: usize::from(digits) - 1,
            },
            (None, Encoding::Real4 { big }, None) => Form::Real4 {
                big,
                all: Real4Cells::new(
                    fill.map_or((f32::NAN, f32::NAN), Fill::bounds4),
                    &fill_cell,
                    layout.delimiter,
                ),
            },
            (None, Encoding::Real8 { big }, None) => Form::Real8 { big },
            // Times are all text.
            (None, Encoding::Time(_), None) => Form::Text,
        };
        Column {
            at,
            items: plane.items(),
            from,
            form,
            fill,
            fill_cell,
        }
    }

    /// Appends the plane's values of one packet from item `first` on, at most
    /// `count`, each with a delimiter behind it. False when there is none.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::stream::Error::Malformed) for text that is no time.
    pub(super) fn write(
        &mut self,
        packet: &[u8],
        first: usize,
        count: usize,
        out: &mut Text,
    ) -> Result<bool> {
        let (from, width) = (self.from, self.from.width());
        let (begin, end) = (first.min(self.items), (first + count).min(self.items));
        let bytes = packet
            .get(self.at + begin * width..self.at + end * width)
            .unwrap_or_default();
        let values = bytes.chunks_exact(width);
        let is_good = |value: f64| match &self.fill {
            Some(fill) => fill.is_good(value),
            None => !value.is_nan(),
        };
        let cells = Cells {
            fill: &self.fill_cell,
            out,
        };
        match &mut self.form {
            Form::Real4 { big, all } => cells.out.reals(all, bytes, *big),
            Form::Real8 { big } => {
                let (values, _) = bytes.as_chunks();
                let number = |raw: &[u8; 8]| match big {
                    true => f64::from_be_bytes(*raw),
                    false => f64::from_le_bytes(*raw),
                };
                cells.shortest(values.iter().map(number), is_good);
            }
            Form::Digits { decimals } => cells.each(values, |raw, cell| {
                let value = from.number(raw).filter(|value| is_good(*value));
                value.map(|value| exponent_form(value, *decimals, cell))
            }),
            Form::Integer => cells.each(values, |raw, cell| {
                is_good(from.number(raw)?).then_some(())?;
                cell.extend_from_slice(from.integer(raw).to_string().as_bytes());
                Some(())
            }),
            Form::Text => cells.each(values, |raw, cell| {
                is_good(from.number(raw)?).then_some(())?;
                push_text(raw, cell);
                Some(())
            }),
            Form::Time { times, writer } => {
                let is_x = self.fill.is_none();
                cells.try_each(values, |raw, cell| {
                    let time = times.time(from, raw)?;
                    let time = time.filter(|time| is_x || is_good_time(*time));
                    Ok(time.map(|time| cell.extend_from_slice(writer.text(time).as_bytes())))
                })?;
            }
            Form::TimeText { digits } => {
                let is_x = self.fill.is_none();
                cells.try_each(values, |raw, cell| {
                    let time = Times::Text.time(from, raw)?;
                    let time = time.filter(|time| is_x || is_good_time(*time));
                    Ok(time.map(|time| {
                        let digits = digits.unwrap_or_else(|| digits_of(time));
                        time.iso(Style::Calendar, digits).write_to(cell);
                    }))
                })?;
            }
        }
        Ok(begin < end)
    }
}

/// Where cells go, and what stands in those of fill.
struct Cells<'a> {
    fill: &'a [u8],
    out: &'a mut Text,
}

impl Cells<'_> {
    /// Numbers with the fewest digits.
    #[inline]
    fn shortest<N: Shortest>(self, numbers: impl Iterator<Item = N>, is_good: impl Fn(N) -> bool) {
        for number in numbers {
            if is_good(number) {
                self.out.number(number);
            } else {
                self.out.push(self.fill);
            }
            self.out.delimit();
        }
    }

    /// Cells that `write` makes of values; None is fill.
    #[inline]
    fn each<'v>(
        self,
        values: impl Iterator<Item = &'v [u8]>,
        write: impl Fn(&[u8], &mut Vec<u8>) -> Option<()>,
    ) {
        // What is never an error cannot fail.
        let _ = self.try_each(values, |raw, cell| Ok(write(raw, cell)));
    }

    #[inline]
    fn try_each<'v>(
        self,
        values: impl Iterator<Item = &'v [u8]>,
        mut write: impl FnMut(&[u8], &mut Vec<u8>) -> Result<Option<()>>,
    ) -> Result<()> {
        let mut cell = Vec::new();
        for raw in values {
            cell.clear();
            match write(raw, &mut cell)? {
                Some(()) => self.out.push(&cell),
                None => self.out.push(self.fill),
            }
            self.out.delimit();
        }
        Ok(())
    }
}

/// Programs write fill as the beginning of the year 1.
fn is_good_time(time: Time) -> bool {
    Some(time) != Time::new(1, 1, 1, 0)
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
