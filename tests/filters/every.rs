//! What holds for every filter, whatever stream it gets: reads of any size, streams
//! that are cut off, packet types that are mixed otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;

use crate::generator::{Kinds, random};
use crate::parsed::{Item, Parsed, Record};
use crate::pieces::assert_same;
use crate::rng::Rng;
use crate::rng::seeds;
use crate::running::{Ran, run_in_pieces, words};
use crate::waves::waves;

/// What comes out.
#[derive(Clone, Copy, PartialEq)]
enum Makes {
    Stream,
    Deflated,
    /// Something that an error leaves cut off.
    Bytes,
}

/// What it does not write before the input has ended well.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Nothing,
    /// The open bin of each packet type.
    ABinOfEach,
    /// The open bin.
    ABin,
    Everything,
}

struct Line {
    words: &'static str,
    makes: Makes,
    holds: Holds,
}

const fn stream(words: &'static str, holds: Holds) -> Line {
    Line {
        words,
        makes: Makes::Stream,
        holds,
    }
}

const fn bytes(words: &'static str) -> Line {
    Line {
        words,
        makes: Makes::Bytes,
        holds: Holds::Nothing,
    }
}

const LINES: [Line; 17] = [
    stream("das2_bin_avgsec -r -s 4", Holds::ABinOfEach),
    stream("das2_bin_avgsec -b 2018-11-22 0.7", Holds::ABinOfEach),
    stream("das2_bin_peakavgsec -b 2018-11-22 4", Holds::ABinOfEach),
    stream("das2_bin_avg 4", Holds::ABinOfEach),
    stream("das2_bin_ratesec -b 2018-11-22 4", Holds::Everything),
    stream("das2_bin_ratesec -e -b 2018-11-22 90", Holds::Everything),
    stream("das2_bin_ratesec -m -e 4", Holds::ABin),
    stream("das2_ascii -s 3", Holds::Nothing),
    stream("das2_binary", Holds::Nothing),
    stream("das2_inflate", Holds::Nothing),
    Line {
        words: "das2_deflate",
        makes: Makes::Deflated,
        holds: Holds::Nothing,
    },
    stream("das2_histo", Holds::Everything),
    stream("das2_psd 16 2", Holds::Nothing),
    bytes("das2_csv"),
    bytes("das2_hapi"),
    bytes("das2_hapi -f json"),
    bytes("das2_hapi -f binary"),
];

impl Line {
    fn is(&self, program: &str) -> bool {
        self.words.starts_with(program)
    }

    /// A stream that this filter has something to do with.
    fn input(&self, seed: u64, packets: usize, kinds: Kinds) -> Vec<u8> {
        let kinds = Kinds {
            // Progress is thinned by the clock.
            comments: false,
            // Another shape is an error of its own.
            redefinition: kinds.redefinition && !self.is("das2_hapi"),
            ..kinds
        };
        match self.is("das2_psd") {
            true => waves(seed, packets * 3, kinds),
            false => random(seed, packets, kinds),
        }
    }

    fn run(&self, input: &[u8], sizes: &[usize]) -> Ran {
        let mut ran = run_in_pieces(&words(self.words), input, sizes);
        if self.makes == Makes::Deflated {
            ran.bytes = inflated(&ran.bytes);
        }
        ran
    }
}

/// Pieces end where the input pauses, so the deflated bytes may differ.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let length: usize = std::str::from_utf8(&bytes[4..10]).unwrap().parse().unwrap();
    let (header, zlib) = bytes.split_at(10 + length);
    let mut out = header.to_vec();
    if !zlib.is_empty() {
        let mut decoder = flate2::read::ZlibDecoder::new(zlib);
        decoder.read_to_end(&mut out).expect("the zlib stream ends");
    }
    out
}

/// Packet types that never change, and times that only rise.
const RISING: Kinds = Kinds {
    infinities: true,
    redefinition: false,
    back: false,
    comments: false,
    waveforms: true,
};

fn of_records(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let all = Parsed::new(bytes);
    all.records().iter().map(|r| (r.id, r.bytes())).collect()
}

