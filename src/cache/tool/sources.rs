//! Sources, levels and ranges by the names that people give.

use std::path::Path;

use super::{Desk, ToolError};
use crate::cache::folder::LevelFolder;
use crate::source::{CacheLevel, Definition, Tree};
use crate::time::{Style, Time, parse_query};

/// A stretch of a source's level that wants to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The source.
    pub dataset: String,
    /// The level's number.
    pub level: u32,
    /// The beginning of the first block.
    pub begin: Time,
    /// The end of the last.
    pub end: Time,
}

impl Desk<'_> {
    /// The top of the cache.
    pub(super) fn root(&self) -> Result<&Path, ToolError> {
        let root = self.config.cache_root.as_deref();
        root.ok_or_else(|| {
            ToolError::Usage("CACHE_ROOT is not set: name the folder of the cache there".into())
        })
    }

    fn tree(&self) -> Result<Tree, ToolError> {
        let root = self.config.dsdf_root.as_ref();
        root.map(Tree::new).ok_or_else(|| {
            ToolError::Usage("DSDF_ROOT is not set: name the folder of the DSDFs there".into())
        })
    }

    /// One source, which has cache levels.
    pub(super) fn source(&self, name: &str) -> Result<Definition, ToolError> {
        let definition = self.tree()?.load(name, &|_| None, self.config);
        let definition = definition.map_err(|error| ToolError::Usage(error.to_string()))?;
        match definition.cache_levels.is_empty() {
            false => Ok(definition),
            true => Err(ToolError::Usage(format!(
                "{name} has no cache level: write one, as cacheLevel_01 = '60 s | daily'"
            ))),
        }
    }

    /// The names of all sources, or of those of a folder, or one.
    pub(super) fn names(&self, wanted: Option<&str>) -> Result<Vec<String>, ToolError> {
        if let Some(name) = wanted.filter(|name| !name.ends_with('/'))
            && self.tree()?.locate(name).is_ok()
        {
            return Ok(vec![name.to_owned()]);
        }
        let prefix = wanted.map(|name| format!("{}/", name.trim_end_matches('/')));
        let listing = self.tree()?.walk(self.config);
        let listing = listing.map_err(|error| ToolError::Usage(error.to_string()))?;
        let items = listing.items.into_iter().filter(|item| !item.is_folder());
        let names: Vec<String> = items
            .map(|item| item.name)
            .filter(|name| {
                prefix
                    .as_ref()
                    .is_none_or(|prefix| name.starts_with(prefix))
            })
            .collect();
        match (names.is_empty(), wanted) {
            (true, Some(name)) => Err(ToolError::Usage(format!("there is no source {name}"))),
            _ => Ok(names),
        }
    }

    /// All sources of [`Desk::names`] that have levels, or lines that are meant for some,
    /// and what is wrong with those that cannot be read.
    pub(super) fn sources(
        &self,
        wanted: Option<&str>,
    ) -> Result<(Vec<Definition>, Vec<String>), ToolError> {
        let (tree, names) = (self.tree()?, self.names(wanted)?);
        let (mut sources, mut wrong) = (Vec::new(), Vec::new());
        for name in names {
            match tree.load(&name, &|_| None, self.config) {
                Ok(definition)
                    if definition.cache_levels.is_empty()
                        && no_levels(&definition).next().is_none() => {}
                Ok(definition) => sources.push(definition),
                Err(error) => wrong.push(error.to_string()),
            }
        }
        Ok((sources, wrong))
    }

    /// Where the blocks of a level are.
    pub(super) fn folder(
        &self,
        definition: &Definition,
        level: &CacheLevel,
    ) -> Result<LevelFolder, ToolError> {
        Ok(LevelFolder::of_definition(self.root()?, definition, level))
    }

    /// How many blocks a source has, by their names alone.
    pub(super) fn blocks_of(&self, definition: &Definition) -> u64 {
        let folders = definition.cache_levels.iter();
        let folders = folders.filter_map(|level| self.folder(definition, level).ok());
        folders.map(|folder| folder.count()).sum()
    }

    /// A range of time.
    pub(super) fn range(&self, begin: &str, end: &str) -> Result<(Time, Time), ToolError> {
        let time = |text: &str| {
            parse_query(text, Some(self.now))
                .map_err(|error| ToolError::Usage(format!("{text}: {error}")))
        };
        let (begin, end) = (time(begin)?, time(end)?);
        match begin < end {
            true => Ok((begin, end)),
            false => Err(ToolError::Usage("END has to be later than BEGIN".into())),
        }
    }
}

/// The lines of a source that are meant for levels and are none, as
/// `das2_srv_config check` tells them.
pub(super) fn no_levels(definition: &Definition) -> impl Iterator<Item = String> {
    let findings = definition.findings.iter();
    findings
        .filter(|finding| finding.what.starts_with("cacheLevel"))
        .map(ToString::to_string)
}

/// A time as tables have it.
pub(super) fn shown(time: Time) -> String {
    let text = time.iso(Style::Calendar, 0).to_string();
    match text.strip_suffix("T00:00:00") {
        Some(day) => day.to_owned(),
        None => text,
    }
}

/// Bytes as people read them.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut number = count as f64;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    while number >= 1000.0 {
        let Some(next) = units.next() else { break };
        number /= 1000.0;
        unit = next;
    }
    match unit {
        "B" => format!("{count} B"),
        unit => format!("{number:.1} {unit}"),
    }
}
