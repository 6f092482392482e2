//! Numbers as text, fast and exact.
//!
//! In come numbers, out go the bytes that C's printf writes for `%.6e` and its
//! like ([`exponent_form`], [`real4_fields`]), or the fewest digits that read
//! back the same ([`shortest`], [`Real4Cells`]).
//!
//! The one idea: a number times a power of ten is known to more digits than
//! are wanted, so nearly always they tell how it is rounded; where they do
//! not, long arithmetic does. Nothing is written that is not exact.

mod cells;
mod decimal;
mod digits;
mod exponent;
#[cfg(target_arch = "x86_64")]
mod lanes_avx2;
#[cfg(target_arch = "x86_64")]
mod layouts;
mod powers;
mod real4;
#[cfg(target_arch = "x86_64")]
mod real4_avx2;
mod shortest;
#[cfg(target_arch = "x86_64")]
mod shortest4_avx2;

#[cfg(test)]
mod tests;

pub use cells::Real4Cells;
pub use exponent::{exponent_field, exponent_form};
pub use real4::real4_fields;
pub use shortest::{ROOM, Shortest, shortest};
