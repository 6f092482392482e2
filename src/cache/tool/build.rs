//! Building what is missing or out of date.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sources::{Wanted, bytes, shown};
use super::{Desk, Queue, ToolError};
use crate::cache::build::{Continue, Progress, Report, Request, can_build, run as build};
use crate::cache::state::missing_or_stale;
use crate::exec::{end_readers_on_signals, start_guard};
use crate::source::{CacheLevel, Definition};
use crate::time::Time;

/// Without a queue it is done here.
pub(super) fn run(
    desk: &mut Desk<'_>,
    dataset: &str,
    range: Option<(&str, &str)>,
    numbers: &[u32],
    queue: Option<&mut dyn Queue>,
) -> Result<bool, ToolError> {
    let definition = desk.source(dataset)?;
    desk.root()?;
    let Some((begin, end)) = stretch(desk, &definition, range)? else {
        writeln!(
            desk.out,
            "{dataset} has no data in this range, by its validRange"
        )?;
        return Ok(true);
    };
    let (levels, mut well) = levels(desk, &definition, numbers)?;
    let wanted = wanted(desk, &definition, &levels, begin, end);
    if wanted.is_empty() {
        writeln!(desk.out, "nothing is missing or out of date")?;
        return Ok(well);
    }
    if let Some(queue) = queue {
        let said = queue
            .submit(&put_together(&wanted))
            .map_err(ToolError::Failed)?;
        writeln!(desk.out, "{said}")?;
        return Ok(well);
    }
    end_readers_on_signals()?;
    // Readers run without it, too.
    let _ = start_guard("guard");
    for ((from, to), levels) in stretches(&levels, &wanted) {
        // Long blocks reach beyond what was asked for; the short ones beside
        // them need not.
        let stretch = (from.max(begin), to.min(end));
        let report = foreground(desk, &definition, levels, stretch);
        tell(desk, &report)?;
        well &= report.is_complete();
        if report.stopped || report.error.is_some() {
            return Ok(false);
        }
    }
    Ok(well)
}

/// What is asked for, as far as the source has data: blocks of other times
/// would all be empty, and nobody asks for them. None: nothing of it.
fn stretch(
    desk: &Desk<'_>,
    definition: &Definition,
    range: Option<(&str, &str)>,
) -> Result<Option<(Time, Time)>, ToolError> {
    let valid = definition.valid_range.as_ref();
    let asked = range
        .map(|(begin, end)| desk.range(begin, end))
        .transpose()?;
    match (asked, valid) {
        (Some((begin, end)), Some(valid)) => Ok(valid.part_of(begin, end, desk.now)),
        (Some(range), None) => Ok(Some(range)),
        (None, Some(valid)) => Ok(valid.part_of(valid.begin, valid.end(desk.now), desk.now)),
        (None, None) => {
            let advice = "has no validRange: write BEGIN and END";
            Err(ToolError::Usage(format!("{} {advice}", definition.name)))
        }
    }
}

/// The levels that were asked for and can be built, and whether that is all.
fn levels(
    desk: &mut Desk<'_>,
    definition: &Definition,
    numbers: &[u32],
) -> Result<(Vec<CacheLevel>, bool), ToolError> {
    let of = |number: &u32| definition.cache_levels.iter().any(|l| l.number == *number);
    if let Some(number) = numbers.iter().find(|number| !of(number)) {
        let what = format!("{} has no level {number}", definition.name);
        return Err(ToolError::Usage(what));
    }
    let asked = |level: &&CacheLevel| numbers.is_empty() || numbers.contains(&level.number);
    let (mut levels, mut all) = (Vec::new(), true);
    for level in definition.cache_levels.iter().filter(asked) {
        match can_build(definition, desk.config, level) {
            Ok(()) => levels.push(level.clone()),
            Err(reason) => {
                all = false;
                writeln!(desk.out, "level {} is not built: {reason}", level.number)?;
            }
        }
    }
    Ok((levels, all))
}

