//! Against the standard library's exact formatting, over many numbers.

use super::*;
use crate::stream::exp_field;

/// The same numbers in every run (SplitMix64).
pub(super) struct Sample(u64);

impl Sample {
    pub(super) fn new(seed: u64) -> Sample {
        Sample(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// How many numbers a test takes: DAS2_TEST_NUMBERS, or this many.
pub(super) fn count(usual: u64) -> u64 {
    let wanted = std::env::var("DAS2_TEST_NUMBERS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// C's text in `length` bytes, by the standard library.
fn expected(value: f64, decimals: usize, length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    exp_field(value, length, decimals, &mut out);
    out
}

fn check_field(value: f64, decimals: usize, length: usize) {
    let mut field = vec![b'x'; length];
    exponent_field(value, decimals, &mut field);
    let expected = expected(value, decimals, length);
    assert_eq!(
        String::from_utf8_lossy(&field),
        String::from_utf8_lossy(&expected),
        "{value:e} {decimals}"
    );
}

fn check_real4(values: &[f32], decimals: usize) {
    let width = decimals + 8;
    let mut fields = vec![b'x'; values.len() * width];
    let raw: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect();
    real4_fields(&raw, true, decimals, &mut fields);
    let mut one_by_one = fields.clone();
    for (value, field) in values.iter().zip(one_by_one.chunks_mut(width)) {
        real4_fields(&value.to_le_bytes(), false, decimals, field);
    }
    assert!(fields == one_by_one, "{decimals} {values:?}");
    for (value, field) in values.iter().zip(fields.chunks(width)) {
        let mut expected = expected(f64::from(*value), decimals, width - 1);
        expected.push(b' ');
        assert_eq!(
            String::from_utf8_lossy(field),
            String::from_utf8_lossy(&expected),
            "{value:e} {decimals}"
        );
    }
}

/// Four-byte reals: all kinds of bits, whole numbers, few decimals, and those
/// next to powers of ten and of two.
fn real4(sample: &mut Sample, n: u64) -> f32 {
    let bits = sample.next();
    let small = (bits >> 32) as u32;
    match n % 4 {
        0 => f32::from_bits(bits as u32),
        1 => (small >> 8) as f32,
        2 => (small % 2_000_000_000) as f32 / 10f32.powi((bits % 10) as i32),
        _ => {
            let near = 10f32.powi((bits % 84) as i32 - 45);
            f32::from_bits(near.to_bits().wrapping_add(small % 7).wrapping_sub(3))
        }
    }
}

fn real8(sample: &mut Sample, n: u64) -> f64 {
    let bits = sample.next();
    let other = sample.next();
    match n % 6 {
        0 => f64::from_bits(bits),
        1 => (bits >> (other % 64)) as f64,
        2 => (bits >> 11) as f64 / 10f64.powi((other % 20) as i32),
        3 => {
            let near = 10f64.powi((bits % 633) as i32 - 324);
            f64::from_bits(near.to_bits().wrapping_add(other % 7).wrapping_sub(3))
        }
        // Halves of so many digits: ties, and their neighbours.
        4 => {
            let tie = (bits % 10u64.pow((other % 16) as u32 + 1)) as f64 + 0.5;
            f64::from_bits(tie.to_bits().wrapping_add(other >> 32 & 1))
        }
        _ => f64::from(real4(sample, bits)),
    }
}

#[test]
fn four_byte_reals_as_printf_writes_them() {
    let edges = [
        0.0,
        -0.0,
        1.5,
        -1e31,
        9.999_999e9,
        9_999_999.5,
        12_345_675.0,
        12_345_685.0,
        f32::MAX,
        f32::MIN_POSITIVE,
        1e-45,
        -1e-45,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        9.95,
        99.5,
        0.125,
        1.25,
        1.35,
        12345.0,
        1.000_05e-4,
    ];
    for decimals in 0..=9 {
        check_real4(&edges, decimals);
    }
    let mut sample = Sample(1);
    let total = count(400_000);
    for block in 0..total.div_ceil(1000) {
        let values: Vec<f32> = (0..1000).map(|n| real4(&mut sample, block + n)).collect();
        check_real4(&values, 6);
        check_real4(&values, (block % 9) as usize);
    }
    // Ties, of few digits.
    let halves: Vec<f32> = (0..200_000).map(|n| n as f32 * 0.5).collect();
    for decimals in 1..=6 {
        check_real4(&halves, decimals);
    }
}

#[test]
#[ignore = "takes half an hour, of a release build"]
fn all_four_byte_reals_as_printf_writes_them() {
    for front in 0..=u16::MAX {
        let front = u32::from(front) << 16;
        let values: Vec<f32> = (front..=front | 0xffff).map(f32::from_bits).collect();
        check_real4(&values, 6);
    }
}

#[test]
fn eight_byte_reals_as_printf_writes_them() {
    let mut sample = Sample(2);
    for n in 0..count(400_000) {
        let value = real8(&mut sample, n);
        if n % 3 == 0 {
            let decimals = (n / 3 % 17) as usize + 1;
            check_field(value, decimals, decimals + 7);
        } else {
            check_field(value, 16, 23);
        }
    }
    for (value, decimals, length) in [
        (2.5, 0, 6),
        (3.5, 0, 6),
        (0.0, 16, 23),
        (-0.0, 16, 23),
        (-1.234_567_890_123_456_7e-100, 16, 23),
        (5e-324, 16, 23),
        (f64::MAX, 16, 23),
        (f64::MIN_POSITIVE, 16, 23),
        (f64::NAN, 16, 23),
        (f64::NEG_INFINITY, 6, 13),
        (9.999_999_999_999_99e22, 16, 23),
        (1.0, 25, 40),
    ] {
        check_field(value, decimals, length);
    }
}

/// The forms without a field, against the same.
#[test]
fn forms_alone() {
    for (value, decimals, text) in [
        (1.5, 3, "1.500e+00"),
        (-2.5, 0, "-2e+00"),
        (0.0, 1, "0.0e+00"),
        (1e-300, 2, "1.00e-300"),
        (f64::NAN, 2, "nan"),
        (f64::NEG_INFINITY, 2, "-inf"),
        (1.0, 20, "1.00000000000000000000e+00"),
    ] {
        let mut out = Vec::new();
        exponent_form(value, decimals, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}

#[test]
fn shortest_texts_read_back_and_are_shortest() {
    let mut sample = Sample(3);
    let mut out = Vec::new();
    for n in 0..count(200_000) {
        out.clear();
        let value = real8(&mut sample, n);
        shortest(value, &mut out);
        let text = std::str::from_utf8(&out).unwrap();
        let back: f64 = text.parse().unwrap();
        assert!(
            back.to_bits() == value.to_bits() || value.is_nan(),
            "{value:e}: {text}"
        );
        assert!(
            digits(text) <= digits(&format!("{value:e}")),
            "{value:e}: {text}"
        );
        out.clear();
        let value = real4(&mut sample, n);
        shortest(value, &mut out);
        let text = std::str::from_utf8(&out).unwrap();
        let back: f32 = text.parse().unwrap();
        assert!(
            back.to_bits() == value.to_bits() || value.is_nan(),
            "{value:e}: {text}"
        );
        assert!(
            digits(text) <= digits(&format!("{value:e}")),
            "{value:e}: {text}"
        );
    }
}

/// Significant digits, zeros at the ends not counted.
fn digits(text: &str) -> usize {
    let mantissa = text.split('e').next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}
