//! das2_srv_todo: the queue for people.
//!
//! In come words, as typed; out go changes of the queue and tables, or JSON.
//! The one idea: each command is a row of `COMMANDS`, a function from its
//! words to an exit status.

mod find;
mod help;
mod json;
mod options;
mod queueing;
mod row;
mod table;
mod watch;

use std::io::{self, Write};

use crate::config::{Config, ConfigError};

use super::broker::{Broker, Listed, Which};
use super::error::QueueError;
use super::task::TaskError;
use find::NotOne;
pub use options::TodoArgs;
use table::Layout;

/// The name of the program.
const NAME: &str = "das2_srv_todo";

/// What is asked of the program, apart from its words.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// JSON instead of text.
    pub json: bool,
    /// The words are a task of any category: NAME ARGUMENT...
    pub generic: bool,
    /// Print das2-pyserver's table of this list, whatever the words are.
    pub table: Option<Which>,
    /// Seconds between looks of `watch`.
    pub every: f64,
}

/// Why the program ends with another status than 0.
#[derive(Debug, thiserror::Error)]
pub enum TodoError {
    /// The words make no sense.
    #[error("{0}")]
    Usage(String),
    /// A task that is none.
    #[error("{0}")]
    Task(#[from] TaskError),
    /// A task for a source that the server does not have like that.
    #[error("{0}")]
    Source(String),
    /// A name that fits no task of the queue, or several.
    #[error("{0}")]
    NotOne(#[from] NotOne),
    /// A watched task ended badly.
    #[error("the task has failed")]
    Failed,
    /// No configuration.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The queue did not do it.
    #[error("{0}")]
    Queue(#[from] QueueError),
    /// Standard output is gone.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl TodoError {
    /// The exit status; where das2-pyserver's program has one, the same.
    pub fn status(&self) -> u8 {
        match self {
            TodoError::Failed | TodoError::NotOne(_) | TodoError::Output(_) => 1,
            TodoError::Usage(_) | TodoError::Task(_) | TodoError::Source(_) => 13,
            TodoError::Queue(QueueError::Task(_)) => 13,
            TodoError::Config(_) => 17,
            TodoError::Queue(_) => 21,
        }
    }
}

/// What a command has to work with.
pub(super) struct Desk<'a> {
    config: &'a Config,
    broker: Box<dyn Broker>,
    wishes: &'a Wishes,
    out: &'a mut dyn Write,
}

impl Desk<'_> {
    fn list(&mut self, which: Which) -> Result<Vec<Listed>, QueueError> {
        self.broker.list(which)
    }
}

/// A command: its words are those behind its name.
type Command = fn(&mut Desk, &[String]) -> Result<(), TodoError>;

/// Name, words, what it does, and the function.
const COMMANDS: &[(&str, &str, &str, Command)] = &[
    (
        "cache",
        "DATASET BEGIN END LEVEL",
        "queue the building of cache blocks",
        queueing::cache,
    ),
    (
        "list",
        "[todo|working|finished|failed]",
        "show tasks; without a list all but the finished ones",
        table::list,
    ),
    ("show", "ID", "show everything about a task", row::show),
    (
        "cancel",
        "ID...",
        "take tasks out of the queue; who works one stops",
        queueing::cancel,
    ),
    (
        "retry",
        "ID...|all",
        "queue failed tasks again",
        queueing::retry,
    ),
    (
        "purge",
        "todo|working|finished|failed",
        "empty a list; of working, what workers of das2-pyserver left",
        queueing::purge,
    ),
    (
        "watch",
        "[ID]",
        "go on showing tasks; with ID, until that one has ended",
        watch::watch,
    ),
];

/// Does what the words say. `configuration` is called when the queue is
/// needed: help needs none.
///
/// # Errors
/// See [`TodoError`]; the message is for standard error.
pub fn run(
    words: &[String],
    wishes: &Wishes,
    configuration: impl FnOnce() -> Result<Config, ConfigError>,
    out: &mut dyn Write,
) -> Result<(), TodoError> {
    if wishes.table.is_none() && help::wanted(words, wishes) {
        return help::print(words, out);
    }
    let command = command(words, wishes)?;
    let config = configuration()?;
    eprintln!("Server definition: {}", config.origin.display());
    let broker = super::connect(&config)?;
    let mut desk = Desk {
        config: &config,
        broker,
        wishes,
        out,
    };
    let rest = words.get(1..).unwrap_or_default();
    match wishes.table {
        Some(which) => Layout::of(which).print(&mut desk, which),
        None if wishes.generic => queueing::generic(&mut desk, words),
        None => command(&mut desk, rest),
    }
}

/// The command that the first word names. With a table or a generic task
/// there is none to find.
fn command(words: &[String], wishes: &Wishes) -> Result<Command, TodoError> {
    let first = words.first().map(|word| word.to_lowercase());
    let first = first.unwrap_or_default();
    let found = COMMANDS.iter().find(|(name, ..)| *name == first);
    match found {
        Some((.., command)) => Ok(*command),
        None if wishes.generic || wishes.table.is_some() => Ok(table::list),
        None => Err(TodoError::Usage(format!(
            "'{first}' is no command and no task; {NAME} help lists them"
        ))),
    }
}
