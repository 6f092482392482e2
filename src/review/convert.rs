//! Writing das2server.toml from das2server.conf.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid, fchown};

use crate::config::convert::to_toml;
use crate::config::read_file;

/// Writes the TOML form of the file at `conf` to `output`, to the standard
/// output for `-`, and beside it without one. A sentence on what was done.
///
/// # Errors
/// A text for people: the old file is wrong, the new one is there already or
/// cannot be written.
pub(super) fn convert(
    conf: &Path,
    output: Option<&Path>,
    force: bool,
    out: &mut dyn Write,
) -> Result<Option<String>, String> {
    let said = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let bytes = read_file(conf).map_err(|error| error.to_string())?;
    let origin = std::path::absolute(conf).map_err(|error| said(conf, error))?;
    let toml = to_toml(&origin, &bytes).map_err(|error| error.to_string())?;
    let beside = conf.with_extension("toml");
    let target = output.unwrap_or(&beside);
    if target == Path::new("-") {
        let written = out.write_all(toml.as_bytes()).and_then(|()| out.flush());
        return written.map(|()| None).map_err(|error| error.to_string());
    }
    if target.exists() && !force {
        return Err(format!(
            "{} is there already; remove it, or say --force",
            target.display()
        ));
    }
    let old = fs::metadata(conf).map_err(|error| said(conf, error))?;
    write(target, &old, toml.as_bytes()).map_err(|error| said(target, error))?;
    let counts = match target == beside {
        true => format!(
            "; it counts from now on, and {} is not read any more",
            conf.display()
        ),
        false if target.parent() != conf.parent() => {
            "; there, relative paths in it count from the folder above".to_owned()
        }
        false => String::new(),
    };
    Ok(Some(format!("{} is written{counts}", target.display())))
}

/// By rename, since requests may be reading the file. Its owner, group and rights are
/// those of the old one: there may be a password in it, and the web server's account
/// has to read it.
fn write(target: &Path, old: &Metadata, bytes: &[u8]) -> io::Result<()> {
    let mode = old.permissions().mode() & 0o777;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part: PathBuf = target.with_file_name(name);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&part)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            keep_owner(&file, old)?;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&part, target));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Where everybody may read the file it does not matter whose it is.
fn keep_owner(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(old.uid()), Gid::from_raw(old.gid()));
    match fchown(file, Some(user), Some(group)) {
        Err(error) if old.mode() & 0o004 == 0 => {
            let who = "its owner and group would be others than those of the old form; be its \
                       owner, or root";
            Err(io::Error::new(io::Error::from(error).kind(), who))
        }
        _ => Ok(()),
    }
}
