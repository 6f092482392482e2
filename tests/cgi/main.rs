//! Requests through the real executable under a fabricated CGI environment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../site/mod.rs"]
mod site;

mod access;
mod bad_input;
mod bad_streams;
mod data;
mod errors;
mod gzip;
mod limits;
mod list_index;
mod log;
mod pages;
mod readers;
mod sources;
mod start;
mod table;
mod timing;
