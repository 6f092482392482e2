//! The fewest digits of eight four-byte reals at a time, for processors with AVX2.
//!
//! A real is scaled by a power of ten so that the step to the next real is from
//! 1 to 10. Then the nearest whole number reads back the same, and of the
//! multiples of ten one at most; where it does it is taken, and has no more
//! digits than its zeros leave. A real has 24 bits and a double 53: the scaled
//! real is exact or wrong by less than 1e-7. Lanes that are nearer to an edge
//! than 1e-6 are left to the library, and so are powers of two, whose
//! neighbour below is nearer, unless they are a multiple of ten.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::cells::Real4Cells;
use super::layouts::{BARE, BRIEF, LAYOUTS, LEAST_PLAIN, LENGTHS, LONG, PLAIN, TABLE};
use super::powers::decimal_exponent;
use super::real4::ten_to;
use super::real4_avx2::{LANES, Raw, digits_of_eight, halves, text_of};

/// Nearer to an edge than this, a scaled real may be beyond it.
const CLOSE: f64 = 1e-6;

/// What a real is scaled by, by its exponent bits.
static FACTORS: [f64; 256] = factors();

#[allow(clippy::indexing_slicing)]
const fn factors() -> [f64; 256] {
    let mut factors = [0.0; 256];
    let mut at = 0;
    while at < 256 {
        factors[at] = ten_to(-decimal_exponent(at as i32 - 150));
        at += 1;
    }
    factors
}

/// Writes the cells of as many groups of eight reals as there are; how many
/// reals and bytes that were. None on other processors.
pub(super) fn fill(
    raw: &[[u8; 4]],
    big: bool,
    cells: &Real4Cells,
    room: &mut [u8],
) -> (usize, usize) {
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("lzcnt") {
        // SAFETY: the function is safe code; the one thing that calling it
        // demands is a processor with AVX2, which the line above has found.
        return unsafe { with_avx2(raw, big, cells, room) };
    }
    (0, 0)
}

#[target_feature(enable = "avx2,lzcnt")]
fn with_avx2(raw: &[[u8; 4]], big: bool, cells: &Real4Cells, room: &mut [u8]) -> (usize, usize) {
    let (groups, _) = raw.as_chunks();
    let mut at = 0;
    for raw in groups {
        let group = match big {
            true => Group::new::<true>(raw, cells),
            false => Group::new::<false>(raw, cells),
        };
        group.write(raw, big, cells, room, &mut at);
    }
    (groups.len() * LANES, at)
}

/// Room for eight cells of at most 21 bytes, and for what is written beyond.
type Window = [u8; 640];

/// Eight reals on their way.
struct Group {
    /// Two in each: the first and the fifth, the second and the sixth ...
    texts: [__m256i; 4],
    /// Sixteen times the class, and the sign as the highest bit.
    classes: __m256i,
    /// A bit for each lane that is written another way.
    odd: u32,
}

