//! What holds for any QStream.

use std::collections::{BTreeMap, VecDeque};

use das2_server::check::check_stream;
use das2_server::filter::cut::Cut;
use das2_server::qstream;
use das2_server::stream::{Element, Writer};

use crate::expected::{Bins, binned, compare};
use crate::generator::{Kinds, Made, Part, random, random_of_order};
use crate::layout::Rule;
use crate::make::iso;
use crate::pieces::{Pieces, Ran, assert_same, bytes_of, run_in_pieces, run_of, words};
use crate::read::{Piece, Stream, read_any};
use crate::rng::{Rng, seeds};

const LINES: [&str; 4] = [
    "qds_bin_avgsec 4",
    "qds_bin_avgsec -b 2000-01-03T00:00:00.3 0.7",
    "qds_bin_avgsec 60",
    "qds_ascii",
];

/// The bytes of each record, by packet ID.
pub fn records_of(bytes: &[u8]) -> BTreeMap<u8, Vec<Vec<u8>>> {
    let mut all: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
    let stream = read_any(bytes);
    for (piece, bytes) in stream.pieces.iter().zip(&stream.bytes) {
        if let Piece::Record(id, _) = piece {
            all.entry(*id).or_default().push(bytes.clone());
        }
    }
    all
}

pub fn assert_same_records(
    one: &BTreeMap<u8, Vec<Vec<u8>>>,
    other: &BTreeMap<u8, Vec<Vec<u8>>>,
    what: &str,
) {
    for id in one.keys().chain(other.keys()) {
        let none = Vec::new();
        let (one, other) = (one.get(id).unwrap_or(&none), other.get(id).unwrap_or(&none));
        for (number, (a, b)) in one.iter().zip(other).enumerate() {
            assert_same(a, b, &format!("{what}, record {number} of packet {id:02}"));
        }
        assert_eq!(one.len(), other.len(), "{what}, records of packet {id:02}");
    }
}

fn error(ran: &Ran) -> Option<String> {
    ran.error.as_ref().map(ToString::to_string)
}

#[test]
fn any_split_into_reads_gives_the_same_bytes() {
    for seed in seeds(1000, 12) {
        let input = random(seed, 60, Kinds::ALL).bytes();
        for line in LINES {
            let line = words(line);
            let whole = bytes_of(&line, &input);
            for sizes in [&[1][..], &[2, 3], &[7, 411], &[64, 1, 1], &[1000, 1]] {
                let ran = run_in_pieces(&line, &input, sizes);
                let what = format!("seed {seed}, {line:?}, pieces {sizes:?}");
                assert_eq!(error(&ran), None, "{what}");
                assert_same(&ran.bytes, &whole, &what);
            }
        }
    }
}

/// When the input pauses, what is complete goes out: that changes nothing in it.
#[test]
fn pauses_give_the_same_bytes() {
    for seed in seeds(2000, 20) {
        let input = random(seed, 60, Kinds::ALL).bytes();
        for line in LINES {
            let line = words(line);
            let rng = &mut Rng(seed);
            let sizes: Vec<usize> = (0..50).map(|_| 1 + rng.below(2000)).collect();
            let [with, without] = [true, false].map(|pauses| {
                let pieces = Pieces {
                    bytes: &input,
                    sizes: &sizes,
                    next: 0,
                    pauses,
                };
                run_of(&line, pieces).bytes
            });
            assert_same(&with, &without, &format!("seed {seed}, {line:?}"));
        }
    }
}

/// The records of each type in their order, the types among each other in another.
fn shuffled(made: &Made, rng: &mut Rng) -> Vec<u8> {
    let mut out = made.head();
    let mut of_type: BTreeMap<usize, VecDeque<&[u8]>> = BTreeMap::new();
    for (part, bytes) in &made.pieces {
        if let Part::Record(layout, ..) = part {
            of_type.entry(*layout).or_default().push_back(bytes);
        }
    }
    while !of_type.is_empty() {
        let types: Vec<usize> = of_type.keys().copied().collect();
        let which = rng.pick(&types);
        match of_type.get_mut(&which).unwrap().pop_front() {
            Some(record) => out.extend(record),
            None => drop(of_type.remove(&which)),
        }
    }
    out
}

