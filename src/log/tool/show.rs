//! Requests, a line each.

use std::collections::HashMap;
use std::io::{self, Write};

use super::{Job, ToolError};
use crate::log::read::{ClientLogs, ENOUGH, End, Entry, Next, json};
use crate::log::{Printable, bytes_text, duration_text};

/// The last requests of all clients.
pub(super) struct Shown {
    /// With their clients, oldest first.
    pub(super) entries: Vec<(String, Entry)>,
    /// Where each client's files ended.
    pub(super) ends: HashMap<String, End>,
}

/// Reads them.
pub(super) fn last(job: &Job<'_>, count: usize) -> Result<Shown, ToolError> {
    let mut entries: Vec<(String, Entry)> = Vec::new();
    let mut ends = HashMap::new();
    for client in job.clients()? {
        let opened = ClientLogs::open(job.folder, &client, None);
        let mut logs = opened.map_err(|error| job.unreadable(error))?;
        ends.insert(client.clone(), logs.end());
        // So many of the others are newer than this.
        let bound = match entries.len() >= count {
            true => entries.last().map(|(_, entry)| entry.started),
            false => None,
        };
        let (mut taken, mut older) = (0, 0);
        while taken < count && older < ENOUGH {
            let next = logs.next(&job.wanted, &mut u64::MAX.clone());
            let Next::Entry(entry) = next.map_err(|error| job.unreadable(error))? else {
                break;
            };
            // One that took long stands behind others that began after it.
            if bound.is_some_and(|bound| entry.started < bound) {
                older += 1;
                continue;
            }
            (taken, older) = (taken + 1, 0);
            entries.push((client.clone(), *entry));
        }
        entries.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.started));
        entries.truncate(count);
    }
    entries.reverse();
    Ok(Shown { entries, ends })
}

impl Shown {
    pub(super) fn print(&self, job: &Job<'_>, out: &mut dyn Write) -> Result<(), ToolError> {
        for (client, entry) in &self.entries {
            print(job, client, entry, out)?;
        }
        Ok(out.flush()?)
    }
}

/// One request in the form that is wanted.
pub(super) fn print(
    job: &Job<'_>,
    client: &str,
    entry: &Entry,
    out: &mut dyn Write,
) -> io::Result<()> {
    if job.options.json {
        return writeln!(out, "{}", json(client, entry, None));
    }
    writeln!(out, "{}", Printable(&line(client, entry)))?;
    if job.options.lines {
        for text in entry.text().lines() {
            writeln!(out, "    {}", Printable(text))?;
        }
        return Ok(());
    }
    for error in entry.errors() {
        writeln!(out, "    {}", Printable(error))?;
    }
    Ok(())
}

fn line(client: &str, entry: &Entry) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut asked = match entry.dataset() {
        Some(dataset) => format!("{dataset} "),
        None => String::new(),
    };
    asked.push_str(entry.path());
    if !entry.query().is_empty() {
        asked.push('?');
        asked.push_str(entry.query());
    }
    format!(
        "{} {client:<15} {:>6} {:>8} {:>8} {:<16} {asked}",
        entry.started.format("%Y-%m-%d %H:%M:%S"),
        entry.status_word(),
        or_none(entry.bytes.map(bytes_text)),
        or_none(entry.milliseconds.map(duration_text)),
        entry.from().map_or("-", |from| from.word()),
    )
}
