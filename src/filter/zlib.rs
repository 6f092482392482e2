//! The command lines of das2_deflate and das2_inflate.
//!
//! Neither has a stage: whoever reads a das2 stream inflates it, and the last
//! of a chain deflates it ([`End::Deflated`](super::End), which also makes
//! what a client asks for with `compress=true`). So a deflated stream in
//! the middle of a chain is never made.

use std::path::PathBuf;

/// Compresses a das2 stream.
///
/// All bytes after the stream header become one zlib stream, and the header says
/// so. What is complete goes out when the input pauses.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_deflate", version, disable_version_flag = true)]
pub struct DeflateArgs {
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    pub version: (),
    /// The stream to read, standard input by default.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Makes a compressed das2 stream plain again; a plain one passes.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_inflate", version, disable_version_flag = true)]
pub struct InflateArgs {
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    pub version: (),
    /// The stream to read, standard input by default.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}
