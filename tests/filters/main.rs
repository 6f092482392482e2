//! The filter programs against what streams mean: streams made here, read
//! back by a reader of their own, binned again by hand, and das2C's programs
//! where they are at hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod ascii;
mod average;
mod bin_times;
mod binary;
mod bins;
mod builder;
mod collapse;
mod csv;
mod das23;
mod das2c;
mod every;
mod generator;
mod golden;
mod hapi;
mod headers;
mod histo;
mod instants;
mod manners;
mod oracle;
mod parsed;
mod pauses;
mod peaks;
mod pieces;
mod planes;
mod processes;
mod programs;
mod properties;
mod psd;
mod rates;
mod rng;
mod running;
mod unit_bins;
mod waves;
mod zlib;
