//! Running the programs.

use std::process::Output;

use crate::make::{Maker, Set, tagged};
use crate::processes::{Running, command, fed};
use crate::read::{read, read_any};

/// Runs a program of ours: `qds_bin_avgsec 60`.
pub fn output(line: &str, input: &[u8]) -> Output {
    fed(command(line), input)
}

/// Runs a program that has to succeed.
pub fn run(line: &str, input: &[u8]) -> Vec<u8> {
    let output = output(line, input);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{line}: {said}");
    output.stdout
}

fn sample() -> Maker {
    let mut maker = Maker::new(false);
    maker.describe(
        1,
        &[
            Set::times("us2000", "double"),
            Set::data("v", "float", None),
        ],
    );
    for second in 0..10 {
        maker.record(1, &[&[f64::from(second) * 1e6], &[1.0]]);
    }
    maker
}

#[test]
fn each_kind_of_stream_has_its_programs() {
    let das2 = b"[00]000017<stream></stream>";
    for line in ["qds_bin_avgsec 5", "qds_ascii"] {
        let output = output(line, das2);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said.contains("das2_bin_avgsec and das2_ascii are for"),
            "{said}"
        );
        // Nothing else has gone out: an exception is all of the stream.
        assert!(output.stdout.starts_with(b"[00]"));
        let alone = read_any(&output.stdout);
        assert_eq!(alone.extras()[0].attr("type"), Some("ServerError"));
    }
    for line in ["das2_bin_avgsec 5", "das2_ascii"] {
        let output = output(line, &sample().bytes);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said.contains("qds_bin_avgsec and qds_ascii are for QStreams"),
            "{said}"
        );
    }
    for line in ["qds_bin_avgsec 5", "qds_ascii"] {
        let output = output(line, b"|Sx||10|<stream/> ");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && said.contains("das3"),
            "{said}"
        );
    }
}

#[test]
fn command_lines_that_are_wrong() {
    for line in [
        "qds_bin_avgsec",
        "qds_bin_avgsec 0",
        "qds_bin_avgsec x",
        "qds_bin_avgsec -b never 5",
        "qds_ascii --wrong",
    ] {
        assert_eq!(output(line, b"").status.code(), Some(2), "{line}");
    }
    for line in ["qds_bin_avgsec -h", "qds_ascii -v"] {
        let output = output(line, b"");
        assert!(
            output.status.success() && output.stdout.starts_with(b"") && output.stderr.is_empty()
        );
    }
}

#[test]
fn what_is_complete_goes_out_before_a_fault() {
    let mut maker = sample();
    let whole = maker.bytes.len();
    maker.bytes.extend(b":01:123");
    for (line, records) in [("qds_bin_avgsec 4", 2), ("qds_ascii", 10)] {
        let output = output(line, &maker.bytes);
        assert_eq!(output.status.code(), Some(1), "{line}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains(&format!("byte {whole}")) && said.contains("cut off"),
            "{said}"
        );
        let stream = read(&output.stdout);
        assert_eq!(stream.records(1).len(), records);
        assert_eq!(stream.extras().last().unwrap().name, "exception");
    }
    for (bad, what) in [
        (
            tagged("02", "<packet><qdataset id=\"q\" rank=\"1\"/></packet>"),
            "packet 02: qdataset 'q' has no values",
        ),
        (b":07:".to_vec(), "packet 07: data before any header"),
        (b"hello".to_vec(), "a packet tag"),
        (
            tagged("00", "<stream dataset_id=\"w\"/>"),
            "is repeated and says something else",
        ),
    ] {
        let mut bytes = sample().bytes;
        let at = bytes.len();
        bytes.extend(bad);
        let output = output("qds_ascii", &bytes);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said.contains(what) && said.contains(&format!("byte {at}")),
            "{said}"
        );
    }
}

#[test]
fn every_prefix_of_a_stream_ends_well() {
    let bytes = sample().bytes;
    let whole = read(&run("qds_bin_avgsec 4", &bytes)).records(1).len();
    for cut in (0..bytes.len()).step_by(29) {
        let output = output("qds_bin_avgsec 4", &bytes[..cut]);
        assert!(output.status.code().is_some_and(|code| code < 2), "{cut}");
        assert!(read_any(&output.stdout).records(1).len() <= whole);
    }
}

#[test]
fn extras_keep_their_place() {
    let mut maker = Maker::new(true);
    maker.extra("<enumerationUnit name=\"e\" value=\"1\" label=\"one\" color=\"#ff0000\"/>");
    maker.describe(
        1,
        &[
            Set::times("us2000", "double"),
            Set::data("v", "float", None),
        ],
    );
    maker.record(1, &[&[0.0], &[1.0]]);
    maker.extra("<enumerationUnit name=\"e\" value=\"2\" label=\"two\"/>");
    maker.extra("<comment type=\"log:info\" message=\"x\"/>");
    maker.record(1, &[&[9e6], &[1.0]]);
    maker.extra("<exception type=\"NoDataInInterval\" message=\"enough\"/>");
    for line in ["qds_bin_avgsec 5", "qds_ascii"] {
        let stream = read(&run(line, &maker.bytes));
        let names: Vec<_> = stream.extras().iter().map(|e| e.name.as_str()).collect();
        assert_eq!(
            names,
            ["enumerationUnit", "enumerationUnit", "comment", "exception"]
        );
        assert_eq!(stream.extras()[0].attr("color"), Some("#ff0000"));
        assert_eq!(stream.extras()[2].attr("message"), Some("x"));
        assert_eq!(stream.header.attr("dataset_id"), Some("v"));
        assert!(
            matches!(stream.pieces.last(), Some(crate::read::Piece::Extra(_))),
            "{line}"
        );
    }
}

/// What is complete is seen while the input pauses.
#[test]
fn output_is_flushed_when_the_input_pauses() {
    // Of bins of four seconds the third is open.
    for (line, records) in [("qds_ascii", 10), ("qds_bin_avgsec 4", 2)] {
        let mut running = Running::start(line);
        running.feed(&sample().bytes);
        // The input stays open: without a flush this would wait for ever.
        running.wait_for("records", |got| {
            got.windows(4).filter(|four| four == b":01:").count() == records
        });
        running.end();
    }
}

#[test]
fn memory_does_not_grow_with_the_stream() {
    let sets = [
        Set::times("us2000", "double"),
        Set::data("v", "float", Some(500)),
    ];
    let mut maker = Maker::new(false);
    maker.describe(1, &sets);
    let values = [1.5; 500];
    for i in 0..10_000 {
        maker.record(1, &[&[f64::from(i) * 1e6], &values]);
    }
    for line in ["qds_bin_avgsec 60", "qds_bin_avgsec 1e6", "qds_ascii"] {
        let mut running = Running::start(line);
        // All but what the pipe holds has been read afterwards.
        running.feed(&maker.bytes);
        let peak = running.peak();
        assert!(peak < 16 << 20, "{line}: {peak} bytes");
        assert!(running.end().len() > 500);
    }
}
