//! das2_inflate: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{Filter, program, zlib::InflateArgs};

fn main() -> ExitCode {
    let args = InflateArgs::parse();
    program::run("das2_inflate", Filter::Inflate, args.input.file.as_deref())
}
