//! Four-byte reals as cells of a table, each with the fewest digits.
//!
//! What is the same for all cells of a plane is settled once; then a call
//! writes as many cells as there are.

use super::shortest::{ROOM, Shortest};
#[cfg(target_arch = "x86_64")]
use super::shortest4_avx2;

/// Room behind the last cell, so that cells can be written in whole registers.
const SLACK: usize = 1024;

/// How a plane of four-byte reals becomes cells.
#[derive(Debug, Clone)]
pub struct Real4Cells {
    pub(super) fill: (f32, f32),
    fill_text: Vec<u8>,
    pub(super) separator: [u8; 4],
    pub(super) separator_length: usize,
    pub(super) strict: bool,
}

impl Real4Cells {
    /// Cells with a separator behind each. Values from the first of `fill` to
    /// the second, and NaN, are written as `fill_text`; with two NaN no other
    /// value is.
    pub fn new(fill: (f32, f32), fill_text: &[u8], separator: char) -> Real4Cells {
        let mut bytes = [0; 4];
        Real4Cells {
            fill,
            fill_text: fill_text.to_vec(),
            separator_length: separator.encode_utf8(&mut bytes).len(),
            separator: bytes,
            strict: false,
        }
    }

    /// The same for readers who take less: exponents have no plus sign, and
    /// infinities are written as fill.
    pub fn strict(self) -> Real4Cells {
        Real4Cells {
            strict: true,
            ..self
        }
    }

    /// Room that so many cells need at most.
    pub fn room(&self, count: usize) -> usize {
        count * (self.fill_text.len().max(ROOM) + self.separator.len()) + SLACK
    }

    /// Writes numbers of four bytes each, the last byte first or last, as
    /// [`shortest`](super::shortest) does; how many bytes there are.
    ///
    /// There must be [`room`](Real4Cells::room); cells without are not written.
    pub fn write(&self, raw: &[u8], big: bool, room: &mut [u8]) -> usize {
        let (numbers, _) = raw.as_chunks();
        #[cfg(target_arch = "x86_64")]
        let (done, mut at) = shortest4_avx2::fill(numbers, big, self, room);
        #[cfg(not(target_arch = "x86_64"))]
        let (done, mut at) = (0, 0);
        for raw in numbers.iter().skip(done) {
            self.one(raw, big, room, &mut at);
        }
        at.min(room.len())
    }

    /// Writes one cell at a place, and moves the place behind it.
    pub(super) fn one(&self, raw: &[u8; 4], big: bool, room: &mut [u8], at: &mut usize) {
        let value = match big {
            true => f32::from_be_bytes(*raw),
            false => f32::from_le_bytes(*raw),
        };
        let (low, high) = self.fill;
        let is_other = value.is_nan() || (self.strict && value.is_infinite());
        if is_other || (low..=high).contains(&value) {
            put(&self.fill_text, room, at);
        } else {
            let mut text = [0; ROOM];
            let length = match self.strict {
                true => value.write_without_plus(&mut text),
                false => value.write(&mut text),
            };
            put(text.get(..length).unwrap_or_default(), room, at);
        }
        let separator = self.separator.get(..self.separator_length);
        put(separator.unwrap_or_default(), room, at);
    }
}

