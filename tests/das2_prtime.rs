//! das2_prtime as people and scripts run it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::process::{Command, Stdio};

struct Ran {
    out: String,
    err: String,
    status: Option<i32>,
}

fn prtime(arguments: &[&str]) -> Ran {
    run(Command::new(env!("CARGO_BIN_EXE_das2_prtime")).args(arguments))
}

fn run(command: &mut Command) -> Ran {
    let ran = command.stdin(Stdio::null()).output().unwrap();
    Ran {
        out: String::from_utf8(ran.stdout).unwrap(),
        err: String::from_utf8(ran.stderr).unwrap(),
        status: ran.status.code(),
    }
}

#[test]
fn iso_form_of_each() {
    let ran = prtime(&[
        "2017-001T12:30",
        "Mar 1, 1979",
        "2010-06-15T24:00",
        "2017-01-01T00:00:00.25",
        "2017-01-01T12:30:15.123456789",
    ]);
    let lines = "2017-01-01T12:30:00\n1979-03-01T00:00:00\n2010-06-16T00:00:00\n\
                 2017-01-01T00:00:00.250\n2017-01-01T12:30:15.123456789\n";
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str(), ran.status),
        (lines, "", Some(0))
    );
}

#[test]
fn other_forms() {
    for (arguments, line) in [
        (&["--ordinal", "2016-12-31"][..], "2016-366T00:00:00\n"),
        (
            &["--digits", "3", "2001-12-31T23:59:59.9996"],
            "2002-01-01T00:00:00.000\n",
        ),
        (&["--units", "us2000", "2017-01-01"], "536544000000000\n"),
        (
            &["--units", "TT2000", "2016-12-31T23:59:60"],
            "536500868184000000\n",
        ),
        (
            &["--units", "ns1970", "1970-01-01T00:00:00.000000001"],
            "1\n",
        ),
        (&["--units", "mj1958", "2000-01-01T12:00"], "15340.5\n"),
        (&["--units", "hours since 2010-01-01", "2010-01-02"], "24\n"),
    ] {
        let ran = prtime(arguments);
        assert_eq!(
            (ran.out.as_str(), ran.status),
            (line, Some(0)),
            "{}",
            ran.err
        );
    }
}

#[test]
fn now_is_a_time() {
    let ran = prtime(&["-d0", "now"]);
    assert_eq!((ran.out.len(), ran.status), (20, Some(0)));
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_printed() {
    let ran = prtime(&["yesterday", "2017-001", "2001-13-01"]);
    assert_eq!(
        (ran.out.as_str(), ran.status),
        ("2017-01-01T00:00:00\n", Some(2))
    );
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.err);
    assert!(lines[0].starts_with("das2_prtime: 'yesterday' is not a time"));
    assert!(lines[1].contains("month"));
}

#[test]
fn usage() {
    for arguments in [
        &[][..],
        &["--units", "Hz", "2017-001"],
        &["--nonsense"],
        &["-d", "10", "2017-001"],
    ] {
        let ran = prtime(arguments);
        assert_eq!(
            (ran.out.as_str(), ran.status),
            ("", Some(2)),
            "{arguments:?}"
        );
        assert!(!ran.err.is_empty());
    }
    for (option, part) in [
        ("-h", "Usage: das2_prtime"),
        ("--help", "20170301T1230"),
        ("-v", env!("CARGO_PKG_VERSION")),
        ("--version", env!("CARGO_PKG_VERSION")),
    ] {
        let ran = prtime(&[option]);
        assert_eq!((ran.err.as_str(), ran.status), ("", Some(0)));
        assert!(ran.out.contains(part), "{}", ran.out);
    }
}

#[test]
fn a_site_can_give_its_leap_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("leap.txt");
    std::fs::write(
        &table,
        "; ours\n1972 1 1 10.0 0.0 0.0\n2030 7 1 11.0 0.0 0.0\n",
    )
    .unwrap();
    for variable in ["DAS2_LEAPSECONDS", "CDF_LEAPSECONDSTABLE"] {
        let with = |path: &std::path::Path| {
            run(Command::new(env!("CARGO_BIN_EXE_das2_prtime"))
                .args(["--units", "TT2000", "2000-01-01"])
                .env_remove("DAS2_LEAPSECONDS")
                .env(variable, path))
        };
        assert_eq!(with(&table).out, "-43157816000000\n");
        let missing = with(&folder.path().join("missing"));
        assert_eq!(
            (missing.out.as_str(), missing.status),
            ("-43135816000000\n", Some(0))
        );
        assert!(missing.err.contains("built-in"), "{}", missing.err);
    }
}
