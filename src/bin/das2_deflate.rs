//! das2_deflate: a das2 stream in, a das2 stream out.

use std::process::ExitCode;

use clap::Parser;
use das2_server::filter::{End, program, zlib::DeflateArgs};

fn main() -> ExitCode {
    let args = DeflateArgs::parse();
    program::run("das2_deflate", End::Deflated, args.input.file.as_deref())
}
