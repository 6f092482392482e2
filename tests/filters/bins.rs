//! What holds for the bins of any stream.

use std::collections::BTreeMap;

use crate::builder::iso;
use crate::generator::{Kinds, random};
use crate::oracle::{Options, binned, counts, fill_of, is_fill, time_of};
use crate::parsed::{Parsed, Record};
use crate::rng::seeds;
use crate::running::{run, words};

/// One packet type at rising times: no header changes, nothing goes back.
pub const PLAIN: Kinds = Kinds {
    infinities: false,
    redefinition: false,
    back: false,
    comments: false,
    waveforms: false,
};

/// Everything but infinities, of which there is no mean beside others.
const FINITE: Kinds = Kinds {
    infinities: false,
    ..Kinds::ALL
};

/// The values of each data plane.
fn data_of(record: &Record) -> Vec<&Vec<f64>> {
    let planes = (0..record.values.len()).filter(|plane| *plane != record.header.x());
    planes.map(|plane| &record.values[plane]).collect()
}

/// What is written of each plane besides its mean, of one packet: its value, or this.
type Besides = &'static [Option<f64>];

const SMALLEST: [(&str, Besides); 3] = [
    ("das2_bin_avgsec 0.001", &[]),
    ("das2_bin_avgsec -r -s 0.001", &[None, None, Some(0.0)]),
    ("das2_bin_peakavgsec 0.001", &[None]),
];

#[test]
fn bins_smaller_than_the_steps_return_every_value() {
    for (line, besides) in SMALLEST {
        let compared: usize = seeds(3200, 40)
            .map(|seed| compare_small(seed, line, besides))
            .sum();
        assert!(compared > 1000, "{line}: {compared}");
    }
}

