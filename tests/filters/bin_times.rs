//! The times that das2_bin_avgsec reads and writes: x in every form.

use crate::average::binned_by;
use crate::builder::{Builder, ascii, encode, le8, time};
use crate::parsed::Parsed;
use crate::running::{fails, run, words};

/// x of a type and units, and what it should become.
fn x_becomes(
    x_type: &str,
    units: &str,
    fields: &[Vec<u8>],
    line: &str,
) -> (String, String, Parsed) {
    let mut s = Builder::new();
    s.packet(
        1,
        &format!("<x type=\"{x_type}\" units=\"{units}\"/><y type=\"float\" units=\"\"/>"),
    );
    for field in fields {
        s.data(1, &[field.clone(), encode("float", 1.0)]);
    }
    let output = run(&words(line), &s.take());
    let x = output.headers()[0].1.planes[0].clone();
    (x.encoding, x.units, output)
}

#[test]
fn x_becomes_us2000_or_utc() {
    let line = "das2_bin_avgsec 60";
    for (units, number) in [
        ("us2000", 0.0),
        ("t2000", 0.0),
        ("t1970", 946_684_800.0),
        ("mj1958", 15_340.0),
        ("MJ1958", 15_340.0),
        ("ns1970", 946_684_800e9),
        ("us1980", 631_152_000e6),
        ("TT2000", -43_135_816_000_000.0),
        ("cdfTT2000", -43_135_816_000_000.0),
        ("cdfEpoch", 63_113_904_000_000.0),
        ("julianDay", 2_451_544.5),
        ("mjd", 51_544.0),
        ("seconds since 1999-12-31T00:00", 86_400.0),
    ] {
        let field = [le8(number)];
        let (encoding, became, output) = x_becomes("little_endian_real8", units, &field, line);
        assert_eq!(
            (encoding.as_str(), became.as_str()),
            ("little_endian_real8", "us2000")
        );
        assert_eq!(output.records()[0].x(), 30e6, "{units}");
    }
    let (encoding, units, output) = x_becomes("ascii17", "t2000", &[ascii(17, 0.0)], line);
    assert_eq!((encoding.as_str(), units.as_str()), ("ascii20", "us2000"));
    assert_eq!(output.records()[0].x(), 30e6);
    // A real4 cannot hold us2000.
    let (encoding, _, output) = x_becomes("sun_real4", "t2000", &[encode("sun_real4", 0.0)], line);
    assert_eq!(encoding, "sun_real8");
    assert_eq!(output.records()[0].x(), 30e6);
    let (encoding, ..) = x_becomes("big_endian_int4", "t2000", &[vec![0; 4]], line);
    assert_eq!(encoding, "sun_real8");
}

#[test]
fn x_as_an_offset_from_a_base() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"hours\" base=\"2000-01-02\"/><y type=\"float\" units=\"\"/>",
    );
    s.data(1, &[encode("double", 1.5), encode("float", 1.0)]);
    let output = run(&words("das2_bin_avgsec 60"), &s.take());
    assert_eq!(output.records()[0].x(), 86_400e6 + 5400e6 + 30e6);
    assert_eq!(output.headers()[0].1.planes[0].xml.attr("base"), None);
}

#[test]
fn text_of_x_is_as_wide_as_the_centres_need() {
    let at = |x_type: &str, seconds: &str| {
        let width = x_type[4..].parse().unwrap();
        let line = format!("das2_bin_avgsec {seconds}");
        let (encoding, units, output) = x_becomes(x_type, "us2000", &[time(width, 0.0)], &line);
        assert_eq!(units, "UTC");
        let shown = String::from_utf8(output.records()[0].raw[0][0].clone()).unwrap();
        (encoding, shown.trim().to_owned())
    };
    for (x_type, seconds, encoding, centre) in [
        ("time24", "60", "time24", "2000-01-01T00:00:30.000"),
        ("time20", "60", "time20", "2000-01-01T00:00:30"),
        ("time20", "1", "time24", "2000-01-01T00:00:00.500"),
        ("time22", "0.01", "time24", "2000-01-01T00:00:00.005"),
        ("time22", "2", "time22", "2000-01-01T00:00:01.0"),
        ("time24", "0.00025", "time27", "2000-01-01T00:00:00.000125"),
        ("time24", "0.001", "time27", "2000-01-01T00:00:00.000500"),
        ("time30", "60", "time30", "2000-01-01T00:00:30.000000000"),
        ("time14", "60", "time24", "2000-01-01T00:00:30.000"),
        ("time11", "86400", "time24", "2000-01-01T12:00:00.000"),
        (
            "time24",
            "0.000000004",
            "time30",
            "2000-01-01T00:00:00.000000002",
        ),
        ("time63", "60", "time63", "2000-01-01T00:00:30.000000000"),
    ] {
        let (is, shown) = at(x_type, seconds);
        assert_eq!(
            (is.as_str(), shown.as_str()),
            (encoding, centre),
            "{x_type} {seconds}"
        );
    }
}

#[test]
fn times_in_days_and_seconds_lie_on_the_edge_they_mean() {
    // Every second sample of a day in mj1958 falls just before its edge.
    for (units, scale, zero) in [
        ("mj1958", 86_400.0, 15_340.0),
        ("t1970", 1.0, 946_684_800.0),
    ] {
        let mut s = Builder::new();
        s.packet(
            1,
            &format!("<x type=\"double\" units=\"{units}\"/><y type=\"double\" units=\"\"/>"),
        );
        for i in 0..43_200 {
            let seconds = f64::from(i) * 2.0 + 1.0 / 3.0;
            let x = zero + seconds / scale;
            s.data(1, &[encode("double", x), encode("double", f64::from(i))]);
        }
        let output = run(&words("das2_bin_avgsec 2"), &s.take());
        let values: Vec<f64> = output.records().iter().map(|r| r.values[1][0]).collect();
        assert_eq!(values.len(), 43_200, "{units}");
        assert!(
            values.iter().enumerate().all(|(i, v)| *v == i as f64),
            "{units}"
        );
    }
}

