//! A data source, typed.

use std::path::{Path, PathBuf};

use super::cache_level::CacheLevel;
use super::command::Command;
use super::error::SourceError;
use super::fields::Fields;
use super::name::SourceName;
use super::range::ValidRange;
use super::substitute::{Failure, Names, Piece, Request, each};
use super::syntax::{self, Entry};
use crate::config::{Config, Finding};

/// What a reader writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A das2 stream.
    Das2,
    /// A QStream.
    QStream,
    /// The bare numbers of das1, read through the configuration's
    /// DAS1_TO_DAS2, which makes a das2 stream of them.
    Das1 {
        /// The source has `items`: its reader wants an interval.
        interval: bool,
    },
}

/// What makes fewer records of a reader's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reducer {
    /// The configuration's for the format.
    Default,
    /// Nothing does: the source cannot be reduced, or is already.
    None,
    /// This command, which gets `[-b BEGIN] SECONDS` as arguments.
    Command(Command),
}

/// A range for people to try.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Example {
    /// What stands behind the keys: `_00`, or nothing.
    pub suffix: String,
    /// The range as written, without title.
    pub range: String,
    /// Beginning and end, where it has both.
    pub ends: Option<(String, String)>,
    /// The title behind the range.
    pub title: Option<String>,
    /// exampleParams.
    pub params: Option<String>,
    /// exampleInterval, in seconds.
    pub interval: Option<String>,
    /// exampleResolution, in seconds.
    pub resolution: Option<String>,
    /// exampleInfo.
    pub info: Option<String>,
}

/// A `param_NN`: two parts (token, description) in old files, four and more
/// (key, title, required or optional, type, ..) in new ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// What stands behind the key: `_00`, or nothing.
    pub suffix: String,
    /// The parts between bars.
    pub parts: Vec<String>,
}

/// A data source: its keywords, and what those mean that the server acts on.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The name.
    pub name: SourceName,
    /// The DSDF.
    pub path: PathBuf,
    /// Every keyword in the order of first appearance, values substituted.
    pub entries: Vec<Entry>,
    /// What is odd in the file; for the log.
    pub findings: Vec<Finding>,

    /// description.
    pub description: Option<String>,
    /// reader; None where the source cannot be read.
    pub reader: Option<Command>,
    /// das2Stream and qstream.
    pub format: Format,
    /// reducer.
    pub reducer: Reducer,
    /// requiresInterval, or a das1 source with items: `interval` is required,
    /// `resolution` does not apply.
    pub requires_interval: bool,
    /// dropParams: params choose the cache, the reader does not get them.
    pub drop_params: bool,
    /// validRange.
    pub valid_range: Option<ValidRange>,
    /// exampleRange, exampleRange_NN and what belongs to them.
    pub examples: Vec<Example>,
    /// param_NN.
    pub params: Vec<Param>,
    /// cacheLevel, cacheLevel_NN, by number. One that is wrong is left out.
    pub cache_levels: Vec<CacheLevel>,
    /// cacheExpire: the age in seconds from which blocks are built again.
    pub cache_expire: Option<i64>,
    /// cacheReader, instead of the configuration's.
    pub cache_reader: Option<Command>,
    /// textConverter, instead of the configuration's.
    pub text_converter: Option<Command>,
    /// csvConverter, instead of the configuration's.
    pub csv_converter: Option<Command>,
    /// readAccess, or `GROUP:` and groupAccess; None is open to everybody.
    pub read_access: Option<String>,
    /// securityRealm.
    pub security_realm: Option<String>,
    /// rename: the name that the source has now.
    pub rename: Option<String>,
    /// server: the URL of the server that the source has moved to.
    pub server: Option<String>,
    /// There is a key `hidden`, in any case and with any value: not listed.
    pub hidden: bool,
    /// hapi: the source is offered by HAPI.
    pub hapi: bool,
    /// flattenHapi.
    pub flatten_hapi: bool,
}

/// A definition with all that is wrong with it.
#[derive(Debug)]
pub struct Examination {
    /// What could be read; None if there is no keyword.
    pub definition: Option<Definition>,
    /// Those of the definition's findings that are values without effect.
    pub disregarded: Vec<Finding>,
    /// Why the source cannot be used.
    pub errors: Vec<SourceError>,
}

