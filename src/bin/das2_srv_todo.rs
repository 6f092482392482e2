//! das2_srv_todo: the work queue of a das2 server, for people.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use das2_server::config::{Config, ConfigError, locate};
use das2_server::queue::Which;
use das2_server::queue::todo::{self, TodoError, Wishes};

/// Puts tasks into the work queue of a das2 server, and shows what is in it.
///
/// `das2_srv_todo help` lists the commands and tasks.
#[derive(Parser)]
#[command(
    name = "das2_srv_todo",
    version,
    override_usage = "das2_srv_todo [OPTIONS] [COMMAND | TASK] [ARGUMENT]..."
)]
struct Options {
    /// The server's configuration, instead of the one beside the program
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Queue a task of any category, unchecked: NAME ARGUMENT...
    #[arg(short, long)]
    generic: bool,

    /// Print the tasks that wait
    #[arg(short = 't', long = "list-todo")]
    todo: bool,

    /// Print the tasks that are being worked
    #[arg(short = 'w', long = "list-working", conflicts_with = "todo")]
    working: bool,

    /// Print the tasks that have ended
    #[arg(short = 'd', long = "list-done", conflicts_with_all = ["todo", "working"])]
    done: bool,

    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,

    /// Seconds between two looks of watch
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    every: f64,

    /// A command or task and its arguments, see `das2_srv_todo help`
    #[arg(value_name = "WORD")]
    words: Vec<String>,
}

impl Options {
    fn wishes(&self) -> Wishes {
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

fn main() -> ExitCode {
    let options = Options::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let configuration = || configuration(options.config.clone());
    let done = todo::run(&options.words, &options.wishes(), configuration, &mut out);
    match done.and_then(|()| out.flush().map_err(TodoError::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(TodoError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::FAILURE
        }
        Err(error) => {
            // What was printed before belongs in front of the message.
            let _ = out.flush();
            eprintln!("das2_srv_todo: {error}");
            ExitCode::from(error.status())
        }
    }
}

fn configuration(given: Option<PathBuf>) -> Result<Config, ConfigError> {
    Config::load(&match given {
        Some(path) => path,
        None => locate()?,
    })
}
