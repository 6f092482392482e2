//! How often each value occurs: das2_histo.
//!
//! Each plane of the input but x becomes a packet type of its own: x is a value,
//! y, or each item of a yscan, how often it occurred. All is held until the
//! input ends, and values come out in order.

use std::collections::HashMap;
use std::sync::Arc;

use super::bin::Fill;
use crate::filter::program::StreamArgs;
use crate::stream::{
    Comment, Encoding, Error, Exception, PacketHeader, PacketId, Plane, PlaneKind, Result, Run,
    Sink, StreamHeader,
};
use crate::time::{Time, parse_field};

const PROGRAM: &str = "das2_histo";

/// What is held, in units of eight bytes: 128 MiB. A value takes VALUE of them,
/// and one more for each item.
const MAX_HELD: usize = 16 << 20;
const VALUE: usize = 7;

/// Records are handed on at the latest at so many bytes.
const FULL: usize = 64 << 10;

/// Counts how often each value occurs.
///
/// Reads a das2 stream and writes, for each of its planes, the values in order
/// and how often each was there. Fill and NaN are not counted.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "das2_histo",
    args_override_self = true,
    version,
    disable_version_flag = true
)]
pub struct HistoArgs {
    /// Write the fraction of values at or below each one instead of counts.
    #[arg(short = 'b', long = "frac-below", overrides_with = "above")]
    below: bool,
    /// Write the fraction of values at or above each one instead of counts.
    #[arg(short = 'a', long = "frac-above", overrides_with = "below")]
    above: bool,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// What is written for each value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// How often it was there.
    Counts,
    /// The fraction of values at or below it.
    Below,
    /// The fraction of values at or above it.
    Above,
}

impl From<&HistoArgs> for Shown {
    fn from(args: &HistoArgs) -> Shown {
        match (args.below, args.above) {
            (true, _) => Shown::Below,
            (_, true) => Shown::Above,
            _ => Shown::Counts,
        }
    }
}

impl Shown {
    fn title(self) -> &'static str {
        match self {
            Shown::Counts => "Histogram",
            Shown::Below => "Normalized Cumulative Histogram",
            Shown::Above => "Normalized Reverse Cumulative Histogram",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Shown::Counts => "Value Count",
            Shown::Below => "Fraction at or below",
            Shown::Above => "Fraction at or above",
        }
    }
}

/// One plane of the input.
struct Column {
    id: PacketId,
    header: Arc<PacketHeader>,
    /// Where the plane begins in a packet, its tag included.
    at: usize,
    encoding: Encoding,
    items: usize,
    fill: Fill,
    /// The place of each value, by its bits.
    places: HashMap<u64, usize>,
    /// For each place, the counts of all items.
    counts: Vec<u64>,
}

/// Counts the values of a stream and pushes the counts into the next stage.
pub struct Histogram<N> {
    next: N,
    shown: Shown,
    stream: StreamHeader,
    types: Vec<Option<(Arc<PacketHeader>, std::ops::Range<usize>)>>,
    columns: Vec<Column>,
    held: usize,
    exceptions: Vec<Exception>,
}

impl<N: Sink> Histogram<N> {
    /// A stage in front of `next`.
    pub fn new(shown: Shown, next: N) -> Histogram<N> {
        Histogram {
            next,
            shown,
            stream: StreamHeader::new(),
            types: vec![None; PacketId::COUNT],
            columns: Vec::new(),
            held: 0,
            exceptions: Vec::new(),
        }
    }

