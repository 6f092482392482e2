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

/// A day's block of this level, with `value` in front of all its numbers.
fn block_of(m: &Minutes, folder: &str, level: &str, value: &str) {
    let packet = "<packet><x type=\"time24\" units=\"UTC\"></x>\
                  <y name=\"v\" type=\"ascii10\" units=\"V\"></y></packet>";
    let comment = "<comment type=\"log:info\" value=\"of the block\" />";
    let failed = "<exception type=\"NoDataInInterval\" message=\"part\" />";
    let text = format!(
        "[00]000017<stream></stream>[01]{:06}{packet}[xx]{:06}{comment}\
         :01:2017-01-01T06:00:00.000 {value:>9}\n[xx]{:06}{failed}\
         :01:2017-01-01T18:00:00.000 {value:>9}\n",
        packet.len(),
        comment.len(),
        failed.len(),
    );
    let file = m.site.path(&format!(
        "cache/data/M/{folder}/{level}/2017/01/2017-01-01_{level}.d2s"
    ));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn read_level(m: &Minutes, folder: &str, resolution: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_das2_cache_rdr"))
        .arg(m.site.path("dsdf/M.dsdf"))
        .arg(m.site.path("cache/data/M"))
        .args([folder, "2017-01-01", "2017-01-02", resolution])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text)
}

#[test]
fn the_coarsest_level_of_the_params_that_is_fine_enough_is_read() {
    let m = Minutes::new(
        "cacheLevel_00 = 'intrinsic | daily'\ncacheLevel_01 = '60 s | daily'\n\
         cacheLevel_02 = '3600 s | daily'\ncacheLevel_03 = '60 s | daily | -r no-spikes'",
    );
    for (folder, level, value) in [
        ("_noparam", "intrinsic", "0.000"),
        ("_noparam", "bin-60s", "60.000"),
        ("_noparam", "bin-3600s", "3600.000"),
        ("_r_no_spikes", "bin-60s", "61.000"),
    ] {
        block_of(&m, folder, level, value);
    }
    for (folder, resolution, value) in [
        ("_noparam", "intrinsic", "0.000"),
        ("_noparam", "0.00000e+00", "0.000"),
        ("_noparam", "59.9", "0.000"),
        ("_noparam", "6.00000e+01", "60.000"),
        ("_noparam", "3599", "60.000"),
        ("_noparam", "3600", "3600.000"),
        ("_noparam", "1e9", "3600.000"),
        ("_r_no_spikes", "60", "61.000"),
    ] {
        let (status, text) = read_level(&m, folder, resolution);
        assert_eq!(status, Some(0), "{folder} {resolution}");
        let expected = format!("T06:00:00.000 {value:>9}\n");
        assert!(text.contains(&expected), "{folder} {resolution}: {text}");
    }
    for (folder, resolution) in [("_r_no_spikes", "59"), ("_other", "60")] {
        assert_eq!(read_level(&m, folder, resolution).0, Some(92));
    }
}

#[test]
fn comments_and_exceptions_of_blocks_stay_there_and_records_pass_byte_for_byte() {
    let m = Minutes::new("cacheLevel_00 = '60 s | daily'");
    block_of(&m, "_noparam", "bin-60s", "+1.50E+00");
    let (status, text) = read_level(&m, "_noparam", "60");
    assert_eq!(status, Some(0));
    assert!(
        !text.contains("<comment") && !text.contains("<exception"),
        "{text}"
    );
    let data = ":01:2017-01-01T06:00:00.000 +1.50E+00\n:01:2017-01-01T18:00:00.000 +1.50E+00\n";
    assert!(text.ends_with(data), "{text}");
    assert!(text.contains("Datum:xCacheResolution=\"60 s\""), "{text}");
}

#[test]
fn what_is_not_there_is_said_with_its_status() {
    let m = Minutes::new("cacheLevel_00 = '60 s | daily'");
    block_of(&m, "_noparam", "bin-60s", "1.0");
    let (dsdf, cache) = (m.site.path("dsdf/M.dsdf"), m.site.path("cache/data/M"));
    let missing = m.site.path("missing");
    let range = ["_noparam", "2017-01-01", "2017-01-02", "60"];
    for (dsdf, cache, status) in [
        (&dsdf, &cache, 0),
        (&missing, &cache, 92),
        (&dsdf, &missing, 92),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_cache_rdr"));
        let output = command.arg(dsdf).arg(cache).args(range).output().unwrap();
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(output.stdout.is_empty(), status != 0);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_das2_cache_rdr"));
    let output = command
        .arg(&dsdf)
        .arg(&cache)
        .args(&range[..3])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "an argument too few");
}
