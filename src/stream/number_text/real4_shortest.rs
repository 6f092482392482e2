//! The fewest digits that read back as the same four-byte real, a row of
//! numbers at a time.
//!
//! The step from a real to the next lies between two powers of ten. What is
//! nearer to a number than half a step reads back the same: of the multiples of
//! the greater power that is one at most, with fewer digits than any other;
//! where it is none, the nearest multiple of the lesser power will do. In a
//! double both are seen clearly, and where it is too close to tell, or the
//! digits are nine, nothing is decided here. All else is done without branches,
//! since nobody can foretell the numbers.

#![allow(unsafe_code)]

use std::hint::select_unpredictable;
use std::ops::RangeInclusive;

use super::digits::{ZEROS, eight};
use super::powers::decimal_exponent;
use super::real4::{ROUNDS, ten_to};

/// What a double is wrong by, and much more: a number in steps is below 2 * 10^8.
const CLOSE: f64 = 1e-6;

/// Room for a number, and for what is written behind it before it is cut off.
const ROOM: usize = 32;

/// Numbers that are made at a time.
const LANES: usize = 8;

/// How numbers from one power of two to the next are scaled.
#[derive(Clone, Copy)]
struct Scale {
    /// Makes multiples of the lesser power of ten of them.
    factor: f64,
    /// Half the step from one to the next, scaled.
    half: f64,
    /// The form of eight digits in front of that power.
    form: u64,
}

/// Of infinities and NaN nothing is true.
const NONE: Scale = Scale {
    factor: f64::NAN,
    half: f64::NAN,
    form: 0,
};

/// By exponent bits.
static SCALES: [Scale; 256] = scales();

#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn scales() -> [Scale; 256] {
    let mut scales = [NONE; 256];
    let mut at = 0;
    while at < 255 {
        let step = at as i32 - 150;
        let exponent = decimal_exponent(step);
        let factor = ten_to(-exponent);
        scales[at] = Scale {
            factor,
            half: factor * f64::from_bits(((step - 1 + 1023) as u64) << 52),
            form: (exponent + 7 - LEAST) as u64,
        };
        at += 1;
    }
    scales
}

/// How eight digits are written, by the exponent of the first.
#[derive(Clone, Copy)]
struct Form {
    /// `0.` and zeros, where that stands in front; the first byte is the lowest.
    front: u64,
    front_length: usize,
    /// The digits before the point.
    before: u64,
    point: u64,
    has_point: usize,
    /// Digits that are written in any case: all before the point.
    least: usize,
    /// Zeros behind eight digits.
    behind: u64,
    exponent: u32,
    exponent_length: usize,
}

/// The exponent that the first form is for: that of the least real.
const LEAST: i32 = -45;

/// The form of zero.
const ZERO_FORM: u64 = LEAST.unsigned_abs() as u64;

/// Exponents of numbers without one.
const PLAIN: RangeInclusive<i32> = -6..=12;

static FORMS: [Form; 84] = forms();

#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn forms() -> [Form; 84] {
    let mut forms = [form(0); 84];
    let mut at = 0;
    while at < forms.len() {
        forms[at] = form(at as i32 + LEAST);
        at += 1;
    }
    forms
}

const fn form(decimal: i32) -> Form {
    let is_plain = *PLAIN.start() <= decimal && decimal <= *PLAIN.end();
    // Digits before the point.
    let point = if is_plain { decimal + 1 } else { 1 };
    let (exponent, exponent_length) = if is_plain { (0, 0) } else { exponent(decimal) };
    let blank = Form {
        front: 0,
        front_length: 0,
        before: u64::MAX,
        point: 0,
        has_point: 0,
        least: 0,
        behind: 0,
        exponent,
        exponent_length,
    };
    match point {
        ..=0 => {
            let length = 2 + point.unsigned_abs() as usize;
            Form {
                front: ZEROS >> (64 - 8 * length) & !0xff00 | (b'.' as u64) << 8,
                front_length: length,
                ..blank
            }
        }
        1..=7 => Form {
            before: (1 << (8 * point)) - 1,
            point: (b'.' as u64) << (8 * point),
            has_point: 1,
            least: point as usize,
            ..blank
        },
        _ => Form {
            least: point as usize,
            behind: ZEROS,
            ..blank
        },
    }
}

