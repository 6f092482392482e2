//! Value encodings and property scalars, read independently of the streams'
//! own reader: what is to be checked cannot be the measure.

use super::rule::Rule;

/// How a value is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    Real4 {
        big: bool,
    },
    Real8 {
        big: bool,
    },
    Int {
        width: usize,
        signed: bool,
        big: bool,
    },
    Ascii(usize),
    Time(usize),
    /// QStreams only: `0x` and hexadecimal digits.
    Hex(usize),
}

use ValueType::{Ascii, Hex, Int, Real4, Real8, Time};

/// das2 types without a number in their name, and what is to be said of them.
const DAS2: &[(&str, ValueType, Option<Rule>)] = &[
    ("sun_real4", Real4 { big: true }, None),
    ("sun_real8", Real8 { big: true }, None),
    ("little_endian_real4", Real4 { big: false }, None),
    ("little_endian_real8", Real8 { big: false }, None),
    ("float", Real4 { big: true }, Some(Rule::TypeName)),
    ("double", Real8 { big: true }, Some(Rule::TypeName)),
    (
        "big_endian_real4",
        Real4 { big: true },
        Some(Rule::TypeName),
    ),
    (
        "big_endian_real8",
        Real8 { big: true },
        Some(Rule::TypeName),
    ),
];

/// QStream encodings: name, width, true for reals.
const QSTREAM: &[(&str, usize, bool)] = &[
    ("double", 8, true),
    ("real8", 8, true),
    ("float", 4, true),
    ("real4", 4, true),
    ("int8", 8, false),
    ("long", 8, false),
    ("int4", 4, false),
    ("integer", 4, false),
    ("int", 4, false),
    ("int2", 2, false),
    ("short", 2, false),
    ("byte", 1, false),
];

impl ValueType {
    /// The type that a das2 `type` names.
    pub(super) fn das2(name: &str) -> Option<(ValueType, Option<Rule>)> {
        if let Some((_, value_type, rule)) = DAS2.iter().find(|(known, ..)| *known == name) {
            return Some((*value_type, *rule));
        }
        if let Some(width) = numbered(name, "ascii", 1, 127) {
            // das2C takes 9 to 24, Autoplot at most 99; narrow ones are common.
            return Some((Ascii(width), (width > 99).then_some(Rule::AsciiWidth)));
        }
        if let Some(width) = numbered(name, "time", 5, 63) {
            return Some((Time(width), (width > 31).then_some(Rule::TimeWidth)));
        }
        integer(name).map(|value_type| (value_type, Some(Rule::IntType)))
    }

    /// The type that a QStream's `encoding` names.
    pub(super) fn qstream(name: &str, big: bool) -> Option<ValueType> {
        if let Some((_, width, real)) = QSTREAM.iter().find(|(known, ..)| *known == name) {
            return Some(match (real, width) {
                (true, 4) => Real4 { big },
                (true, _) => Real8 { big },
                (false, width) => Int {
                    width: *width,
                    signed: true,
                    big,
                },
            });
        }
        let text = [
            ("ascii", Ascii as fn(usize) -> ValueType),
            ("time", Time),
            ("hex", Hex),
        ];
        text.iter()
            .find_map(|(stem, make)| numbered(name, stem, 1, 127).map(make))
    }

    /// Bytes of one value.
    pub(super) fn width(self) -> usize {
        match self {
            Real4 { .. } => 4,
            Real8 { .. } => 8,
            Int { width, .. } | Ascii(width) | Time(width) | Hex(width) => width,
        }
    }

    /// The number in a value's bytes; None for text that is none, and times.
    pub(super) fn number(self, bytes: &[u8]) -> Option<f64> {
        Some(match self {
            Real4 { big: true } => f32::from_be_bytes(*bytes.first_chunk()?).into(),
            Real4 { big: false } => f32::from_le_bytes(*bytes.first_chunk()?).into(),
            Real8 { big: true } => f64::from_be_bytes(*bytes.first_chunk()?),
            Real8 { big: false } => f64::from_le_bytes(*bytes.first_chunk()?),
            Int { signed, big, .. } => integer_value(bytes, signed, big),
            Ascii(_) => return number_field(bytes),
            Hex(_) => return hex_field(bytes),
            Time(_) => return None,
        })
    }
}

fn numbered(name: &str, stem: &str, least: usize, most: usize) -> Option<usize> {
    let digits = name.strip_prefix(stem)?;
    let plain = digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let width = digits.parse().ok().filter(|_| plain)?;
    (least..=most).contains(&width).then_some(width)
}

