//! das2_bin_ratesec: how much there is in each bin.

use crate::builder::{Builder, le8, x_y};
use crate::generator::{Kinds, random};
use crate::parsed::Parsed;
use crate::rng::Rng;
use crate::running::{fails, run, words};

fn at(seconds: &[f64]) -> Vec<u8> {
    let pairs: Vec<_> = seconds.iter().map(|&s| (s, 0.0)).collect();
    x_y("float", "name=\"v\" units=\"V\"", &pairs)
}

fn pairs(out: &Parsed) -> Vec<(f64, f64)> {
    let of = |r: &&crate::parsed::Record| (r.x() / 1e6, r.values[1][0]);
    out.records().iter().map(of).collect()
}

#[test]
fn any_bin_length_in_order_with_zeros() {
    let input = at(&[0.0, 0.5, 1.0, 7.0, 3.0, 7.9, -3.0]);
    for (line, expected) in [
        (
            "das2_bin_ratesec 2",
            vec![
                (-3.0, 0.5),
                (-1.0, 0.0),
                (1.0, 1.5),
                (3.0, 0.5),
                (5.0, 0.0),
                (7.0, 1.0),
            ],
        ),
        (
            "das2_bin_ratesec -e 2",
            vec![(-3.0, 1.0), (1.0, 1.0), (3.0, 1.0), (7.0, 1.0)],
        ),
        (
            "das2_bin_ratesec -b 2000-01-01T00:00:10 90",
            vec![(-35.0, 7.0 / 90.0)],
        ),
        (
            "das2_bin_ratesec --volume=bytes 90",
            vec![(-45.0, 12.0 / 90.0), (45.0, 72.0 / 90.0)],
        ),
        ("das2_bin_ratesec 60", vec![(-30.0, 1.0), (30.0, 6.0)]),
        (
            "das2_bin_ratesec --volume kB 3600",
            vec![(-1800.0, 12.0 / 1024.0), (1800.0, 72.0 / 1024.0)],
        ),
    ] {
        let out = run(&words(line), &input);
        let got = pairs(&out);
        assert_eq!(got.len(), expected.len(), "{line}: {got:?}");
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(got.0, expected.0, "{line}");
            assert!((got.1 - expected.1).abs() < 1e-6, "{line} {got:?}");
        }
    }
}

#[test]
fn bins_come_as_soon_as_they_are_complete() {
    let input = at(&[0.0, 0.5, 3.0, 3.5]);
    let out = run(&words("das2_bin_ratesec -m 1"), &input);
    assert_eq!(
        pairs(&out),
        [(0.5, 2.0), (1.5, 0.0), (2.5, 0.0), (3.5, 2.0)]
    );
    let (error, out) = fails(&words("das2_bin_ratesec -m 1"), &at(&[0.0, 3.0, 5.0, 4.0]));
    assert!(error.contains("-m"), "{error}");
    // What was complete before is out.
    assert_eq!(pairs(&out).last(), Some(&(3.5, 1.0)));
}

#[test]
fn headers() {
    let mut s = Builder::with(
        "String:title=\"A\" String:yLabel=\"old\" double:zFill=\"1\" Odd:kept=\"1\" \
         String:yScaleType=\"log\"",
    );
    let header = |line: &[&str], input: &[u8]| {
        let out = run(line, input);
        let (id, header) = out.headers()[0];
        assert_eq!(id, 1);
        let y = &header.planes[1];
        (
            out.stream.typed("String", "title").to_owned(),
            out.stream.typed("String", "yLabel").to_owned(),
            y.name.clone(),
            y.units.clone(),
            out.stream,
        )
    };
    let input = s.take();
    let (title, label, name, units, stream) = header(&words("das2_bin_ratesec 90"), &input);
    assert_eq!(
        (title.as_str(), label.as_str()),
        ("A (coverage)", "Stream Volume (packets/s)")
    );
    assert_eq!((name.as_str(), units.as_str()), ("rate", "packets s**-1"));
    assert_eq!(stream.typed("Datum", "xTagWidth"), "90.000000 s");
    assert_eq!(stream.typed("Datum", "xCacheResolution"), "90.000000 s");
    assert_eq!(stream.typed("String", "renderer"), "stairSteps");
    assert_eq!(stream.typed("Odd", "kept"), "1");
    assert!(stream.property("zFill").is_none() && stream.property("yScaleType").is_none());
    let bare = Builder::new().take();
    let (title, label, name, units, _) = header(&words("das2_bin_ratesec -e 60"), &bare);
    assert_eq!(
        (title.as_str(), label.as_str()),
        ("Data Coverage", "Coverage")
    );
    assert_eq!((name.as_str(), units.as_str()), ("coverage", ""));
    let line = [
        "das2_bin_ratesec",
        "-t",
        "T t",
        "-y",
        "L l",
        "--volume=MB",
        "86400",
    ];
    let (title, label, _, units, _) = header(&line, &bare);
    assert_eq!((title.as_str(), label.as_str()), ("T t", "L l"));
    assert_eq!(units, "MB day**-1");
}

