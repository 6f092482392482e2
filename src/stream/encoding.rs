//! Value encodings: the `type` of a plane.

use super::number::parse_number;
use super::text::best_field;

/// How one value of a plane is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// IEEE 754, four bytes.
    Real4 {
        /// Most significant byte first.
        big: bool,
    },
    /// IEEE 754, eight bytes.
    Real8 {
        /// Most significant byte first.
        big: bool,
    },
    /// A number as text, this many bytes, separator included.
    Ascii(u8),
    /// A time as text, this many bytes, separator included.
    Time(u8),
    /// An integer. Read only: clients do not know it, so no filter makes it.
    Int {
        /// Bytes: 1, 2, 4 or 8.
        width: u8,
        /// Two's complement.
        signed: bool,
        /// Most significant byte first.
        big: bool,
    },
}

/// Names without a number in them. The first of each encoding is written.
const NAMES: [(&str, Encoding); 8] = [
    ("sun_real4", Encoding::Real4 { big: true }),
    ("float", Encoding::Real4 { big: true }),
    ("big_endian_real4", Encoding::Real4 { big: true }),
    ("little_endian_real4", Encoding::Real4 { big: false }),
    ("sun_real8", Encoding::Real8 { big: true }),
    ("double", Encoding::Real8 { big: true }),
    ("big_endian_real8", Encoding::Real8 { big: true }),
    ("little_endian_real8", Encoding::Real8 { big: false }),
];

impl Encoding {
    /// The widest asciiN that is read.
    pub const MAX_ASCII: u8 = 127;
    /// The narrowest and the widest timeN that are read.
    pub const TIME_WIDTHS: std::ops::RangeInclusive<u8> = 5..=63;

    /// Four bytes in this machine's byte order.
    pub const HOST_REAL4: Encoding = Encoding::Real4 {
        big: cfg!(target_endian = "big"),
    };
    /// Eight bytes in this machine's byte order.
    pub const HOST_REAL8: Encoding = Encoding::Real8 {
        big: cfg!(target_endian = "big"),
    };

    /// The encoding that a `type` names.
    pub fn parse(word: &str) -> Option<Encoding> {
        if let Some((_, encoding)) = NAMES.iter().find(|(name, _)| *name == word) {
            return Some(*encoding);
        }
        if let Some(digits) = word.strip_prefix("ascii") {
            return width_in(digits, 1..=Self::MAX_ASCII).map(Encoding::Ascii);
        }
        if let Some(digits) = word.strip_prefix("time") {
            return width_in(digits, Self::TIME_WIDTHS).map(Encoding::Time);
        }
        let (big, rest) = match word.strip_prefix("little_endian_") {
            Some(rest) => (false, rest),
            None => (true, word.strip_prefix("big_endian_")?),
        };
        let (signed, digits) = match rest.strip_prefix("uint") {
            Some(digits) => (false, digits),
            None => (true, rest.strip_prefix("int")?),
        };
        let width = match digits {
            "1" => 1,
            "2" => 2,
            "4" => 4,
            "8" => 8,
            _ => return None,
        };
        Some(Encoding::Int { width, signed, big })
    }

    /// The `type` that names this encoding.
    pub fn name(self) -> String {
        match self {
            Encoding::Ascii(width) => format!("ascii{width}"),
            Encoding::Time(width) => format!("time{width}"),
            Encoding::Int { width, signed, big } => {
                let order = if big { "big" } else { "little" };
                let sign = if signed { "" } else { "u" };
                format!("{order}_endian_{sign}int{width}")
            }
            real => NAMES
                .iter()
                .find(|(_, encoding)| *encoding == real)
                .map_or_else(String::new, |(name, _)| (*name).to_owned()),
        }
    }

    /// Bytes of one value.
    pub fn width(self) -> usize {
        match self {
            Encoding::Real4 { .. } => 4,
            Encoding::Real8 { .. } => 8,
            Encoding::Ascii(width) | Encoding::Time(width) | Encoding::Int { width, .. } => {
                usize::from(width)
            }
        }
    }

    /// True for asciiN and timeN.
    pub fn is_text(self) -> bool {
        matches!(self, Encoding::Ascii(_) | Encoding::Time(_))
    }