fn wanted(
    desk: &Desk<'_>,
    definition: &Definition,
    levels: &[CacheLevel],
    begin: Time,
    end: Time,
) -> Vec<Wanted> {
    let of_level = |level: &CacheLevel| {
        let found = missing_or_stale(definition, desk.config, level, begin, end, desk.now);
        let number = level.number;
        found.into_iter().map(move |(begin, end)| Wanted {
            dataset: definition.name.to_string(),
            level: number,
            begin,
            end,
        })
    };
    levels.iter().flat_map(of_level).collect()
}

/// So many tasks are queued for a level. More stretches are put together: who works a
/// task builds only what is missing of it, and a queue has room for a thousand.
const MOST_TASKS: usize = 50;

fn put_together(wanted: &[Wanted]) -> Vec<Wanted> {
    let of_level = |of_level: &[Wanted]| -> Vec<Wanted> {
        let size = of_level.len().div_ceil(MOST_TASKS).max(1);
        let together = of_level.chunks(size).filter_map(|chunk| {
            let end = chunk.last()?.end;
            let first = chunk.first()?.clone();
            Some(Wanted { end, ..first })
        });
        together.collect()
    };
    let levels = wanted.chunk_by(|one, next| one.level == next.level);
    levels.flat_map(of_level).collect()
}

/// What is wanted as stretches that do not overlap, each with the levels that
/// want something of it.
fn stretches(levels: &[CacheLevel], wanted: &[Wanted]) -> Vec<((Time, Time), Vec<CacheLevel>)> {
    let mut all: Vec<(Time, Time)> = wanted.iter().map(|w| (w.begin, w.end)).collect();
    all.sort();
    let mut joined: Vec<(Time, Time)> = Vec::new();
    for (begin, end) in all {
        match joined.last_mut() {
            Some(last) if begin < last.1 => last.1 = last.1.max(end),
            _ => joined.push((begin, end)),
        }
    }
    let with_levels = |(begin, end)| {
        let wants = |level: &&CacheLevel| {
            let of = |w: &&Wanted| w.level == level.number;
            wanted
                .iter()
                .filter(of)
                .any(|w| w.begin < end && begin < w.end)
        };
        let levels = levels.iter().filter(wants).cloned().collect();
        ((begin, end), levels)
    };
    joined.into_iter().map(with_levels).collect()
}

fn foreground(
    desk: &Desk<'_>,
    definition: &Definition,
    levels: Vec<CacheLevel>,
    (begin, end): (Time, Time),
) -> Report {
    let request = Request {
        definition,
        config: desk.config,
        levels,
        begin,
        end,
        now: desk.now,
        stop: None,
    };
    let bar = bar();
    let report = build(&request, &mut |progress: Progress| {
        bar.set_length(progress.of);
        bar.set_position(progress.blocks);
        bar.set_message(format!(
            "{}, {}",
            shown(progress.reached),
            bytes(progress.bytes)
        ));
        Continue::Yes
    });
    bar.finish_and_clear();
    report
}

/// Drawn only where a terminal looks on.
fn bar() -> ProgressBar {
    let target = match std::io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(None, target);
    let style = "{bar:30} {pos}/{len} blocks  {msg}  {elapsed} (ETA {eta})";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

fn tell(desk: &mut Desk<'_>, report: &Report) -> Result<(), ToolError> {
    for failed in &report.failed {
        let (begin, end) = (shown(failed.begin), shown(failed.end));
        let (level, reason) = (failed.level, &failed.reason);
        writeln!(desk.out, "level {level}, {begin} to {end} failed: {reason}")?;
    }
    if let Some(error) = &report.error {
        writeln!(desk.out, "{error}")?;
    }
    if report.stopped {
        writeln!(desk.out, "stopped")?;
    }
    writeln!(
        desk.out,
        "{} blocks built, {}, {} failed, {} reader runs",
        report.blocks,
        bytes(report.bytes),
        report.failed_blocks,
        report.runs
    )?;
    Ok(())
}
