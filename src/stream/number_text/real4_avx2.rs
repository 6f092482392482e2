//! Eight four-byte reals at a time, for processors with AVX2.
//!
//! The same arithmetic as beside it, in lanes. Lanes that it does not decide
//! are told to the caller.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::powers::decimal_exponent;
use super::real4::{CLOSE, FIELD, ten_to};

/// Reals, and bytes of their fields, that are made at a time.
pub(super) const LANES: usize = 8;
pub(super) type Raw = [[u8; 4]; LANES];
type Field = [u8; FIELD];
type Room = [Field; LANES];

/// What makes an integer of seven digits, or a little more, of a number, by its
/// exponent bits.
static FACTORS: [f64; 256] = factors();

#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn factors() -> [f64; 256] {
    let mut factors = [0.0; 256];
    let mut at = 0;
    while at < 256 {
        factors[at] = ten_to(6 - decimal_exponent(at as i32 - 127));
        at += 1;
    }
    factors
}

/// Fills the fields of as many groups of eight reals as there are; `again` is
/// called for each real that is to be written another way. How many reals are
/// done; none on other processors.
pub(super) fn fill(
    raw: &[u8],
    big: bool,
    fields: &mut [u8],
    again: impl FnMut(&[u8; 4], &mut Field),
) -> usize {
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the function is safe code; the one thing that calling it
        // demands is a processor with AVX2, which the line above has found.
        return unsafe { with_avx2(raw, big, fields, again) };
    }
    0
}

#[target_feature(enable = "avx2")]
fn with_avx2(
    raw: &[u8],
    big: bool,
    fields: &mut [u8],
    mut again: impl FnMut(&[u8; 4], &mut Field),
) -> usize {
    let (numbers, _) = raw.as_chunks();
    let (groups, _) = numbers.as_chunks();
    let (fields, _) = fields.as_chunks_mut();
    let (rooms, _) = fields.as_chunks_mut();
    let count = groups.len().min(rooms.len());
    for (raw, room) in groups.iter().zip(rooms) {
        let undecided = match big {
            true => group::<true>(raw, room),
            false => group::<false>(raw, room),
        };
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
fn group<const BIG: bool>(raw: &Raw, room: &mut Room) -> u32 {
    let words = raw.map(|raw| match BIG {
        true => u32::from_be_bytes(raw),
        false => u32::from_le_bytes(raw),
    });
    let [b0, b1, b2, b3, b4, b5, b6, b7] = words.map(|word| word as i32);
    let bits = _mm256_setr_epi32(b0, b1, b2, b3, b4, b5, b6, b7);
    let size = _mm256_and_si256(bits, _mm256_set1_epi32(i32::MAX));
    let raised = _mm256_srli_epi32::<23>(size);

    // Scaled to seven digits before the point, or nearly eight: those are
    // scaled again, and have an exponent more.
    let factor = |word: u32| {
        let at = usize::from((word >> 23) as u8);
        FACTORS.get(at).copied().unwrap_or_default()
    };
    let [f0, f1, f2, f3, f4, f5, f6, f7] = words.map(factor);
    let front = _mm256_cvtps_pd(_mm_castsi128_ps(_mm256_castsi256_si128(size)));
    let back = _mm256_cvtps_pd(_mm_castsi128_ps(_mm256_extracti128_si256::<1>(size)));
    let (front, front_over) = scaled(_mm256_mul_pd(front, _mm256_setr_pd(f0, f1, f2, f3)));
    let (back, back_over) = scaled(_mm256_mul_pd(back, _mm256_setr_pd(f4, f5, f6, f7)));
    let (front, front_close) = rounded(front);
    let (back, back_close) = rounded(back);
    let digits = _mm256_set_m128i(back, front);
    let over = halves(front_over, back_over);
    let close = halves(front_close, back_close);

    let exponent = _mm256_sub_epi32(raised, _mm256_set1_epi32(127));
    let exponent = _mm256_mullo_epi32(exponent, _mm256_set1_epi32(315_653));
    // `over` is -1 where it holds.
    let exponent = _mm256_sub_epi32(_mm256_srai_epi32::<20>(exponent), over);
    let zero = _mm256_cmpeq_epi32(size, _mm256_setzero_si256());
    let exponent = _mm256_andnot_si256(zero, exponent);

    // Infinities and NaN; numbers with fewer bits than others; eight digits.
    let tiny = _mm256_cmpgt_epi32(_mm256_set1_epi32(1 << 23), size);
    let special = _mm256_or_si256(
        _mm256_cmpgt_epi32(size, _mm256_set1_epi32(0x7f7f_ffff)),
        _mm256_andnot_si256(zero, tiny),
    );
    let eight = _mm256_cmpgt_epi32(digits, _mm256_set1_epi32(9_999_999));
    let undecided = _mm256_or_si256(_mm256_or_si256(close, special), eight);

    write(digits, text_of(exponent), signs(bits), room);
    _mm256_movemask_ps(_mm256_castsi256_ps(undecided)) as u32
}

/// Below 10^7 in each lane, and where it was not.
#[inline]
#[target_feature(enable = "avx2")]
fn scaled(number: __m256d) -> (__m256d, __m256d) {
    let over = _mm256_cmp_pd::<_CMP_GE_OQ>(number, _mm256_set1_pd(1e7));
    let tenth = _mm256_mul_pd(number, _mm256_set1_pd(0.1));
    (_mm256_blendv_pd(number, tenth, over), over)
}

/// Integers, and where they are close to a tie.
#[inline]
#[target_feature(enable = "avx2")]
fn rounded(number: __m256d) -> (__m128i, __m256d) {
    let digits = _mm256_cvtpd_epi32(number);
    let off = _mm256_sub_pd(number, _mm256_cvtepi32_pd(digits));
    let off = _mm256_andnot_pd(_mm256_set1_pd(-0.0), off);
    (
        digits,
        _mm256_cmp_pd::<_CMP_GT_OQ>(off, _mm256_set1_pd(CLOSE)),
    )
}

/// Two masks of four lanes as one of eight.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn halves(front: __m256d, back: __m256d) -> __m256i {
    let (front, back) = (_mm256_castpd_ps(front), _mm256_castpd_ps(back));
    let low = _mm256_castsi256_ps(_mm256_permute4x64_epi64::<0b11_01_10_00>(
        _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(front, back)),
    ));
    _mm256_castps_si256(low)
}

