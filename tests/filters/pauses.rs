//! What goes out while the input pauses, and how much memory is taken meanwhile.

use std::process::Command;

use crate::builder::{Builder, encode, x_y};
use crate::parsed::Parsed;
use crate::processes::{Running, command, fed};
use crate::programs::{PROGRAMS, keeps_records, ok, working};

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