impl Group {
    #[inline]
    #[target_feature(enable = "avx2,lzcnt")]
    fn new<const BIG: bool>(raw: &Raw, cells: &Real4Cells) -> Group {
        let words = raw.map(|raw| match BIG {
            true => u32::from_be_bytes(raw),
            false => u32::from_le_bytes(raw),
        });
        let [b0, b1, b2, b3, b4, b5, b6, b7] = words.map(|word| word as i32);
        let bits = _mm256_setr_epi32(b0, b1, b2, b3, b4, b5, b6, b7);
        let size = _mm256_and_si256(bits, _mm256_set1_epi32(i32::MAX));
        let raised = _mm256_srli_epi32::<23>(size);

        let factor = |word: u32| {
            let at = usize::from((word >> 23) as u8);
            FACTORS.get(at).copied().unwrap_or_default()
        };
        let [f0, f1, f2, f3, f4, f5, f6, f7] = words.map(factor);
        let front = _mm256_cvtps_pd(_mm_castsi128_ps(_mm256_castsi256_si128(size)));
        let back = _mm256_cvtps_pd(_mm_castsi128_ps(_mm256_extracti128_si256::<1>(size)));
        let front = Scaled::new(front, _mm256_setr_pd(f0, f1, f2, f3));
        let back = Scaled::new(back, _mm256_setr_pd(f4, f5, f6, f7));
        let whole = _mm256_set_m128i(back.whole, front.whole);
        let close = halves(front.close, back.close);
        let unsure = halves(front.unsure, back.unsure);

        // The exponent that the real is scaled by, and the real's own, of nine digits.
        let scale = _mm256_sub_epi32(raised, _mm256_set1_epi32(150));
        let scale = _mm256_mullo_epi32(scale, _mm256_set1_epi32(315_653));
        let scale = _mm256_srai_epi32::<20>(scale);
        let eight = _mm256_cmpgt_epi32(_mm256_set1_epi32(100_000_000), whole);
        let seven = _mm256_cmpgt_epi32(_mm256_set1_epi32(10_000_000), whole);
        let exponent = _mm256_add_epi32(scale, _mm256_set1_epi32(8));
        let exponent = _mm256_add_epi32(exponent, _mm256_add_epi32(eight, seven));
        let factor = _mm256_blendv_epi8(_mm256_set1_epi32(1), _mm256_set1_epi32(10), eight);
        let factor = _mm256_blendv_epi8(factor, _mm256_set1_epi32(100), seven);
        let nine = _mm256_mullo_epi32(whole, factor);
        let zero = _mm256_cmpeq_epi32(size, _mm256_setzero_si256());
        let exponent = _mm256_andnot_si256(zero, exponent);

        // From 10^0 to 10^12 products are exact, and so are edges.
        let inexact = _mm256_or_si256(
            _mm256_cmpgt_epi32(scale, _mm256_setzero_si256()),
            _mm256_cmpgt_epi32(_mm256_set1_epi32(-12), scale),
        );
        let tiny = _mm256_cmpgt_epi32(_mm256_set1_epi32(1 << 23), size);
        let special = _mm256_or_si256(
            _mm256_cmpgt_epi32(size, _mm256_set1_epi32(0x7f7f_ffff)),
            _mm256_andnot_si256(zero, tiny),
        );
        let undecided = _mm256_or_si256(unsure, _mm256_and_si256(close, inexact));
        let odd = _mm256_or_si256(undecided, special);
        let value = _mm256_castsi256_ps(bits);
        let is_fill = _mm256_and_ps(
            _mm256_cmp_ps::<_CMP_GE_OQ>(value, _mm256_set1_ps(cells.fill.0)),
            _mm256_cmp_ps::<_CMP_LE_OQ>(value, _mm256_set1_ps(cells.fill.1)),
        );
        let odd = _mm256_or_ps(_mm256_castsi256_ps(odd), is_fill);

        let sign = _mm256_slli_epi32::<31>(_mm256_srli_epi32::<31>(bits));
        Group {
            texts: texts(nine, exponent),
            classes: _mm256_or_si256(_mm256_slli_epi32::<4>(class(exponent, cells.strict)), sign),
            odd: _mm256_movemask_ps(odd) as u32,
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,lzcnt")]
    fn write(self, raw: &Raw, big: bool, cells: &Real4Cells, room: &mut [u8], at: &mut usize) {
        let [v0, v1, v2, v3] = self.texts;
        let (low, high) = (
            _mm256_castsi256_si128(self.classes),
            _mm256_extracti128_si256::<1>(self.classes),
        );
        let (m0, m1, m2, m3) = (marks(v0), marks(v1), marks(v2), marks(v3));
        let (c01, c23) = (
            _mm_cvtsi128_si64(low) as u64,
            _mm_extract_epi64::<1>(low) as u64,
        );
        let (c45, c67) = (
            _mm_cvtsi128_si64(high) as u64,
            _mm_extract_epi64::<1>(high) as u64,
        );
        let lanes = [
            (_mm256_castsi256_si128(v0), m0 as u16, c01 as u32),
            (_mm256_castsi256_si128(v1), m1 as u16, (c01 >> 32) as u32),
            (_mm256_castsi256_si128(v2), m2 as u16, c23 as u32),
            (_mm256_castsi256_si128(v3), m3 as u16, (c23 >> 32) as u32),
            (
                _mm256_extracti128_si256::<1>(v0),
                (m0 >> 16) as u16,
                c45 as u32,
            ),
            (
                _mm256_extracti128_si256::<1>(v1),
                (m1 >> 16) as u16,
                (c45 >> 32) as u32,
            ),
            (
                _mm256_extracti128_si256::<1>(v2),
                (m2 >> 16) as u16,
                c67 as u32,
            ),
            (
                _mm256_extracti128_si256::<1>(v3),
                (m3 >> 16) as u16,
                (c67 >> 32) as u32,
            ),
        ];
        if self.odd == 0 {
            let window = room.get_mut(*at..).and_then(|room| room.first_chunk_mut());
            if let Some(window) = window {
                let mut end = 0;
                for (text, marks, class) in lanes {
                    end = put(text, marks, class, cells, window, end);
                }
                *at += end;
            }
            return;
        }
        for (lane, ((text, marks, class), raw)) in lanes.into_iter().zip(raw).enumerate() {
            if self.odd >> lane & 1 == 1 {
                cells.one(raw, big, room, at);
                continue;
            }
            let window = room.get_mut(*at..).and_then(|room| room.first_chunk_mut());
            if let Some(window) = window {
                *at += put(text, marks, class, cells, window, 0);
            }
        }
    }
}

/// Four reals as whole numbers.
struct Scaled {
    whole: __m128i,
    /// Where it is close to an edge which of the whole numbers is right.
    close: __m256d,
    /// Powers of two, whose neighbour below is nearer, and which are no
    /// multiple of ten.
    unsure: __m256d,
}

impl Scaled {
    #[inline]
    #[target_feature(enable = "avx2,lzcnt")]
    fn new(real: __m256d, factor: __m256d) -> Scaled {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        let scaled = _mm256_mul_pd(real, factor);
        let tenth = _mm256_mul_pd(scaled, _mm256_set1_pd(0.1));
        let ten = _mm256_mul_pd(_mm256_round_pd::<NEAREST>(tenth), _mm256_set1_pd(10.0));
        let one = _mm256_round_pd::<NEAREST>(scaled);
        let off_ten = size(_mm256_sub_pd(scaled, ten));
        let off_one = size(_mm256_sub_pd(scaled, one));

        // Half a step to the next real: the power of two in it, by 2^24.
        let bits = _mm256_castpd_si256(real);
        let power = _mm256_and_si256(bits, _mm256_set1_epi64x(0x7ff << 52));
        let is_power = _mm256_cmp_pd::<_CMP_EQ_OQ>(real, _mm256_castsi256_pd(power));
        let half = _mm256_sub_epi64(power, _mm256_set1_epi64x(24 << 52));
        let half = _mm256_mul_pd(_mm256_castsi256_pd(half), factor);
        let half = _mm256_andnot_pd(is_power, half);
        // Half a step itself reads back as an even real, and not as an odd one.
        let odd = _mm256_and_si256(_mm256_srli_epi64::<29>(bits), _mm256_set1_epi64x(1));
        let reach = _mm256_sub_epi64(_mm256_castpd_si256(half), odd);
        let takes_ten = _mm256_cmp_pd::<_CMP_LE_OQ>(off_ten, _mm256_castsi256_pd(reach));

        let close_ten = size(_mm256_sub_pd(off_ten, half));
        let close_one = _mm256_sub_pd(_mm256_set1_pd(0.5), off_one);
        let close = _mm256_min_pd(close_ten, close_one);
        Scaled {
            whole: _mm256_cvtpd_epi32(_mm256_blendv_pd(one, ten, takes_ten)),
            close: _mm256_cmp_pd::<_CMP_LT_OQ>(close, _mm256_set1_pd(CLOSE)),
            unsure: _mm256_andnot_pd(takes_ten, is_power),
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn size(number: __m256d) -> __m256d {
    _mm256_andnot_pd(_mm256_set1_pd(-0.0), number)
}

/// The class of layouts of each exponent.
#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn class(exponent: __m256i, strict: bool) -> __m256i {
    let great = if strict { BARE } else { LONG };
    let plain = _mm256_sub_epi32(exponent, _mm256_set1_epi32(LEAST_PLAIN));
    let above = _mm256_cmpgt_epi32(plain, _mm256_set1_epi32(PLAIN - 1));
    let below = _mm256_cmpgt_epi32(_mm256_setzero_si256(), plain);
    let far_below = _mm256_cmpgt_epi32(_mm256_set1_epi32(-9), exponent);
    let class = _mm256_blendv_epi8(plain, _mm256_set1_epi32(BRIEF), below);
    let class = _mm256_blendv_epi8(class, _mm256_set1_epi32(great), above);
    _mm256_blendv_epi8(class, _mm256_set1_epi32(LONG), far_below)
}

/// All that texts are made of: nine digits, and the bytes behind them. Two
/// numbers a register.
#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn texts(nine: __m256i, exponent: __m256i) -> [__m256i; 4] {
    // Eight digits and the last one.
    let tens = _mm256_set1_epi32(0xcccc_cccd_u32 as i32);
    let even = _mm256_srli_epi64::<35>(_mm256_mul_epu32(nine, tens));
    let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(nine), tens);
    let odd = _mm256_slli_epi64::<32>(_mm256_srli_epi64::<35>(odd));
    let eight = _mm256_or_si256(even, odd);
    let last = _mm256_sub_epi32(nine, _mm256_mullo_epi32(eight, _mm256_set1_epi32(10)));
    let (first, second) = digits_of_eight(eight);
    let behind = _mm256_add_epi32(last, _mm256_set1_epi32(i32::from_le_bytes(*b"00. ")));
    let exponent = text_of(exponent);
    let first_behind = _mm256_unpacklo_epi32(behind, exponent);
    let second_behind = _mm256_unpackhi_epi32(behind, exponent);
    [
        _mm256_unpacklo_epi64(first, first_behind),
        _mm256_unpackhi_epi64(first, first_behind),
        _mm256_unpacklo_epi64(second, second_behind),
        _mm256_unpackhi_epi64(second, second_behind),
    ]
}

/// A bit for the first digit, and for each other one that is not zero.
#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn marks(text: __m256i) -> u32 {
    // No byte behind the digits is above the last.
    const Z: i8 = b'0' as i8;
    const N: i8 = i8::MAX;
    let zeros = _mm_setr_epi8(0, Z, Z, Z, Z, Z, Z, Z, Z, N, N, N, N, N, N, N);
    let above = _mm256_cmpgt_epi8(text, _mm256_broadcastsi128_si256(zeros));
    _mm256_movemask_epi8(above) as u32
}

/// Writes one number and the separator into the window at a place below 256;
/// the place behind them.
#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn put(
    text: __m128i,
    marks: u16,
    class: u32,
    cells: &Real4Cells,
    window: &mut Window,
    at: usize,
) -> usize {
    // The masks take nothing away: with them nothing is seen to be out of range.
    let kind = (class | marks.leading_zeros()) as usize & (TABLE - 1);
    let layout = LAYOUTS.get(kind).copied().unwrap_or_default();
    let length = LENGTHS.get(kind).copied().unwrap_or_default();
    let layout = _mm_set_epi64x(layout.high as i64, layout.low as i64);
    let text = _mm_shuffle_epi8(text, layout);
    let (front, back) = (
        _mm_cvtsi128_si64(text) as u64,
        _mm_extract_epi64::<1>(text) as u64,
    );
    let text = u128::from(back) << 64 | u128::from(front);
    let begin = at & 255;
    set(window, begin, [b'-']);
    let begin = begin + (class >> 31) as usize;
    set(window, begin, text.to_le_bytes());
    let end = begin + usize::from(length);
    set(window, end, cells.separator);
    end + cells.separator_length
}

#[inline]
fn set<const N: usize>(window: &mut Window, at: usize, bytes: [u8; N]) {
    if let Some(room) = window.get_mut(at..at + N) {
        room.copy_from_slice(&bytes);
    }
}
