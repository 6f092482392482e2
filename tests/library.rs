//! The example programs that use the library: what they write is right.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use das2_server::check::check_stream;

/// The folder of the examples, built once.
fn examples() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet"]);
        for name in ["das2_ex_mean", "das2_ex_field", "das2_ex_detrend"] {
            cargo.args(["--example", name]);
        }
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(built.unwrap().success());
        // target/TRIPLE/debug/deps/library-HASH
        let me = std::env::current_exe().unwrap();
        me.parent().unwrap().parent().unwrap().join("examples")
    })
}

fn run(program: &str, words: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(examples().join(program))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // One that does not read it is no fault.
        scope.spawn(move || pipe.write_all(input));
        child.wait_with_output().unwrap()
    })
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_reader() {
    let day = run("das2_ex_field", &["2024-001", "2 Jan 2024"], b"");
    let report = check_stream(day.stdout.as_slice());
    assert!(
        report.is_conforming() && report.findings.is_empty(),
        "{report}"
    );
    assert_eq!(report.summary.records, 1440);
    let none = run(
        "das2_ex_field",
        &["2024-01-01T00:00:01", "2024-01-01T00:00:02"],
        b"",
    );
    let report = check_stream(none.stdout.as_slice());
    assert!(report.is_conforming(), "{report}");
    assert_eq!(report.summary.exceptions[0].type_name, "NoDataInInterval");
    for words in [&["2024-01-01"][..], &["2024-01-01", "yesterday"]] {
        let output = run("das2_ex_field", words, b"");
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{output:?}"
        );
    }
}

const STREAM: &str = "[00]000017<stream></stream>[01]000184<packet>\
    <x type='time11' units='us2000'/>\
    <y name='b' type='ascii6' units='nT'><properties double:yFill='-1'/></y>\
    <yscan name='s' type='ascii4' nitems='2' yTags='1,2' yUnits='Hz' zUnits='V'/></packet>\
    :01:2024-01-01    1.5  10  30:01:2024-01-02     -1  20 nan:01:2024-01-03    2.5 -50   0";

#[test]
fn means_leave_fill_out() {
    // 184 bytes are in the header, whatever its text is here.
    let header = &STREAM[STREAM.find("<packet>").unwrap()..STREAM.find(":01:").unwrap()];
    let stream = STREAM.replace("000184", &format!("{:06}", header.len()));
    let output = text(&run("das2_ex_mean", &[], stream.as_bytes()));
    assert_eq!(output, "b: 2 (2 values)\ns: 2 (5 values)\n");
    let broken = run("das2_ex_mean", &[], &stream.as_bytes()[..stream.len() - 3]);
    assert!(!broken.status.success());
}

#[test]
fn the_filter() {
    let day = run("das2_ex_field", &["2024-01-01", "2024-01-02"], b"").stdout;
    let filtered = run("das2_ex_detrend", &[], &day);
    assert!(filtered.status.success());
    let report = check_stream(filtered.stdout.as_slice());
    assert!(report.is_conforming(), "{report}");
    assert_eq!(filtered.stdout.len(), day.len());
    // The field is another plane's business; the spectra have no mean left.
    let (before, after) = (
        run("das2_ex_mean", &[], &day),
        run("das2_ex_mean", &[], &filtered.stdout),
    );
    let line =
        |output: &Output, number: usize| text(output).lines().nth(number).unwrap().to_owned();
    assert_eq!(line(&before, 0), line(&after, 0));
    let mean = line(&after, 1);
    let mean: f64 = mean.split([' ', '(']).nth(1).unwrap().parse().unwrap();
    assert!(mean.abs() < 1e-7, "{mean}");
    // A stream that breaks: what is complete, an exception, a status.
    let broken = run("das2_ex_detrend", &[], &day[..day.len() - 5]);
    assert_eq!(broken.status.code(), Some(1));
    let report = check_stream(broken.stdout.as_slice());
    assert_eq!(report.summary.records, 1439);
    assert_eq!(report.summary.exceptions.len(), 1);
}
