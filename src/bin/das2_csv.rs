//! das2_csv: a das2 stream in, comma-separated values out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{End, csv::CsvArgs, program};

fn main() -> ExitCode {
    let args = CsvArgs::parse();
    let end = End::Csv((&args).into());
    program::run("das2_csv", end, args.input.file.as_deref())
}
