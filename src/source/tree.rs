//! The tree of sources: a folder of DSDFs, in which links may lead anywhere.

mod index;
mod walk;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::definition::Definition;
use super::error::{NotFound, SourceError};
use super::listing::Listing;
use super::name::{SUFFIX, SourceName, has_suffix};
use super::substitute::Request;
use crate::config::{Config, Finding};

use self::index::Index;
use self::walk::Walk;

/// A DSDF is a page or two. What is larger than this is something else.
const LARGEST: u64 = 1 << 20;

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
        let located = self.locate(text);
        let Located { name, path } = located.map_err(|none| self.why_not(text, none))?;
        match read(&path) {
            Ok(bytes) => Definition::read(name, &path, &bytes, request, config),
            Err(reason) => Err(SourceError::Unreadable {
                name: name.as_str().to_owned(),
                file: path,
                reason,
            }),
        }
    }

    /// A source that cannot be seen may be there all the same: where its folder, or a
    /// disk on the network, has failed, no client should take it for gone.
    fn why_not(&self, text: &str, none: NotFound) -> SourceError {
        if let Err(reason) = fs::metadata(self.root.join(".")) {
            let root = self.root.clone();
            return SourceError::NoTree { root, reason };
        }
        let Ok(name) = SourceName::parse(text) else {
            return none.into();
        };
        let file = self.root.join(format!("{name}{SUFFIX}"));
        match fs::metadata(&file) {
            Err(reason) if !is_absence(&reason) => SourceError::Unreadable {
                name: name.as_str().to_owned(),
                file,
                reason,
            },
            _ => none.into(),
        }
    }

    /// All sources and folders that are listed. A file or folder that cannot
    /// be read or is no DSDF is a finding and no more; such a source is still
    /// listed, so that people miss nothing.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn walk(&self, config: &Config) -> Result<Listing, SourceError> {
        self.walk_by(config, Index::default())
    }

    /// The same, by an index under STATE_PATH of what was read before: files that
    /// have not changed since are not opened. That there can be none is a finding.
    ///
    /// # Errors
    /// The root cannot be read.
    pub fn walk_by_index(&self, config: &Config) -> Result<Listing, SourceError> {
        let Some(state) = &config.state_path else {
            return self.walk(config);
        };
        match Index::open(state, &self.root) {
            Ok(index) => self.walk_by(config, index),
            Err(error) => {
                let mut listing = self.walk(config)?;
                listing.findings.push(no_index(state, &error));
                Ok(listing)
            }
        }
    }

    fn walk_by(&self, config: &Config, index: Index) -> Result<Listing, SourceError> {
        let mut walk = Walk::new(config, index);
        if let Err(reason) = walk.folder(&self.root, "") {
            return Err(SourceError::NoTree {
                root: self.root.clone(),
                reason,
            });
        }
        if let Err(error) = walk.index.save()
            && let Some(state) = &config.state_path
        {
            walk.findings.push(no_index(state, &error));
        }
        Ok(Listing::new(walk.items, walk.findings))
    }
}

/// Whether there is nothing of that name, or can be nothing.
fn is_absence(reason: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound};
    let is_loop = reason.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    let kinds = [InvalidFilename, InvalidInput, NotADirectory, NotFound];
    is_loop || kinds.contains(&reason.kind())
}

fn no_index(state: &Path, error: &io::Error) -> Finding {
    Finding {
        file: state.join("list"),
        line: 0,
        what: format!("there can be no index of the sources: {error}"),
        instead: "let the web server's account write it, and see that its disk has room".to_owned(),
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

#[cfg(test)]
mod edits;
#[cfg(test)]
mod tests;
