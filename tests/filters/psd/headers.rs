//! Headers, packet IDs, and what is no waveform.

use crate::builder::{Builder, encode, le8};
use crate::rng::Rng;
use crate::running::{fails, run, run_in_pieces, words};

use super::{KHZ, X, scan_planes, series, wave, waveforms};

#[test]
fn the_stream_header_says_what_was_done() {
    let mut s = Builder::with(
        "String:title=\"E &amp; B\" String:yLabel=\"old\" String:zLabel=\"old\" \
         renderer=\"waveform\" String:sourceId=\"reader\" Odd:thing=\"kept\" \
         Datum:xTagWidth=\"3 s\"",
    );
    s.packet(1, &scan_planes(X, "float", &[("w", 64, KHZ)]));
    let input = s.take();
    let out = run(&words("das2_psd 64 3"), &input);
    let stream = &out.stream;
    for (kind, name, value) in [
        (
            "String",
            "title",
            "E & B!c%{DFT_length} point DFT, %{xDftOverlapInfo}",
        ),
        ("String", "renderer", "spectrogram"),
        ("String", "sourceId", "das2_psd 64 3"),
        ("String", "yScaleType", "linear"),
        ("String", "zScaleType", "log"),
        ("String", "xDftOverlapInfo", "2/3 Overlap"),
        ("int", "DFT_length", "64"),
        ("int", "DFT_slide_denominator", "3"),
        ("String", "DFT_window", "hann"),
        ("Odd", "thing", "kept"),
        ("Datum", "xTagWidth", "3 s"),
    ] {
        assert_eq!(stream.typed(kind, name), value);
    }
    assert!(stream.property("yLabel").is_none() && stream.property("zLabel").is_none());
    let out = run(&["das2_psd", "-c", "0.25 s", "64", "1"], &input);
    assert_eq!(out.stream.typed("Datum", "xTagWidth"), "0.25 s");
    assert_eq!(out.stream.typed("String", "xDftOverlapInfo"), "No Overlap");
    assert!(out.headers()[0].1.xml.property("xTagWidth").is_none());
}

#[test]
fn planes_keep_what_they_say_of_themselves() {
    let mut s = Builder::new();
    let planes = scan_planes(X, "sun_real4", &[("a&amp;b", 200, KHZ)]).replace(
        "></yscan>",
        " odd=\"1\"><properties String:operation=\"BIN_AVG\" String:yLabel=\"old\" \
         double:zFill=\"-9\" Odd:thing=\"1.4 log10Ratio\" renderer=\"waveform\" \
         Datum:xTagWidth=\"1 s\"/></yscan>",
    );
    s.packet(1, &planes);
    let out = run(&words("das2_psd 64 2"), &s.take());
    let header = out.headers()[0].1;
    let plane = header.plane("a&b");
    assert_eq!(plane.xml.attr("odd"), Some("1"));
    assert_eq!(plane.xml.attr("yTags"), None);
    for (kind, name, value) in [
        ("String", "operation", "BIN_AVG, DFT"),
        ("String", "yLabel", "Frequency (Hz)"),
        (
            "String",
            "zLabel",
            "Spectral Density (V!a2!n m!a-2!n Hz!a-1!n)",
        ),
        ("double", "zFill", "-9e0"),
        ("Odd", "thing", "1.4 log10Ratio"),
        ("String", "renderer", "spectrogram"),
    ] {
        assert_eq!(plane.xml.typed(kind, name), value);
    }
    assert!(plane.xml.property("xTagWidth").is_none());
    // Twice the step of the windows.
    assert_eq!(header.xml.typed("Datum", "xTagWidth"), "0.064000 s");
}

#[test]
fn units_are_squared_per_hertz() {
    for (units, density) in [
        ("V m**-1", "V**2 m**-2 Hz**-1"),
        ("nT^2/Hz", "nT**4 Hz**-3"),
        ("", "Hz**-1"),
        ("#", "(#)**2 Hz**-1"),
        ("V m!a-1!n", "(V m!a-1!n)**2 Hz**-1"),
    ] {
        let mut s = Builder::new();
        let planes = scan_planes(X, "float", &[("w", 64, KHZ)]);
        s.packet(1, &planes.replace("V/m", units));
        let out = run(&words("das2_psd 64 1"), &s.take());
        assert_eq!(out.headers()[0].1.planes[1].units, density);
    }
}

/// IDs go from 1 on in order of first use; types whose spectra look the same
/// share one.
#[test]
fn packet_ids_are_given_anew() {
    let mut s = Builder::new();
    let samples = wave(&mut Rng(30), 128);
    let two_khz = "yUnits=\"ms\" yTagInterval=\"0.5\"";
    for (id, items, tags) in [
        (40, 64, KHZ),
        (7, 64, two_khz),
        (99, 128, KHZ),
        (3, 16, KHZ),
    ] {
        s.packet(id, &scan_planes(X, "float", &[("w", items, tags)]));
        let values = samples[..items].iter().flat_map(|&v| encode("float", v));
        s.data(id, &[le8(0.0), values.collect()]);
    }
    let out = run(&words("das2_psd 64 1"), &s.take());
    let ids: Vec<u8> = out.records().iter().map(|r| r.id).collect();
    assert_eq!(ids, [1, 2, 1, 1]);
    assert_eq!(out.headers().len(), 2);
}

