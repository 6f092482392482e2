//! What would answer a request.

use super::sources::shown;
use super::{Desk, ToolError};
use crate::cache::Blocks;
use crate::cache::plan::{Plan, Segment, Way, can_fill, choose_level};
use crate::cache::stamp::Standard;
use crate::cache::state::State;
use crate::source::norm_params;
use crate::time::Time;

pub(super) fn run(
    desk: &mut Desk<'_>,
    dataset: &str,
    (begin, end): (&str, &str),
    resolution: &str,
    params: &str,
) -> Result<bool, ToolError> {
    let definition = desk.source(dataset)?;
    let (begin, end) = desk.range(begin, end)?;
    let wrong = || ToolError::Usage(format!("{resolution} is no resolution: write seconds"));
    let resolution = match resolution {
        "intrinsic" => None,
        text => {
            let seconds = text.parse().ok();
            let seconds = seconds.filter(|s: &f64| s.is_finite() && *s >= 0.0);
            Some(seconds.ok_or_else(wrong)?)
        }
    };
    let params = Some(params).filter(|params| !params.is_empty());
    let norm = norm_params(params).map_err(|error| ToolError::Usage(error.to_string()))?;
    let valid = definition.valid_range.as_ref();
    let part = valid.map_or(Some((begin, end)), |valid| {
        valid.part_of(begin, end, desk.now)
    });
    let Some((begin, end)) = part else {
        writeln!(
            desk.out,
            "there are no data then, by the source's validRange"
        )?;
        return Ok(true);
    };
    let Some(level) = choose_level(&definition, &norm, resolution) else {
        writeln!(desk.out, "no level serves this: the reader runs")?;
        return Ok(true);
    };
    let folder = desk.folder(&definition, level)?;
    let path = folder.path().display().to_string();
    writeln!(desk.out, "level {}, {path}", level.number)?;
    let standard = Standard::of(&definition, desk.config, level, &folder, desk.now);
    let plan = Plan::new(folder, begin, end);
    let (plan, note) = match plan.way(can_fill(&definition, desk.config, level)) {
        Way::Reader => (plan.without_blocks(), "as without a cache"),
        Way::OneRun => (
            plan.without_blocks(),
            "in the level's form: too few blocks are there for runs between them",
        ),
        Way::Blocks => (plan, ""),
    };
    for (what, begin, end, count) in stretches(plan, &standard) {
        let (begin, end) = (shown(begin), shown(end));
        writeln!(desk.out, "{what}  {begin} to {end}  {count} blocks")?;
    }
    if !note.is_empty() {
        writeln!(desk.out, "the reader runs once, {note}")?;
    }
    Ok(true)
}

/// What becomes of each stretch. Blocks that are there and cannot be used are
/// read around, which a plan by itself does not know.
fn stretches(plan: Plan, standard: &Standard) -> Vec<(&'static str, Time, Time, u64)> {
    let mut stretches: Vec<(&'static str, Time, Time, u64)> = Vec::new();
    for segment in &plan.segments {
        let (first, end) = (segment.first(), segment.end());
        if let Segment::Gap { count, .. } = segment {
            stretches.push(("reader", first.begin(), end, *count));
            continue;
        }
        for block in Blocks::covering(first.period(), first.begin(), end) {
            let what = match State::of(&plan.folder, &block, standard) {
                State::Fresh(_) => "cached",
                State::Stale(..) => "stale ",
                State::Missing | State::Damaged(_) => "broken",
            };
            match stretches.last_mut() {
                Some((last, _, end, count)) if *last == what && *end == block.begin() => {
                    *end = block.end();
                    *count += 1;
                }
                _ => stretches.push((what, block.begin(), block.end(), 1)),
            }
        }
    }
    stretches
}
