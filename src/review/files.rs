//! Every DSDF below a folder, whether it is listed or not.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::report::Report;
use crate::config::Finding;
use crate::source::SourceName;

/// How deep folders are looked into, and how many files and folders in all.
/// Folders that are linked into each other have more paths than can be walked.
const DEEPEST: usize = 64;
const MOST_ENTRIES: usize = 1_000_000;

/// A DSDF has at most so many bytes.
const LARGEST: u64 = 1 << 20;

/// A file that is to be a DSDF.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// The path below the root, without `.dsdf`. It comes first, since paths
    /// are slow to compare.
    pub name: String,
    /// The path of the file.
    pub path: PathBuf,
}

impl Found {
    /// Whether it describes a folder and is no source.
    pub(super) fn is_folder_info(&self) -> bool {
        let file = self.name.rsplit('/').next().unwrap_or_default();
        file.eq_ignore_ascii_case("_dirinfo_")
    }
}

/// The files of a tree in order of their paths; what is wrong with the tree
/// itself goes to `report`.
pub(super) fn find(root: &Path, report: &mut Report) -> Vec<Found> {
    let mut walk = Walk {
        ancestors: Vec::new(),
        entries: 0,
        found: Vec::new(),
        report,
    };
    if let Err(error) = walk.folder(root, "") {
        walk.error(root, error.to_string(), "let this account read the folder");
    }
    let mut found = walk.found;
    found.sort_unstable();
    found
}

struct Walk<'a> {
    /// Device and inode of the folders that are being looked into.
    ancestors: Vec<(u64, u64)>,
    entries: usize,
    found: Vec<Found>,
    report: &'a mut Report,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, prefix: &str) -> io::Result<()> {
        let metadata = fs::metadata(path)?;
        let identity = (metadata.dev(), metadata.ino());
        if self.ancestors.contains(&identity) {
            let what = "this is a link to a folder that it is in, and is not followed";
            self.warn(path, what.to_owned(), "remove the link");
            return Ok(());
        }
        if self.ancestors.len() >= DEEPEST {
            let what = format!("folders are more than {DEEPEST} deep here, and are not listed");
            self.error(path, what, "move them up");
            return Ok(());
        }
        let entries = fs::read_dir(path)?;
        self.ancestors.push(identity);
        for entry in entries {
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                if self.entries == MOST_ENTRIES + 1 {
                    let what = format!(
                        "there are more than {MOST_ENTRIES} files; the rest is not looked at"
                    );
                    self.error(path, what, "move some away");
                }
                break;
            }
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, file_type)) => match name.to_str() {
                    Some(name) => self.entry(path, prefix, name, file_type),
                    None => self.unnamed(&path.join(&name), file_type),
                },
                Err(error) => self.error(path, error.to_string(), "check the file system"),
            }
        }
        self.ancestors.pop();
        Ok(())
    }

    /// A name that no request can hold matters if it is a DSDF's or a folder's.
    fn unnamed(&mut self, path: &Path, file_type: FileType) {
        let dsdf = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("dsdf"));
        if dsdf || file_type.is_dir() {
            self.error(
                path,
                "the name is not UTF-8, so nobody can ask for it".to_owned(),
                "rename it",
            );
        }
    }

    fn entry(&mut self, folder: &Path, prefix: &str, name: &str, file_type: FileType) {
        let (stem, is_dsdf) = match name
            .len()
            .checked_sub(5)
            .and_then(|at| name.split_at_checked(at))
        {
            Some((stem, end)) if end.eq_ignore_ascii_case(".dsdf") => (stem, true),
            _ => (name, false),
        };
        // Readers, data and notes lie in some trees; they are nobody's business.
        if !is_dsdf && file_type.is_file() {
            return;
        }
        let path = folder.join(name);
        let file_type = match file_type.is_symlink() {
            false => file_type,
            true => match fs::metadata(&path) {
                Ok(metadata) => metadata.file_type(),
                Err(error) if is_dsdf => {
                    let what = format!("this is a link that leads nowhere: {error}");
                    return self.error(&path, what, "remove it, or let it lead to a DSDF");
                }
                Err(_) => return,
            },
        };
        let full = format!("{prefix}{name}");
        if file_type.is_dir() {
            if !self.can_be_asked_for(&path, &full) {
                return;
            }
            if let Err(error) = self.folder(&path, &format!("{full}/")) {
                self.error(&path, error.to_string(), "let this account read the folder");
            }
        } else if is_dsdf && !file_type.is_file() {
            let what = "this is no file, but a pipe, a socket or a device";
            self.error(
                &path,
                what.to_owned(),
                "remove it, or give it a name without .dsdf",
            );
        } else if is_dsdf {
            let found = Found {
                path,
                name: format!("{prefix}{stem}"),
            };
            if found.is_folder_info() || self.can_be_asked_for(&found.path, &full) {
                self.found.push(found);
            }
        }
    }

    /// Whether a client can send the name, and a list can hold it.
    fn can_be_asked_for(&mut self, path: &Path, name: &str) -> bool {
        let good = SourceName::parse(name).is_ok() && !name.contains('|');
        if !good {
            let what = "nobody can ask for this name";
            self.error(
                path,
                what.to_owned(),
                "rename it, without backslash, bar and control characters",
            );
        }
        good
    }

    fn error(&mut self, file: &Path, what: String, instead: &str) {
        self.report.error(whole_file(file, what, instead));
    }

    fn warn(&mut self, file: &Path, what: String, instead: &str) {
        self.report.warn(whole_file(file, what, instead));
    }
}

/// A finding about a file as a whole.
pub(super) fn whole_file(file: &Path, what: String, instead: &str) -> Finding {
    Finding {
        file: file.to_owned(),
        line: 0,
        what,
        instead: instead.to_owned(),
    }
}

/// The bytes of a DSDF. What has become a pipe since it was found does not
/// make this wait.
pub(super) fn read(path: &Path, into: &mut Vec<u8>) -> io::Result<()> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)?;
    into.clear();
    file.take(LARGEST + 1).read_to_end(into)?;
    match into.len() as u64 > LARGEST {
        true => Err(io::Error::other("larger than 1 MiB, so no DSDF")),
        false => Ok(()),
    }
}