#[test]
fn packet_types_mixed_otherwise_change_no_record_of_any() {
    let kinds = Kinds {
        back: true,
        wild: true,
        ..Kinds::PLAIN
    };
    let mut moved = 0;
    for seed in seeds(3000, 20) {
        let made = random(seed, 80, kinds);
        let input = made.bytes();
        let other = shuffled(&made, &mut Rng(seed));
        moved += usize::from(input != other);
        for line in LINES {
            let [one, other] = [&input, &other].map(|input| bytes_of(&words(line), input));
            let what = format!("seed {seed}, {line}");
            assert_same_records(&records_of(&one), &records_of(&other), &what);
            let descriptors = |bytes: &[u8]| {
                let stream = read_any(bytes);
                let all = (1..=99).map(|id| format!("{:?}", stream.descriptors(id)));
                all.collect::<Vec<_>>()
            };
            assert_eq!(descriptors(&one), descriptors(&other), "{what}");
        }
    }
    assert!(moved > 10, "{moved}");
}

/// The values are what they should be, in bins of all sizes, the smallest of which
/// hold one record each.
#[test]
fn bins_hold_the_means_of_their_records() {
    let mut compared = 0;
    for seed in seeds(4000, 16) {
        let made = random(seed, 100, Kinds::ALL);
        let input = made.bytes();
        let begin = 216_000_000 - 1000 * seed as i64;
        for ms in [1, 700, 4000, 60_000] {
            for begin in [None, Some(begin)] {
                let option =
                    begin.map_or(String::new(), |ms| format!("-b {} ", iso(ms * 1_000_000)));
                let line = format!("qds_bin_avgsec {option}{}", ms as f64 / 1e3);
                let what = format!("seed {seed}, {line}");
                let bins = binned(&made, Bins { ms, begin });
                let output = bytes_of(&words(&line), &input);
                compared += compare(&read_any(&output), &bins, &what);
                // Text says the same.
                let text = bytes_of(&["qds_ascii"], &input);
                let output = bytes_of(&words(&line), &text);
                compare(&read_any(&output), &bins, &format!("{what}, of text"));
            }
        }
    }
    assert!(compared > 3000, "{compared}");
}

/// What is no record with a time passes as it is.
#[test]
fn all_else_passes_in_its_order() {
    for seed in seeds(5000, 20) {
        let bytes = random(seed, 80, Kinds::ALL).bytes();
        let input = read_any(&bytes);
        for line in LINES {
            let output = read_any(&bytes_of(&words(line), &bytes));
            let what = format!("seed {seed}, {line}");
            assert_eq!(input.header, output.header, "{what}");
            assert_eq!(extras(&input), extras(&output), "{what}");
            assert_eq!(input.records(60), output.records(60), "{what}");
            // Labels come before the records that they are for.
            let is_label =
                |piece: &Piece| matches!(piece, Piece::Extra(e) if e.name == "enumerationUnit");
            let before = |stream: &Stream| {
                let to = stream.pieces.iter().rposition(is_label).unwrap();
                let whole = |piece: &&Piece| matches!(piece, Piece::Record(60, _));
                stream.pieces[..to].iter().filter(whole).count()
            };
            assert_eq!(before(&input), before(&output), "{what}");
        }
    }
}

/// Exceptions wait for the bins that are open, the others do not.
fn extras(stream: &Stream) -> Vec<&Element> {
    let mut extras = stream.extras();
    extras.sort_by_key(|extra| extra.name == "exception");
    extras
}

#[test]
fn blocks_binned_and_joined_equal_the_whole() {
    let kinds = Kinds {
        wild: true,
        ..Kinds::PLAIN
    };
    let mut several = 0;
    for seed in seeds(6000, 8) {
        let made = random(seed, 120, kinds);
        // A whole number of blocks from every zero.
        let start = 215_880_000;
        for (seconds, length, given) in [
            ("4", 40_000, true),
            ("4", 40_000, false),
            ("0.7", 70_000, true),
            ("10", 10_000, false),
            ("0.001", 10_000, false),
        ] {
            // Each block, with what begins the stream.
            let mut blocks: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
            for (part, bytes) in &made.pieces {
                if let Part::Record(_, Some(ms), _) = part {
                    let block = (ms - start).div_euclid(length);
                    blocks
                        .entry(block)
                        .or_insert_with(|| made.head())
                        .extend(bytes);
                }
            }
            let line = |block: i64| {
                let begin = iso((start + block * length) * 1_000_000);
                let option = if given {
                    format!("-b {begin} ")
                } else {
                    String::new()
                };
                format!("qds_bin_avgsec {option}{seconds}")
            };
            let what = format!("seed {seed}, {}", line(0));
            let whole = bytes_of(&words(&line(0)), &made.bytes());
            let mut joined: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
            for (block, bytes) in &blocks {
                let output = bytes_of(&words(&line(*block)), bytes);
                for (id, records) in records_of(&output) {
                    joined.entry(id).or_default().extend(records);
                }
            }
            assert_same_records(&joined, &records_of(&whole), &what);
            several += usize::from(blocks.len() > 3);
        }
    }
    assert!(several > 20, "{several}");
}

