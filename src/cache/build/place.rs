//! Where a block is written, and how it gets to where it is read.
//!
//! A block is written under another name in its own folder and appears by
//! being renamed. The file under that other name is locked as long as its
//! writer lives, on whatever machine: so files that dead writers have left
//! behind are told from those that are being written.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{FlockOperation, Timespec, Timestamps, UTIME_OMIT, flock, futimens};
use rustix::io::Errno;

/// What the names of unfinished files end in; das2-pyserver's too.
const UNFINISHED: &str = ".tmp";

/// An unfinished file of another machine, whose locks may not be seen here, is
/// left alone for so long.
const FOREIGN_AGE: Duration = Duration::from_secs(86_400);

/// Files and folders can be written by the account's group: that of the
/// workers.
const FILE_MODE: u32 = 0o664;
const FOLDER_MODE: u32 = 0o775;

/// For how long folders are made again that are gone before a file is in them: who
/// prunes the cache removes empty ones. A time and not a number of attempts, since who
/// removes may win many in a row where both share a processor.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file that is being written. It goes away with this value unless it was
/// put in its place.
#[derive(Debug)]
pub struct Unfinished {
    /// The file, open for reading and writing.
    pub file: File,
    path: PathBuf,
    placed: bool,
}

impl Unfinished {
    /// Begins a file that is to be `path` one day, making folders as needed.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(path: &Path) -> io::Result<Unfinished> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let unfinished = folder.join(unfinished_name(path));
        let start = Instant::now();
        let file = loop {
            match make_folders(folder).and_then(|()| create(&unfinished)) {
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && start.elapsed() < PATIENCE =>
                {
                    std::thread::yield_now();
                }
                created => break created?,
            }
        };
        let unfinished = Unfinished {
            file,
            path: unfinished,
            placed: false,
        };
        // File systems without locks have the age of files to go by.
        let _ = flock(&unfinished.file, FlockOperation::NonBlockingLockExclusive);
        unfinished
            .file
            .set_permissions(Permissions::from_mode(FILE_MODE))?;
        Ok(unfinished)
    }

    /// Puts the file in its place once all of it is on the disk, with a time
    /// of change in seconds since 1970 if one is given.
    ///
    /// # Errors
    /// The system's.
    pub fn place(mut self, path: &Path, changed: Option<i64>) -> io::Result<()> {
        self.file.sync_data()?;
        // At last, or another worker would take the file for an old one.
        if let Some(seconds) = changed {
            // Without it the block is looked through before it is served.
            let _ = set_file_time(&self.file, seconds);
        }
        match fs::rename(&self.path, path) {
            Err(error) if path.is_dir() => {
                move_aside(path).map_err(|_| error)?;
                fs::rename(&self.path, path)?;
            }
            renamed => renamed?,
        }
        self.placed = true;
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
}

/// Gives a file a time of change, in seconds since 1970.
///
/// # Errors
/// The system's.
pub fn set_file_time(file: &File, seconds: i64) -> io::Result<()> {
    let unchanged = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_OMIT,
    };
    let changed = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: unchanged,
        last_modification: changed,
    };
    Ok(futimens(file, &times)?)
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// `.NAME.HOST-PID-N.tmp`, in which no two writers meet.
fn unfinished_name(path: &Path) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let host = host();
    let pid = std::process::id();
    format!(".{name}.{host}-{pid}-{number}{UNFINISHED}")
}

/// The name of this machine, of characters that a file name may hold.
fn host() -> String {
    let uname = rustix::system::uname();
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '.' || c == '_' => c,
        _ => '_',
    };
    let name = uname.nodename().to_string_lossy();
    name.chars().take(64).map(plain).collect()
}

/// Whatever stands where a block should be and is none.
fn move_aside(path: &Path) -> io::Result<()> {
    if fs::remove_dir(path).is_ok() {
        return Ok(());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = |number: u32| path.with_file_name(format!("{name}.aside-{number}"));
    let free = (1..1000).map(aside).find(|path| !path.exists());
    match free {
        Some(free) => fs::rename(path, free),
        None => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folders(above)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => {
            // A folder may have got its group bit from the one above.
            let mode = fs::metadata(folder)?.permissions().mode();
            fs::set_permissions(folder, Permissions::from_mode(mode | FOLDER_MODE))
        }
        // A link that leads nowhere stays, however often it is tried.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match folder.is_symlink() {
            true if !folder.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
            _ => Ok(()),
        },
        Err(error) => Err(error),
    }
}

/// Makes what was renamed in a folder last beyond a loss of power.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Not every file system can.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Removes the unfinished files of dead writers from a folder; how many.
pub fn sweep(folder: &Path) -> u64 {
    sweep_at(folder, SystemTime::now())
}

fn sweep_at(folder: &Path, now: SystemTime) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let here = format!(".{}-", host());
    let mut removed = 0;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !name.ends_with(UNFINISHED) || !name.contains(".d2s.") && !name.contains(".qds.") {
            continue;
        }
        let path = entry.path();
        let of_this_machine = name.starts_with('.') && name.contains(&here);
        if is_abandoned(&path, of_this_machine, now) && fs::remove_file(&path).is_ok() {
            removed += 1;
        }
    }
    removed
}

