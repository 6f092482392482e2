//! qds_bin_avgsec.

use std::collections::BTreeMap;

use crate::make::{Maker, Set};
use crate::programs::run;
use crate::read::{Stream, read};
use crate::rng::Rng;

/// The unit of times, how they are encoded, what makes one of seconds since
/// 2000, and how near to them the centres of bins have to be, in seconds.
type Clock = (&'static str, &'static str, fn(f64) -> f64, fn(f64) -> f64);

/// TT2000 of 2000-01-01.
const TT: f64 = -43_135_816_000_000.0;

pub const CLOCKS: [Clock; 8] = [
    ("us2000", "double", |s| s * 1e6, |v| v / 1e6),
    (
        "t1970",
        "double",
        |s| s + 946_684_800.0,
        |v| v - 946_684_800.0,
    ),
    ("cdfTT2000", "int8", |s| s * 1e9 + TT, |v| (v - TT) / 1e9),
    (
        "mj1958",
        "real8",
        |s| s / 86_400.0 + 15_340.0,
        |v| (v - 15_340.0) * 86_400.0,
    ),
    ("us2000", "time24", |s| s * 1e9, |v| v / 1e6),
    ("us2000", "time27", |s| s * 1e9, |v| v / 1e6),
    ("seconds since 2000-01-01", "ascii24", |s| s, |v| v),
    ("t2000", "int4", |s| s, |v| v),
];

/// Numbers by dataset and item of one bin.
type Sums = Vec<Vec<(f64, f64)>>;

/// The second of a record since 2000, and its values by dataset.
type Given = (f64, Vec<Vec<f64>>);

pub fn records(clock: Clock, data: &[Set], big: bool) -> (Maker, Vec<Given>) {
    let (units, encoding, number, _) = clock;
    let mut random = Rng(7);
    let mut maker = Maker::new(big);
    let mut sets = vec![Set::times(units, encoding)];
    sets.extend(data.iter().cloned());
    maker.describe(3, &sets);
    let mut all = Vec::new();
    let mut second = 86_400.0;
    for _ in 0..500 {
        second += 1.0 + random.below(4) as f64;
        let mut values = Vec::new();
        for set in data {
            let items = set.length.unwrap_or(1);
            let value = |random: &mut Rng| match random.below(12) {
                0 if set.id == "filled" => -99.0,
                1 if set.id == "filled" => f64::NAN,
                _ => random.below(100) as f64 - 50.0,
            };
            values.push((0..items).map(|_| value(&mut random)).collect::<Vec<f64>>());
        }
        let time = [number(second)];
        let mut slices: Vec<&[f64]> = vec![&time];
        slices.extend(values.iter().map(Vec::as_slice));
        maker.record(3, &slices);
        all.push((second, values));
    }
    (maker, all)
}

/// Means by the number of the bin.
pub fn means(all: &[Given], bin: f64, begin: f64) -> BTreeMap<i64, Sums> {
    let mut bins: BTreeMap<i64, Sums> = BTreeMap::new();
    for (second, values) in all {
        let number = ((second - begin) / bin).floor() as i64;
        let sums = bins.entry(number).or_insert_with(|| {
            let empty = values.iter().map(|items| vec![(0.0, 0.0); items.len()]);
            empty.collect()
        });
        for (sums, items) in sums.iter_mut().zip(values) {
            for (sum, value) in sums.iter_mut().zip(items) {
                if !value.is_nan() && *value != -99.0 {
                    *sum = (sum.0 + value, sum.1 + 1.0);
                }
            }
        }
    }
    bins
}

fn compare(
    stream: &Stream,
    bins: &BTreeMap<i64, Sums>,
    bin: f64,
    begin: f64,
    clock: Clock,
    data: &[Set],
) {
    let records = stream.records(3);
    assert_eq!(records.len(), bins.len());
    for ((number, sums), record) in bins.iter().zip(records) {
        let centre = begin + (*number as f64 + 0.5) * bin;
        let got = (clock.3)(record[0][0]);
        assert!((got - centre).abs() < 2e-4, "{clock:?} {got} {centre}");
        for ((set, sums), got) in data.iter().zip(sums).zip(&record[1..]) {
            for ((sum, count), got) in sums.iter().zip(got) {
                let off = (got - sum / count).abs();
                let near = match set.encoding.as_str() {
                    "double" | "ascii24" => 1e-12,
                    "float" | "ascii15" => 1e-5,
                    _ => 0.5,
                };
                let filled = *count == 0.0 && (*got == -99.0 || got.is_nan());
                assert!(filled || off <= near, "{} {got} {}", set.id, sum / count);
            }
        }
    }
}

pub fn data() -> Vec<Set> {
    vec![
        Set::data("v", "double", None),
        Set::data("filled", "float", Some(3)).with("FILL_VALUE", "Double", "-99"),
        Set::data("counts", "int4", Some(2)),
        Set::data("small", "int2", None),
        Set::data("long", "int8", None),
        Set::data("text", "ascii15", Some(4)),
    ]
}

