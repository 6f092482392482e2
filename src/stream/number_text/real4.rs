//! Four-byte reals in fields of so many digits, mostly of seven in fourteen
//! bytes, ` 1.500000e+00 `: what text streams are made of.
//!
//! A four-byte real has 24 bits, and a double 53: times a power of ten, rounded
//! twice or three times, it is wrong by less than 4e-9 in seven digits, and
//! where it is nearer to a tie than that, the digits are found another way.

use std::cmp::Ordering;

use super::digits::eight;
use super::exponent::exponent_field;
use super::powers::{binary_exponent, decimal_exponent, power};
#[cfg(target_arch = "x86_64")]
use super::real4_avx2;

/// A part of a last digit beyond which it may be a tie.
pub(super) const CLOSE: f64 = 0.5 - 1e-8;

/// Adding 1.5 * 2^52 rounds to an integer, a tie to the even one, and leaves it
/// in the lowest bits.
pub(super) const ROUNDS: f64 = 6_755_399_441_055_744.0;

/// Bytes of a field: sign, seven digits with a point, four bytes of exponent, a blank.
pub(super) const FIELD: usize = 14;

/// Exponent bits of the double that is the least four-byte real, less one: so
/// zero has the first row of the table, and each power of two one behind it.
const BEFORE_LEAST: u64 = 1023 - 149 - 1;

/// One row for zero and each power of two from 2^-149 to 2^127.
const ROWS: usize = 278;

/// How numbers from one power of two to the next are scaled.
#[derive(Clone, Copy)]
struct Row {
    /// From this number on the second scale holds.
    edge: f64,
    scales: [Scale; 2],
}

/// How numbers from one power of ten to the next are scaled.
#[derive(Clone, Copy)]
struct Scale {
    /// What makes an integer of seven digits of them.
    factor: f64,
    /// The exponent as text, a blank behind it; the first byte is the lowest.
    exponent: u64,
    /// What the last digit counts, if that is 10 to 10^8; else NaN.
    unit: f64,
}

static TABLE: [Row; ROWS] = make();

#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn make() -> [Row; ROWS] {
    let zero = Row {
        edge: f64::INFINITY,
        scales: [scale(0); 2],
    };
    let mut table = [zero; ROWS];
    let mut at = 1;
    while at < ROWS {
        let least = decimal_exponent(at as i32 - 150);
        table[at] = Row {
            edge: ten_to(least + 1),
            scales: [scale(least), scale(least + 1)],
        };
        at += 1;
    }
    table
}

const fn scale(decimal: i32) -> Scale {
    let size = decimal.unsigned_abs();
    let sign = if decimal < 0 { b'-' } else { b'+' };
    let text = [
        b'e',
        sign,
        b'0' + (size / 10) as u8,
        b'0' + (size % 10) as u8,
        b' ',
        0,
        0,
        0,
    ];
    Scale {
        factor: ten_to(6 - decimal),
        exponent: u64::from_le_bytes(text),
        unit: match decimal {
            7..=14 => ten_to(decimal - 6),
            _ => f64::NAN,
        },
    }
}

/// The double next to a power of ten.
pub(super) const fn ten_to(exponent: i32) -> f64 {
    let mantissa = power(exponent).high;
    let rounded = (mantissa >> 11) + (mantissa >> 10 & 1);
    // The first bit counts in the exponent, and so does a carry out of the others.
    let exponent = (binary_exponent(exponent) + 1022) as u64;
    f64::from_bits((exponent << 52) + rounded)
}

/// Fills fields of `decimals` and eight bytes with numbers as C's `%W.De ` does,
/// `%13.6e ` for six decimals. There are as many numbers, of four bytes each, as
/// fields.
pub fn real4_fields(raw: &[u8], big: bool, decimals: usize, fields: &mut [u8]) {
    let one = |raw: &[u8; 4], field: &mut [u8]| {
        let number = match big {
            true => f32::from_be_bytes(*raw),
            false => f32::from_le_bytes(*raw),
        };
        if let Ok(room) = <&mut [u8; FIELD]>::try_from(&mut *field)
            && let Some(made) = fast(number)
        {
            *room = made;
        } else {
            slowly(number, decimals, field);
        }
    };
    let width = decimals + (FIELD - 6);
    #[cfg(target_arch = "x86_64")]
    let done = real4_avx2::fill(raw, big, width, fields, one);
    #[cfg(not(target_arch = "x86_64"))]
    let done = 0;
    let (numbers, _) = raw.as_chunks();
    let fields = fields.chunks_exact_mut(width);
    for (raw, field) in numbers.iter().zip(fields).skip(done) {
        one(raw, field);
    }
}

/// None for infinities and NaN, for what rounds up to the next power of ten,
/// and near ties that are not decided here.
#[inline(always)]
fn fast(number: f32) -> Option<[u8; FIELD]> {
    let size = f64::from(number.abs());
    let row = TABLE.get((size.to_bits() >> 52).saturating_sub(BEFORE_LEAST) as usize)?;
    let [below, above] = &row.scales;
    let scale = if size >= row.edge { above } else { below };
    let scaled = size * scale.factor;
    let rounded = scaled + ROUNDS;
    let off = (scaled - (rounded - ROUNDS)).abs();
    let digits = match off > CLOSE {
        true => near_tie(size, scaled, scale.unit)?,
        false => rounded.to_bits() as u32,
    };
    if digits >= 10_000_000 {
        return None;
    }
    let sign = if number.is_sign_negative() {
        b'-'
    } else {
        b' '
    };
    let all = eight(digits);
    let front = u64::from(sign) | all & 0xff00 | u64::from(b'.') << 16 | all >> 16 << 24;
    let behind = all >> 56 | scale.exponent << 8;
    let mut field = [0; FIELD];
    *field.first_chunk_mut()? = front.to_le_bytes();
    // Bytes 6 to 13.
    *field.last_chunk_mut()? = (front >> 48 | behind << 16).to_le_bytes();
    Some(field)
}

/// The digits of a number whose last digit counts so much that whole numbers
/// are often ties: both sides are exact.
#[inline]
fn near_tie(size: f64, scaled: f64, unit: f64) -> Option<u32> {
    let below = scaled as u32;
    let tie = f64::from(below * 2 + 1) * unit;
    match (size * 2.0).partial_cmp(&tie)? {
        Ordering::Less => Some(below),
        Ordering::Equal => Some(below + (below & 1)),
        Ordering::Greater => Some(below + 1),
    }
}

/// What is not fast, and all that is not of seven digits.
#[inline(never)]
fn slowly(number: f32, decimals: usize, field: &mut [u8]) {
    if let Some((blank, text)) = field.split_last_mut() {
        exponent_field(f64::from(number), decimals, text);
        *blank = b' ';
    }
}
