//! The 64 characters of crypt(3), in their order.

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The number that a character stands for.
pub(super) fn value(character: u8) -> Option<u32> {
    let at = ALPHABET.iter().position(|c| *c == character)?;
    u32::try_from(at).ok()
}

/// The character for the last six bits.
pub(super) fn character(bits: u32) -> char {
    let at = (bits & 63) as usize;
    ALPHABET.get(at).copied().map_or('.', char::from)
}

/// Whether a text is of these characters, so many.
pub(super) fn is_text(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| value(byte).is_some())
}
