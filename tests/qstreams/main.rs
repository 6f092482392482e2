//! QStreams: made here, through the programs, and read back by a reader that
//! shares nothing with theirs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod average;
mod make;
mod programs;
mod read;
mod text;
