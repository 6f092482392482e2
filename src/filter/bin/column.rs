//! One plane of a packet type while it is being binned.

use crate::stream::{Encoding, Error, PacketHeader, Plane, PlaneKind, Result, Run, StreamHeader};
use crate::time::{FieldTimes, Time, TimeUnit, seconds_per_unit, write_field};

use super::kernel::{Fill, Packets, Sums, add_one, add_reals};
use super::options::{Binning, Planes};

/// A plane on its way through the bins.
pub(super) struct Column {
    /// Where the plane begins in a packet, its tag included.
    at: usize,
    encoding: Encoding,
    /// Values a packet of the input.
    items: usize,
    /// All values of a packet go into one.
    pub(super) collapse: bool,
    fill: Fill,
    /// What is gathered: items, ranges, peaks, deviations.
    wanted: (usize, bool, bool, bool),
    /// Empty until data come: a header that promises much takes no memory.
    sums: Sums,
    /// The day that was read last in a plane of times.
    times: FieldTimes,
}

/// One number of each item, ready to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statistic {
    Mean,
    Min,
    Max,
    Deviation,
}

impl Column {
    pub(super) fn new(
        plane: &Plane,
        offset: usize,
        header: &PacketHeader,
        stream: &StreamHeader,
        binning: &Binning,
    ) -> Column {
        let collapse = collapses(plane, header, stream, binning);
        let (range, deviation, peak) = match binning.planes {
            Planes::Means { range, deviation } => (range, deviation, false),
            Planes::Peaks => (false, false, true),
        };
        let items = if collapse { 1 } else { plane.items() };
        Column {
            at: offset + Run::TAG,
            encoding: plane.encoding(),
            items: plane.items(),
            collapse,
            fill: Fill::new(header.fill(plane, stream)),
            wanted: (items, range, peak, deviation),
            sums: Sums::default(),
            times: FieldTimes::default(),
        }
    }

    /// The fill value it is written with.
    pub(super) fn fill(&self) -> f64 {
        self.fill.value
    }

    /// Adds the values of consecutive packets.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time in a plane of times.
    pub(super) fn add(&mut self, run: Run<'_>) -> Result<()> {
        if self.sums.sum.is_empty() {
            let (items, range, peak, deviation) = self.wanted;
            self.sums = Sums::new(items, range, peak, deviation);
        }
        let packets = Packets {
            bytes: run.bytes,
            stride: run.stride,
            at: self.at,
            length: self.encoding.width() * self.items,
        };
        if add_reals(
            packets,
            self.encoding,
            self.fill,
            self.collapse,
            &mut self.sums,
        ) {
            return Ok(());
        }
        let width = self.encoding.width();
        for packet in run.bytes.chunks_exact(run.stride) {
            let end = self.at + width * self.items;
            let fields = packet.get(self.at..end).unwrap_or_default();
            for (item, field) in fields.chunks_exact(width).enumerate() {
                let item = if self.collapse { 0 } else { item };
                // Text that is no number, and time that is none, is fill.
                if let Some(value) = number(self.encoding, field, &mut self.times)? {
                    add_one(value, item, self.fill, &mut self.sums);
                }
            }
        }
        Ok(())
    }

    /// Appends one statistic of every item, encoded for the output.
    pub(super) fn write(&self, statistic: Statistic, encoding: Encoding, out: &mut Vec<u8>) {
        let fill = self.fill.value;
        let counts = self.sums.counts();
        if let (Statistic::Mean, false) = (statistic, matches!(encoding, Encoding::Time(_))) {
            let sums = self.sums.sum.iter().zip(counts);
            let means = sums.map(|(sum, count)| if count == 0.0 { fill } else { sum / count });
            return encoding.write_numbers(means, out);
        }
        for (item, count) in counts.enumerate() {
            let value = match count == 0.0 {
                true => fill,
                false => self.value(statistic, item, count),
            };
            write_value(value, encoding, out);
        }
    }

    fn value(&self, statistic: Statistic, item: usize, count: f64) -> f64 {
        let of = |values: &[f64]| values.get(item).copied();
        match statistic {
            Statistic::Mean => of(&self.sums.sum).map(|sum| sum / count),
            Statistic::Min => of(&self.sums.min),
            Statistic::Max => of(&self.sums.max),
            Statistic::Deviation => self.sums.deviation(item),
        }
        .unwrap_or(self.fill.value)
    }

    /// Back to an empty bin.
    pub(super) fn clear(&mut self) {
        self.sums.clear();
    }
}

