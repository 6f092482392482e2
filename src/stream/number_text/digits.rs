//! Integers as digits, eight at a time.

/// `0` in each of eight bytes.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The eight digits of a number below 10^8, zeros in front, as ASCII; the
/// first digit is the lowest byte.
///
/// Two numbers of four digits, then four of two, then eight of one lie side by
/// side in one word; each division is a multiplication and a shift that is
/// exact for the numbers there are.
#[inline(always)]
pub(super) fn eight(number: u32) -> u64 {
    let number = u64::from(number);
    let high = (number * 109_951_163) >> 40;
    let fours = high | (number - high * 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let ones = tens | (twos - tens * 10) << 8;
    ones | ZEROS
}

/// The digits of a number below 10^18, zeros in front.
#[inline(always)]
pub(super) fn eighteen(number: u64) -> [u8; 18] {
    let first = number / 10_000_000_000_000_000;
    let rest = number - first * 10_000_000_000_000_000;
    let high = rest / 100_000_000;
    let low = rest - high * 100_000_000;
    let [tens, ones, ..] = ((first / 10) | ((first % 10) << 8) | 0x3030).to_le_bytes();
    let [a0, a1, a2, a3, a4, a5, a6, a7] = eight(high as u32).to_le_bytes();
    let [b0, b1, b2, b3, b4, b5, b6, b7] = eight(low as u32).to_le_bytes();
    [
        tens, ones, a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7,
    ]
}

/// `e+07`, `e-300`: the exponent as C writes it, two digits at the least; the
/// first byte is the lowest. And how many bytes.
#[inline(always)]
pub(super) fn exponent(exponent: i32) -> (u64, usize) {
    let size = exponent.unsigned_abs();
    let sign = if exponent < 0 { b'-' } else { b'+' };
    let digits = eight(size);
    let front = u64::from(b'e') | u64::from(sign) << 8;
    match size < 100 {
        true => (front | digits >> 48 << 16, 4),
        false => (front | digits >> 40 << 16, 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_integers() {
        let mut number = 0u64;
        while number < 100_000_000 {
            let text = format!("{number:08}");
            assert_eq!(eight(number as u32).to_le_bytes(), text.as_bytes());
            number += 997;
        }
        for number in [9_999, 10_000, 99_999_999, 12_345_678] {
            let text = format!("{number:08}");
            assert_eq!(eight(number).to_le_bytes(), text.as_bytes());
        }
        for number in [
            0,
            1,
            10u64.pow(16),
            10u64.pow(18) - 1,
            123_456_789_012_345_678,
        ] {
            assert_eq!(eighteen(number), format!("{number:018}").as_bytes());
        }
    }

    #[test]
    fn exponents_as_c_writes_them() {
        for (number, text) in [
            (0, "e+00"),
            (-7, "e-07"),
            (99, "e+99"),
            (-324, "e-324"),
            (100, "e+100"),
        ] {
            let (bytes, length) = exponent(number);
            assert_eq!(&bytes.to_le_bytes()[..length], text.as_bytes());
        }
    }
}
