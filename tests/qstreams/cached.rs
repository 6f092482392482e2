//! QStreams out of the cache, and into it.

use std::fs;
use std::process::Command;

use das2_server::cache::{Form, Stamp};

use crate::generator::{Kinds, random};
use crate::make::{Maker, Set, iso, tagged};
use crate::pieces::bytes_of;
use crate::properties::{assert_same_records, records_of};
use crate::read::{Stream, read, read_any};
use crate::rng::{Rng, seeds};
use crate::source::Source;

const LEVELS: &str = "reducer = 'qds_bin_avgsec'\ncacheLevel_00 = 'intrinsic | daily'\n\
                      cacheLevel_01 = '3600 s | daily'\n";

/// Values by record and dataset.
type Records = Vec<Vec<Vec<f64>>>;

/// What a stream says but for the places of its headers.
fn content(stream: &Stream) -> (usize, Records, Records, Vec<String>) {
    let records = |id| stream.records(id).into_iter().cloned().collect();
    let descriptors = [1, 2, 3].map(|id| stream.descriptors(id).len());
    let labels = stream
        .extras()
        .into_iter()
        .map(|e| e.attr("label").unwrap().to_owned());
    (
        descriptors.iter().sum(),
        records(1),
        records(3),
        labels.collect(),
    )
}

#[test]
fn blocks_are_built_and_served_and_gaps_are_read() {
    let source = Source::new(LEVELS, "");
    source.build("2000-01-01", "2000-01-05");
    let file = source.block("intrinsic/2000/01/2000-01-02_intrinsic.qds");
    let stamp = Stamp::find(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(stamp.size, fs::metadata(&file).unwrap().len());
    // Packets without a time, and labels, are not in known form.
    assert_eq!(stamp.form, Form::Mixed);
    read(&fs::read(&file).unwrap());
    for (begin, end, more) in [
        ("2000-01-01", "2000-01-05", ""),
        ("2000-01-02T10:20:30", "2000-01-03T01:00", ""),
        ("2000-01-02", "2000-01-04", "&resolution=3600"),
        ("2000-01-02T12:00", "2000-01-04", "&resolution=4000"),
        ("2000-01-02", "2000-01-04", "&ascii=1"),
    ] {
        let cached = source.stream(begin, end, more);
        assert!(source.runs().is_empty(), "{begin} {more}");
        let more = more.replace("4000", "3600");
        let plain = source.stream(begin, end, &format!("{more}&params=uncached"));
        assert_eq!(source.runs().len(), 1);
        assert_eq!(content(&cached), content(&plain), "{begin} {more}");
        assert_eq!(content(&cached).0, 3);
        assert_eq!(cached.header, plain.header, "no trace of the stamp");
    }
    // Gaps are read, with bins from the beginning of their block.
    for level in ["intrinsic", "bin-3600s"] {
        fs::remove_file(source.block(&format!("{level}/2000/01/2000-01-03_{level}.qds"))).unwrap();
    }
    for more in ["", "&resolution=3600", "&ascii=1"] {
        let cached = source.stream("2000-01-01T12:00", "2000-01-04T12:00", more);
        assert_eq!(source.runs(), ["2000-01-03 2000-01-04"], "{more}");
        let plain = source.stream(
            "2000-01-01T12:00",
            "2000-01-04T12:00",
            &format!("{more}&params=x"),
        );
        source.runs();
        assert_eq!(content(&cached), content(&plain), "{more}");
    }
    // Nothing is there at all.
    let answer = source.get("2000-01-20", "2000-01-20T00:00:01", "&resolution=3600");
    assert_eq!(answer.status(), 200);
    let verified = source.tool(&["verify", "Q"]);
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success(), "{said}");
}

