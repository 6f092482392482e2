//! How a run ended.

use std::fmt;

use super::captured::Captured;
use super::errors::Stop;

/// How one stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// With exit status 0.
    Success,
    /// With another exit status.
    Failed(i32),
    /// By a signal that this server did not send.
    Signal(i32),
    /// By SIGPIPE, because whoever read from it had enough: no error.
    PipeClosed,
    /// Ended by this server.
    Killed,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Success => write!(f, "exit status 0"),
            Status::Failed(status) => write!(f, "exit status {status}"),
            Status::Signal(signal) => write!(f, "ended by signal {signal}"),
            Status::PipeClosed => write!(f, "ended, its output was no longer read"),
            Status::Killed => write!(f, "ended by the server"),
        }
    }
}

/// One stage's name and end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageEnd {
    /// For the log: the program.
    pub name: String,
    /// How it ended.
    pub status: Status,
}

/// How the stages of one run ended, in the order of the flow of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Each stage.
    pub stages: Vec<StageEnd>,
    /// Standard error of all stages together.
    pub complaints: Captured,
    /// What ended the run before its own end.
    pub stop: Option<Stop>,
    /// Whether a stage went on so long after its output had ended that it was
    /// ended: to be logged, but no error.
    pub lingered: bool,
}

impl Outcome {
    /// The first stage that failed of its own accord.
    pub fn failure(&self) -> Option<&StageEnd> {
        let failed = |end: &&StageEnd| matches!(end.status, Status::Failed(_) | Status::Signal(_));
        self.stages.iter().find(failed)
    }

    /// Whether the run came to its own end, and no stage failed.
    pub fn is_success(&self) -> bool {
        self.stop.is_none() && self.failure().is_none()
    }
}

/// One line for the log.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, end) in self.stages.iter().enumerate() {
            write!(
                f,
                "{}{}: {}",
                if at > 0 { ", " } else { "" },
                end.name,
                end.status
            )?;
        }
        match self.stop {
            Some(stop) => write!(f, " ({stop})"),
            None if self.lingered => write!(f, " (it went on after its output had ended)"),
            None => Ok(()),
        }
    }
}
