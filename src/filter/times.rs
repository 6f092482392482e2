//! Planes that hold times, and the times in their values.

use crate::stream::{Encoding, Error, Plane, PlaneKind, Result};
use crate::time::{Time, TimeUnit, parse_field, parse_query, seconds_per_unit};

/// How the values of a plane are times.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Times {
    /// As text.
    Text,
    /// Numbers of a unit of time.
    Unit(TimeUnit),
    /// Lengths of time after an instant.
    Since {
        /// The instant, in us2000.
        base: f64,
        /// Microseconds a unit.
        scale: f64,
    },
}

impl Times {
    /// Whether a plane holds times, and how.
    pub(super) fn of(plane: &Plane) -> Option<Times> {
        if let Encoding::Time(_) = plane.encoding() {
            return Some(Times::Text);
        }
        Times::of_numbers(plane)
    }

    /// The same for a plane of numbers, in binary or as text.
    pub(super) fn of_numbers(plane: &Plane) -> Option<Times> {
        if plane.kind == PlaneKind::X
            && let Some(seconds) = seconds_per_unit(plane.units())
        {
            let base = parse_query(plane.attr("base")?, None).ok()?;
            return Some(Times::Since {
                base: base.us2000(),
                scale: seconds * 1e6,
            });
        }
        // Only numbers get here with the unit UTC, and they mean us2000.
        TimeUnit::parse(plane.units()).map(Times::Unit)
    }

    /// The digits of a second that the values have: 9 for units as fine as
    /// nanoseconds, else 6.
    pub(super) fn digits(&self) -> u8 {
        match self {
            Times::Unit(unit) if unit.seconds() < 1e-8 => 9,
            _ => 6,
        }
    }

    /// The time of one value; None where there is none.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time.
    pub(super) fn time(&self, encoding: Encoding, raw: &[u8]) -> Result<Option<Time>> {
        Ok(match self {
            Times::Text => return text(raw),
            Times::Unit(unit) => match encoding {
                Encoding::Int { width: 8, .. } => i64::try_from(encoding.integer(raw))
                    .ok()
                    .and_then(|number| unit.to_time_i64(number)),
                _ => encoding.number(raw).and_then(|number| unit.to_time(number)),
            },
            Times::Since { base, scale } => encoding
                .number(raw)
                .and_then(|number| Time::from_us2000(base + number * scale)),
        })
    }
}

/// A time as text; blanks are none.
fn text(raw: &[u8]) -> Result<Option<Time>> {
    let raw = raw.trim_ascii();
    if raw.is_empty() {
        return Ok(None);
    }
    match parse_field(raw) {
        Ok(time) => Ok(Some(time)),
        Err(error) => Err(Error::malformed(format!(
            "'{}' is no time ({error})",
            raw.escape_ascii()
        ))),
    }
}
