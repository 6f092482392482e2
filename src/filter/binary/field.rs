//! One plane as numbers.

use crate::stream::{
    Encoding, Error, PacketHeader, Plane, PlaneKind, Result, StreamHeader, needs_eight_bytes,
};
use crate::time::{FieldTimes, Time, TimeUnit};

/// Where a plane's values stand in a packet, and what becomes of them.
pub(super) struct Field {
    at: usize,
    items: usize,
    from: Encoding,
    form: Form,
    /// What stands for text that is no number.
    fill: f64,
    is_x: bool,
}

enum Form {
    /// Not text: copied.
    Copy,
    Real4,
    Real8,
    /// us2000.
    Time(FieldTimes),
}

/// How a packet's values went.
pub(super) enum Wrote {
    All,
    /// One of them does not fit four bytes; it has not been written.
    TooNarrow,
}

/// Text of so many bytes has seven digits as programs write it, which four
/// bytes hold.
const WIDEST_REAL4: u8 = 14;

impl Field {
    /// Decides on the type of a plane, and changes its header to that.
    pub(super) fn new(
        plane: &mut Plane,
        at: usize,
        header: &PacketHeader,
        stream: &StreamHeader,
    ) -> Field {
        let from = plane.encoding();
        let fill = header.fill(plane, stream);
        let form = match from {
            Encoding::Time(_) => Form::Time(FieldTimes::default()),
            Encoding::Ascii(width) if width <= WIDEST_REAL4 && !is_fine(plane, fill) => Form::Real4,
            Encoding::Ascii(_) => Form::Real8,
            _ => Form::Copy,
        };
        let field = Field {
            at,
            items: plane.items(),
            from,
            form,
            fill,
            is_x: plane.kind == PlaneKind::X,
        };
        if matches!(field.form, Form::Time(_)) {
            plane.set_units(TimeUnit::US2000.name());
        }
        if let Some(encoding) = field.encoding() {
            plane.set_encoding(encoding);
        }
        field
    }

    /// What it is written in, unless it stays what it is.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        match self.form {
            Form::Copy => None,
            Form::Real4 => Some(Encoding::HOST_REAL4),
            Form::Real8 | Form::Time(_) => Some(Encoding::HOST_REAL8),
        }
    }

    /// From here on its numbers take eight bytes.
    pub(super) fn widen(&mut self, plane: &mut Plane) {
        self.form = Form::Real8;
        plane.set_encoding(Encoding::HOST_REAL8);
    }

    /// Appends the plane's values of one packet.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time in a plane of times.
    pub(super) fn write(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Result<Wrote> {
        let width = self.from.width();
        let bytes = packet
            .get(self.at..self.at + self.items * width)
            .unwrap_or_default();
        match &mut self.form {
            Form::Copy => out.extend_from_slice(bytes),
            Form::Real4 => {
                for field in bytes.chunks_exact(width) {
                    let value = self.from.number(field).unwrap_or(self.fill);
                    let short = value as f32;
                    if f64::from(short) != value && needs_eight_bytes(field, value) {
                        return Ok(Wrote::TooNarrow);
                    }
                    out.extend_from_slice(&short.to_ne_bytes());
                }
            }
            Form::Real8 => {
                for field in bytes.chunks_exact(width) {
                    let value = self.from.number(field).unwrap_or(self.fill);
                    out.extend_from_slice(&value.to_ne_bytes());
                }
            }
            Form::Time(times) => {
                for field in bytes.chunks_exact(width) {
                    let mut us = us2000(times, field)?;
                    // What das2 programs write where there is no time.
                    if us == YEAR_1 && !self.is_x {
                        us = self.fill;
                    }
                    out.extend_from_slice(&us.to_ne_bytes());
                }
            }
        }
        Ok(Wrote::All)
    }
}

/// 0001-01-01 in us2000.
const YEAR_1: f64 = -730_119.0 * 86_400e6;

fn us2000(times: &mut FieldTimes, field: &[u8]) -> Result<f64> {
    times.read(field).map(Time::us2000).map_err(|error| {
        Error::malformed(format!(
            "no time: '{}' ({error})",
            field.trim_ascii().escape_ascii()
        ))
    })
}

/// True for planes that four bytes are too coarse for whatever their width:
/// times, and those whose fill value four bytes cannot tell.
fn is_fine(plane: &Plane, fill: f64) -> bool {
    let short = fill as f32;
    let holds_fill = short.is_normal() || fill == 0.0 || !fill.is_finite();
    plane.kind == PlaneKind::X || TimeUnit::parse(plane.units()).is_some() || !holds_fill
}
