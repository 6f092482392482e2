//! Numbers as text: fields of asciiN planes.

use std::fmt::Write;

use super::number::parse_number;

/// Text of a number, built on the stack.
struct Digits {
    bytes: [u8; 64],
    length: usize,
}

impl Digits {
    fn new() -> Digits {
        Digits {
            bytes: [0; 64],
            length: 0,
        }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, text: &[u8]) -> Option<()> {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end)?.copy_from_slice(text);
        self.length = end;
        Some(())
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text.as_bytes()).ok_or(std::fmt::Error)
    }
}

/// `%.{decimals}e` as C prints it: two exponent digits at the least.
fn exponent_form(value: f64, decimals: usize) -> Option<Digits> {
    let mut rust = Digits::new();
    write!(rust, "{value:.decimals$e}").ok()?;
    let text = std::str::from_utf8(rust.get()).ok()?;
    let (mantissa, exponent) = text.split_once('e')?;
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("+", exponent),
    };
    let mut c = Digits::new();
    write!(c, "{mantissa}e{sign}{digits:0>2}").ok()?;
    Some(c)
}

/// Appends a value as C's `%.{decimals}e` does, by the standard library.
pub(super) fn exponent_text(value: f64, decimals: usize, out: &mut Vec<u8>) {
    match exponent_form(value, decimals.min(40)) {
        Some(text) if value.is_finite() => out.extend(text.get()),
        _ => out.extend(not_finite(value)),
    }
}

/// Writes a value as C's `%{room}.{decimals}e` does, in exactly `room` bytes:
/// right-aligned, and with fewer decimals where it would not fit. But where
/// all digits of a double are asked for, another form that says the same
/// number comes first: `-1.2345678901234567e-100` has one byte too many for
/// ascii24, `-12345678901234567e-116` has not.
pub fn exp_field(value: f64, room: usize, decimals: usize, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return right_aligned(not_finite(value), room, out);
    }
    // Seventeen digits tell every double; more would not fit the stack text.
    let mut decimals = decimals.min(40);
    loop {
        match exponent_form(value, decimals) {
            Some(text) if text.get().len() <= room => {
                return right_aligned(text.get(), room, out);
            }
            Some(_)
                if decimals >= EXACT
                    && let Some(text) = tightest(value, room) =>
            {
                return right_aligned(text.get(), room, out);
            }
            Some(text) if decimals > 0 => {
                decimals = decimals.saturating_sub((text.get().len() - room).max(1));
            }
            _ => return best_field(value, room, out),
        }
    }
}

/// Decimals that tell every double from its neighbours.
const EXACT: usize = 16;

/// The fewest digits that read back as the same double, with a point after
/// the first or, where that does not fit, without one.
fn tightest(value: f64, room: usize) -> Option<Digits> {
    let mut shortest = Digits::new();
    write!(shortest, "{value:e}").ok()?;
    if shortest.get().len() <= room {
        return Some(shortest);
    }
    let text = std::str::from_utf8(shortest.get()).ok()?;
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.parse::<i32>().ok()? - decimals.len() as i32;
    let mut integer = Digits::new();
    write!(integer, "{whole}{decimals}e{exponent:+}").ok()?;
    (integer.get().len() <= room).then_some(integer)
}

/// Writes a value in exactly `room` bytes with as many significant digits as
/// fit, at most the seventeen that tell a double.
pub fn best_field(value: f64, room: usize, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return right_aligned(not_finite(value), room, out);
    }
    // C's form is what clients expect; others where they are nearer.
    let forms: [fn(f64, usize) -> Option<Digits>; 3] = [c_exponent, widest_fixed, short_exponent];
    let mut best: Option<(f64, Digits)> = None;
    for text in forms.iter().filter_map(|form| form(value, room)) {
        let back = parse_number(text.get()).unwrap_or(f64::INFINITY);
        let off = (back - value).abs();
        if best.as_ref().is_none_or(|(least, _)| off < *least) {
            best = Some((off, text));
        }
        if off == 0.0 {
            break;
        }
    }
    match best {
        Some((_, text)) => right_aligned(text.get(), room, out),
        // Blanks are no number, so they read back as fill.
        None => out.extend(std::iter::repeat_n(b' ', room)),
    }
}

/// The text with the most decimals that fits.
fn widest(room: usize, form: impl Fn(usize) -> Option<Digits>) -> Option<Digits> {
    let bare = form(0)?.get().len();
    if bare > room {
        return None;
    }
    // A point and the decimals take what is left; rounding up may add a digit.
    let left = (room - bare).saturating_sub(1);
    [left, left.saturating_sub(1), 0]
        .into_iter()
        .filter_map(form)
        .find(|text| text.get().len() <= room)
}

/// C's exponent form, in fields that have room for it and a digit or two.
fn c_exponent(value: f64, room: usize) -> Option<Digits> {
    if room < 8 {
        return None;
    }
    widest(room, |decimals| exponent_form(value, decimals.min(16)))
}

