//! The executables, as scripts and servers run them.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::generator::{Builder, Kinds, encode, le8, random, x_y};
use crate::parsed::Parsed;

const PROGRAMS: [&str; 5] = [
    "das2_bin_avgsec",
    "das2_bin_peakavgsec",
    "das2_ascii",
    "das2_binary",
    "das2_inflate",
];

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn program(name: &str) -> Command {
    Command::new(match name {
        "das2_bin_avgsec" => env!("CARGO_BIN_EXE_das2_bin_avgsec"),
        "das2_bin_peakavgsec" => env!("CARGO_BIN_EXE_das2_bin_peakavgsec"),
        "das2_ascii" => env!("CARGO_BIN_EXE_das2_ascii"),
        "das2_binary" => env!("CARGO_BIN_EXE_das2_binary"),
        "das2_deflate" => env!("CARGO_BIN_EXE_das2_deflate"),
        "das2_inflate" => env!("CARGO_BIN_EXE_das2_inflate"),
        "das2_hapi" => env!("CARGO_BIN_EXE_das2_hapi"),
        "das2_csv" => env!("CARGO_BIN_EXE_das2_csv"),
        "das2_psd" => env!("CARGO_BIN_EXE_das2_psd"),
        "das2_histo" => env!("CARGO_BIN_EXE_das2_histo"),
        "das2_bin_avg" => env!("CARGO_BIN_EXE_das2_bin_avg"),
        "das2_bin_ratesec" => env!("CARGO_BIN_EXE_das2_bin_ratesec"),
        "das2_from_das1" => env!("CARGO_BIN_EXE_das2_from_das1"),
        "das2_check" => env!("CARGO_BIN_EXE_das2_check"),
        "das2_prtime" => env!("CARGO_BIN_EXE_das2_prtime"),
        "das2_cache_rdr" => env!("CARGO_BIN_EXE_das2_cache_rdr"),
        "qds_cache_rdr" => env!("CARGO_BIN_EXE_qds_cache_rdr"),
        other => panic!("{other}"),
    })
}

pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = program(words.next().unwrap());
    command.args(words);
    command
}

/// A line that makes each program work.
fn working(name: &str) -> String {
    match keeps_records(name) {
        true => name.into(),
        false => format!("{name} 60"),
    }
}

/// Whether as many records come out as go in.
fn keeps_records(name: &str) -> bool {
    !name.contains("bin_")
}

/// Runs to the end over this input.
pub fn fed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // It may end before it has read everything.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

