//! One dataset of a packet while it is being binned.

use crate::filter::bin::kernel::{Fill, Packets, Sums, add_reals};
use crate::qstream::{Dataset, Encoding};
use crate::stream::{self, Result, Run};
use crate::time::{Time, TimeUnit};

use super::number::{Number, write_time};

/// What becomes of the values of a bin.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    /// They are the times: the centre of the bin, in this unit.
    Centre(TimeUnit),
    /// Their mean.
    Mean,
    /// They are pairs: the smallest of the first items, the largest of the second.
    MinMax,
    /// The first stays.
    First,
}

/// A dataset on its way through the bins.
pub(super) struct Column {
    /// Where its values begin in a packet, tag included.
    at: usize,
    encoding: Encoding,
    items: usize,
    rule: Rule,
    fill: Fill,
    gathered: Gathered,
}

/// What is known of the open bin. Nothing is held before data come: a
/// descriptor that promises much takes no memory.
enum Gathered {
    Nothing,
    /// Reals, summed many at a time.
    Sums(Sums),
    /// Whatever else has a mean.
    Slots(Vec<Slot>),
    /// The bytes of the first record.
    First(Vec<u8>),
}

/// One item: the sum of distances from its first value, so that large numbers
/// with small differences have a mean; the smallest and the largest as they were.
#[derive(Clone, Copy)]
struct Slot {
    base: Option<Number>,
    sum: f64,
    count: f64,
    low: Option<Number>,
    high: Option<Number>,
}

const EMPTY: Slot = Slot {
    base: None,
    sum: 0.0,
    count: 0.0,
    low: None,
    high: None,
};

impl Column {
    /// `at`: where the values begin in a packet's data, in bytes.
    pub(super) fn new(dataset: &Dataset, at: usize, rule: Rule) -> Option<Column> {
        let (encoding, items) = dataset.in_packets()?;
        Some(Column {
            at: at + Run::TAG,
            encoding,
            items,
            // Times have doubles' precision only as distances.
            fill: Fill::new(dataset.fill.unwrap_or(f64::NAN)),
            rule,
            gathered: Gathered::Nothing,
        })
    }

    pub(super) fn rule(&self) -> &Rule {
        &self.rule
    }

    /// How its values are encoded in the input.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    fn begin(&self, is_time: bool) -> Gathered {
        match (&self.rule, self.encoding) {
            (Rule::Centre(_), _) => Gathered::Nothing,
            (Rule::First, _) => Gathered::First(Vec::new()),
            (rule, Encoding::Shared(encoding)) if is_real(encoding) && !is_time => {
                Gathered::Sums(Sums::new(self.items, *rule == Rule::MinMax, false, false))
            }
            _ => Gathered::Slots(vec![EMPTY; self.items]),
        }
    }

    /// Adds the values of consecutive packets. `is_time`: they are times.
    ///
    /// # Errors
    /// [`stream::Error::Malformed`] for text that is no time in a dataset of
    /// times.
    pub(super) fn add(&mut self, run: Run<'_>, is_time: bool) -> Result<()> {
        if let Gathered::Nothing = self.gathered {
            self.gathered = self.begin(is_time);
        }
        let length = self.items * self.encoding.width();
        let (from, to) = (self.at, self.at + length);
        match &mut self.gathered {
            Gathered::Nothing => {}
            Gathered::First(bytes) => {
                if bytes.is_empty() {
                    bytes.extend(run.bytes.get(from..to).unwrap_or_default());
                }
            }
            Gathered::Sums(sums) => {
                let packets = Packets {
                    bytes: run.bytes,
                    stride: run.stride,
                    at: from,
                    length,
                };
                if let Encoding::Shared(encoding) = self.encoding {
                    add_reals(packets, encoding, self.fill, false, sums);
                }
            }
            Gathered::Slots(slots) => {
                for packet in run.bytes.chunks_exact(run.stride) {
                    let fields = packet.get(from..to).unwrap_or_default();
                    let fields = fields.chunks_exact(self.encoding.width());
                    for (slot, field) in slots.iter_mut().zip(fields) {
                        let number = Number::read(self.encoding, field)?;
                        if let Some(number) = number.filter(|n| self.fill.is_good(n.real())) {
                            slot.add(number);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Appends what the bin has come to, encoded for the output, and empties
    /// it.
    pub(super) fn close(&mut self, centre: f64, encoding: Encoding, out: &mut Vec<u8>) {
        if let Rule::Centre(unit) = &self.rule {
            return write_centre(centre, unit, encoding, out);
        }
        let pairs = self.rule == Rule::MinMax;
        match &mut self.gathered {
            Gathered::Nothing => {}
            Gathered::First(bytes) => {
                out.append(bytes);
            }
            Gathered::Sums(sums) => {
                for (item, count) in sums.counts().enumerate() {
                    let of = |values: &[f64]| values.get(item).copied();
                    let value = match (count == 0.0, pairs, item % 2) {
                        (true, ..) => None,
                        (_, false, _) => of(&sums.sum).map(|sum| sum / count),
                        (_, true, 0) => of(&sums.min),
                        (_, true, _) => of(&sums.max),
                    };
                    encoding.write_number(value.unwrap_or(self.fill.value), out);
                }
                sums.clear();
            }
            Gathered::Slots(slots) => {
                for (item, slot) in slots.iter_mut().enumerate() {
                    match slot.value(pairs.then_some(item % 2 == 0)) {
                        Some(number) => number.write(encoding, out),
                        None => write_fill(self.fill.value, encoding, out),
                    }
                    *slot = EMPTY;
                }
            }
        }
    }
}

impl Slot {
    fn add(&mut self, number: Number) {
        // From an infinite number there is no distance to others, nor to itself.
        let is_finite = number.real().is_finite();
        let from = if is_finite { number } else { Number::Real(0.0) };
        let base = *self.base.get_or_insert(from);
        self.sum += number.minus(base);
        self.count += 1.0;
        let low = self.low.filter(|low| low.minus(number) <= 0.0);
        let high = self.high.filter(|high| high.minus(number) >= 0.0);
        self.low = low.or(Some(number));
        self.high = high.or(Some(number));
    }

    /// The mean, or with `smallest` given one of the ends.
    fn value(&self, smallest: Option<bool>) -> Option<Number> {
        match smallest {
            None => Some(self.base?.plus(self.sum / self.count)),
            Some(true) => self.low,
            Some(false) => self.high,
        }
    }
}

fn is_real(encoding: stream::Encoding) -> bool {
    matches!(
        encoding,
        stream::Encoding::Real4 { .. } | stream::Encoding::Real8 { .. }
    )
}

fn write_fill(fill: f64, encoding: Encoding, out: &mut Vec<u8>) {
    match encoding {
        Encoding::Shared(stream::Encoding::Time(_)) => write_time(None, encoding, out),
        encoding => encoding.write_number(fill, out),
    }
}

/// The centre of a bin, given in us2000.
fn write_centre(centre: f64, unit: &TimeUnit, encoding: Encoding, out: &mut Vec<u8>) {
    let time = Time::from_us2000(centre);
    match (encoding, time) {
        (Encoding::Shared(stream::Encoding::Time(_)), time) => write_time(time, encoding, out),
        (Encoding::Shared(stream::Encoding::Int { .. }), Some(time)) => {
            match unit.from_time_i64(time) {
                Some(number) => encoding.write_integer(number, out),
                None => encoding.write_number(unit.from_time(time), out),
            }
        }
        (encoding, _) => encoding.write_number(unit.from_us2000(centre), out),
    }
}
