//! Windows along x.

use crate::builder::{Builder, encode, le8};
use crate::parsed::Item;
use crate::rng::Rng;
use crate::running::{run, words};

use super::{X, assert_close, densities, series, wave};

fn at_1_khz(samples: &[f64]) -> Vec<(f64, f64)> {
    let times = (1..).map(|i| f64::from(i) * 1e3);
    times.zip(samples.iter().copied()).collect()
}

#[test]
fn successive_values_are_samples() {
    let samples = wave(&mut Rng(20), 200);
    let out = run(&words("das2_psd 64 2"), &series(&at_1_khz(&samples)));
    let plane = out.headers()[0].1.plane("v").clone();
    // The last sample is N - 1 steps behind the first.
    assert_eq!(plane.xml.attr("yTagInterval"), Some("15.625"));
    assert_eq!(plane.xml.attr("yUnits"), Some("Hz"));
    assert_eq!(plane.units, "V**2 Hz**-1");
    assert_eq!(plane.xml.typed("String", "yLabel"), "Frequency (Hz)");
    let zlabel = "Spectral Density (V!a2!n Hz!a-1!n)";
    assert_eq!(plane.xml.typed("String", "zLabel"), zlabel);
    let records = out.records();
    assert_eq!(records.len(), 5);
    for (number, record) in records.iter().enumerate() {
        let window = &samples[number * 32..number * 32 + 64];
        assert_close(record.named("v"), &densities(window, 1e-3, false));
        assert_eq!(record.x(), 32_500.0 + number as f64 * 32e3);
    }
    let width = out.headers()[0].1.xml.typed("Datum", "xTagWidth");
    assert_eq!(width, "0.128000 s");
}

#[test]
fn an_x_of_zero_is_a_time() {
    let samples = wave(&mut Rng(21), 64);
    let pairs: Vec<_> = (-32..32)
        .zip(&samples)
        .map(|(i, &v)| (f64::from(i) * 1e3, v))
        .collect();
    assert_eq!(
        run(&words("das2_psd 64 1"), &series(&pairs))
            .records()
            .len(),
        1
    );
}

/// Gaps shorter and longer than a window, a change of cadence, times that
/// stand still or go back: no window reaches over them.
#[test]
fn windows_do_not_reach_over_breaks() {
    let rng = &mut Rng(22);
    let samples = wave(rng, 40);
    for jump in [5e3, 500e3, 1.5e3, 0.0, -20e3] {
        let mut pairs = at_1_khz(&samples);
        for pair in &mut pairs[20..] {
            pair.0 += jump - if jump == 0.0 { 1e3 } else { 0.0 };
        }
        let out = run(&words("das2_psd 16 1"), &series(&pairs));
        let records = out.records();
        let expected = [&samples[..16], &samples[20..36]];
        assert_eq!(records.len(), 2, "{jump}");
        for (record, window) in records.iter().zip(expected) {
            assert_close(record.named("v"), &densities(window, 1e-3, false));
        }
        assert!(!out.comments().is_empty(), "{jump}");
        // Of the same cadence, so under the same header.
        assert_eq!(out.headers().len(), 1);
    }
    let still: Vec<_> = samples.iter().map(|&v| (5e6, v)).collect();
    let out = run(&words("das2_psd 16 1"), &series(&still));
    assert!(out.records().is_empty());
    assert_eq!(out.exceptions()[0].attr("type"), Some("ServerError"));
}

#[test]
fn jitter_up_to_its_limit_is_let_pass() {
    let samples = wave(&mut Rng(23), 64);
    let mut pairs = at_1_khz(&samples);
    for pair in pairs.iter_mut().step_by(2) {
        pair.0 += 8.0;
    }
    let records = |line: &str| run(&words(line), &series(&pairs)).records().len();
    // Steps are 992 and 1008 in turn: 1.6 %.
    assert_eq!(records("das2_psd 16 1"), 0);
    assert_eq!(records("das2_psd -j 0.015 16 1"), 0);
    assert_eq!(records("das2_psd -j 0.017 16 1"), 4);
}

/// Each cadence has a header and an ID of its own, and gets it again.
/// What is left out is told where it happens, behind the spectra before it and before
/// those after it, however many packets a read brings.
#[test]
fn notes_stand_between_the_spectra() {
    let samples = wave(&mut Rng(29), 60);
    let mut pairs = at_1_khz(&samples);
    pairs[20..].iter_mut().for_each(|pair| pair.0 += 1e9);
    let output = run(&words("das2_psd 16 1"), &series(&pairs));
    let kinds: Vec<&str> = output
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Record(_) => Some("spectrum"),
            Item::Comment(_) => Some("note"),
            _ => None,
        })
        .collect();
    // The window that the jump cuts short, and the sample from which it leads.
    assert_eq!(kinds, ["spectrum", "note", "note", "spectrum", "spectrum"]);
}

