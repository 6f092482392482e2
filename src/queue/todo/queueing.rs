//! The commands that change the queue.

use crate::queue::broker::{Cancelled, Submitted, Which};
use crate::queue::key::TaskKey;
use crate::queue::requester::Requester;
use crate::queue::task::{LevelChoice, Task, Work};
use crate::source::{Definition, Tree};
use crate::time::{Style, Time, parse_query};

use super::find;
use super::{Desk, NAME, TodoError};

/// `cache DATASET BEGIN END LEVEL`.
pub(super) fn cache(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    let [dataset, begin, end, level] = words else {
        return Err(TodoError::Usage(format!(
            "cache takes DATASET BEGIN END LEVEL; see {NAME} help cache"
        )));
    };
    let dataset = dataset.strip_prefix('/').unwrap_or(dataset);
    let dataset = dataset.strip_suffix(".dsdf").unwrap_or(dataset);
    let level: LevelChoice = level.parse()?;
    let work = Work::cache(dataset, begin, end, level)?;
    let work = match check_source(desk, dataset, level)? {
        Some(definition) => within_valid_range(&definition, work, (begin, end), level)?,
        None => work,
    };
    queue(desk, work)
}

/// The work as far as the source has data: workers do no more of it.
fn within_valid_range(
    definition: &Definition,
    work: Work,
    (begin, end): (&str, &str),
    level: LevelChoice,
) -> Result<Work, TodoError> {
    let time = |text| parse_query(text, None).ok();
    let asked = time(begin).zip(time(end));
    let (Some(valid), Some((begin, end))) = (&definition.valid_range, asked) else {
        return Ok(work);
    };
    let name = &definition.name;
    let Some(part) = valid.part_of(begin, end, Time::now()) else {
        let what = format!("{name} has no data in this range, by its validRange");
        return Err(TodoError::Source(what));
    };
    if part == (begin, end) {
        return Ok(work);
    }
    let text = |time: Time| {
        let text = time.iso(Style::Calendar, 3).to_string();
        text.strip_suffix(".000").unwrap_or(&text).to_owned()
    };
    let (begin, end) = (text(part.0), text(part.1));
    eprintln!("Trimmed to {begin} to {end}: {name} has no other data, by its validRange");
    Ok(Work::cache(name.as_str(), &begin, &end, level)?)
}

/// Where there is a tree of sources, the source has to be in it, with the
/// level: no worker could do anything else.
fn check_source(
    desk: &Desk,
    dataset: &str,
    level: LevelChoice,
) -> Result<Option<Definition>, TodoError> {
    let Some(root) = &desk.config.dsdf_root else {
        return Ok(None);
    };
    let nobody = |_: &str| None;
    let definition = Tree::new(root)
        .load(dataset, &nobody, desk.config)
        .map_err(|error| TodoError::Source(error.to_string()))?;
    let levels: Vec<u32> = definition
        .cache_levels
        .iter()
        .map(|level| level.number)
        .collect();
    let known = match level {
        LevelChoice::Number(number) => levels.contains(&number),
        LevelChoice::All => !levels.is_empty(),
    };
    let listed: Vec<String> = levels.iter().map(u32::to_string).collect();
    match (known, levels.is_empty()) {
        (true, _) => Ok(Some(definition)),
        (false, true) => Err(TodoError::Source(format!(
            "{dataset} has no cacheLevel in its DSDF"
        ))),
        (false, false) => Err(TodoError::Source(format!(
            "{dataset} has no cache level {level}; write one of {}, or all",
            listed.join(", ")
        ))),
    }
}

/// `-g NAME ARGUMENT...`.
pub(super) fn generic(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    let [name, arguments @ ..] = words else {
        return Err(TodoError::Usage("-g takes NAME ARGUMENT...".to_owned()));
    };
    let broken = |text: &String| text.contains(|c: char| c == '|' || c.is_control());
    if words.iter().any(broken) || name.trim().is_empty() {
        let advice = "name and arguments must not hold | or control characters";
        return Err(TodoError::Usage(advice.to_owned()));
    }
    let work = Work::Other {
        category: format!("TASK_{}", name.to_uppercase()),
        arguments: arguments.to_vec(),
    };
    queue(desk, work)
}

fn queue(desk: &mut Desk, work: Work) -> Result<(), TodoError> {
    let task = Requester::tool(NAME).task(work);
    Task::parse(&task.to_text())?;
    eprintln!("Adding task '{task}'");
    let submitted = desk.broker.insist(std::slice::from_ref(&task))?;
    if submitted
        == (Submitted {
            known: 1,
            ..submitted
        })
    {
        eprintln!("The same work is in the queue already");
    }
    if desk.wishes.json {
        let key = task.key();
        let answer = serde_json::json!({
            "id": key.id(),
            "task": task.to_text(),
            "queued": submitted.queued > 0,
        });
        writeln!(desk.out, "{answer}")?;
    }
    Ok(())
}

/// `cancel ID...`.
pub(super) fn cancel(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    some(words, "cancel takes one ID or more, as list shows them")?;
    let keys = keys(desk, words, &[Which::Todo, Which::Working])?;
    for key in keys {
        let cancelled = desk.broker.cancel(&key)?;
        let Cancelled {
            waiting,
            running,
            beyond_reach,
        } = cancelled;
        if desk.wishes.json {
            let answer = serde_json::json!({
                "id": key.id(), "waiting": waiting, "running": running,
                "beyond_reach": beyond_reach,
            });
            writeln!(desk.out, "{answer}")?;
            continue;
        }
        writeln!(
            desk.out,
            "{}: {waiting} waiting, {running} running cancelled",
            key.id()
        )?;
        if beyond_reach > 0 {
            eprintln!(
                "{}: {beyond_reach} at a worker of das2-pyserver, which cannot be told",
                key.id()
            );
        }
    }
    Ok(())
}

/// `retry ID...` or `retry all`.
pub(super) fn retry(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    some(words, "retry takes one ID or more, or all")?;
    let mut queued = 0;
    match words {
        [all] if all.eq_ignore_ascii_case("all") => queued = desk.broker.retry(None)?,
        ids => {
            for key in keys(desk, ids, &[Which::Failed])? {
                queued += desk.broker.retry(Some(&key))?;
            }
        }
    }
    match desk.wishes.json {
        true => writeln!(desk.out, "{}", serde_json::json!({ "queued": queued }))?,
        false => writeln!(desk.out, "{queued} queued again")?,
    }
    Ok(())
}

/// `purge LIST`.
pub(super) fn purge(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    let [list] = words else {
        let advice = "purge takes one list: todo, working, finished or failed";
        return Err(TodoError::Usage(advice.to_owned()));
    };
    let gone = desk.broker.purge(find::which(list)?)?;
    match desk.wishes.json {
        true => writeln!(desk.out, "{}", serde_json::json!({ "purged": gone }))?,
        false => writeln!(desk.out, "{gone} purged from {list}")?,
    }
    Ok(())
}

fn some(words: &[String], advice: &str) -> Result<(), TodoError> {
    match words {
        [] => Err(TodoError::Usage(advice.to_owned())),
        _ => Ok(()),
    }
}

/// All names are looked up before anything is done.
fn keys(desk: &mut Desk, ids: &[String], lists: &[Which]) -> Result<Vec<TaskKey>, TodoError> {
    let mut keys = Vec::new();
    for id in ids {
        let (_, found) = find::one(desk, id, lists)?;
        keys.extend(found.entry.ok().map(|entry| entry.task.key()));
    }
    Ok(keys)
}
