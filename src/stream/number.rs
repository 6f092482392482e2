//! Text as numbers: the values of asciiN planes.
//!
//! Most fields are a few digits, a point and a small exponent. Their digits are
//! an integer that a double holds exactly, and so are the powers of ten up to
//! 22; one multiplication or division of two exact numbers is rounded once, and
//! that is the nearest double. All other text goes to the standard library.

/// The number in an asciiN field: C or Fortran style, white space around it,
/// `nan` and `inf` in any case, a trailing comma tolerated. None: no number.
pub fn parse_number(field: &[u8]) -> Option<f64> {
    match Decimal::parse(field).and_then(Decimal::exactly) {
        Some(number) => Some(number),
        None => parse_any(field),
    }
}

/// True for a number in a field that four bytes do not hold as well as the text
/// does: it has more than seven digits and is not exact in four bytes, or lies
/// where these have fewer digits or none.
pub(crate) fn needs_eight_bytes(field: &[u8], value: f64) -> bool {
    let short = value as f32;
    if f64::from(short) == value || value.is_nan() {
        return false;
    }
    // The seven digits of das2_ascii's ascii14 came from four bytes.
    digits_of(field) > 7 || !short.is_normal()
}

/// How many digits a number has, zeros at either end left out.
fn digits_of(field: &[u8]) -> usize {
    let (mut digits, mut zeros) = (0, 0);
    for byte in field {
        match byte {
            b'0' if digits == 0 => {}
            b'0' => zeros += 1,
            b'1'..=b'9' => {
                digits += zeros + 1;
                zeros = 0;
            }
            b'e' | b'E' | b'd' | b'D' => break,
            _ => {}
        }
    }
    digits
}

/// Digits, and the power of ten that they are multiplied by.
#[derive(Clone, Copy)]
struct Decimal {
    negative: bool,
    digits: u64,
    exponent: i32,
}

/// No more digits are read here: nineteen always fit.
const MOST_DIGITS: u32 = 19;

/// The powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

impl Decimal {
    /// `[+-]digits[.digits][e[+-]dd]` with white space around it. None: anything
    /// else, which may be a number all the same.
    #[inline]
    fn parse(field: &[u8]) -> Option<Decimal> {
        let mut rest = field;
        while let [b' ' | b'\t' | b'\n' | b'\r', tail @ ..] = rest {
            rest = tail;
        }
        let negative = matches!(rest, [b'-', ..]);
        if let [b'-' | b'+', tail @ ..] = rest {
            rest = tail;
        }
        let mut digits = 0u64;
        let (whole, mut rest) = add_digits(rest, &mut digits);
        let mut count = whole;
        let mut exponent = 0;
        if let [b'.', tail @ ..] = rest {
            let (decimals, tail) = add_digits(tail, &mut digits);
            count += decimals;
            exponent = -(decimals as i32);
            rest = tail;
        }
        if count == 0 || count > MOST_DIGITS {
            return None;
        }
        if let [b'e' | b'E', tail @ ..] = rest {
            let (sign, tail) = match tail {
                [b'-', tail @ ..] => (-1, tail),
                [b'+', tail @ ..] => (1, tail),
                tail => (1, tail),
            };
            let mut power = 0;
            let (count, tail) = add_digits(tail, &mut power);
            if count == 0 || count > 3 {
                return None;
            }
            exponent += sign * power as i32;
            rest = tail;
        }
        rest.iter()
            .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .then_some(Decimal {
                negative,
                digits,
                exponent,
            })
    }

    /// The nearest double, where one rounding gives it.
    #[inline]
    fn exactly(self) -> Option<f64> {
        if self.digits > 1 << 53 {
            return None;
        }
        let digits = self.digits as f64;
        let power = *POWERS.get(self.exponent.unsigned_abs() as usize)?;
        let size = match self.exponent < 0 {
            true => digits / power,
            false => digits * power,
        };
        Some(if self.negative { -size } else { size })
    }
}

