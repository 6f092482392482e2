//! What is cached of which source.

use serde::Serialize;

use super::failed::{self, Failure, Parked};
use super::sources::{bytes, no_levels, shown};
use super::{Desk, Queue, ToolError};
use crate::cache::build::can_build;
use crate::cache::stamp::Standard;
use crate::cache::state::State;
use crate::source::{CacheLevel, Definition};
use crate::time::Time;

/// A line of the table.
#[derive(Debug, Serialize)]
struct Row {
    source: String,
    level: u32,
    resolution: String,
    params: String,
    /// Beginning of the first and end of the last block.
    range: Option<[String; 2]>,
    blocks: u64,
    bytes: u64,
    /// Blocks that are out of date.
    stale: u64,
    /// Files that are no blocks.
    damaged: u64,
    /// Why its blocks cannot be built, if they cannot.
    off: Option<String>,
    /// Blocks that are not there because their task was given up; None where
    /// the queue does not tell.
    failed: Option<u64>,
    failures: Vec<Failure>,
    /// Folders that cannot be read, the first few, and why: blocks in them are
    /// not counted.
    unreadable: Vec<String>,
}

const HEADS: [&str; 8] = [
    "source",
    "level",
    "holds",
    "from",
    "to",
    "blocks",
    "size",
    "stale, damaged, failed",
];

pub(super) fn run(
    desk: &mut Desk<'_>,
    source: Option<&str>,
    json: bool,
    queue: &mut dyn Queue,
) -> Result<bool, ToolError> {
    let (sources, mut wrong) = desk.sources(source)?;
    let parked = queue.parked();
    let mut rows = Vec::new();
    for definition in &sources {
        for level in &definition.cache_levels {
            let parked = parked.as_deref().ok();
            rows.push(row(desk, definition, level, parked)?);
        }
    }
    for definition in &sources {
        wrong.extend(no_levels(definition));
    }
    let is_well = |row: &Row| {
        let has_failed = row.damaged > 0 || row.failed.unwrap_or(0) > 0;
        !has_failed && row.off.is_none() && row.unreadable.is_empty()
    };
    let well = wrong.is_empty() && rows.iter().all(is_well);
    if json {
        for row in &rows {
            let text = serde_json::to_string(row).map_err(std::io::Error::other)?;
            writeln!(desk.out, "{text}")?;
        }
        for text in wrong {
            writeln!(desk.out, "{}", serde_json::json!({ "error": text }))?;
        }
        return Ok(well);
    }
    table(desk, &rows)?;
    for row in &rows {
        for failure in &row.failures {
            writeln!(desk.out, "{}", failure.line(&row.source, row.level))?;
        }
    }
    if let Err(reason) = parked {
        writeln!(desk.out, "what has failed is not known: {reason}")?;
    }
    wrong.extend(rows.into_iter().flat_map(|row| row.unreadable));
    for text in wrong {
        writeln!(desk.out, "{text}")?;
    }
    Ok(well)
}

fn row(
    desk: &Desk<'_>,
    definition: &Definition,
    level: &CacheLevel,
    parked: Option<&[Parked]>,
) -> Result<Row, ToolError> {
    let folder = desk.folder(definition, level)?;
    let standard = Standard::of(definition, desk.config, level, &folder, desk.now);
    let failures = parked
        .map(|parked| failed::of_level(desk, definition, level, parked))
        .unwrap_or_default();
    let mut row = Row {
        source: definition.name.to_string(),
        level: level.number,
        resolution: level.resolution.to_string(),
        params: level.norm_params.clone(),
        range: None,
        blocks: 0,
        bytes: 0,
        stale: 0,
        damaged: 0,
        off: can_build(definition, desk.config, level).err(),
        failed: parked.map(|_| failed::blocks(level, &failures)),
        failures,
        unreadable: Vec::new(),
    };
    let mut ends: Option<(Time, Time)> = None;
    let (all, unreadable) = folder.all_readable();
    row.unreadable = unreadable;
    for block in all {
        row.blocks += 1;
        match State::of(&folder, &block, &standard) {
            State::Missing => row.blocks -= 1,
            State::Fresh(bytes) => row.bytes += bytes,
            State::Stale(bytes, _) => {
                row.bytes += bytes;
                row.stale += 1;
            }
            State::Damaged(_) => row.damaged += 1,
        }
        let begin = ends.map_or(block.begin(), |(begin, _)| begin);
        ends = Some((begin, block.end()));
    }
    row.range = ends.map(|(begin, end)| [shown(begin), shown(end)]);
    Ok(row)
}

/// The last cell, and behind it what is wrong with the level itself.
fn counts(row: &Row) -> String {
    let failed = row.failed.map_or("-".to_owned(), |count| count.to_string());
    let counts = format!("{}, {}, {failed}", row.stale, row.damaged);
    match &row.off {
        Some(reason) => format!("{counts}  cannot be built: {reason}"),
        None => counts,
    }
}

fn table(desk: &mut Desk<'_>, rows: &[Row]) -> Result<(), ToolError> {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let [from, to] = row.range.clone().unwrap_or_default();
        let holds = match row.params.as_str() {
            "_noparam" => row.resolution.clone(),
            params => format!("{} {params}", row.resolution),
        };
        [
            row.source.clone(),
            row.level.to_string(),
            holds,
            from,
            to,
            row.blocks.to_string(),
            bytes(row.bytes),
            counts(row),
        ]
    }));
    let mut widths = [0; HEADS.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    for line in &lines {
        let cells = line.iter().zip(widths);
        let text: String = cells
            .map(|(cell, width)| format!("{cell:width$}  "))
            .collect();
        writeln!(desk.out, "{}", text.trim_end())?;
    }
    Ok(())
}
