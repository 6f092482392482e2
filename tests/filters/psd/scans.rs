//! Windows along the items of scans.

use std::process::Command;

use crate::builder::{Builder, encode, le8};
use crate::rng::Rng;
use crate::running::{fails, run, run_in_pieces, words};

use super::{KHZ, X, assert_close, densities, scan_planes, wave, waveforms};

#[test]
fn densities_are_those_of_the_definition() {
    let rng = &mut Rng(1);
    for (line, length, step) in [
        ("das2_psd 64 2", 64, 32),
        ("das2_psd 64 3", 64, 21),
        ("das2_psd 64 63", 64, 1),
        ("das2_psd 16 1", 16, 16),
        ("das2_psd 122 1", 122, 122),
        ("das2_psd 194 4", 194, 48),
    ] {
        for y_type in ["little_endian_real4", "sun_real4", "double", "ascii24"] {
            let samples = wave(rng, 200);
            let out = run(
                &words(line),
                &waveforms(KHZ, y_type, std::slice::from_ref(&samples)),
            );
            let starts: Vec<usize> = (0..=200 - length).step_by(step).collect();
            let records = out.records();
            assert_eq!(records.len(), starts.len(), "{line}");
            for (record, start) in records.iter().zip(starts) {
                let window = &samples[start..start + length];
                assert_close(record.named("w"), &densities(window, 1e-3, false));
                let centre = (start + length / 2) as f64 * 1e3;
                assert_eq!(record.x(), centre);
            }
            let plane = out.headers()[0].1.plane("w").clone();
            assert_eq!(plane.encoding, y_type);
            assert_eq!(plane.items, length / 2 + 1);
            let df: f64 = plane.xml.attr("yTagInterval").unwrap().parse().unwrap();
            assert!((df - 1e3 / length as f64).abs() < 1e-9 * df);
        }
    }
}

#[test]
fn the_mean_can_be_kept() {
    let samples: Vec<f64> = wave(&mut Rng(2), 64)
        .iter()
        .map(|v| f64::from((v + 30.0) as f32))
        .collect();
    let input = waveforms(KHZ, "little_endian_real4", std::slice::from_ref(&samples));
    let out = run(&["das2_psd", "-d", "64", "1"], &input);
    assert_close(
        out.records()[0].named("w"),
        &densities(&samples, 1e-3, true),
    );
}

/// Sum of densities times df: a sine of amplitude 1 has 0.5.
#[test]
fn power_is_kept() {
    let sine: Vec<f64> = (0..64)
        .map(|i| 3.0 + (std::f64::consts::TAU * 0.125 * f64::from(i)).sin())
        .collect();
    let input = waveforms(KHZ, "little_endian_real8", &[sine]);
    let power = |line: &str| {
        let out = run(&words(line), &input);
        out.records()[0].named("w").iter().sum::<f64>() * 15.625
    };
    assert!((power("das2_psd 64 1") - 0.500_000_3).abs() < 2e-7);
    assert!((power("das2_psd -d 64 1") - 9.500_04).abs() < 1e-5);
}

/// Parseval: the densities times df are the mean square of the windowed samples over
/// that of the window, and df is 1 / (N dt), for any length and step.
#[test]
fn densities_add_up_to_the_power_of_the_windowed_samples() {
    let rng = &mut Rng(40);
    for length in (16..400).step_by(22) {
        let dt = rng.pick(&[1e-6, 0.0125, 1.0, 37.5]);
        let samples = wave(rng, length);
        let tags = format!("yUnits=\"s\" yTagInterval=\"{dt}\"");
        let input = waveforms(&tags, "little_endian_real8", std::slice::from_ref(&samples));
        let out = run(&["das2_psd", &length.to_string(), "1"], &input);
        let plane = out.headers()[0].1.plane("w").clone();
        let df: f64 = plane.xml.attr("yTagInterval").unwrap().parse().unwrap();
        let n = length as f64;
        assert!((df * n * dt - 1.0).abs() < 1e-12, "{length}: {df}");
        let mean = samples.iter().sum::<f64>() / n;
        let w = |i: usize| (std::f64::consts::PI * i as f64 / (n - 1.0)).sin().powi(2);
        let square = |i: usize| ((samples[i] - mean) * w(i)).powi(2);
        let windowed: f64 = (0..length).map(square).sum();
        let window: f64 = (0..length).map(|i| w(i).powi(2)).sum();
        let power = out.records()[0].named("w").iter().sum::<f64>() * df;
        assert!(
            (power / (windowed / window) - 1.0).abs() < 1e-9,
            "{length}: {power}"
        );
    }
}

