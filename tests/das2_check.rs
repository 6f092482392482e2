//! das2_check as people and scripts run it, and on real streams where they
//! lie beside the project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use das2_server::check::check_stream;

const GOOD: &str = "[00]000017<stream></stream>\
    [01]000057<packet><x type=\"sun_real8\" units=\"us2000\"></x></packet>\n";
const WARNED: &str = "[00]000031<stream version=\"9.9\"></stream>";

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_das2_check"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it read: wrong options.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_good_stream_from_a_pipe() {
    let ran = run(&[], GOOD.as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stdout));
    let out = text(&ran.stdout);
    assert!(out.starts_with("das2.2 stream, "), "{out}");
    assert!(out.ends_with("conforms: 0 errors, 0 warnings\n"), "{out}");
}

#[test]
fn warnings_do_not_fail() {
    let ran = run(&["-"], WARNED.as_bytes());
    assert_eq!(ran.status.code(), Some(0));
    assert!(text(&ran.stdout).starts_with("warning version: byte 0, packet 00: "));
}

#[test]
fn errors_fail() {
    let ran = run(&[], (GOOD.to_owned() + ":01:1234").as_bytes());
    assert_eq!(ran.status.code(), Some(1));
    let out = text(&ran.stdout);
    let place = format!("error cut-off: byte {}, packet 01: ", GOOD.len());
    assert!(out.starts_with(&place), "{out}");
    assert_eq!(run(&[], b"").status.code(), Some(1));
}

#[test]
fn a_file_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.d2s");
    fs::write(&path, GOOD.to_owned() + ":02:").unwrap();
    let ran = run(&["--json", path.to_str().unwrap()], b"");
    assert_eq!(ran.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(json["findings"][0]["rule"], "unknown-id");
    assert_eq!(json["findings"][0]["offset"], GOOD.len());
    assert_eq!(json["conforming"], false);
}

#[test]
fn quiet_says_it_by_the_status_alone() {
    let ran = run(&["--quiet"], b"<html>");
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stdout.is_empty() && ran.stderr.is_empty());
}

#[test]
fn usage() {
    for arguments in [&["--nonsense"][..], &["--json", "--quiet"], &["a", "b"]] {
        assert_eq!(run(arguments, b"").status.code(), Some(2), "{arguments:?}");
    }
    let ran = run(&["/nonexistent/stream.d2s"], b"");
    assert_eq!(ran.status.code(), Some(2));
    assert!(text(&ran.stderr).contains("cannot open"));
    for (option, words) in [("-h", "Usage: das2_check"), ("-V", "das2_check ")] {
        let ran = run(&[option], b"");
        assert_eq!(ran.status.code(), Some(0));
        assert!(text(&ran.stdout).contains(words));
    }
}

/// Records, and shares of fill counted by hand, in streams of the field.
#[test]
fn real_streams_conform() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/streams");
    if !folder.is_dir() {
        eprintln!("skipped: no real streams at {}", folder.display());
        return;
    }
    for (name, records, fill) in [
        ("cassini_rpws_wfrm_sample.d2s", 6, Some(0.040_364)),
        ("ex06_yscan_multispec_2.2.2.d2t", 681, None),
        ("ex13_marsis_bmag.d2t", 5423, Some(0.0)),
        ("galileo_pws_sample.d2t", 32, Some(0.022_615)),
        ("juno_waves_sample.d2t", 1200, None),
        ("x_multi_y.d2s", 13_836, None),
    ] {
        let bytes = fs::read(folder.join(name)).unwrap();
        let report = check_stream(&bytes[..]);
        assert!(
            report.findings.is_empty() && report.summary.complete,
            "{name}\n{report}"
        );
        assert_eq!(report.summary.records, records, "{name}");
        assert_eq!(report.summary.bytes, bytes.len() as u64, "{name}");
        if let Some(fill) = fill {
            let share = report.summary.packets[0].planes[1].fill_share.unwrap();
            assert!((share - fill).abs() < 1e-5, "{name}: {share}");
        }
        // Cut anywhere but between packets it is an error.
        let cut = check_stream(&bytes[..bytes.len() - 3]);
        assert_eq!(cut.errors(), 1, "{name}\n{cut}");
    }
}