/// A scan whose items are samples in time, all within one bin, becomes one
/// value: it is a yscan whose renderer is `waveform`, or das2.3's xscan, and
/// its tags are lengths of time that span no more than a bin.
fn collapses(
    plane: &Plane,
    header: &PacketHeader,
    stream: &StreamHeader,
    binning: &Binning,
) -> bool {
    let is_waveform = match plane.kind {
        PlaneKind::XScan => true,
        PlaneKind::YScan => header
            .cascade(plane, stream, "renderer")
            .is_some_and(|renderer| renderer.value == "waveform"),
        _ => false,
    };
    if binning.planes == Planes::Peaks || binning.own_units || !is_waveform {
        return false;
    }
    let Some(unit) = plane.tag_units().and_then(seconds_per_unit) else {
        return false;
    };
    let (low, high) = plane.tags().range(plane.items());
    (high - low) * unit <= binning.seconds
}

/// A value that is not a real: text, an integer, a time in us2000.
#[inline]
fn number(encoding: Encoding, field: &[u8], times: &mut FieldTimes) -> Result<Option<f64>> {
    if !matches!(encoding, Encoding::Time(_)) {
        return Ok(encoding.number(field));
    }
    match times.read(field) {
        // The time that das2 programs write for fill.
        Ok(time) if Some(time) == Time::new(1, 1, 1, 0) => Ok(None),
        Ok(time) => Ok(Some(time.us2000())),
        Err(error) => Err(Error::malformed(format!(
            "no time: '{}' ({error})",
            field.trim_ascii().escape_ascii()
        ))),
    }
}

fn write_value(value: f64, encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Time(width) => {
            // What cannot be said as a time is written as the year 1.
            let time = Time::from_us2000(value).or_else(|| Time::new(1, 1, 1, 0));
            if let Some(time) = time {
                write_field(time, usize::from(width), out);
            }
        }
        encoding => encoding.write_number(value, out),
    }
}

/// The encoding the centres of bins are written in: text fields as wide as
/// the centres need, numbers as doubles in the same byte order.
pub(in crate::filter) fn x_written_as(encoding: Encoding, digits: u8) -> Encoding {
    match encoding {
        Encoding::Time(width) => {
            let shown = crate::time::digits_of_width(usize::from(width));
            if shown.is_some_and(|shown| shown >= digits) {
                return encoding;
            }
            Encoding::Time(match digits {
                0..=3 => 24,
                4..=6 => 27,
                _ => 30,
            })
        }
        Encoding::Ascii(width) => Encoding::Ascii(width.max(20)),
        Encoding::Real4 { big } | Encoding::Real8 { big } | Encoding::Int { big, .. } => {
            Encoding::Real8 { big }
        }
    }
}

/// The unit that text times are numbers of, in bins of x's own units.
pub(super) fn own_unit(x: &Plane) -> TimeUnit {
    TimeUnit::parse(x.units()).unwrap_or(TimeUnit::US2000)
}

/// The same for bins in x's own units: reals stay as they are.
pub(super) fn own_x_written_as(encoding: Encoding, unit: &TimeUnit, size: f64) -> Encoding {
    match encoding {
        Encoding::Time(_) => {
            let seconds = size * unit.seconds() / 2.0;
            let digits = [(0, 1.0), (3, 1e3), (6, 1e6)]
                .into_iter()
                .find(|(_, parts)| (seconds * parts).fract() == 0.0)
                .map_or(9, |(digits, _)| digits);
            x_written_as(encoding, digits)
        }
        Encoding::Int { big, .. } => Encoding::Real8 { big },
        other => other,
    }
}

/// 0001-01-01, and the last second of the year 9999, in us2000.
const YEAR_1: f64 = -730_119.0 * 86_400e6;
const END_OF_9999: f64 = 2_921_940.0 * 86_400e6 - 1e6;

/// The unit that x is written in.
pub(super) fn x_units(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Time(_) => "UTC",
        _ => "us2000",
    }
}

/// Appends the centre of a bin. Text has room for the years 1 to 9999.
pub(super) fn write_centre(us2000: f64, encoding: Encoding, out: &mut Vec<u8>) {
    let us2000 = match encoding {
        Encoding::Time(_) => us2000.clamp(YEAR_1, END_OF_9999),
        _ => us2000,
    };
    write_value(us2000, encoding, out);
}

/// Appends the centre of a bin in x's own units.
pub(super) fn write_own_centre(centre: f64, x: &Plane, encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Time(_) => write_centre(own_unit(x).to_us2000(centre), encoding, out),
        other => other.write_number(centre, out),
    }
}
