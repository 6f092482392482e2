//! One plane as text.

use crate::filter::times::Times;
use crate::stream::{Encoding, Error, Plane, Result, exponent_field, real4_fields};
use crate::time::{IsoWriter, Time};

use super::Layout;

/// Where a plane's values stand in a packet, and how they become text.
pub(super) struct Field {
    at: usize,
    items: usize,
    from: Encoding,
    form: Form,
    /// Bytes of one value as text, separator included.
    wide: usize,
}

enum Form {
    /// Text already: copied.
    Copy,
    /// Four-byte reals with up to seven digits.
    Real4 { big: bool, decimals: usize },
    /// Eight-byte reals with seventeen digits.
    Real8 { big: bool },
    /// `%(wide-1).(decimals)e`.
    Number { decimals: usize },
    /// A plain integer.
    Integer,
    /// A time.
    Time { times: Times, writer: IsoWriter },
}

/// Significant digits that tell every real from its neighbours.
const ALL_OF_REAL4: u8 = 7;
const ALL_OF_REAL8: u8 = 17;

impl Field {
    /// Decides on the text of a plane, and changes the plane's header to it.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a field would be wider than a type can say.
    pub(super) fn new(plane: &mut Plane, at: usize, layout: &Layout) -> Result<Field> {
        let from = plane.encoding();
        let (form, encoding) = match Times::of_numbers(plane) {
            _ if from.is_text() => (Form::Copy, from),
            Some(times) => {
                let digits = layout.subseconds.unwrap_or(times.digits());
                plane.set_units("UTC");
                plane.remove_attr("base");
                let writer = IsoWriter::new(digits);
                let width = if digits == 0 { 20 } else { 21 + digits };
                (Form::Time { times, writer }, Encoding::Time(width))
            }
            None => number_form(from, layout),
        };
        if encoding != from {
            plane.set_encoding(encoding);
        }
        if encoding.width() == 0 {
            return Err(Error::malformed("a text field without width"));
        }
        Ok(Field {
            at,
            items: plane.items(),
            from,
            form,
            wide: encoding.width(),
        })
    }

    /// Bytes of all its values as text.
    pub(super) fn width(&self) -> usize {
        self.items * self.wide
    }

    /// Fills the room for the plane's values of one packet, each with a blank
    /// after it. There are [`Field::width`] bytes of room.
    pub(super) fn write(&mut self, packet: &[u8], room: &mut [u8]) {
        let width = self.from.width();
        let bytes = packet
            .get(self.at..self.at + self.items * width)
            .unwrap_or_default();
        let (from, wide) = (self.from, self.wide);
        let values = bytes.chunks_exact(width).zip(room.chunks_exact_mut(wide));
        match &mut self.form {
            Form::Copy => copy(bytes, room),
            Form::Real4 { big, decimals } => real4_fields(bytes, *big, *decimals, room),
            Form::Real8 { big } => {
                let (numbers, _) = bytes.as_chunks();
                let (fields, _) = room.as_chunks_mut::<{ ALL_OF_REAL8 as usize + 7 }>();
                for (raw, field) in numbers.iter().zip(fields) {
                    let number = match big {
                        true => f64::from_be_bytes(*raw),
                        false => f64::from_le_bytes(*raw),
                    };
                    let [text @ .., blank] = field;
                    exponent_field(number, usize::from(ALL_OF_REAL8) - 1, text);
                    *blank = b' ';
                }
            }
            Form::Number { decimals } => {
                for (raw, field) in values {
                    let number = from.number(raw).unwrap_or(f64::NAN);
                    if let Some((blank, text)) = field.split_last_mut() {
                        exponent_field(number, *decimals, text);
                        *blank = b' ';
                    }
                }
            }
            Form::Integer => {
                for (raw, field) in values {
                    integer(from.integer(raw), field);
                }
            }
            Form::Time { times, writer } => {
                for (raw, field) in values {
                    let time = times.time(from, raw).ok().flatten();
                    write_time(time, writer, field);
                }
            }
        }
    }
}

/// Text stays as it is, but for a line break: the packet may have ended here
/// before and does not now.
fn copy(bytes: &[u8], room: &mut [u8]) {
    if bytes.len() == room.len() {
        room.copy_from_slice(bytes);
    }
    if let Some(last) = room.last_mut()
        && matches!(*last, b'\n' | b'\r')
    {
        *last = b' ';
    }
}

/// Right-aligned, a blank at the end.
fn integer(number: i128, field: &mut [u8]) {
    let text = number.to_string();
    field.fill(b' ');
    if let Some(begin) = field.len().checked_sub(text.len() + 1)
        && let Some(room) = field.get_mut(begin..begin + text.len())
    {
        room.copy_from_slice(text.as_bytes());
    }
}

/// What is no time is written as the year 1, as das2C does. Left-aligned.
fn write_time(time: Option<Time>, writer: &mut IsoWriter, field: &mut [u8]) {
    field.fill(b' ');
    let Some(time) = time.or_else(|| Time::new(1, 1, 1, 0)) else {
        return;
    };
    let text = writer.text(time).as_bytes();
    // Years of five digits have no room for their last digit.
    let length = text.len().min(field.len().saturating_sub(1));
    if let (Some(room), Some(text)) = (field.get_mut(..length), text.get(..length)) {
        room.copy_from_slice(text);
    }
}

/// The form of a plane of numbers, and its type.
fn number_form(from: Encoding, layout: &Layout) -> (Form, Encoding) {
    let all = match from {
        Encoding::Int { width, .. } => {
            let wide = match width {
                1 => 5,
                2 => 7,
                4 => 12,
                _ => 21,
            };
            return (Form::Integer, Encoding::Ascii(wide));
        }
        Encoding::Real4 { .. } => ALL_OF_REAL4,
        _ => ALL_OF_REAL8,
    };
    let digits = layout.digits.unwrap_or(all);
    let decimals = usize::from(digits) - 1;
    let form = match (from, digits) {
        (Encoding::Real4 { big }, ..=ALL_OF_REAL4) => Form::Real4 { big, decimals },
        (Encoding::Real8 { big }, ALL_OF_REAL8) => Form::Real8 { big },
        _ => Form::Number { decimals },
    };
    (form, Encoding::Ascii(digits + 7))
}
