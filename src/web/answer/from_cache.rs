//! Whether a request is answered out of the cache, and how.

use super::data_request::{Asked, DataRequest};
use super::stages;
use crate::access::Permitted;
use crate::cache::serve::Title;
use crate::cache::{LevelFolder, Plan, Standard, Way, can_fill, choose_level};
use crate::config::Config;
use crate::source::{CacheLevel, Command, Definition, Format, Resolution, norm_params};
use crate::time::Time;

/// An answer out of the cache.
pub struct FromCache {
    /// Hits and gaps.
    pub plan: Plan,
    /// The end of what is read out of it.
    pub end: Asked,
    /// The level that serves.
    pub level: CacheLevel,
    /// What its blocks are measured against.
    pub standard: Standard,
    /// What the stream says of itself.
    pub title: Title,
}

/// What the cache has to do with a request.
pub enum Cached {
    /// Nothing: no level serves it.
    Nothing,
    /// A level would serve it, but holds no block of it.
    Missed(FromCache),
    /// It holds some or all of them.
    Held(FromCache),
}

impl Cached {
    /// Folders of the level that cannot be read, and why.
    pub fn unreadable(&self) -> &[String] {
        match self {
            Cached::Nothing => &[],
            Cached::Missed(found) | Cached::Held(found) => &found.plan.unreadable,
        }
    }
}

/// Looks at the folders of the level that serves a request.
pub fn look(config: &Config, definition: &Permitted, asked: &DataRequest) -> Cached {
    let Some(found) = of_level(config, definition, asked) else {
        return Cached::Nothing;
    };
    match found.plan.way(can_fill(definition, config, &found.level)) {
        Way::Reader => Cached::Missed(found),
        Way::OneRun => Cached::Held(FromCache {
            plan: found.plan.without_blocks(),
            ..found
        }),
        Way::Blocks => Cached::Held(found),
    }
}

fn of_level(config: &Config, definition: &Permitted, asked: &DataRequest) -> Option<FromCache> {
    let root = config.cache_root.as_deref()?;
    let is_das1 = matches!(definition.format, Format::Das1 { .. });
    if is_das1 || asks_the_request(config, definition) {
        return None;
    }
    let params = norm_params(Some(&asked.params.join(" "))).ok()?;
    let level = choose_level(definition, &params, asked.resolution)?.clone();
    let end = open_end(definition, asked, &level)?;
    let folder = LevelFolder::of_definition(root, definition, &level);
    Some(FromCache {
        standard: Standard::of(definition, config, &level, &folder, Time::now()),
        title: Title {
            qstream: definition.format == Format::QStream,
            range: format!("{} to {}", asked.begin.text, end.text),
            resolution: match level.resolution {
                Resolution::Intrinsic => None,
                bins => Some(bins.seconds()),
            },
        },
        plan: Plan::new(folder, asked.begin.time, end.time),
        level,
        end,
    })
}

/// The end of the range: where the age of the data opens them, not behind the last
/// whole bin of such an age. None if there is no such bin: the reader then gives the means
/// of what is open.
fn open_end(definition: &Permitted, asked: &DataRequest, level: &CacheLevel) -> Option<Asked> {
    let Some(until) = definition.until() else {
        return Some(asked.end.clone());
    };
    let edge = stages::bin_edge(level, until, false)?;
    match () {
        () if asked.end.time <= edge => Some(asked.end.clone()),
        () if asked.begin.time < edge => Some(Asked::exact(edge)),
        () => None,
    }
}

/// Whether what the programs do depends on more of the request than its params:
/// blocks are made without any request.
fn asks_the_request(config: &Config, definition: &Definition) -> bool {
    let reducer = definition.effective_reducer(config);
    let programs = [definition.reader.as_ref(), reducer.as_ref()];
    let mut values = programs.into_iter().flatten().map(Command::request_values);
    values.any(|values| !values.is_empty())
}