#[test]
fn x_may_stand_anywhere_but_once_and_must_be_a_time() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<y name=\"a\" type=\"float\" units=\"\"/><x type=\"double\" units=\"us2000\"/>",
    );
    s.data(1, &[encode("float", 4.0), encode("double", 0.0)]);
    let output = run(&words("das2_bin_avgsec 2"), &s.take());
    let record = output.records()[0];
    assert_eq!((record.values[0][0], record.values[1][0]), (4.0, 1e6));

    for (planes, word) in [
        ("<y type=\"float\" units=\"\"/>", "no x"),
        (
            "<x type=\"double\" units=\"us2000\"/><x type=\"double\" units=\"us2000\"/>",
            "more than one",
        ),
        (
            "<x type=\"double\" units=\"Hz\"/><y type=\"float\" units=\"\"/>",
            "Hz",
        ),
        (
            "<x type=\"double\" units=\"s\"/><y type=\"float\" units=\"\"/>",
            "time",
        ),
        ("<x type=\"double\"/><y type=\"float\" units=\"\"/>", "time"),
    ] {
        let mut s = Builder::new();
        s.packet(1, planes);
        let (error, output) = fails(&words("das2_bin_avgsec 2"), &s.take());
        assert!(error.contains(word), "{error}");
        // Before any packet header, and said in the stream.
        assert!(output.headers().is_empty());
        assert_eq!(output.exceptions()[0].attr("type"), Some("ServerError"));
    }
}

#[test]
fn packets_without_a_time_belong_to_no_bin() {
    let y = |t: f64, v: f64| (t, v);
    let data = [
        y(f64::NAN, 1.0),
        y(0.0, 2.0),
        y(f64::INFINITY, 3.0),
        y(0.5, 4.0),
    ];
    assert_eq!(binned_by("das2_bin_avgsec 1", &data), [(0.5, 3.0)]);
}

#[test]
fn text_that_is_no_time_stops_with_its_place_after_the_complete_bins() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/><y type=\"float\" units=\"\"/>",
    );
    let header = s.bytes.len();
    for i in 0..5 {
        s.data(1, &[time(24, f64::from(i) * 1e6), encode("float", 1.0)]);
    }
    s.data(
        1,
        &[b"2000-13-45T00:00:00.000 ".to_vec(), encode("float", 1.0)],
    );
    let (error, output) = fails(&words("das2_bin_avgsec 2"), &s.take());
    let place = format!("byte {}, packet 01", header + 5 * 32);
    assert!(
        error.contains(&place) && error.contains("2000-13-45"),
        "{error}"
    );
    let centres: Vec<f64> = output.records().iter().map(|r| r.x() / 1e6).collect();
    assert_eq!(centres, [1.0, 3.0], "the open bin is incomplete");
    assert_eq!(output.exceptions().len(), 1);
}

#[test]
fn bins_of_any_length_and_times_far_away() {
    let data = [
        (0.0, 1.0),
        (0.001, 2.0),
        (1.0, 3.0),
        (1e9, 4.0),
        (-1e9, 5.0),
    ];
    for seconds in ["1e-9", "1e-30", "1e-320", "1e-6"] {
        let got = binned_by(&format!("das2_bin_avgsec {seconds}"), &data);
        assert_eq!(got.len(), 5, "{seconds}");
        for (is, should) in got.iter().zip(data) {
            assert_eq!(is.1, should.1);
            assert!((is.0 - should.0).abs() <= 1e-6, "{seconds} {is:?}");
        }
    }
    for seconds in ["1e12", "1e100", "1e300", "1.7e308"] {
        // Bin 0 holds what is after the first time.
        let got = binned_by(&format!("das2_bin_avgsec {seconds}"), &data[..4]);
        assert_eq!(got.len(), 1, "{seconds}");
        assert!(got[0].0.is_finite() && got[0].1 == 2.5, "{got:?}");
    }
    // Numbers of bins beyond 2^53, and gaps between them.
    let far = [
        (0.0, 1.0),
        (1e25, 2.0),
        (2e25, 3.0),
        (-1e25, 4.0),
        (1e300, 5.0),
    ];
    let got = binned_by("das2_bin_avgsec 0.001", &far);
    assert_eq!(got.len(), 5);
    for (is, should) in got.iter().zip(far) {
        assert!(
            (is.0 - should.0).abs() <= should.0.abs() * 1e-9 + 1e-3,
            "{is:?}"
        );
    }
    // In text a centre beyond the calendar is its last second.
    let (_, _, output) = x_becomes(
        "time24",
        "us2000",
        &[time(24, 0.0)],
        "das2_bin_avgsec 1e300",
    );
    let shown = String::from_utf8(output.records()[0].raw[0][0].clone()).unwrap();
    assert!(shown.starts_with("9999-12-31T23:59:5"), "{shown}");
}

#[test]
fn negative_times_floor() {
    let data = [(-3.25, 1.0), (-3.0, 3.0), (-2.0, 5.0), (-0.5, 7.0)];
    let got = binned_by("das2_bin_avgsec -b 2000-01-01 1", &data);
    assert_eq!(got, [(-3.5, 1.0), (-2.5, 3.0), (-1.5, 5.0), (-0.5, 7.0)]);
}
