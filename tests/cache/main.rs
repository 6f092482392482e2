//! Requests that are answered out of the cache, through the CGI program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../site/mod.rs"]
mod site;

mod aged;
mod busy;
mod coverage;
mod damaged;
mod edges;
mod empty;
mod hits;
mod joints;
mod large;
mod last_bins;
mod minute;
mod program;
mod programs;
mod queue;
