//! What every filter program does around its step: open the input, run the
//! step, and end as a filter should.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::stream::{
    Dialect, Error, Exception, FileInput, Reader, Result, Sink, stdin_input, widen_pipe,
};

use super::{Chain, Step};

/// What the command line of every filter has.
#[allow(clippy::manual_non_exhaustive)] // clap's form of a version option
#[derive(Debug, Clone, clap::Args)]
pub struct StreamArgs {
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: (),
    /// The stream to read, standard input by default.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Status of a run whose input, or its use, was wrong.
const FAILED: u8 = 1;

/// Status of a run whose input told of an error that the output has no place for.
const EXCEPTION: u8 = 3;

/// Runs a filter from a file or standard input to standard output.
///
/// When the input breaks, what is complete has gone out, an exception packet
/// follows, and the status is not zero. When nobody reads any more it ends as
/// a program that SIGPIPE stopped. An exception in the input is no error, but
/// where the output has no place for it: then the status is 3.
pub fn run(name: &str, step: impl Into<Step>, file: Option<&Path>) -> ExitCode {
    let chain = Chain::of(step.into());
    let dialect = chain.dialect();
    run_of(name, dialect, file, |output| chain.sink(output))
}

/// The same for a filter that is not one of ours: `make` puts it in front of
/// the output, as in `Double { next: Writer::new(output) }`.
pub fn run_sink(
    name: &str,
    file: Option<&Path>,
    make: impl FnOnce(File) -> Box<dyn Sink>,
) -> ExitCode {
    run_of(name, Dialect::Das2, file, make)
}

fn run_of(
    name: &str,
    dialect: Dialect,
    file: Option<&Path>,
    make: impl FnOnce(File) -> Box<dyn Sink>,
) -> ExitCode {
    match copy(name, dialect, make, file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_broken_pipe() => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::from(FAILED)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{name}: {error}");
            ExitCode::from(match error {
                Error::Exception(_) => EXCEPTION,
                _ => FAILED,
            })
        }
    }
}

fn copy(
    name: &str,
    dialect: Dialect,
    make: impl FnOnce(File) -> Box<dyn Sink>,
    file: Option<&Path>,
) -> Result<()> {
    let output = io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map_err(Error::Output)?;
    widen_pipe(&output);
    let mut stage = make(File::from(output));
    let result = match open(file) {
        Ok(input) => pump(name, dialect, input, &mut stage),
        Err(error) => Err(Error::Input(error)),
    };
    if let Err(error) = &result
        && !matches!(error, Error::Output(_))
    {
        stage.abort(&Exception::new(
            Exception::SERVER_ERROR,
            &format!("{name}: {error}"),
        ))?;
    }
    result
}

fn open(file: Option<&Path>) -> io::Result<FileInput> {
    match file {
        Some(path) => Ok(FileInput::new(File::open(path)?)),
        None => stdin_input(),
    }
}

/// Pushes the input through, and tells what was tolerated on the way.
fn pump(name: &str, dialect: Dialect, input: FileInput, stage: &mut dyn Sink) -> Result<()> {
    let mut reader = Reader::of(dialect, input);
    let result = reader.pump(stage);
    let (notes, count) = reader.notes();
    for note in notes {
        let _ = writeln!(
            io::stderr(),
            "{name}: warning: {}: {}",
            note.place,
            note.what
        );
    }
    if count > notes.len() as u64 {
        let _ = writeln!(io::stderr(), "{name}: {count} warnings in all");
    }
    result
}
