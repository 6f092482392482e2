//! One plane as text.

use crate::filter::times::Times;
use crate::stream::{Encoding, Error, Plane, Result, exp_field};
use crate::time::{Time, write_field};

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
    /// `%(wide-1).(decimals)e`.
    Number { decimals: usize },
    /// A plain integer.
    Integer,
    /// A time.
    Time(Times),
}

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
                let width = time_width(&times, layout);
                plane.set_units("UTC");
                plane.remove_attr("base");
                (Form::Time(times), Encoding::Time(width))
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

    /// Appends the plane's values of one packet, each with a blank after it.
    pub(super) fn write(&self, packet: &[u8], out: &mut Vec<u8>) {
        let width = self.from.width();
        let bytes = packet
            .get(self.at..self.at + self.items * width)
            .unwrap_or_default();
        if matches!(self.form, Form::Copy) {
            return self.copy(bytes, out);
        }
        for raw in bytes.chunks_exact(width) {
            self.write_one(raw, out);
        }
    }

    /// Text stays as it is, but for a line break: the packet may have ended
    /// here before and does not now.
    fn copy(&self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend(bytes);
        if let Some(last) = out.last_mut()
            && matches!(*last, b'\n' | b'\r')
        {
            *last = b' ';
        }
    }

    fn write_one(&self, raw: &[u8], out: &mut Vec<u8>) {
        let value = self.from.number(raw).unwrap_or(f64::NAN);
        match &self.form {
            Form::Copy => {}
            Form::Number { decimals } => {
                exp_field(value, self.wide - 1, *decimals, out);
                out.push(b' ');
            }
            Form::Integer => {
                let begin = out.len();
                out.resize(begin + self.wide, b' ');
                let text = self.from.integer(raw).to_string();
                let at = out.len().saturating_sub(1 + text.len());
                if let Some(room) = out.get_mut(at.max(begin)..at + text.len()) {
                    room.copy_from_slice(text.as_bytes());
                }
            }
            Form::Time(times) => {
                let time = times.time(self.from, raw).ok().flatten();
                self.write_time(time, out);
            }
        }
    }

    /// What is no time is written as the year 1, as das2C does.
    fn write_time(&self, time: Option<Time>, out: &mut Vec<u8>) {
        match time.or_else(|| Time::new(1, 1, 1, 0)) {
            Some(time) => write_field(time, self.wide, out),
            None => out.extend(std::iter::repeat_n(b' ', self.wide)),
        }
    }
}

fn time_width(times: &Times, layout: &Layout) -> u8 {
    match layout.subseconds.unwrap_or(times.digits()) {
        0 => 20,
        digits => 21 + digits,
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
        Encoding::Real4 { .. } => 7,
        _ => 17,
    };
    let digits = layout.digits.unwrap_or(all);
    (
        Form::Number {
            decimals: usize::from(digits) - 1,
        },
        Encoding::Ascii(digits + 7),
    )
}
