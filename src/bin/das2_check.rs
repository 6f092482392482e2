//! das2_check: says whether a das2 stream or a QStream conforms, and where not.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::process::ExitCode;

use clap::Parser;
use das2_server::check::{CheckArgs, Report, check_stream};
use das2_server::stream::widen_pipe;

fn main() -> ExitCode {
    let options = CheckArgs::parse();
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

fn open(options: &CheckArgs) -> io::Result<File> {
    match &options.file {
        Some(path) if path.as_os_str() != "-" => File::open(path),
        _ => {
            let stdin: OwnedFd = rustix::io::dup(rustix::stdio::stdin())?;
            Ok(File::from(stdin))
        }
    }
}

fn print(report: &Report, options: &CheckArgs) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if options.json {
        writeln!(out, "{}", report.to_json())?;
    } else if !options.quiet {
        write!(out, "{report}")?;
    }
    out.flush()
}
