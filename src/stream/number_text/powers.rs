//! Powers of ten, to 128 bits.

/// The least and the greatest exponent of the table: all that eighteen digits
/// of any double need.
pub(super) const LEAST: i32 = -324;
const GREATEST: i32 = 341;
const COUNT: usize = (GREATEST - LEAST + 1) as usize;

/// The greatest exponent whose power 128 bits hold exactly; the least is 0.
const GREATEST_EXACT: i32 = 55;

/// Bits of the long numbers that the table is made with: enough for 10^341,
/// and for 128 digits of 10^-324.
const LIMBS: usize = 20;

/// A power of ten: `high:low * 2^(exponent - 127)`, cut off behind its last
/// bit, with the first bit of `high` set.
#[derive(Clone, Copy)]
pub(super) struct Power {
    pub(super) high: u64,
    pub(super) low: u64,
}

static POWERS: [Power; COUNT] = make();

/// 10^exponent; that of the nearest in the table beyond its ends.
#[inline(always)]
#[allow(clippy::indexing_slicing)] // The index is clamped to the table.
pub(super) const fn power(exponent: i32) -> Power {
    let index = match exponent {
        ..LEAST => LEAST,
        GREATEST.. => GREATEST,
        inside => inside,
    } - LEAST;
    POWERS[index as usize]
}

/// Whether the table has all bits of 10^exponent.
#[inline(always)]
pub(super) fn is_exact(exponent: i32) -> bool {
    (0..=GREATEST_EXACT).contains(&exponent)
}

/// The binary exponent of 10^exponent: floor(exponent * log2(10)).
#[inline(always)]
pub(super) const fn binary_exponent(exponent: i32) -> i32 {
    (exponent * 1_741_647) >> 19
}

/// The decimal exponent of 2^exponent: floor(exponent * log10(2)).
#[inline(always)]
pub(super) const fn decimal_exponent(exponent: i32) -> i32 {
    (exponent * 315_653) >> 20
}

/// All powers, by long multiplication and division: what the division cuts
/// off is cut off once, however often it is done.
#[allow(clippy::indexing_slicing)] // A constant: an index out of range does not compile.
const fn make() -> [Power; COUNT] {
    let mut table = [Power { high: 0, low: 0 }; COUNT];
    let mut long = [0u64; LIMBS];
    long[0] = 1;
    let mut exponent = 0;
    while exponent <= GREATEST {
        table[(exponent - LEAST) as usize] = leading(&long);
        long = times_ten(&long);
        exponent += 1;
    }
    let mut long = [0u64; LIMBS];
    long[LIMBS - 1] = 1 << 63;
    let mut exponent = -1;
    while exponent >= LEAST {
        long = over_ten(&long);
        table[(exponent - LEAST) as usize] = leading(&long);
        exponent -= 1;
    }
    table
}

#[allow(clippy::indexing_slicing)]
const fn times_ten(long: &[u64; LIMBS]) -> [u64; LIMBS] {
    let mut product = [0; LIMBS];
    let mut carry = 0;
    let mut at = 0;
    while at < LIMBS {
        let sum = long[at] as u128 * 10 + carry;
        product[at] = sum as u64;
        carry = sum >> 64;
        at += 1;
    }
    product
}

#[allow(clippy::indexing_slicing)]
const fn over_ten(long: &[u64; LIMBS]) -> [u64; LIMBS] {
    let mut quotient = [0; LIMBS];
    let mut rest = 0;
    let mut at = LIMBS;
    while at > 0 {
        at -= 1;
        let sum = rest << 64 | long[at] as u128;
        quotient[at] = (sum / 10) as u64;
        rest = sum % 10;
    }
    quotient
}

/// The first 128 bits from the first one that is set.
#[allow(clippy::indexing_slicing)]
const fn leading(long: &[u64; LIMBS]) -> Power {
    let mut at = LIMBS - 1;
    while at > 0 && long[at] == 0 {
        at -= 1;
    }
    let first = long[at] as u128;
    let second = if at >= 1 { long[at - 1] as u128 } else { 0 };
    let third = if at >= 2 { long[at - 2] } else { 0 };
    let unused = long[at].leading_zeros();
    let mut bits = (first << 64 | second) << unused;
    if unused > 0 {
        bits |= (third >> (64 - unused)) as u128;
    }
    Power {
        high: (bits >> 64) as u64,
        low: bits as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_fit_the_table() {
        // 10^0 has exponent 0; each power is ten times the one before it.
        assert_eq!(binary_exponent(0), 0);
        let mut binary = 0;
        for exponent in 0..GREATEST {
            let (now, next) = (power(exponent), power(exponent + 1));
            // times ten is times 1.25 and three bits, or one more when that reaches 2.
            binary += if next.high < now.high { 4 } else { 3 };
            assert_eq!(binary_exponent(exponent + 1), binary, "{exponent}");
        }
        let mut binary = 0;
        for exponent in (LEAST..0).rev() {
            let (now, next) = (power(exponent), power(exponent + 1));
            binary -= if next.high < now.high { 4 } else { 3 };
            assert_eq!(binary_exponent(exponent), binary, "{exponent}");
        }
        for exponent in -1074..1024 {
            let log = f64::from(exponent) * 2f64.log10();
            assert_eq!(decimal_exponent(exponent), log.floor() as i32, "{exponent}");
        }
    }

    #[test]
    fn known_powers() {
        for (exponent, high, low) in [
            (0, 1 << 63, 0),
            (1, 0xa << 60, 0),
            (27, 0xcecb_8f27_f420_0f3a, 0),
            (-1, 0xcccc_cccc_cccc_cccc, 0xcccc_cccc_cccc_cccc),
        ] {
            let found = power(exponent);
            assert_eq!((found.high, found.low), (high, low), "{exponent}");
        }
        assert!(is_exact(55) && !is_exact(56) && !is_exact(-1));
        // 5^55 has 128 bits.
        assert!(5u128.checked_pow(55).is_some() && 5u128.checked_pow(56).is_none());
    }
}