#[test]
fn means_at_the_centres_of_bins() {
    for clock in CLOCKS {
        for big in [false, true] {
            let (maker, all) = records(clock, &data(), big);
            for bin in [10.0, 60.0, 3600.0] {
                let out = run(&format!("qds_bin_avgsec {bin}"), &maker.bytes);
                let stream = read(&out);
                // 2000-01-01 is a whole number of such bins from every zero.
                compare(&stream, &means(&all, bin, 0.0), bin, 0.0, clock, &data());
            }
            let begin = 86_395.0;
            let line = "qds_bin_avgsec -b 2000-01-01T23:59:55 7";
            compare(
                &read(&run(line, &maker.bytes)),
                &means(&all, 7.0, begin),
                7.0,
                begin,
                clock,
                &data(),
            );
        }
    }
}

#[test]
fn bins_shorter_than_the_steps_change_nothing() {
    for clock in CLOCKS {
        let (maker, all) = records(clock, &data(), false);
        let stream = read(&run("qds_bin_avgsec 1", &maker.bytes));
        let records = stream.records(3);
        assert_eq!(records.len(), all.len());
        for (record, (second, values)) in records.iter().zip(&all) {
            assert!(
                ((clock.3)(record[0][0]) - second - 0.5).abs() < 2e-4,
                "{clock:?}"
            );
            for (got, values) in record[1..].iter().zip(values) {
                for (got, value) in got.iter().zip(values) {
                    assert!(
                        got == value || got.is_nan() || *got == -99.0,
                        "{got} {value}"
                    );
                }
            }
        }
    }
}

#[test]
fn blocks_make_up_the_whole() {
    for clock in CLOCKS {
        let (maker, all) = records(clock, &data(), false);
        let whole = run("qds_bin_avgsec -b 2000-01-02 60", &maker.bytes);
        let mut parts = Vec::new();
        for part in 0..3 {
            let (from, to) = (
                86_400.0 + 600.0 * f64::from(part),
                86_400.0 + 600.0 * f64::from(part + 1),
            );
            let mut maker = Maker::new(false);
            let mut sets = vec![Set::times(clock.0, clock.1)];
            sets.extend(data());
            maker.describe(3, &sets);
            let last = if part == 2 { f64::INFINITY } else { to };
            for (second, values) in all.iter().filter(|(s, _)| *s >= from && *s < last) {
                let time = [(clock.2)(*second)];
                let mut slices: Vec<&[f64]> = vec![&time];
                slices.extend(values.iter().map(Vec::as_slice));
                maker.record(3, &slices);
            }
            let begin = format!("2000-01-02T00:{:02}", 10 * part);
            let out = run(&format!("qds_bin_avgsec -b {begin} 60"), &maker.bytes);
            let data = out.windows(4).position(|four| four == b":03:").unwrap();
            parts.extend(&out[data..]);
        }
        assert!(whole.ends_with(&parts), "{clock:?}");
    }
}

/// What is written as text or integers is reckoned as distances from the first value,
/// which nothing has from infinity, and which are no use to the smallest and largest.
#[test]
fn infinities_and_pairs_of_very_different_numbers() {
    let mut maker = Maker::new(false);
    let sets = [
        Set::times("us2000", "double"),
        Set::data("v", "ascii15", None),
        Set::data("pair", "ascii15", Some(2)).with("BINS_1", "String", "min,max"),
    ];
    maker.describe(1, &sets);
    let (all, none) = (f64::INFINITY, f64::NEG_INFINITY);
    for (second, value, pair) in [
        (0.0, all, [1e12, -1e12]),
        (1.0, 1.0, [1e-6, -1e-6]),
        (10.0, 1.0, [none, all]),
        (11.0, none, [none, all]),
    ] {
        maker.record(1, &[&[second * 1e6], &[value], &pair]);
    }
    let stream = read(&run("qds_bin_avgsec 10", &maker.bytes));
    let records = stream.records(1);
    assert_eq!(records[0][1..], [vec![all], vec![1e-6, -1e-6]]);
    assert_eq!(records[1][1..], [vec![none], vec![none, all]]);
}

#[test]
fn large_numbers_with_small_differences_have_a_mean() {
    let mut maker = Maker::new(false);
    let sets = [
        Set::times("cdfTT2000", "int8"),
        Set {
            units: "cdfTT2000",
            ..Set::data("end", "int8", None)
        },
        Set {
            units: "us2000",
            ..Set::data("when", "double", None)
        },
    ];
    maker.describe(1, &sets);
    // 4096 ns is the step of a double here.
    let base = 536_500_869_184_000_000.0;
    for i in 0..4 {
        let ns = f64::from(i) * 4096.0;
        maker.record(
            1,
            &[
                &[base + ns],
                &[base + ns],
                &[536_544_000_000_000.0 + f64::from(i)],
            ],
        );
    }
    let out = run("qds_bin_avgsec 1", &maker.bytes);
    let at = out.windows(4).position(|four| four == b":01:").unwrap() + 4;
    let long = |at: usize| i64::from_le_bytes(out[at..at + 8].try_into().unwrap());
    assert_eq!(long(at), 536_500_869_684_000_000);
    assert_eq!(long(at + 8), 536_500_869_184_000_000 + 6144);
    assert_eq!(f64::from_bits(long(at + 16) as u64), 536_544_000_000_001.5);
}
