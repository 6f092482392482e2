//! QStreams: made here, through the programs, and read back by a reader that
//! shares nothing with theirs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../filters/pieces.rs"]
mod pieces;
#[path = "../filters/processes.rs"]
mod processes;
#[path = "../filters/rng.rs"]
mod rng;
#[path = "../site/mod.rs"]
mod site;

mod average;
mod binned_datasets;
mod cached;
mod expected;
mod generator;
mod layout;
mod make;
mod programs;
mod properties;
mod read;
mod served;
mod source;
mod text;