    /// The encoding of what is reckoned from such values: its own, but in place of
    /// integers, which clients cannot read and means seldom are, reals: of four bytes
    /// for integers of one or two, else of eight.
    pub fn of_results(self) -> Encoding {
        match self {
            Encoding::Int {
                width: 1 | 2, big, ..
            } => Encoding::Real4 { big },
            Encoding::Int { big, .. } => Encoding::Real8 { big },
            other => other,
        }
    }

    /// The number in one value's bytes. None: text that is no number, a time
    /// (which the time room reads), or too few bytes.
    pub fn number(self, bytes: &[u8]) -> Option<f64> {
        match self {
            Encoding::Real4 { big } => {
                let bytes = *bytes.first_chunk()?;
                Some(f64::from(if big {
                    f32::from_be_bytes(bytes)
                } else {
                    f32::from_le_bytes(bytes)
                }))
            }
            Encoding::Real8 { big } => {
                let bytes = *bytes.first_chunk()?;
                Some(if big {
                    f64::from_be_bytes(bytes)
                } else {
                    f64::from_le_bytes(bytes)
                })
            }
            Encoding::Ascii(_) => parse_number(bytes),
            Encoding::Time(_) => None,
            Encoding::Int { .. } => Some(self.integer(bytes) as f64),
        }
    }

    /// The whole number in one value's bytes, of which a double may lose
    /// digits; 0 for encodings that are no integers.
    pub fn integer(self, bytes: &[u8]) -> i128 {
        let Encoding::Int { signed, big, .. } = self else {
            return 0;
        };
        let (raw, unused) = raw_integer(bytes, big);
        match signed {
            true => i128::from((raw << unused) as i64 >> unused),
            false => i128::from(raw),
        }
    }

    /// Appends a number in this encoding, exactly [`Encoding::width`] bytes.
    ///
    /// asciiN is right-aligned, with the most digits that fit and a blank at
    /// the end. Integers are rounded and kept in range; a time gets blanks.
    pub fn write_number(self, value: f64, out: &mut Vec<u8>) {
        match self {
            Encoding::Real4 { big: true } => out.extend((value as f32).to_be_bytes()),
            Encoding::Real4 { big: false } => out.extend((value as f32).to_le_bytes()),
            Encoding::Real8 { big: true } => out.extend(value.to_be_bytes()),
            Encoding::Real8 { big: false } => out.extend(value.to_le_bytes()),
            Encoding::Ascii(width) => {
                best_field(value, usize::from(width).saturating_sub(1), out);
                out.push(b' ');
            }
            Encoding::Time(width) => out.extend(std::iter::repeat_n(b' ', usize::from(width))),
            Encoding::Int { width, signed, big } => {
                write_integer(value.round(), usize::from(width), signed, big, out);
            }
        }
    }

    /// Appends numbers one after the other: the same as writing each, and for reals
    /// several times as fast.
    pub fn write_numbers(self, values: impl Iterator<Item = f64>, out: &mut Vec<u8>) {
        match self {
            Encoding::Real4 { big: true } => {
                append(values.map(|value| (value as f32).to_be_bytes()), out);
            }
            Encoding::Real4 { big: false } => {
                append(values.map(|value| (value as f32).to_le_bytes()), out);
            }
            Encoding::Real8 { big: true } => append(values.map(f64::to_be_bytes), out),
            Encoding::Real8 { big: false } => append(values.map(f64::to_le_bytes), out),
            _ => values.for_each(|value| self.write_number(value, out)),
        }
    }
}

/// Appends fields of one width, by pieces that are put together without asking for room.
fn append<const N: usize>(mut fields: impl Iterator<Item = [u8; N]>, out: &mut Vec<u8>) {
    const PIECE: usize = 32;
    let mut piece = [[0; N]; PIECE];
    loop {
        let mut count = 0;
        for (place, field) in piece.iter_mut().zip(fields.by_ref()) {
            *place = field;
            count += 1;
        }
        let full = piece.get(..count).unwrap_or_default();
        out.extend_from_slice(full.as_flattened());
        if count < PIECE {
            return;
        }
    }
}

fn width_in(digits: &str, range: std::ops::RangeInclusive<u8>) -> Option<u8> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|width| plain && range.contains(width))
}

