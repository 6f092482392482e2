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
use super::lanes_avx2::{
    LANES, Raw, byte_order, chosen, digits_of_fours, doubles, high_product, lanes, low_halves,
    signed, words,
};
use super::layouts::{FIRST, LAST, Layouts, STRICT, TABLE, USUAL};
use super::powers::decimal_exponent;
use super::real4::{ROUNDS, ten_to};

/// Nearer to an edge than this, a scaled real may be beyond it.
const CLOSE: f64 = 1e-6;

/// What a real is scaled by, by its exponent bits. Zero, what has fewer bits
/// than others, infinities and NaN become NaN.
static FACTORS: [f64; 256] = factors();

#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn factors() -> [f64; 256] {
    let mut factors = [f64::NAN; 256];
    let mut at = 1;
    while at < 255 {
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
    let is_known =
        || std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("lzcnt");
    if raw.len() >= LANES && is_known() {
        // SAFETY: the function is safe code; the one thing that calling it
        // demands is a processor with these features, which was asked above.
        return unsafe { with_avx2(raw, big, cells, room) };
    }
    (0, 0)
}

#[target_feature(enable = "avx2,lzcnt")]
fn with_avx2(raw: &[[u8; 4]], big: bool, cells: &Real4Cells, room: &mut [u8]) -> (usize, usize) {
    let layouts = if cells.strict { &STRICT } else { &USUAL };
    let (order, between) = (byte_order(big), Between::new(cells));
    let (groups, _) = raw.as_chunks();
    let mut made = [Group::NONE; AHEAD];
    let mut at = 0;
    for block in groups.chunks(AHEAD) {
        for (raw, group) in block.iter().zip(&mut made) {
            *group = Group::new(raw, order, cells);
        }
        for (raw, group) in block.iter().zip(&made) {
            let window = room.get_mut(at..).and_then(|room| room.first_chunk_mut());
            match window {
                Some(window) if group.odd == 0 => at += group.write(layouts, between, window),
                _ => group.write_one_by_one(raw, big, cells, room, &mut at),
            }
        }
    }
    (groups.len() * LANES, at)
}

/// Groups that are made before they are written: a processor makes them side by
/// side, where each place in the text waits for the one before.
const AHEAD: usize = 4;

/// A separator and a minus sign, which a next cell without one overwrites.
#[derive(Clone, Copy)]
struct Between {
    bytes: [u8; 8],
    separator_length: usize,
}

impl Between {
    fn new(cells: &Real4Cells) -> Between {
        let separator = u64::from(u32::from_le_bytes(cells.separator));
        let minus = u64::from(b'-') << (8 * cells.separator_length as u32);
        Between {
            bytes: (separator | minus).to_le_bytes(),
            separator_length: cells.separator_length,
        }
    }
}

/// Room for eight cells of at most 21 bytes, and for what is written beyond.
type Window = [u8; 1024];

/// Eight reals on their way.
#[derive(Clone, Copy)]
struct Group {
    /// Digits, and all else that their texts are made of: the first real and the
    /// fifth, the second and the sixth ...
    texts: [[Text; 2]; 4],
    /// Sixteen times the class.
    classes: [u32; LANES],
    /// 1 for those below zero.
    signs: [u32; LANES],
    /// A bit for each lane that is written another way.
    odd: u32,
}

/// In two halves.
type Text = [u64; 2];

impl Group {
    const NONE: Group = Group {
        texts: [[[0; 2]; 2]; 4],
        classes: [0; LANES],
        signs: [0; LANES],
        odd: 0,
    };