impl Definition {
    /// The definition in `bytes`, the file at `path`. Nothing is opened.
    ///
    /// # Errors
    /// No keyword, a line that is none of the syntax, a `$(NAME)` that stands
    /// for nothing, a client's value where there may be none, `das2Stream` or
    /// `qstream` that is neither yes nor no. All else is a finding.
    pub fn read(
        name: SourceName,
        path: &Path,
        bytes: &[u8],
        request: Request<'_>,
        config: &Config,
    ) -> Result<Definition, SourceError> {
        let examination = Definition::examine(name, path, bytes, request, config);
        match (
            examination.definition,
            examination.errors.into_iter().next(),
        ) {
            (Some(definition), None) => Ok(definition),
            (_, Some(error)) => Err(error),
            // There is no third case: without a definition there is an error.
            (None, None) => Err(SourceError::Empty {
                name: String::new(),
                file: path.to_owned(),
            }),
        }
    }

    /// The definition in a file, for programs that are told of no configuration and no
    /// request.
    ///
    /// # Errors
    /// In words: a file that cannot be read, a name that no source can have, and those of
    /// [`Definition::read`].
    pub fn of_file(path: &Path) -> Result<Definition, String> {
        let place = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let bytes = std::fs::read(path).map_err(|error| place(&error))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = SourceName::parse(&stem).map_err(|error| place(&error))?;
        let config = Config::default();
        Definition::read(name, path, &bytes, &|_| None, &config).map_err(|error| place(&error))
    }

    /// As [`Definition::read`], with every error there is beside what could be
    /// read in spite of it.
    pub fn examine(
        name: SourceName,
        path: &Path,
        bytes: &[u8],
        request: Request<'_>,
        config: &Config,
    ) -> Examination {
        let parsed = syntax::parse(path, bytes);
        let of_syntax = parsed.errors.into_iter();
        let mut errors: Vec<_> = of_syntax.map(|finding| wrong(&name, finding)).collect();
        if parsed.entries.is_empty() {
            if errors.is_empty() {
                errors.push(SourceError::Empty {
                    name: name.as_str().to_owned(),
                    file: path.to_owned(),
                });
            }
            return Examination {
                definition: None,
                disregarded: Vec::new(),
                errors,
            };
        }
        let names = Names {
            this_file: path,
            request,
            configuration: &config.keywords,
        };
        let mut values = Vec::with_capacity(parsed.entries.len());
        for (entry, value) in parsed.entries.iter().zip(each(&parsed.entries, &names)) {
            values.push(value.unwrap_or_else(|failure| {
                errors.push(of_substitution(&name, path, failure));
                vec![Piece::Text(entry.value.clone())]
            }));
        }
        let fields = Fields {
            name: &name,
            path,
            entries: parsed.entries,
            values,
            findings: parsed.warnings,
            disregarded: Vec::new(),
            errors,
        };
        fields.definition()
    }

    /// The value of a keyword.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.entries.iter().find(|entry| entry.key == key)?;
        Some(&found.value)
    }

    /// The entries with key `base` or `base_NN`, in order of their keys, with
    /// what stands behind `base`.
    pub fn numbered(&self, base: &str) -> Vec<(&str, &Entry)> {
        numbered(&self.entries, base)
    }

    /// What reduces the data of this source, with the configuration's default;
    /// None if nothing does.
    pub fn effective_reducer(&self, config: &Config) -> Option<Command> {
        let default = match self.format {
            Format::QStream => config.qds_reducer.as_deref(),
            Format::Das2 | Format::Das1 { .. } => config.d2s_reducer.as_deref(),
        };
        match &self.reducer {
            _ if self.requires_interval => None,
            Reducer::None => None,
            Reducer::Default => default.map(Command::from_text),
            Reducer::Command(command) => Some(command.clone()),
        }
    }
}

/// The entries with key `base` or `base_NN`, in order of their keys.
pub(super) fn numbered<'a>(entries: &'a [Entry], base: &str) -> Vec<(&'a str, &'a Entry)> {
    let mut found: Vec<_> = entries
        .iter()
        .filter_map(|entry| Some((entry.key.strip_prefix(base)?, entry)))
        .filter(|(suffix, _)| suffix.is_empty() || suffix.starts_with('_'))
        .collect();
    found.sort_by_key(|(suffix, _)| *suffix);
    found
}

pub(super) fn wrong(name: &SourceName, finding: Finding) -> SourceError {
    SourceError::Wrong {
        name: name.as_str().to_owned(),
        finding,
    }
}

fn of_substitution(name: &SourceName, path: &Path, failure: Failure) -> SourceError {
    match failure {
        Failure::Nul(key) => SourceError::RequestValue { key },
        Failure::Site(line, what, instead) => wrong(
            name,
            Finding {
                file: path.to_owned(),
                line,
                what,
                instead,
            },
        ),
    }
}

#[cfg(test)]
mod tests;
