//! Tasks on their way from requests to the embedded queue: files under
//! `STATE_PATH/queue/spool`, one a task, named for the task. So the same miss
//! again finds its file there and adds nothing, the folder has a bound, and
//! the CGI programs need no SQLite. Workers and tools take the files in.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::broker::{Submitted, WAITING_BOUND};
use super::error::QueueError;
use super::folder::Folder;
use super::task::{LONGEST, Task};

/// Files that may wait here.
const BOUND: usize = WAITING_BOUND;

/// A file without its final line feed is being written, or its writer died
/// so long ago.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// The spool of a server.
#[derive(Debug, Clone)]
pub struct Spool {
    state: PathBuf,
}

/// What has been left there.
#[derive(Default)]
pub(super) struct Left {
    folder: Option<Folder>,
    files: Vec<(OsString, Task)>,
}

impl Spool {
    /// That under this STATE_PATH.
    pub fn under(state: &Path) -> Spool {
        Spool {
            state: state.to_owned(),
        }
    }

    /// Leaves tasks for whoever takes them in.
    ///
    /// # Errors
    /// The folder cannot be written, or is full: then nothing is left.
    pub fn leave(&self, tasks: &[Task]) -> Result<Submitted, QueueError> {
        let mut submitted = Submitted::default();
        let folder = match self.open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_own(),
            opened => opened,
        };
        let folder = folder.map_err(|error| self.unusable(&error))?;
        let waiting = folder.names(BOUND + 1);
        let waiting = waiting.map_err(|error| self.unusable(&error))?.len();
        if waiting + tasks.len() > BOUND {
            return Err(QueueError::Full {
                waiting,
                bound: BOUND,
            });
        }
        for task in tasks {
            let mut text = task.to_text();
            Task::parse(&text)?;
            text.push('\n');
            match leave_one(&folder, &format!("{:016x}", task.key().hash()), &text) {
                Ok(()) => submitted.queued += 1,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => submitted.known += 1,
                Err(error) => return Err(self.unusable(&error)),
            }
        }
        Ok(submitted)
    }

    fn open(&self) -> io::Result<Folder> {
        Folder::of_state(&self.state)?.open("queue")?.open("spool")
    }

    /// Makes the folder where one account runs everything. Else the worker's
    /// account has to: it could not write to a folder of the web server's.
    fn make_own(&self) -> io::Result<Folder> {
        let state = Folder::of_state(&self.state)?;
        match state.owner()? == rustix::process::geteuid().as_raw() {
            true => state.open_or_make("queue")?.open_or_make("spool"),
            false => Err(io::Error::other("it is made when the first worker starts")),
        }
    }

    /// The tasks that were left; what is no task is removed.
    pub(super) fn left(&self) -> Left {
        let Ok(folder) = self.open() else {
            return Left::default();
        };
        let mut files = Vec::new();
        for name in folder.names(BOUND).unwrap_or_default() {
            match read(&folder, &name) {
                Some(text) if text.ends_with('\n') => match Task::parse(text.trim_end()) {
                    Ok(task) => files.push((name, task)),
                    Err(_) => folder.remove(&name),
                },
                _ if is_old(&folder, &name) => folder.remove(&name),
                _ => {}
            }
        }
        // In the order in which they were asked for.
        files.sort_by(|a, b| a.1.submitted.cmp(&b.1.submitted));
        Left {
            folder: Some(folder),
            files,
        }
    }

    fn unusable(&self, error: &io::Error) -> QueueError {
        QueueError::File {
            file: self.state.join("queue").join("spool"),
            reason: error.to_string(),
        }
    }
}

impl Left {
    /// The tasks, the oldest first.
    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.files.iter().map(|(_, task)| task)
    }

    /// Removes their files, when they are in the queue.
    pub(super) fn remove(&self) {
        let Some(folder) = &self.folder else {
            return;
        };
        for (name, _) in &self.files {
            folder.remove(name);
        }
    }
}

fn leave_one(folder: &Folder, name: &str, text: &str) -> io::Result<()> {
    let mut file = folder.create_new(name)?;
    let written = file.write_all(text.as_bytes());
    if written.is_err() {
        // A full disk: half a file would keep the next one away.
        folder.remove(OsStr::new(name));
    }
    written
}

/// The text of a plain file that is not too large.
fn read(folder: &Folder, name: &OsStr) -> Option<String> {
    let mut text = String::new();
    folder
        .open_file(name)?
        .take(LONGEST as u64 + 1)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn is_old(folder: &Folder, name: &OsStr) -> bool {
    let written = folder.about(name).ok().and_then(|about| {
        let since = u64::try_from(about.st_mtime).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since))
    });
    written.is_some_and(|at| {
        let age = SystemTime::now().duration_since(at).unwrap_or_default();
        age > WRITTEN_WITHIN
    })
}
