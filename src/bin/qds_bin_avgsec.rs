//! qds_bin_avgsec: a QStream in, a QStream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, program, qds::AverageArgs};

fn main() -> ExitCode {
    let args = AverageArgs::parse();
    let filter = Filter::QBin((&args).into());
    program::run("qds_bin_avgsec", filter, args.input.file.as_deref())
}
