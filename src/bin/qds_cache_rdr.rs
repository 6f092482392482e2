//! qds_cache_rdr: a range out of the cache of a source of QStreams.

use std::process::ExitCode;

use clap::Parser;
use das2_server::cache::serve::program::{QdsCacheReaderArgs, run};

fn main() -> ExitCode {
    run("qds_cache_rdr", &QdsCacheReaderArgs::parse().args)
}
