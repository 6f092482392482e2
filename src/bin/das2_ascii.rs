//! das2_ascii: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, ascii::AsciiArgs, program};

fn main() -> ExitCode {
    let args = AsciiArgs::parse();
    let filter = Filter::Ascii((&args).into());
    program::run("das2_ascii", filter, args.input.file.as_deref())
}