/// Plain decimal notation, where the number neither starts beyond the field
/// nor disappears in its zeros.
fn widest_fixed(value: f64, room: usize) -> Option<Digits> {
    let size = value.abs();
    if size >= 1e16 || (size != 0.0 && size < 1e-4) {
        return None;
    }
    let text = widest(room, |decimals| {
        let mut text = Digits::new();
        write!(text, "{value:.prec$}", prec = decimals.min(17)).ok()?;
        Some(text)
    })?;
    let vanished = value != 0.0 && digits_of(text.get()) == 0;
    (!vanished).then_some(text)
}

/// `-1e31`: no sign or leading zero in the exponent, which gives narrow fields
/// two more digits.
fn short_exponent(value: f64, room: usize) -> Option<Digits> {
    widest(room, |decimals| {
        let mut text = Digits::new();
        write!(text, "{value:.prec$e}", prec = decimals.min(16)).ok()?;
        Some(text)
    })
}

/// Significant digits before any exponent, at most seventeen.
fn digits_of(text: &[u8]) -> usize {
    let mut count = 0;
    for byte in text {
        match byte {
            b'0' if count == 0 => {}
            b'0'..=b'9' => count += 1,
            b'e' => break,
            _ => {}
        }
    }
    count.min(17)
}

fn not_finite(value: f64) -> &'static [u8] {
    if value.is_nan() {
        b"nan"
    } else if value > 0.0 {
        b"inf"
    } else {
        b"-inf"
    }
}

fn right_aligned(text: &[u8], room: usize, out: &mut Vec<u8>) {
    if text.len() > room {
        return out.extend(std::iter::repeat_n(b' ', room));
    }
    out.extend(std::iter::repeat_n(b' ', room - text.len()));
    out.extend(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exp(value: f64, room: usize, decimals: usize) -> String {
        let mut out = Vec::new();
        exp_field(value, room, decimals, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn best(value: f64, room: usize) -> String {
        let mut out = Vec::new();
        best_field(value, room, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_as_printf_makes_them() {
        assert_eq!(exp(1.5, 13, 6), " 1.500000e+00");
        assert_eq!(exp(-1.5, 13, 6), "-1.500000e+00");
        assert_eq!(exp(0.0, 10, 3), " 0.000e+00");
        assert_eq!(exp(-1e31, 16, 9), "-1.000000000e+31");
        assert_eq!(exp(f64::NAN, 13, 6), "          nan");
        assert_eq!(exp(f64::NEG_INFINITY, 13, 6), "         -inf");
        // Near-ties are decided by the exact value of the double.
        assert_eq!(exp(2.5, 6, 0), " 2e+00");
        assert_eq!(exp(9.9999999, 13, 6), " 1.000000e+01");
    }

    #[test]
    fn what_does_not_fit_loses_digits_and_nothing_else() {
        assert_eq!(exp(-1e-100, 16, 9), "-1.00000000e-100");
        assert_eq!(exp(-1.234e-300, 8, 3), " -1e-300");
        assert_eq!(exp(-1e31, 5, 3), "-1e31");
        assert_eq!(exp(-1e31, 3, 3), "   ");
    }

    #[test]
    fn a_double_in_23_bytes_is_still_the_same() {
        for value in [
            -1.2345678901234567e-100,
            -1.7976931348623157e308,
            -2.2250738585072014e-308,
            -4.9e-324,
            -1e-100,
            -9.876543210987654e-200,
        ] {
            let text = exp(value, 23, 16);
            assert_eq!(text.len(), 23);
            assert_eq!(parse_number(text.as_bytes()), Some(value), "{text}");
        }
        assert_eq!(
            exp(-1.2345678901234567e-100, 23, 16),
            "-12345678901234567e-116"
        );
        assert_eq!(
            exp(1.2345678901234567e-100, 23, 16),
            "1.2345678901234567e-100"
        );
    }

    #[test]
    fn the_most_digits_that_fit() {
        assert_eq!(best(-10.25, 6), "-10.25");
        assert_eq!(best(1.0 / 3.0, 9), "0.3333333");
        assert_eq!(best(-1e31, 10), "-1.000e+31");
        assert_eq!(best(123456.789, 6), "123457");
        assert_eq!(best(1.234567e-7, 6), "1.2e-7");
        assert_eq!(best(0.0, 6), "0.0000");
        assert_eq!(best(99.9999, 4), " 100");
        for value in [1e-5, 12345.678, -9.87e20, 3e-300, 0.99999999] {
            for room in 1..30 {
                let text = best(value, room);
                assert_eq!(text.len(), room);
                if let Some(back) = parse_number(text.as_bytes()) {
                    assert!(
                        (back - value).abs() <= value.abs() * 0.5,
                        "{value} {room} {text}"
                    );
                }
            }
        }
    }
}