/// Over many windows of noise the window makes no difference: the power is that of the
/// samples as they are.
#[test]
fn noise_has_the_power_of_its_samples() {
    let rng = &mut Rng(41);
    let samples: Vec<f64> = (0..64 * 400).map(|_| rng.unit() - 0.5).collect();
    let input = waveforms(KHZ, "little_endian_real8", std::slice::from_ref(&samples));
    let out = run(&["das2_psd", "64", "2"], &input);
    let records = out.records();
    let all: f64 = records.iter().flat_map(|r| r.named("w")).sum();
    let power = all * 15.625 / records.len() as f64;
    let square = samples.iter().map(|v| v * v).sum::<f64>() / samples.len() as f64;
    assert!((power / square - 1.0).abs() < 0.03, "{power} {square}");
}

/// Fill within a scan, for a shorter and a longer time than a window: each window that it
/// reaches is left out, and each other is there.
#[test]
fn gaps_in_a_scan_take_away_the_windows_that_they_reach() {
    for gap in [1, 5, 32, 33, 100] {
        let mut samples = wave(&mut Rng(42), 320);
        samples[100..100 + gap].fill(-1e31);
        let input = waveforms(KHZ, "little_endian_real4", std::slice::from_ref(&samples));
        let out = run(&["das2_psd", "32", "2"], &input);
        let records = out.records();
        let starts = (0..=288).step_by(16);
        let good: Vec<usize> = starts
            .filter(|s| s + 32 <= 100 || *s >= 100 + gap)
            .collect();
        assert_eq!(records.len(), good.len(), "{gap}");
        for (record, start) in records.iter().zip(good) {
            assert_eq!(record.x(), (start + 16) as f64 * 1e3);
            let window = &samples[start..start + 32];
            assert_close(record.named("w"), &densities(window, 1e-3, false));
        }
    }
}

