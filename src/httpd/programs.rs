//! The folder of the CGI programs, looked at before anybody asks.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::route::{LOG, MAIN};

/// Where the programs are not.
const INSTEAD: &str = "give the folder of the server's programs with --programs FOLDER";

/// The folder of the CGI programs, by a path that holds wherever it is used.
///
/// # Errors
/// There is none, or the server's program in it cannot be started.
pub fn programs_of(folder: Option<PathBuf>) -> io::Result<PathBuf> {
    let folder = folder.ok_or_else(|| io::Error::other(INSTEAD))?;
    let folder = std::path::absolute(folder)?;
    let metadata = folder
        .metadata()
        .map_err(|reason| io::Error::other(format!("{}: {reason}; {INSTEAD}", folder.display())))?;
    if !metadata.is_dir() {
        return Err(io::Error::other(format!(
            "{} is no folder; {INSTEAD}",
            folder.display()
        )));
    }
    if !can_be_started(&folder.join(MAIN)) {
        return Err(io::Error::other(format!(
            "there is no {MAIN} in {} that can be started; {INSTEAD}",
            folder.display()
        )));
    }
    if !can_be_started(&folder.join(LOG)) {
        log::warn!(
            "there is no {LOG} in {} that can be started: /das/log will not work",
            folder.display()
        );
    }
    Ok(folder)
}

fn can_be_started(program: &Path) -> bool {
    program.is_file() && access(program, Access::EXEC_OK).is_ok()
}
