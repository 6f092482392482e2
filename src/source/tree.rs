//! The tree of sources: a folder of DSDFs, in which links may lead anywhere.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::definition::Definition;
use super::error::{NotFound, SourceError};
use super::listing::{Item, Listing, one_line};
use super::name::{FOLDER_INFO, SUFFIX, SourceName, has_suffix, is_folder_info};
use super::substitute::{Names, Piece, Request, substitute};
use super::syntax;
use crate::config::{Config, Finding};

/// A DSDF is a page or two. What is larger than this is something else.
const LARGEST: u64 = 1 << 20;

/// How deep folders are looked into, and how many files and folders in all.
/// Folders that are linked into each other have more paths than can be walked.
const DEEPEST: usize = 64;
const MOST_ENTRIES: usize = 1_000_000;

/// The folder DSDF_ROOT. Nothing of it is read before it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    root: PathBuf,
}

/// A source that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its name.
    pub name: SourceName,
    /// Its file.
    pub path: PathBuf,
}

impl Tree {
    /// The tree below the folder `root`.
    pub fn new(root: impl Into<PathBuf>) -> Tree {
        Tree { root: root.into() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The source that a client names. No file is opened, and for a name that
    /// can be none, no path is looked at.
    ///
    /// # Errors
    /// There is no such source.
    pub fn locate(&self, text: &str) -> Result<Located, NotFound> {
        let name = SourceName::parse(text)?;
        let mut paths = vec![self.root.join(format!("{name}{SUFFIX}"))];
        // `x.DSDF` is the name of its source as it stands.
        if has_suffix(name.as_str()) && !name.as_str().ends_with(SUFFIX) {
            paths.push(self.root.join(name.as_str()));
        }
        let path = paths.into_iter().find(|path| path.is_file());
        let path = path.ok_or_else(|| NotFound::of(text))?;
        Ok(Located { name, path })
    }

    /// The definition of the source that a client names, with the values of
    /// its `request` substituted.
    ///
    /// # Errors
    /// There is no such source, or as for [`Definition::read`].
    pub fn load(
        &self,
        text: &str,
        request: Request<'_>,
        config: &Config,
    ) -> Result<Definition, SourceError> {
        let Located { name, path } = self.locate(text)?;
        match read(&path) {
            Ok(bytes) => Definition::read(name, &path, &bytes, request, config),
            Err(reason) => Err(SourceError::Unreadable {
                name: name.as_str().to_owned(),
                file: path,
                reason,
            }),
        }
    }

    /// All sources and folders that are listed. A file or folder that cannot
    /// be read or is no DSDF is a finding and no more; such a source is still
    /// listed, so that people miss nothing.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn walk(&self, config: &Config) -> Result<Listing, SourceError> {
        let mut walk = Walk {
            config,
            ancestors: Vec::new(),
            entries: 0,
            items: Vec::new(),
            findings: Vec::new(),
        };
        match walk.folder(&self.root, "") {
            Ok(()) => Ok(Listing::new(walk.items, walk.findings)),
            Err(reason) => Err(SourceError::NoTree {
                root: self.root.clone(),
                reason,
            }),
        }
    }
}

/// The bytes of a DSDF.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // Room for the whole in one read, and no more.
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(size.min(LARGEST) as usize + 64);
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(io::Error::other("larger than 1 MiB, so no DSDF")),
        false => Ok(bytes),
    }
}

struct Walk<'a> {
    config: &'a Config,
    /// Device and inode of the folders that are being looked into.
    ancestors: Vec<(u64, u64)>,
    entries: usize,
    items: Vec<Item>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    /// Adds what is in the folder at `path`; its name with `/` is `prefix`, and
    /// empty for the root.
    fn folder(&mut self, path: &Path, prefix: &str) -> io::Result<()> {
        let metadata = fs::metadata(path)?;
        let identity = (metadata.dev(), metadata.ino());
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
        let entries = fs::read_dir(path)?;
        self.ancestors.push(identity);
        for entry in entries {
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
            match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
                Ok((name, file_type)) => match name.to_str() {
                    Some(name) => self.entry(path, prefix, name, file_type),
                    None => self.find(&path.join(&name), "its name is not UTF-8", "rename it"),
                },
                Err(error) => self.find(path, &error.to_string(), "check the file system"),
            }
        }
        self.ancestors.pop();
        Ok(())
    }

    fn entry(&mut self, folder: &Path, prefix: &str, name: &str, file_type: FileType) {
        let is_source = has_suffix(name) && !is_folder_info(name);
        let path = folder.join(name);
        let file_type = match file_type.is_symlink() {
            false => file_type,
            true => match fs::metadata(&path) {
                Ok(metadata) => metadata.file_type(),
                Err(error) => {
                    return self.find(&path, &format!("a link to nothing: {error}"), "remove it");
                }
            },
        };
        let full = format!("{prefix}{name}");
        if file_type.is_dir() {
            self.sub_folder(&path, full);
        } else if is_source && file_type.is_file() {
            self.source(&path, full);
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
            let (description, browse) = self.folder_info(path);
            self.items.push(Item {
                name: prefix,
                description,
                has_example: false,
                browse,
            });
        }
    }

    /// A folder's description, and whether people are to see it on pages.
    fn folder_info(&mut self, folder: &Path) -> (Option<String>, bool) {
        let path = folder.join(format!("{FOLDER_INFO}{SUFFIX}"));
        let parsed = path.is_file().then(|| self.parsed(&path)).flatten();
        let Some(parsed) = parsed else {
            return (None, true);
        };
        let hides = |entry: &syntax::Entry| {
            entry.key == "browse" && ["no", "0"].contains(&entry.value.to_lowercase().as_str())
        };
        let browse = !parsed.entries.iter().any(hides);
        (self.description(&path, &parsed), browse)
    }

    fn source(&mut self, path: &Path, file: String) {
        if !self.can_be_asked_for(path, &file) {
            return;
        }
        let name = file.strip_suffix(SUFFIX).unwrap_or(&file).to_owned();
        let Some(parsed) = self.parsed(path) else {
            return self.items.push(Item {
                name,
                description: None,
                has_example: false,
                browse: true,
            });
        };
        let hides = |key: &str| {
            ["hidden", "rename"]
                .iter()
                .any(|k| key.eq_ignore_ascii_case(k))
        };
        if parsed.entries.iter().any(|entry| hides(&entry.key)) {
            return;
        }
        let example = |entry: &syntax::Entry| entry.key.starts_with("exampleRange");
        self.items.push(Item {
            name,
            description: self.description(path, &parsed),
            has_example: parsed.entries.iter().any(example),
            browse: true,
        });
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

    /// The description for a list, as far as it can be had without a request.
    fn description(&self, path: &Path, parsed: &syntax::Parsed) -> Option<String> {
        let at = parsed
            .entries
            .iter()
            .position(|entry| entry.key == "description")?;
        let raw = &parsed.entries.get(at)?.value;
        if !raw.contains("$(") {
            return one_line(raw);
        }
        let names = Names {
            this_file: path,
            request: &|_| None,
            configuration: &self.config.keywords,
        };
        let values = substitute(&parsed.entries, &names).ok();
        let pieces = values.as_ref().and_then(|values| values.get(at));
        let text = pieces.map(|pieces| pieces.iter().map(Piece::text).collect::<String>());
        one_line(text.as_ref().unwrap_or(raw))
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

#[cfg(test)]
mod tests;
