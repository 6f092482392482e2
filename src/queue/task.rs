//! Tasks, and the text that stands for one in the queue.
//!
//! The text is das2-pyserver's, field for field, so that its tools and this
//! server's can share one queue: fields joined with `|`, 0 time of the request,
//! 1 requester, 2 its host, 3 remote address, 4 more on that, 5 user,
//! 6 category, then the arguments. What follows those is in [`Entry`](super::Entry).

use std::fmt;
use std::str::FromStr;

use crate::source::SourceName;
use crate::time::{Style, Time, parse_query};

use super::key::TaskKey;

/// The longest text of a task, in bytes.
pub(super) const LONGEST: usize = 8 << 10;

/// Fields before the arguments.
const HEAD: usize = 7;

const CACHE: &str = "TASK_CACHE";
const HAPI_INFO: &str = "HAPI_INFO_CACHE";

/// Work to be done, and who asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// When it was asked for, `YYYY-MM-DDThh:mm:ss.mmm`, UTC.
    pub submitted: String,
    /// The server and script, or the name of a tool.
    pub requester: String,
    /// The host of a tool; empty for a request.
    pub host: String,
    /// The address of the client whose request it was; empty for a tool.
    pub remote: String,
    /// More on that client; nobody writes it.
    pub remote_extra: String,
    /// The account that asked: its name, from a tool its full name.
    pub user: String,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done: category and arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Build the blocks of a source from `begin` to `end`.
    Cache {
        /// The name of the source.
        dataset: String,
        /// Begin of the range, as text.
        begin: String,
        /// End of the range, as text.
        end: String,
        /// The levels to build.
        level: LevelChoice,
    },
    /// Make the answer to a HAPI info request.
    HapiInfo {
        /// The HAPI id.
        id: String,
        /// The parameters, sorted, commas between.
        parameters: String,
    },
    /// A category that this server knows nothing of.
    Other {
        /// Its name.
        category: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// Which of a source's cache levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelChoice {
    /// The one with this number.
    Number(u32),
    /// Every one.
    All,
}

impl fmt::Display for LevelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LevelChoice::Number(number) => write!(f, "{number}"),
            LevelChoice::All => f.write_str("all"),
        }
    }
}

impl FromStr for LevelChoice {
    type Err = TaskError;

    fn from_str(text: &str) -> Result<LevelChoice, TaskError> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(LevelChoice::All);
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number
            .map(LevelChoice::Number)
            .ok_or_else(|| TaskError::Level(shown(text)))
    }
}

/// Why a text is no task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// Fewer fields than every task has.
    #[error("{0} fields; a task has 7 or more, with bars between")]
    Fields(usize),
    /// Another number of arguments than the category has.
    #[error("{category} with {found} arguments; it has {wanted}")]
    Arguments {
        /// The category.
        category: &'static str,
        /// How many there are.
        found: usize,
        /// How many there have to be.
        wanted: usize,
    },
    /// A level that is none.
    #[error("level '{0}'; write the number of a cacheLevel, or all")]
    Level(String),
    /// A name that no source can have.
    #[error("data set '{0}'; write the name of a source, as server=list tells it")]
    Dataset(String),
    /// A text that is no time.
    #[error("{which} '{text}': {reason}")]
    Time {
        /// `begin` or `end`.
        which: &'static str,
        /// What is there.
        text: String,
        /// What to write instead.
        reason: String,
    },
    /// A range without length.
    #[error("end '{end}' is not after begin '{begin}'")]
    Order {
        /// Begin of the range.
        begin: String,
        /// End of the range.
        end: String,
    },
    /// Longer than any task needs to be.
    #[error("longer than {LONGEST} bytes")]
    Long,
}

impl Work {
    /// The building of blocks, checked: a name that a source can have, times
    /// that are times. The texts stay as they are.
    ///
    /// # Errors
    /// One of them is not, or the range is empty.
    pub fn cache(
        dataset: &str,
        begin: &str,
        end: &str,
        level: LevelChoice,
    ) -> Result<Work, TaskError> {
        let work = Work::Cache {
            dataset: dataset.to_owned(),
            begin: begin.trim().to_owned(),
            end: end.trim().to_owned(),
            level,
        };
        work.check()?;
        Ok(work)
    }

    /// Whether the arguments can mean something. A task from the queue may
    /// have been put there by anybody, so a worker asks first.
    ///
    /// # Errors
    /// As [`Work::cache`]; other categories are not looked into.
    pub fn check(&self) -> Result<(), TaskError> {
        let Work::Cache {
            dataset,
            begin,
            end,
            ..
        } = self
        else {
            return Ok(());
        };
        if dataset.contains('|') || SourceName::parse(dataset).is_err() {
            return Err(TaskError::Dataset(shown(dataset)));
        }
        match time("begin", begin)? < time("end", end)? {
            true => Ok(()),
            false => Err(TaskError::Order {
                begin: shown(begin),
                end: shown(end),
            }),
        }
    }

