//! das2_bin_peakavgsec: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, bin::PeakArgs, program};

fn main() -> ExitCode {
    let args = PeakArgs::parse();
    let filter = Filter::Bin((&args).into());
    program::run("das2_bin_peakavgsec", filter, args.input.file.as_deref())
}