fn compare_small(seed: u64, line: &str, besides: Besides) -> usize {
    let bytes = random(seed, 80, PLAIN);
    let input = Parsed::new(&bytes);
    let output = run(&words(line), &bytes);
    let mut compared = 0;
    // Packets of one ID at one time share a bin; leave those out.
    let mut shared: BTreeMap<(u8, u64), Vec<&Record>> = BTreeMap::new();
    for record in input.records() {
        let (time, _) = time_of(record).unwrap();
        let key = (record.id, time.to_bits());
        shared.entry(key).or_default().push(record);
    }
    for ((id, time), records) in shared {
        let [record] = records[..] else { continue };
        let near = |r: &&&Record| {
            let (at, _) = time_of(r).unwrap();
            (at - f64::from_bits(time)).abs() < 1100.0
        };
        let candidates = output.records_of(id);
        let found: Vec<_> = candidates.iter().filter(near).collect();
        assert_eq!(found.len(), 1, "seed {seed}, {line}");
        let originals = record.values.len();
        let planes = (0..originals).filter(|plane| *plane != record.header.x());
        for (number, plane) in planes.enumerate() {
            let encoding = &record.header.planes[plane].encoding;
            let fill = fill_of(&record.header, &input.stream, plane);
            let first = originals + number * besides.len();
            let besides = besides.iter().enumerate().map(|(i, own)| (first + i, *own));
            for (at, own) in [(plane, None)].into_iter().chain(besides) {
                for (is, was) in found[0].values[at].iter().zip(&record.values[plane]) {
                    let was = match is_fill(*was, fill) {
                        true => fill,
                        false => own.unwrap_or(*was),
                    };
                    let exact = !encoding.starts_with("ascii") && !encoding.ends_with("real4");
                    let lost = if exact { 0.0 } else { was.abs() * 0.06 };
                    assert!(
                        (is - was).abs() <= lost || encoding == "float",
                        "seed {seed}, {line}, plane {at} {encoding}: {was:e} became {is:e}"
                    );
                }
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn blocks_binned_with_b_and_joined_equal_the_whole() {
    for (line, seconds) in [
        ("das2_bin_avgsec -r", 4.0),
        ("das2_bin_avgsec -s", 0.7),
        ("das2_bin_avgsec", 0.001),
        ("das2_bin_peakavgsec", 4.0),
        ("das2_bin_peakavgsec", 0.001),
    ] {
        let several = seeds(3300, 30).filter(|seed| compare_blocks(*seed, line, seconds) > 3);
        assert!(several.count() > 10, "{line}");
    }
}

/// Blocks of ten bins of four seconds, or many more, and how many they are.
fn compare_blocks(seed: u64, program: &str, seconds: f64) -> usize {
    let length = if seconds == 0.7 { 42e6 } else { 40e6 };
    let bytes = random(seed, 120, PLAIN);
    let input = Parsed::new(&bytes);
    let start = 6900.0 * 86_400e6 - 86_400e6;
    let line = |begin: f64| format!("{program} -b {} {seconds}", iso(begin));
    let whole = run(&words(&line(start)), &bytes);
    // Each block, with the packets that lie in it.
    let mut blocks: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    let header_end = bytes.windows(10).rposition(|w| w == b"</packet>:").unwrap() + 9;
    for record in input.records() {
        let (time, slack) = time_of(record).unwrap();
        let block = ((time + slack - start) / length).floor() as i64;
        let data = blocks
            .entry(block)
            .or_insert_with(|| bytes[..header_end].to_vec());
        data.extend(format!(":{:02}:", record.id).bytes());
        data.extend(record.bytes());
    }
    let mut joined: Vec<(u8, Vec<u8>)> = Vec::new();
    for (block, data) in &blocks {
        let output = run(&words(&line(start + *block as f64 * length)), data);
        joined.extend(output.records().iter().map(|r| (r.id, r.bytes())));
    }
    let mut all: Vec<(u8, Vec<u8>)> = whole.records().iter().map(|r| (r.id, r.bytes())).collect();
    // The order of IDs differs where a block ends.
    joined.sort_by_key(|(id, _)| *id);
    all.sort_by_key(|(id, _)| *id);
    for (number, (is, should)) in joined.iter().zip(&all).enumerate() {
        assert_eq!(
            is.1.escape_ascii().to_string(),
            should.1.escape_ascii().to_string(),
            "seed {seed}, {}, record {number} of all, packet {:02}",
            line(start),
            should.0
        );
    }
    assert_eq!(joined.len(), all.len(), "seed {seed}, {}", line(start));
    blocks.len()
}

#[test]
fn mean_times_count_summed_over_bins_is_the_sum_of_good_values() {
    for seed in seeds(3400, 60) {
        let bytes = random(seed, 150, FINITE);
        let input = Parsed::new(&bytes);
        let output = run(&words("das2_bin_avgsec 4"), &bytes);
        // Counts are the one thing that the output does not say.
        let expected = binned(&input, &Options::means(4.0));
        assert_eq!(expected.len(), output.records().len());
        let mut sums: BTreeMap<u8, (f64, f64)> = BTreeMap::new();
        for record in input.records() {
            for (plane, values) in record.values.iter().enumerate() {
                let kind = &record.header.planes[plane].encoding;
                if plane != record.header.x() && kind.ends_with("real8") {
                    let fill = fill_of(&record.header, &input.stream, plane);
                    let good = values.iter().filter(|v| !is_fill(**v, fill));
                    let (sum, size) = sums.entry(record.id).or_default();
                    good.for_each(|v| {
                        *sum += v;
                        *size += v.abs();
                    });
                }
            }
        }
        let numbers = counts(&input, &Options::means(4.0));
        let mut back: BTreeMap<u8, f64> = BTreeMap::new();
        for (record, counts) in output.records().iter().zip(&numbers) {
            let planes = (0..record.values.len()).filter(|p| *p != record.header.x());
            for plane in planes {
                if counts.source[plane].ends_with("real8") {
                    let items = record.values[plane].iter().zip(&counts.good[plane]);
                    *back.entry(record.id).or_default() += items
                        .map(|(v, n)| if *n == 0.0 { 0.0 } else { v * n })
                        .sum::<f64>();
                }
            }
        }
        for (id, (sum, size)) in sums {
            let is = back.get(&id).copied().unwrap_or(0.0);
            assert!(
                (is - sum).abs() <= size * 1e-12,
                "seed {seed}, packet {id:02}: {is} {sum}"
            );
        }
    }
}

#[test]
fn min_mean_max_are_in_order_and_deviations_not_negative() {
    let mut compared = 0;
    for seed in seeds(3500, 100) {
        let bytes = random(seed, 100, FINITE);
        let output = run(&words("das2_bin_avgsec -r -s 6"), &bytes);
        for record in output.records() {
            let data = data_of(record);
            let originals = data.len() / 4;
            for plane in 0..originals {
                let at = originals + plane * 3;
                let all = data[plane]
                    .iter()
                    .zip(data[at])
                    .zip(data[at + 1])
                    .zip(data[at + 2]);
                for (((mean, min), max), deviation) in all {
                    let slack = (min.abs() + max.abs()) * 0.06;
                    assert!(min <= max, "seed {seed}: {min} {max}");
                    assert!(
                        *mean >= min - slack && *mean <= max + slack,
                        "{min} {mean} {max}"
                    );
                    let fill = min == max && deviation == min;
                    assert!(fill || *deviation >= 0.0, "{deviation}");
                    if min == max && !fill {
                        assert_eq!(*deviation, 0.0, "constant");
                    }
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn a_peak_is_no_less_than_its_mean() {
    let mut compared = 0;
    for seed in seeds(3600, 60) {
        let bytes = random(seed, 100, FINITE);
        let output = run(&words("das2_bin_peakavgsec 6"), &bytes);
        for record in output.records() {
            let data = data_of(record);
            let (means, peaks) = data.split_at(data.len() / 2);
            for (mean, peak) in means.iter().zip(peaks).flat_map(|(m, p)| m.iter().zip(*p)) {
                // Text of nine characters has one digit for some.
                let slack = (mean.abs() + peak.abs()) * 0.06;
                assert!(*mean <= peak + slack, "seed {seed}: {mean} {peak}");
                compared += 1;
            }
        }
    }
    assert!(compared > 5000, "{compared}");
}
