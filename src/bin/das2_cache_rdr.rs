//! das2_cache_rdr: a range out of the cache.

use std::process::ExitCode;

use clap::Parser;
use das2_server::cache::serve::program::{CacheReaderArgs, run};

fn main() -> ExitCode {
    run("das2_cache_rdr", &CacheReaderArgs::parse())
}
