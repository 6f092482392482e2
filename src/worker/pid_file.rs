//! The file that names a worker in the background, so that there is one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, test_kill_process};

/// Why a worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// There is one already.
    #[error(
        "{file} is that of process {pid}, which runs; end it with kill {pid}, or name another file",
        file = .file.display()
    )]
    Running {
        /// The file.
        file: PathBuf,
        /// The process in it.
        pid: String,
    },
    /// The file cannot be used.
    #[error("{file} cannot be written: {reason}", file = .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

/// A file with the number of this process, locked. It goes away with this.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Takes the file; one that a dead worker has left is replaced.
    ///
    /// # Errors
    /// The file of a live worker, or one that cannot be written.
    pub fn take(path: &Path) -> Result<PidFile, PidFileError> {
        let failed = |reason| PidFileError::File {
            file: path.to_owned(),
            reason,
        };
        loop {
            let mut file = open(path).map_err(failed)?;
            let mut text = String::new();
            // What is no text names no process.
            let _ = (&file).take(100).read_to_string(&mut text);
            let text = text.trim().to_owned();
            let locked = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
            if !locked || is_old_worker(&text) {
                return Err(PidFileError::Running {
                    file: path.to_owned(),
                    pid: text,
                });
            }
            // It may have been removed by its worker's end since it was opened.
            if !is_at(&file, path) {
                continue;
            }
            write(&mut file).map_err(failed)?;
            return Ok(PidFile {
                path: path.to_owned(),
                file,
            });
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path)
}

fn write(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn is_at(file: &File, path: &Path) -> bool {
    let inode = |data: fs::Metadata| (data.dev(), data.ino());
    let there = fs::metadata(path).map(inode).ok();
    there.is_some() && there == file.metadata().map(inode).ok()
}

/// Whether a file that nobody has locked is that of a worker all the same: of
/// das2-pyserver, which locks nothing.
fn is_old_worker(text: &str) -> bool {
    let number = text.parse::<i32>().ok().filter(|number| *number > 0);
    let pid = number.and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|pid| test_kill_process(*pid) != Err(rustix::io::Errno::SRCH))
    else {
        return false;
    };
    let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default();
    memchr::memmem::find(&line, b"das2_srv_arbiter").is_some()
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        // Of a process that is no worker, of one that is gone, no text at all.
        for before in ["1\n", "999999999\n", "", "-5", "x", "\u{0}"] {
            fs::write(&path, before).unwrap();
            let held = PidFile::take(&path).unwrap();
            let me = std::process::id().to_string();
            assert_eq!(fs::read_to_string(&path).unwrap().trim(), me);
            let error = PidFile::take(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("kill {me}")), "{error}");
            drop(held);
            assert!(!path.exists());
        }
        let nowhere = folder.path().join("missing/pid");
        let error = PidFile::take(&nowhere).unwrap_err();
        assert!(matches!(error, PidFileError::File { .. }));
    }

    #[test]
    fn the_file_of_another_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let held = PidFile::take(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(held);
        assert!(path.exists());
    }
}
