//! das2_cache_rdr.

use std::process::{Command, Output};

use crate::minute::Minutes;

fn rdr(m: &Minutes, more: &[&str], begin: &str, end: &str, resolution: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_das2_cache_rdr"))
        .args(more)
        .arg(m.site.path("dsdf/M.dsdf"))
        .arg(m.site.path("cache/data/M"))
        .args(["_noparam", begin, end, resolution])
        .output()
        .unwrap()
}

fn records(output: &Output) -> usize {
    let report = das2_server::check::check_stream(&output.stdout[..]);
    assert!(report.is_conforming(), "{report}");
    output.stdout.windows(4).filter(|w| w == b":01:").count()
}

#[test]
fn it_reads_what_is_there_and_tells_what_is_not() {
    let m = Minutes::new("cacheLevel_00 = 'intrinsic | daily'");
    m.fill_days(1..4);
    let output = rdr(
        &m,
        &[],
        "2017-01-01T12:00",
        "2017-01-05T00:00:50Z",
        "0.00000e+00",
    );
    assert!(output.status.success());
    assert_eq!(records(&output), 72 + 2 * 144);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("Missing: 2017-01-04T00:00:00 to 2017-01-06"),
        "{told}"
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("\"2017-01-01T12:00 to 2017-01-05T00:00:50 UTC\""),
        "{text}"
    );
    assert_eq!(
        records(&rdr(
            &m,
            &["-p", "600"],
            "2017-01-02",
            "2017-01-03",
            "intrinsic"
        )),
        146
    );
    let nothing = rdr(&m, &[], "2017-01-20", "2017-01-21", "60");
    assert!(nothing.status.success());
    assert!(String::from_utf8_lossy(&nothing.stdout).contains("NoDataInInterval"));
}

#[test]
fn wrong_calls_are_refused() {
    let m = Minutes::new("cacheLevel_00 = '60 s | daily'");
    m.block("bin-60s/x");
    for (begin, end, resolution) in [
        ("2017-01-01", "2017-01-02", "30"),
        ("2017-01-01", "2017-01-02", "intrinsic"),
        ("2017-01-01", "2017-01-02", "x"),
        ("2017-01-02", "2017-01-01", "60"),
        ("yesterday", "2017-01-01", "60"),
    ] {
        let output = rdr(&m, &[], begin, end, resolution);
        assert_eq!(output.status.code(), Some(92), "{begin} {end} {resolution}");
        assert!(!output.stderr.is_empty());
    }
}
