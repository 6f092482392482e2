//! The stage that makes text: every number as asciiN, every time as timeN.
//! Fields that are text already pass byte for byte, and so does all else in the
//! descriptors.

use std::sync::Arc;

use crate::qstream::{Encoding, Packet};
use crate::stream::{self, Descriptor, PacketHeader, PacketId, Result, Run, Sink, exp_field};
use crate::time::{Time, TimeUnit};

use super::header::set_encoding;
use super::number::write_time;

/// Output is handed on at the latest when so many bytes are there.
const FULL: usize = 64 << 10;

/// Turns a QStream into text and pushes it into the next stage.
pub struct ToText<N> {
    next: N,
    types: Vec<Option<Vec<Field>>>,
    text: Vec<u8>,
}

/// One dataset as text.
struct Field {
    at: usize,
    items: usize,
    from: Encoding,
    to: Encoding,
    form: Form,
}

enum Form {
    /// Text already.
    Copy,
    /// `%(N-1).(N-8)e`, of as many digits as tell the number.
    Real,
    /// The same for four bytes, which need fewer.
    Real4,
    Integer,
    /// A time, with the number that stands for none.
    Time(TimeUnit, f64),
}

impl Field {
    fn new(dataset: &crate::qstream::Dataset, at: usize) -> Option<Field> {
        use stream::Encoding::{Ascii, Int, Real4, Real8, Time};
        let (from, items) = dataset.in_packets()?;
        let (form, to) = match (from, dataset.time_unit()) {
            (from, _) if from.is_text() => (Form::Copy, from),
            (_, Some(unit)) => {
                let width = if unit.seconds() < 1e-8 { 30 } else { 27 };
                let fill = dataset.fill.unwrap_or(-1e31);
                (Form::Time(unit, fill), Encoding::Shared(Time(width)))
            }
            (Encoding::Shared(shared), None) => {
                let (form, width) = match shared {
                    Real4 { .. } => (Form::Real4, 15),
                    Real8 { .. } => (Form::Real, 24),
                    Int { width: 1, .. } => (Form::Integer, 5),
                    Int { width: 2, .. } => (Form::Integer, 7),
                    Int { width: 4, .. } => (Form::Integer, 12),
                    Int { .. } => (Form::Integer, 21),
                    Ascii(_) | Time(_) => return None,
                };
                (form, Encoding::Shared(Ascii(width)))
            }
            (Encoding::Hex(_), None) => return None,
        };
        Some(Field {
            at: at + Run::TAG,
            items,
            from,
            to,
            form,
        })
    }

    fn width(&self) -> usize {
        self.items * self.to.width()
    }

    fn write(&self, packet: &[u8], out: &mut Vec<u8>) {
        let end = self.at + self.items * self.from.width();
        let bytes = packet.get(self.at..end).unwrap_or_default();
        let room = self.to.width().saturating_sub(1);
        if let Form::Copy = self.form {
            out.extend(bytes);
            // The packet may have ended here before and does not now.
            if let Some(last) = out.last_mut()
                && matches!(*last, b'\n' | b'\r')
            {
                *last = b' ';
            }
            return;
        }
        for raw in bytes.chunks_exact(self.from.width()) {
            let value = self.from.number(raw).unwrap_or(f64::NAN);
            match &self.form {
                Form::Copy => {}
                Form::Real => exp_field(value, room, 16, out),
                Form::Real4 => real4(value, room, out),
                Form::Integer => {
                    let text = self.from.integer(raw).unwrap_or(0).to_string();
                    out.resize(out.len() + room.saturating_sub(text.len()), b' ');
                    out.extend(text.as_bytes());
                }
                Form::Time(unit, fill) => {
                    write_time(self.time(raw, value, unit, *fill), self.to, out);
                    continue;
                }
            }
            out.push(b' ');
        }
    }

    fn time(&self, raw: &[u8], value: f64, unit: &TimeUnit, fill: f64) -> Option<Time> {
        if value == fill || ((value - fill) / fill).abs() < 1e-5 {
            return None;
        }
        match self.from.integer(raw) {
            Some(number) => unit.to_time_i64(number),
            None => unit.to_time(value),
        }
    }
}

/// Eight digits after the point tell every four-byte real, but have no room
/// behind a sign; then the shortest digits that tell this one are written.
fn real4(value: f64, room: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    exp_field(value, room, 7, out);
    let written = out.get(begin..).unwrap_or_default();
    let read_back = stream::parse_number(written).map(|number| number as f32);
    if read_back == Some(value as f32) || !value.is_finite() {
        return;
    }
    let shortest = format!("{:e}", value as f32);
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = exponent.parse::<i32>().unwrap_or(0) - decimals.len() as i32;
    let integer = format!("{whole}{decimals}e{power:+}");
    if let Some(text) = [shortest, integer]
        .into_iter()
        .find(|text| text.len() <= room)
    {
        out.truncate(begin);
        out.resize(begin + room - text.len(), b' ');
        out.extend(text.as_bytes());
    }
}

impl<N: Sink> ToText<N> {
    /// A stage in front of `next`.
    pub fn new(next: N) -> ToText<N> {
        ToText {
            next,
            types: (0..PacketId::COUNT).map(|_| None).collect(),
            text: Vec::new(),
        }
    }
}

impl<N: Sink> Sink for ToText<N> {
    crate::hand_on!(next: stream, comment, exception, unknown, flush, finish, abort);

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let (Some(packet), Some(descriptor)) = (Packet::of_header(header), header.descriptor())
        else {
            return self.next.packet(id, header);
        };
        let mut element = descriptor.element.clone();
        let mut fields = Vec::new();
        for (index, at, dataset) in packet.columns() {
            if let Some(field) = Field::new(dataset, at) {
                if field.to != field.from
                    && let Some(dataset) = element.children.get_mut(index)
                {
                    set_encoding(dataset, field.to);
                }
                fields.push(field);
            }
        }
        let size = fields.iter().map(Field::width).sum();
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = Some(fields);
        }
        let header = PacketHeader::of_descriptor(Descriptor {
            element,
            size,
            ..descriptor.clone()
        })?;
        self.next.packet(id, &Arc::new(header))
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some(fields)) = self.types.get(run.id.index()) else {
            return Ok(());
        };
        let stride = Run::TAG + fields.iter().map(Field::width).sum::<usize>();
        let mut pass = |text: &mut Vec<u8>| {
            let done = self.next.run(Run {
                bytes: text,
                stride,
                ..run
            });
            text.clear();
            done
        };
        for packet in run.bytes.chunks_exact(run.stride) {
            self.text.extend(run.id.data_tag());
            for field in fields {
                field.write(packet, &mut self.text);
            }
            // A field of text that has no separator keeps its last character.
            if let Some(last) = self.text.last_mut()
                && last.is_ascii_whitespace()
            {
                *last = b'\n';
            }
            if self.text.len() >= FULL {
                pass(&mut self.text)?;
            }
        }
        match self.text.is_empty() {
            true => Ok(()),
            false => pass(&mut self.text),
        }
    }
}