/// `e31`, `e-7`, and how many bytes.
const fn exponent(decimal: i32) -> (u32, usize) {
    let size = decimal.unsigned_abs();
    let (tens, ones) = (b'0' as u32 + size / 10, b'0' as u32 + size % 10);
    let (digits, count) = match size {
        0..=9 => (ones, 1),
        _ => (tens | ones << 8, 2),
    };
    match decimal < 0 {
        true => (b'e' as u32 | (b'-' as u32) << 8 | digits << 16, 2 + count),
        false => (b'e' as u32 | digits << 8, 1 + count),
    }
}

/// Appends numbers of four bytes each as [`shortest`](super::shortest) writes
/// them, but without a plus sign in the exponent, as many formats want it; a
/// delimiter before each.
///
/// `other` appends those in the range `except`, infinities and NaN, and the few
/// that are not decided here.
pub fn real4_shortest(
    raw: &[u8],
    big: bool,
    delimiter: u8,
    except: &RangeInclusive<f32>,
    out: &mut Vec<u8>,
    other: impl FnMut(f32, &mut Vec<u8>),
) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("bmi2")
        && std::is_x86_feature_detected!("lzcnt")
    {
        // SAFETY: the function is safe code; the one thing that calling it
        // demands is a processor with these features, which was asked above.
        unsafe { with_avx2(raw, big, delimiter, except, out, other) };
        return;
    }
    both(raw, big, delimiter, except, out, other);
}

/// The same code, made for processors with wide registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi2,lzcnt")]
fn with_avx2(
    raw: &[u8],
    big: bool,
    delimiter: u8,
    except: &RangeInclusive<f32>,
    out: &mut Vec<u8>,
    other: impl FnMut(f32, &mut Vec<u8>),
) {
    both(raw, big, delimiter, except, out, other);
}

#[inline(always)]
fn both(
    raw: &[u8],
    big: bool,
    delimiter: u8,
    except: &RangeInclusive<f32>,
    out: &mut Vec<u8>,
    mut other: impl FnMut(f32, &mut Vec<u8>),
) {
    let (numbers, _) = raw.as_chunks();
    for numbers in numbers.chunks(LANES) {
        let mut group = [[0; 4]; LANES];
        match numbers.try_into() {
            Ok(whole) => group = whole,
            Err(_) => group
                .iter_mut()
                .zip(numbers)
                .for_each(|(to, from)| *to = *from),
        }
        let bits = match big {
            true => group.map(u32::from_be_bytes),
            false => group.map(u32::from_le_bytes),
        };
        let decided = decide(&bits, except);
        let lanes = bits.iter().zip(decided.texts).zip(decided.forms);
        let mut end = out.len();
        out.resize(end + LANES * ROOM, 0);
        for ((&bits, text), form) in lanes.take(numbers.len()) {
            let room = out.get_mut(end..).and_then(|room| room.first_chunk_mut());
            let made = room.and_then(|room| write(bits, text, form, delimiter, room));
            if let Some(length) = made {
                end += length;
                continue;
            }
            out.truncate(end);
            out.push(delimiter);
            other(f32::from_bits(bits), out);
            end = out.len();
            out.resize(end + LANES * ROOM, 0);
        }
        out.truncate(end);
    }
}

/// Eight digits of each number as text, behind the last that counts zeros, and
/// which form is theirs: none where it is not decided.
struct Decided {
    texts: [u64; LANES],
    forms: [u64; LANES],
}

