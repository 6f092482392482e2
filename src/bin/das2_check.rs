//! das2_check: says whether a das2 stream or a QStream conforms, and where not.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use das2_server::check::{Report, check_stream};
use das2_server::stream::widen_pipe;

/// Say whether a das2 stream or a QStream conforms, and where not.
///
/// Prints each finding with its byte offset (counted after inflating), packet
/// and rule, then a summary. Exit status: 0 for a stream without errors,
/// whatever its warnings, 1 with errors, 2 when it cannot be opened or the
/// command line is wrong.
#[derive(Parser)]
#[command(name = "das2_check", version)]
struct Options {
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Print nothing: the exit status tells.
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    /// The stream; standard input without it, or for `-`.
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let input = match open(&options) {
        Ok(input) => input,
        Err(e) => {
            let name = options.file.unwrap_or_default();
            eprintln!("das2_check: cannot open {}: {e}", name.display());
            return ExitCode::from(2);
        }
    };
    widen_pipe(&input);
    let report = check_stream(input);
    // Whoever reads the report may have seen enough; the status still tells.
    let _ = print(&report, &options);
    ExitCode::from(u8::from(!report.is_conforming()))
}

fn open(options: &Options) -> io::Result<File> {
    match &options.file {
        Some(path) if path.as_os_str() != "-" => File::open(path),
        _ => {
            let stdin: OwnedFd = rustix::io::dup(rustix::stdio::stdin())?;
            Ok(File::from(stdin))
        }
    }
}

fn print(report: &Report, options: &Options) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if options.json {
        writeln!(out, "{}", report.to_json())?;
    } else if !options.quiet {
        write!(out, "{report}")?;
    }
    out.flush()
}
