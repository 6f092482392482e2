//! What holds for any input.

use std::collections::BTreeMap;

use crate::bins::PLAIN;
use crate::generator::{Kinds, random};
use crate::oracle::{fill_of, is_fill};
use crate::parsed::{Item, Parsed};
use crate::pieces::assert_same;
use crate::rng::Rng;
use crate::rng::seeds;
use crate::running::{bytes_of, run, run_in_pieces, words};

const LINES: [&str; 4] = [
    "das2_bin_avgsec -r -s 4",
    "das2_bin_avgsec -b 2018-11-22 0.7",
    "das2_bin_peakavgsec 4",
    "das2_ascii -s 3",
];

#[test]
fn any_split_into_reads_gives_the_same_bytes() {
    let kinds = Kinds {
        // Thinned by the clock.
        comments: false,
        ..Kinds::ALL
    };
    for seed in seeds(3000, 12) {
        let input = random(seed, 60, kinds);
        for line in LINES {
            let whole = bytes_of(&words(line), &input);
            for sizes in [&[1][..], &[2, 3], &[7], &[64, 1, 1], &[1000, 1]] {
                let ran = run_in_pieces(&words(line), &input, sizes);
                assert!(ran.error.is_none());
                let what = format!("seed {seed}, {line}, pieces {sizes:?}");
                assert_same(&ran.bytes, &whole, &what);
            }
        }
    }
}

#[test]
fn any_prefix_ends_cleanly_or_with_an_error_after_the_complete_bins() {
    let mut clean_ends = 0;
    for seed in seeds(3100, 2) {
        let input = random(seed, 40, PLAIN);
        for line in LINES {
            let whole = run(&words(line), &input);
            let all: Vec<Vec<u8>> = whole.records().iter().map(|r| r.bytes()).collect();
            let (mut clean, mut most) = (0, 0);
            // All lengths are tried of the reader alone; here a prime step, and the longest.
            let lengths = (0..input.len()).step_by(29);
            for length in lengths.chain([input.len() - 1]) {
                let ran = run_in_pieces(&words(line), &input[..length], &[usize::MAX]);
                if ran.error.is_none() {
                    clean += 1;
                } else {
                    let output = Parsed::new(&ran.bytes);
                    assert!(
                        matches!(output.items.last(), Some(Item::Exception(e)) if e.attr("type") == Some("ServerError")),
                        "seed {seed}, {line}, {length} bytes"
                    );
                    // What is there is a beginning of the whole, and never shrinks.
                    let records: Vec<Vec<u8>> =
                        output.records().iter().map(|r| r.bytes()).collect();
                    assert_eq!(records, all[..records.len()], "{length} bytes");
                    assert!(records.len() >= most, "{length} bytes");
                    most = records.len();
                }
            }
            assert!(clean < 100, "{clean}");
            clean_ends += clean;
            let open = whole.headers().len();
            assert!(most + open + 1 >= all.len(), "{most} of {}", all.len());
        }
    }
    assert!(clean_ends > 0);
}

#[test]
fn shuffling_ids_against_each_other_changes_no_record() {
    for seed in seeds(3700, 30) {
        let bytes = random(seed, 120, PLAIN);
        let input = Parsed::new(&bytes);
        let header_end = bytes.windows(10).rposition(|w| w == b"</packet>:").unwrap() + 9;
        let mut of_id: BTreeMap<u8, std::collections::VecDeque<Vec<u8>>> = BTreeMap::new();
        for record in input.records() {
            let mut packet = format!(":{:02}:", record.id).into_bytes();
            packet.extend(record.bytes());
            of_id.entry(record.id).or_default().push_back(packet);
        }
        let rng = &mut Rng(seed);
        let mut shuffled = bytes[..header_end].to_vec();
        while !of_id.is_empty() {
            let ids: Vec<u8> = of_id.keys().copied().collect();
            let id = rng.pick(&ids);
            match of_id.get_mut(&id).unwrap().pop_front() {
                Some(packet) => shuffled.extend(packet),
                None => drop(of_id.remove(&id)),
            }
        }
        // With -b, since otherwise the first packet of all sets the bins.
        for line in [
            "das2_bin_avgsec -r -s -b 2018-11-22 4",
            "das2_bin_peakavgsec -b 2018-11-22 4",
            "das2_ascii",
        ] {
            let (a, b) = (run(&words(line), &bytes), run(&words(line), &shuffled));
            for id in 1..=99 {
                let of = |p: &Parsed| -> Vec<Vec<u8>> {
                    p.records_of(id).iter().map(|r| r.bytes()).collect()
                };
                assert_eq!(of(&a), of(&b), "seed {seed}, {line}, packet {id:02}");
            }
        }
    }
}

