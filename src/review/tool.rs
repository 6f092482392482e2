//! das2_srv_config: the words of its command line.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::report::Severity;
use super::source::review;
use super::{convert, show};
use crate::config::{ConfigError, is_toml, locate, located_by_environment};

/// Looks at the configuration and the sources of a das2 server.
///
/// Exit status: 0; 1 check has found errors; 2 something cannot be done.
#[derive(Debug, Parser)]
#[command(name = "das2_srv_config", version)]
pub struct Options {
    /// The server's configuration, instead of the one beside the program
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell what is wrong with the configuration and the sources
    ///
    /// One finding a line: FILE:LINE: error: what is there; what to write.
    /// Errors make the exit status 1, warnings do not.
    Check {
        /// Only these sources, or folders of sources
        source: Vec<String>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Print what is in force, and where each value comes from
    Show {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Write das2server.toml from das2server.conf, with its comments
    Convert {
        /// Where to, instead of beside the old file; - is the standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
}

/// Why a command did nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It cannot be done; a text for people.
    #[error("{0}")]
    Refused(String),
    /// There is no configuration, or it is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Nobody reads the output any more, or it cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Does what the options say.
///
/// # Errors
/// It cannot be done, or not be told.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<ExitCode, ToolError> {
    let (path, found_by) = match &options.config {
        Some(path) => (path.clone(), "named by --config"),
        None => {
            let by = match located_by_environment() {
                true => "named by DAS2_SERVER_CONF",
                false => "beside the program",
            };
            (locate()?, by)
        }
    };
    match &options.command {
        Command::Check { source, json } => {
            let report = review(&path, source);
            match json {
                true => report.print_json(out),
                false => report.print(out),
            }?;
            out.flush()?;
            let (errors, warnings) = (
                report.count(Severity::Error),
                report.count(Severity::Warning),
            );
            let files = report.files;
            eprintln!("{files} files: {errors} errors, {warnings} warnings");
            Ok(ExitCode::from(u8::from(errors > 0)))
        }
        Command::Show { json } => {
            show::show(&path, found_by, *json, out)??;
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Convert { output, force } => {
            // Where both are there, locate gives the new one.
            let old = match is_toml(&path) && options.config.is_none() {
                true => path.with_extension("conf"),
                false => path,
            };
            if is_toml(&old) {
                let what = format!("{} is TOML already", old.display());
                return Err(ToolError::Refused(what));
            }
            let done = convert::convert(&old, output.as_deref(), *force, out);
            let done = done.map_err(ToolError::Refused)?;
            if let Some(sentence) = done {
                eprintln!("{sentence}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
