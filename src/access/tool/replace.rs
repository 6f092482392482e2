//! Changing a file as a whole or not at all, one writer at a time.
//!
//! The new file is written beside the old one and takes its place by a rename, so
//! who reads sees either of them. Writers lock the file; who has waited for the lock
//! of a file that has been replaced meanwhile begins anew with the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, OFlags, Uid, fchown};

use super::super::bytes_of::bytes_of;
use super::ToolError;

/// The mode of a file that is made here: nobody else needs to read it.
const NEW_MODE: u32 = 0o640;

/// Replaces the file at `path` with what `change` makes of its bytes; None leaves
/// it. Owner, group and mode stay. Whether it was replaced.
pub(super) fn replace(
    path: &Path,
    create: bool,
    change: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Result<bool, ToolError> {
    let failed = |reason| ToolError::Write {
        path: path.to_owned(),
        reason,
    };
    if create && !path.exists() {
        make(path).map_err(failed)?;
    }
    // A link stays a link.
    let real = path.canonicalize().map_err(|reason| match create {
        true => failed(reason),
        false => ToolError::Missing(path.to_owned()),
    })?;
    let old = locked(&real).map_err(failed)?;
    let bytes = bytes_of("USER_PASSWD", Some(&real))?;
    let Some(changed) = change(&bytes) else {
        return Ok(false);
    };
    let beside = beside(&real);
    let written = write(&beside, &old, &changed).and_then(|()| fs::rename(&beside, &real));
    if let Err(reason) = written {
        let _ = fs::remove_file(&beside);
        return Err(failed(reason));
    }
    // The rename lasts when the folder is on disk. Not all systems can do that.
    if let Some(Ok(folder)) = real.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    Ok(true)
}

fn make(path: &Path) -> io::Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(NEW_MODE)
        .open(path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// The file, once no other writer has it.
fn locked(path: &Path) -> io::Result<File> {
    loop {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        let file = options.open(path)?;
        let here = file.metadata()?;
        if !here.is_file() {
            return Err(io::Error::other("it is no plain file"));
        }
        file.lock()?;
        let there = fs::metadata(path)?;
        if (here.dev(), here.ino()) == (there.dev(), there.ino()) {
            return Ok(file);
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

/// Writes the new file, with owner, group and mode of the old one.
fn write(path: &Path, old: &File, bytes: &[u8]) -> io::Result<()> {
    let metadata = old.metadata()?;
    // What a writer left that was killed; no other one is at work.
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let own = file.metadata()?;
    let (user, group) = (metadata.uid(), metadata.gid());
    if (own.uid(), own.gid()) != (user, group) {
        fchown(&file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group))).map_err(|error| {
            let who = "its owner and group cannot be kept by this account; be its owner, or root";
            io::Error::new(io::Error::from(error).kind(), who)
        })?;
    }
    file.set_permissions(fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(path: &Path, line: &str) {
        replace(path, false, |bytes| Some([bytes, line.as_bytes()].concat())).unwrap();
    }

    #[test]
    fn many_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwd");
        fs::write(&path, "").unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|at| add(path, &format!("{writer}:{at}\n"))));
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 160);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn mode_and_links_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passwd");
        let link = folder.path().join("link");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        std::os::unix::fs::symlink("passwd", &link).unwrap();
        add(&link, "a:b\n");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a:b\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o604);
        assert!(!replace(&path, false, |_| None).unwrap());
    }

    #[test]
    fn what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none");
        let keep = |bytes: &[u8]| Some(bytes.to_vec());
        assert!(matches!(
            replace(&path, false, keep),
            Err(ToolError::Missing(_))
        ));
        assert!(replace(folder.path(), false, keep).is_err());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("elsewhere", &link).unwrap();
        let error = replace(&link, true, keep).unwrap_err();
        assert!(matches!(error, ToolError::Write { .. }), "{error}");
        assert!(replace(&path, true, keep).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7137, 0);
    }
}
