//! das2_binary: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, binary::BinaryArgs, program};

fn main() -> ExitCode {
    let args = BinaryArgs::parse();
    program::run("das2_binary", Filter::Binary, args.input.file.as_deref())
}