/// A gap of years is not filled, a day is.
#[test]
fn gaps_are_filled_within_reason() {
    let day = 86_400.0;
    let out = run(&words("das2_bin_ratesec 1"), &at(&[0.0, day, 4000.0 * day]));
    assert_eq!(out.records().len(), 86_402);
}

#[test]
fn every_packet_is_counted_once() {
    let kinds = Kinds {
        infinities: false,
        ..Kinds::ALL
    };
    for seed in 0..20 {
        let input = random(seed, 400, kinds);
        let packets = Parsed::new(&input).records().len();
        let out = run(&words("das2_bin_ratesec 7"), &input);
        let counted: f64 = out.records().iter().map(|r| r.values[1][0] * 7.0).sum();
        assert!(
            (counted - packets as f64).abs() < 1e-3 * packets as f64,
            "{seed}"
        );
    }
}

/// Times in any order give the same as in order.
#[test]
fn order_does_not_matter() {
    let mut seconds: Vec<f64> = (0..5000).map(|i| f64::from(i) * 0.37).collect();
    let line = words("das2_bin_ratesec -b 2000-01-01 3");
    let straight = pairs(&run(&line, &at(&seconds)));
    let rng = &mut Rng(5);
    for i in (1..seconds.len()).rev() {
        seconds.swap(i, rng.below(i + 1));
    }
    assert_eq!(pairs(&run(&line, &at(&seconds))), straight);
}

#[test]
fn what_is_no_time_is_an_error() {
    let mut s = Builder::new();
    s.packet(1, "<x type=\"double\" units=\"Hz\"></x>");
    s.data(1, &[le8(1.0)]);
    let (error, out) = fails(&words("das2_bin_ratesec 1"), &s.take());
    assert!(error.contains("time"), "{error}");
    assert!(out.records().is_empty());
}

#[test]
fn long_options_mean_what_short_ones_mean() {
    let input = at(&[0.0, 0.5, 3.0, 7.5]);
    let bytes = |line: &[&str]| crate::running::bytes_of(line, &input);
    assert_eq!(
        bytes(&[
            "das2_bin_ratesec",
            "--monotonic",
            "--events",
            "--begin=1999-12-31",
            "--title=a b",
            "--ylabel=c d",
            "2"
        ]),
        bytes(&[
            "das2_bin_ratesec",
            "-m",
            "-e",
            "-b",
            "1999-12-31",
            "-t",
            "a b",
            "-y",
            "c d",
            "2"
        ]),
    );
}

/// What described the values of the input does not describe their rate.
#[test]
fn properties_of_the_input_s_values_are_removed_and_numbers_are_the_host_s() {
    let mut s = Builder::with(
        "double:yFill=\"1\" String:yLabel=\"l\" DatumRange:yRange=\"1 to 2 V\" String:yScaleType=\"log\" \
         String:ySummary=\"s\" double:yValidMin=\"1\" double:yValidMax=\"2\" double:zFill=\"1\" \
         String:zLabel=\"l\" DatumRange:zRange=\"1 to 2 V\" String:zScaleType=\"log\" String:zSummary=\"s\" \
         double:zValidMin=\"1\" double:zValidMax=\"2\" String:xLabel=\"stays\"",
    );
    let out = run(&words("das2_bin_ratesec 3600"), &s.take());
    for axis in ["y", "z"] {
        for name in [
            "Fill",
            "Range",
            "ScaleType",
            "Summary",
            "ValidMin",
            "ValidMax",
        ] {
            let name = format!("{axis}{name}");
            assert!(out.stream.property(&name).is_none(), "{name}");
        }
    }
    assert!(out.stream.property("zLabel").is_none());
    assert_eq!(
        out.stream.typed("String", "yLabel"),
        "Stream Volume (packets/hour)"
    );
    assert_eq!(out.stream.typed("String", "xLabel"), "stays");
    let header = out.headers()[0].1;
    let kinds: Vec<_> = header
        .planes
        .iter()
        .map(|p| (p.kind.as_str(), p.encoding.as_str(), p.units.as_str()))
        .collect();
    let (x, y) = ("little_endian_real8", "little_endian_real4");
    if cfg!(target_endian = "little") {
        assert_eq!(kinds, [("x", x, "us2000"), ("y", y, "packets hour**-1")]);
    }
}
