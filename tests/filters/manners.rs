//! What programs do around their work: help, a client that has gone, pauses of
//! the input, memory. For those whose records do not follow those of the input.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::builder::{Builder, encode};
use crate::parsed::Parsed;
use crate::processes::{Running, command, fed, program};
use crate::programs::{assert_ends_with_its_reader, assert_tells_of_itself, ok};

/// Lines that make each program work.
const LINES: [&str; 5] = [
    "das2_psd 16 1",
    "das2_bin_avg 16e6",
    "das2_bin_ratesec 16",
    "das2_bin_ratesec -m 16",
    "das2_histo",
];

fn name_of(line: &str) -> &str {
    line.split(' ').next().unwrap()
}

/// One value a second.
fn samples(range: std::ops::Range<u32>) -> Vec<u8> {
    let mut s = Builder { bytes: Vec::new() };
    for i in range {
        let x = encode("double", f64::from(i) * 1e6);
        s.data(1, &[x, encode("float", f64::from(i % 7))]);
    }
    s.bytes
}

fn headers() -> Vec<u8> {
    let planes = "<x type=\"double\" units=\"us2000\"/><y type=\"float\" units=\"V\"/>";
    Builder::new().packet(1, planes).take()
}

fn records_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    Parsed::new(bytes)
        .records()
        .iter()
        .map(|r| r.bytes())
        .collect()
}

#[test]
fn help_and_version_go_to_standard_output() {
    let names = LINES.iter().map(|line| name_of(line));
    let others = [
        "das2_from_das1",
        "das2_hapi",
        "das2_csv",
        "das2_deflate",
        "das2_check",
        "das2_prtime",
        "das2_cache_rdr",
        "qds_cache_rdr",
    ];
    names.chain(others).for_each(assert_tells_of_itself);
}

/// The programs that tests/filters/programs.rs does not take through the same.
const OTHERS: [&str; 9] = [
    "das2_psd 16 1",
    "das2_bin_avg 16e6",
    "das2_bin_ratesec 16",
    "das2_bin_ratesec -m 16",
    "das2_histo",
    "das2_deflate",
    "das2_csv",
    "das2_hapi",
    "das2_hapi -f json",
];

/// What das2_deflate wrote, inflated.
fn plain(line: &str, bytes: Vec<u8>) -> Vec<u8> {
    match line {
        "das2_deflate" => ok("das2_inflate", &bytes),
        _ => bytes,
    }
}

#[test]
fn what_stands_before_the_stream_header_waits_for_it() {
    let mut s = Builder { bytes: Vec::new() };
    let early = s
        .comment("log:info", "early")
        .exception("Early", "e")
        .take();
    let good = [headers(), samples(0..40)].concat();
    for line in OTHERS {
        let before = plain(line, fed(command(line), &good).stdout);
        let output = fed(command(line), &[&early[..], &good].concat());
        let after = plain(line, output.stdout);
        if line.starts_with("das2_csv") || line.starts_with("das2_hapi") {
            // A table has no place for it, and says so at its end.
            assert_eq!(output.status.code(), Some(3), "{line}");
            assert!(before.starts_with(&after) && !after.is_empty(), "{line}");
            continue;
        }
        let after = Parsed::new(&after);
        assert_eq!(
            (after.comments().len(), after.exceptions().len()),
            (1, 1),
            "{line}"
        );
        assert_eq!(after.exceptions()[0].attr("type"), Some("Early"), "{line}");
        let wanted = records_of(&before);
        let got: Vec<_> = after.records().iter().map(|r| r.bytes()).collect();
        assert_eq!(got, wanted, "{line}");
    }
}

#[test]
fn an_exception_is_copied_whatever_its_type_and_the_status_tells_by_the_program() {
    for kind in ["NoDataInInterval", "NoSuchThing"] {
        let alone = Builder::new().exception(kind, "a &amp; b").take();
        for line in OTHERS {
            let output = fed(command(line), &alone);
            let status = match line.split(' ').next().unwrap() {
                "das2_psd" | "das2_csv" | "das2_hapi" => 3,
                _ => 0,
            };
            assert_eq!(output.status.code(), Some(status), "{line} {kind}");
            if line.starts_with("das2_csv") || line.starts_with("das2_hapi") {
                assert!(String::from_utf8_lossy(&output.stderr).contains("a & b"));
                continue;
            }
            let stream = Parsed::new(&plain(line, output.stdout));
            let exceptions = stream.exceptions();
            assert_eq!(exceptions.len(), 1, "{line}");
            assert_eq!(exceptions[0].attr("type"), Some(kind), "{line}");
            assert_eq!(exceptions[0].attr("message"), Some("a & b"), "{line}");
        }
    }
}

