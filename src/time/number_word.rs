//! The number at the beginning of a word, as C's strtod finds it, but exact.

use super::error::Problem;
use super::instant::NS_PER_SECOND;

/// How a word begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// Not as a number.
    None,
    /// An integer.
    Whole(u32),
    /// Nanoseconds, when the word is seconds.
    Fraction(u64),
    /// Infinite, hexadecimal or too large for anything.
    Absurd(Problem),
}

/// Reads the number at the beginning of a word; what follows it is ignored.
pub(super) fn number(word: &[u8]) -> Number {
    let word = word.trim_ascii_start();
    let unsigned = word.strip_prefix(b"+").unwrap_or(word);
    let starts = |name: &[u8]| {
        let head = unsigned.get(..name.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    if starts(b"inf") {
        return Number::Absurd(Problem::Second);
    }
    if starts(b"nan") {
        return Number::Absurd(Problem::Fraction);
    }
    if starts(b"0x") {
        return Number::Absurd(Problem::Numbers);
    }
    let (whole, rest) = split_digits(unsigned);
    let (fraction, rest) = match rest {
        [b'.', after @ ..] => split_digits(after),
        _ => (&b""[..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Number::None;
    }
    match rest {
        [b'e' | b'E', after @ ..] if has_exponent(after) => with_exponent(unsigned),
        _ => plain(whole, fraction),
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, b""))
}

fn has_exponent(after: &[u8]) -> bool {
    let digits = after.strip_prefix(b"+").unwrap_or(after);
    digits.first().is_some_and(u8::is_ascii_digit)
}

fn plain(whole: &[u8], fraction: &[u8]) -> Number {
    let units = whole.iter().fold(0u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    if fraction.iter().all(|digit| *digit == b'0') {
        return whole_number(units);
    }
    let ns = fraction
        .iter()
        .take(9)
        .fold((0, NS_PER_SECOND / 10), |(sum, worth), digit| {
            (sum + u64::from(digit - b'0') * worth, worth / 10)
        });
    Number::Fraction(units.saturating_mul(NS_PER_SECOND).saturating_add(ns.0))
}

fn whole_number(units: u64) -> Number {
    match u32::try_from(units) {
        Ok(number) if number <= i32::MAX as u32 => Number::Whole(number),
        _ => Number::Absurd(Problem::Numbers),
    }
}

/// Numbers such as 1.55e1, which no one writes in a time, by way of a double.
fn with_exponent(unsigned: &[u8]) -> Number {
    let part_of_number = |byte: &&u8| byte.is_ascii_digit() || b".eE+".contains(byte);
    let mut length = unsigned.iter().take_while(part_of_number).count();
    let mut value = None;
    // What follows the number may look like a part of it: the longest that reads is it.
    while value.is_none() && length > 0 {
        let text = unsigned
            .get(..length)
            .and_then(|text| std::str::from_utf8(text).ok());
        value = text.and_then(|text| text.parse::<f64>().ok());
        length -= 1;
    }
    match value {
        Some(value) if value.is_infinite() => Number::Absurd(Problem::Second),
        Some(value) if value.fract() == 0.0 => whole_number(value as u64),
        Some(value) => Number::Fraction((value * 1e9).round_ties_even() as u64),
        None => Number::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_words() {
        for (word, expected) in [
            ("12", Number::Whole(12)),
            ("+012abc", Number::Whole(12)),
            ("12.", Number::Whole(12)),
            ("12.000", Number::Whole(12)),
            ("1e1", Number::Whole(10)),
            ("1e", Number::Whole(1)),
            ("1.5e1e", Number::Whole(15)),
            ("1e1.5", Number::Whole(10)),
            (".5", Number::Fraction(500_000_000)),
            ("12.0000000019", Number::Fraction(12_000_000_001)),
            ("1.555e1", Number::Fraction(15_550_000_000)),
            ("2147483648", Number::Absurd(Problem::Numbers)),
            ("99999999999999999999999", Number::Absurd(Problem::Numbers)),
            ("1e400", Number::Absurd(Problem::Second)),
            ("Infinity", Number::Absurd(Problem::Second)),
            ("nan", Number::Absurd(Problem::Fraction)),
            ("0x1F", Number::Absurd(Problem::Numbers)),
            ("", Number::None),
            (".", Number::None),
            ("+", Number::None),
            ("Mar", Number::None),
        ] {
            assert_eq!(number(word.as_bytes()), expected, "{word}");
        }
    }
}
