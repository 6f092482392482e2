//! x as a place that can be moved along.
//!
//! Points keep the digits that the stream gave them: numbers stay numbers of
//! x's own unit, text times and eight-byte integers are whole numbers (of
//! nanoseconds, of the unit).

use crate::filter::x_time::at;
use crate::stream::{Encoding, Error, PacketHeader, Plane, Result, Run};
use crate::time::{Time, TimeUnit, digits_of_width, parse_field, seconds_per_unit, write_field};

use super::units::Units;

/// The x plane of a packet type.
pub(super) struct Axis {
    /// The plane, as it stands in the input.
    pub(super) plane: Plane,
    /// Where x stands in a packet, its tag included, in bytes.
    at: usize,
    /// Seconds in one step of x, where x is a time or a length of time.
    seconds: Option<f64>,
}

/// A value of x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Point {
    /// A number of x's unit.
    Number(f64),
    /// A whole number of x's unit, or of nanoseconds since 2000 where x is
    /// text.
    Whole(i128),
}

impl Point {
    /// The steps of x from another point of the same axis to this one.
    pub(super) fn minus(self, other: Point) -> f64 {
        match (self, other) {
            (Point::Number(a), Point::Number(b)) => a - b,
            (Point::Whole(a), Point::Whole(b)) => (a - b) as f64,
            _ => f64::NAN,
        }
    }

    /// The point so many steps of x further on.
    pub(super) fn plus(self, steps: f64) -> Point {
        match self {
            Point::Number(x) => Point::Number(x + steps),
            Point::Whole(x) => Point::Whole(x.saturating_add(steps.round() as i128)),
        }
    }
}

impl Axis {
    /// Understands the one x plane of a packet type.
    ///
    /// # Errors
    /// [`Error::Unfit`]: no x, or several.
    pub(super) fn new(header: &PacketHeader) -> Result<Axis> {
        let (index, offset) = header.x()?;
        let Some(plane) = header.planes.get(index).cloned() else {
            return Err(Error::Unfit("the packets have no x plane".into()));
        };
        let seconds = match plane.encoding() {
            Encoding::Time(_) => Some(1e-9),
            _ => TimeUnit::parse(plane.units())
                .map(|unit| unit.seconds())
                .or_else(|| seconds_per_unit(plane.units())),
        };
        Ok(Axis {
            plane,
            at: offset + Run::TAG,
            seconds,
        })
    }

    /// x of a packet of a run. None: it is no finite number.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time.
    pub(super) fn point(&self, run: Run<'_>, index: usize) -> Result<Option<Point>> {
        let encoding = self.plane.encoding();
        let begin = index * run.stride + self.at;
        let field = run.bytes.get(begin..begin + encoding.width());
        let field = field.unwrap_or_default();
        if let Encoding::Time(_) = encoding {
            return match parse_field(field) {
                Ok(time) => Ok(Some(Point::Whole(time.ns2000()))),
                Err(error) => Err(at(
                    Error::malformed(format!(
                        "x is no time: '{}' ({error})",
                        field.trim_ascii().escape_ascii()
                    )),
                    run,
                    index,
                )),
            };
        }
        Ok(match encoding {
            Encoding::Int { .. } => Some(Point::Whole(encoding.integer(field))),
            other => other
                .number(field)
                .filter(|x| x.is_finite())
                .map(Point::Number),
        })
    }

    /// Seconds in one step of x; None where x is no time.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.seconds
    }

    /// Steps of x in one of a length's unit; None where they do not compare.
    pub(super) fn steps_in(&self, unit: &str) -> Option<f64> {
        match (self.seconds, seconds_per_unit(unit)) {
            // Parts of a second are powers of ten, whose inverses are whole.
            (Some(own), Some(seconds)) if own < 1.0 => Some(seconds * (1.0 / own).round()),
            (Some(own), Some(seconds)) => Some(seconds / own),
            (None, None) => (Units::parse(unit) == Units::parse(self.plane.units())).then_some(1.0),
            _ => None,
        }
    }

    /// The x plane of the output, whose records lie `steps` of x apart: reals
    /// of eight bytes, text wide enough to tell the records apart a thousand
    /// times over.
    pub(super) fn written(&self, steps: f64) -> Plane {
        let mut plane = self.plane.clone();
        let encoding = match plane.encoding() {
            Encoding::Time(width) => {
                let seconds = steps * self.seconds.unwrap_or(1.0);
                let digits = [3, 6]
                    .into_iter()
                    .find(|&digits| 10f64.powi(-digits) * 1e3 <= seconds)
                    .unwrap_or(9);
                let shown = digits_of_width(usize::from(width)).map_or(-1, i32::from);
                match digits {
                    digits if shown >= digits => Encoding::Time(width),
                    3 => Encoding::Time(width.max(24)),
                    6 => Encoding::Time(width.max(27)),
                    _ => Encoding::Time(width.max(30)),
                }
            }
            Encoding::Ascii(width) => Encoding::Ascii(width.max(20)),
            Encoding::Real4 { big } | Encoding::Real8 { big } | Encoding::Int { big, .. } => {
                Encoding::Real8 { big }
            }
        };
        if encoding != plane.encoding() {
            plane.set_encoding(encoding);
        }
        plane
    }

    /// Appends a point in the encoding of a plane of the output.
    pub(super) fn write(&self, point: Point, encoding: Encoding, out: &mut Vec<u8>) {
        match (encoding, point) {
            (Encoding::Time(width), Point::Whole(ns)) => {
                // What no calendar holds is written as the year 1.
                let time = Time::from_ns2000(ns).or_else(|| Time::new(1, 1, 1, 0));
                if let Some(time) = time {
                    write_field(time, usize::from(width), out);
                }
            }
            (encoding, Point::Whole(whole)) => encoding.write_number(whole as f64, out),
            (encoding, Point::Number(x)) => encoding.write_number(x, out),
        }
    }
}
