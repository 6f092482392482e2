//! The command line of das2_srv_todo.

use std::path::PathBuf;

use clap::Parser;

use super::{Which, Wishes};

/// Puts tasks into the work queue of a das2 server, and shows what is in it.
///
/// `das2_srv_todo help` lists the commands and tasks.
#[derive(Parser)]
#[command(
    name = "das2_srv_todo",
    version,
    override_usage = "das2_srv_todo [OPTIONS] [COMMAND | TASK] [ARGUMENT]..."
)]
pub struct TodoArgs {
    /// The server's configuration, instead of the one beside the program
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Queue a task of any category, unchecked: NAME ARGUMENT...
    #[arg(short, long)]
    pub generic: bool,

    /// Print the tasks that wait
    #[arg(short = 't', long = "list-todo")]
    pub todo: bool,

    /// Print the tasks that are being worked
    #[arg(short = 'w', long = "list-working", conflicts_with = "todo")]
    pub working: bool,

    /// Print the tasks that have ended
    #[arg(short = 'd', long = "list-done", conflicts_with_all = ["todo", "working"])]
    pub done: bool,

    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,

    /// Seconds between two looks of watch
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub every: f64,

    /// A command or task and its arguments, see `das2_srv_todo help`
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}

impl TodoArgs {
    /// What is wanted, apart from the words.
    pub fn wishes(&self) -> Wishes {
        let tables = [
            (self.todo, Which::Todo),
            (self.working, Which::Working),
            (self.done, Which::Finished),
        ];
        let table = tables.into_iter().find(|(wanted, _)| *wanted);
        Wishes {
            json: self.json,
            generic: self.generic,
            table: table.map(|(_, which)| which),
            every: self.every,
        }
    }
}
