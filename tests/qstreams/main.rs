//! QStreams: made here, through the programs, and read back by a reader that
//! shares nothing with theirs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../site/mod.rs"]
mod site;

mod average;
mod cached;
mod make;
mod programs;
mod read;
mod served;
mod source;
mod text;
