//! Why there is no definition.

use std::io;
use std::path::PathBuf;

use crate::config::Finding;

/// There is no source of this name. It is all that a client learns, whatever
/// the reason: no such file, or a name that can be none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Data source {name} doesn't exist on this server")]
pub struct NotFound {
    /// What the client asked for, at most 200 characters, control characters
    /// replaced.
    pub name: String,
}

impl NotFound {
    pub(super) fn of(text: &str) -> NotFound {
        let printable = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        NotFound {
            name: text.chars().take(200).map(printable).collect(),
        }
    }
}

/// Why a source cannot be used. `Display` is for the log; clients get
/// [`client_message`](SourceError::client_message).
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such source: the client's mistake.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// A request key whose value can be no argument of a program: the
    /// client's mistake.
    #[error("the value of the request key {key} holds a NUL character")]
    RequestValue {
        /// The key.
        key: String,
    },
    /// The file is there and cannot be read.
    #[error("{file}: {reason}; make it a DSDF that this account can read", file = .file.display())]
    Unreadable {
        /// The source.
        name: String,
        /// Its file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file holds no keyword.
    #[error("{file}: there is no keyword in it; write at least description and reader", file = .file.display())]
    Empty {
        /// The source.
        name: String,
        /// Its file.
        file: PathBuf,
    },
    /// The folder of all sources cannot be read.
    #[error("{root}: {reason}; set DSDF_ROOT to the folder of the DSDFs", root = .root.display())]
    NoTree {
        /// The folder.
        root: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// Syntax, a substitution or a value is wrong.
    #[error("{finding}")]
    Wrong {
        /// The source.
        name: String,
        /// File, line, text, and what to write instead.
        finding: Finding,
    },
}

impl SourceError {
    /// What a client may know: no path, no text of the file.
    pub fn client_message(&self) -> String {
        match self {
            SourceError::NotFound(error) => error.to_string(),
            SourceError::RequestValue { key } => {
                format!("The value of {key} holds a NUL character, leave that out")
            }
            SourceError::Unreadable { name, .. } => {
                format!("The definition of data source {name} cannot be read")
            }
            SourceError::Empty { name, .. } => {
                format!("The definition of data source {name} is empty")
            }
            SourceError::NoTree { .. } => {
                "The data sources of this server cannot be read".to_owned()
            }
            SourceError::Wrong { name, finding } => format!(
                "The definition of data source {name} has an error in line {}",
                finding.line
            ),
        }
    }
}
