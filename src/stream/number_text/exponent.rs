//! `%W.De`, in fields and alone.

use super::decimal::{Decimal, decimal, ten};
use super::digits::{eighteen, exponent};
use crate::stream::text::{exp_field, exponent_text};

/// The most significant digits that are made fast.
const MOST: usize = 18;

/// Appends a number as C's `%.{decimals}e` does.
pub fn exponent_form(value: f64, decimals: usize, out: &mut Vec<u8>) {
    match Text::new(value, decimals) {
        Some(text) => out.extend_from_slice(text.get()),
        None => exponent_text(value, decimals, out),
    }
}

/// Fills a field with a number as C's `%{W}.{decimals}e` does, where W is the
/// length of the field. A number that does not fit is written otherwise, or
/// with fewer digits: see [`exp_field`](crate::stream::exp_field).
#[inline(always)]
pub fn exponent_field(value: f64, decimals: usize, field: &mut [u8]) {
    if let Some(text) = Text::new(value, decimals)
        && text.fill(field)
    {
        return;
    }
    slowly(value, decimals, field);
}

#[cold]
fn slowly(value: f64, decimals: usize, field: &mut [u8]) {
    let mut text = Vec::with_capacity(field.len());
    exp_field(value, field.len(), decimals, &mut text);
    if text.len() == field.len() {
        field.copy_from_slice(&text);
    }
}

/// The text of a number, a sign or a blank in front.
struct Text {
    bytes: [u8; 32],
    length: usize,
}

impl Text {
    /// None for more digits than are made fast, and for what is not finite.
    #[inline(always)]
    fn new(value: f64, decimals: usize) -> Option<Text> {
        let count = decimals + 1;
        let size = value.abs();
        if count > MOST || !size.is_finite() {
            return None;
        }
        let found = match size == 0.0 {
            true => Decimal {
                digits: 0,
                exponent: 0,
            },
            false => decimal(size, count as u32),
        };
        let digits = eighteen(found.digits * ten((MOST - count) as u32));
        let (behind, length) = exponent(found.exponent);
        let mut bytes = [b' '; 32];
        let ([sign, first, point], rest) = bytes.split_first_chunk_mut()?;
        if value.is_sign_negative() {
            *sign = b'-';
        }
        let [whole, fraction @ ..] = digits;
        (*first, *point) = (whole, b'.');
        *rest.first_chunk_mut()? = fraction;
        // Without decimals there is no point.
        let at = if decimals == 0 { 2 } else { 3 + decimals };
        *bytes.get_mut(at..)?.first_chunk_mut()? = behind.to_le_bytes();
        Some(Text {
            bytes,
            length: at + length,
        })
    }

    /// Without the blank.
    fn get(&self) -> &[u8] {
        let text = self.bytes.get(..self.length).unwrap_or_default();
        text.strip_prefix(b" ").unwrap_or(text)
    }

    /// Right-aligned in a field; false if it does not fit.
    #[inline(always)]
    fn fill(&self, field: &mut [u8]) -> bool {
        if let Some(text) = self.bytes.get(..self.length)
            && text.len() == field.len()
        {
            field.copy_from_slice(text);
            return true;
        }
        let text = self.get();
        let Some(blank) = field.len().checked_sub(text.len()) else {
            return false;
        };
        let (before, room) = field.split_at_mut(blank);
        before.fill(b' ');
        room.copy_from_slice(text);
        true
    }
}
