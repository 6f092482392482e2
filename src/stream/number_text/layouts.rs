//! Where the digits of a four-byte real, the point and the exponent go in its text.
//!
//! A number is a register of sixteen bytes: nine digits, and behind them all
//! else that a text may need. A layout says for each byte of the text which
//! byte of the register it is.

/// Exponents from the first class to the last have layouts of their own; those
/// below and above share these two.
pub(super) const FIRST: i32 = -10;
pub(super) const LAST: i32 = 13;

/// Decimal exponents from -6 to 12 are written without `e`.
const LEAST_PLAIN: i32 = -6;
const GREATEST_PLAIN: i32 = 12;

/// Where bytes are in a number's register, behind nine digits.
const ZERO: u8 = 9;
const POINT: u8 = 10;
const E: u8 = 11;
const TENS: u8 = 12;
const ONES: u8 = 13;
const SIGN: u8 = 14;

/// What becomes of a register: a byte of it for each byte of the text.
#[derive(Clone, Copy, Default)]
pub(super) struct Layout {
    pub(super) low: u64,
    pub(super) high: u64,
}

/// Layouts and the lengths of their texts. The place in the table is the class
/// times sixteen, and the zeros behind nine digits, of [`LEAST_ZEROS`] and more.
pub(super) struct Layouts {
    pub(super) layouts: [Layout; TABLE],
    pub(super) lengths: [u8; TABLE],
}

pub(super) const TABLE: usize = 512;

/// With a plus sign in exponents, and without.
pub(super) static USUAL: Layouts = layouts(false);
pub(super) static STRICT: Layouts = layouts(true);

/// Nine digits are bits of 32, so 23 zeros more are counted.
const LEAST_ZEROS: usize = 23;

#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn layouts(strict: bool) -> Layouts {
    let mut layouts = [Layout { low: 0, high: 0 }; TABLE];
    let mut lengths = [0; TABLE];
    let mut exponent = FIRST;
    while exponent <= LAST {
        let mut count = 1;
        while count <= 9 {
            let (bytes, length) = match exponent {
                LEAST_PLAIN..=GREATEST_PLAIN => without_exponent(count, exponent),
                -9..LEAST_PLAIN => with_exponent(count, &[E, SIGN, ONES]),
                1.. if strict => with_exponent(count, &[E, TENS, ONES]),
                _ => with_exponent(count, &[E, SIGN, TENS, ONES]),
            };
            let bytes = u128::from_le_bytes(bytes);
            let at = (exponent - FIRST) as usize * 16 + LEAST_ZEROS + 9 - count;
            layouts[at] = Layout {
                low: bytes as u64,
                high: (bytes >> 64) as u64,
            };
            lengths[at] = length as u8;
            count += 1;
        }
        exponent += 1;
    }
    Layouts { layouts, lengths }
}

#[allow(clippy::indexing_slicing)]
const fn without_exponent(count: usize, exponent: i32) -> ([u8; 16], usize) {
    // Digits and zeros in front of the point, and zeros of a number below 1.
    let whole = if exponent < 0 {
        1
    } else {
        exponent as usize + 1
    };
    let zeros = if exponent < 0 { -exponent as usize } else { 0 };
    let mut bytes = [ZERO; 16];
    let mut at = 0;
    while at < 16 {
        let place = if at < whole { at } else { at - 1 };
        if at == whole {
            bytes[at] = POINT;
        } else if place >= zeros && place - zeros < 9 {
            bytes[at] = (place - zeros) as u8;
        }
        at += 1;
    }
    let places = zeros + count;
    (bytes, if places > whole { places + 1 } else { whole })
}

#[allow(clippy::indexing_slicing)]
const fn with_exponent(count: usize, exponent: &[u8]) -> ([u8; 16], usize) {
    let mut bytes = [ZERO; 16];
    bytes[0] = 0;
    let mut length = 1;
    if count > 1 {
        bytes[1] = POINT;
        length = 2;
        while length <= count {
            bytes[length] = length as u8 - 1;
            length += 1;
        }
    }
    let mut at = 0;
    while at < exponent.len() {
        bytes[length] = exponent[at];
        length += 1;
        at += 1;
    }
    (bytes, length)
}
