//! Where log lines go.

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::log::{Printable, RequestLog};

/// The log of a worker.
#[derive(Debug)]
pub struct Journal {
    /// None: standard error, for a service manager or a person.
    file: Option<Mutex<Option<PathBuf>>>,
    name: String,
}

impl Journal {
    /// Lines go to standard error as they are.
    pub fn stderr() -> Journal {
        Journal {
            file: None,
            name: String::new(),
        }
    }

    /// Lines go to `das2.arbiter_HOST_N.log` in `folder`, in the form of
    /// request logs and with their rotation; without a folder to standard error.
    pub fn in_folder(folder: Option<&Path>) -> Journal {
        let host = rustix::system::uname();
        Journal {
            file: Some(Mutex::new(folder.map(Path::to_path_buf))),
            name: format!("arbiter_{}", host.nodename().to_string_lossy()),
        }
    }

    /// The folder has become another one.
    pub fn set_folder(&self, folder: Option<&Path>) {
        if let Some(file) = &self.file {
            let mut place = file.lock().unwrap_or_else(PoisonError::into_inner);
            *place = folder.map(Path::to_path_buf);
        }
    }

    /// One line. Nothing that stands in a task can make two of it.
    pub fn line(&self, text: impl Display) {
        match &self.file {
            None => {
                let line = format!("{}\n", Printable(&text.to_string()));
                // Without a place to say it there is nothing to be done.
                let _ = std::io::stderr().lock().write_all(line.as_bytes());
            }
            Some(file) => {
                let place = file.lock().unwrap_or_else(PoisonError::into_inner);
                let mut log = RequestLog::begin(place.as_deref(), &self.name);
                log.line(text);
                log.end();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_line_in_the_file_of_the_day() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(Some(folder.path()));
        journal.line("one\n[forged");
        journal.line("two");
        let file = std::fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let name = file.file_name().into_string().unwrap();
        assert!(name.starts_with("das2.arbiter_"), "{name}");
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        let other = tempfile::tempdir().unwrap();
        journal.set_folder(Some(other.path()));
        journal.line("three");
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 1);
    }
}