fn put(bytes: &[u8], room: &mut [u8], at: &mut usize) {
    if let Some(room) = room.get_mut(*at..*at + bytes.len()) {
        room.copy_from_slice(bytes);
        *at += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use super::super::shortest;
    use super::super::tests::{Sample, count};
    use super::*;

    const NO_FILL: (f32, f32) = (f32::NAN, f32::NAN);

    fn text(cells: &Real4Cells, values: &[f32], big: bool) -> String {
        let bytes = |value: &f32| match big {
            true => value.to_be_bytes(),
            false => value.to_le_bytes(),
        };
        let raw: Vec<u8> = values.iter().flat_map(bytes).collect();
        let mut room = vec![b'x'; cells.room(values.len())];
        let length = cells.write(&raw, big, &mut room);
        String::from_utf8(room[..length].to_vec()).unwrap()
    }

    /// Numbers one by one, as the library writes them.
    fn expected(values: &[f32], strict: bool) -> String {
        let mut out = Vec::new();
        for value in values {
            if !(value.is_nan() || strict && value.is_infinite()) {
                shortest(*value, &mut out);
            }
            out.push(b',');
        }
        if strict {
            out.retain(|&byte| byte != b'+');
        }
        String::from_utf8(out).unwrap()
    }

    fn check(values: impl Iterator<Item = f32>) {
        let cells = Real4Cells::new(NO_FILL, b"", ',');
        let strict = cells.clone().strict();
        let values: Vec<f32> = values.collect();
        for (index, values) in values.chunks(1000).enumerate() {
            let big = index % 2 == 0;
            for cells in [&cells, &strict] {
                let found = text(cells, values, big);
                let expected = expected(values, cells.strict);
                if found != expected {
                    let both = found.split(',').zip(expected.split(','));
                    for ((found, expected), value) in both.zip(values) {
                        assert_eq!(found, expected, "{value:e}");
                    }
                    panic!("{} bytes and not {}", found.len(), expected.len());
                }
            }
        }
    }

    #[test]
    fn all_kinds_of_numbers() {
        let mut sample = Sample::new(7);
        let total = count(1_000_000);
        check((0..total).map(|_| f32::from_bits(sample.next() as u32)));
        check((0..=u32::MAX).step_by(6007).map(f32::from_bits));
        check((0..1 << 17).map(|whole| whole as f32));
        check((0..100_000).map(|whole| -(whole as f32) / 1000.0));
        check((1..200_000).map(|whole| (whole * 997) as f32 * 64.0));
    }

    #[test]
    fn powers_and_their_neighbours() {
        let near = |bits: u32| [bits.saturating_sub(1), bits, bits + 1];
        let both = |bits: u32| [f32::from_bits(bits), -f32::from_bits(bits)];
        check((0..=255u32).flat_map(|two| near(two << 23)).flat_map(both));
        check((0..24).flat_map(|two| near(1 << two)).flat_map(both));
        let tens = (-45..=38).map(|ten| format!("1e{ten}").parse::<f32>().unwrap());
        check(tens.flat_map(|ten| near(ten.to_bits())).flat_map(both));
    }

    /// With every number of cells, so in groups and one by one.
    #[test]
    fn separators_and_fill() {
        let values = [
            1.5,
            f32::NAN,
            -1e31,
            -0.0,
            -1.000_005e31,
            -1.1e-6,
            f32::NEG_INFINITY,
            f32::INFINITY,
            6.02e23,
            -0.000_001_234_567_8,
            -3.402_823_5e-38,
        ];
        let cells = ["1.5", "F", "F", "-0", "F", "-0.0000011", "-inf", "inf"];
        let more = ["6.02e+23", "-0.0000012345678", "-3.4028235e-38"];
        let cells: Vec<&str> = cells.into_iter().chain(more).collect();
        for separator in [',', '\t', '\u{b5}', '\u{2502}', '\u{1f600}'] {
            for fill in [
                "",
                "NaN",
                "a text that is longer than any number could be, and more",
            ] {
                let kind =
                    Real4Cells::new((-1.000_01e31, -0.999_99e31), fill.as_bytes(), separator);
                for count in 0..=values.len() {
                    let cell = |cell: &&str| match *cell {
                        "F" => format!("{fill}{separator}"),
                        cell => format!("{cell}{separator}"),
                    };
                    let expected: String = cells[..count].iter().map(cell).collect();
                    let values = values[..count].repeat(3);
                    for big in [true, false] {
                        assert_eq!(text(&kind, &values, big), expected.repeat(3));
                    }
                }
            }
        }
    }

    #[test]
    #[ignore = "takes minutes, of a release build"]
    fn all_numbers_that_there_are() {
        for front in 0..=u16::MAX {
            let front = u32::from(front) << 16;
            check((front..=front | 0xffff).map(f32::from_bits));
        }
    }

    #[test]
    fn too_little_room_is_no_harm() {
        let cells = Real4Cells::new(NO_FILL, b"fill", ',');
        let raw = 1.5f32.to_be_bytes().repeat(40);
        for length in 0..900 {
            let mut room = vec![0; length];
            assert!(cells.write(&raw, true, &mut room) <= length);
        }
    }
}