#[test]
fn reads_of_any_size_give_the_same_bytes() {
    for line in &LINES {
        for seed in seeds(11_000, 7) {
            let input = line.input(seed, 40, Kinds::ALL);
            let whole = line.run(&input, &[usize::MAX]);
            for sizes in [&[1][..], &[2, 3], &[7, 411], &[64, 1, 1], &[1000, 1]] {
                let ran = line.run(&input, sizes);
                let error = |ran: &Ran| ran.error.as_ref().map(ToString::to_string);
                assert_eq!(error(&ran), error(&whole), "{} seed {seed}", line.words);
                let what = format!("{}, seed {seed}, pieces {sizes:?}", line.words);
                assert_same(&ran.bytes, &whole.bytes, &what);
            }
        }
    }
}

/// Cut off within a packet: what an input that ends with the packet before gives,
/// without the bins that are open, and an exception.
#[test]
fn what_is_cut_off_keeps_every_complete_record_and_no_other() {
    for line in &LINES {
        let (mut kept, mut errors) = (0, 0);
        let mut seeds = 11_100..;
        let mut streams = 0;
        while streams < 3 {
            let seed = seeds.next().unwrap();
            let input = line.input(seed, 25, RISING);
            // Text times of different widths go back a little, which -m does not take.
            if line.run(&input, &[usize::MAX]).error.is_some() {
                assert!(line.is("das2_bin_ratesec -m"), "{}", line.words);
                continue;
            }
            streams += 1;
            let ends = Parsed::new(&input).ends;
            for pair in ends.windows(2).step_by(3) {
                let (end, next) = (pair[0], pair[1]);
                let before = line.run(&input[..end], &[usize::MAX]);
                assert!(before.error.is_none(), "{} seed {seed}", line.words);
                let length = next - end;
                for cut in [1, 4, length / 2, length - 1] {
                    let what = format!("{} seed {seed}, {cut} behind byte {end}", line.words);
                    let ran = line.run(&input[..end + cut], &[usize::MAX]);
                    let error = ran.error.expect(&what).to_string();
                    assert!(error.contains(&format!("byte {end}")), "{what}: {error}");
                    errors += 1;
                    if line.makes == Makes::Bytes {
                        assert_whole_rows(line, &input[..end], &before.bytes, &ran.bytes, &what);
                        kept += ran.bytes.len();
                        continue;
                    }
                    let output = Parsed::new(&ran.bytes);
                    let Some(Item::Exception(last)) = output.items.last() else {
                        panic!("{what}: no exception at the end");
                    };
                    assert_eq!(last.attr("type"), Some("ServerError"));
                    let mut wanted = of_records(&before.bytes);
                    let mut ids: Vec<u8> = wanted.iter().map(|(id, _)| *id).collect();
                    ids.sort_unstable();
                    ids.dedup();
                    let open = match line.holds {
                        Holds::Nothing => 0,
                        Holds::ABinOfEach => ids.len(),
                        Holds::ABin => ids.len().min(1),
                        Holds::Everything => wanted.len(),
                    };
                    wanted.truncate(wanted.len() - open);
                    kept += wanted.len();
                    assert!(of_records(&ran.bytes) == wanted, "{what}");
                }
            }
        }
        assert!(errors > 100, "{}", line.words);
        assert!(
            kept > 50 || line.holds == Holds::Everything,
            "{}",
            line.words
        );
    }
}

/// The rows of all complete packets, and no part of one.
fn assert_whole_rows(line: &Line, complete: &[u8], before: &[u8], got: &[u8], what: &str) {
    let first = Parsed::new(complete).headers().first().map(|(id, _)| *id);
    let all = of_records(complete);
    // Headings wait for a row, and json has an end that is missing here.
    let ends = line.is("das2_hapi -f json") || all.is_empty();
    assert!(before == got || ends && before.starts_with(got), "{what}");
    if line.is("das2_hapi -f json") {
        let of_first = all.iter().filter(|(id, _)| Some(*id) == first).count();
        let rows = String::from_utf8_lossy(got).matches("\n[").count();
        assert_eq!(rows, of_first, "{what}");
    }
}

