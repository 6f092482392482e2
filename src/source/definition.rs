//! A data source, typed.

use std::path::{Path, PathBuf};

use super::cache_level::CacheLevel;
use super::command::Command;
use super::error::SourceError;
use super::misspelling;
use super::name::SourceName;
use super::range::{ValidRange, split_range};
use super::substitute::{Failure, Names, Piece, Request, substitute};
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
        let parsed = syntax::parse(path, bytes);
        if let Some(finding) = parsed.errors.into_iter().next() {
            return Err(wrong(&name, finding));
        }
        if parsed.entries.is_empty() {
            return Err(SourceError::Empty {
                name: name.as_str().to_owned(),
                file: path.to_owned(),
            });
        }
        let names = Names {
            this_file: path,
            request,
            configuration: &config.keywords,
        };
        let values = substitute(&parsed.entries, &names)
            .map_err(|failure| of_substitution(&name, path, failure))?;
        let fields = Fields {
            name: &name,
            path,
            entries: parsed.entries,
            values,
            findings: parsed.warnings,
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

/// The parts of a list value: split at `|`, trimmed, `\|` is a bar in a part.
pub(super) fn split_list(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('|') {
        rest = after;
        let Some(part) = parts.last_mut() else {
            break;
        };
        match before.strip_suffix('\\') {
            Some(text) => {
                part.push_str(text);
                part.push('|');
            }
            None => {
                part.push_str(before);
                parts.push(String::new());
            }
        }
    }
    if let Some(part) = parts.last_mut() {
        part.push_str(rest);
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

fn numbered<'a>(entries: &'a [Entry], base: &str) -> Vec<(&'a str, &'a Entry)> {
    let mut found: Vec<_> = entries
        .iter()
        .filter_map(|entry| Some((entry.key.strip_prefix(base)?, entry)))
        .filter(|(suffix, _)| suffix.is_empty() || suffix.starts_with('_'))
        .collect();
    found.sort_by_key(|(suffix, _)| *suffix);
    found
}

fn wrong(name: &SourceName, finding: Finding) -> SourceError {
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

/// Entries on their way to types.
struct Fields<'a> {
    name: &'a SourceName,
    path: &'a Path,
    entries: Vec<Entry>,
    /// The pieces of each entry's value.
    values: Vec<Vec<Piece>>,
    findings: Vec<Finding>,
}

impl Fields<'_> {
    fn definition(mut self) -> Result<Definition, SourceError> {
        for (entry, pieces) in self.entries.iter_mut().zip(&self.values) {
            entry.value = pieces.iter().map(Piece::text).collect();
        }
        self.report_misspellings();
        let format = self.format()?;
        let requires_interval =
            self.switch("requiresInterval") || format == (Format::Das1 { interval: true });
        let read_access = self.read_access()?;
        let reducer = self.reducer()?;
        Ok(Definition {
            name: self.name.clone(),
            path: self.path.to_owned(),
            description: self.text("description"),
            reader: self.command("reader")?,
            format,
            reducer,
            requires_interval,
            drop_params: self.switch("dropParams"),
            valid_range: self.valid_range(),
            examples: self.examples(),
            params: self.params(),
            cache_levels: self.cache_levels(),
            cache_reader: self.command("cacheReader")?,
            text_converter: self.command("textConverter")?,
            csv_converter: self.command("csvConverter")?,
            read_access,
            security_realm: self.text("securityRealm"),
            rename: self.text("rename"),
            server: self.text("server"),
            hidden: self.any_case("hidden"),
            hapi: self.switch("hapi"),
            flatten_hapi: self.switch("flattenHapi"),
            entries: self.entries,
            findings: self.findings,
        })
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// A value that is not empty, trimmed.
    fn text(&self, key: &str) -> Option<String> {
        let value = self.entry(key)?.value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn any_case(&self, key: &str) -> bool {
        let mut keys = self.entries.iter().map(|entry| &entry.key);
        keys.any(|other| other.eq_ignore_ascii_case(key))
    }

    fn finding(&self, entry: &Entry, what: &str, instead: &str) -> Finding {
        Finding {
            file: self.path.to_owned(),
            line: entry.line,
            what: what.to_owned(),
            instead: instead.to_owned(),
        }
    }

    /// Notes that a value is wrong and does not count.
    fn warn(&mut self, key: &str, instead: &str) {
        let Some(entry) = self.entry(key) else {
            return;
        };
        let what = format!("{key} = {} has no effect", entry.value);
        let finding = self.finding(entry, &what, instead);
        self.findings.push(finding);
    }

    fn report_misspellings(&mut self) {
        let suspects: Vec<Finding> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let keyword = misspelling::meant(&entry.key)?;
                let what = format!("{} is no keyword of the server", entry.key);
                Some(self.finding(entry, &what, &format!("write {keyword} if that is meant")))
            })
            .collect();
        self.findings.extend(suspects);
    }

    /// A command, with a client's values as words of their own; an empty one
    /// is none.
    fn command(&self, key: &str) -> Result<Option<Command>, SourceError> {
        let at = self.entries.iter().position(|entry| entry.key == key);
        let Some((entry, pieces)) = at.and_then(|at| self.entries.get(at).zip(self.values.get(at)))
        else {
            return Ok(None);
        };
        match Command::from_pieces(pieces) {
            Ok(command) => Ok(Some(command).filter(|command| !command.is_empty())),
            Err(reason) => {
                let (what, instead) = reason.split_once("; ").unwrap_or((reason, ""));
                let what = format!("in the value of {key}, {what}");
                Err(wrong(self.name, self.finding(entry, &what, instead)))
            }
        }
    }

    /// `1`, `true`, `yes`, `on`, or their opposites; anything else is an
    /// error, since the answer would be announced as something it is not.
    fn strict_switch(&self, key: &str) -> Result<bool, SourceError> {
        let Some(entry) = self.entry(key) else {
            return Ok(false);
        };
        match entry.value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => {
                let what = format!("{key} = {}", entry.value);
                Err(wrong(self.name, self.finding(entry, &what, "write 1 or 0")))
            }
        }
    }

    /// On with `1` and `true`; else off, with a finding if the value does not
    /// say so.
    fn switch(&mut self, key: &str) -> bool {
        let Some(entry) = self.entry(key) else {
            return false;
        };
        match entry.value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" => true,
            "0" | "false" | "no" | "off" | "" => false,
            _ => {
                self.warn(key, "write 1 or 0");
                false
            }
        }
    }

    fn format(&mut self) -> Result<Format, SourceError> {
        let das2 = self.strict_switch("das2Stream")?;
        let qstream = self.strict_switch("qstream")?;
        if das2 && qstream {
            self.warn(
                "das2Stream",
                "leave out the one of das2Stream and qstream that is not so",
            );
        }
        Ok(match (das2, qstream) {
            (_, true) => Format::QStream,
            (true, false) => Format::Das2,
            (false, false) => Format::Das1 {
                interval: self.entry("items").is_some(),
            },
        })
    }

    fn reducer(&self) -> Result<Reducer, SourceError> {
        const NONE: &[&str] = &["not_reducible", "not_reducable", "pre_reduced", ""];
        match self.entry("reducer") {
            None => Ok(Reducer::Default),
            Some(entry) if NONE.contains(&entry.value.trim()) => Ok(Reducer::None),
            Some(_) => {
                let command = self.command("reducer")?;
                Ok(command.map_or(Reducer::None, Reducer::Command))
            }
        }
    }

    /// The rule of who may read. A client's text in it is an error: it would
    /// let a client write its own.
    fn read_access(&self) -> Result<Option<String>, SourceError> {
        for (key, prefix) in [("readAccess", ""), ("groupAccess", "GROUP:")] {
            let Some(at) = self.entries.iter().position(|entry| entry.key == key) else {
                continue;
            };
            let asked = |pieces: &Vec<Piece>| pieces.iter().any(|p| matches!(p, Piece::Request(_)));
            if let Some(entry) = self.entries.get(at)
                && self.values.get(at).is_some_and(asked)
            {
                let what = format!("{key} takes a part of its value from the request");
                let finding = self.finding(entry, &what, "write the rule without that $(..)");
                return Err(wrong(self.name, finding));
            }
            return Ok(self.text(key).map(|rule| format!("{prefix}{rule}")));
        }
        Ok(None)
    }

    fn valid_range(&mut self) -> Option<ValidRange> {
        match ValidRange::parse(&self.text("validRange")?) {
            Ok(range) => Some(range),
            Err(instead) => {
                self.warn("validRange", &instead);
                None
            }
        }
    }

    fn examples(&mut self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut odd = Vec::new();
        for (suffix, entry) in numbered(&self.entries, "exampleRange") {
            let mut parts = split_list(&entry.value).into_iter();
            let range = parts.next().unwrap_or_default();
            let other = |base: &str| self.text(&format!("{base}{suffix}"));
            let ends = split_range(&range).map(|(b, e)| (b.to_owned(), e.to_owned()));
            if ends.is_none() {
                odd.push(self.finding(
                    entry,
                    &format!("{} = {} has no end", entry.key, entry.value),
                    "write BEGIN to END",
                ));
            }
            examples.push(Example {
                suffix: suffix.to_owned(),
                ends,
                range,
                title: parts.next().filter(|title| !title.is_empty()),
                params: other("exampleParams"),
                interval: other("exampleInterval"),
                resolution: other("exampleResolution"),
                info: other("exampleInfo"),
            });
        }
        self.findings.extend(odd);
        examples
    }

    fn params(&self) -> Vec<Param> {
        numbered(&self.entries, "param")
            .into_iter()
            .map(|(suffix, entry)| Param {
                suffix: suffix.to_owned(),
                parts: split_list(&entry.value),
            })
            .collect()
    }

    /// The levels in order of their numbers. Of two with the same number, the
    /// one with the later key counts.
    fn cache_levels(&mut self) -> Vec<CacheLevel> {
        let mut levels: Vec<CacheLevel> = Vec::new();
        let mut odd = Vec::new();
        for (_, entry) in numbered(&self.entries, "cacheLevel") {
            let level = match CacheLevel::number_of(&entry.key) {
                None => continue,
                Some(Err(instead)) => Err(instead.to_owned()),
                Some(Ok(number)) => CacheLevel::parse(number, &entry.value),
            };
            match level {
                Ok(level) => {
                    levels.retain(|other| other.number != level.number);
                    levels.push(level);
                }
                Err(instead) => {
                    let what = format!(
                        "{} = {} is no cache level, and is off",
                        entry.key, entry.value
                    );
                    odd.push(self.finding(entry, &what, &instead));
                }
            }
        }
        levels.sort_by_key(|level| level.number);
        self.findings.extend(odd);
        levels
    }
}

#[cfg(test)]
mod tests;