/// Up to eight bytes as a number without sign, and the bits that are not used.
fn raw_integer(bytes: &[u8], big: bool) -> (u64, u32) {
    let mut raw: u64 = 0;
    let mut push = |byte: &u8| raw = raw << 8 | u64::from(*byte);
    if big {
        bytes.iter().for_each(&mut push);
    } else {
        bytes.iter().rev().for_each(&mut push);
    }
    (raw, 64 - 8 * bytes.len().clamp(1, 8) as u32)
}

fn write_integer(value: f64, width: usize, signed: bool, big: bool, out: &mut Vec<u8>) {
    let bits = 8 * width as i32;
    let (low, high) = if signed {
        (-(2f64.powi(bits - 1)), 2f64.powi(bits - 1) - 1.0)
    } else {
        (0.0, 2f64.powi(bits) - 1.0)
    };
    let kept = value.clamp(low, high);
    let raw = if signed {
        (kept as i64).to_le_bytes()
    } else {
        (kept as u64).to_le_bytes()
    };
    let used = raw.iter().take(width);
    if big {
        out.extend(used.rev());
    } else {
        out.extend(used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_means_its_encoding_and_is_written_again() {
        let mut names: Vec<String> = [
            "sun_real4",
            "sun_real8",
            "little_endian_real4",
            "little_endian_real8",
            "ascii1",
            "ascii127",
            "time5",
            "time63",
        ]
        .map(String::from)
        .to_vec();
        for order in ["big", "little"] {
            for sign in ["", "u"] {
                for width in [1, 2, 4, 8] {
                    names.push(format!("{order}_endian_{sign}int{width}"));
                }
            }
        }
        for name in names {
            assert_eq!(Encoding::parse(&name).unwrap().name(), name);
        }
        assert_eq!(Encoding::parse("float").unwrap().name(), "sun_real4");
        assert_eq!(Encoding::parse("double").unwrap().name(), "sun_real8");
        for bad in [
            "", "ascii", "ascii0", "ascii128", "ascii+9", "time4", "time64", "real4", "int4",
        ] {
            assert_eq!(Encoding::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_survive_each_encoding() {
        for name in [
            "sun_real4",
            "sun_real8",
            "little_endian_real4",
            "little_endian_real8",
            "ascii24",
        ] {
            let encoding = Encoding::parse(name).unwrap();
            for value in [0.0, -1.5, 1e30, 123456.0, -2.0f64.powi(-20)] {
                let mut out = Vec::new();
                encoding.write_number(value, &mut out);
                assert_eq!(out.len(), encoding.width());
                let back = encoding.number(&out).unwrap();
                assert!(
                    (back - value).abs() <= value.abs() * 1e-6,
                    "{name} {value} {back}"
                );
            }
        }
        for (name, value) in [
            ("little_endian_int1", -128.0),
            ("big_endian_uint1", 255.0),
            ("little_endian_int2", -32768.0),
            ("big_endian_int4", -123456789.0),
            ("little_endian_uint4", 4294967295.0),
            ("big_endian_int8", -9007199254740992.0),
            ("little_endian_uint8", 9007199254740992.0),
        ] {
            let encoding = Encoding::parse(name).unwrap();
            let mut out = Vec::new();
            encoding.write_number(value, &mut out);
            assert_eq!(encoding.number(&out), Some(value), "{name}");
        }
    }

    #[test]
    fn many_numbers_are_written_as_each_alone() {
        let names = ["real4", "real8", "int2", "uint4", "int8"];
        let names = names.iter().flat_map(|name| {
            ["big_endian", "little_endian"].map(|order| format!("{order}_{name}"))
        });
        for name in names.chain(["ascii12".to_owned()]) {
            let encoding = Encoding::parse(&name).unwrap();
            for count in [0, 1, 31, 32, 33, 64, 100] {
                let values = (0..count).map(|n| f64::from(n * n) - 40.25);
                let (mut each, mut all) = (vec![7], vec![7]);
                for value in values.clone() {
                    encoding.write_number(value, &mut each);
                }
                encoding.write_numbers(values, &mut all);
                assert_eq!(all, each, "{name} {count}");
            }
        }
    }

    #[test]
    fn integers_stay_in_range() {
        let encoding = Encoding::parse("big_endian_int1").unwrap();
        for (value, byte) in [(1e9, 127), (-1e9, 128), (0.6, 1)] {
            let mut out = Vec::new();
            encoding.write_number(value, &mut out);
            assert_eq!(out, [byte]);
        }
    }
}
