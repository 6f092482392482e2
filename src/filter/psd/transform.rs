//! From samples to power.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Transforms of one length. Planned when the first window comes, since that
/// takes time.
pub(super) struct Transform {
    length: usize,
    keep_dc: bool,
    plan: Option<Plan>,
    power: Vec<f64>,
}

struct Plan {
    dft: Arc<dyn RealToComplex<f64>>,
    /// The symmetric Hann window, which reaches 0 at both ends.
    window: Vec<f64>,
    /// N times the sum of the window's squares.
    norm: f64,
    input: Vec<f64>,
    output: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Transform {
    pub(super) fn new(length: usize, keep_dc: bool) -> Transform {
        Transform {
            length,
            keep_dc,
            plan: None,
            power: Vec::new(),
        }
    }

    /// The power of `length` samples at 0, 1 .. length/2 cycles a window, that
    /// of negative frequencies added to the positive ones. Their sum is the
    /// mean square of the windowed samples over that of the window. None where
    /// numbers are too large for that.
    pub(super) fn power(&mut self, samples: &[f64]) -> Option<&[f64]> {
        let (length, keep_dc) = (self.length, self.keep_dc);
        let plan = self.plan.get_or_insert_with(|| Plan::new(length));
        self.power.clear();
        let first = samples.first().copied().unwrap_or(0.0);
        let mean = match keep_dc {
            true => 0.0,
            // What the sum's rounding leaves of a constant is not there.
            false if samples.iter().all(|&v| v == first) => {
                self.power.resize(length / 2 + 1, 0.0);
                return Some(&self.power);
            }
            false => sum(samples) / length as f64,
        };
        let windowed = samples
            .iter()
            .zip(&plan.window)
            .map(|(v, w)| (v - mean) * w);
        plan.input.clear();
        plan.input.extend(windowed);
        let done =
            plan.dft
                .process_with_scratch(&mut plan.input, &mut plan.output, &mut plan.scratch);
        let twice = 2.0 / plan.norm;
        let squares = plan.output.iter().map(|f| f.norm_sqr() * twice);
        self.power.extend(squares);
        // These two have no counterpart at a negative frequency.
        for alone in [0, length / 2] {
            if let Some(power) = self.power.get_mut(alone) {
                *power *= 0.5;
            }
        }
        (done.is_ok() && sum(&self.power).is_finite()).then_some(&self.power)
    }
}

impl Plan {
    fn new(length: usize) -> Plan {
        let dft = RealFftPlanner::<f64>::new().plan_fft_forward(length);
        let last = (length - 1) as f64;
        let window: Vec<f64> = (0..length)
            .map(|i| 0.5 * (1.0 - (TAU * i as f64 / last).cos()))
            .collect();
        Plan {
            norm: length as f64 * window.iter().map(|w| w * w).sum::<f64>(),
            window,
            input: dft.make_input_vec(),
            output: dft.make_output_vec(),
            scratch: dft.make_scratch_vec(),
            dft,
        }
    }
}

/// The sum in eight lanes, which is faster than in order and rounds less.
fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let mut blocks = values.chunks_exact(8);
    for block in &mut blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += value;
        }
    }
    lanes.iter().chain(blocks.remainder()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, term by term.
    fn direct(samples: &[f64], keep_dc: bool) -> Vec<f64> {
        let n = samples.len();
        let mean = match keep_dc {
            true => 0.0,
            false => samples.iter().sum::<f64>() / n as f64,
        };
        let w = |i: usize| 0.5 * (1.0 - (TAU * i as f64 / (n - 1) as f64).cos());
        let norm = n as f64 * (0..n).map(|i| w(i) * w(i)).sum::<f64>();
        let square = |k: usize| {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, v) in samples.iter().enumerate() {
                let angle = TAU * ((i * k) % n) as f64 / n as f64;
                re += (v - mean) * w(i) * angle.cos();
                im -= (v - mean) * w(i) * angle.sin();
            }
            re * re + im * im
        };
        (0..=n / 2)
            .map(|k| match k {
                0 => square(0) / norm,
                k if k == n / 2 => square(k) / norm,
                k => (square(k) + square(n - k)) / norm,
            })
            .collect()
    }

    fn noise(n: usize) -> Vec<f64> {
        let mut state = n as u64 + 7;
        (0..n)
            .map(|i| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 40) as f64 / (1u64 << 24) as f64 - 0.3 + (i as f64 * 0.37).sin()
            })
            .collect()
    }

    #[test]
    fn it_is_the_transform_of_the_definition() {
        for n in [16, 18, 22, 64, 90, 194, 256, 334, 1024, 1582, 1584, 1594] {
            for keep_dc in [false, true] {
                let samples = noise(n);
                let mut transform = Transform::new(n, keep_dc);
                let power = transform.power(&samples).unwrap();
                let expected = direct(&samples, keep_dc);
                assert_eq!(power.len(), n / 2 + 1);
                let largest = expected.iter().copied().fold(0.0, f64::max);
                for (got, expected) in power.iter().zip(&expected) {
                    let off = (got - expected).abs();
                    assert!(
                        off <= 1e-9 * expected + 1e-15 * largest,
                        "{n} {got} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn power_is_that_of_the_windowed_samples() {
        for n in [16, 50, 1584, 1594, 6174] {
            let samples = noise(n);
            let mean = samples.iter().sum::<f64>() / n as f64;
            let w = |i: usize| 0.5 * (1.0 - (TAU * i as f64 / (n - 1) as f64).cos());
            let (mut square, mut weight) = (0.0, 0.0);
            for (i, v) in samples.iter().enumerate() {
                square += ((v - mean) * w(i)).powi(2);
                weight += w(i) * w(i);
            }
            let mut transform = Transform::new(n, false);
            let total: f64 = transform.power(&samples).unwrap().iter().sum();
            assert!((total - square / weight).abs() < 1e-12 * total, "{n}");
        }
    }

    #[test]
    fn a_sine_and_an_offset() {
        let sine = |offset: f64| -> Vec<f64> {
            (0..64)
                .map(|i| offset + (TAU * 125.0 * f64::from(i) / 1000.0).sin())
                .collect()
        };
        let total = |keep_dc: bool, offset: f64| -> f64 {
            let mut transform = Transform::new(64, keep_dc);
            transform.power(&sine(offset)).unwrap().iter().sum()
        };
        assert!((total(false, 3.0) - 0.500_000_3).abs() < 1e-6);
        assert!((total(true, 3.0) - 9.500_04).abs() < 1e-4);
    }

    #[test]
    fn constants_have_no_power_and_monsters_no_answer() {
        let mut transform = Transform::new(16, false);
        assert!(
            transform
                .power(&[0.1; 16])
                .unwrap()
                .iter()
                .all(|&p| p == 0.0)
        );
        let wild: Vec<f64> = (0..16).map(|i| f64::MAX * f64::from(i % 3 - 1)).collect();
        assert_eq!(transform.power(&wild), None);
        assert_eq!(Transform::new(16, true).power(&[1e300; 16]), None);
    }
}
