//! A number as so many significant digits and an exponent.

use std::cmp::Ordering;

use super::powers::{binary_exponent, decimal_exponent, is_exact, power};

/// `digits * 10^(exponent - count + 1)`, where `digits` has `count` digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: u64,
    pub(super) exponent: i32,
}

/// Powers of ten that an integer holds.
#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
pub(super) const TENS: [u64; 20] = {
    let mut tens = [1; 20];
    let mut at = 1;
    while at < 20 {
        tens[at] = tens[at - 1] * 10;
        at += 1;
    }
    tens
};

/// 10^exponent, for exponents up to 19.
#[inline(always)]
pub(super) fn ten(exponent: u32) -> u64 {
    TENS.get(exponent as usize).copied().unwrap_or(u64::MAX)
}

/// A number above zero rounded to `count` significant digits, 1 to 18, a tie to
/// the even one, as printf does.
#[inline(always)]
pub(super) fn decimal(value: f64, count: u32) -> Decimal {
    let (mantissa, binary) = normal(value);
    let exponent = exponent_of(mantissa, binary);
    let scale = count as i32 - 1 - exponent;
    let power = power(scale);
    // The product has 192 bits; those behind the point of the result begin
    // `behind` bits above the last 64.
    let behind = 127 - 64 - (binary - 63) - binary_exponent(scale);
    let product = u128::from(mantissa) * u128::from(power.low);
    let (lowest, carry) = (product as u64, product >> 64);
    let product = u128::from(mantissa) * u128::from(power.high) + carry;
    if !(65..128).contains(&behind) {
        return exactly(value, count);
    }
    let whole = (product >> behind) as u64;
    let rest = product << (128 - behind);
    let up = if is_exact(scale) {
        const HALF: u128 = 1 << 127;
        let tie = rest == HALF && lowest == 0;
        rest >= HALF && !(tie && whole.is_multiple_of(2))
    } else {
        // The power is less than it should be, by less than its last bit: the
        // first 64 bits of the rest are right or one too few.
        let rest = (rest >> 64) as u64;
        if rest == u64::MAX >> 1 {
            match rounds_up(value, whole, scale) {
                Some(up) => up,
                None => return exactly(value, count),
            }
        } else {
            rest > u64::MAX >> 1
        }
    };
    let digits = whole + u64::from(up);
    match digits == ten(count) {
        false => Decimal { digits, exponent },
        true => Decimal {
            digits: ten(count - 1),
            exponent: exponent + 1,
        },
    }
}

/// Whether `value * 10^scale`, of which `whole` is the whole part, is rounded
/// up; for numbers that are whole themselves, so that many of them are ties.
#[cold]
fn rounds_up(value: f64, whole: u64, scale: i32) -> Option<bool> {
    let unit = match scale {
        -19..0 => ten(scale.unsigned_abs()),
        _ => return None,
    };
    if value >= 9e18 {
        return None;
    }
    let cut = value as u64;
    let twice = u128::from(cut) * 2;
    let odd = (u128::from(whole) * 2 + 1) * u128::from(unit);
    let is_above = value > cut as f64;
    Some(match twice.cmp(&odd) {
        // Both are even: a fraction, twice that, does not reach the other.
        Ordering::Less => false,
        Ordering::Equal => is_above || whole % 2 == 1,
        Ordering::Greater => true,
    })
}

/// `mantissa * 2^(binary - 63)`, the first bit of the mantissa set.
#[inline(always)]
fn normal(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let (mantissa, exponent) = match exponent {
        0 => (fraction, 1),
        _ => (fraction | 1 << 52, exponent),
    };
    let unused = mantissa.leading_zeros();
    (
        mantissa << (unused & 63),
        exponent - 1023 + 11 - unused as i32,
    )
}

/// The decimal exponent: that of the first bit, or one more.
#[inline(always)]
fn exponent_of(mantissa: u64, binary: i32) -> i32 {
    let least = decimal_exponent(binary);
    let next = power(least + 1);
    let reached = binary_exponent(least + 1) == binary
        && (mantissa > next.high || (mantissa == next.high && next.low == 0));
    least + i32::from(reached)
}

/// The same by long arithmetic.
#[cold]
fn exactly(value: f64, count: u32) -> Decimal {
    let text = format!("{value:.*e}", count as usize - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    Decimal {
        digits: digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')),
        exponent: exponent.parse().unwrap_or(0),
    }
}
