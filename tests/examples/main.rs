//! The example readers and their DSDFs, run as a server runs them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod framing;
mod qstream;
mod scripts;
mod sources;
mod voyager;
