//! The reader that writes a QStream.

use std::path::Path;
use std::process::Command;

use das2_server::check::check_stream;

use crate::framing::{check_ends_with_its_client, us2000};

fn command(begin: &str, end: &str) -> Command {
    let readers = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/readers");
    let mut command = Command::new(readers.join("das2_ex_qstream.py"));
    command.args([begin, end]);
    command
}

fn bytes(begin: &str, end: &str) -> Vec<u8> {
    let output = command(begin, end).output().unwrap();
    assert!(output.status.success());
    let report = check_stream(&output.stdout[..]);
    assert!(report.is_conforming() && report.warnings() == 0, "{report}");
    output.stdout
}

/// Time, 32 values and their sum, as they lie in a packet.
fn records(bytes: &[u8]) -> Vec<(f64, Vec<f32>, f32)> {
    let first = bytes.windows(4).position(|four| four == b":01:");
    let data = &bytes[first.unwrap_or(bytes.len())..];
    let float = |at: &[u8]| f32::from_ne_bytes(at.try_into().unwrap());
    data.chunks(4 + 8 + 33 * 4)
        .map(|packet| {
            let time = f64::from_ne_bytes(packet[4..12].try_into().unwrap());
            let values: Vec<f32> = packet[12..].chunks(4).map(float).collect();
            (time, values[..32].to_vec(), values[32])
        })
        .collect()
}

#[test]
fn scans_are_sums_of_their_parts_and_dark_by_day() {
    let all = records(&bytes("2021-03-20", "2021-03-21"));
    assert_eq!(all.len(), 8640);
    for (index, (time, values, total)) in all.iter().enumerate() {
        let begin = us2000("2021-03-20T00:00:00.000") as f64;
        assert_eq!(*time, begin + index as f64 * 10e6);
        let sum: f32 = values.iter().sum();
        assert!((sum - total).abs() < 1e-3 * total.abs());
        assert!(values.iter().all(|value| (0.0..40.0).contains(value)));
    }
    let brightest = |from: usize, to: usize| {
        let totals = all[from * 360..to * 360].iter().map(|record| record.2);
        totals.fold(0.0f32, f32::max)
    };
    assert!(brightest(8, 16) < 12.0, "by day");
    assert!(
        brightest(0, 2) > 30.0 && brightest(22, 24) > 30.0,
        "by night"
    );
}

#[test]
fn records_do_not_depend_on_the_range() {
    let whole = records(&bytes("2021-03-20T20:00", "2021-03-20T20:10"));
    let mut parts = records(&bytes("2021-03-20T20:00", "2021-03-20T20:03:05"));
    parts.extend(records(&bytes("2021-03-20T20:03:05", "2021-03-20T20:10")));
    assert_eq!(whole, parts);
    assert_eq!(whole.len(), 60);
}

#[test]
fn what_cannot_be_answered_is_told_in_the_stream() {
    for (begin, end, kind) in [
        ("2021-03-20", "2021-03-20", "IllegalArgument"),
        ("soon", "2021-03-20", "IllegalArgument"),
        (
            "2021-03-20T00:00:01",
            "2021-03-20T00:00:02",
            "NoDataInInterval",
        ),
    ] {
        let text = String::from_utf8(bytes(begin, end)).unwrap();
        assert!(text.contains(kind) && !text.contains(":01:"), "{text}");
    }
}

#[test]
fn it_ends_with_its_client() {
    check_ends_with_its_client(&mut command("2000-01-01", "2020-01-01"));
}