    #[inline]
    #[target_feature(enable = "avx2,lzcnt")]
    fn new(raw: &Raw, order: __m256i, cells: &Real4Cells) -> Group {
        let bits = words(raw, order);
        let size = _mm256_and_si256(bits, _mm256_set1_epi32(i32::MAX));
        let raised = _mm256_srli_epi32::<23>(size);

        let (front, back) = doubles(size);
        let (front_factor, back_factor) = chosen(&FACTORS, raised);
        let front = Scaled::new(front, front_factor);
        let back = Scaled::new(back, back_factor);
        let whole = low_halves(front.whole, back.whole);
        let close = low_halves(front.close, back.close);
        let unsure = low_halves(front.unsure, back.unsure);

        // The exponent of the first of nine digits, and that of the last.
        let scale = _mm256_sub_epi32(raised, _mm256_set1_epi32(150));
        let scale = _mm256_mullo_epi32(scale, _mm256_set1_epi32(315_653));
        let scale = _mm256_srai_epi32::<20>(scale);
        let eight = _mm256_cmpgt_epi32(_mm256_set1_epi32(100_000_000), whole);
        let seven = _mm256_cmpgt_epi32(_mm256_set1_epi32(10_000_000), whole);
        let fewer = _mm256_add_epi32(eight, seven);
        let exponent = _mm256_add_epi32(_mm256_add_epi32(scale, _mm256_set1_epi32(8)), fewer);
        // By -2, -1 and 0, of which three bits count.
        let tens = _mm256_setr_epi32(1, 1, 1, 1, 1, 1, 100, 10);
        let nine = _mm256_mullo_epi32(whole, _mm256_permutevar8x32_epi32(tens, fewer));
        let zero = _mm256_cmpeq_epi32(size, _mm256_setzero_si256());
        let exponent = _mm256_andnot_si256(zero, exponent);
        let nine = _mm256_andnot_si256(zero, nine);

        // From 10^0 to 10^12 products are exact, and so are edges.
        let inexact = _mm256_or_si256(
            _mm256_cmpgt_epi32(scale, _mm256_setzero_si256()),
            _mm256_cmpgt_epi32(_mm256_set1_epi32(-12), scale),
        );
        let odd = _mm256_or_si256(unsure, _mm256_and_si256(close, inexact));
        let odd = _mm256_andnot_si256(zero, odd);
        let value = _mm256_castsi256_ps(bits);
        let is_fill = _mm256_and_ps(
            _mm256_cmp_ps::<_CMP_GE_OQ>(value, _mm256_set1_ps(cells.fill.0)),
            _mm256_cmp_ps::<_CMP_LE_OQ>(value, _mm256_set1_ps(cells.fill.1)),
        );
        let odd = _mm256_or_ps(_mm256_castsi256_ps(odd), is_fill);

        let class = _mm256_max_epi32(exponent, _mm256_set1_epi32(FIRST));
        let class = _mm256_min_epi32(class, _mm256_set1_epi32(LAST));
        let class = _mm256_sub_epi32(class, _mm256_set1_epi32(FIRST));
        Group {
            texts: texts(nine, exponent),
            classes: lanes(_mm256_slli_epi32::<4>(class)),
            signs: lanes(_mm256_srli_epi32::<31>(bits)),
            odd: _mm256_movemask_ps(odd) as u32,
        }
    }

    /// Writes all cells into the window; how many bytes.
    #[inline]
    #[target_feature(enable = "avx2,lzcnt")]
    fn write(&self, layouts: &Layouts, between: Between, window: &mut Window) -> usize {
        let mut at = 0;
        set(window, 0, [b'-']);
        for lane in 0..LANES {
            at = self.put(lane, layouts, between, window, at);
        }
        at
    }

    /// Writes one number and what is between cells into the window, at a place
    /// below 256; the place behind the separator.
    #[inline]
    #[target_feature(enable = "avx2,lzcnt")]
    fn put(
        &self,
        lane: usize,
        layouts: &Layouts,
        between: Between,
        window: &mut Window,
        at: usize,
    ) -> usize {
        let class = self.classes.get(lane).copied().unwrap_or_default();
        let sign = self.signs.get(lane).copied().unwrap_or_default();
        let two = self.texts.get(lane % 4).copied().unwrap_or_default();
        let [low, high] = two.get(lane / 4).copied().unwrap_or_default();
        let text = _mm_set_epi64x(high as i64, low as i64);
        // The masks take nothing away: with them nothing is seen to be out of range.
        let kind = (class + marks(text).leading_zeros()) as usize & (TABLE - 1);
        let layout = layouts.layouts.get(kind).copied().unwrap_or_default();
        let length = layouts.lengths.get(kind).copied().unwrap_or_default();
        let layout = _mm_set_epi64x(layout.high as i64, layout.low as i64);
        let begin = (at & 255) + usize::from(sign as u8);
        set(window, begin, bytes(_mm_shuffle_epi8(text, layout)));
        let end = begin + usize::from(length);
        set(window, end, between.bytes);
        end + between.separator_length
    }

