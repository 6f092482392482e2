//! Times before 1970 and in leap seconds, through every filter that knows times.

use crate::builder::{Builder, encode};
use crate::parsed::{Parsed, us2000};
use crate::running::{bytes_of, run, words};

const LEAP: &str = "2016-12-31T23:59:60.500";

/// x as text or as a number, y counts.
fn stream(x_type: &str, units: &str, fields: &[Vec<u8>]) -> Vec<u8> {
    let mut s = Builder::new();
    s.packet(
        1,
        &format!(
            "<x type=\"{x_type}\" units=\"{units}\"/><y name=\"v\" type=\"double\" units=\"\"/>"
        ),
    );
    for (number, field) in fields.iter().enumerate() {
        s.data(1, &[field.clone(), encode("double", number as f64)]);
    }
    s.take()
}

fn texts(times: &[&str]) -> Vec<Vec<u8>> {
    times
        .iter()
        .map(|t| format!("{t:<24}").into_bytes())
        .collect()
}

fn numbers(encoding: &str, values: &[f64]) -> Vec<Vec<u8>> {
    values.iter().map(|v| encode(encoding, *v)).collect()
}

/// The same five times, half a second before 1970 and on, in each form.
fn around_1970() -> Vec<Vec<u8>> {
    let seconds = [-86_400.25, -1.0, -0.25, 0.0, 0.75];
    let of = |scale: f64, zero: f64| seconds.map(|s| (s + zero) * scale);
    vec![
        stream(
            "time24",
            "UTC",
            &texts(&[
                "1969-12-30T23:59:59.750",
                "1969-12-31T23:59:59.000",
                "1969-12-31T23:59:59.750",
                "1970-01-01T00:00:00.000",
                "1970-001T00:00:00.750",
            ]),
        ),
        stream("double", "t1970", &numbers("double", &of(1.0, 0.0))),
        stream(
            "double",
            "us2000",
            &numbers("double", &of(1e6, -946_684_800.0)),
        ),
        stream(
            "double",
            "t2000",
            &numbers("double", &of(1.0, -946_684_800.0)),
        ),
        stream(
            "double",
            "us1980",
            &numbers("double", &of(1e6, -315_532_800.0)),
        ),
        stream("double", "ns1970", &numbers("double", &of(1e9, 0.0))),
        stream(
            "big_endian_int8",
            "ns1970",
            &numbers("big_endian_int8", &of(1e9, 0.0)),
        ),
    ]
}

fn pairs(out: &Parsed) -> Vec<(f64, f64)> {
    let zero = us2000("1970-01-01");
    let of = |r: &&crate::parsed::Record| ((r.x() - zero) / 1e6, r.values[1][0]);
    out.records().iter().map(of).collect()
}

#[test]
fn bins_before_1970_are_floored_in_every_form_of_time() {
    let means = [(-86_400.5, 0.0), (-0.5, 1.5), (0.5, 3.5)];
    for input in around_1970() {
        for line in [
            "das2_bin_avgsec -b 1970-01-01 1",
            "das2_bin_avgsec -b 1969-12-01 1",
            "das2_bin_peakavgsec -b 2000-01-01 1",
        ] {
            assert_eq!(pairs(&run(&words(line), &input)), means, "{line}");
        }
        let line = "das2_bin_ratesec -e -b 1970-01-01 1";
        let covered = [-86_400.5, -0.5, 0.5].map(|t| (t, 1.0));
        assert_eq!(pairs(&run(&words(line), &input)), covered);
    }
}

#[test]
fn times_before_1970_are_the_same_as_text() {
    for input in around_1970() {
        let expected = [
            "1969-12-30T23:59:59.750",
            "1969-12-31T23:59:59.000",
            "1969-12-31T23:59:59.750",
            "1970-01-01T00:00:00.000",
            "1970-01-01T00:00:00.750",
        ];
        let csv = String::from_utf8(bytes_of(&words("das2_csv -H -s 3"), &input)).unwrap();
        let times: Vec<&str> = csv
            .lines()
            .map(|row| row.split(',').next().unwrap())
            .collect();
        assert_eq!(times, expected);
        let hapi = String::from_utf8(bytes_of(&words("das2_hapi"), &input)).unwrap();
        for (row, time) in hapi.lines().zip(expected) {
            assert!(row.starts_with(time), "{row} {time}");
        }
        let seconds = expected.map(|t| (us2000(t) - us2000("1970-01-01")) / 1e6);
        for line in ["das2_ascii", "das2_binary"] {
            let out = run(&words(line), &bytes_of(&words("das2_ascii"), &input));
            let got: Vec<f64> = pairs(&out).iter().map(|p| p.0).collect();
            assert_eq!(got, seconds, "{line}");
        }
    }
}

/// A second 60 is the number of the second behind it, as text and in TT2000.
#[test]
fn a_time_in_a_leap_second_counts_with_the_second_behind_it() {
    let text = stream(
        "time24",
        "UTC",
        &texts(&["2016-12-31T23:59:59.000", LEAP, "2017-01-01T00:00:00.000"]),
    );
    let midnight = us2000("2017-01-01");
    for line in [
        "das2_bin_avgsec -b 2016-12-31 1",
        "das2_bin_peakavgsec -b 2016-12-31 1",
    ] {
        let out = run(&words(line), &text);
        let got: Vec<(f64, f64)> = out
            .records()
            .iter()
            .map(|r| ((r.x() - midnight) / 1e6, r.values[1][0]))
            .collect();
        assert_eq!(got, [(-0.5, 0.0), (0.5, 1.5)], "{line}");
    }
    // Text stays as it is, where it stays text.
    let csv = String::from_utf8(bytes_of(&words("das2_csv -H"), &text)).unwrap();
    assert!(csv.contains(LEAP), "{csv}");
    let ascii = String::from_utf8(bytes_of(&words("das2_ascii"), &text)).unwrap();
    assert!(ascii.contains(LEAP), "{ascii}");
    // 23:59:59, 23:59:60 and 00:00:00 in nanoseconds with leap seconds.
    let tt = [
        536_500_867_184_000_000i64,
        536_500_868_184_000_000,
        536_500_869_184_000_000,
    ];
    let fields: Vec<Vec<u8>> = tt.iter().map(|t| t.to_le_bytes().to_vec()).collect();
    let numbers = stream("little_endian_int8", "TT2000", &fields);
    let out = run(&words("das2_bin_avgsec -b 2016-12-31 1"), &numbers);
    let got: Vec<(f64, f64)> = out
        .records()
        .iter()
        .map(|r| ((r.x() - midnight) / 1e6, r.values[1][0]))
        .collect();
    assert_eq!(got, [(-0.5, 0.0), (0.5, 1.5)]);
    let ratio = run(&words("das2_bin_ratesec -b 2016-12-31 1"), &numbers);
    let counts: Vec<f64> = ratio.records().iter().map(|r| r.values[1][0]).collect();
    assert_eq!(counts, [1.0, 2.0]);
}
