//! das2_bin_avg: bins in x's own units.

use crate::builder::{Builder, encode, le8, x_y};
use crate::generator::{Kinds, random};
use crate::running::{bytes_of, fails, run, run_in_pieces, words};

fn of_x(x: &str, size: &str, pairs: &[(Vec<u8>, f64)]) -> crate::parsed::Parsed {
    let mut s = Builder::new();
    s.packet(
        1,
        &format!("{x}<y name=\"v\" type=\"double\" units=\"\"></y>"),
    );
    for (x, v) in pairs {
        s.data(1, &[x.clone(), encode("double", *v)]);
    }
    run(&["das2_bin_avg", size], &s.take())
}

#[test]
fn any_unit_and_its_encoding() {
    for (encoding, units) in [
        ("little_endian_real8", "Hz"),
        ("float", "km"),
        ("ascii12", ""),
        ("double", "t1970"),
    ] {
        let x = format!("<x type=\"{encoding}\" units=\"{units}\"></x>");
        let pairs: Vec<_> = [
            (10.0, 1.0),
            (11.5, 3.0),
            (12.5, 5.0),
            (19.0, 7.0),
            (7.0, 9.0),
        ]
        .map(|(x, v)| (encode(encoding, x), v))
        .to_vec();
        let out = of_x(&x, "2", &pairs);
        let records: Vec<_> = out
            .records()
            .iter()
            .map(|r| (r.x(), r.named("v")[0]))
            .collect();
        // From the first x on, floored below it.
        let expected = [(11.0, 2.0), (13.0, 5.0), (19.0, 7.0), (7.0, 9.0)];
        assert_eq!(records, expected, "{encoding}");
        let plane = &out.headers()[0].1.planes[0];
        assert_eq!(
            (plane.encoding.as_str(), plane.units.as_str()),
            (encoding, units)
        );
        let width = out.stream.property("xCacheResolution");
        match units {
            "t1970" => assert_eq!(width, Some(("Datum", "2.000000 s"))),
            _ => assert_eq!(width, None),
        }
        assert!(out.stream.property("xTagWidth").is_none());
        assert!(out.stream.property("sourceId").is_none());
    }
}

#[test]
fn text_times_count_in_the_unit_of_x() {
    for (units, size, centre) in [
        ("us2000", "3e6", "2000-01-01T00:00:01.500 "),
        ("t2000", "3", "2000-01-01T00:00:01.500 "),
        ("t2000", "0.0003", "2000-01-01T00:00:00.000150 "),
    ] {
        let x = format!("<x type=\"time24\" units=\"{units}\"></x>");
        let out = of_x(&x, size, &[(crate::builder::time(24, 0.0), 4.0)]);
        let text = String::from_utf8(out.records()[0].raw[0][0].clone()).unwrap();
        assert_eq!(text, centre);
    }
}

/// What das2C took for "no value yet" is a value like any other.
#[test]
fn odd_values_of_x() {
    let x = "<x type=\"little_endian_real8\" units=\"Hz\"></x>";
    let out = of_x(x, "1", &[(le8(-1e31), 1.0), (le8(-1e31), 3.0)]);
    assert_eq!(out.records().len(), 1);
    assert_eq!(out.records()[0].named("v"), [2.0]);
    let out = of_x(
        x,
        "1",
        &[(le8(0.0), 1.0), (le8(-99_999.0), 2.0), (le8(5.0), 3.0)],
    );
    let xs: Vec<f64> = out.records().iter().map(|r| r.x()).collect();
    assert_eq!(xs, [0.5, -99_998.5, 5.5]);
}

