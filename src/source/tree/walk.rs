//! The walk through a tree of sources, by an index of what was read before.
//!
//! Every folder is read and every file asked for its state; what an index saves is
//! opening and parsing the files that are as they were.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, open, stat, statat};

use super::index::{Index, Summary};
use super::read;
use crate::config::{Config, Finding};
use crate::source::listing::{Item, one_line};
use crate::source::name::{FOLDER_INFO, SUFFIX, SourceName, has_suffix, is_folder_info};
use crate::source::substitute::{Names, Piece, substitute};
use crate::source::syntax;

/// How deep folders are looked into, and how many files and folders in all.
/// Folders that are linked into each other have more paths than can be walked.
const DEEPEST: usize = 64;
const MOST_ENTRIES: usize = 1_000_000;

pub(super) struct Walk<'a> {
    config: &'a Config,
    /// Device and inode of the folders that are being looked into.
    ancestors: Vec<(u64, u64)>,
    entries: usize,
    pub(super) index: Index,
    pub(super) items: Vec<Item>,
    pub(super) findings: Vec<Finding>,
}

/// A folder that is open.
struct Folder<'a> {
    path: &'a Path,
    /// Its name with `/`; empty for the root.
    prefix: &'a str,
}

impl Walk<'_> {
    pub(super) fn new(config: &Config, index: Index) -> Walk<'_> {
        Walk {
            config,
            ancestors: Vec::new(),
            entries: 0,
            index,
            items: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Adds what is in the folder at `path`; its name with `/` is `prefix`, and
    /// empty for the root.
    pub(super) fn folder(&mut self, path: &Path, prefix: &str) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = open(path, flags, Mode::empty())?;
        let state = fstat(&opened)?;
        let identity = (state.st_dev, state.st_ino);
        if self.ancestors.contains(&identity) {
            self.find(
                path,
                "it is a link to a folder that it is in",
                "remove the link",
            );
            return Ok(());
        }
        if self.ancestors.len() >= DEEPEST {
            self.find(
                path,
                "it is too deep, its sources are not listed",
                "move it up",
            );
            return Ok(());
        }
        let mut entries = Dir::new(opened)?;
        self.ancestors.push(identity);
        let folder = Folder { path, prefix };
        while let Some(entry) = entries.read() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.find(path, &error.to_string(), "check the file system");
                    break;
                }
            };
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                // Once: every folder above ends here too.
                if self.entries == MOST_ENTRIES + 1 {
                    self.find(
                        path,
                        "there are too many files, the list is cut",
                        "move some away",
                    );
                }
                break;
            }
            match str::from_utf8(name) {
                Ok(name) => self.entry(&folder, &entries, name, entry.file_type()),
                Err(_) => {
                    let path = path.join(OsStr::from_bytes(name));
                    self.find(&path, "its name is not UTF-8", "rename it");
                }
            }
        }
        self.ancestors.pop();
        Ok(())
    }

    fn entry(&mut self, folder: &Folder<'_>, open: &Dir, name: &str, kind: FileType) {
        let is_source = has_suffix(name) && !is_folder_info(name);
        let path = || folder.path.join(name);
        let mut state = None;
        let mut kind = kind;
        let is_said = kind == FileType::Directory || kind == FileType::RegularFile;
        // What is neither is seldom: links, and file systems that do not say.
        if !is_said || (is_source && kind == FileType::RegularFile && self.index.is_used()) {
            let found = open
                .fd()
                .and_then(|open| statat(open, name, AtFlags::empty()));
            match found {
                Ok(found) => {
                    kind = FileType::from_raw_mode(found.st_mode);
                    state = Some(found);
                }
                Err(error) => {
                    let error = io::Error::from(error);
                    return self.find(&path(), &format!("a link to nothing: {error}"), "remove it");
                }
            }
        }
        match kind {
            FileType::Directory => self.sub_folder(&path(), format!("{}{name}", folder.prefix)),
            FileType::RegularFile if is_source => self.source(folder, name, state.as_ref()),
            _ => {}
        }
    }

    fn sub_folder(&mut self, path: &Path, name: String) {
        if !self.can_be_asked_for(path, &name) {
            return;
        }
        let before = self.items.len();
        let prefix = format!("{name}/");
        if let Err(error) = self.folder(path, &prefix) {
            self.find(path, &error.to_string(), "let this account read the folder");
        }
        // Below an empty folder there is no need to look for its description.
        if self.items.len() > before {
            let info = self.folder_info(path, &prefix);
            self.items.push(Item {
                name: prefix,
                description: info.description,
                has_example: false,
                browse: info.browse,
            });
        }
    }

    /// A folder's description, and whether people are to see it on pages.
    fn folder_info(&mut self, folder: &Path, prefix: &str) -> Summary {
        let path = folder.join(format!("{FOLDER_INFO}{SUFFIX}"));
        let state = stat(&path).ok();
        let is_file = |state: &Stat| FileType::from_raw_mode(state.st_mode).is_file();
        let Some(state) = state.filter(is_file) else {
            return Summary::default();
        };
        let name = format!("{prefix}{FOLDER_INFO}{SUFFIX}");
        if let Some(known) = self.index.find(&name, &state) {
            return known;
        }
        self.read(&path, &name, Some(&state)).unwrap_or_default()
    }

    fn source(&mut self, folder: &Folder<'_>, file: &str, state: Option<&Stat>) {
        let mut name = String::with_capacity(folder.prefix.len() + file.len());
        name.push_str(folder.prefix);
        name.push_str(file);
        let known = state.and_then(|state| self.index.find(&name, state));
        let summary = match known {
            Some(known) => known,
            None => {
                let path = folder.path.join(file);
                if !self.can_be_asked_for(&path, &name) {
                    return;
                }
                self.read(&path, &name, state).unwrap_or_default()
            }
        };
        if summary.is_hidden {
            return;
        }
        // Of `x.dsdf.dsdf` the whole: `x.dsdf` is another name of `x`.
        if let Some(stem) = name.strip_suffix(SUFFIX)
            && !stem.ends_with(SUFFIX)
        {
            name.truncate(stem.len());
        }
        self.items.push(Item {
            name,
            description: summary.description,
            has_example: summary.has_example,
            browse: true,
        });
    }

    /// What a list needs of a file. It goes to the index, unless there is more to
    /// say of it, which the log is to be told each time.
    fn read(&mut self, path: &Path, name: &str, state: Option<&Stat>) -> Option<Summary> {
        let findings = self.findings.len();
        let parsed = self.parsed(path)?;
        let (description, is_fixed) = self.description(path, &parsed);
        let has = |is: fn(&syntax::Entry) -> bool| parsed.entries.iter().any(is);
        let summary = Summary {
            description,
            is_hidden: has(|entry| {
                let key = &entry.key;
                key.eq_ignore_ascii_case("hidden") || key.eq_ignore_ascii_case("rename")
            }),
            has_example: has(|entry| entry.key.starts_with("exampleRange")),
            browse: !has(|entry| {
                entry.key == "browse" && ["no", "0"].contains(&entry.value.to_lowercase().as_str())
            }),
        };
        if let Some(state) = state
            && is_fixed
            && self.findings.len() == findings
        {
            self.index.add(name, state, &summary);
        }
        Some(summary)
    }

    /// Whether a client can send the name, and a list can hold it.
    fn can_be_asked_for(&mut self, path: &Path, name: &str) -> bool {
        let good = SourceName::parse(name).is_ok() && !name.contains('|');
        if !good {
            self.find(path, "no client can ask for this name", "rename it");
        }
        good
    }

    fn parsed(&mut self, path: &Path) -> Option<syntax::Parsed> {
        match read(path) {
            Ok(bytes) => {
                let mut parsed = syntax::parse(path, &bytes);
                if parsed.entries.is_empty() {
                    self.find(
                        path,
                        "there is no keyword in it",
                        "write at least a description",
                    );
                }
                // The first one says enough of a file that is no DSDF.
                self.findings.extend(parsed.errors.drain(..).next());
                Some(parsed)
            }
            Err(error) => {
                self.find(
                    path,
                    &error.to_string(),
                    "make it a DSDF that this account can read",
                );
                None
            }
        }
    }

    /// The description for a list, as far as it can be had without a request, and
    /// whether it hangs on nothing but the file.
    fn description(&self, path: &Path, parsed: &syntax::Parsed) -> (Option<String>, bool) {
        let at = parsed
            .entries
            .iter()
            .position(|entry| entry.key == "description");
        let Some((at, entry)) = at.and_then(|at| Some((at, parsed.entries.get(at)?))) else {
            return (None, true);
        };
        let raw = &entry.value;
        if !raw.contains("$(") {
            return (one_line(raw), true);
        }
        let names = Names {
            this_file: path,
            request: &|_| None,
            configuration: &self.config.keywords,
        };
        let values = substitute(&parsed.entries, &names).ok();
        let pieces = values.as_ref().and_then(|values| values.get(at));
        let text = pieces.map(|pieces| pieces.iter().map(Piece::text).collect::<String>());
        (one_line(text.as_ref().unwrap_or(raw)), false)
    }

    fn find(&mut self, file: &Path, what: &str, instead: &str) {
        self.findings.push(Finding {
            file: file.to_owned(),
            line: 0,
            what: what.to_owned(),
            instead: instead.to_owned(),
        });
    }
}
