//! The values of a plane on their way into records.

use crate::filter::bin::Fill;
use crate::filter::text::Text;
use crate::stream::{Encoding, Plane, PlaneKind, Real4Cells, Result};
use crate::time::Time;

use super::args::Format;
use super::clock::Clock;
use super::parameter::{Kind, Parameter};

/// Where a plane's values stand in a packet, and how they are written.
pub(super) struct Column {
    at: usize,
    items: usize,
    from: Encoding,
    form: Form,
    pub(super) is_array: bool,
    /// What stands for fill and what is no number, in text.
    fill_text: Vec<u8>,
    /// And in binary.
    fill_bytes: Vec<u8>,
}

enum Form {
    /// A real, in the precision of four bytes or of eight.
    Short {
        big: bool,
        fill: Fill,
        all: Real4Cells,
    },
    Long(Fill),
    Integer(Fill),
    Time(Clock),
}

impl Column {
    /// `fill` is the value that the plane has for fill, `parameter` what clients
    /// have been told.
    pub(super) fn new(
        plane: &Plane,
        at: usize,
        fill: f64,
        clock: Option<Clock>,
        parameter: &Parameter,
    ) -> Column {
        let fill = Fill::new(fill);
        let text = parameter.fill.clone().unwrap_or_default();
        let form = match (clock, parameter.kind, plane.encoding()) {
            (Some(clock), ..) => Form::Time(clock),
            (None, Kind::Integer, _) => Form::Integer(fill),
            (None, _, Encoding::Real4 { big }) => {
                let all = Real4Cells::new(fill.bounds4(), text.as_bytes(), ',').strict();
                Form::Short { big, fill, all }
            }
            _ => Form::Long(fill),
        };
        let fill_bytes = match parameter.kind {
            Kind::Isotime => text.clone().into_bytes(),
            Kind::Integer => text.parse::<i32>().unwrap_or(0).to_le_bytes().to_vec(),
            Kind::Double => text.parse().unwrap_or(f64::NAN).to_le_bytes().to_vec(),
        };
        debug_assert!(plane.kind != PlaneKind::X);
        Column {
            at,
            items: plane.items(),
            from: plane.encoding(),
            form,
            is_array: plane.kind.is_scan() && plane.items() > 1,
            fill_text: text.into_bytes(),
            fill_bytes,
        }
    }

    /// Sees to it that nothing is wrong with a packet's text, so that a record
    /// that is begun is ended.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::stream::Error::Malformed) for text that is no time.
    pub(super) fn check(&mut self, packet: &[u8]) -> Result<()> {
        let range = self.at..self.at + self.items * self.from.width();
        if let (Form::Time(clock), Encoding::Time(width)) = (&mut self.form, self.from) {
            let fields = packet.get(range).unwrap_or_default();
            for raw in fields.chunks_exact(usize::from(width)) {
                clock.read(raw)?;
            }
        }
        Ok(())
    }

    /// Appends the values of a packet from item `first` on, at most `count`, in
    /// text with commas between them. False when there is none.
    ///
    /// # Errors
    /// As [`Column::check`].
    pub(super) fn write(
        &mut self,
        packet: &[u8],
        (first, count): (usize, usize),
        format: Format,
        out: &mut Text,
    ) -> Result<bool> {
        let width = self.from.width();
        let (begin, end) = (first.min(self.items), (first + count).min(self.items));
        let fields = packet
            .get(self.at + begin * width..self.at + end * width)
            .unwrap_or_default();
        match &self.form {
            Form::Short { big, all, .. } if format != Format::Binary => {
                out.reals(all, fields, *big);
            }
            _ => {
                for raw in fields.chunks_exact(width) {
                    self.write_one(raw, format, out)?;
                    if format != Format::Binary {
                        out.delimit();
                    }
                }
            }
        }
        if format != Format::Binary && begin < end && end == self.items {
            out.take_delimiter();
        }
        Ok(begin < end)
    }

    #[inline(always)]
    fn write_one(&mut self, raw: &[u8], format: Format, out: &mut Text) -> Result<()> {
        let from = self.from;
        let number = || from.number(raw).unwrap_or(f64::NAN);
        let is_binary = format == Format::Binary;
        match &mut self.form {
            Form::Short { fill, .. } | Form::Long(fill) => {
                let value = number();
                match (is_good(fill, value), is_binary) {
                    // Of eight bytes: those of four are text all at once.
                    (true, false) => out.number_without_plus(value),
                    (true, true) => out.push(&value.to_le_bytes()),
                    (false, _) => self.write_fill(format, out),
                }
            }
            Form::Integer(fill) => {
                let value = from.integer(raw) as i32;
                let is_fill = !self.fill_text.is_empty() && !is_good(fill, f64::from(value));
                match (is_fill, is_binary) {
                    (true, _) => self.write_fill(format, out),
                    (false, true) => out.push(&value.to_le_bytes()),
                    (false, false) => out.push(value.to_string().as_bytes()),
                }
            }
            Form::Time(clock) => match clock.read(raw)?.filter(|time| is_good_time(*time)) {
                Some(time) => write_time(clock, time, format, out),
                None => self.write_fill(format, out),
            },
        }
        Ok(())
    }

    #[cold]
    fn write_fill(&self, format: Format, out: &mut Text) {
        match (format, &self.form) {
            (Format::Binary, _) => out.push(&self.fill_bytes),
            (Format::Json, Form::Time(_)) => {
                out.push(b"\"");
                out.push(&self.fill_text);
                out.push(b"\"");
            }
            _ => out.push(&self.fill_text),
        }
    }
}

/// Appends a time, quoted in JSON.
pub(super) fn write_time(clock: &mut Clock, time: Time, format: Format, out: &mut Text) {
    if format != Format::Json {
        return clock.write(time, out);
    }
    out.push(b"\"");
    clock.write(time, out);
    out.push(b"\"");
}

/// Whether a value is to be used: HAPI has fill for all that is no number.
#[inline]
fn is_good(fill: &Fill, value: f64) -> bool {
    value.is_finite() && fill.is_good(value)
}

/// Programs write fill as the beginning of the year 1.
fn is_good_time(time: Time) -> bool {
    Some(time) != Time::new(1, 1, 1, 0)
}
