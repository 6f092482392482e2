//! QStreams binned by hand.

use std::collections::BTreeMap;

use crate::generator::{Made, Part};
use crate::layout::{Column, Layout, Rule};
use crate::read::{Piece, Set, Stream};

/// Bins of so many milliseconds, and where one begins in milliseconds since 2000;
/// otherwise they are counted from the zero of the unit.
#[derive(Clone, Copy)]
pub struct Bins {
    pub ms: i64,
    pub begin: Option<i64>,
}

/// One record as it should come out.
pub struct Bin<'a> {
    pub layout: &'a Layout,
    /// Milliseconds since 2000.
    pub centre: f64,
    /// All records that are in it, dataset by dataset.
    records: Vec<&'a [Vec<f64>]>,
}

/// A bin that is open.
struct Open<'a> {
    number: i64,
    bin: Bin<'a>,
}

/// The bins of each packet ID, in their order.
pub fn binned(made: &Made, bins: Bins) -> BTreeMap<u8, Vec<Bin<'_>>> {
    let mut open: BTreeMap<u8, Open<'_>> = BTreeMap::new();
    let mut all: BTreeMap<u8, Vec<Bin<'_>>> = BTreeMap::new();
    let mut known: BTreeMap<u8, &[u8]> = BTreeMap::new();
    for (part, bytes) in &made.pieces {
        match part {
            Part::Descriptor(id, Some(index)) => {
                let is_same = known.insert(*id, bytes) == Some(bytes);
                if !is_same || made.layouts[*index].is_joined {
                    let closed = open.remove(id).map(|open| open.bin);
                    all.entry(*id).or_default().extend(closed);
                }
            }
            Part::Record(index, Some(ms), values) => {
                let layout = &made.layouts[*index];
                let start = bins.begin.unwrap_or(layout.clock.zero_ms());
                let number = (ms - start).div_euclid(bins.ms);
                if let Some(closed) = open.remove(&layout.id) {
                    if closed.number == number {
                        open.insert(layout.id, closed);
                    } else {
                        all.entry(layout.id).or_default().push(closed.bin);
                    }
                }
                let now = open.entry(layout.id).or_insert_with(|| Open {
                    number,
                    bin: Bin {
                        layout,
                        centre: start as f64 + (number as f64 + 0.5) * bins.ms as f64,
                        records: Vec::new(),
                    },
                });
                now.bin.records.push(values);
            }
            _ => {}
        }
    }
    for (id, open) in open {
        all.entry(id).or_default().push(open.bin);
    }
    all
}

/// What an item should be, and how far it may be from that.
enum Wanted {
    Fill,
    Near(f64, f64),
}

impl Bin<'_> {
    fn wanted(&self, column: usize, item: usize) -> Wanted {
        let of = &self.layout.columns[column];
        let all: Vec<f64> = self
            .records
            .iter()
            .map(|r| given(of, r[column][item]))
            .collect();
        let good: Vec<f64> = all.iter().copied().filter(|v| is_good(of, *v)).collect();
        let number = match of.rule {
            Rule::First => return Wanted::Near(all[0], 0.0),
            _ if good.is_empty() => return Wanted::Fill,
            Rule::MinMax if item.is_multiple_of(2) => {
                good.iter().copied().fold(f64::INFINITY, f64::min)
            }
            Rule::MinMax => good.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            _ => good.iter().sum::<f64>() / good.len() as f64,
        };
        let largest = good.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        Wanted::Near(number, largest)
    }
}

/// A value as it stands in the packet and is read from there.
fn given(column: &Column, value: f64) -> f64 {
    match column.set.encoding.as_str() {
        "float" | "real4" => f64::from(value as f32),
        // Given in nanoseconds, read in microseconds.
        text if text.starts_with("time") => value / 1e3,
        _ => value,
    }
}

fn is_good(column: &Column, value: f64) -> bool {
    let is_fill = |fill: f64| value == fill || ((value - fill) / fill).abs() < 1e-5;
    !value.is_nan() && !column.fill.is_some_and(is_fill)
}

/// How far a mean in this encoding may be from the exact one, of values of this size.
fn slack(encoding: &str, largest: f64) -> f64 {
    match encoding {
        "double" | "real8" | "ascii24" => largest * 1e-12,
        "float" | "real4" | "ascii15" => largest * 1e-6,
        "ascii10" => largest * 1e-2,
        "time24" => 501.0,
        // Integers.
        _ => 0.501 + largest * 1e-12,
    }
}

/// Sees to it that the records of a stream are those bins.
pub fn compare(stream: &Stream, bins: &BTreeMap<u8, Vec<Bin<'_>>>, what: &str) -> usize {
    let mut known: BTreeMap<u8, Vec<&Set>> = BTreeMap::new();
    let mut next: BTreeMap<u8, usize> = BTreeMap::new();
    for piece in &stream.pieces {
        match piece {
            Piece::Descriptor(id, sets) => {
                let streamed = sets.iter().filter(|set| !set.encoding.is_empty());
                known.insert(*id, streamed.collect());
            }
            Piece::Record(id, values) if bins.contains_key(id) => {
                let at = next.entry(*id).or_default();
                let what = format!("{what}, record {at} of packet {id:02}");
                let bin = bins[id]
                    .get(*at)
                    .unwrap_or_else(|| panic!("{what}: too many"));
                compare_record(values, bin, &known[id], &what);
                *at += 1;
            }
            _ => {}
        }
    }
    for (id, bins) in bins {
        let count = next.get(id).copied().unwrap_or(0);
        assert_eq!(count, bins.len(), "{what}: records of packet {id:02}");
    }
    next.values().sum()
}

fn compare_record(values: &[Vec<f64>], bin: &Bin<'_>, sets: &[&Set], what: &str) {
    for (index, (column, set)) in bin.layout.columns.iter().zip(sets).enumerate() {
        let name = column.set.id;
        if column.rule == Rule::Times {
            let ms = bin.layout.clock.ms(&set.encoding, values[index][0]);
            let off = (ms - bin.centre).abs();
            assert!(off < 2e-3, "{what}, {name}: {ms}, not {} ms", bin.centre);
            continue;
        }
        for (item, got) in values[index].iter().enumerate() {
            let encoding = &column.set.encoding;
            let what = format!(
                "{what}, item {item} of {name} ({encoding}, {:?})",
                column.rule
            );
            match bin.wanted(index, item) {
                Wanted::Fill => {
                    let fill = column.fill.unwrap_or(f64::NAN);
                    let is_fill = *got == fill || ((got - fill) / fill).abs() < 1e-5;
                    assert!(
                        is_fill || got.is_nan() && fill.is_nan(),
                        "{what}: {got}, not fill"
                    );
                }
                Wanted::Near(wanted, largest) => {
                    let exact = matches!(column.rule, Rule::First | Rule::MinMax);
                    let slack = match exact {
                        true => 0.0,
                        false => slack(&column.set.encoding, largest),
                    };
                    // Text tells four bytes from all others, and is not as exact.
                    let is_real4 = matches!(encoding.as_str(), "float" | "real4");
                    let is_same = *got == wanted
                        || got.is_nan() && wanted.is_nan()
                        || is_real4 && *got as f32 == wanted as f32;
                    let is_near = (got - wanted).abs() <= slack;
                    assert!(is_same || is_near, "{what}: {got:e}, not {wanted:e}");
                }
            }
        }
    }
}
