//! An instance as bin/install lays it out, under a real Apache with the
//! configuration that comes with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../http/mod.rs"]
mod http;
#[path = "../instance/mod.rs"]
mod instance;

mod access;
mod answers;
mod busy;
mod das2c;
mod https;
mod processes;
mod server;