    fn header(&self, input: &PacketHeader, plane: &Plane) -> PacketHeader {
        let label = |name: &str| input.cascade(plane, &self.stream, name).map(|p| p.value);
        let units = match plane.encoding() {
            Encoding::Time(_) => "us2000",
            _ => plane.units(),
        };
        let mut x = Plane::new(PlaneKind::X, "", units, Encoding::HOST_REAL8);
        let name = format!("{}_hist", plane.name());
        let mut out = plane.clone();
        out.properties = Default::default();
        if plane.kind == PlaneKind::Z {
            out = Plane::new(PlaneKind::Y, "", "", Encoding::HOST_REAL4);
        }
        out.set_name(&name);
        out.set_units("");
        out.set_encoding(Encoding::HOST_REAL4);
        let own_label = match plane.kind {
            PlaneKind::YScan | PlaneKind::XScan => {
                if let Some(label) = label("yLabel") {
                    out.properties.set("String", "yLabel", label);
                }
                out.properties.set("String", "zLabel", self.shown.label());
                label("zLabel")
            }
            PlaneKind::Z => {
                out.properties.set("String", "yLabel", self.shown.label());
                label("zLabel")
            }
            _ => {
                out.properties.set("String", "yLabel", self.shown.label());
                label("yLabel")
            }
        };
        if let Some(label) = own_label {
            x.properties.set("String", "xLabel", label);
        }
        PacketHeader::new(vec![x, out])
    }

    /// Writes the histogram of a plane.
    fn write(&mut self, column: Column) -> Result<()> {
        let items = column.items;
        let mut values: Vec<(f64, usize)> = column
            .places
            .iter()
            .map(|(bits, place)| (f64::from_bits(*bits), *place))
            .collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Four bytes count to 2^24 exactly.
        let many = column.counts.iter().any(|&count| count > 1 << 24);
        let encoding = match many && self.shown == Shown::Counts {
            true => Encoding::HOST_REAL8,
            false => Encoding::HOST_REAL4,
        };
        let mut header = PacketHeader::clone(&column.header);
        for plane in header.planes.iter_mut().filter(|p| p.kind != PlaneKind::X) {
            plane.set_encoding(encoding);
        }
        self.next.packet(column.id, &Arc::new(header))?;
        let counts = |place: usize| {
            let from = place * items;
            column.counts.get(from..from + items).unwrap_or_default()
        };
        let mut totals = vec![0u64; items];
        for (_, place) in &values {
            add(&mut totals, counts(*place));
        }
        let mut sums = match self.shown {
            Shown::Above => totals.clone(),
            _ => vec![0; items],
        };
        let stride = Run::TAG + 8 + items * encoding.width();
        let mut records = Vec::new();
        for (value, place) in &values {
            let counts = counts(*place);
            if self.shown == Shown::Below {
                add(&mut sums, counts);
            }
            records.extend(column.id.data_tag());
            Encoding::HOST_REAL8.write_number(*value, &mut records);
            for (item, &count) in counts.iter().enumerate() {
                let of = |all: &[u64]| all.get(item).copied().unwrap_or(0) as f64;
                let number = match self.shown {
                    Shown::Counts => count as f64,
                    _ if of(&totals) == 0.0 => 0.0,
                    _ => of(&sums) / of(&totals),
                };
                encoding.write_number(number, &mut records);
            }
            if self.shown == Shown::Above {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum = sum.saturating_sub(*count);
                }
            }
            if records.len() >= FULL {
                self.pass(column.id, stride, &mut records)?;
            }
        }
        self.pass(column.id, stride, &mut records)
    }

    fn pass(&mut self, id: PacketId, stride: usize, records: &mut Vec<u8>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let passed = self.next.run(Run {
            id,
            bytes: records,
            stride,
            offset: 0,
        });
        records.clear();
        passed
    }
}

fn add(sums: &mut [u64], counts: &[u64]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
}

impl Column {
    /// Counts the values of a run; how much that takes more, in eight bytes.
    fn add(&mut self, run: Run<'_>, room: usize) -> Result<usize> {
        let width = self.encoding.width();
        let cost = self.items + VALUE;
        let mut taken = 0;
        for packet in run.bytes.chunks_exact(run.stride) {
            let end = self.at + width * self.items;
            let fields = packet.get(self.at..end).unwrap_or_default();
            for (item, field) in fields.chunks_exact(width).enumerate() {
                let Some(value) = number(self.encoding, field) else {
                    continue;
                };
                if !self.fill.is_good(value) {
                    continue;
                }
                // The two zeros are one value.
                let bits = (value + 0.0).to_bits();
                let next = self.places.len();
                let place = *self.places.entry(bits).or_insert(next);
                if place == next {
                    taken += cost;
                    if taken > room {
                        return Err(Error::Unfit(
                            "there are too many different values: more than 128 MiB would have \
                             to be held"
                                .into(),
                        ));
                    }
                    self.counts.resize(self.counts.len() + self.items, 0);
                }
                if let Some(count) = self.counts.get_mut(place * self.items + item) {
                    *count += 1;
                }
            }
        }
        Ok(taken)
    }
}