#[test]
fn deflated_input_gives_what_plain_input_gives() {
    let good = [headers(), samples(0..400)].concat();
    let deflated = ok("das2_deflate", &good);
    for line in OTHERS {
        let [of_plain, of_deflated] = [&good, &deflated].map(|input| plain(line, ok(line, input)));
        if line.starts_with("das2_csv") || line.starts_with("das2_hapi") {
            assert!(of_plain == of_deflated, "{line}");
            continue;
        }
        let output = Parsed::new(&of_deflated);
        assert_ne!(output.stream.attr("compression"), Some("deflate"), "{line}");
        assert_eq!(records_of(&of_plain), records_of(&of_deflated), "{line}");
        assert!(!output.records().is_empty(), "{line}");
    }
}

#[test]
fn the_locale_and_the_time_zone_change_nothing() {
    let good = [headers(), samples(0..40)].concat();
    for line in OTHERS {
        let mut german = command(line);
        german
            .env("LC_ALL", "de_DE.UTF-8")
            .env("LC_NUMERIC", "de_DE.UTF-8")
            .env("TZ", "Asia/Tokyo");
        assert!(fed(german, &good).stdout == ok(line, &good), "{line}");
    }
}

#[test]
fn the_last_argument_may_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in put.d2s");
    let good = [headers(), samples(0..40)].concat();
    std::fs::write(&path, &good).unwrap();
    for line in OTHERS {
        // das2_hapi's last arguments are names.
        if line.starts_with("das2_hapi") {
            continue;
        }
        let mut with_file = command(line);
        with_file.arg(&path);
        assert!(fed(with_file, b"").stdout == ok(line, &good), "{line}");
    }
}

#[test]
fn usage_errors_are_2_and_nothing_is_written() {
    let input = [headers(), samples(0..20)].concat();
    for line in [
        "das2_psd",
        "das2_psd 64",
        "das2_psd 15 2",
        "das2_psd 64 64",
        "das2_bin_avg",
        "das2_bin_avg 0",
        "das2_bin_avg -b 2000-01-01 1",
        "das2_bin_ratesec",
        "das2_bin_ratesec 0",
        "das2_bin_ratesec --volume=pages 60",
        "das2_bin_ratesec -b never 60",
        "das2_histo -q",
        "das2_from_das1",
        "das2_from_das1 /nonexistent.dsdf 2000-01-01 2000-01-02",
    ] {
        let output = fed(command(line), &input);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(output.stdout.is_empty(), "{line}");
        assert!(!output.stderr.is_empty(), "{line}");
    }
}

#[test]
fn when_nobody_reads_it_ends_as_sigpipe_would_end_it() {
    let input = [headers(), samples(0..200_000)].concat();
    for line in LINES {
        assert_ends_with_its_reader(line, &input);
    }
}

#[test]
fn what_is_complete_goes_out_when_the_input_pauses() {
    let whole = [headers(), samples(0..64)].concat();
    for (line, complete) in [
        ("das2_psd 16 1", 2),
        ("das2_bin_avg 16e6", 2),
        ("das2_bin_ratesec -m 16", 2),
    ] {
        let expected = records_of(&ok(line, &whole));
        let mut running = Running::start(line);
        // Two of 16 and the first of the third, and half a packet.
        let half = headers().len() + samples(0..33).len() + 7;
        running.feed(&whole[..half]);
        running.wait_for("complete records", |got| {
            got.windows(9).any(|w| w == b"</packet>") && records_of(got).len() == complete
        });
        running.feed(&whole[half..]);
        assert_eq!(records_of(&running.end()), expected, "{line}");
    }
}

/// Where one bin is open at a time an exception does not wait for the end of the input;
/// the bin before it is written first, since clients stop reading there.
#[test]
fn an_exception_goes_out_when_the_input_pauses() {
    let mut running = Running::start("das2_bin_ratesec -m 16");
    let exception = Builder { bytes: Vec::new() }
        .exception("ServerError", "disk gone")
        .take();
    running.feed(&[headers(), samples(0..33), exception].concat());
    running.wait_for("exception", |got| got.windows(9).any(|w| w == b"disk gone"));
    let far = samples(100..101);
    running.feed(&far);
    let out = running.end();
    let at = out.windows(4).position(|w| w == b"[xx]").unwrap();
    let before = Parsed::new(&out[..at]).records().len();
    assert_eq!(before, 3, "also the bin that was open");
    assert_eq!(Parsed::new(&out).records().len(), 3 + 4);
}

#[test]
fn headers_and_comments_go_out_when_the_input_pauses() {
    for line in LINES {
        let mut running = Running::start(line);
        let mut s = Builder::new();
        running.feed(&s.take());
        running.feed(&s.comment("taskProgress", "1").take());
        running.wait_for(line, |got| {
            let has = |text: &[u8]| got.windows(text.len()).any(|w| w == text);
            has(b"</stream>") && has(b"<comment")
        });
    }
}

/// One waveform of 2,000 samples a packet.
fn scans(range: std::ops::Range<u32>) -> Vec<u8> {
    let mut s = Builder { bytes: Vec::new() };
    for i in range {
        let sample = |k: u32| encode("float", f64::from((i + k * k) % 97));
        let samples = (0..2000).flat_map(sample).collect();
        s.data(1, &[encode("double", f64::from(i) * 1e6), samples]);
    }
    s.bytes
}