#[test]
fn numpy_agrees() {
    let script = "
import sys, numpy as np
s = np.fromfile(sys.argv[1], '<f4').astype(float)
n = len(s)
w = np.hanning(n)
f = np.fft.fft((s - s.mean()) * w)
p = np.abs(f)**2
q = p[:n//2+1].copy()
q[1:n//2] += p[:n//2:-1]
print(*(q / (n * (w**2).sum()) * n / 28800).tolist())
";
    let have = Command::new("python3")
        .args(["-c", "import numpy"])
        .output();
    if !have.is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 has no numpy");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for length in [16, 1582, 1584, 1594, 4096, 6174] {
        let samples = wave(&mut Rng(length as u64), length);
        let file = folder.path().join("samples");
        let bytes: Vec<u8> = samples
            .iter()
            .flat_map(|&v| (v as f32).to_le_bytes())
            .collect();
        std::fs::write(&file, bytes).unwrap();
        let output = Command::new("python3")
            .args(["-c", script])
            .arg(&file)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let theirs: Vec<f64> = text
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        let tags = format!("yUnits=\"s\" yTagInterval=\"{:?}\"", 1.0 / 28_800.0);
        let input = waveforms(&tags, "little_endian_real4", &[samples]);
        let out = run(&["das2_psd", &length.to_string(), "1"], &input);
        assert_close(out.records()[0].named("w"), &theirs);
    }
}

#[test]
fn fill_nan_and_infinity_spoil_their_windows_only() {
    let good = wave(&mut Rng(3), 96);
    for bad in [-1e31, f64::NAN, f64::INFINITY] {
        let mut samples = good.clone();
        samples[95] = bad;
        let input = waveforms(KHZ, "little_endian_real4", &[samples]);
        let out = run(&["das2_psd", "32", "1"], &input);
        let records = out.records();
        assert_eq!(records.len(), 2, "{bad}");
        assert_close(
            records[1].named("w"),
            &densities(&good[32..64], 1e-3, false),
        );
    }
}

#[test]
fn windows_without_power_are_left_out() {
    let mut samples = vec![0.1; 96];
    samples[32..64].copy_from_slice(&wave(&mut Rng(4), 32));
    for y_type in ["little_endian_real4", "little_endian_real8"] {
        let input = waveforms(KHZ, y_type, std::slice::from_ref(&samples));
        let out = run(&["das2_psd", "32", "1"], &input);
        assert_eq!(out.records().len(), 1);
        assert_eq!(out.records()[0].x(), 48e3);
        assert!(out.exceptions().is_empty());
    }
    // Nothing but constants is still something that was transformed.
    let input = waveforms(KHZ, "little_endian_real4", &[vec![5.0; 96]]);
    let out = run(&["das2_psd", "32", "1"], &input);
    assert!(out.records().is_empty() && out.exceptions().is_empty());
}

/// Two scans of one packet: where one has fill, is short or is constant, its
/// part of the record is fill.
#[test]
fn several_scans_share_records() {
    let mut s = Builder::new();
    let planes = scan_planes(X, "little_endian_real4", &[("a", 64, KHZ), ("b", 32, KHZ)]);
    s.packet(
        5,
        &planes.replace(
            "<yscan name=\"b\"",
            "<y name=\"gain\" type=\"ascii10\" units=\"dB\"></y><yscan name=\"b\"",
        ),
    );
    let (a, b) = (wave(&mut Rng(5), 64), wave(&mut Rng(6), 32));
    let bytes = |values: &[f64]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|&v| encode("little_endian_real4", v))
            .collect()
    };
    let gain = b"   1.5000 ".to_vec();
    s.data(5, &[le8(0.0), bytes(&a), gain.clone(), bytes(&b)]);
    s.data(5, &[le8(1e6), bytes(&a), gain.clone(), bytes(&[7.0; 32])]);
    s.data(
        5,
        &[le8(2e6), bytes(&[7.0; 64]), gain.clone(), bytes(&[7.0; 32])],
    );
    s.data(
        5,
        &[le8(3e6), bytes(&[-1e31; 64]), gain, bytes(&[-1e31; 32])],
    );
    let out = run(&["das2_psd", "32", "1"], &s.take());
    let header = out.headers()[0].1;
    assert_eq!(out.headers()[0].0, 1);
    assert_eq!(header.names(), ["", "a", "gain", "b"]);
    let records = out.records();
    let is_fill = |values: &[f64]| values.iter().all(|v| (v / -1e31 - 1.0).abs() < 1e-6);
    assert_eq!(records.len(), 6);
    assert_close(records[0].named("a"), &densities(&a[..32], 1e-3, false));
    assert_close(records[0].named("b"), &densities(&b, 1e-3, false));
    assert_close(records[1].named("a"), &densities(&a[32..], 1e-3, false));
    assert!(is_fill(records[1].named("b")) && is_fill(records[2].named("b")));
    assert!(is_fill(records[4].named("a")) && is_fill(records[5].named("b")));
    // A y is copied as it stands.
    assert!(records.iter().all(|r| r.raw[2][0] == b"   1.5000 "));
}

#[test]
fn times_of_windows() {
    let samples = wave(&mut Rng(7), 64);
    let tags = "yUnits=\"s\" yTagInterval=\"0.0005\" yTagMin=\"0.25\"";
    for (x, field, expected) in [
        (X, le8(-2e6), -2e6 + 250e3 + 16e3),
        (
            "<x type=\"double\" units=\"t1970\"></x>",
            10f64.to_be_bytes().to_vec(),
            10.0 + 0.266,
        ),
        (
            "<x type=\"little_endian_int8\" units=\"TT2000\"></x>",
            (5i64 << 40).to_le_bytes().to_vec(),
            (5i64 << 40) as f64 + 266e6,
        ),
        (
            "<x type=\"little_endian_real4\" units=\"s\" base=\"2001-01-01\"></x>",
            2f32.to_le_bytes().to_vec(),
            2.266,
        ),
        (
            "<x type=\"time24\" units=\"us2000\"></x>",
            b"2000-01-01T00:00:00.500 ".to_vec(),
            766e3,
        ),
    ] {
        let mut s = Builder::new();
        s.packet(1, &scan_planes(x, "float", &[("w", 64, tags)]));
        let values = samples.iter().flat_map(|&v| encode("float", v)).collect();
        s.data(1, &[field, values]);
        let out = run(&["das2_psd", "64", "2"], &s.take());
        let got = out.records()[0].x();
        assert!(
            (got - expected).abs() <= expected.abs() * 1e-15,
            "{x}: {got}"
        );
    }
}

