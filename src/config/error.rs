//! What can be wrong with a configuration file, and how it is said.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Something odd at a place in a file, with what to write instead. In a log
/// it is a warning; inside an error it is the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 stands for the file as a whole.
    pub line: usize,
    /// What is there, with its text.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        write!(f, ": {}", self.what)?;
        if !self.instead.is_empty() {
            write!(f, "; {}", self.instead)?;
        }
        Ok(())
    }
}

/// Why there is no configuration. `Display` is for the log and for people at
/// a terminal; [`client_message`](ConfigError::client_message) for the world.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file at the place.
    #[error(
        "{file}: there is no such file; bin/install of the source code makes one, \
         or set DAS2_SERVER_CONF to the path of the configuration",
        file = .0.display()
    )]
    Missing(PathBuf),
    /// The file is there and cannot be read.
    #[error("{file}: {reason}; make it a file that this account can read", file = .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The executable does not know where it stands.
    #[error(
        "the folder of this program is not known ({0}); set DAS2_SERVER_CONF to the path of the configuration"
    )]
    NoProgramFolder(io::Error),
    /// The text at a line breaks the syntax, or is no value for its keyword.
    #[error("{0}")]
    Wrong(Finding),
}

impl ConfigError {
    /// What a client may know: that it is the server's fault, and the line,
    /// without path and text. No end stop: whom to tell follows.
    pub fn client_message(&self) -> String {
        match self {
            ConfigError::Missing(_) => "This server has no configuration file yet".to_owned(),
            ConfigError::Wrong(finding) if finding.line > 0 => format!(
                "The configuration of this server has an error in line {}",
                finding.line
            ),
            _ => "The configuration of this server cannot be read".to_owned(),
        }
    }
}