fn headers_of_scans() -> Vec<u8> {
    let planes = "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"2000\" \
                  yUnits=\"ms\" yTagInterval=\"0.25\" zUnits=\"V\"/>";
    Builder::new().packet(1, planes).take()
}

#[test]
fn spectra_go_out_when_the_scan_is_complete() {
    let line = "das2_psd 1584 2";
    let whole = [headers_of_scans(), scans(0..3)].concat();
    let mut running = Running::start(line);
    let half = headers_of_scans().len() + scans(0..2).len() + 4000;
    running.feed(&whole[..half]);
    running.wait_for("spectra", |got| {
        got.windows(9).any(|w| w == b"</packet>") && records_of(got).len() == 2
    });
    running.feed(&whole[half..]);
    assert_eq!(records_of(&running.end()), records_of(&ok(line, &whole)));
}

/// Lines for streams of one value a packet, and for long scans.
#[test]
fn memory_does_not_grow_with_the_data() {
    for (line, long) in [
        ("das2_psd 16 1", false),
        ("das2_psd 1584 2", true),
        ("das2_psd -x 16 1", true),
        ("das2_bin_avg 16e6", false),
        ("das2_bin_avg 1e12", true),
        ("das2_bin_ratesec -m 16", false),
        ("das2_bin_ratesec 1e6", false),
        ("das2_bin_peakavgsec 16", false),
        ("das2_bin_peakavgsec 1e6", true),
        ("das2_binary", true),
        ("das2_inflate", true),
        ("das2_deflate", true),
    ] {
        let mut running = Running::start(line);
        let mut packets = 0;
        match long {
            true => running.feed(&headers_of_scans()),
            false => running.feed(&headers()),
        }
        // Some 12 MB.
        for _ in 0..8 {
            let more = if long { 200 } else { 100_000 };
            running.feed(&match long {
                true => scans(packets..packets + more),
                false => samples(packets..packets + more),
            });
            packets += more;
        }
        let mut s = Builder { bytes: Vec::new() };
        // All that went in before is known to be read when this has come out.
        running.feed(&s.comment("log:info", "done").take());
        if line == "das2_deflate" {
            running.wait_for("compressed data", |got| got.len() > 100_000);
        } else {
            running.wait_for("comment", |got| {
                let tail = &got[got.len().saturating_sub(300)..];
                tail.windows(8).any(|w| w == b"log:info")
            });
        }
        let peak = running.peak();
        assert!(peak < 16 << 20, "{line}: {} kB", peak >> 10);
        running.end();
    }
}

#[test]
fn what_conforms_still_conforms_afterwards() {
    let ends = Builder { bytes: Vec::new() }
        .exception("NoDataInInterval", "that was all")
        .take();
    let first = Builder { bytes: Vec::new() }
        .exception("Odd", "early")
        .take();
    for input in [
        [headers(), samples(0..64)].concat(),
        [headers(), samples(0..64), ends.clone()].concat(),
        [
            headers(),
            first,
            samples(0..40),
            headers()[58..].to_vec(),
            ends,
        ]
        .concat(),
        headers(),
    ] {
        for line in LINES {
            let output = fed(command(line), &input);
            let mut check = Command::new(env!("CARGO_BIN_EXE_das2_check"));
            check.arg("--json");
            let report = fed(check, &output.stdout);
            let text = String::from_utf8_lossy(&report.stdout).into_owned();
            assert!(report.status.success(), "{line}: {text}");
        }
    }
}

/// The reader of a das1 source sees that nobody reads what is made of it.
#[test]
fn a_das1_reader_ends_with_its_client_and_pauses_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let reader = folder.path().join("reader");
    let go = folder.path().join("go");
    let script = format!(
        "#!/bin/sh\nhead -c 4000 /dev/zero\nuntil [ -e {} ] || [ ! -e \"$0\" ]; do sleep 0.01; done\n\
         cat /dev/zero\n",
        go.display()
    );
    let text = folder.path().join("reader.sh");
    std::fs::write(&text, script).unwrap();
    std::fs::set_permissions(&text, PermissionsExt::from_mode(0o755)).unwrap();
    // By another process: what is open for writing here cannot be run meanwhile.
    let mut copy = std::process::Command::new("cp");
    let copied = copy.arg("-p").args([&text, &reader]).status();
    assert!(copied.unwrap().success());
    let dsdf = folder.path().join("old.dsdf");
    let text = format!(
        "reader = '{}'\nform = x_multi_y\nny = 1\n",
        reader.display()
    );
    std::fs::write(&dsdf, text).unwrap();
    let line = format!("das2_from_das1 {} 2000-01-01 2000-01-02", dsdf.display());
    // All that has come is there though the reader goes on.
    let mut running = Running::start(&line);
    running.wait_for("records", |got| {
        got.windows(9).any(|w| w == b"</packet>") && records_of(got).len() == 500
    });
    drop(running);
    std::fs::write(&go, "").unwrap();
    let mut command = program("das2_from_das1");
    command.args([dsdf.to_str().unwrap(), "2000-01-01", "2000-01-02"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(13));
    assert!(output.stderr.is_empty());
}