/// Text times are widened to the digits that windows need.
#[test]
fn text_times_get_room() {
    let samples = wave(&mut Rng(8), 64);
    for (tags, width, text) in [
        (
            "yUnits=\"s\" yTagInterval=\"1\"",
            24,
            "2000-01-01T00:00:32.500 ",
        ),
        (
            "yUnits=\"us\" yTagInterval=\"33\"",
            27,
            "2000-01-01T00:00:00.501056 ",
        ),
        (
            "yUnits=\"us\" yTagInterval=\"0.003\"",
            30,
            "2000-01-01T00:00:00.500000096 ",
        ),
    ] {
        let mut s = Builder::new();
        let x = "<x type=\"time24\" units=\"us2000\"></x>";
        s.packet(1, &scan_planes(x, "float", &[("w", 64, tags)]));
        let values = samples.iter().flat_map(|&v| encode("float", v)).collect();
        s.data(1, &[b"2000-01-01T00:00:00.500 ".to_vec(), values]);
        let out = run(&["das2_psd", "64", "1"], &s.take());
        let record = &out.records()[0];
        assert_eq!(record.header.planes[0].encoding, format!("time{width}"));
        assert_eq!(String::from_utf8(record.raw[0][0].clone()).unwrap(), text);
    }
}

#[test]
fn what_cannot_be_transformed_is_left_out_or_an_error() {
    let uneven: Vec<String> = (0..64).map(|i| format!("{}", i * i)).collect();
    let uneven = format!("yUnits=\"s\" yTags=\"{}\"", uneven.join(","));
    // Two odd steps are let pass.
    let nearly: Vec<String> = (0..64)
        .map(|i| format!("{}", f64::from(i) + if i == 9 { 0.2 } else { 0.0 }))
        .collect();
    let nearly = format!("yUnits=\"s\" yTags=\"{}\"", nearly.join(","));
    let input = |tags: &str, items: usize| {
        let mut s = Builder::new();
        let scans = [("w", 64, KHZ), ("v", items, tags)];
        s.packet(1, &scan_planes(X, "float", &scans[..1]));
        s.packet(2, &scan_planes(X, "float", &scans[1..]));
        for (id, items) in [(1, 64), (2, items)] {
            let values = wave(&mut Rng(9), items);
            let values = values.iter().flat_map(|&v| encode("float", v)).collect();
            s.data(id, &[le8(0.0), values]);
        }
        s.take()
    };
    for (tags, items) in [
        (uneven.as_str(), 64),
        (KHZ, 63),
        ("yUnits=\"Hz\" yTagInterval=\"1\"", 64),
        ("yUnits=\"\" yTagInterval=\"1\"", 64),
    ] {
        let input = input(tags, items);
        let out = run(&["das2_psd", "64", "1"], &input);
        assert_eq!(out.records().len(), 1, "{tags}");
        assert_eq!(out.headers().len(), 1);
        let told = out.comments();
        assert!(told.iter().all(|c| c.attr("type") == Some("log:warning")));
        assert!(told[0].attr("value").unwrap().contains("'v'"), "{told:?}");
        let (error, before) = fails(&["das2_psd", "-n", "64", "1"], &input);
        assert!(error.contains("'v'"), "{error}");
        assert_eq!(before.exceptions()[0].attr("type"), Some("ServerError"));
    }
    assert_eq!(
        run(&["das2_psd", "64", "1"], &input(&nearly, 64))
            .records()
            .len(),
        2
    );
}

