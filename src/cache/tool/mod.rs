//! das2_srv_cache: the cache of a server, for people.
//!
//! What comes in are words of a command line and a configuration; what goes
//! out is text, or JSON, one object a line. Findings are no errors: they make
//! the exit status 1.

mod bar;
mod build;
mod expire;
mod failed;
mod import;
mod inspect;
mod plan;
mod prune;
mod sources;
mod status;
mod verify;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::time::Time;

pub use failed::Parked;
pub use sources::Wanted;

/// Shows, fills and cleans the cache of a das2 server.
///
/// Exit status: 0; 1 there are findings, or something failed; 2 the words or
/// the configuration are wrong.
#[derive(Debug, Parser)]
#[command(name = "das2_srv_cache", version)]
pub struct Options {
    /// The server's configuration, instead of the one beside the program
    #[arg(short, long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

impl Options {
    /// What to call [`crate::exec::guard`] with, where that is all there is to do.
    pub fn guard(&self) -> Option<&str> {
        match &self.command {
            Command::Guard { token } => Some(token),
            _ => None,
        }
    }

    /// Whether what is printed is for programs.
    pub fn is_json(&self) -> bool {
        matches!(&self.command, Command::Status { json: true, .. })
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A table of sources and levels: what is cached of them
    Status {
        /// A source, or a folder of sources; all by default
        source: Option<String>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Print which blocks would answer a request, and what a reader would
    Plan {
        /// The source
        dataset: String,
        /// The first time
        begin: String,
        /// The first time that is no longer wanted
        end: String,
        /// Seconds, or the word intrinsic
        resolution: String,
        /// The request's params
        #[arg(long, default_value = "")]
        params: String,
    },
    /// Build what is missing or out of date
    Build {
        /// The source
        dataset: String,
        /// The first time; the source's valid range by default
        #[arg(requires = "end")]
        begin: Option<String>,
        /// The first time that is no longer wanted
        end: Option<String>,
        /// Only this level, by its number; may be repeated
        #[arg(long, value_name = "NUMBER")]
        level: Vec<u32>,
        /// Build here and now instead of queueing it for the workers
        #[arg(long)]
        now: bool,
    },
    /// Declare blocks out of date: source data were reprocessed
    Expire {
        /// The source
        dataset: String,
        /// The first time
        begin: String,
        /// The first time that is not meant any more
        end: String,
    },
    /// Look through blocks and tell what is wrong with them
    Verify {
        /// The source; all by default
        dataset: Option<String>,
        /// Declare what is broken out of date: read around it, build it again
        #[arg(long)]
        expire: bool,
    },
    /// Remove blocks; without --yes, only say which
    Prune {
        /// Blocks that were written longer ago: '90 days'
        #[arg(long, value_name = "AGE")]
        older_than: Option<String>,
        /// The oldest, until no more than this is left: 200G
        #[arg(long, value_name = "SIZE")]
        max_size: Option<String>,
        /// Only blocks of this source, or of the sources in this folder
        #[arg(long, value_name = "DATASET")]
        source: Option<String>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Bring blocks that das2-pyserver wrote into the form of this server
    Import {
        /// The source
        dataset: String,
        /// Also blocks that are older than the source's definition: it was
        /// not the data that changed
        #[arg(long)]
        trust: bool,
    },
    /// It ends the readers of a build that was killed
    #[command(hide = true)]
    Guard {
        /// What the build told it
        token: String,
    },
}

/// Why a command did nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The words, the configuration or a definition are wrong.
    #[error("{0}")]
    Usage(String),
    /// It was tried and failed.
    #[error("{0}")]
    Failed(String),
    /// Nobody reads the output any more, or it cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl ToolError {
    /// The exit status.
    pub fn status(&self) -> u8 {
        match self {
            ToolError::Usage(_) => 2,
            ToolError::Failed(_) | ToolError::Output(_) => 1,
        }
    }
}

/// The server's work queue. Errors are what to say of them.
pub trait Queue {
    /// Queues the building of stretches; what to say of it.
    ///
    /// # Errors
    /// There is no queue, or it cannot be reached.
    fn submit(&mut self, wanted: &[Wanted]) -> Result<String, String>;

    /// The tasks that were given up.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn parked(&mut self) -> Result<Vec<Parked>, String>;
}

/// What every command has at hand.
struct Desk<'a> {
    config: &'a Config,
    now: Time,
    out: &'a mut dyn Write,
}

/// Runs a command. The result says whether all is well.
///
/// # Errors
/// See [`ToolError`].
pub fn run(
    options: &Options,
    config: &Config,
    queue: &mut dyn Queue,
    out: &mut dyn Write,
) -> Result<bool, ToolError> {
    let mut desk = Desk {
        config,
        now: Time::now(),
        out,
    };
    let desk = &mut desk;
    match &options.command {
        Command::Status { source, json } => status::run(desk, source.as_deref(), *json, queue),
        Command::Plan {
            dataset,
            begin,
            end,
            resolution,
            params,
        } => plan::run(desk, dataset, (begin, end), resolution, params),
        Command::Build {
            dataset,
            begin,
            end,
            level,
            now,
        } => {
            let range = begin.as_deref().zip(end.as_deref());
            build::run(desk, dataset, range, level, (!now).then_some(queue))
        }
        Command::Expire {
            dataset,
            begin,
            end,
        } => expire::run(desk, dataset, (begin, end)),
        Command::Verify { dataset, expire } => verify::run(desk, dataset.as_deref(), *expire),
        Command::Prune {
            older_than,
            max_size,
            source,
            yes,
        } => {
            let wish = prune::Wish::new(older_than.as_deref(), max_size.as_deref())?;
            prune::run(desk, &wish, source.as_deref(), *yes)
        }
        Command::Import { dataset, trust } => import::run(desk, dataset, *trust),
        // It needs no configuration, see `Options::guard`.
        Command::Guard { .. } => Ok(true),
    }
}
