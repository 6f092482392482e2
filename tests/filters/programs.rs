//! The executables, as scripts and servers run them.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use crate::builder::{Builder, encode, le8, x_y};
use crate::generator::{Kinds, random};
use crate::parsed::Parsed;
use crate::processes::{command, fed, program};

pub const PROGRAMS: [&str; 5] = [
    "das2_bin_avgsec",
    "das2_bin_peakavgsec",
    "das2_ascii",
    "das2_binary",
    "das2_inflate",
];

/// A line that makes each program work.
pub fn working(name: &str) -> String {
    match keeps_records(name) {
        true => name.into(),
        false => format!("{name} 60"),
    }
}

/// Whether as many records come out as go in.
pub fn keeps_records(name: &str) -> bool {
    !name.contains("bin_")
}

/// Runs a program that has to succeed.
pub fn ok(line: &str, input: &[u8]) -> Vec<u8> {
    let output = fed(command(line), input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    output.stdout
}

/// Help and version go to standard output, and are no failure.
pub fn assert_tells_of_itself(name: &str) {
    for option in ["-h", "--help"] {
        let output = fed(command(&format!("{name} {option}")), b"");
        assert_eq!(output.status.code(), Some(0), "{name} {option}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("Usage:") && text.contains(name), "{text}");
        assert!(output.stderr.is_empty());
    }
    for option in ["-v", "-V", "--version"] {
        let output = fed(command(&format!("{name} {option}")), b"");
        assert_eq!(output.status.code(), Some(0), "{name} {option}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    PROGRAMS.iter().copied().for_each(assert_tells_of_itself);
}

#[test]
fn usage_errors_are_2_and_nothing_is_written() {
    for line in [
        "das2_bin_avgsec",
        "das2_bin_avgsec 0",
        "das2_bin_avgsec -60",
        "das2_bin_avgsec sixty",
        "das2_bin_avgsec nan",
        "das2_bin_avgsec inf",
        "das2_bin_avgsec 60s",
        "das2_bin_avgsec -q 60",
        "das2_bin_avgsec -b never 60",
        "das2_bin_avgsec -b 12:30 60",
        "das2_bin_avgsec 60 -b",
        "das2_bin_avgsec 60 file another",
        "das2_bin_peakavgsec",
        "das2_bin_peakavgsec -r 60",
        "das2_bin_peakavgsec 0",
        "das2_ascii -r 1",
        "das2_ascii -r 19",
        "das2_ascii -r x",
        "das2_ascii -s 10",
        "das2_ascii -s -1",
        "das2_ascii -x",
        "das2_binary -r 3",
        "das2_binary one two",
        "das2_inflate -x",
        "das2_deflate -9",
        "das2_deflate one two",
        "das2_csv -d 5",
        "das2_csv -d ab",
        "das2_csv -d \"",
        "das2_csv -p 0",
        "das2_csv -s 10",
        "das2_csv -q",
    ] {
        let output = fed(command(line), &x_y("float", "units=\"\"", &[(0.0, 1.0)]));
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(output.stdout.is_empty(), "{line}");
        assert!(!output.stderr.is_empty(), "{line}");
    }
}

#[test]
fn options_stand_in_any_order() {
    let input = random(
        5000,
        60,
        Kinds {
            comments: false,
            ..Kinds::ALL
        },
    );
    let all = ok("das2_bin_avgsec -r -s -b 2018-11-22 4", &input);
    for line in [
        "das2_bin_avgsec 4 -r -s -b 2018-11-22",
        "das2_bin_avgsec -s 4 -b 2018-11-22 -r",
        "das2_bin_avgsec -rs -b2018-11-22 4.0",
        "das2_bin_avgsec -b 2018-326 -sr 0.4e1",
    ] {
        assert!(ok(line, &input) == all, "{line}");
    }
    // Times with blanks in them.
    let mut spaced = program("das2_bin_avgsec");
    spaced.args(["-b", "22 Nov 2018", "4", "-r", "-s"]);
    assert!(fed(spaced, &input).stdout == all);
}

#[test]
fn the_last_argument_may_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in put.d2s");
    let input = random(
        5001,
        60,
        Kinds {
            comments: false,
            ..Kinds::ALL
        },
    );
    std::fs::write(&path, &input).unwrap();
    for name in PROGRAMS {
        let mut with_file = command(&working(name));
        with_file.arg(&path);
        let output = fed(with_file, b"");
        assert!(output.status.success());
        assert!(output.stdout == ok(&working(name), &input), "{name}");
        let mut without = command(&working(name));
        without.arg(folder.path().join("no such file"));
        let output = fed(without, b"");
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).starts_with(name));
        let stream = Parsed::new(&output.stdout);
        assert_eq!(stream.exceptions()[0].attr("type"), Some("ServerError"));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("/no such"));
    }
}

