//! What can go wrong before a reader runs, and what ends one that does.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Why programs could not be started. The texts name commands and paths: they
/// are for the log; [`ExecError::for_client`] is for the client.
#[derive(Debug, Error)]
pub enum ExecError {
    /// The command text has no word in it.
    #[error("the command is empty: name a program")]
    Empty,
    /// The appended arguments would be run as a command, or opened as a file.
    #[error(
        "the command `{command}` ends in `{ending}`, so that a time range and params appended \
         to it would not be arguments of a program: end it in a program and its options"
    )]
    OpenEnd {
        /// The command text as the site wrote it.
        command: String,
        /// What it ends in.
        ending: String,
    },
    /// No argument of a program can hold a NUL byte.
    #[error("argument {0:?} holds a NUL byte: send it without")]
    Nul(String),
    /// Not in any folder of PATH.
    #[error("{0:?} is no program in any folder of BIN_PATH or PATH")]
    NotFound(String),
    /// There is a file, and this account may not run it.
    #[error("{} is there, and this account may not run it: chmod +x may be missing", .0.display())]
    NotExecutable(PathBuf),
    /// What a script's first line names.
    #[error(
        "{program:?} cannot be started: its first line names the program {interpreter:?}, which \
         is not there{}",
        if .interpreter.ends_with('\r') { "; save the script with the line ends of Unix" } else { "" }
    )]
    Interpreter {
        /// The script's name or path.
        program: String,
        /// What stands behind `#!`, without options.
        interpreter: String,
    },
    /// Arguments and environment are longer than the system takes.
    #[error("the arguments of {0:?} are longer than the system takes")]
    TooLong(String),
    /// The system refused to start it.
    #[error("{program:?} cannot be started: {source}")]
    Start {
        /// The program's name or path.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// No pipe, or no signal handler, was to be had.
    #[error("the system has no pipe for a reader: {0}")]
    Pipe(#[source] io::Error),
}

impl ExecError {
    /// What to tell the client: what to change where the client can, and
    /// neither command nor path.
    pub fn for_client(&self) -> &'static str {
        match self {
            ExecError::Nul(_) => "A value of the request holds a NUL byte: send it without",
            ExecError::TooLong(_) => "The request is too long for this source: shorten its values",
            _ => "This source's program cannot be started, its site has to mend that",
        }
    }

    /// Whether the request is to blame, and not the site.
    pub fn is_clients(&self) -> bool {
        matches!(self, ExecError::Nul(_) | ExecError::TooLong(_))
    }
}

/// What ended a run before its own end. The whole process group is gone when a
/// caller sees it; it comes wrapped in an [`io::Error`], see [`Stop::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Stop {
    /// It ran longer than a run may.
    #[error("the reader ran longer than the {} s that this site allows", .0.as_secs_f64())]
    Time(Duration),
    /// It wrote nothing for longer than a reader may.
    #[error("the reader wrote nothing for {} s, all that this site allows", .0.as_secs_f64())]
    Silence(Duration),
    /// Nobody is there to read the answer.
    #[error("the client has gone")]
    ClientGone,
    /// This process was told to end; web servers do that too when a client goes.
    #[error("told to end: the client has gone, or the server is stopping")]
    Terminated,
}

impl Stop {
    /// The stop inside an error that a read or write of this room gave.
    pub fn of(error: &io::Error) -> Option<Stop> {
        error.get_ref()?.downcast_ref::<Stop>().copied()
    }
}

impl From<Stop> for io::Error {
    fn from(stop: Stop) -> io::Error {
        let kind = match stop {
            Stop::Time(_) | Stop::Silence(_) => io::ErrorKind::TimedOut,
            Stop::ClientGone => io::ErrorKind::BrokenPipe,
            // Not Interrupted: the standard library would try again.
            Stop::Terminated => io::ErrorKind::ConnectionAborted,
        };
        io::Error::new(kind, stop)
    }
}