#[test]
fn the_cache_reader_has_six_arguments() {
    let source = Source::new(LEVELS, "");
    source.build("2000-01-01", "2000-01-04");
    for program in [
        env!("CARGO_BIN_EXE_qds_cache_rdr"),
        env!("CARGO_BIN_EXE_das2_cache_rdr"),
    ] {
        let run = |begin: &str, end: &str, resolution: &str| {
            let output = Command::new(program)
                .arg(source.site.path("dsdf/Q.dsdf"))
                .arg(source.site.path("cache/data/Q"))
                .args(["_noparam", begin, end, resolution])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), output.stdout, said)
        };
        let (status, bytes, _) = run("2000-01-01T12:00", "2000-01-03", "0.00000e+00");
        assert_eq!(status, Some(0));
        let plain = source.stream("2000-01-01T12:00", "2000-01-03", "&params=x");
        assert_eq!(content(&read(&bytes)), content(&plain));
        let (_, bytes, said) = run("2000-01-02", "2000-01-06", "7.20000e+03");
        assert_eq!(read(&bytes).records(1).len(), 48);
        assert!(said.contains("Missing: 2000-01-04T00:00:00"), "{said}");
        // An exception is all of a QStream without data.
        let (status, bytes, _) = run("2000-01-20", "2000-01-21", "intrinsic");
        assert_eq!(status, Some(0));
        assert!(bytes.starts_with(b"[00]"));
        assert!(String::from_utf8_lossy(&bytes).contains("NoDataInInterval"));
        assert_eq!(run("2000-01-02", "2000-01-01", "0").0, Some(92));
    }
    assert_eq!(source.runs().len(), 2, "those without the cache");
}

/// A block as other programs write it, numbers in this byte order.
fn foreign(source: &Source, day: u32, big: bool, more: &[&str]) {
    let sets = [
        Set::times("us2000", "double"),
        Set::data("v", "int4", Some(2)),
    ];
    let mut maker = Maker::new(big);
    maker.describe(1, &sets);
    maker.raw(
        2,
        "<qdataset id=\"f\" rank=\"1\"><values values=\"1,2\" length=\"2\"/></qdataset>",
    );
    for extra in more {
        maker.extra(extra);
    }
    for hour in 0..24 {
        let time = f64::from(day - 1) * 86_400e6 + f64::from(hour) * 3600e6;
        let value = f64::from(day * 100 + hour);
        maker.record(1, &[&[time], &[value, -value]]);
    }
    let file = source.block(&format!("intrinsic/2000/01/2000-01-{day:02}_intrinsic.qds"));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, maker.bytes).unwrap();
}

#[test]
fn blocks_of_other_programs() {
    let source = Source::new(LEVELS, "");
    let label = "<enumerationUnit name=\"e\" value=\"1\" label=\"one\"/>";
    foreign(&source, 1, false, &[label]);
    foreign(&source, 2, false, &[label]);
    foreign(&source, 3, true, &[]);
    foreign(&source, 4, false, &[]);
    let stream = source.stream("2000-01-01T06:00", "2000-01-04T18:00", "");
    assert!(source.runs().is_empty());
    let records = stream.records(1);
    assert_eq!(records.len(), 18 + 48 + 18);
    for (index, record) in records.iter().enumerate() {
        let hour = 6 + index as u32;
        let value = f64::from((hour / 24 + 1) * 100 + hour % 24);
        assert_eq!(record[0], [f64::from(hour) * 3600e6]);
        assert_eq!(
            record[1],
            [value, -value],
            "numbers in the byte order of the first"
        );
    }
    assert_eq!(
        (stream.descriptors(1).len(), stream.descriptors(2).len()),
        (1, 1)
    );
    assert_eq!(stream.extras().len(), 1);
    // In one piece, without being read.
    let stream = source.stream("2000-01-04", "2000-01-05", "");
    assert_eq!(stream.records(1).len(), 24);
    // Broken, or of the other kind: the reader runs.
    let file = source.block("intrinsic/2000/01/2000-01-02_intrinsic.qds");
    let whole = fs::read(&file).unwrap();
    let das2 = tagged("00", "<stream version=\"2.2\"/>");
    for bad in [&whole[..whole.len() - 5], &das2, b"x"] {
        fs::write(&file, bad).unwrap();
        let stream = source.stream("2000-01-02", "2000-01-03", "");
        assert_eq!(source.runs(), ["2000-01-02 2000-01-03"]);
        assert_eq!(stream.records(1).len(), 144);
    }
}

