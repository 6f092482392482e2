//! The folders of the embedded queue. Two accounts write there, and the one may do
//! less than the other: so no link below STATE_PATH is followed, and what is made or
//! removed there is made or removed by way of the folder that is open.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Stat, Uid, chmod, chownat, fchmod, fchown,
    fstat, mkdirat, openat, statat, unlinkat,
};
use rustix::io::Errno;

/// What a folder below it takes over: all rights, and that new files are of its group.
const SHARED: u32 = 0o2777;

/// A folder of the queue.
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// STATE_PATH, which may be a link: it is the site's word.
    pub(super) fn of_state(state: &Path) -> io::Result<Folder> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Folder(openat(CWD, state, flags, Mode::empty())?))
    }

    /// The folder of this name in it.
    pub(super) fn open(&self, name: &str) -> io::Result<Folder> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&self.0, name, flags, Mode::empty()) {
            Ok(folder) => Ok(Folder(folder)),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(io::Error::other(
                "it is no folder, and links below STATE_PATH are not followed",
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// The same, made for the accounts that this folder is for where there is none.
    pub(super) fn open_or_make(&self, name: &str) -> io::Result<Folder> {
        let own = fstat(&self.0)?;
        // Without the sticky bit: one account leaves files, another removes them.
        let mode = own.st_mode & SHARED;
        match mkdirat(&self.0, name, Mode::from_raw_mode(mode & 0o777)) {
            Err(Errno::EXIST) => return self.open(name),
            made => made?,
        }
        let folder = self.open(name)?;
        if fstat(&folder.0)?.st_uid == rustix::process::geteuid().as_raw() {
            if rustix::process::geteuid().is_root() {
                let _ = fchown(&folder.0, owner(&own), group(&own));
            }
            // Setting a mode takes the sgid bit away where this account is not of
            // the group, so only what is missing is set.
            if fstat(&folder.0)?.st_mode & SHARED != mode {
                fchmod(&folder.0, Mode::from_raw_mode(mode))?;
            }
        }
        Ok(folder)
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> io::Result<u32> {
        Ok(fstat(&self.0)?.st_uid)
    }

    /// The names in it, so many at most.
    pub(super) fn names(&self, most: usize) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if names.len() >= most {
                break;
            }
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    /// A new file in it that everybody may read, whatever the umask.
    pub(super) fn create_new(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let readable = Mode::from_raw_mode(0o644);
        let file = openat(&self.0, name, flags, readable)?;
        fchmod(&file, readable)?;
        Ok(File::from(file))
    }

    /// A plain file in it, to be read.
    pub(super) fn open_file(&self, name: &OsStr) -> Option<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&self.0, name, flags, Mode::empty()).ok()?;
        let file = File::from(file);
        file.metadata().ok()?.is_file().then_some(file)
    }

    /// What is known of what has this name; a link is not followed.
    pub(super) fn about(&self, name: &OsStr) -> io::Result<Stat> {
        Ok(statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Removes a file; another worker may have done that.
    pub(super) fn remove(&self, name: &OsStr) {
        let _ = unlinkat(&self.0, name, AtFlags::empty());
    }

    /// Whether there is a plain file of this name, with no other name beside it; what
    /// is no such file is an error.
    pub(super) fn has_plain_file(&self, name: &str) -> io::Result<bool> {
        match self.about(name.as_ref()) {
            Ok(about) if is_plain(&about) => Ok(true),
            Ok(_) => Err(io::Error::other(format!(
                "{name} in it is no plain file, or has a second name"
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lets those use the file who may use this folder.
    pub(super) fn share(&self, name: &str) -> io::Result<()> {
        let own = fstat(&self.0)?;
        // By way of a path only: to open and close a file of SQLite would release the
        // locks that this process has on it.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.0, name, flags, Mode::empty())?;
        if !is_plain(&fstat(&file)?) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if rustix::process::geteuid().is_root() {
            chownat(&file, "", owner(&own), group(&own), AtFlags::EMPTY_PATH)?;
        }
        let opened = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
        Ok(chmod(opened, Mode::from_raw_mode(own.st_mode & 0o666))?)
    }
}

/// Where a file of the queue is, without links above it: SQLite follows none.
pub(super) fn path_without_links(state: &Path, name: &str) -> io::Result<PathBuf> {
    Ok(fs::canonicalize(state)?.join("queue").join(name))
}

fn is_plain(about: &Stat) -> bool {
    FileType::from_raw_mode(about.st_mode) == FileType::RegularFile && about.st_nlink == 1
}

fn owner(about: &Stat) -> Option<Uid> {
    Some(Uid::from_raw(about.st_uid))
}

fn group(about: &Stat) -> Option<Gid> {
    Some(Gid::from_raw(about.st_gid))
}
