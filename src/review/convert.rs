//! Writing das2server.toml from das2server.conf.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

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
    let mode = fs::metadata(conf).map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
    write(target, mode, toml.as_bytes()).map_err(|error| said(target, error))?;
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

/// By rename, since requests may be reading the file. Its rights are those of
/// the old one: there may be a password in it.
fn write(target: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
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
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&part, target));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}