#[test]
fn known_blocks_are_cut_without_being_read() {
    let source = Source::new(LEVELS, "");
    // A reader whose streams have times and inline values alone.
    let make = |begin: u32, end: u32| {
        let sets = [
            Set::times("us2000", "double"),
            Set::data("v", "double", Some(40)),
        ];
        let mut maker = Maker::new(false);
        maker.describe(1, &sets);
        maker.raw(
            2,
            "<qdataset id=\"f\" rank=\"1\"><values values=\"1,2\" length=\"2\"/></qdataset>",
        );
        for minute in begin * 1440..end * 1440 {
            let value = [f64::from(minute); 40];
            maker.record(1, &[&[f64::from(minute) * 60e6], &value]);
        }
        maker.bytes
    };
    source.site.write("all", make(0, 3));
    source.site.reader(
        "Q",
        "echo \"$*\" >>\"$(dirname \"$0\")/../runs\"\ncat \"$(dirname \"$0\")/../all\"\n",
    );
    source.build("2000-01-01", "2000-01-04");
    for day in 1..=3 {
        let file = source.block(&format!("intrinsic/2000/01/2000-01-0{day}_intrinsic.qds"));
        let stamp = Stamp::find(&fs::read(file).unwrap()).unwrap();
        assert_eq!(stamp.form, Form::Sorted);
    }
    for (begin, end, records) in [
        ("2000-01-01", "2000-01-04", 3 * 1440),
        ("2000-01-01T23:59", "2000-01-03T00:00:30", 1442),
        ("2000-01-02T00:00:30", "2000-01-02T00:02", 1),
    ] {
        let stream = source.stream(begin, end, "");
        assert_eq!(stream.records(1).len(), records);
        assert_eq!(
            (stream.descriptors(1).len(), stream.descriptors(2).len()),
            (1, 1)
        );
    }
    assert!(source.runs().is_empty());
}

/// What any stream gives out of its blocks, as it is and in bins.
#[test]
fn ranges_are_made_up_of_their_parts_and_blocks_of_their_bins() {
    let source = Source::new(LEVELS, "");
    source
        .site
        .reader("Q", "cat \"$(dirname \"$0\")/../all\"\n");
    let kinds = Kinds {
        wild: true,
        joins: false,
        pace: 200,
        ..Kinds::PLAIN
    };
    for seed in seeds(13_000, 3) {
        let made = random(seed, 60, kinds);
        source.site.write("all", made.bytes());
        let _ = fs::remove_dir_all(source.site.path("cache/data"));
        source.build("2000-01-03", "2000-01-12");
        let read = |begin: i64, end: i64, resolution: &str| {
            let [begin, end] = [begin, end].map(|ms| iso(ms * 1_000_000));
            let output = Command::new(env!("CARGO_BIN_EXE_qds_cache_rdr"))
                .arg(source.site.path("dsdf/Q.dsdf"))
                .arg(source.site.path("cache/data/Q"))
                .args(["_noparam", &begin, &end, resolution])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "seed {seed}: {said}");
            assert!(!said.contains("Missing"), "seed {seed}: {said}");
            records_of(&output.stdout)
        };
        let days = [2, 11].map(|day| day * 86_400_000);
        let last = made.times().max().unwrap();
        assert!(last < days[1], "seed {seed}: {last}");
        let what = format!("seed {seed}");
        let whole = bytes_of(&["qds_bin_avgsec", "3600"], &made.bytes());
        let bins = read(days[0], days[1], "3600");
        assert_same_records(&bins, &records_of(&whole), &format!("{what}, bins"));
        let times: Vec<i64> = made.times().collect();
        let rng = &mut Rng(seed);
        for _ in 0..4 {
            let mut edges = [(); 3].map(|()| times[rng.below(times.len())] + rng.pick(&[0, 1, -1]));
            edges.sort_unstable();
            let [begin, middle, end] = [edges[0], edges[1] + 5, edges[2] + 9];
            let what = format!("{what}, {begin} to {middle} to {end} ms");
            let whole = read(begin, end, "0");
            assert_same_records(&whole, &made.range(begin, end), &what);
            if times.is_sorted() {
                let mut joined = read(begin, middle, "0");
                for (id, records) in read(middle, end, "0") {
                    joined.entry(id).or_default().extend(records);
                }
                assert_same_records(&joined, &whole, &what);
            }
        }
    }
}

