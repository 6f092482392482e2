//! Eight four-byte reals at a time, for processors with AVX2.
//!
//! The same arithmetic as beside it, in lanes. Lanes that it does not decide
//! are told to the caller.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::lanes_avx2::{
    LANES, Raw, byte_order, chosen, digits_of_fours, doubles, high_product, low_halves, signed,
    words,
};
use super::powers::decimal_exponent;
use super::real4::{CLOSE, ROUNDS, ten_to};

/// Bytes of the widest field, of seven digits, and of the narrowest, of two.
const WIDEST: usize = 14;
const NARROWEST: usize = 9;

/// What makes an integer of seven digits, or a little more, of a number, by its
/// exponent bits. What has fewer bits than others, infinities and NaN become NaN.
static FACTORS: [f64; 256] = factors();

#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn factors() -> [f64; 256] {
    let mut factors = [f64::NAN; 256];
    let mut at = 1;
    while at < 255 {
        factors[at] = ten_to(6 - decimal_exponent(at as i32 - 127));
        at += 1;
    }
    factors
}

/// Fills fields of so many bytes with as many groups of eight reals as there are;
/// `again` is called for each real that is to be written another way. How many
/// reals are done; none on other processors, or for other widths.
pub(super) fn fill(
    raw: &[u8],
    big: bool,
    width: usize,
    fields: &mut [u8],
    again: impl FnMut(&[u8; 4], &mut [u8]),
) -> usize {
    if !std::is_x86_feature_detected!("avx2") {
        return 0;
    }
    // SAFETY: the functions are safe code; the one thing that calling them
    // demands is a processor with AVX2, which was asked above.
    unsafe {
        match width {
            NARROWEST => with_avx2::<NARROWEST>(raw, big, fields, again),
            10 => with_avx2::<10>(raw, big, fields, again),
            11 => with_avx2::<11>(raw, big, fields, again),
            12 => with_avx2::<12>(raw, big, fields, again),
            13 => with_avx2::<13>(raw, big, fields, again),
            WIDEST => with_avx2::<WIDEST>(raw, big, fields, again),
            _ => 0,
        }
    }
}

#[target_feature(enable = "avx2")]
fn with_avx2<const WIDTH: usize>(
    raw: &[u8],
    big: bool,
    fields: &mut [u8],
    mut again: impl FnMut(&[u8; 4], &mut [u8]),
) -> usize {
    let order = byte_order(big);
    let (numbers, _) = raw.as_chunks();
    let (groups, _) = numbers.as_chunks();
    let (fields, _) = fields.as_chunks_mut();
    let (rooms, _) = fields.as_chunks_mut();
    let count = groups.len().min(rooms.len());
    for (raw, room) in groups.iter().zip(rooms) {
        let undecided = group::<WIDTH>(raw, order, room);
        if undecided != 0 {
            for (lane, (number, field)) in raw.iter().zip(room).enumerate() {
                if undecided >> lane & 1 == 1 {
                    again(number, field);
                }
            }
        }
    }
    count * LANES
}

/// One group. A bit for each lane that is not decided.
#[inline]
#[target_feature(enable = "avx2")]
fn group<const WIDTH: usize>(raw: &Raw, order: __m256i, room: &mut [[u8; WIDTH]; LANES]) -> u32 {
    let bits = words(raw, order);
    let size = _mm256_and_si256(bits, _mm256_set1_epi32(i32::MAX));
    let raised = _mm256_srli_epi32::<23>(size);

    // Scaled to seven digits before the point, or nearly eight, which have an
    // exponent more; and then to as many as there are to be.
    let (front, back) = doubles(size);
    let (front_factor, back_factor) = chosen(&FACTORS, raised);
    let front = Scaled::new::<WIDTH>(front, front_factor);
    let back = Scaled::new::<WIDTH>(back, back_factor);
    let digits = low_halves(front.digits, back.digits);
    let over = low_halves(front.over, back.over);
    let close = low_halves(front.close, back.close);

    let least = _mm256_sub_epi32(raised, _mm256_set1_epi32(127));
    let least = _mm256_mullo_epi32(least, _mm256_set1_epi32(315_653));
    let least = _mm256_srai_epi32::<20>(least);
    let zero = _mm256_cmpeq_epi32(size, _mm256_setzero_si256());
    // `over` is -1 where it holds.
    let exponent = _mm256_andnot_si256(zero, _mm256_sub_epi32(least, over));
    let digits = _mm256_andnot_si256(zero, digits);
    let digits = _mm256_mullo_epi32(digits, _mm256_set1_epi32(const { unused(WIDTH) }));

    // Times 10^0 to 10^8 a real is exact, with at most twenty bits behind the
    // point. What that is divided by is exact too: a tie is one afterwards, and
    // what is none is too far from one to become it.
    let inexact = _mm256_or_si256(
        _mm256_cmpgt_epi32(least, _mm256_set1_epi32(6)),
        _mm256_cmpgt_epi32(_mm256_set1_epi32(-2), least),
    );
    let close = _mm256_andnot_si256(zero, _mm256_and_si256(close, inexact));
    let eight = _mm256_cmpgt_epi32(digits, _mm256_set1_epi32(9_999_999));
    let undecided = _mm256_or_si256(close, eight);

    write(digits, signed(exponent), signs(bits), room);
    _mm256_movemask_ps(_mm256_castsi256_ps(undecided)) as u32
}

