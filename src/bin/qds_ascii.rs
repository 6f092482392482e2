//! qds_ascii: a QStream in, a QStream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, program, qds::AsciiArgs};

fn main() -> ExitCode {
    let args = AsciiArgs::parse();
    let filter = Filter::QAscii;
    program::run("qds_ascii", filter, args.input.file.as_deref())
}
