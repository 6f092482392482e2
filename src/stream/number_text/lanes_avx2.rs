//! What is common to eight four-byte reals at a time, for processors with AVX2.

use std::arch::x86_64::*;

/// Reals that are made at a time.
pub(super) const LANES: usize = 8;
pub(super) type Raw = [[u8; 4]; LANES];

/// What makes numbers of the bytes of each real, the last byte first or last.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn byte_order(big: bool) -> __m256i {
    _mm256_broadcastsi128_si256(match big {
        true => _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12),
        false => _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    })
}

/// The bits of each real.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn words(raw: &Raw, order: __m256i) -> __m256i {
    let [w0, w1, w2, w3, w4, w5, w6, w7] = raw.map(i32::from_le_bytes);
    let words = _mm256_setr_epi32(w0, w1, w2, w3, w4, w5, w6, w7);
    _mm256_shuffle_epi8(words, order)
}

/// Each lane as a number.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn lanes(register: __m256i) -> [u32; LANES] {
    let pairs = [
        _mm256_extract_epi64::<0>(register),
        _mm256_extract_epi64::<1>(register),
        _mm256_extract_epi64::<2>(register),
        _mm256_extract_epi64::<3>(register),
    ];
    let [a, b, c, d] = pairs.map(|pair| [pair as u32, (pair >> 32) as u32]);
    [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]]
}

/// Doubles of eight reals in two registers, from which [`low_halves`] gives back
/// their order.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn doubles(reals: __m256i) -> (__m256d, __m256d) {
    let reals = _mm256_castsi256_ps(_mm256_permute4x64_epi64::<0b11_01_10_00>(reals));
    (
        _mm256_cvtps_pd(_mm256_castps256_ps128(reals)),
        _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(reals)),
    )
}

/// What a table has for each lane, in the order of [`doubles`].
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn chosen(table: &[f64; 256], at: __m256i) -> (__m256d, __m256d) {
    let entry = |at: u32| table.get((at & 255) as usize).copied().unwrap_or_default();
    // No array of entries: that is made in memory, and read back before it is there.
    let [a0, a1, a2, a3, a4, a5, a6, a7] = lanes(at);
    (
        _mm256_setr_pd(entry(a0), entry(a1), entry(a4), entry(a5)),
        _mm256_setr_pd(entry(a2), entry(a3), entry(a6), entry(a7)),
    )
}

/// The low halves of doubles, in the order of the reals.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn low_halves(front: __m256d, back: __m256d) -> __m256i {
    let (front, back) = (_mm256_castpd_ps(front), _mm256_castpd_ps(back));
    _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(front, back))
}

/// High halves of the products of numbers and a factor, moved on so many bits.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn high_product<const BEHIND: i32, const LESS: i32>(
    number: __m256i,
    factor: i32,
) -> __m256i {
    const { assert!(BEHIND - LESS == 32) };
    let factor = _mm256_set1_epi32(factor);
    let even = _mm256_srli_epi64::<BEHIND>(_mm256_mul_epu32(number, factor));
    let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(number), factor);
    _mm256_blend_epi32::<0b1010_1010>(even, _mm256_srli_epi64::<LESS>(odd))
}

/// The digits of numbers of four digits, two in each lane, the first in the low
/// half. Two registers: of the first, second, fifth and sixth lane, and of the others.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn digits_of_fours(fours: __m256i) -> (__m256i, __m256i) {
    let high = _mm256_srli_epi16::<3>(_mm256_mulhi_epu16(fours, _mm256_set1_epi16(5243)));
    let low = _mm256_sub_epi16(fours, _mm256_mullo_epi16(high, _mm256_set1_epi16(100)));
    let zeros = _mm256_set1_epi8(b'0' as i8);
    (
        _mm256_or_si256(pairs(_mm256_unpacklo_epi16(high, low)), zeros),
        _mm256_or_si256(pairs(_mm256_unpackhi_epi16(high, low)), zeros),
    )
}

/// `07+` in each lane: an exponent of two digits, its sign, and a byte of zero.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn signed(exponent: __m256i) -> __m256i {
    let digits = pairs(_mm256_abs_epi32(exponent));
    // From `+` to `-` it is two.
    let negative = _mm256_and_si256(
        _mm256_srai_epi32::<31>(exponent),
        _mm256_set1_epi32(2 << 16),
    );
    let text = _mm256_set1_epi32(i32::from_le_bytes(*b"00+\0"));
    _mm256_add_epi32(_mm256_or_si256(digits, text), negative)
}

/// The tens of each number below 100, and behind them the ones.
#[inline]
#[target_feature(enable = "avx2")]
fn pairs(twos: __m256i) -> __m256i {
    let tens = _mm256_mulhi_epu16(twos, _mm256_set1_epi16(6554));
    // tens + 256 * (twos - 10 * tens)
    _mm256_sub_epi16(
        _mm256_slli_epi16::<8>(twos),
        _mm256_mullo_epi16(tens, _mm256_set1_epi16(2559)),
    )
}
