//! The work: blocks of a source.

use crate::cache::build::{self, Continue, Progress, Report, Request};
use crate::cache::{Block, missing_or_stale};
use crate::config::Config;
use crate::queue::{LevelChoice, Task, Work};
use crate::source::{CacheLevel, Definition, SourceError, Tree};
use crate::time::{Style, Time, parse_query};

use super::runner::{Outcome, Runner, TaskWatch};

/// How many stretches of failed blocks a reason names.
const NAMED: usize = 3;

/// Work of das2-pyserver that is none here: HAPI info is made when it is asked
/// for.
const HAPI_INFO: &str = "HAPI_INFO_CACHE";

/// What the names of blocks end in.
const EXTENSION: &str = "d2s";

/// Builds what is missing or stale of the blocks that a task names. The
/// definition and the state of the blocks are looked at when the work begins,
/// so what somebody else has built meanwhile is not built again.
#[derive(Debug, Default)]
pub struct BlockRunner;

impl Runner for BlockRunner {
    fn run(&self, config: &Config, task: &Task, watch: &TaskWatch) -> Outcome {
        let job = match Job::of(config, &task.work) {
            Ok(job) => job,
            Err(outcome) => return outcome,
        };
        job.run(config, watch)
    }
}

/// A task that has a meaning.
struct Job {
    definition: Definition,
    levels: Vec<CacheLevel>,
    begin: Time,
    end: Time,
    /// Whether somebody asked for one level, or for what there is.
    one_level: bool,
    /// Whether a part of what was asked for lies outside of the source's
    /// validRange and was left out.
    trimmed: bool,
}

/// Blocks of some levels over one stretch: one build.
#[derive(Debug, Clone, PartialEq)]
struct Stretch {
    begin: Time,
    end: Time,
    /// Places in the list of levels.
    levels: Vec<usize>,
}

impl Job {
    fn of(config: &Config, work: &Work) -> Result<Job, Outcome> {
        let hopeless = |reason: String| Outcome::Hopeless(reason);
        work.check().map_err(|error| hopeless(error.to_string()))?;
        let Work::Cache {
            dataset,
            begin,
            end,
            level,
        } = work
        else {
            let category = work.category();
            if category == HAPI_INFO {
                let told = "Dropped: this server keeps no cache of HAPI info".to_owned();
                return Err(Outcome::Done(told));
            }
            return Err(hopeless(format!(
                "this server has no work of the kind {category}"
            )));
        };
        let time =
            |text: &str| parse_query(text, None).map_err(|error| hopeless(error.to_string()));
        let (begin, end) = (time(begin)?, time(end)?);
        let root = config.dsdf_root.as_ref();
        let root = root.ok_or_else(|| hopeless("DSDF_ROOT is not set".to_owned()))?;
        let definition = Tree::new(root).load(dataset, &|_| None, config);
        let definition = definition.map_err(|error| match error {
            // Somebody may be at the file, or the disk not be there yet.
            SourceError::Unreadable { .. } => Outcome::Failed(error.to_string()),
            error => hopeless(error.to_string()),
        })?;
        let mut levels = definition.cache_levels.clone();
        if let LevelChoice::Number(number) = level {
            levels.retain(|known| known.number == *number);
        }
        if levels.is_empty() {
            let reason = format!("{dataset} has no cacheLevel {level} in its definition");
            return Err(hopeless(reason));
        }
        // Blocks of other times would all be empty, and requests do not reach them.
        let valid = definition.valid_range.as_ref();
        let part = valid.map_or(Some((begin, end)), |valid| {
            valid.part_of(begin, end, Time::now())
        });
        let Some(part) = part else {
            let told = format!("Nothing to do: {dataset} has no data then, by its validRange");
            return Err(Outcome::Done(told));
        };
        Ok(Job {
            definition,
            levels,
            trimmed: part != (begin, end),
            begin: part.0,
            end: part.1,
            one_level: matches!(level, LevelChoice::Number(_)),
        })
    }

    fn run(&self, config: &Config, watch: &TaskWatch) -> Outcome {
        let now = Time::now();
        let wanted = self.levels.iter().map(|level| {
            missing_or_stale(&self.definition, config, level, self.begin, self.end, now)
        });
        let stretches = stretches(&wanted.collect::<Vec<_>>());
        let of = stretches.len();
        let mut sum = Report::default();
        for (at, stretch) in stretches.iter().enumerate() {
            let levels = stretch.levels.iter().filter_map(|at| self.levels.get(*at));
            // Long blocks reach beyond what was asked for; the short ones beside them
            // need not.
            let request = Request {
                definition: &self.definition,
                config,
                levels: levels.cloned().collect(),
                begin: stretch.begin.max(self.begin),
                end: stretch.end.min(self.end),
                now,
                stop: Some(watch.stop_flag()),
            };
            let mut step = |progress: Progress| {
                let part = progress.blocks as f64 / progress.of.max(1) as f64;
                let status = self.status(request.levels.first(), progress);
                match watch.tell(&status, (at as f64 + part) / of as f64) {
                    true => Continue::Yes,
                    false => Continue::Stop,
                }
            };
            let report = build::run(&request, &mut step);
            let over = report.stopped || report.error.is_some();
            add(&mut sum, report);
            if over {
                break;
            }
        }
        self.outcome(sum)
    }