    /// Writes the cells of a group in which some are written another way.
    #[cold]
    #[target_feature(enable = "avx2,lzcnt")]
    fn write_one_by_one(
        &self,
        raw: &Raw,
        big: bool,
        cells: &Real4Cells,
        room: &mut [u8],
        at: &mut usize,
    ) {
        let layouts = if cells.strict { &STRICT } else { &USUAL };
        for (lane, raw) in raw.iter().enumerate() {
            let window = room.get_mut(*at..).and_then(|room| room.first_chunk_mut());
            match window {
                Some(window) if self.odd >> lane & 1 == 0 => {
                    set(window, 0, [b'-']);
                    *at += self.put(lane, layouts, Between::new(cells), window, 0);
                }
                _ => cells.one(raw, big, room, at),
            }
        }
    }
}

/// Four reals as whole numbers.
struct Scaled {
    /// In the low half of each.
    whole: __m256d,
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
        let chosen = _mm256_blendv_pd(one, ten, takes_ten);
        Scaled {
            whole: _mm256_add_pd(chosen, _mm256_set1_pd(ROUNDS)),
            // NaN is close.
            close: _mm256_cmp_pd::<_CMP_NGE_UQ>(close, _mm256_set1_pd(CLOSE)),
            unsure: _mm256_andnot_pd(takes_ten, is_power),
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn size(number: __m256d) -> __m256d {
    _mm256_andnot_pd(_mm256_set1_pd(-0.0), number)
}

/// All that texts are made of: nine digits, and the bytes behind them. Two
/// numbers a register.
#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn texts(nine: __m256i, exponent: __m256i) -> [[Text; 2]; 4] {
    // Four digits, four more, and the last one.
    let high = high_product::<47, 15>(nine, 1_407_374_884);
    let rest = _mm256_sub_epi32(nine, _mm256_mullo_epi32(high, _mm256_set1_epi32(100_000)));
    let low = _mm256_srli_epi32::<1>(rest);
    let low = _mm256_srli_epi16::<2>(_mm256_mulhi_epu16(
        low,
        _mm256_set1_epi16(52_429_u16 as i16),
    ));
    let last = _mm256_sub_epi32(rest, _mm256_madd_epi16(low, _mm256_set1_epi32(10)));
    let fours = _mm256_or_si256(high, _mm256_slli_epi32::<16>(low));
    let (first, second) = digits_of_fours(fours);
    let behind = _mm256_add_epi32(last, _mm256_set1_epi32(i32::from_le_bytes(*b"00.e")));
    let exponent = signed(exponent);
    let first_behind = _mm256_unpacklo_epi32(behind, exponent);
    let second_behind = _mm256_unpackhi_epi32(behind, exponent);
    let v0 = _mm256_unpacklo_epi64(first, first_behind);
    let v1 = _mm256_unpackhi_epi64(first, first_behind);
    let v2 = _mm256_unpacklo_epi64(second, second_behind);
    let v3 = _mm256_unpackhi_epi64(second, second_behind);
    let front = |two| halves(_mm256_castsi256_si128(two));
    let back = |two| halves(_mm256_extracti128_si256::<1>(two));
    [v0, v1, v2, v3].map(|two| [front(two), back(two)])
}

/// A bit for the first digit, and for each other one that is not zero.
#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn marks(text: __m128i) -> u32 {
    // No byte behind the digits is above the last.
    const Z: i8 = b'0' as i8;
    const N: i8 = i8::MAX;
    let zeros = _mm_setr_epi8(0, Z, Z, Z, Z, Z, Z, Z, Z, N, N, N, N, N, N, N);
    _mm_movemask_epi8(_mm_cmpgt_epi8(text, zeros)) as u32
}

#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn bytes(text: __m128i) -> [u8; 16] {
    let [low, high] = halves(text);
    (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
}

#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn halves(text: __m128i) -> Text {
    [
        _mm_cvtsi128_si64(text) as u64,
        _mm_extract_epi64::<1>(text) as u64,
    ]
}

#[inline]
#[target_feature(enable = "avx2,lzcnt")]
fn set<const N: usize>(window: &mut Window, at: usize, bytes: [u8; N]) {
    if let Some(room) = window.get_mut(at..at + N) {
        room.copy_from_slice(&bytes);
    }
}