fn number(encoding: Encoding, field: &[u8]) -> Option<f64> {
    match encoding {
        Encoding::Time(_) => {
            let time = parse_field(field).ok();
            // Programs write fill as the beginning of the year 1.
            let good = time.filter(|time| Some(*time) != Time::new(1, 1, 1, 0));
            good.map(Time::us2000)
        }
        other => other.number(field),
    }
}

impl<N: Sink> Sink for Histogram<N> {
    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.stream = header.clone();
        let mut out = StreamHeader::new();
        // Tags that only das2.3 has are in its headers, too.
        if let Some(version) = header.attr("version") {
            out.set_attr("version", version);
        }
        let title = match header.properties.value("title") {
            Some(title) => format!("{title} - {}", self.shown.title()),
            None => self.shown.title().to_owned(),
        };
        out.properties.set("String", "title", title);
        if let Some(summary) = header.properties.value("summary") {
            out.properties.set("String", "summary", summary);
        }
        out.properties.set("double", "yFill", "0.0");
        out.properties.set("double", "zFill", "0.0");
        out.properties.set("String", "sourceId", PROGRAM);
        self.next.stream(&out)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let Some(slot) = self.types.get(id.index()) else {
            return Ok(());
        };
        if slot.as_ref().is_some_and(|(old, _)| old == header) {
            return Ok(());
        }
        let begin = self.columns.len();
        let mut offset = Run::TAG;
        for plane in &header.planes {
            let at = offset;
            offset += plane.width();
            if plane.kind == PlaneKind::X {
                continue;
            }
            let number = u8::try_from(self.columns.len() + 1).ok();
            let id = number.and_then(PacketId::new).ok_or_else(|| {
                Error::Unfit("there are more planes than packet IDs for their histograms".into())
            })?;
            self.columns.push(Column {
                id,
                header: Arc::new(self.header(header, plane)),
                at,
                encoding: plane.encoding(),
                items: plane.items(),
                fill: Fill::new(header.fill(plane, &self.stream)),
                places: HashMap::new(),
                counts: Vec::new(),
            });
        }
        let columns = begin..self.columns.len();
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = Some((Arc::clone(header), columns));
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some((_, columns))) = self.types.get(run.id.index()) else {
            return Ok(());
        };
        for column in self.columns.get_mut(columns.clone()).unwrap_or_default() {
            self.held += column.add(run, MAX_HELD - self.held.min(MAX_HELD))?;
        }
        Ok(())
    }

    fn comment(&mut self, comment: &Comment) -> Result<()> {
        self.next.comment(comment)
    }

    /// It waits for what came before it.
    fn exception(&mut self, exception: &Exception) -> Result<()> {
        if self.exceptions.len() < 16 {
            self.exceptions.push(exception.clone());
            return Ok(());
        }
        self.next.exception(exception)
    }

    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        self.next.unknown(body)
    }

    fn flush(&mut self) -> Result<()> {
        self.next.flush()
    }

    fn finish(&mut self) -> Result<()> {
        for column in std::mem::take(&mut self.columns) {
            self.write(column)?;
        }
        for exception in std::mem::take(&mut self.exceptions) {
            self.next.exception(&exception)?;
        }
        self.next.finish()
    }

    /// Half of a histogram is none.
    fn abort(&mut self, exception: &Exception) -> Result<()> {
        for exception in std::mem::take(&mut self.exceptions) {
            self.next.exception(&exception)?;
        }
        self.next.abort(exception)
    }
}