/// The records of a range, as a cache reader takes them.
fn cut(bytes: &[u8], begin: i64, end: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let us = |ms: i64| ms as f64 * 1e3;
    let mut stage = Cut::new(us(begin), us(end), Writer::of_qstream(&mut out));
    qstream::reader(bytes).pump(&mut stage).unwrap();
    drop(stage);
    out
}

#[test]
fn a_range_is_made_up_of_its_parts() {
    let kinds = Kinds {
        timeless: false,
        ..Kinds::ALL
    };
    let (mut kept, mut sorted) = (0, 0);
    for seed in seeds(7000, 24) {
        let back = seed % 4 == 0;
        let made = random(seed, 60, Kinds { back, ..kinds });
        let input = made.bytes();
        let times: Vec<i64> = made.times().collect();
        let rng = &mut Rng(seed);
        for _ in 0..10 {
            // On a record, or anywhere.
            let mut edges = [(); 3].map(|()| {
                let after = rng.pick(&[0, 0, 1, -1, 500]);
                times[rng.below(times.len())] + after
            });
            edges.sort_unstable();
            let [begin, middle, end] = edges;
            let what = format!("seed {seed}, {begin} to {middle} to {end} ms");
            let whole = records_of(&cut(&input, begin, end));
            assert_same_records(&whole, &made.range(begin, end), &what);
            let mut joined = records_of(&cut(&input, begin, middle));
            for (id, records) in records_of(&cut(&input, middle, end)) {
                joined.entry(id).or_default().extend(records);
            }
            kept += whole.values().map(Vec::len).sum::<usize>();
            if times.is_sorted() {
                assert_same_records(&joined, &whole, &what);
                sorted += 1;
            }
        }
    }
    assert!(kept > 2000 && sorted > 50, "{kept} {sorted}");
}

/// Cut off within a packet: what an input that ends with the packet before gives,
/// without the bins that are open, and an exception.
#[test]
fn what_is_cut_off_keeps_every_complete_record_and_no_other() {
    let mut kept = 0;
    for seed in seeds(8000, 2) {
        let made = random(seed, 30, Kinds::PLAIN);
        for line in LINES {
            let line = words(line);
            let mut input = Vec::new();
            for (part, next) in &made.pieces {
                if !matches!(part, Part::Record(..)) {
                    input.extend(next);
                    continue;
                }
                let mut wanted = records_of(&bytes_of(&line, &input));
                if line[0] == "qds_bin_avgsec" {
                    wanted.values_mut().for_each(|records| drop(records.pop()));
                }
                for cut in [1, 4, next.len() / 2, next.len() - 1] {
                    let what = format!("seed {seed}, {line:?}, {cut} behind byte {}", input.len());
                    let cut = [&input, &next[..cut]].concat();
                    let ran = run_in_pieces(&line, &cut, &[usize::MAX]);
                    let error = error(&ran).expect(&what);
                    let place = format!("byte {}", input.len());
                    assert!(error.contains(&place), "{what}: {error}");
                    let stream = read_any(&ran.bytes);
                    let Some(Piece::Extra(last)) = stream.pieces.last() else {
                        panic!("{what}: no exception at the end");
                    };
                    assert_eq!(last.attr("type"), Some("ServerError"), "{what}");
                    kept += wanted.values().map(Vec::len).sum::<usize>();
                    assert_same_records(&records_of(&ran.bytes), &wanted, &what);
                }
                input.extend(next);
            }
        }
    }
    assert!(kept > 500, "{kept}");
}