    /// What das2-pyserver's worker says while it works.
    fn status(&self, level: Option<&CacheLevel>, progress: Progress) -> String {
        let file = level.and_then(|level| {
            let block = Block::at(level.period, progress.reached)?;
            Some(block.file_name(level.resolution, EXTENSION))
        });
        format!("Writing: {}", file.unwrap_or_default())
    }

    fn outcome(&self, report: Report) -> Outcome {
        if report.stopped {
            return Outcome::Stopped;
        }
        if let Some(error) = report.error {
            use build::BuildError::{NoCache, NoReader};
            return match error {
                NoCache | NoReader(_) => Outcome::Hopeless(error.to_string()),
                error if error.is_for_want_of_room() => Outcome::NoRoom(error.to_string()),
                error => Outcome::Failed(error.to_string()),
            };
        }
        let of = report.blocks + report.failed_blocks;
        let mut told = format!(
            "Successfully processed {} of {of} cache blocks",
            report.blocks
        );
        if report.failed_blocks > 0 {
            let named = report.failed.iter().take(NAMED).map(|failed| {
                let (level, reason) = (failed.level, &failed.reason);
                let text = |time: Time| time.iso(Style::Calendar, 0).to_string();
                format!(
                    "level {level} {} to {}: {reason}",
                    text(failed.begin),
                    text(failed.end)
                )
            });
            let named = named.collect::<Vec<_>>().join("; ");
            return Outcome::Failed(format!("{told}; {named}"));
        }
        if self.trimmed {
            told.push_str("; trimmed to the validRange");
        }
        for (level, reason) in &report.off {
            told.push_str(&format!("; level {level} cannot be built: {reason}"));
        }
        match self.one_level && !report.off.is_empty() {
            true => Outcome::Hopeless(told),
            false if of == 0 && report.off.is_empty() => {
                Outcome::Done("All blocks are there".to_owned())
            }
            false => Outcome::Done(told),
        }
    }
}

fn add(sum: &mut Report, report: Report) {
    sum.blocks += report.blocks;
    sum.bytes += report.bytes;
    sum.runs += report.runs;
    sum.failed.extend(report.failed);
    sum.failed_blocks += report.failed_blocks;
    for level in report.off {
        if !sum.off.contains(&level) {
            sum.off.push(level);
        }
    }
    sum.stopped |= report.stopped;
    sum.error = sum.error.take().or(report.error);
}

/// What is wanted of each level, put together where it overlaps: a reader has
/// to run over such a stretch anyhow, so all its levels are made of that run.
fn stretches(wanted: &[Vec<(Time, Time)>]) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for (level, wanted) in wanted.iter().enumerate() {
        let one = |&(begin, end): &(Time, Time)| Stretch {
            begin,
            end,
            levels: vec![level],
        };
        all.extend(wanted.iter().map(one));
    }
    all.sort_by_key(|stretch| stretch.begin);
    let mut joined: Vec<Stretch> = Vec::new();
    for stretch in all {
        match joined.last_mut() {
            Some(last) if stretch.begin < last.end => {
                last.end = last.end.max(stretch.end);
                for level in stretch.levels {
                    if !last.levels.contains(&level) {
                        last.levels.push(level);
                    }
                }
            }
            _ => joined.push(stretch),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(begin: &str, end: &str, levels: &[usize]) -> Stretch {
        let time = |text| parse_query(text, None).unwrap();
        Stretch {
            begin: time(begin),
            end: time(end),
            levels: levels.to_vec(),
        }
    }

    #[test]
    fn levels_that_overlap_share_a_run() {
        let one = |begin, end| {
            let stretch = stretch(begin, end, &[]);
            (stretch.begin, stretch.end)
        };
        let wanted = [
            vec![
                one("2020-01-01", "2020-01-02"),
                one("2020-03-05", "2020-03-06"),
            ],
            vec![],
            vec![
                one("2020-01-02", "2020-01-03"),
                one("2020-03-01", "2020-04-01"),
            ],
        ];
        let expected = [
            stretch("2020-01-01", "2020-01-02", &[0]),
            stretch("2020-01-02", "2020-01-03", &[2]),
            stretch("2020-03-01", "2020-04-01", &[2, 0]),
        ];
        assert_eq!(stretches(&wanted), expected);
        assert_eq!(stretches(&[]), []);
    }
}
