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

/// The data lines of a range, in order.
fn lines(m: &Minutes, begin: &str, end: &str, resolution: &str) -> Vec<String> {
    let output = rdr(m, &[], begin, end, resolution);
    assert!(output.status.success(), "{begin} {end}");
    let text = String::from_utf8(output.stdout).unwrap();
    let data = text
        .lines()
        .filter_map(|line| line.find(":01:").map(|at| line[at..].to_owned()));
    data.collect()
}

/// Edges in blocks, on them, within a minute of them, and where a block is missing.
#[test]
fn ranges_that_are_joined_are_the_whole_range() {
    let m = Minutes::new("cacheLevel_00 = 'intrinsic | daily'\ncacheLevel_01 = '3600 s | daily'");
    m.fill_days(1..5);
    std::fs::remove_file(m.block("intrinsic/2017/01/2017-01-03_intrinsic.d2s")).unwrap();
    for day in [1, 2, 4] {
        let (begin, end) = (
            crate::minute::day_text(day),
            crate::minute::day_text(day + 1),
        );
        let answer = m.get(&begin, &end, "&resolution=3600&params=uncached");
        std::fs::write(
            m.block(&format!("bin-3600s/2017/01/{begin}_bin-3600s.d2s")),
            answer.body,
        )
        .unwrap();
    }
    let edges = [
        "2017-01-01T00:00:00",
        "2017-01-01T12:34:56.789",
        "2017-01-02T00:00:00",
        "2017-01-02T00:00:50",
        "2017-01-02T17:10:00",
        "2017-01-02T23:59:59.999",
        "2017-01-03T06:00:00",
        "2017-01-04T00:00:00.001",
        "2017-01-04T03:30:00",
        "2017-01-05T00:00:00",
        "2017-01-05T00:00:01",
    ];
    for (resolution, count) in [("intrinsic", 3 * 144), ("3.60000e+03", 3 * 24)] {
        let all = lines(&m, edges[0], edges[edges.len() - 1], resolution);
        assert_eq!(all.len(), count);
        for first in 0..edges.len() {
            for last in first + 2..edges.len() {
                let whole = lines(&m, edges[first], edges[last], resolution);
                let middle = (first + last) / 2;
                let mut joined = lines(&m, edges[first], edges[middle], resolution);
                joined.extend(lines(&m, edges[middle], edges[last], resolution));
                assert_eq!(
                    joined, whole,
                    "{} {} {}",
                    edges[first], edges[middle], edges[last]
                );
                let inside =
                    |line: &&String| edges[first] <= &line[4..] && &line[4..] < edges[last];
                let wanted: Vec<String> = all.iter().filter(inside).cloned().collect();
                assert_eq!(whole, wanted, "{} {}", edges[first], edges[last]);
            }
        }
    }
}

#[test]
fn padding_is_for_the_choice_of_records_and_not_for_the_range_told() {
    let m = Minutes::new("cacheLevel_00 = 'intrinsic | daily'");
    m.fill_days(1..3);
    let output = rdr(
        &m,
        &["--pad=600"],
        "2017-01-01T12:00Z",
        "2017-01-01T13:00",
        "0",
    );
    assert_eq!(records(&output), 8);
    let text = String::from_utf8(output.stdout).unwrap();
    let told = "DatumRange:xCacheRange=\"2017-01-01T12:00 to 2017-01-01T13:00 UTC\"";
    assert!(text.contains(told), "{text}");
    assert!(!text.contains("xCacheResolution"), "{text}");
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