/// The digits of a group of numbers. Loops over arrays, each of one step, are
/// what compilers make wide instructions of.
#[inline(always)]
#[allow(clippy::indexing_slicing, clippy::needless_range_loop)] // All arrays are as long as the loops.
fn decide(bits: &[u32; LANES], except: &RangeInclusive<f32>) -> Decided {
    let mut factor = [0.0; LANES];
    let mut half = [0.0; LANES];
    let mut form = [0; LANES];
    for at in 0..LANES {
        let scale = &SCALES[usize::from((bits[at] >> 23) as u8)];
        (factor[at], half[at], form[at]) = (scale.factor, scale.half, scale.form);
    }
    let (low, high) = (f64::from(*except.start()), f64::from(*except.end()));
    let mut scaled = [0.0; LANES];
    let mut special = [0u64; LANES];
    let mut zero = [0u64; LANES];
    let mut even = [0u64; LANES];
    for at in 0..LANES {
        let number = f64::from(f32::from_bits(bits[at]));
        scaled[at] = number.abs() * factor[at];
        special[at] = mask(number >= low) & mask(number <= high);
    }
    for at in 0..LANES {
        let bits = u64::from(bits[at]);
        zero[at] = mask(bits & 0x7fff_ffff == 0);
        // What has fewer bits than others has wider steps.
        special[at] |= mask(bits & 0x7f80_0000 == 0) & !zero[at];
        // Below a power of two the step is half as wide.
        even[at] = mask(bits & 0x007f_ffff == 0);
    }
    // The nearest multiples of the greater power and of the lesser, in the
    // lowest bits too.
    let mut digits = [0u64; LANES];
    for at in 0..LANES {
        let greater = scaled[at] * 0.1 + ROUNDS;
        let lesser = scaled[at] + ROUNDS;
        let greater_off = (scaled[at] - (greater - ROUNDS) * 10.0).abs();
        let lesser_off = (scaled[at] - (lesser - ROUNDS)).abs();
        let half = half[at] - f64::from_bits((half[at] * 0.5).to_bits() & even[at]);
        let is_greater = mask(greater_off < half - CLOSE);
        let is_lesser = mask(greater_off > half + CLOSE)
            & mask(lesser_off < 0.5 - CLOSE)
            & mask(lesser < ROUNDS + 1e8)
            & !even[at];
        let chosen = greater.to_bits() & is_greater | lesser.to_bits() & !is_greater;
        digits[at] = chosen & 0xffff_ffff;
        special[at] |= !(is_greater | is_lesser);
        form[at] = form[at].wrapping_sub(is_greater);
    }
    let mut texts = [0; LANES];
    for at in 0..LANES {
        // The first of eight digits, or the first two, may be zeros.
        let seven = mask((digits[at] as i64) < 10_000_000);
        let six = mask((digits[at] as i64) < 1_000_000);
        texts[at] = eight(digits[at] as u32) >> ((seven & 8) + (six & 8)) | ZEROS;
        let usual = form[at].wrapping_add(seven).wrapping_add(six);
        form[at] = usual & !zero[at] | ZERO_FORM & zero[at] | special[at];
    }
    Decided { texts, forms: form }
}

/// All bits, or none.
#[inline(always)]
fn mask(is: bool) -> u64 {
    u64::from(is).wrapping_neg()
}

/// Writes a delimiter and a number; how many bytes. None where it is not decided.
#[inline(always)]
fn write(bits: u32, text: u64, form: u64, delimiter: u8, room: &mut [u8; ROOM]) -> Option<usize> {
    let form = FORMS.get(form as usize)?;
    let count = 8 - ((text ^ ZEROS).leading_zeros() / 8) as usize;
    let negative = u64::from(bits >> 31);
    let front = (form.front << (8 * negative)) | (negative * u64::from(b'-'));
    let moved = text & !form.before;
    let first = text & form.before | form.point | moved << 8;
    let second = moved >> 56 | form.behind;
    let length = select_unpredictable(count > form.least, count + form.has_point, form.least);

    let [place, rest @ ..] = room;
    *place = delimiter;
    *rest.first_chunk_mut()? = front.to_le_bytes();
    let at = form.front_length + negative as usize;
    let rest = rest.get_mut(at..)?;
    let (place, behind) = rest.split_first_chunk_mut()?;
    *place = first.to_le_bytes();
    *behind.first_chunk_mut()? = second.to_le_bytes();
    *rest.get_mut(length..)?.first_chunk_mut()? = form.exponent.to_le_bytes();
    Some(1 + at + length + form.exponent_length)
}
