//! das2_bin_avg: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, bin::UnitAverageArgs, program};

fn main() -> ExitCode {
    let args = UnitAverageArgs::parse();
    let filter = Filter::Bin((&args).into());
    program::run("das2_bin_avg", filter, args.input.file.as_deref())
}