/// Appends the digits at the front to a number. How many there were, and what
/// follows them. With too many, the number is of no use.
#[inline(always)]
fn add_digits<'a>(text: &'a [u8], number: &mut u64) -> (u32, &'a [u8]) {
    let mut rest = text;
    let mut count = 0;
    while let [byte @ b'0'..=b'9', tail @ ..] = rest {
        *number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        count += 1;
        rest = tail;
    }
    (count, rest)
}

/// Any style, by the standard library.
fn parse_any(field: &[u8]) -> Option<f64> {
    let trimmed = field.trim_ascii();
    let field = trimmed
        .strip_suffix(b",")
        .map_or(trimmed, <[u8]>::trim_ascii_end);
    let text = std::str::from_utf8(field).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => parse_fortran(text),
    }
}

/// `1.5D+03` and the like; rare, so it may allocate.
fn parse_fortran(text: &str) -> Option<f64> {
    if text.len() > 127 || !text.contains(['d', 'D']) {
        return None;
    }
    text.replace(['d', 'D'], "e").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_style() {
        for (text, number) in [
            ("1.5", 1.5),
            ("  -2e3 \n", -2000.0),
            ("+7", 7.0),
            ("1.5D+03 ", 1500.0),
            ("2d0", 2.0),
            ("3.,", 3.0),
            (".5\t", 0.5),
            ("5.", 5.0),
            ("INF", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("-0.0", 0.0),
            ("1e22", 1e22),
            ("1e+023", 1e23),
            ("1e-0400", 0.0),
            ("00000000000000000000000000001.5", 1.5),
            ("18446744073709551616", 18446744073709551616.0),
            ("9007199254740993", 9007199254740992.0),
        ] {
            assert_eq!(parse_number(text.as_bytes()), Some(number), "{text}");
        }
        assert!(parse_number(b" NaN ").unwrap().is_nan());
        assert!(parse_number(b"-0.0").unwrap().is_sign_negative());
        for bad in [
            "", "  ", "1.5x", "--1", "1 2", "e5", "d", "\u{b5}", ".", "-", "1e", "1e+", "+-1",
            "1.5.2", "0x10",
        ] {
            assert_eq!(parse_number(bad.as_bytes()), None, "{bad}");
        }
    }

    /// SplitMix64.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[test]
    fn the_same_double_as_the_standard_library_reads() {
        let mut state = 1;
        let mut fast = 0;
        for round in 0..300_000 {
            let bits = next(&mut state);
            let value = match round % 3 {
                0 => f64::from_bits(bits),
                1 => bits as i64 as f64 / 2f64.powi((bits % 120) as i32),
                _ => f64::from(f32::from_bits(bits as u32)),
            };
            let decimals = (bits >> 8) as usize % 19;
            let text = match (bits >> 16) % 4 {
                0 => format!(" {value:.decimals$e} "),
                1 => format!("{:>20}\n", format!("{value:e}")),
                _ if value.abs() < 1e18 => format!("{value:.decimals$} "),
                _ => format!("{value:.2e}"),
            };
            let expected: f64 = text.trim().parse().unwrap();
            let found = parse_number(text.as_bytes()).unwrap();
            assert!(
                found.to_bits() == expected.to_bits() || found.is_nan(),
                "{text}: {found:e} for {expected:e}"
            );
            fast += usize::from(
                Decimal::parse(text.as_bytes())
                    .and_then(Decimal::exactly)
                    .is_some(),
            );
        }
        assert!(fast > 30_000, "{fast}");
    }

    #[test]
    fn what_four_bytes_do_not_hold() {
        for (text, needs) in [
            (" 1.234567e+00", false),
            ("16777216", false),
            ("16777217", true),
            ("0.1", false),
            ("12345678.9", true),
            ("1.50000000000", false),
            ("-1e31", false),
            ("1e39", true),
            ("1e-39", true),
            ("-1e-99", true),
            ("0", false),
            ("nan", false),
            ("inf", false),
            ("1.23456789D0", true),
            ("0.0012345670,", false),
            ("100020003e5", true),
            ("1.5E12345678", false),
        ] {
            let value = parse_number(text.as_bytes()).unwrap();
            assert_eq!(needs_eight_bytes(text.as_bytes(), value), needs, "{text}");
        }
    }
}