#[test]
fn filters_take_what_filters_write() {
    for seed in seeds(3800, 60) {
        let bytes = random(seed, 60, Kinds::ALL);
        let text = bytes_of(&words("das2_ascii"), &bytes);
        let once = bytes_of(&words("das2_bin_avgsec -r -s 2"), &text);
        let twice = bytes_of(&words("das2_bin_peakavgsec 8"), &once);
        let thrice = bytes_of(&words("das2_bin_avgsec -r 20"), &twice);
        let last = run(&words("das2_ascii -r 4 -s 3"), &thrice);
        assert!(!last.records().is_empty());
        for (_, header) in last.headers() {
            let mut names: Vec<&str> = header.names();
            names.retain(|name| name.contains(['.', '_']));
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            let unique = names.len();
            assert!(
                unique == count || has_doubles(&bytes),
                "{:?}",
                header.names()
            );
        }
    }
}

/// The input itself may have two planes of one name.
fn has_doubles(bytes: &[u8]) -> bool {
    Parsed::new(bytes).headers().iter().any(|(_, header)| {
        let mut names = header.names();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    })
}

/// A byte changed anywhere: an error or a stream, in bounded time.
#[test]
fn damaged_streams_never_panic() {
    let rng = &mut Rng(77);
    for seed in seeds(3900, 20) {
        let mut bytes = random(seed, 30, Kinds::ALL);
        for _ in 0..20 {
            let at = rng.below(bytes.len());
            let old = bytes[at];
            bytes[at] = rng.pick(&[b'0', b'9', b'[', b':', b'"', b'<', 0, 0xff, b'-', b' ']);
            for line in LINES {
                let ran = run_in_pieces(&words(line), &bytes, &[4096]);
                let _ = ran.error;
            }
            bytes[at] = old;
        }
    }
}

/// Input that never pauses, and looks how much has come out at each read.
struct Watched<'a> {
    bytes: &'a [u8],
    read: usize,
    written: std::rc::Rc<std::cell::Cell<usize>>,
    seen: Vec<(usize, usize)>,
}

impl das2_server::stream::Input for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.seen.push((self.read, self.written.get()));
        let count = 5000.min(into.len()).min(self.bytes.len() - self.read);
        into[..count].copy_from_slice(&self.bytes[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
    fn would_wait(&mut self) -> bool {
        false
    }
}

struct Counted(std::rc::Rc<std::cell::Cell<usize>>);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.set(self.0.get() + bytes.len());
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn never_more_than_64_kib_wait_for_the_next_write() {
    let mut s = crate::builder::Builder::new();
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/><y type=\"ascii14\" units=\"\"/>",
    );
    let headers = s.bytes.len();
    for i in 0..20_000 {
        let now = f64::from(i) * 1e6;
        let encode = crate::builder::encode;
        s.data(1, &[encode("time24", now), encode("ascii14", 1.5)]);
    }
    // One record out for each in, of the same length.
    for line in ["das2_ascii", "das2_bin_avgsec -b 2000-01-01 1"] {
        let written = std::rc::Rc::default();
        let chain = crate::running::chain(&words(line));
        let mut stage = chain.sink(Counted(std::rc::Rc::clone(&written)));
        let mut reader = das2_server::stream::Reader::new(Watched {
            bytes: &s.bytes,
            read: 0,
            written,
            seen: Vec::new(),
        });
        reader.pump(&mut stage).unwrap();
        let seen = &reader.input().seen;
        assert!(seen.len() > 100);
        for (read, written) in seen {
            let waits = read.saturating_sub(headers).saturating_sub(*written);
            assert!(waits <= 65 << 10, "{line}: {waits} bytes at {read}");
        }
    }
}

/// The counts of a histogram are as many as there are good values, item by item.
#[test]
fn counts_of_values_add_up_to_the_good_values() {
    for seed in seeds(4000, 60) {
        let kinds = Kinds {
            redefinition: false,
            ..Kinds::ALL
        };
        let bytes = random(seed, 80, kinds);
        let input = Parsed::new(&bytes);
        let output = run(&words("das2_histo"), &bytes);
        let mut histogram = 0;
        for (id, header) in input.headers() {
            for plane in (0..header.planes.len()).filter(|plane| *plane != header.x()) {
                histogram += 1;
                let fill = fill_of(header, &input.stream, plane);
                let mut good = vec![0.0; header.planes[plane].items];
                for record in input.records_of(id) {
                    for (count, value) in good.iter_mut().zip(&record.values[plane]) {
                        *count += f64::from(u8::from(!is_fill(*value, fill)));
                    }
                }
                let mut counted = vec![0.0; good.len()];
                let mut last = f64::NEG_INFINITY;
                for record in output.records_of(histogram) {
                    assert!(record.values[0][0] > last, "seed {seed}: values rise");
                    last = record.values[0][0];
                    for (sum, count) in counted.iter_mut().zip(&record.values[1]) {
                        *sum += count;
                    }
                }
                assert_eq!(counted, good, "seed {seed}, packet {id:02}, plane {plane}");
            }
        }
    }
}
