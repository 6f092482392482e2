//! New requests as they are logged.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use super::show::{Shown, print};
use super::{Job, ToolError};
use crate::log::read::{ClientLogs, End, Entry, Next, Outcome, Wanted};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(500);

/// How many requests without an end are remembered, for when it comes.
const MOST_RUNNING: usize = 1000;

/// Prints what comes, until the output is closed.
pub(super) fn follow(job: &Job<'_>, shown: Shown, out: &mut dyn Write) -> Result<(), ToolError> {
    let mut ends = shown.ends;
    let mut running: Vec<(String, Entry)> = shown.entries;
    running.retain(|(_, entry)| entry.outcome == Outcome::Running);
    loop {
        std::thread::sleep(PAUSE);
        let mut new = Vec::new();
        for client in job.clients()? {
            look(job, &client, &mut ends, &mut running, &mut new)?;
        }
        // Logs are read from their ends, and a second has many requests.
        new.reverse();
        new.sort_by_key(|(_, entry)| entry.started);
        for (client, entry) in &new {
            print(job, client, entry, out)?;
        }
        out.flush()?;
        let open = new
            .into_iter()
            .filter(|(_, entry)| entry.outcome == Outcome::Running);
        running.extend(open);
        // The oldest are those whose end will never come.
        running.drain(..running.len().saturating_sub(MOST_RUNNING));
    }
}

/// Collects what a client's files have got since the last look.
fn look(
    job: &Job<'_>,
    client: &str,
    ends: &mut HashMap<String, End>,
    running: &mut Vec<(String, Entry)>,
    new: &mut Vec<(String, Entry)>,
) -> Result<(), ToolError> {
    let floor = ends.get(client).cloned().unwrap_or_default();
    let opened = ClientLogs::open_between(job.folder, client, None, &floor);
    let mut logs = opened.map_err(|error| job.unreadable(error))?;
    let end = logs.end();
    if end == floor {
        return Ok(());
    }
    ends.insert(client.to_owned(), end);
    let all = Wanted::default();
    loop {
        match logs.next(&all, &mut u64::MAX.clone()) {
            Ok(Next::Entry(entry)) if job.wanted.fits(&entry) => {
                new.push((client.to_owned(), *entry));
            }
            Ok(Next::Entry(_)) => {}
            Ok(Next::End | Next::Pause) => break,
            Err(error) => return Err(job.unreadable(error)),
        }
    }
    // Ends of what was shown before without one.
    running.retain_mut(|(name, entry)| {
        if name == client {
            logs.add_ends(entry);
        }
        let has_ended = entry.outcome != Outcome::Running;
        if has_ended && job.wanted.fits(entry) {
            new.push((name.clone(), entry.clone()));
        }
        !has_ended
    });
    Ok(())
}
