//! Reading a password or group file as a whole: a plain file of a sane size, and
//! nothing else. No kind of file makes a request wait.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::config::without_bom;

/// Some 100,000 users.
const LARGEST: u64 = 8 << 20;

/// Why there are no users or groups. For the site: clients are told no details.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The configuration names no file.
    #[error("{0} is not set in the configuration: name the file")]
    NotNamed(&'static str),
    /// The file cannot be read.
    #[error("{path}: {reason}; make it a file that this account can read", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

/// The bytes of the file that `keyword` of the configuration names, without a byte
/// order mark: an editor's, which is no part of the first name.
pub(super) fn bytes_of(keyword: &'static str, path: Option<&Path>) -> Result<Vec<u8>, FileError> {
    let path = path.ok_or(FileError::NotNamed(keyword))?;
    read(path).map_err(|reason| FileError::Unreadable {
        path: path.to_owned(),
        reason,
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe without a writer would keep it waiting.
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 8 MiB"));
    }
    let marks = bytes.len() - without_bom(&bytes).len();
    bytes.drain(..marks);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_an_error_and_no_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("huge"), vec![b'\n'; (LARGEST + 1) as usize]).unwrap();
        std::fs::write(path("empty"), "").unwrap();
        let mkfifo = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(mkfifo.unwrap().success());
        for (name, words) in [
            ("none", "No such file"),
            ("huge", "8 MiB"),
            ("pipe", "plain file"),
            ("", "plain file"),
        ] {
            let error = bytes_of("X", Some(&path(name))).unwrap_err().to_string();
            assert!(
                error.contains(words) || error.contains("directory"),
                "{error}"
            );
        }
        assert!(read(Path::new("/dev/zero")).is_err());
        assert_eq!(bytes_of("X", Some(&path("empty"))).unwrap(), b"");
        std::fs::write(path("marked"), "\u{feff}a:b\n").unwrap();
        assert_eq!(bytes_of("X", Some(&path("marked"))).unwrap(), b"a:b\n");
        assert!(matches!(bytes_of("X", None), Err(FileError::NotNamed("X"))));
    }
}