#[test]
fn an_exception_alone_is_no_failure() {
    let mut exceptions = Vec::new();
    let body = "<exception type=\"NoDataInInterval\" message=\"none\"/>";
    for tag in ["00", "xx", "XX"] {
        exceptions.push(format!("[{tag}]{:06}{body}", body.len()).into_bytes());
    }
    let mut after_header = Builder::new();
    after_header.exception("NoDataInInterval", "none");
    exceptions.push(after_header.take());
    for input in exceptions {
        for name in PROGRAMS {
            let output = Parsed::new(&ok(&working(name), &input));
            let types: Vec<_> = output.exceptions().iter().map(|e| e.attr("type")).collect();
            assert_eq!(types, [Some("NoDataInInterval")], "{name}");
        }
    }
}

#[test]
fn what_fails_says_so_in_the_stream_and_on_standard_error() {
    let whole = x_y(
        "float",
        "units=\"\"",
        &[(0.0, 1.0), (60.0, 2.0), (120.0, 3.0)],
    );
    let cut = &whole[..whole.len() - 3];
    let garbage = [&whole[..], b"garbage"].concat();
    let unknown = [&whole[..], b":77:12345"].concat();
    let x_only = {
        let mut s = Builder::new();
        s.packet(
            1,
            "<x type=\"double\" units=\"us2000\"/><w type=\"float\"/>",
        );
        s.take()
    };
    for (input, records) in [
        (&b""[..], 0),
        (&b"|Sx||10|<stream/>"[..], 0),
        (&b"[00]000027<stream dataset_id=\"abcd\"/>"[..], 0),
        (cut, 1),
        (&garbage, 2),
        (&unknown, 2),
        (&x_only, 0),
    ] {
        for name in PROGRAMS {
            let output = fed(command(&working(name)), input);
            let code = output.status.code();
            assert!(
                code.is_some_and(|code| code != 0),
                "{name}: {:?}",
                output.status
            );
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.starts_with(&format!("{name}: ")), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            let stream = Parsed::new(&output.stdout);
            let exception = stream.exceptions()[0];
            assert_eq!(exception.attr("type"), Some("ServerError"));
            // In text every complete record, in bins every complete bin.
            let text = if records > 0 { records + 1 } else { 0 };
            let expected = if keeps_records(name) { text } else { records };
            assert_eq!(stream.records().len(), expected, "{name} {}", input.len());
        }
    }
}

#[test]
fn what_stands_before_the_stream_header_waits_for_it() {
    let mut s = Builder { bytes: Vec::new() };
    s.comment("log:info", "early").exception("Early", "e");
    s.bytes.extend(x_y("float", "units=\"\"", &[(0.0, 1.0)]));
    // A line break, and a second stream header, as joined files have them.
    s.bytes.push(b'\n');
    s.tagged(
        "00",
        "<stream version=\"2.2\"><properties title=\"second\"/></stream>",
    );
    s.data(1, &[le8(1.0), encode("float", 3.0)]);
    for name in PROGRAMS {
        let output = fed(command(&working(name)), &s.bytes);
        assert!(output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("warning") && said.contains("second"),
            "{said}"
        );
        let stream = Parsed::new(&output.stdout);
        assert_eq!((stream.comments().len(), stream.exceptions().len()), (1, 1));
        assert_eq!(stream.stream.property("title"), None);
        let y: f64 = stream.records().last().unwrap().values[1][0];
        assert_eq!(y, if keeps_records(name) { 3.0 } else { 2.0 });
    }
}

#[test]
fn deflated_input_gives_plain_output() {
    let input = random(
        5002,
        200,
        Kinds {
            comments: false,
            ..Kinds::ALL
        },
    );
    let end = input.windows(9).position(|w| w == b"</stream>").unwrap() + 9;
    let header = String::from_utf8(input[10..end].to_vec()).unwrap();
    for word in ["deflate", "zlib"] {
        let header = header.replacen("<stream", &format!("<stream compression=\"{word}\""), 1);
        let mut zipped = format!("[00]{:06}{header}", header.len()).into_bytes();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(&input[end..]).unwrap();
        zipped.extend(zlib.finish().unwrap());
        for name in PROGRAMS {
            let plain = Parsed::new(&ok(&working(name), &input));
            let from_zipped = Parsed::new(&ok(&working(name), &zipped));
            assert_eq!(from_zipped.stream.attr("compression"), Some("none"));
            let bytes =
                |p: &Parsed| -> Vec<Vec<u8>> { p.records().iter().map(|r| r.bytes()).collect() };
            assert_eq!(bytes(&plain), bytes(&from_zipped), "{name}");
            // Cut off: an error, after all that is complete.
            let cut = fed(command(&working(name)), &zipped[..zipped.len() - 8]);
            assert!(!cut.status.success());
            assert_eq!(Parsed::new(&cut.stdout).exceptions().len(), 1);
        }
    }
}

