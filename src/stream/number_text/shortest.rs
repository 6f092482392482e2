//! The fewest digits that read back as the same number.

/// Room for the text of any number.
pub const ROOM: usize = 32;

/// A number that has a shortest text in its own precision: four bytes need
/// fewer digits than eight.
pub trait Shortest: Copy {
    /// Writes the text to the front of the room; how many bytes it has.
    fn write(self, room: &mut [u8; ROOM]) -> usize;

    /// The same without a plus sign in the exponent.
    #[inline]
    fn write_without_plus(self, room: &mut [u8; ROOM]) -> usize {
        let length = self.write(room);
        for digits in [2, 3] {
            let at = length.saturating_sub(digits + 1);
            if room.get(at) == Some(&b'+') {
                room.copy_within(at + 1..length, at);
                return length - 1;
            }
        }
        length
    }
}

impl Shortest for f64 {
    #[inline]
    fn write(self, room: &mut [u8; ROOM]) -> usize {
        by_library(self, room)
    }
}

impl Shortest for f32 {
    #[inline]
    fn write(self, room: &mut [u8; ROOM]) -> usize {
        by_library(self, room)
    }
}

/// Appends the shortest text of a number: `1.5`, `-100`, `1e-7`, `6.02e+23`,
/// `-0`, `nan`, `inf`, `-inf`. Plain notation is used from 0.00001 to some 10^12.
pub fn shortest<N: Shortest>(value: N, out: &mut Vec<u8>) {
    let mut room = [0; ROOM];
    let length = value.write(&mut room);
    out.extend_from_slice(room.get(..length).unwrap_or_default());
}

#[inline]
fn by_library<N: zmij::Float>(value: N, room: &mut [u8; ROOM]) -> usize {
    let mut buffer = zmij::Buffer::new();
    let text = match buffer.format(value) {
        "NaN" => "nan",
        text => text.strip_suffix(".0").unwrap_or(text),
    };
    if let Some(room) = room.get_mut(..text.len()) {
        room.copy_from_slice(text.as_bytes());
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<N: Shortest>(value: N) -> String {
        let mut out = Vec::new();
        shortest(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn exponents_without_plus() {
        for (value, text) in [
            (1e31, "1e31"),
            (-1e31, "-1e31"),
            (6.02e123, "6.02e123"),
            (5e-324, "5e-324"),
            (1.5, "1.5"),
            (0.0, "0"),
        ] {
            let mut room = [b'+'; ROOM];
            let length = value.write_without_plus(&mut room);
            assert_eq!(&room[..length], text.as_bytes());
        }
    }

    #[test]
    fn in_its_own_precision() {
        assert_eq!(text(0.1f32), "0.1");
        assert_eq!(text(f64::from(0.1f32)), "0.10000000149011612");
        for (value, written) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (100.0, "100"),
            (-1.5, "-1.5"),
            (1e12, "1000000000000"),
            (-1e31, "-1e+31"),
            (1e-5, "0.00001"),
            (6.02e23, "6.02e+23"),
            (5e-324, "5e-324"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(value), written);
        }
    }
}