/// The packets of each type in their order, the types among each other in another.
fn shuffled(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let input = Parsed::new(bytes);
    let is_record = |item: &Item| matches!(item, Item::Record(_));
    let first = input.items.iter().position(is_record).unwrap();
    // The first of all stays, since it may set the bins.
    let mut out = bytes[..input.ends[first]].to_vec();
    let mut of_id: BTreeMap<u8, VecDeque<&[u8]>> = BTreeMap::new();
    for (index, record) in input.items.iter().enumerate().skip(first + 1) {
        let Item::Record(record) = record else {
            panic!("only records follow");
        };
        let packet = &bytes[input.ends[index - 1]..input.ends[index]];
        of_id.entry(record.id).or_default().push_back(packet);
    }
    while !of_id.is_empty() {
        let ids: Vec<u8> = of_id.keys().copied().collect();
        let id = rng.pick(&ids);
        match of_id.get_mut(&id).unwrap().pop_front() {
            Some(packet) => out.extend(packet),
            None => drop(of_id.remove(&id)),
        }
    }
    out
}

#[test]
fn packet_types_mixed_otherwise_change_no_record_of_any() {
    let csv = bytes("das2_csv -i -H");
    for line in LINES.iter().chain([&csv]) {
        // -m wants one order, a table begins anew where types come.
        if line.is("das2_bin_ratesec -m") || line.words == "das2_csv" {
            continue;
        }
        let mut moved = 0;
        for seed in seeds(11_200, 15) {
            let input = line.input(seed, 80, RISING);
            let other = shuffled(&input, &mut Rng(seed));
            moved += usize::from(other != input);
            let [one, other] = [&input, &other].map(|input| {
                let ran = line.run(input, &[usize::MAX]);
                assert!(ran.error.is_none(), "{} seed {seed}", line.words);
                ran.bytes
            });
            let what = format!("{} seed {seed}", line.words);
            if line.holds == Holds::Everything || line.is("das2_hapi") {
                assert!(one == other, "{what}");
            } else if line.is("das2_csv") {
                let rows = |bytes: &[u8]| {
                    let mut rows: Vec<Vec<u8>> =
                        bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                    // By ID, each in its order.
                    rows.sort_by_key(|row| row.get(..2).map(<[u8]>::to_vec));
                    rows
                };
                assert!(rows(&one) == rows(&other), "{what}");
            } else if line.is("das2_psd") {
                // Its IDs are given in the order of use.
                let spectra = |bytes: &[u8]| {
                    let of = |r: &&Record| (format!("{:?}", r.header.xml), r.bytes());
                    let mut all: Vec<_> = Parsed::new(bytes).records().iter().map(of).collect();
                    all.sort();
                    all
                };
                assert!(spectra(&one) == spectra(&other), "{what}");
            } else {
                let by_id = |bytes: &[u8]| {
                    let mut all = of_records(bytes);
                    all.sort_by_key(|(id, _)| *id);
                    all
                };
                assert!(by_id(&one) == by_id(&other), "{what}");
            }
        }
        assert!(moved > 5, "{}", line.words);
    }
}

/// A byte changed anywhere: a stream or an error, never a panic, and no output that
/// cannot be read.
#[test]
fn damaged_streams_give_an_error_or_a_stream() {
    let rng = &mut Rng(78);
    for line in &LINES {
        for seed in seeds(11_300, 6) {
            let mut input = line.input(seed, 20, Kinds::ALL);
            for _ in 0..15 {
                let at = rng.below(input.len());
                let old = input[at];
                input[at] = rng.pick(&[b'0', b'9', b'[', b':', b'"', b'<', 0, 0xff, b'-', b' ']);
                let ran = line.run(&input, &[4096]);
                input[at] = old;
                if line.makes != Makes::Bytes && ran.error.is_some() {
                    let text = String::from_utf8_lossy(&ran.bytes).into_owned();
                    assert!(text.contains("<exception"), "{} byte {at}", line.words);
                }
            }
        }
    }
}