/// A byte changed anywhere: a stream, or an error that is told at its end.
#[test]
fn damaged_streams_give_an_error_or_a_stream() {
    for seed in seeds(9000, 6) {
        let mut input = random(seed, 30, Kinds::ALL).bytes();
        let rng = &mut Rng(seed);
        for _ in 0..30 {
            let at = rng.below(input.len());
            let old = input[at];
            input[at] = rng.pick(&[
                b'0', b'9', b'[', b':', b'"', b'<', 0, 0xff, b'-', b' ', b',',
            ]);
            for line in LINES {
                let ran = run_in_pieces(&words(line), &input, &[4096]);
                let text = String::from_utf8_lossy(&ran.bytes).into_owned();
                let is_told = ran.error.is_none() || text.contains("<exception");
                assert!(is_told, "seed {seed}, {line}, byte {at}: {:?}", error(&ran));
            }
            input[at] = old;
        }
    }
}

#[test]
fn what_comes_out_conforms() {
    for seed in seeds(10_000, 20) {
        let input = random(seed, 60, Kinds::ALL).bytes();
        let faults = |bytes: &[u8]| {
            let report = check_stream(bytes);
            (!report.is_conforming()).then(|| report.to_string())
        };
        assert_eq!(faults(&input), None, "seed {seed}");
        for line in LINES {
            let output = bytes_of(&words(line), &input);
            assert_eq!(faults(&output), None, "seed {seed}, {line}");
            // It is an input like any other.
            for line in ["qds_bin_avgsec 10", "qds_ascii"] {
                let twice = bytes_of(&words(line), &output);
                assert_eq!(faults(&twice), None, "seed {seed}, {line}");
            }
        }
    }
}

/// All numbers of a stream, bit by bit; no number is as good as another.
fn numbers(bytes: &[u8]) -> Vec<(u8, Vec<u64>)> {
    let bits = |value: &f64| match value.is_nan() {
        true => f64::NAN.to_bits(),
        false => value.to_bits(),
    };
    let stream = read_any(bytes);
    let records = stream.pieces.iter().filter_map(|piece| match piece {
        Piece::Record(id, values) => Some((*id, values.iter().flatten().map(bits).collect())),
        _ => None,
    });
    records.collect()
}

#[test]
fn the_order_of_bytes_changes_no_number() {
    for seed in seeds(11_000, 15) {
        let [big, little] = [true, false].map(|big| {
            let input = random_of_order(seed, 60, Kinds::ALL, big).bytes();
            LINES.map(|line| bytes_of(&words(line), &input))
        });
        for ((big, little), line) in big.iter().zip(&little).zip(LINES) {
            let (big, little) = (numbers(big), numbers(little));
            assert_eq!(big.len(), little.len(), "seed {seed}, {line}");
            for (number, pair) in big.iter().zip(&little).enumerate() {
                assert_eq!(pair.0, pair.1, "seed {seed}, {line}, record {number}");
            }
        }
    }
}

#[test]
fn text_says_the_same_and_becomes_no_other_text() {
    for seed in seeds(12_000, 40) {
        let made = random(seed, 60, Kinds::ALL);
        let input = made.bytes();
        let text = bytes_of(&["qds_ascii"], &input);
        let (before, after) = (read_any(&input), read_any(&text));
        assert_eq!(before.pieces.len(), after.pieces.len(), "seed {seed}");
        let what = format!("seed {seed}, text of text");
        assert_same(&bytes_of(&["qds_ascii"], &text), &text, &what);
        let (before, after) = (numbers(&input), numbers(&text));
        let mut layouts = made.pieces.iter().filter_map(|(part, _)| match part {
            Part::Record(layout, ..) => Some(Some(&made.layouts[*layout])),
            Part::Whole => Some(None),
            _ => None,
        });
        for (number, ((_, before), (_, after))) in before.iter().zip(&after).enumerate() {
            let what = format!("seed {seed}, record {number}");
            let columns = layouts.next().unwrap().map_or(&[][..], |l| &l.columns);
            let mut pairs = before.iter().zip(after);
            for column in columns {
                for (was, is) in pairs.by_ref().take(column.set.length.unwrap_or(1)) {
                    // Times are text of another unit.
                    if column.rule != Rule::Times {
                        let [was, is] = [was, is].map(|bits| f64::from_bits(*bits));
                        let is_same = was == is || was.is_nan() && is.is_nan();
                        // The nearest text of a real of four bytes.
                        let is_near = (was as f32).to_bits() == (is as f32).to_bits();
                        let is_real4 = matches!(column.set.encoding.as_str(), "float" | "real4");
                        assert!(
                            is_same || is_near && is_real4,
                            "{what}, {}: {was:e} became {is:e}",
                            column.set.id
                        );
                    }
                }
            }
        }
    }
}
