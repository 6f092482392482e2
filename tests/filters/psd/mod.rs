//! das2_psd against the definition of its spectra.

mod headers;
mod scans;
mod series;

use std::f64::consts::TAU;

use crate::builder::{Builder, encode, le8};
use crate::rng::Rng;

/// The densities of samples `dt` seconds apart, term by term: Hann window with
/// N - 1, power over N times the sum of its squares, times N dt.
pub fn densities(samples: &[f64], dt: f64, keep_dc: bool) -> Vec<f64> {
    let n = samples.len();
    let mean = match keep_dc {
        true => 0.0,
        false => samples.iter().sum::<f64>() / n as f64,
    };
    let w: Vec<f64> = (0..n)
        .map(|i| 0.5 * (1.0 - (TAU * i as f64 / (n - 1) as f64).cos()))
        .collect();
    let norm = n as f64 * w.iter().map(|w| w * w).sum::<f64>();
    let square = |k: usize| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, v) in samples.iter().enumerate() {
            let angle = TAU * ((i * k) % n) as f64 / n as f64;
            re += (v - mean) * w[i] * angle.cos();
            im -= (v - mean) * w[i] * angle.sin();
        }
        re * re + im * im
    };
    (0..=n / 2)
        .map(|k| match k {
            k if k == 0 || 2 * k == n => square(k),
            k => square(k) + square(n - k),
        })
        .map(|power| power / norm * n as f64 * dt)
        .collect()
}

/// A wave with noise on it.
pub fn wave(rng: &mut Rng, count: usize) -> Vec<f64> {
    let pitch = 0.05 + rng.unit();
    (0..count)
        .map(|i| f64::from((3.0 * (i as f64 * pitch).sin() + rng.unit() + 0.7) as f32))
        .collect()
}

/// The same densities but for the rounding of four-byte reals.
pub fn assert_close(got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    let largest = expected.iter().copied().fold(0.0, f64::max);
    for (k, (got, expected)) in got.iter().zip(expected).enumerate() {
        let off = (got - expected).abs();
        assert!(
            off <= 1e-6 * expected + 1e-14 * largest,
            "frequency {k}: {got}, should be {expected}"
        );
    }
}

/// A packet type with scans, each (name, items, attributes of its tags).
pub fn scan_planes(x: &str, y_type: &str, scans: &[(&str, usize, &str)]) -> String {
    let mut planes = x.to_owned();
    for (name, items, tags) in scans {
        planes.push_str(&format!(
            "<yscan name=\"{name}\" type=\"{y_type}\" nitems=\"{items}\" zUnits=\"V/m\" {tags}></yscan>"
        ));
    }
    planes
}

pub const X: &str = "<x type=\"little_endian_real8\" units=\"us2000\"></x>";
pub const KHZ: &str = "yUnits=\"ms\" yTagInterval=\"1\"";

/// One scan a packet, one packet a second.
pub fn waveforms(tags: &str, y_type: &str, packets: &[Vec<f64>]) -> Vec<u8> {
    let mut s = Builder::new();
    s.packet(1, &scan_planes(X, y_type, &[("w", packets[0].len(), tags)]));
    for (second, samples) in packets.iter().enumerate() {
        let values = samples.iter().flat_map(|&v| encode(y_type, v)).collect();
        s.data(1, &[le8(second as f64 * 1e6), values]);
    }
    s.take()
}

/// One y a packet, at these microseconds.
pub fn series(pairs: &[(f64, f64)]) -> Vec<u8> {
    let mut s = Builder::new();
    let y = "<y name=\"v\" type=\"little_endian_real4\" units=\"V\"></y>";
    s.packet(1, &format!("{X}{y}"));
    for &(us, value) in pairs {
        s.data(1, &[le8(us), encode("little_endian_real4", value)]);
    }
    s.take()
}