#[test]
fn redefinition_comments_and_exceptions() {
    let mut s = Builder::new();
    let planes = |unit: &str| {
        format!(
            "<x type=\"double\" units=\"Hz\"></x><y name=\"v\" type=\"double\" units=\"{unit}\"></y>"
        )
    };
    let x = |x: f64| x.to_be_bytes().to_vec();
    s.comment("log:info", "hello").packet(1, &planes("V"));
    s.data(1, &[x(0.0), x(1.0)]);
    s.packet(1, &planes("A"));
    s.data(1, &[x(0.1), x(2.0)]);
    s.exception("NoDataInInterval", "gap");
    let out = run(&words("das2_bin_avg 1"), &s.take());
    let values: Vec<f64> = out.records().iter().map(|r| r.named("v")[0]).collect();
    assert_eq!(values, [1.0, 2.0]);
    assert_eq!((out.comments().len(), out.exceptions().len()), (1, 1));
}

/// Bins of us2000 are those of das2_bin_avgsec, but for the headers.
#[test]
fn on_times_it_is_das2_bin_avgsec() {
    let pairs: Vec<_> = (0..500)
        .map(|i| (f64::from(i) * 0.7, f64::from(i % 13)))
        .collect();
    let input = x_y("float", "name=\"v\" units=\"V\"", &pairs);
    let own = run(&words("das2_bin_avg 10e6"), &input);
    let seconds = run(&words("das2_bin_avgsec 10"), &input);
    let bytes = |p: &crate::parsed::Parsed| -> Vec<Vec<u8>> {
        p.records().iter().map(|r| r.bytes()).collect()
    };
    assert_eq!(bytes(&own), bytes(&seconds));
}

#[test]
fn several_xs_are_an_error() {
    let mut s = Builder::new();
    let x = "<x type=\"double\" units=\"Hz\"></x>";
    s.packet(1, &format!("{x}{x}"));
    let (error, _) = fails(&words("das2_bin_avg 1"), &s.take());
    assert!(error.contains("more than one x"), "{error}");
}

/// Streams at random whose times are all in us2000: the same bins with the same values.
#[test]
fn random_streams_in_us2000_are_binned_as_das2_bin_avgsec_bins_them() {
    let kinds = Kinds {
        comments: false,
        waveforms: false,
        ..Kinds::ALL
    };
    let mut compared = 0;
    for seed in 12_000..12_400 {
        let input = random(seed, 60, kinds);
        let of_us2000 = |header: &crate::parsed::Header| {
            let x = &header.planes[header.x()];
            // What bins of other programs round is another thing.
            x.units == "us2000" && !x.encoding.starts_with("ascii")
        };
        let parsed = crate::parsed::Parsed::new(&input);
        if !parsed.headers().iter().all(|(_, header)| of_us2000(header)) {
            continue;
        }
        for (own, seconds) in [("4e6", "4"), ("1", "1e-6")] {
            let own = run(&["das2_bin_avg", own], &input);
            let seconds = run(&["das2_bin_avgsec", seconds], &input);
            let values = |p: &crate::parsed::Parsed| -> Vec<(u8, Vec<Vec<Vec<u8>>>)> {
                let of = |r: &&crate::parsed::Record| {
                    let mut planes = r.raw.clone();
                    planes.remove(r.header.x());
                    // Where x is last a line ends in it, else in another plane.
                    let last = planes.last_mut().and_then(|p| p.last_mut());
                    if let Some(byte @ b'\n') = last.and_then(|f| f.last_mut()) {
                        *byte = b' ';
                    }
                    (r.id, planes)
                };
                p.records().iter().map(of).collect()
            };
            assert!(values(&own) == values(&seconds), "seed {seed}");
            compared += own.records().len();
        }
    }
    assert!(compared > 1000, "{compared}");
}

/// Whether the input pauses behind the stream header changes nothing in it.
#[test]
fn the_stream_header_is_the_same_wherever_the_input_pauses() {
    for units in ["t1970", "Hz"] {
        let mut s = Builder::new();
        s.packet(1, &format!("<x type=\"double\" units=\"{units}\"/>"));
        s.data(1, &[encode("double", 1.0)]);
        let input = s.take();
        let whole = bytes_of(&words("das2_bin_avg 2"), &input);
        let pieces = run_in_pieces(&words("das2_bin_avg 2"), &input, &[1]);
        assert!(pieces.error.is_none() && pieces.bytes == whole, "{units}");
    }
}
