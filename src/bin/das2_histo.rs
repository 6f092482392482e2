//! das2_histo: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, histo::HistoArgs, program};

fn main() -> ExitCode {
    let args = HistoArgs::parse();
    let filter = Filter::Histo((&args).into());
    program::run("das2_histo", filter, args.input.file.as_deref())
}
