//! Building what is missing or out of date.

use super::bar::Bar;
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
    let (levels, well) = levels(desk, &definition, numbers)?;
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
    let requests = stretches(&levels, &wanted).into_iter();
    let requests = requests.map(|((from, to), levels)| Request {
        definition: &definition,
        config: desk.config,
        levels,
        // Long blocks reach beyond what was asked for; the short ones beside
        // them need not.
        begin: from.max(begin),
        end: to.min(end),
        now: desk.now,
        stop: None,
    });
    Ok(foreground(desk, &requests.collect::<Vec<_>>())? && well)
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

/// Builds one stretch after the other, and tells of it as of one piece of work. Whether
/// all is there.
fn foreground(desk: &mut Desk<'_>, requests: &[Request<'_>]) -> Result<bool, ToolError> {
    let mut bar = Bar::new(desk.out)?;
    bar.out_of(|| requests.iter().map(Request::blocks).sum());
    let (mut all, mut complete, mut passed) = (Report::default(), true, 0);
    for request in requests {
        let report = build(request, &mut |progress: Progress| {
            bar.at(passed + progress.blocks, || {
                let size = bytes(all.bytes + progress.bytes);
                format!("{}, {size}", shown(progress.reached))
            });
            Continue::Yes
        });
        passed += request.blocks();
        tell(desk, &bar, &report)?;
        complete &= report.is_complete();
        all.blocks += report.blocks;
        all.bytes += report.bytes;
        all.failed_blocks += report.failed_blocks;
        all.runs += report.runs;
        if report.stopped || report.error.is_some() {
            break;
        }
    }
    bar.end();
    writeln!(
        desk.out,
        "{} blocks built, {}, {} failed, {} reader runs",
        all.blocks,
        bytes(all.bytes),
        all.failed_blocks,
        all.runs
    )?;
    Ok(complete)
}

/// What went wrong in a stretch.
fn tell(desk: &mut Desk<'_>, bar: &Bar, report: &Report) -> Result<(), ToolError> {
    for failed in &report.failed {
        let (begin, end) = (shown(failed.begin), shown(failed.end));
        let (level, reason) = (failed.level, &failed.reason);
        let text = format_args!("level {level}, {begin} to {end} failed: {reason}");
        bar.line(desk.out, text)?;
    }
    if let Some(error) = &report.error {
        bar.line(desk.out, error)?;
    }
    if report.stopped {
        bar.line(desk.out, "stopped")?;
    }
    Ok(())
}