/// More layouts than there are IDs: the one used longest ago is given again.
#[test]
fn a_full_house() {
    let mut s = Builder::new();
    let samples = wave(&mut Rng(31), 16);
    for number in 0..250usize {
        let tags = format!("yUnits=\"ms\" yTagInterval=\"{}\"", number % 125 + 1);
        s.packet(1, &scan_planes(X, "float", &[("w", 16, &tags)]));
        let values = samples.iter().flat_map(|&v| encode("float", v)).collect();
        s.data(1, &[le8(number as f64 * 1e6), values]);
    }
    let out = run(&words("das2_psd 16 1"), &s.take());
    let records = out.records();
    assert_eq!(records.len(), 250);
    for (number, record) in records.iter().enumerate() {
        let step = record.header.plane("w").xml.attr("yTagInterval").unwrap();
        let step: f64 = step.parse().unwrap();
        let expected = 1e3 / 16.0 / (number % 125 + 1) as f64;
        assert!((step - expected).abs() < 1e-9 * expected);
    }
}

#[test]
fn streams_without_spectra_say_why() {
    let short = waveforms(KHZ, "float", &[wave(&mut Rng(32), 32)]);
    let few: Vec<_> = (0..30)
        .map(|i| (f64::from(i) * 1e3, f64::from(i % 3)))
        .collect();
    for (input, kind) in [
        (short, "ServerError"),
        (series(&few), "ServerError"),
        (series(&[]), "NoDataInInterval"),
        (Builder::new().take(), "NoDataInInterval"),
    ] {
        let out = run(&words("das2_psd 64 1"), &input);
        assert!(out.records().is_empty());
        let exceptions = out.exceptions();
        assert_eq!(exceptions.len(), 1);
        assert_eq!(exceptions[0].attr("type"), Some(kind));
    }
}

#[test]
fn comments_and_exceptions_pass_and_none_is_added() {
    let mut s = Builder::new();
    s.comment("taskSize", "9").comment("log:info", "hello");
    s.exception("NoDataInInterval", "none");
    let out = run(&words("das2_psd 64 1"), &s.take());
    assert_eq!(out.comments().len(), 2);
    assert_eq!(out.exceptions().len(), 1);
    assert_eq!(out.exceptions()[0].attr("message"), Some("none"));
}

#[test]
fn scattered_data_and_odd_xs_are_errors() {
    let y = "<y name=\"v\" type=\"float\" units=\"V\"></y>";
    for (planes, word) in [
        (
            format!("{X}{y}<z name=\"z\" type=\"float\" units=\"\"></z>"),
            "scattered",
        ),
        (format!("{X}{X}{y}"), "more than one x"),
        (y.to_owned(), "no x"),
    ] {
        let (error, out) = fails(
            &words("das2_psd 64 1"),
            Builder::new().packet(1, &planes).bytes.as_slice(),
        );
        assert!(error.contains(word), "{error}");
        assert_eq!(out.exceptions()[0].attr("type"), Some("ServerError"));
    }
    // Nothing but x: nothing to transform.
    let bare = Builder::new().packet(1, X).take();
    assert_eq!(run(&words("das2_psd 64 1"), &bare).comments().len(), 1);
    let (error, _) = fails(&words("das2_psd -n 64 1"), &bare);
    assert!(error.contains("nothing"), "{error}");
}

/// What is held is bounded before any of it is taken.
#[test]
fn too_much_at_once_is_refused() {
    let mut s = Builder::new();
    let scan =
        "<yscan name=\"e\" type=\"ascii2\" nitems=\"999999\" yUnits=\"Hz\" zUnits=\"V\"></yscan>";
    s.packet(1, &format!("{X}{scan}"));
    let (error, _) = fails(&words("das2_psd -x 4194304 1"), &s.take());
    assert!(error.contains("held"), "{error}");
}

/// A time that is none ends the stream; what was complete before it is out.
#[test]
fn a_broken_time_is_found_at_its_place() {
    let mut s = Builder::new();
    let x = "<x type=\"time24\" units=\"us2000\"></x>";
    s.packet(1, &scan_planes(x, "float", &[("w", 16, KHZ)]));
    let header = s.bytes.len();
    let values = || -> Vec<u8> {
        let samples = wave(&mut Rng(33), 16);
        samples.iter().flat_map(|&v| encode("float", v)).collect()
    };
    s.data(1, &[crate::builder::time(24, 0.0), values()]);
    s.data(1, &[b"2000-13-77T00:00:00.500 ".to_vec(), values()]);
    let input = s.take();
    let ran = run_in_pieces(&words("das2_psd 16 1"), &input, &[usize::MAX]);
    let error = ran.error.unwrap().to_string();
    let place = format!("byte {}, packet 01", header + 4 + 24 + 64);
    assert!(error.contains(&place), "{error}");
    let out = crate::parsed::Parsed::new(&ran.bytes);
    assert_eq!((out.records().len(), out.exceptions().len()), (1, 1));
}
