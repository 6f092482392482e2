//! Tasks on their way from requests to the embedded queue: files under
//! `STATE_PATH/queue/spool`, one a task, named for the task. So the same miss
//! again finds its file there and adds nothing, the folder has a bound, and
//! the CGI programs need no SQLite. Workers and tools take the files in.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::broker::{Submitted, WAITING_BOUND};
use super::error::QueueError;
use super::task::{LONGEST, Task};

/// Files that may wait here.
const BOUND: usize = WAITING_BOUND;

/// A file without its final line feed is being written, or its writer died
/// so long ago.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// The spool of a server.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// That under this STATE_PATH.
    pub fn under(state: &Path) -> Spool {
        Spool {
            folder: queue_folder(state).join("spool"),
        }
    }

    /// Leaves tasks for whoever takes them in.
    ///
    /// # Errors
    /// The folder cannot be written, or is full: then nothing is left.
    pub fn leave(&self, tasks: &[Task]) -> Result<Submitted, QueueError> {
        let mut submitted = Submitted::default();
        let waiting = match count(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_own().map_err(|error| self.unusable(&error))?;
                0
            }
            counted => counted.map_err(|error| self.unusable(&error))?,
        };
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
            match self.leave_one(&format!("{:016x}", task.key().hash()), &text) {
                Ok(()) => submitted.queued += 1,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => submitted.known += 1,
                Err(error) => return Err(self.unusable(&error)),
            }
        }
        Ok(submitted)
    }

    /// Makes the folder where one account runs everything. Else the worker's
    /// account has to: it could not write to a folder of the web server's.
    fn make_own(&self) -> io::Result<()> {
        let state = self.folder.parent().and_then(Path::parent);
        let owner = fs::metadata(state.unwrap_or(&self.folder))?.uid();
        match owner == rustix::process::geteuid().as_raw() {
            true => self.make(),
            false => Err(io::Error::other("it is made when the first worker starts")),
        }
    }

    /// Makes the folder if there is none.
    pub(super) fn make(&self) -> io::Result<()> {
        make_like_parent(&self.folder)
    }

    fn leave_one(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        let mut file = File::create_new(&path)?;
        // The worker's account reads it, whatever the web server's umask.
        let readable = fs::Permissions::from_mode(0o644);
        let written = file
            .set_permissions(readable)
            .and_then(|()| file.write_all(text.as_bytes()));
        if written.is_err() {
            // A full disk: half a file would keep the next one away.
            let _ = fs::remove_file(&path);
        }
        written
    }

    /// The tasks that were left, with their files; what is no task is
    /// removed. To be removed by [`Spool::remove`] once they are in.
    pub(super) fn left(&self) -> Vec<(PathBuf, Task)> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for entry in entries.flatten().take(BOUND) {
            let path = entry.path();
            match read(&path) {
                Some(text) if text.ends_with('\n') => match Task::parse(text.trim_end()) {
                    Ok(task) => all.push((path, task)),
                    Err(_) => Spool::remove(&path),
                },
                _ if is_old(&path) => Spool::remove(&path),
                _ => {}
            }
        }
        // In the order in which they were asked for.
        all.sort_by(|a, b| a.1.submitted.cmp(&b.1.submitted));
        all
    }

    /// Removes a file; another worker may have done that.
    pub(super) fn remove(path: &Path) {
        let _ = fs::remove_file(path);
    }

    fn unusable(&self, error: &io::Error) -> QueueError {
        QueueError::File {
            file: self.folder.clone(),
            reason: error.to_string(),
        }
    }
}

/// Where the embedded queue is.
pub(super) fn queue_folder(state: &Path) -> PathBuf {
    state.join("queue")
}

/// A folder for the accounts that its parent is for, and the folders above
/// it that are missing.
pub(super) fn make_like_parent(folder: &Path) -> io::Result<()> {
    let Some(parent) = folder.parent() else {
        return Err(io::ErrorKind::NotFound.into());
    };
    if !parent.exists() && parent.file_name().is_some_and(|name| name == "queue") {
        make_like_parent(parent)?;
    }
    // Without the sticky bit: one account leaves files, another removes them.
    let mode = fs::metadata(parent)?.permissions().mode() & 0o2777;
    match DirBuilder::new().mode(mode & 0o777).create(folder) {
        Ok(()) => {
            give_to_owner_of(parent, folder);
            // Setting a mode takes the sgid bit away where this account is not of
            // the group, so only what is missing is set.
            match fs::metadata(folder)?.permissions().mode() & 0o2777 {
                made if made == mode => Ok(()),
                _ => fs::set_permissions(folder, fs::Permissions::from_mode(mode)),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// What root makes belongs to whom the folder around it belongs to.
pub(super) fn give_to_owner_of(parent: &Path, path: &Path) {
    if rustix::process::geteuid().is_root()
        && let Ok(data) = fs::metadata(parent)
    {
        // Where root may not do that, it does not matter either.
        let _ = std::os::unix::fs::chown(path, Some(data.uid()), Some(data.gid()));
    }
}

fn count(folder: &Path) -> io::Result<usize> {
    Ok(fs::read_dir(folder)?.take(BOUND + 1).count())
}

/// The text of a plain file that is not too large. A link is not followed:
/// another account writes here.
fn read(path: &Path) -> Option<String> {
    let mut options = OpenOptions::new();
    let no_follow = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(no_follow.bits()).ok()?;
    let file: File = options.read(true).custom_flags(flags).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    file.take(LONGEST as u64 + 1)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn is_old(path: &Path) -> bool {
    let age = fs::symlink_metadata(path)
        .and_then(|data| data.modified())
        .map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
    age.is_ok_and(|age| age > WRITTEN_WITHIN)
}
