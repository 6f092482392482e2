//! The command lines of das2_deflate and das2_inflate.
//!
//! Neither has a stage: whoever reads a das2 stream inflates it, and the last
//! of a chain deflates it ([`End::Deflated`](super::End), which also makes
//! what a client asks for with `compress=true`). So a deflated stream in
//! the middle of a chain is never made.

use crate::filter::program::StreamArgs;

/// Compresses a das2 stream.
///
/// All bytes after the stream header become one zlib stream, and the header says
/// so. What is complete goes out when the input pauses.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_deflate", version, disable_version_flag = true)]
pub struct DeflateArgs {
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// Makes a compressed das2 stream plain again; a plain one passes.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_inflate", version, disable_version_flag = true)]
pub struct InflateArgs {
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}
