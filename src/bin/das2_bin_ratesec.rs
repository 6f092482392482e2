//! das2_bin_ratesec: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, bin::RateArgs, program};

fn main() -> ExitCode {
    let args = RateArgs::parse();
    let filter = Filter::Rate((&args).into());
    program::run("das2_bin_ratesec", filter, args.input.file.as_deref())
}
