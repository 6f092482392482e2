//! `watch`: the queue as it changes.

use std::io::{self, IsTerminal};
use std::time::Duration;

use serde_json::Value;

use crate::log::Printable;
use crate::queue::broker::Which;
use crate::queue::entry::Stage;
use crate::queue::error::QueueError;

use super::find::NotOne;
use super::row::EVERYWHERE;
use super::table::{Gathered, gather, overview};
use super::{Desk, TodoError, find, json};

/// `watch`, or `watch ID`.
pub(super) fn watch(desk: &mut Desk, words: &[String]) -> Result<(), TodoError> {
    match words {
        [] => all(desk),
        [id] => one(desk, id),
        _ => Err(TodoError::Usage("watch takes one ID at most".to_owned())),
    }
}

fn pause(desk: &Desk) {
    let every = Duration::try_from_secs_f64(desk.wishes.every).unwrap_or(Duration::from_secs(1));
    std::thread::sleep(every.clamp(Duration::from_millis(10), Duration::from_secs(3600)));
}

/// Until somebody stops it: the tasks each time that they have changed, on a
/// terminal always at the same place.
fn all(desk: &mut Desk) -> Result<(), TodoError> {
    let terminal = io::stdout().is_terminal() && !desk.wishes.json;
    let mut before: Option<Gathered> = None;
    loop {
        match gather(desk, &[Which::Working, Which::Todo, Which::Failed]) {
            Ok(mut now) => {
                without_clocks(&mut now);
                if before.as_ref() != Some(&now) {
                    show(desk, &now, terminal)?;
                    before = Some(now);
                }
            }
            // It comes back, and then there is something to see again.
            Err(TodoError::Queue(error @ QueueError::Unreachable { .. })) => {
                eprintln!("{error}");
                before = None;
            }
            Err(error) => return Err(error),
        }
        pause(desk);
    }
}

/// What runs down by itself is no change.
fn without_clocks(all: &mut Gathered) {
    for listed in all.iter_mut().flat_map(|(_, listed)| listed) {
        if let crate::queue::Hold::Leased(left) = &mut listed.hold {
            *left = Duration::ZERO;
        }
    }
}

fn show(desk: &mut Desk, all: &Gathered, terminal: bool) -> Result<(), TodoError> {
    if desk.wishes.json {
        let objects = all
            .iter()
            .flat_map(|(which, listed)| listed.iter().map(|one| json::object(*which, one)));
        writeln!(desk.out, "{}", Value::Array(objects.collect()))?;
    } else {
        if terminal {
            // Clear, and to the upper left corner.
            write!(desk.out, "\x1b[2J\x1b[H")?;
        }
        overview(all).print(desk.out)?;
        if !terminal {
            writeln!(desk.out)?;
        }
    }
    desk.out.flush()?;
    Ok(())
}

/// Until the task has ended; badly is an error.
fn one(desk: &mut Desk, id: &str) -> Result<(), TodoError> {
    let mut before = String::new();
    let mut unseen = 0;
    loop {
        let (which, listed) = match find::one(desk, id, &EVERYWHERE) {
            // It went from one list to another while those were looked at.
            Err(TodoError::NotOne(NotOne::None(_))) if !before.is_empty() && unseen < 3 => {
                unseen += 1;
                continue;
            }
            found => found?,
        };
        unseen = 0;
        let line = match desk.wishes.json {
            true => json::object(which, &listed).to_string(),
            false => line(which, &listed),
        };
        if line != before {
            writeln!(desk.out, "{}", Printable(&line))?;
            desk.out.flush()?;
            before = line;
        }
        let ended = listed.entry.as_ref().ok().map(|entry| &entry.stage);
        match ended {
            Some(Stage::Ended { code: 0, .. }) => return Ok(()),
            Some(Stage::Ended { .. }) | None => return Err(TodoError::Failed),
            Some(_) => pause(desk),
        }
    }
}

fn line(which: Which, listed: &crate::queue::Listed) -> String {
    let stage = listed.entry.as_ref().ok().map(|entry| &entry.stage);
    let said = match stage {
        Some(Stage::Running {
            status, progress, ..
        }) => format!("{progress} {status}"),
        Some(Stage::Ended { status, code, .. }) => format!("{code}: {status}"),
        _ => String::new(),
    };
    format!("{} {} {said}", find::id(listed), find::name(which))
        .trim_end()
        .to_owned()
}