#[test]
fn blocks_by_a_sites_own_reducer() {
    let keywords = LEVELS.replace("qds_bin_avgsec", "own_bins");
    let source = Source::new(&keywords, "");
    let ours = env!("CARGO_BIN_EXE_qds_bin_avgsec");
    source.site.reader(
        "own_bins",
        &format!("echo \"$@\" >>\"$(dirname \"$0\")/../seen\"\nexec {ours} \"$@\"\n"),
    );
    source.build("2000-01-01", "2000-01-03");
    let seen = fs::read_to_string(source.site.path("seen")).unwrap();
    assert_eq!(seen, "3600.000000\n3600.000000\n");
    let cached = source.stream("2000-01-01", "2000-01-04", "&resolution=3600");
    assert_eq!(source.runs(), ["2000-01-03 2000-01-04"]);
    let plain = source.stream("2000-01-01", "2000-01-04", "&resolution=3600&params=x");
    assert_eq!(content(&cached), content(&plain));
}

/// Slices of a join begin where its descriptor is repeated: they stay what they are, and
/// are in no block.
#[test]
fn joins_have_no_blocks() {
    let source = Source::new(LEVELS, "");
    let slices = |rank: usize| {
        let of_rank = |set: Set| Set { rank, ..set };
        let sets = [
            of_rank(Set::times("us2000", "double")),
            of_rank(Set::data("v", "double", None)),
        ];
        let mut maker = Maker::new(false);
        // A slice of twelve hours each.
        for hour in 0..48_u32 {
            if hour % 12 == 0 {
                maker.describe(1, &sets);
            }
            let value = [f64::from(hour)];
            maker.record(1, &[&[f64::from(hour) * 3600e6], &value]);
        }
        maker.bytes
    };
    let script = "echo \"$*\" >>\"$(dirname \"$0\")/../runs\"\ncat \"$(dirname \"$0\")/../all\"\n";
    source.site.reader("Q", script);
    source.site.write("all", slices(2));
    let build = || {
        let output = source.tool(&["build", "Q", "2000-01-01", "2000-01-03", "--now"]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), told)
    };
    let (is_built, told) = build();
    assert!(
        !is_built && told.contains("the QStream is a join"),
        "{told}"
    );
    let blocks: Vec<_> = (1..=2)
        .map(|day| source.block(&format!("intrinsic/2000/01/2000-01-0{day}_intrinsic.qds")))
        .collect();
    assert!(blocks.iter().all(|block| !block.exists()));
    // A block of another program: the reader runs, and its slices are its own.
    source.runs();
    for block in &blocks {
        fs::create_dir_all(block.parent().unwrap()).unwrap();
        fs::write(block, slices(2)).unwrap();
    }
    let stream = |more: &str| {
        let answer = source.get("2000-01-01", "2000-01-03", more);
        assert_eq!(answer.status(), 200, "{}", source.site.log());
        read_any(&answer.body)
    };
    for more in ["", "&params=uncached", "&ascii=1"] {
        let stream = stream(more);
        assert_eq!(source.runs().len(), 1, "{more}");
        assert_eq!(stream.descriptors(1).len(), 4, "{more}");
        assert_eq!(stream.records(1).len(), 48, "{more}");
    }
    assert!(
        source
            .site
            .log()
            .contains("is not used: the QStream is a join")
    );
    // Slices that are flattened again are one dataset, whatever lies between them.
    source.site.write("all", slices(1));
    assert!(build().0);
    source.runs();
    let stream = stream("");
    assert!(source.runs().is_empty());
    assert_eq!(
        (stream.descriptors(1).len(), stream.records(1).len()),
        (1, 48)
    );
}

#[test]
fn what_cannot_be_built_is_told() {
    let source = Source::new(&LEVELS.replace("reducer = 'qds_bin_avgsec'\n", ""), "");
    let output = source.tool(&["build", "Q", "2000-01-01", "2000-01-02", "--now"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        told.contains("nothing reduces the data of this source"),
        "{told}"
    );
}