/// Seven digits are this many times as much as those of a field.
const fn unused(width: usize) -> i32 {
    10i32.pow((WIDEST - width) as u32)
}

/// Four reals as whole numbers, in the low half of each.
struct Scaled {
    digits: __m256d,
    /// Where there were eight digits.
    over: __m256d,
    /// Where it is close to a tie.
    close: __m256d,
}

impl Scaled {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new<const WIDTH: usize>(real: __m256d, factor: __m256d) -> Scaled {
        let unused = const { unused(WIDTH) as f64 };
        let number = _mm256_mul_pd(real, factor);
        let over = _mm256_cmp_pd::<_CMP_GE_OQ>(number, _mm256_set1_pd(1e7));
        let (usual, more) = (_mm256_set1_pd(unused), _mm256_set1_pd(unused * 10.0));
        let number = _mm256_div_pd(number, _mm256_blendv_pd(usual, more, over));
        let rounds = _mm256_set1_pd(ROUNDS);
        let digits = _mm256_add_pd(number, rounds);
        let off = _mm256_sub_pd(number, _mm256_sub_pd(digits, rounds));
        let off = _mm256_andnot_pd(_mm256_set1_pd(-0.0), off);
        Scaled {
            digits,
            over,
            // NaN is close.
            close: _mm256_cmp_pd::<_CMP_NLE_UQ>(off, _mm256_set1_pd(CLOSE)),
        }
    }
}

/// Sign, point, blank and `e` in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn signs(bits: __m256i) -> __m256i {
    // From a blank to `-` it is thirteen.
    let negative = _mm256_and_si256(_mm256_srai_epi32::<31>(bits), _mm256_set1_epi32(13));
    _mm256_add_epi32(_mm256_set1_epi32(i32::from_le_bytes(*b" . e")), negative)
}

/// Numbers of seven digits, exponents and signs, put in their places.
#[inline]
#[target_feature(enable = "avx2")]
fn write<const WIDTH: usize>(
    number: __m256i,
    exponent: __m256i,
    sign: __m256i,
    room: &mut [[u8; WIDTH]; LANES],
) {
    let high = high_product::<40, 8>(number, 109_951_163);
    let low = _mm256_sub_epi32(number, _mm256_mullo_epi32(high, _mm256_set1_epi32(10_000)));
    let fours = _mm256_or_si256(high, _mm256_slli_epi32::<16>(low));
    let (first, second) = digits_of_fours(fours);
    // Each number's digits, then its exponent and sign: two numbers a register.
    let first_behind = _mm256_unpacklo_epi32(exponent, sign);
    let second_behind = _mm256_unpackhi_epi32(exponent, sign);
    let v0 = _mm256_unpacklo_epi64(first, first_behind);
    let v1 = _mm256_unpackhi_epi64(first, first_behind);
    let v2 = _mm256_unpacklo_epi64(second, second_behind);
    let v3 = _mm256_unpackhi_epi64(second, second_behind);
    let [r0, r1, r2, r3, r4, r5, r6, r7] = room;
    put(v0, r0, r4);
    put(v1, r1, r5);
    put(v2, r2, r6);
    put(v3, r3, r7);
}

/// Two fields out of one register.
#[inline]
#[target_feature(enable = "avx2")]
fn put<const WIDTH: usize>(fields: __m256i, front: &mut [u8; WIDTH], back: &mut [u8; WIDTH]) {
    let [first, last] = const { places(WIDTH) };
    let places = _mm_set_epi64x(last as i64, first as i64);
    let text = _mm256_shuffle_epi8(fields, _mm256_broadcastsi128_si256(places));
    put_one(_mm256_castsi256_si128(text), front);
    put_one(_mm256_extracti128_si256::<1>(text), back);
}

/// Where the first eight bytes of a field and the last eight are in a register:
/// sign, first digit, point, digits, exponent, blank.
#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn places(width: usize) -> [u64; 2] {
    let mut all = [0; WIDEST];
    (all[0], all[1], all[2]) = (12, 1, 13);
    let mut at = 3;
    while at < width - 5 {
        all[at] = at as u8 - 1;
        at += 1;
    }
    let behind = [15, 10, 8, 9, 14];
    while at < width {
        all[at] = behind[at + 5 - width];
        at += 1;
    }
    let (mut first, mut last) = ([0; 8], [0; 8]);
    let mut at = 0;
    while at < 8 {
        (first[at], last[at]) = (all[at], all[width - 8 + at]);
        at += 1;
    }
    [u64::from_le_bytes(first), u64::from_le_bytes(last)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn put_one<const WIDTH: usize>(text: __m128i, field: &mut [u8; WIDTH]) {
    let (front, back) = (_mm_cvtsi128_si64(text), _mm_extract_epi64::<1>(text));
    if let Some(room) = field.first_chunk_mut() {
        *room = front.to_le_bytes();
    }
    if let Some(room) = field.last_chunk_mut() {
        *room = back.to_le_bytes();
    }
}
