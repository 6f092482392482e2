//! Values of which some are too large for a double: TT2000 has nanoseconds in
//! eight bytes.

use crate::qstream::Encoding;
use crate::stream::{self, Error, Result};
use crate::time::{Time, parse_field, write_field};

/// A value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// An integer, or the nanoseconds since 2000 of a time that is text.
    Integer(i64),
    /// Any other.
    Real(f64),
}

impl Number {
    /// The value in a field; None: there is none in it.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time where one is due.
    pub(super) fn read(encoding: Encoding, field: &[u8]) -> Result<Option<Number>> {
        if let Some(integer) = encoding.integer(field) {
            return Ok(Some(Number::Integer(integer)));
        }
        if !matches!(encoding, Encoding::Shared(stream::Encoding::Time(_))) {
            return Ok(encoding.number(field).map(Number::Real));
        }
        if field.starts_with(b"*") {
            return Ok(None);
        }
        match parse_field(field) {
            Ok(time) => Ok(i64::try_from(time.ns2000()).ok().map(Number::Integer)),
            Err(error) => Err(Error::malformed(format!(
                "no time: '{}' ({error})",
                field.trim_ascii().escape_ascii()
            ))),
        }
    }

    /// As a double.
    pub(super) fn real(self) -> f64 {
        match self {
            Number::Integer(integer) => integer as f64,
            Number::Real(real) => real,
        }
    }

    /// How far it is from another.
    pub(super) fn minus(self, base: Number) -> f64 {
        match (self, base) {
            (Number::Integer(a), Number::Integer(b)) => (i128::from(a) - i128::from(b)) as f64,
            (a, b) => a.real() - b.real(),
        }
    }

    /// The value at a distance from it; whole where it is whole, and even where two
    /// are as near: so a mean is the same whichever value came first.
    pub(super) fn plus(self, distance: f64) -> Number {
        let base = match self {
            Number::Integer(base) => base,
            Number::Real(base) => return Number::Real(base + distance),
        };
        let below = distance.floor();
        let whole = base.saturating_add(below as i64);
        let above = match distance - below {
            0.5 => whole % 2 != 0,
            part => part > 0.5,
        };
        Number::Integer(whole.saturating_add(i64::from(above)))
    }

    /// Appends it in an encoding, which is the one it was read in.
    pub(super) fn write(self, encoding: Encoding, out: &mut Vec<u8>) {
        match (self, encoding) {
            (Number::Integer(ns), Encoding::Shared(stream::Encoding::Time(_))) => {
                write_time(Time::from_ns2000(i128::from(ns)), encoding, out);
            }
            (Number::Integer(integer), Encoding::Shared(stream::Encoding::Int { .. })) => {
                encoding.write_integer(integer, out);
            }
            (number, _) => encoding.write_number(number.real(), out),
        }
    }
}

/// Appends a time as text; stars where there is none.
pub(super) fn write_time(time: Option<Time>, encoding: Encoding, out: &mut Vec<u8>) {
    let width = encoding.width();
    match time {
        Some(time) => write_field(time, width, out),
        None => {
            let end = out.len() + width;
            out.extend_from_slice(b"****".get(..width.min(4)).unwrap_or_default());
            out.resize(end, b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_become_even_wherever_they_are_counted_from() {
        for (base, distance, whole) in [
            (1, 0.5, 2),
            (2, -0.5, 2),
            (2, 0.5, 2),
            (4, -1.5, 2),
            (1, 1.5, 2),
            (-1, -0.5, -2),
            (-2, 0.5, -2),
            (3, 0.25, 3),
            (3, 0.75, 4),
            (3, -0.25, 3),
            (3, -0.75, 2),
            (i64::MAX, 1.0, i64::MAX),
            (i64::MIN, -2.5, i64::MIN),
        ] {
            let sum = Number::Integer(base).plus(distance);
            assert_eq!(sum, Number::Integer(whole), "{base} {distance}");
        }
    }
}
