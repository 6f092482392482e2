//! das2_from_das1: das1 readers, as scripts, through the program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

#[path = "filters/parsed.rs"]
#[allow(dead_code)]
mod parsed;
use parsed::Parsed;

struct Source {
    folder: tempfile::TempDir,
}

impl Source {
    /// A definition, and a reader that runs this text of a shell.
    fn new(keywords: &str, script: &str) -> Source {
        let folder = tempfile::tempdir().unwrap();
        let reader = folder.path().join("reader");
        let text = folder.path().join("reader.sh");
        fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // By another process: what is open for writing here cannot be run meanwhile.
        let copied = Command::new("cp").arg("-p").args([&text, &reader]).status();
        assert!(copied.unwrap().success());
        let text = format!("reader = '{}'\n{keywords}\n", reader.display());
        fs::write(folder.path().join("old.dsdf"), text).unwrap();
        Source { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The records as the reader's whole output.
    fn with_records(keywords: &str, numbers: &[f32]) -> Source {
        let source = Source::new(keywords, "cat \"$(dirname \"$0\")/data\"");
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        fs::write(source.path("data"), bytes).unwrap();
        source
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_from_das1"));
        command.arg(self.path("old.dsdf")).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn stream(&self, words: &[&str]) -> Parsed {
        let output = self.run(words);
        assert!(output.status.success(), "{output:?}");
        Parsed::new(&output.stdout)
    }
}

const RANGE: [&str; 2] = ["1997-01-01", "1997-01-02"];

#[test]
fn several_values_and_their_properties() {
    let source = Source::with_records(
        "description = 'Some <data>'\nform = x_multi_y\nny = 3\nx_parameter = 'time'\nx_unit = 's'\n\
         x_sample_width = 120.0\ny_parameter = 'frequency'\ny_unit = 'Hz'\ny_fill = 1.0d-32\n\
         spacecraft = 'Polar'\nreadAccess = 'USER:x'\nexampleRange = '1997-01-01 to 1997-01-02'",
        &[21.3, 1.0, 2.0, 3.0, 27.5, -1.0, f32::NAN, 1e-32],
    );
    let out = source.stream(&RANGE);
    for (kind, name, value) in [
        ("Time", "start", "1997-01-01"),
        ("Time", "end", "1997-01-02"),
        ("String", "xLabel", "Time"),
        ("String", "yLabel", "Frequency (Hz)"),
        ("String", "title", "Some <data>"),
        ("String", "spacecraft", "Polar"),
        ("String", "exampleRange", "1997-01-01 to 1997-01-02"),
        ("Datum", "xTagWidth", "120 s"),
        ("double", "yFill", "1e-32"),
        ("String", "sourceId", "old.dsdf"),
    ] {
        assert_eq!(out.stream.typed(kind, name), value);
    }
    for hidden in ["reader", "readAccess", "form", "ny"] {
        assert!(out.stream.property(hidden).is_none(), "{hidden}");
    }
    let records = out.records();
    assert_eq!(
        records[0].header.names(),
        ["", "plane_0", "plane_1", "plane_2"]
    );
    let begin = parsed::us2000("1997-01-01");
    assert_eq!(records[0].x(), begin + f64::from(21.3f32) * 1e6);
    assert_eq!(records[0].values[1..], [[1.0], [2.0], [3.0]]);
    assert!(records[1].values[2][0].is_nan());
    assert_eq!(records.len(), 2);
}

#[test]
fn interval_sources_get_their_words_and_names() {
    let source = Source::new(
        "form = x_multi_y\nitems = 4\nlabel(0) = 'R!DJ!N'\nlabel(1) = 'Lon!DIII!N'\n\
         label(2) = 'MLat'\nlabel(3) = 'MLat'",
        "echo \"$#:$*\" >&2",
    );
    let output = source.run(&["86400", "1996-09-01", "1996-11-02"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "3:86400 1996-09-01 1996-11-02\n"
    );
    let out = Parsed::new(&output.stdout);
    let header = out.headers()[0].1;
    assert_eq!(header.names(), ["", "Rj", "LONiii", "MLAT", "plane_3"]);
    assert_eq!(header.planes[1].xml.typed("String", "yLabel"), "R!DJ!N");
}

#[test]
fn words_are_no_shell_text() {
    let source = Source::new("form = x_multi_y\nny = 1", "printf '%s\\n' \"$@\" >&2");
    let output = source.run(&[
        "1997-01-01",
        "1997-01-02",
        "-x",
        "$(touch /tmp/x);`id`",
        "a b",
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "1997-01-01\n1997-01-02\n-x\n$(touch /tmp/x);`id`\na b\n"
    );
    // das2C's option is understood.
    let mut command = Command::new(env!("CARGO_BIN_EXE_das2_from_das1"));
    command
        .args(["-I", "/usr/bin/idl"])
        .arg(source.path("old.dsdf"));
    assert!(command.args(RANGE).output().unwrap().status.success());
}

#[test]
fn scans_and_scatter() {
    let scan = Source::with_records(
        "form = x_tagged_y_scan\ny_coordinate = [1.0, 2.5e3, 1.0d4]\ny_unit = 'Hz'\n\
         y_parameter = 'frequency'\nz_parameter = 'density'\nz_unit = 'V/m'\nz_fill = -1",
        &[1.0, 5.0, 6.0, 7.0],
    );
    let out = scan.stream(&RANGE);
    let plane = out.headers()[0].1.plane("density").clone();
    assert_eq!((plane.items, plane.units.as_str()), (3, "V/m"));
    assert_eq!(plane.xml.attr("yTags"), Some("1,2500,10000"));
    assert_eq!(plane.xml.attr("yUnits"), Some("Hz"));
    assert_eq!(plane.xml.typed("String", "zLabel"), "Density (V/m)");
    assert_eq!(out.records()[0].named("density"), [5.0, 6.0, 7.0]);

    let scatter = Source::with_records(
        "form = x_y_z\nx_parameter = 'distance'\nx_unit = 'km'\ny_unit = 'deg'\nz_unit = 'nT'",
        &[1.5, 2.0, 3.0],
    );
    let out = scatter.stream(&RANGE);
    let record = &out.records()[0];
    let kinds: Vec<_> = record
        .header
        .planes
        .iter()
        .map(|p| p.kind.as_str())
        .collect();
    assert_eq!(kinds, ["x", "y", "z"]);
    assert_eq!(record.header.planes[0].units, "km");
    assert_eq!(record.values, [[1.5], [2.0], [3.0]]);
    assert_eq!(out.stream.typed("String", "xLabel"), "Distance (km)");
}

#[test]
fn a_reader_without_records_has_no_data() {
    let source = Source::new("form = x_multi_y\nny = 1", "exit 0");
    let out = source.stream(&RANGE);
    let kinds: Vec<_> = out.exceptions().iter().map(|e| e.attr("type")).collect();
    assert_eq!(kinds, [Some("NoDataInInterval")]);
    assert_eq!((out.headers().len(), out.records().len()), (1, 0));
    // Not where it failed, and not behind data.
    let failed = Source::new("form = x_multi_y\nny = 1", "exit 4").run(&RANGE);
    let out = Parsed::new(&failed.stdout);
    assert_eq!(out.exceptions().len(), 1);
    assert_eq!(out.exceptions()[0].attr("type"), Some("ServerError"));
    let some = Source::with_records("form = x_multi_y\nny = 1", &[1.0, 2.0]);
    assert_eq!(some.stream(&RANGE).exceptions().len(), 0);
}

#[test]
fn what_is_cut_off_or_fails_is_told_behind_the_complete_records() {
    let source = Source::new("form = x_multi_y\nny = 1", "printf 'aaaabbbbccccdddd123'");
    let output = source.run(&RANGE);
    assert_eq!(output.status.code(), Some(1));
    let out = Parsed::new(&output.stdout);
    assert_eq!(out.records().len(), 2);
    assert_eq!(out.exceptions()[0].attr("type"), Some("ServerError"));

    let source = Source::new(
        "form = x_multi_y\nny = 1",
        "printf 'aaaabbbb'; echo secret >&2; exit 3",
    );
    let output = source.run(&RANGE);
    assert_eq!(output.status.code(), Some(1));
    let out = Parsed::new(&output.stdout);
    assert_eq!((out.records().len(), out.exceptions().len()), (1, 1));
    let message = out.exceptions()[0].attr("message").unwrap();
    let folder = source.folder.path().to_str().unwrap();
    assert!(!message.contains(folder) && !message.contains("secret"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("secret"));
}

/// Wherever the reader stops within a record: the records before it, and an exception.
#[test]
fn cut_off_anywhere_it_keeps_the_complete_records() {
    let source = Source::new("form = x_multi_y\nny = 2", "cat \"$(dirname \"$0\")/data\"");
    let bytes: Vec<u8> = (0..12u8).flat_map(|n| f32::from(n).to_be_bytes()).collect();
    for length in 1..=bytes.len() {
        fs::write(source.path("data"), &bytes[..length]).unwrap();
        let output = source.run(&RANGE);
        let whole = length % 12 == 0;
        assert_eq!(output.status.code(), Some(i32::from(!whole)), "{length}");
        let out = Parsed::new(&output.stdout);
        assert_eq!(out.records().len(), length / 12, "{length}");
        assert_eq!(out.exceptions().len(), usize::from(!whole), "{length}");
    }
}

#[test]
fn wrong_calls_and_definitions() {
    for (keywords, words) in [
        ("form = x_multi_y\nny = 1", &["1997-01-01"][..]),
        ("form = x_multi_y\nny = 1", &["soon", "later"]),
        ("form = x_multi_y\nitems = 1", &RANGE),
        ("form = x_multi_y\nny = 1", &["1997-01-02", "1997-01-01"]),
        ("form = x_multi_y\nny = 1", &["1997-01-01", "1997-01-01"]),
        (
            "form = x_multi_y\nitems = 1",
            &["x", "1997-01-01", "1997-01-02"],
        ),
        (
            "form = x_multi_y\nitems = 1",
            &["0", "1997-01-01", "1997-01-02"],
        ),
        ("form = x_multi_y", &RANGE),
        ("form = x_multi_y\nny = 0", &RANGE),
        ("form = x_multi_y\nny = 99999999999", &RANGE),
        ("form = other\nny = 1", &RANGE),
        ("ny = 1", &RANGE),
        ("form = x_tagged_y_scan", &RANGE),
        ("form = x_tagged_y_scan\ny_coordinate = findgen(20)", &RANGE),
    ] {
        let output = Source::new(keywords, "exit 0").run(words);
        assert_eq!(output.status.code(), Some(2), "{keywords} {words:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    let mut missing = Command::new(env!("CARGO_BIN_EXE_das2_from_das1"));
    missing.arg("/nowhere/x.dsdf").args(RANGE);
    assert_eq!(missing.output().unwrap().status.code(), Some(2));
    let das2 = Source::new("", "exit 0").run(&RANGE);
    assert!(String::from_utf8_lossy(&das2.stderr).contains("has das2Stream = 1"));
}

/// When our output has gone the reader ends, also one that writes nothing.
#[test]
fn the_reader_ends_with_its_client() {
    let script = "echo $$ > \"$(dirname \"$0\")/pid\"; exec sleep 600";
    let source = Source::new("form = x_multi_y\nny = 1", script);
    let mut child = source
        .command(&RANGE)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let pid = loop {
        let text = fs::read_to_string(source.path("pid")).unwrap_or_default();
        if text.ends_with('\n') {
            break text.trim().to_owned();
        }
        assert!(Instant::now() < until);
        std::thread::yield_now();
    };
    drop(child.stdout.take());
    child.wait().unwrap();
    while Path::new("/proc").join(&pid).exists() {
        assert!(Instant::now() < until, "the reader still runs");
        std::thread::yield_now();
    }
}
