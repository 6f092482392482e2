//! Blocks that nobody could build.

use serde::Serialize;

use super::Desk;
use super::sources::shown;
use crate::cache::state::missing_or_stale;
use crate::source::{CacheLevel, Definition};
use crate::time::Time;

/// A task that was given up, as the server's queue remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The source.
    pub dataset: String,
    /// The level's number; None for all.
    pub level: Option<u32>,
    /// The beginning of what was to be built.
    pub begin: Time,
    /// Its end.
    pub end: Time,
    /// When it was given up, UTC.
    pub when: String,
    /// Why.
    pub reason: String,
}

/// Blocks of a level that a given-up task should have built.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    /// Beginning of the first and end of the last block that is not there.
    range: [String; 2],
    /// How many there are.
    blocks: u64,
    when: String,
    reason: String,
    #[serde(skip)]
    stretches: Vec<(Time, Time)>,
}

impl Failure {
    /// For people.
    pub(super) fn line(&self, source: &str, level: u32) -> String {
        let [begin, end] = &self.range;
        let (blocks, when, reason) = (self.blocks, &self.when, &self.reason);
        format!(
            "failed: {source}, level {level}, {begin} to {end}, {blocks} blocks, {when}: {reason}"
        )
    }
}

/// What is still missing or out of date of what was given up.
pub(super) fn of_level(
    desk: &Desk<'_>,
    definition: &Definition,
    level: &CacheLevel,
    parked: &[Parked],
) -> Vec<Failure> {
    let of_this = |task: &&Parked| {
        let every = task.level.is_none() || task.level == Some(level.number);
        every && task.dataset == definition.name.as_str()
    };
    let failure = |task: &Parked| {
        let (begin, end) = (task.begin, task.end);
        let stretches = missing_or_stale(definition, desk.config, level, begin, end, desk.now);
        let range = [shown(stretches.first()?.0), shown(stretches.last()?.1)];
        let count = |(begin, end): &(Time, Time)| level.period.count(*begin, *end);
        Some(Failure {
            range,
            blocks: stretches.iter().map(count).sum(),
            when: task.when.clone(),
            reason: task.reason.clone(),
            stretches,
        })
    };
    parked.iter().filter(of_this).filter_map(failure).collect()
}

/// How many blocks these are; one that two tasks should have built counts
/// once.
pub(super) fn blocks(level: &CacheLevel, failures: &[Failure]) -> u64 {
    let mut all: Vec<(Time, Time)> = failures
        .iter()
        .flat_map(|failure| failure.stretches.iter().copied())
        .collect();
    all.sort();
    let mut reached: Option<Time> = None;
    let mut count = 0;
    for (begin, end) in all {
        let from = reached.map_or(begin, |reached| reached.max(begin));
        if from < end {
            count += level.period.count(from, end);
            reached = Some(end);
        }
    }
    count
}