#[test]
fn the_locale_changes_nothing() {
    let input = random(
        5003,
        40,
        Kinds {
            comments: false,
            ..Kinds::ALL
        },
    );
    for line in ["das2_ascii -r 4", "das2_bin_avgsec 0.5"] {
        let mut german = command(line);
        german
            .env("LC_ALL", "de_DE.UTF-8")
            .env("LC_NUMERIC", "de_DE.UTF-8");
        assert!(fed(german, &input).stdout == ok(line, &input), "{line}");
    }
}

/// A program whose output nobody reads ends as SIGPIPE would end it, and says nothing.
pub fn assert_ends_with_its_reader(line: &str, input: &[u8]) {
    let mut child = command(line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.signal(),
        Some(13),
        "{line}: {:?}",
        output.status
    );
    assert!(output.stderr.is_empty(), "{line} is quiet");
}

#[test]
fn when_nobody_reads_it_ends_as_sigpipe_would_end_it() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y type=\"float\" units=\"\"/>",
    );
    for i in 0..200_000 {
        s.data(
            1,
            &[encode("double", f64::from(i) * 60e6), encode("float", 1.0)],
        );
    }
    let input = s.take();
    for name in PROGRAMS {
        assert_ends_with_its_reader(&working(name), &input);
    }
}

/// das2_check, which shares no code with the filters, finds no fault with what
/// they make of streams without fault.
#[test]
fn what_conforms_still_conforms_afterwards() {
    let conforms = |bytes: &[u8]| {
        let mut check = Command::new(env!("CARGO_BIN_EXE_das2_check"));
        check.arg("--json");
        let output = fed(check, bytes);
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let mut checked = 0;
    for seed in 6000..6040 {
        let input = random(
            seed,
            60,
            Kinds {
                infinities: false,
                ..Kinds::ALL
            },
        );
        if !conforms(&input).0 {
            continue;
        }
        for line in [
            "das2_bin_avgsec -r -s 4",
            "das2_bin_avgsec 0.001",
            "das2_bin_peakavgsec 60",
            "das2_ascii",
            "das2_ascii -r 3 -s 0",
            "das2_binary",
            "das2_inflate",
            "das2_deflate",
        ] {
            let (good, report) = conforms(&ok(line, &input));
            assert!(good, "seed {seed}, {line}: {report}");
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

/// das2_csv as a program: its status, and what it leaves behind.
#[test]
fn a_table_ends_with_its_status() {
    let input = x_y("float", "name=\"a\" units=\"V\"", &[(0.0, 1.0), (1.0, 2.0)]);
    let table = "time (UTC),a (V)\r\n2000-01-01T00:00:00.000000,1\r\n\
                 2000-01-01T00:00:01.000000,2\r\n";
    let short = &table[..table.len() - "2000-01-01T00:00:01.000000,2\r\n".len()];
    let mut told = Builder {
        bytes: input.clone(),
    };
    told.exception("ServerError", "that is why");
    let mut none = Builder {
        bytes: x_y("float", "name=\"a\" units=\"V\"", &[]),
    };
    none.exception("NoDataInInterval", "nothing there");
    for (bytes, status, written, said) in [
        (&input[..], 0, table, ""),
        (&told.bytes, 3, table, "that is why"),
        (&none.bytes, 3, "time (UTC),a (V)\r\n", "nothing there"),
        (&input[..input.len() - 3], 1, short, "cut off"),
        (b"garbage", 1, "", "byte 0"),
        (b"", 1, "", "nothing in it"),
    ] {
        let output = fed(command("das2_csv"), bytes);
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(String::from_utf8_lossy(&output.stdout), written);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            error.contains(said) && error.lines().count() <= 1,
            "{error}"
        );
        assert_eq!(error.starts_with("das2_csv: "), status != 0);
    }
    let help = fed(command("das2_csv --help"), b"");
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(
        text.contains("RFC 4180") && text.contains("--precision"),
        "{text}"
    );
}