#[test]
fn scans_of_one_packet_must_keep_step() {
    let mut s = Builder::new();
    let other = "yUnits=\"ms\" yTagInterval=\"2\"";
    s.packet(
        1,
        &scan_planes(X, "float", &[("a", 64, KHZ), ("b", 64, other)]),
    );
    let (error, _) = fails(&["das2_psd", "64", "1"], &s.take());
    assert!(error.contains("steps"), "{error}");
    // The same step in another unit is the same.
    let same = "yUnits=\"s\" yTagInterval=\"0.001\"";
    s = Builder::new();
    s.packet(
        1,
        &scan_planes(X, "float", &[("a", 64, KHZ), ("b", 64, same)]),
    );
    assert_eq!(run(&["das2_psd", "64", "1"], &s.take()).headers().len(), 1);
}

#[test]
fn frequencies_are_shifted_and_trimmed() {
    let samples = wave(&mut Rng(10), 64);
    let mut s = Builder::new();
    let steering = "<properties Datum:DFT_freqTagMin=\"10 kHz\" \
                    Datum:DFT_freqTrimMin=\"10031.25 Hz\" Datum:DFT_freqTrimMax=\"10.0625 kHz\"/>";
    let planes = scan_planes(X, "float", &[("w", 64, KHZ)]);
    s.packet(
        1,
        &planes.replace("></yscan>", &format!(">{steering}</yscan>")),
    );
    let values = samples.iter().flat_map(|&v| encode("float", v)).collect();
    s.data(1, &[le8(0.0), values]);
    let out = run(&["das2_psd", "64", "1"], &s.take());
    let plane = out.headers()[0].1.plane("w").clone();
    assert_eq!(
        (plane.items, plane.xml.attr("yTagMin")),
        (2, Some("10031.25"))
    );
    for name in ["DFT_freqTagMin", "DFT_freqTrimMin", "DFT_freqTrimMax"] {
        assert!(plane.xml.property(name).is_none());
    }
    let all = densities(&samples, 1e-3, false);
    assert_close(out.records()[0].named("w"), &all[2..4]);
}

/// das2.3: offsets in x, whose beginning counts too.
#[test]
fn an_xscan_is_a_waveform() {
    let samples = wave(&mut Rng(11), 64);
    let mut s = Builder::new();
    let xscan = "<xscan name=\"w\" type=\"float\" nitems=\"64\" xUnits=\"ms\" \
                 xOffsetInterval=\"1\" xOffsetMin=\"-32\" yUnits=\"V\"></xscan>";
    s.packet(1, &format!("{X}{xscan}"));
    let values = samples.iter().flat_map(|&v| encode("float", v)).collect();
    s.data(1, &[le8(1e6), values]);
    let out = run(&["das2_psd", "64", "1"], &s.take());
    let plane = out.headers()[0].1.plane("w").clone();
    assert_eq!(plane.kind, "yscan");
    assert_eq!(plane.units, "V**2 Hz**-1");
    assert_eq!(out.records()[0].x(), 1e6);
    assert_close(
        out.records()[0].named("w"),
        &densities(&samples, 1e-3, false),
    );
}

/// Whatever pieces the input comes in, and wherever it is cut off.
#[test]
fn pieces_and_prefixes() {
    let rng = &mut Rng(12);
    let packets: Vec<Vec<f64>> = (0..5).map(|_| wave(rng, 100)).collect();
    let input = waveforms(KHZ, "little_endian_real4", &packets);
    let line = words("das2_psd 32 2");
    let whole = run_in_pieces(&line, &input, &[usize::MAX]).bytes;
    for sizes in [&[1][..], &[3, 411, 7], &[4096]] {
        assert_eq!(run_in_pieces(&line, &input, sizes).bytes, whole);
    }
    let all = crate::parsed::Parsed::new(&whole);
    let packet = 4 + 8 + 400;
    let data_at = input.len() - 5 * packet;
    for cut in (data_at..input.len()).step_by(29).chain([data_at + packet]) {
        let ran = run_in_pieces(&line, &input[..cut], &[usize::MAX]);
        let out = crate::parsed::Parsed::new(&ran.bytes);
        let complete = (cut - data_at) / packet;
        let records = out.records();
        assert_eq!(records.len(), complete * all.records().len() / 5);
        assert_eq!(ran.error.is_some(), !(cut - data_at).is_multiple_of(packet));
        for (got, expected) in records.iter().zip(all.records()) {
            assert_eq!(got.bytes(), expected.bytes());
        }
    }
}