pub fn ok(line: &str, input: &[u8]) -> Vec<u8> {
    let output = fed(command(line), input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    output.stdout
}

#[test]
fn help_and_version_go_to_standard_output() {
    for name in PROGRAMS {
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
        let mut child = command(&working(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let _ = child.stdin.take().unwrap().write_all(&input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.signal(),
            Some(13),
            "{name}: {:?}",
            output.status
        );
        assert!(output.stderr.is_empty(), "{name} is quiet");
    }
}

/// A program whose input stays open, and what it has written so far.
pub struct Running {
    child: Child,
    pieces: Receiver<Vec<u8>>,
    got: Vec<u8>,
}

impl Running {
    pub fn start(line: &str) -> Running {
        let mut child = command(line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (send, pieces) = channel();
        std::thread::spawn(move || {
            let mut piece = vec![0; 1 << 16];
            while let Ok(count @ 1..) = stdout.read(&mut piece) {
                if send.send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Running {
            child,
            pieces,
            got: Vec::new(),
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Waits until the output fulfils a condition; it may only give up.
    pub fn wait_for(&mut self, what: &str, done: impl Fn(&[u8]) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(&self.got) {
            let left = end.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.got.extend(piece),
                Err(_) => panic!("no {what} in {} bytes", self.got.len()),
            }
        }
    }

    /// The most memory it has had, in bytes.
    pub fn peak(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            << 10
    }

    pub fn end(mut self) -> Vec<u8> {
        drop(self.child.stdin.take());
        while let Ok(piece) = self.pieces.recv() {
            self.got.extend(piece);
        }
        assert!(self.child.wait().unwrap().success());
        std::mem::take(&mut self.got)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_complete_goes_out_when_the_input_pauses() {
    let data: Vec<(f64, f64)> = (0..10)
        .map(|i| (f64::from(i) * 30.0, f64::from(i)))
        .collect();
    let input = x_y("float", "name=\"a\" units=\"V\"", &data);
    let record = 4 + 8 + 4;
    for name in PROGRAMS {
        let whole = Parsed::new(&ok(&working(name), &input));
        let mut running = Running::start(&working(name));
        // Five packets and half of the sixth.
        let half = input.len() - 4 * record - record / 2;
        running.feed(&input[..half]);
        // All text, or the bins that a later packet has closed.
        let complete = if keeps_records(name) { 5 } else { 2 };
        running.wait_for("complete records", |got| {
            got.windows(9).any(|w| w == b"</packet>")
                && Parsed::new(got).records().len() == complete
        });
        running.feed(&input[half..]);
        let output = Parsed::new(&running.end());
        let bytes =
            |p: &Parsed| -> Vec<Vec<u8>> { p.records().iter().map(|r| r.bytes()).collect() };
        assert_eq!(bytes(&output), bytes(&whole), "{name}");
    }
}

#[test]
fn headers_and_comments_go_out_when_the_input_pauses() {
    for name in PROGRAMS {
        let mut running = Running::start(&working(name));
        let mut s = Builder::new();
        running.feed(&s.take());
        running.wait_for("stream header", |got| {
            got.windows(9).any(|w| w == b"</stream>")
        });
        running.feed(&s.comment("taskProgress", "1").take());
        running.wait_for("comment", |got| got.windows(8).any(|w| w == b"<comment"));
        running.end();
    }
}

#[test]
fn memory_does_not_grow_with_the_data() {
    let scan = "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"1000\" \
                yUnits=\"Hz\" zUnits=\"\"/>";
    for line in [
        "das2_bin_avgsec -r -s 1e6",
        "das2_bin_avgsec -r 0.5",
        "das2_ascii -r 2",
        "das2_ascii",
    ] {
        let mut running = Running::start(line);
        let mut s = Builder::new();
        running.feed(&s.packet(1, scan).take());
        let mut block = Builder { bytes: Vec::new() };
        for i in 0..250 {
            let mut fields = vec![encode("double", f64::from(i) * 1e6)];
            fields.extend(vec![encode("float", f64::from(i)); 1000]);
            block.data(1, &fields);
        }
        // 8 MB, all of it known to be read when the comment comes out.
        for _ in 0..8 {
            running.feed(&block.bytes);
        }
        running.feed(&s.comment("log:info", "done").take());
        running.wait_for("comment", |got| {
            let tail = &got[got.len().saturating_sub(200)..];
            tail.windows(8).any(|w| w == b"log:info")
        });
        assert!(
            running.peak() < 16 << 20,
            "{line}: {} kB",
            running.peak() >> 10
        );
        running.end();
    }
}

#[test]
fn headers_that_promise_much_take_no_memory() {
    let mut s = Builder::new();
    for id in 1..=99 {
        s.packet(
            id,
            "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"1000000\" \
             yUnits=\"Hz\" zUnits=\"\"/>",
        );
    }
    s.comment("log:info", "done");
    s.bytes.extend(b":01:1234");
    for line in [
        "das2_bin_avgsec -r -s 60",
        "das2_bin_peakavgsec 60",
        "das2_ascii",
        "das2_binary",
    ] {
        let mut running = Running::start(line);
        running.feed(&s.bytes);
        running.wait_for("comment", |got| got.windows(8).any(|w| w == b"log:info"));
        assert!(
            running.peak() < 32 << 20,
            "{line}: {} kB",
            running.peak() >> 10
        );
    }
}

/// A program that may map so many KiB.
fn within(most: u64, line: &str) -> Command {
    let program = command(line);
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", &format!("ulimit -v {most} && exec \"$0\" \"$@\"")]);
    limited.arg(program.get_program()).args(program.get_args());
    limited
}

/// Filters keep what they understand of each packet ID's header.
#[test]
fn memory_follows_the_headers_in_force_and_these_are_limited() {
    let planes = |count: usize| {
        "<x type=\"double\" units=\"us2000\"/>".to_owned()
            + &"<y type=\"float\" units=\"\"/>".repeat(count)
    };
    let tags = vec!["12345.678"; 9500].join(",");
    let scan = format!(
        "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"9500\" \
         yUnits=\"Hz\" zUnits=\"\" yTags=\"{tags}\"/>"
    );
    let headers = |many: usize, one: &str| {
        let mut s = Builder::new();
        for id in 1..=many {
            s.packet(id as u8, one);
        }
        s.take()
    };
    for (name, bytes) in [
        ("planes", headers(99, &planes(600))),
        ("planes of one", headers(1, &planes(25_000))),
        ("tags", headers(43, &scan)),
        // Of an ID the last header counts.
        ("one ID again", headers(1, &planes(5000)).repeat(20)),
    ] {
        for line in [
            "das2_bin_avgsec 60",
            "das2_bin_avg 60",
            "das2_bin_ratesec 60",
            "das2_ascii",
            "das2_binary",
            "das2_inflate",
            "das2_csv",
            "das2_hapi",
        ] {
            let output = fed(within(100 << 10, line), &bytes);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{line}, {name}: {said}");
        }
    }
    // Beyond the limits: refused, at its place.
    for (bytes, last) in [(headers(99, &planes(700)), 86), (headers(99, &scan), 45)] {
        for line in ["das2_bin_avgsec 60", "das2_ascii", "das2_csv"] {
            let output = fed(command(line), &bytes);
            assert_eq!(output.status.code(), Some(1), "{line}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                said.contains("headers of all packet IDs together"),
                "{said}"
            );
            assert!(said.contains(&format!(", packet {last:02}: ")), "{said}");
            assert!(said.contains(": byte "), "{said}");
        }
    }
    // Planes that are added would not have room.
    let output = fed(
        command("das2_bin_avgsec -r -s 60"),
        &headers(1, &planes(5000)),
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the planes that are added"), "{said}");
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

#[test]
fn rows_go_out_when_the_input_pauses_and_take_no_memory() {
    let scan = "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"1000\" \
                yUnits=\"Hz\" zUnits=\"\"/>";
    let mut running = Running::start("das2_csv -H");
    let mut s = Builder::new();
    running.feed(&s.packet(1, scan).take());
    let mut block = Builder { bytes: Vec::new() };
    for i in 0..250 {
        let mut fields = vec![encode("double", f64::from(i) * 1e6)];
        fields.extend(vec![encode("float", f64::from(i) / 3.0); 1000]);
        block.data(1, &fields);
    }
    let mut rows = 0;
    for _ in 0..20 {
        running.feed(&block.bytes);
        rows += 250;
        running.wait_for("rows", |got| {
            got.iter().filter(|byte| **byte == b'\n').count() == rows
        });
        running.got.retain(|byte| *byte == b'\n');
    }
    assert!(running.peak() < 16 << 20, "{} kB", running.peak() >> 10);
    // Half a packet gives no row; nobody waits for its other half in vain.
    let half = block.bytes.len() / 250 / 2;
    running.feed(&block.bytes[..half]);
    running.feed(&block.bytes[half..]);
    rows += 250;
    running.wait_for("rows", |got| {
        got.iter().filter(|byte| **byte == b'\n').count() == rows
    });
    running.end();
}
