//! Tasks as the lists have them: the text of the task, and how far it is.
//!
//! While a task runs, start, status and progress follow its arguments; when it
//! has ended, start, status, end and code. Those fields too are das2-pyserver's.

use std::fmt;

use super::task::{Field, Task, TaskError, split};

/// How far a task is: what follows the arguments in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has begun it.
    Waiting,
    /// A worker is at it.
    Running {
        /// When it began, UTC.
        started: String,
        /// What it does at the moment.
        status: String,
        /// How much is done: `0/100`, then a fraction such as `0.26`.
        progress: String,
    },
    /// It is over.
    Ended {
        /// When it began, UTC.
        started: String,
        /// What became of it.
        status: String,
        /// When it ended, UTC.
        ended: String,
        /// 0 when all went well.
        code: i32,
    },
}

/// A task with its stage, as it stands in one of the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The task.
    pub task: Task,
    /// How far it is.
    pub stage: Stage,
}

impl Entry {
    /// The entry that a text stands for; what follows the arguments tells how
    /// many fields belong to the stage.
    fn parse(text: &str, trailing: usize) -> Result<(Task, Vec<&str>), TaskError> {
        let fields = split(text)?;
        let short = || TaskError::Fields(fields.len());
        let at = fields.len().checked_sub(trailing).ok_or_else(short)?;
        let (task, stage) = fields.split_at_checked(at).ok_or_else(short)?;
        Ok((Task::of(task)?, stage.to_vec()))
    }

    /// An entry of `das2_todo`.
    ///
    /// # Errors
    /// As [`Task::parse`].
    pub fn waiting(text: &str) -> Result<Entry, TaskError> {
        let task = Task::parse(text)?;
        let stage = Stage::Waiting;
        Ok(Entry { task, stage })
    }

    /// An entry of a worker's list, begun or not.
    ///
    /// # Errors
    /// As [`Task::parse`].
    pub fn working(text: &str) -> Result<Entry, TaskError> {
        if let Ok((task, stage)) = Entry::parse(text, 3)
            && let [started, status, progress] = stage.as_slice()
            && starts_like_a_time(started)
        {
            let stage = Stage::Running {
                started: (*started).to_owned(),
                status: (*status).to_owned(),
                progress: (*progress).to_owned(),
            };
            return Ok(Entry { task, stage });
        }
        Entry::waiting(text)
    }

    /// An entry of `das2_finished`, or of the failed tasks.
    ///
    /// # Errors
    /// As [`Task::parse`], and a code that is no number.
    pub fn finished(text: &str) -> Result<Entry, TaskError> {
        let (task, stage) = Entry::parse(text, 4)?;
        let [started, status, ended, code] = stage.as_slice() else {
            return Err(TaskError::Fields(stage.len()));
        };
        let code = code.trim().parse();
        let stage = Stage::Ended {
            started: (*started).to_owned(),
            status: (*status).to_owned(),
            ended: (*ended).to_owned(),
            code: code.map_err(|_| TaskError::Fields(stage.len()))?,
        };
        Ok(Entry { task, stage })
    }

    /// The text of it.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.task, self.stage)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Waiting => Ok(()),
            Stage::Running {
                started,
                status,
                progress,
            } => {
                let (started, status, progress) = (Field(started), Field(status), Field(progress));
                write!(f, "|{started}|{status}|{progress}")
            }
            Stage::Ended {
                started,
                status,
                ended,
                code,
            } => {
                let (started, status, ended) = (Field(started), Field(status), Field(ended));
                write!(f, "|{started}|{status}|{ended}|{code}")
            }
        }
    }
}

fn starts_like_a_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10 && bytes.first().is_some_and(u8::is_ascii_digit) && text.contains('-')
}
