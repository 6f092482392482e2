//! das2_from_das1: the reader of a das1 source as a das2 stream.

use std::process::ExitCode;

use clap::Parser;
use das2_server::reading::das1::{Das1Args, run};

fn main() -> ExitCode {
    run(&Das1Args::parse())
}
