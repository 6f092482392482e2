//! The command line of das2_check.

use std::path::PathBuf;

use clap::Parser;

/// Say whether a das2 stream or a QStream conforms, and where not.
///
/// Prints each finding with its byte offset (counted after inflating), packet
/// and rule, then a summary. Exit status: 0 for a stream without errors,
/// whatever its warnings, 1 with errors, 2 when it cannot be opened or the
/// command line is wrong.
#[derive(Parser)]
#[command(name = "das2_check", version, disable_version_flag = true)]
pub struct CheckArgs {
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
    /// Print nothing: the exit status tells.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    pub version: Option<bool>,
    /// The stream; standard input without it, or for `-`.
    pub file: Option<PathBuf>,
}
