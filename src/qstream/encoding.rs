//! How the values of a dataset are encoded.

use crate::stream;

/// The `encoding` of a dataset's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// One that das2 streams have too.
    Shared(stream::Encoding),
    /// `0x` and hexadecimal digits, this many bytes.
    Hex(u8),
}

/// Names without a number in them, the bytes of a value, and whether they are
/// reals. `byte`, `short`, `long` and `int` are the ICD's words; Autoplot
/// reads the others.
const NAMES: [(&str, u8, bool); 12] = [
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

/// The widest text field that is read.
const WIDEST: u8 = 127;

impl Encoding {
    /// The encoding that a word names, in the byte order of the stream.
    pub fn parse(word: &str, big: bool) -> Option<Encoding> {
        use stream::Encoding::{Ascii, Int, Real4, Real8, Time};
        if let Some((_, width, is_real)) = NAMES.iter().find(|(name, ..)| *name == word) {
            return Some(Encoding::Shared(match (is_real, *width) {
                (true, 4) => Real4 { big },
                (true, _) => Real8 { big },
                (false, width) => Int {
                    width,
                    signed: true,
                    big,
                },
            }));
        }
        let width = |stem: &str| {
            let digits = word.strip_prefix(stem)?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let width = digits.parse().ok().filter(|_| plain)?;
            (1..=WIDEST).contains(&width).then_some(width)
        };
        width("ascii")
            .map(|width| Encoding::Shared(Ascii(width)))
            .or_else(|| Some(Encoding::Shared(Time(width("time")?))))
            .or_else(|| Some(Encoding::Hex(width("hex")?)))
    }

    /// The word that names it.
    pub fn name(self) -> String {
        use stream::Encoding::{Ascii, Int, Real4, Real8, Time};
        match self {
            Encoding::Hex(width) => format!("hex{width}"),
            Encoding::Shared(shared) => match shared {
                Real4 { .. } => "float".to_owned(),
                Real8 { .. } => "double".to_owned(),
                Int { width: 1, .. } => "byte".to_owned(),
                Int { width, .. } => format!("int{width}"),
                Ascii(width) => format!("ascii{width}"),
                Time(width) => format!("time{width}"),
            },
        }
    }

    /// Bytes of one value.
    pub fn width(self) -> usize {
        match self {
            Encoding::Shared(shared) => shared.width(),
            Encoding::Hex(width) => usize::from(width),
        }
    }

    /// Whether it is text.
    pub fn is_text(self) -> bool {
        match self {
            Encoding::Shared(shared) => shared.is_text(),
            Encoding::Hex(_) => true,
        }
    }

    /// The number in a value's bytes. None: text that is none, or a time.
    pub fn number(self, bytes: &[u8]) -> Option<f64> {
        match self {
            Encoding::Shared(shared) => shared.number(bytes),
            Encoding::Hex(_) => {
                let text = std::str::from_utf8(bytes.trim_ascii()).ok()?;
                let digits = text
                    .strip_prefix("0x")
                    .or_else(|| text.strip_prefix("0X"))?;
                let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let number = u64::from_str_radix(digits, 16).ok().filter(|_| plain)?;
                Some(number as f64)
            }
        }
    }

    /// The integer in a value's bytes, where they are one.
    pub fn integer(self, bytes: &[u8]) -> Option<i64> {
        match self {
            Encoding::Shared(shared @ stream::Encoding::Int { .. }) => {
                i64::try_from(shared.integer(bytes)).ok()
            }
            _ => None,
        }
    }

    /// Appends an integer in this encoding, kept in its range; nothing in the
    /// others.
    pub fn write_integer(self, value: i64, out: &mut Vec<u8>) {
        let Encoding::Shared(stream::Encoding::Int { width, big, .. }) = self else {
            return;
        };
        let unused = 64 - 8 * u32::from(width.clamp(1, 8));
        let value = value.clamp(i64::MIN >> unused, i64::MAX >> unused);
        let bytes = value.to_le_bytes();
        let used = bytes.iter().take(usize::from(width));
        match big {
            true => out.extend(used.rev()),
            false => out.extend(used),
        }
    }

    /// Appends a number in this encoding, exactly [`Encoding::width`] bytes:
    /// integers rounded and kept in range, text with the digits that fit; a
    /// time gets blanks.
    pub fn write_number(self, value: f64, out: &mut Vec<u8>) {
        match self {
            // A double holds no integer between 2^53 and 2^63 exactly, but the
            // nearest there is does no harm, and beyond them `as` stays in range.
            Encoding::Shared(stream::Encoding::Int { .. }) => {
                self.write_integer(value.round_ties_even() as i64, out);
            }
            Encoding::Shared(shared) => shared.write_number(value, out),
            Encoding::Hex(width) => {
                let room = usize::from(width).saturating_sub(1);
                let text = match value {
                    v if v >= 0.0 => format!("{:#x}", v.round_ties_even() as u64),
                    _ => String::new(),
                };
                let text = Some(text).filter(|text| text.len() <= room);
                let text = text.unwrap_or_default();
                out.extend(std::iter::repeat_n(b' ', room - text.len()));
                out.extend(text.as_bytes());
                out.extend(std::iter::repeat_n(b' ', usize::from(width) - room));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_its_encoding() {
        for (name, width, written) in [
            ("double", 8, "double"),
            ("real8", 8, "double"),
            ("float", 4, "float"),
            ("real4", 4, "float"),
            ("int8", 8, "int8"),
            ("long", 8, "int8"),
            ("int4", 4, "int4"),
            ("integer", 4, "int4"),
            ("int", 4, "int4"),
            ("int2", 2, "int2"),
            ("short", 2, "int2"),
            ("byte", 1, "byte"),
            ("ascii24", 24, "ascii24"),
            ("time27", 27, "time27"),
            ("hex6", 6, "hex6"),
        ] {
            let encoding = Encoding::parse(name, true).unwrap();
            assert_eq!(
                (encoding.width(), encoding.name().as_str()),
                (width, written)
            );
        }
        for bad in [
            "",
            "ascii",
            "ascii0",
            "ascii128",
            "time+9",
            "sun_real4",
            "int3",
            "Double",
        ] {
            assert_eq!(Encoding::parse(bad, true), None, "{bad}");
        }
    }

    #[test]
    fn numbers_survive_each_encoding() {
        for big in [false, true] {
            for (name, values) in [
                ("double", vec![1.5e300, -0.1]),
                ("float", vec![1.5, -1024.0]),
                ("int8", vec![9_007_199_254_740_992.0, -1.0]),
                ("int4", vec![-2_147_483_648.0, 7.0]),
                ("short", vec![-32768.0, 32767.0]),
                ("byte", vec![-128.0, 127.0]),
                ("ascii24", vec![0.1, -1e31]),
                ("hex8", vec![0.0, 48879.0]),
            ] {
                let encoding = Encoding::parse(name, big).unwrap();
                for value in values {
                    let mut out = Vec::new();
                    encoding.write_number(value, &mut out);
                    assert_eq!(out.len(), encoding.width());
                    assert_eq!(encoding.number(&out), Some(value), "{name}");
                }
            }
        }
        let long = Encoding::parse("int8", false).unwrap();
        let mut out = Vec::new();
        long.write_integer(536_500_869_184_000_001, &mut out);
        assert_eq!(long.integer(&out), Some(536_500_869_184_000_001));
        let short = Encoding::parse("int2", true).unwrap();
        let mut out = Vec::new();
        short.write_number(1e9, &mut out);
        assert_eq!(short.integer(&out), Some(32767));
        let hex = Encoding::parse("hex5", true).unwrap();
        let mut out = Vec::new();
        hex.write_number(-1.0, &mut out);
        assert_eq!((out.as_slice(), hex.number(&out)), (&b"     "[..], None));
    }
}