    /// The category, as it stands in field 6.
    pub fn category(&self) -> &str {
        match self {
            Work::Cache { .. } => CACHE,
            Work::HapiInfo { .. } => HAPI_INFO,
            Work::Other { category, .. } => category,
        }
    }

    /// The arguments, as they stand behind the category.
    pub fn arguments(&self) -> Vec<String> {
        match self {
            Work::Cache {
                dataset,
                begin,
                end,
                level,
            } => vec![
                dataset.clone(),
                begin.clone(),
                end.clone(),
                level.to_string(),
            ],
            Work::HapiInfo { id, parameters } => vec![id.clone(), parameters.clone()],
            Work::Other { arguments, .. } => arguments.clone(),
        }
    }

    fn parse(category: &str, arguments: &[&str]) -> Result<Work, TaskError> {
        let wrong = |category, wanted| TaskError::Arguments {
            category,
            found: arguments.len(),
            wanted,
        };
        match (category, arguments) {
            (CACHE, [dataset, begin, end, level]) => Ok(Work::Cache {
                dataset: (*dataset).to_owned(),
                begin: (*begin).to_owned(),
                end: (*end).to_owned(),
                level: level.parse()?,
            }),
            (CACHE, _) => Err(wrong(CACHE, 4)),
            (HAPI_INFO, [id, parameters]) => Ok(Work::HapiInfo {
                id: (*id).to_owned(),
                parameters: (*parameters).to_owned(),
            }),
            (HAPI_INFO, _) => Err(wrong(HAPI_INFO, 2)),
            _ => Ok(Work::Other {
                category: category.to_owned(),
                arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            }),
        }
    }
}

fn time(which: &'static str, text: &str) -> Result<Time, TaskError> {
    parse_query(text, None).map_err(|error| TaskError::Time {
        which,
        text: shown(text),
        reason: error.to_string(),
    })
}

impl Task {
    /// The task that a waiting `text` stands for.
    ///
    /// # Errors
    /// Too few fields, another number of arguments than the category has, a
    /// level that is none.
    pub fn parse(text: &str) -> Result<Task, TaskError> {
        let fields = split(text)?;
        Task::of(&fields)
    }

    pub(super) fn of(fields: &[&str]) -> Result<Task, TaskError> {
        let [
            submitted,
            requester,
            host,
            remote,
            remote_extra,
            user,
            category,
            arguments @ ..,
        ] = fields
        else {
            return Err(TaskError::Fields(fields.len()));
        };
        let own = |text: &str| text.to_owned();
        Ok(Task {
            submitted: own(submitted),
            requester: own(requester),
            host: own(host),
            remote: own(remote),
            remote_extra: own(remote_extra),
            user: own(user),
            work: Work::parse(category, arguments)?,
        })
    }

    /// The text of a waiting task. No field of it can break the text: `|` and
    /// control characters in one come out as blanks.
    pub fn to_text(&self) -> String {
        self.to_string()
    }

    /// What makes two tasks the same: category and arguments.
    pub fn key(&self) -> TaskKey {
        TaskKey::of(&self.work)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = [
            &self.submitted,
            &self.requester,
            &self.host,
            &self.remote,
            &self.remote_extra,
            &self.user,
        ];
        for text in head {
            write!(f, "{}|", Field(text))?;
        }
        write!(f, "{}", self.key())
    }
}

/// The fields of a text, as many as a task has at least.
pub(super) fn split(text: &str) -> Result<Vec<&str>, TaskError> {
    if text.len() > LONGEST {
        return Err(TaskError::Long);
    }
    let fields: Vec<&str> = text.split('|').collect();
    match fields.len() < HEAD {
        true => Err(TaskError::Fields(fields.len())),
        false => Ok(fields),
    }
}

/// A field on its way into a text: what would break the text is blank.
pub(super) struct Field<'a>(pub(super) &'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let breaks = |c: char| c == '|' || c.is_control();
        for (i, part) in self.0.split(breaks).enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// The present as tasks have it, `YYYY-MM-DDThh:mm:ss.mmm`, UTC.
pub fn time_stamp() -> String {
    Time::now().iso(Style::Calendar, 3).to_string()
}

/// A fraction as das2-pyserver writes it: `0.26`.
pub(super) fn progress(done: f64) -> String {
    let done = if done.is_nan() { 0.0 } else { done };
    format!("{:.2}", done.clamp(0.0, 1.0))
}

/// A text for a message, not too long.
fn shown(text: &str) -> String {
    Field(text).to_string().chars().take(100).collect()
}

#[cfg(test)]
mod tests;