fn integer(name: &str) -> Option<ValueType> {
    for (prefix, signed, big) in [
        ("little_endian_int", true, false),
        ("little_endian_uint", false, false),
        ("big_endian_int", true, true),
        ("big_endian_uint", false, true),
    ] {
        if let Some(digits) = name.strip_prefix(prefix) {
            let (_, width) = [("1", 1), ("2", 2), ("4", 4), ("8", 8)]
                .into_iter()
                .find(|(known, _)| *known == digits)?;
            return Some(Int { width, signed, big });
        }
    }
    None
}

/// Two's complement of up to eight bytes.
fn integer_value(bytes: &[u8], signed: bool, big: bool) -> f64 {
    let top = if big { bytes.first() } else { bytes.last() };
    let negative = signed && top.is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    let to = wide.iter_mut();
    if big {
        to.zip(bytes.iter().rev())
            .for_each(|(to, from)| *to = *from);
    } else {
        to.zip(bytes).for_each(|(to, from)| *to = *from);
    }
    if signed {
        i64::from_le_bytes(wide) as f64
    } else {
        u64::from_le_bytes(wide) as f64
    }
}

/// The number in an asciiN field: C or Fortran style between blanks; a comma
/// may take the place of the last blank.
pub(super) fn number_field(field: &[u8]) -> Option<f64> {
    let body = field.trim_ascii();
    let body = body.strip_suffix(b",").unwrap_or(body).trim_ascii_end();
    number(std::str::from_utf8(body).ok()?)
}

/// A number in C or Fortran style.
pub(super) fn number(text: &str) -> Option<f64> {
    match text.parse() {
        Ok(number) => Some(number),
        // Fortran's exponents; what else holds a d is no number either way.
        Err(_) if text.len() < 128 && text.contains(['d', 'D']) => {
            text.replacen(['d', 'D'], "e", 1).parse().ok()
        }
        Err(_) => None,
    }
}

fn hex_field(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field).ok()?.trim();
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"))?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(digits, 16)
        .ok()
        .filter(|_| plain)
        .map(|number| number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn das2_types() {
        for (name, value_type, rule) in [
            ("sun_real4", Real4 { big: true }, None),
            ("double", Real8 { big: true }, Some(Rule::TypeName)),
            ("ascii2", Ascii(2), None),
            ("ascii99", Ascii(99), None),
            ("ascii127", Ascii(127), Some(Rule::AsciiWidth)),
            ("time5", Time(5), None),
            ("time32", Time(32), Some(Rule::TimeWidth)),
        ] {
            assert_eq!(ValueType::das2(name), Some((value_type, rule)), "{name}");
        }
        let int = |width, signed, big| {
            let value_type = Int { width, signed, big };
            Some((value_type, Some(Rule::IntType)))
        };
        assert_eq!(ValueType::das2("little_endian_uint2"), int(2, false, false));
        assert_eq!(ValueType::das2("big_endian_int8"), int(8, true, true));
        for bad in [
            "",
            "real4",
            "ascii",
            "ascii0",
            "ascii128",
            "ascii+9",
            "ascii0009",
            "time4",
            "time64",
            "big_endian_int3",
            "Sun_real4",
            "big_endian_int",
            "asciiN",
        ] {
            assert_eq!(ValueType::das2(bad), None, "{bad}");
        }
    }

    #[test]
    fn integers() {
        let int = |width, signed, big| Int { width, signed, big };
        for (value_type, bytes, number) in [
            (int(1, true, true), &[0xff][..], -1.0),
            (int(1, false, true), &[0xff], 255.0),
            (int(2, true, true), &[0xff, 0xfe], -2.0),
            (int(2, true, false), &[0xfe, 0xff], -2.0),
            (int(2, false, false), &[1, 2], 513.0),
            (int(4, true, true), &[0, 0, 1, 0], 256.0),
            (
                int(8, true, false),
                &[0, 0, 0, 0, 0, 0, 0, 0x80],
                -(2f64.powi(63)),
            ),
        ] {
            assert_eq!(value_type.number(bytes), Some(number), "{value_type:?}");
        }
    }

    #[test]
    fn numbers_as_text() {
        for (text, number) in [
            ("  1.5 ", 1.5),
            ("-2E3\n", -2000.0),
            ("1.5D+03 ", 1500.0),
            (" 7.,", 7.0),
            ("inf ", f64::INFINITY),
        ] {
            assert_eq!(number_field(text.as_bytes()), Some(number), "{text}");
        }
        for bad in ["", "  ", "1 2", "0x10", "--1", "1.5e", "d", "\0\0"] {
            assert_eq!(number_field(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Hex(6).number(b"0x1F  "), Some(31.0));
        assert_eq!(Hex(6).number(b"1F    "), None);
    }
}
