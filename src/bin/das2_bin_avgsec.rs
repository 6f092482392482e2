//! das2_bin_avgsec: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, bin::AverageArgs, program};

fn main() -> ExitCode {
    let args = AverageArgs::parse();
    let filter = Filter::Bin((&args).into());
    program::run("das2_bin_avgsec", filter, args.input.file.as_deref())
}