/// `e+07` in each lane.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn text_of(exponent: __m256i) -> __m256i {
    let size = _mm256_abs_epi32(exponent);
    let tens = _mm256_mullo_epi16(size, _mm256_set1_epi32(103));
    let tens = _mm256_srli_epi32::<10>(tens);
    let ones = _mm256_sub_epi32(size, _mm256_mullo_epi16(tens, _mm256_set1_epi32(10)));
    // From `+` to `-` it is two.
    let negative = _mm256_slli_epi32::<9>(_mm256_srli_epi32::<31>(exponent));
    let text = _mm256_set1_epi32(i32::from_le_bytes(*b"e+00"));
    let text = _mm256_add_epi32(text, negative);
    let digits = _mm256_or_si256(_mm256_slli_epi32::<16>(tens), _mm256_slli_epi32::<24>(ones));
    _mm256_add_epi32(text, digits)
}

/// Sign, point and blank in each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn signs(bits: __m256i) -> __m256i {
    // From a blank to `-` it is thirteen.
    let negative = _mm256_and_si256(_mm256_srai_epi32::<31>(bits), _mm256_set1_epi32(13));
    _mm256_add_epi32(_mm256_set1_epi32(i32::from_le_bytes(*b" . \0")), negative)
}

/// Numbers of seven digits, exponents and signs, put in their places.
#[inline]
#[target_feature(enable = "avx2")]
fn write(number: __m256i, exponent: __m256i, sign: __m256i, room: &mut Room) {
    let (first, second) = digits_of_eight(number);
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

/// The digits of numbers below 10^8, in two registers: of the first, second,
/// fifth and sixth number, and of the others.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn digits_of_eight(number: __m256i) -> (__m256i, __m256i) {
    // Two numbers of four digits in each lane, then four of two.
    let tenthousands = _mm256_set1_epi32(109_951_163);
    let even = _mm256_srli_epi64::<40>(_mm256_mul_epu32(number, tenthousands));
    let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(number), tenthousands);
    let odd = _mm256_slli_epi64::<32>(_mm256_srli_epi64::<40>(odd));
    let high = _mm256_or_si256(even, odd);
    let low = _mm256_sub_epi32(number, _mm256_mullo_epi32(high, _mm256_set1_epi32(10_000)));
    let fours = _mm256_or_si256(high, _mm256_slli_epi32::<16>(low));
    let high = _mm256_srli_epi16::<3>(_mm256_mulhi_epu16(fours, _mm256_set1_epi16(5243)));
    let low = _mm256_sub_epi16(fours, _mm256_mullo_epi16(high, _mm256_set1_epi16(100)));
    (
        digits(_mm256_unpacklo_epi16(high, low)),
        digits(_mm256_unpackhi_epi16(high, low)),
    )
}

/// Two digits of each number below 100.
#[inline]
#[target_feature(enable = "avx2")]
fn digits(twos: __m256i) -> __m256i {
    let tens = _mm256_mulhi_epu16(twos, _mm256_set1_epi16(6554));
    // tens + 256 * (twos - 10 * tens)
    let both = _mm256_sub_epi16(
        _mm256_slli_epi16::<8>(twos),
        _mm256_mullo_epi16(tens, _mm256_set1_epi16(2559)),
    );
    _mm256_or_si256(both, _mm256_set1_epi8(b'0' as i8))
}

/// Two fields out of one register.
#[inline]
#[target_feature(enable = "avx2")]
fn put(fields: __m256i, front: &mut Field, back: &mut Field) {
    // Bytes 0 to 7 of a field, and 6 to 13.
    let places = _mm_setr_epi8(12, 1, 13, 2, 3, 4, 5, 6, 5, 6, 7, 8, 9, 10, 11, 14);
    let text = _mm256_shuffle_epi8(fields, _mm256_broadcastsi128_si256(places));
    put_one(_mm256_castsi256_si128(text), front);
    put_one(_mm256_extracti128_si256::<1>(text), back);
}

#[inline]
#[target_feature(enable = "avx2")]
fn put_one(text: __m128i, field: &mut Field) {
    let (front, back) = (_mm_cvtsi128_si64(text), _mm_extract_epi64::<1>(text));
    if let Some(room) = field.first_chunk_mut() {
        *room = front.to_le_bytes();
    }
    if let Some(room) = field.last_chunk_mut() {
        *room = back.to_le_bytes();
    }
}
