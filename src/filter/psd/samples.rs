//! Values of a plane on their way in and out.

use crate::filter::bin::Fill;
use crate::stream::{Encoding, PacketHeader, Plane, Run, StreamHeader};

/// Samples of one plane: where they are, and what is no sample.
pub(super) struct Samples {
    /// Where the plane begins in a packet, its tag included, in bytes.
    at: usize,
    encoding: Encoding,
    fill: Fill,
}

impl Samples {
    /// Of a plane that begins `offset` bytes into the data.
    pub(super) fn new(
        plane: &Plane,
        offset: usize,
        header: &PacketHeader,
        stream: &StreamHeader,
    ) -> Samples {
        Samples {
            at: offset + Run::TAG,
            encoding: plane.encoding(),
            fill: Fill::new(header.fill(plane, stream)),
        }
    }

    /// The fill value.
    pub(super) fn fill(&self) -> f64 {
        self.fill.value
    }

    /// True when all of these are samples: neither fill nor NaN nor infinite.
    pub(super) fn all_good(&self, values: &[f64]) -> bool {
        self.fill.all_good(values)
    }

    /// The value of one item of a packet; NaN for text that is no number.
    pub(super) fn get(&self, packet: &[u8], item: usize) -> f64 {
        let width = self.encoding.width();
        let begin = self.at + item * width;
        let field = packet.get(begin..begin + width).unwrap_or_default();
        self.encoding.number(field).unwrap_or(f64::NAN)
    }

    /// The values of as many items of a packet as there is room, from item
    /// `from` on.
    pub(super) fn read(&self, packet: &[u8], from: usize, into: &mut [f64]) {
        let width = self.encoding.width();
        let begin = self.at + from * width;
        let end = begin + into.len() * width;
        let fields = packet.get(begin..end).unwrap_or_default();
        match self.encoding {
            Encoding::Real4 { big: false } => {
                each(fields, into, |b| f64::from(f32::from_le_bytes(b)));
            }
            Encoding::Real4 { big: true } => {
                each(fields, into, |b| f64::from(f32::from_be_bytes(b)));
            }
            Encoding::Real8 { big: false } => each(fields, into, f64::from_le_bytes),
            Encoding::Real8 { big: true } => each(fields, into, f64::from_be_bytes),
            other => {
                for (value, field) in into.iter_mut().zip(fields.chunks_exact(width)) {
                    *value = other.number(field).unwrap_or(f64::NAN);
                }
            }
        }
    }
}

fn each<const N: usize>(fields: &[u8], into: &mut [f64], number: impl Fn([u8; N]) -> f64) {
    let (fields, _) = fields.as_chunks::<N>();
    for (value, field) in into.iter_mut().zip(fields) {
        *value = number(*field);
    }
}

/// Appends densities.
pub(super) fn write(values: impl Iterator<Item = f64>, encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Real4 { big: false } => out.extend(values.flat_map(|v| (v as f32).to_le_bytes())),
        Encoding::Real4 { big: true } => out.extend(values.flat_map(|v| (v as f32).to_be_bytes())),
        other => values.for_each(|v| other.write_number(v, out)),
    }
}