#[test]
fn cadences_have_ids() {
    let samples = wave(&mut Rng(24), 96);
    let mut pairs = Vec::new();
    let mut now = 0.0;
    for (number, &v) in samples.iter().enumerate() {
        now += if (number / 32) % 2 == 0 { 1e3 } else { 4e3 };
        pairs.push((now, v));
    }
    let ids = |line: &[&str]| -> Vec<u8> {
        let out = run(line, &series(&pairs));
        let headers = out.headers();
        assert_eq!(headers.len(), 2);
        for (id, header) in headers {
            let step = header.plane("v").xml.attr("yTagInterval").unwrap();
            let step: f64 = step.parse().unwrap();
            let slow = (step - 250.0 / 16.0).abs() < 1e-9;
            assert!(slow || (step - 1000.0 / 16.0).abs() < 1e-9);
            assert!(!out.records_of(id).is_empty());
        }
        out.records().iter().map(|r| r.id).collect()
    };
    assert_eq!(ids(&words("das2_psd 16 1")), [1, 1, 2, 2, 1, 1]);
    let mapped = ["das2_psd", "-m", "7,4.01 ms", "-m", "1,9 s", "16", "1"];
    assert_eq!(ids(&mapped), [2, 2, 7, 7, 2, 2]);
}

#[test]
fn fill_makes_its_own_spectrum_fill() {
    let mut s = Builder::new();
    let y = |name: &str| format!("<y name=\"{name}\" type=\"float\" units=\"V\"></y>");
    s.packet(9, &format!("{X}{}{}", y("a"), y("b")));
    let samples = wave(&mut Rng(25), 16);
    for (i, &v) in samples.iter().enumerate() {
        let a = if i == 3 { f64::NAN } else { v };
        s.data(
            9,
            &[le8(i as f64 * 1e3), encode("float", a), encode("float", v)],
        );
    }
    let out = run(&words("das2_psd 16 1"), &s.take());
    let record = &out.records()[0];
    assert_eq!(record.id, 1);
    assert!(record.named("a").iter().all(|&v| v < -9e30));
    assert_close(record.named("b"), &densities(&samples, 1e-3, false));
}

#[test]
fn scans_can_be_transformed_along_x() {
    let mut s = Builder::new();
    let scan = "<yscan name=\"e\" type=\"double\" nitems=\"2\" yTags=\"10,20\" yUnits=\"Hz\" \
                zUnits=\"V\"><properties double:zFill=\"-1\"/></yscan>";
    s.packet(
        1,
        &format!("<x type=\"time30\" units=\"us2000\"></x>{scan}"),
    );
    let (a, b) = (wave(&mut Rng(26), 32), wave(&mut Rng(27), 32));
    for i in 0..32 {
        let time = crate::builder::time(30, i as f64 * 10.0);
        s.data(1, &[time, encode("double", a[i]), encode("double", b[i])]);
    }
    let out = run(&words("das2_psd -x 16 1"), &s.take());
    let records = out.records();
    assert_eq!(records.len(), 2);
    assert_close(records[1].named("e_0"), &densities(&a[16..], 1e-5, false));
    assert_close(records[1].named("e_1"), &densities(&b[16..], 1e-5, false));
    assert_eq!(records[0].x(), 75.0);
    let plane = out.headers()[0].1.plane("e_1").clone();
    assert_eq!(plane.xml.typed("Datum", "DFT_sourceTag"), "20 Hz");
    assert_eq!(plane.xml.typed("String", "source"), "e");
    assert_eq!(plane.xml.typed("double", "zFill"), "-1e0");
}

/// x need not be a time.
#[test]
fn wave_numbers() {
    let mut s = Builder::new();
    let planes =
        "<x type=\"double\" units=\"km\"></x><y name=\"v\" type=\"float\" units=\"nT\"></y>";
    s.packet(1, planes);
    let samples = wave(&mut Rng(28), 16);
    for (i, &v) in samples.iter().enumerate() {
        let x = (i as f64 * 0.5).to_be_bytes().to_vec();
        s.data(1, &[x, encode("float", v)]);
    }
    let out = run(&words("das2_psd 16 1"), &s.take());
    let plane = out.headers()[0].1.plane("v").clone();
    assert_eq!(plane.xml.attr("yUnits"), Some("km**-1"));
    assert_eq!(plane.xml.attr("yTagInterval"), Some("0.125"));
    assert_eq!(plane.units, "nT**2 km");
    let width = out.headers()[0].1.xml.typed("Datum", "xTagWidth");
    assert_eq!(width, "16 km");
    assert_close(
        out.records()[0].named("v"),
        &densities(&samples, 0.5, false),
    );
}