/// A file that can be locked has no writer any more. One that was made just
/// now may not be locked yet, and locks of other machines may not be seen here.
fn is_abandoned(path: &Path, of_this_machine: bool, now: SystemTime) -> bool {
    const MOMENT: Duration = Duration::from_secs(2);
    let age = age(path, now);
    let is_old = age > FOREIGN_AGE;
    if !is_old {
        let writer_gone = || pid_of(path).is_some_and(|pid| !is_running(pid));
        if !of_this_machine || (age < MOMENT && !writer_gone()) {
            return false;
        }
    }
    let Ok(file) = OpenOptions::new().read(true).open(path) else {
        return is_old;
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => true,
        Err(Errno::WOULDBLOCK) => false,
        // There are no locks here.
        Err(_) => is_old,
    }
}

/// How long ago a file was last written to, or given a time: a writer gives its
/// file the time when the run began just before the file goes to its place, so
/// the time of change may say that the file is years old. None is young.
fn age(path: &Path, now: SystemTime) -> Duration {
    let Ok(data) = fs::symlink_metadata(path) else {
        return Duration::ZERO;
    };
    let seconds = u64::try_from(data.ctime()).unwrap_or(0);
    let touched = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    now.duration_since(touched).unwrap_or(Duration::ZERO)
}

/// The process in the name of an unfinished file.
fn pid_of(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?.strip_suffix(UNFINISHED)?;
    let mut parts = name.rsplit('-');
    parts.next()?;
    parts.next()?.parse().ok()
}

fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const NAME: &str = "2020-01-01_intrinsic.d2s";

    #[test]
    fn a_file_appears_complete_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        let path = folder.join(NAME);
        let mut unfinished = Unfinished::begin(&path).unwrap();
        unfinished.file.write_all(b"x").unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        unfinished.place(&path, Some(-7)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
        let data = fs::metadata(&path).unwrap();
        let changed = (MetadataExt::mtime(&data), MetadataExt::mtime_nsec(&data));
        assert_eq!(changed, (-7, 0));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder)), (0o664, 0o775));
        drop(Unfinished::begin(&path).unwrap());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn folders_that_somebody_removes_are_made_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b/c");
        let path = folder.join(NAME);
        let over = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    for folder in ["a/b/c", "a/b", "a"] {
                        let _ = fs::remove_dir(root.path().join(folder));
                    }
                }
            });
            let begun = (0..500).try_for_each(|_| Unfinished::begin(&path).map(drop));
            over.store(true, Ordering::Relaxed);
            begun.unwrap();
        });
    }

    #[test]
    fn a_link_that_leads_nowhere_is_an_error_at_once() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root.path().join("none"), root.path().join("a")).unwrap();
        let started = Instant::now();
        for path in ["a", "a/b"].map(|folder| root.path().join(folder).join(NAME)) {
            let error = Unfinished::begin(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
        }
        assert!(started.elapsed() < PATIENCE);
    }

    #[test]
    fn a_folder_in_the_way_makes_room() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(NAME);
        for content in [None, Some("x")] {
            let _ = fs::remove_file(&path);
            fs::create_dir(&path).unwrap();
            if let Some(name) = content {
                fs::write(path.join(name), "kept").unwrap();
            }
            Unfinished::begin(&path)
                .unwrap()
                .place(&path, None)
                .unwrap();
            assert!(path.is_file());
        }
        let aside = root.path().join(format!("{NAME}.aside-1")).join("x");
        assert_eq!(fs::read(aside).unwrap(), b"kept");
    }

    #[test]
    fn what_the_dead_left_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(NAME);
        let alive = Unfinished::begin(&path).unwrap();
        let dead = root
            .path()
            .join(format!(".{NAME}.{}-999999999-0.tmp", host()));
        fs::write(&dead, "").unwrap();
        let elsewhere = root.path().join(format!(".{NAME}.elsewhere-1-0.tmp"));
        fs::write(&elsewhere, "").unwrap();
        let nameless = root.path().join(format!("{NAME}.tmp"));
        fs::write(&nameless, "").unwrap();
        fs::write(root.path().join("notes.tmp"), "").unwrap();
        assert_eq!(sweep(root.path()), 1);
        assert!(!dead.exists() && elsewhere.exists() && nameless.exists());
        // Two days later; the one that is being written is still locked.
        let later = SystemTime::now() + FOREIGN_AGE + FOREIGN_AGE;
        assert_eq!(sweep_at(root.path(), later), 2);
        assert!(alive.path.exists() && !elsewhere.exists() && !nameless.exists());
        assert!(root.path().join("notes.tmp").exists());
    }

    #[test]
    fn a_file_with_the_time_of_its_block_is_not_swept() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(NAME);
        let alive = Unfinished::begin(&path).unwrap();
        // Of another machine, whose locks are not seen.
        let elsewhere = root.path().join(format!(".{NAME}.elsewhere-1-0.tmp"));
        set_file_time(&alive.file, 0).unwrap();
        set_file_time(&File::create(&elsewhere).unwrap(), 0).unwrap();
        assert_eq!(sweep(root.path()), 0);
        assert!(elsewhere.exists());
        alive.place(&path, Some(0)).unwrap();
    }
}
