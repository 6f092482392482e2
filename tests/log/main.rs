//! The request logs as people see them: the page, through the real executable
//! and in a browser, and the tools.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../site/mod.rs"]
mod site;

mod attacks;
mod browser;
mod central;
mod page;
mod tool;
