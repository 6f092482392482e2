//! Filters run in this process, and what comes out taken apart.

use crate::parsed::Parsed;

pub use crate::pieces::{Ran, bytes_of, chain, run_in_pieces, words};

/// Runs a filter that has to succeed; its output, taken apart.
pub fn run(words: &[&str], input: &[u8]) -> Parsed {
    Parsed::new(&bytes_of(words, input))
}

/// Runs a filter that has to fail: the error, and what came out before it.
pub fn fails(words: &[&str], input: &[u8]) -> (String, Parsed) {
    let ran = run_in_pieces(words, input, &[usize::MAX]);
    let error = ran.error.expect("should fail").to_string();
    (error, Parsed::new(&ran.bytes))
}
