//! Waiting and running tasks: each function is part of one transaction.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::queue::broker::{Cancelled, Finish, Hold, Lease, Listed, Rules, StillOurs, Submitted};
use crate::queue::entry::Entry;
use crate::queue::key::{Span, TaskKey};
use crate::queue::task::{Task, time_stamp};

use super::{FATE_KEPT, ended_text, marks, millis, now_ms};

/// The next place at the end, or in front of all.
const LAST: &str = "SELECT coalesce(max(place), 0) + 1 FROM task";
const FIRST: &str = "SELECT coalesce(min(place), 0) - 1 FROM task";

/// Queues what is new; the number of waiting tasks when there is no room.
pub(super) fn submit(
    base: &Transaction,
    rules: &Rules,
    tasks: &[Task],
    marks_count: bool,
) -> rusqlite::Result<Result<Submitted, usize>> {
    let at = now_ms();
    let mut submitted = Submitted::default();
    let mut new: Vec<(&Task, Option<Span>)> = Vec::new();
    for task in tasks {
        let span = Span::of(&task.work);
        let among_new = new
            .iter()
            .any(|(other, of)| other.key() == task.key() || lies_in(span.as_ref(), of.as_ref()));
        if among_new || is_known(base, &task.key(), span.as_ref())? {
            submitted.known += 1;
        } else if marks_count && marks::is_marked(base, &task.key(), at)? {
            submitted.marked += 1;
        } else {
            new.push((task, span));
        }
    }
    let waiting = waiting(base)?;
    if !new.is_empty() && waiting + new.len() > rules.waiting {
        return Ok(Err(waiting));
    }
    submitted.queued = new.len();
    for (task, span) in new {
        base.execute("DELETE FROM parked WHERE key = ?", [task.key().as_str()])?;
        insert(base, LAST, &task.key(), &task.to_text(), span.as_ref())?;
    }
    Ok(Ok(submitted))
}

fn lies_in(span: Option<&Span>, other: Option<&Span>) -> bool {
    matches!((span, other), (Some(span), Some(other)) if span.lies_in(other))
}

fn is_known(base: &Transaction, key: &TaskKey, span: Option<&Span>) -> rusqlite::Result<bool> {
    let mut query = base.prepare("SELECT 1 FROM task WHERE key = ?")?;
    if query.exists([key.as_str()])? {
        return Ok(true);
    }
    let Some(span) = span else {
        return Ok(false);
    };
    let mut query = base.prepare(
        "SELECT 1 FROM task WHERE dataset = ? AND (level = ? OR level = 'all') \
         AND begin <= ? AND ending >= ?",
    )?;
    query.exists(params![span.dataset, span.level, span.begin, span.end])
}

fn insert(
    base: &Transaction,
    place: &str,
    key: &TaskKey,
    text: &str,
    span: Option<&Span>,
) -> rusqlite::Result<()> {
    let statement = format!(
        "INSERT OR IGNORE INTO task (key, place, text, dataset, level, begin, ending) \
         VALUES (?, ({place}), ?, ?, ?, ?, ?)"
    );
    base.execute(
        &statement,
        params![
            key.as_str(),
            text,
            span.map(|span| &span.dataset),
            span.map(|span| &span.level),
            span.map(|span| &span.begin),
            span.map(|span| &span.end),
        ],
    )?;
    Ok(())
}

fn waiting(base: &Transaction) -> rusqlite::Result<usize> {
    let query = "SELECT count(*) FROM task WHERE holder IS NULL";
    let count: i64 = base.query_row(query, [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// The next task: none that has blocks in common with one that runs, since they would be
/// built twice at once.
const NEXT: &str = "\
    SELECT key, text, attempts FROM task WHERE holder IS NULL AND NOT EXISTS (\
        SELECT 1 FROM task AS other WHERE other.holder IS NOT NULL \
        AND other.dataset = task.dataset \
        AND (other.level = task.level OR other.level = 'all' OR task.level = 'all') \
        AND other.begin < task.ending AND task.begin < other.ending) \
    ORDER BY place LIMIT 1";

/// The next task, for this worker.
pub(super) fn take(
    base: &Transaction,
    rules: &Rules,
    holder: &str,
) -> rusqlite::Result<Option<Lease>> {
    // What it had and never heard of.
    put_back(base, holder)?;
    forget_fate(base, holder)?;
    loop {
        let row = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let Some((key, text, attempts)) = base.query_row(NEXT, [], row).optional()? else {
            return Ok(None);
        };
        let (key, text): (String, String) = (key, text);
        let attempt = u32::saturating_add(attempts, 1);
        let Ok(task) = Task::parse(&text) else {
            // Another version's: nothing that can be worked here.
            base.execute("DELETE FROM task WHERE key = ?", [&key])?;
            continue;
        };
        let started = time_stamp();
        base.execute(
            "UPDATE task SET holder = ?, held_until_ms = ?, attempts = ?, started = ?, \
             status = '', progress = '0/100' WHERE key = ?",
            params![
                holder,
                now_ms() + millis(rules.held()),
                attempt,
                started,
                key
            ],
        )?;
        return Ok(Some(Lease {
            task,
            attempt,
            started,
            holder: holder.to_owned(),
            text,
        }));
    }
}

/// Puts back what a worker has, without counting the attempt.
pub(super) fn put_back(base: &Transaction, holder: &str) -> rusqlite::Result<()> {
    let statement = format!(
        "UPDATE task SET place = ({FIRST}), attempts = max(attempts - 1, 0), holder = NULL, \
         held_until_ms = NULL WHERE holder = ?"
    );
    base.execute(&statement, [holder])?;
    Ok(())
}

/// Puts back what workers held whose lease has lapsed.
pub(super) fn reclaim(base: &Transaction, rules: &Rules, at: i64) -> rusqlite::Result<()> {
    let mut query = base.prepare(
        "SELECT key, text, holder, attempts, started FROM task WHERE held_until_ms <= ?",
    )?;
    let row = |row: &Row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    };
    let lapsed: Vec<(String, String, String, u32, String)> =
        query.query_map([at], row)?.collect::<Result<_, _>>()?;
    for (key, text, holder, attempts, started) in lapsed {
        set_fate(base, &holder, "taken")?;
        if attempts >= rules.attempts {
            let reason = format!("Its worker ended without a word, {attempts} times");
            let ended = ended_text(&text, &started, &reason, 13);
            park(base, rules, &TaskKey::from_text(&key), &text, &ended)?;
        } else {
            let statement = format!(
                "UPDATE task SET place = ({FIRST}), holder = NULL, held_until_ms = NULL \
                 WHERE key = ?"
            );
            base.execute(&statement, [&key])?;
        }
    }
    Ok(())
}

/// Whether a lease is its holder's still.
pub(super) fn still_ours(base: &Transaction, lease: &Lease) -> rusqlite::Result<StillOurs> {
    let query = "SELECT word FROM fate WHERE holder = ?";
    let word: Option<String> = base
        .query_row(query, [&lease.holder], |row| row.get(0))
        .optional()?;
    match word.as_deref() {
        Some("cancelled") => return Ok(StillOurs::Cancelled),
        Some(_) => return Ok(StillOurs::TakenAway),
        None => {}
    }
    let query = "SELECT 1 FROM task WHERE key = ? AND holder = ? AND started = ?";
    let key = lease.task.key();
    let ours = base
        .prepare(query)?
        .exists(params![key.as_str(), lease.holder, lease.started])?;
    Ok(match ours {
        true => StillOurs::Yes,
        false => StillOurs::TakenAway,
    })
}

fn set_fate(base: &Transaction, holder: &str, word: &str) -> rusqlite::Result<()> {
    let at = now_ms();
    base.execute("DELETE FROM fate WHERE until_ms <= ?", [at])?;
    base.execute(
        "INSERT OR REPLACE INTO fate (holder, word, until_ms) VALUES (?, ?, ?)",
        params![holder, word, at + millis(FATE_KEPT)],
    )?;
    Ok(())
}

pub(super) fn forget_fate(base: &Transaction, holder: &str) -> rusqlite::Result<()> {
    base.execute("DELETE FROM fate WHERE holder = ?", [holder])?;
    Ok(())
}

/// Ends a lease that is its holder's.
pub(super) fn finish(
    base: &Transaction,
    rules: &Rules,
    lease: &Lease,
    outcome: &Finish,
) -> rusqlite::Result<()> {
    let key = lease.task.key();
    let (status, again) = match outcome {
        Finish::Done { status } => {
            base.execute("DELETE FROM task WHERE key = ?", [key.as_str()])?;
            base.execute("DELETE FROM parked WHERE key = ?", [key.as_str()])?;
            marks::unmark(base, &key)?;
            return ended(
                base,
                rules,
                &ended_text(&lease.text, &lease.started, status, 0),
            );
        }
        Finish::PutBack => return put_back(base, &lease.holder),
        Finish::Failed { reason } => (reason, lease.attempt < rules.attempts),
        Finish::Hopeless { reason } => (reason, false),
    };
    if again {
        let statement = format!(
            "UPDATE task SET place = ({LAST}), holder = NULL, held_until_ms = NULL WHERE key = ?"
        );
        base.execute(&statement, [key.as_str()])?;
        return Ok(());
    }
    let text = ended_text(&lease.text, &lease.started, status, 13);
    park(base, rules, &key, &lease.text, &text)
}

fn ended(base: &Transaction, rules: &Rules, text: &str) -> rusqlite::Result<()> {
    base.execute("INSERT INTO finished (text) VALUES (?)", [text])?;
    trim(base, "finished", rules.finished)
}

fn trim(base: &Transaction, table: &str, bound: usize) -> rusqlite::Result<()> {
    let statement = format!("DELETE FROM {table} WHERE id <= (SELECT max(id) FROM {table}) - ?");
    base.execute(&statement, [i64::try_from(bound).unwrap_or(i64::MAX)])?;
    Ok(())
}

fn park(
    base: &Transaction,
    rules: &Rules,
    key: &TaskKey,
    waiting: &str,
    text: &str,
) -> rusqlite::Result<()> {
    base.execute("DELETE FROM task WHERE key = ?", [key.as_str()])?;
    base.execute(
        "INSERT OR REPLACE INTO parked (key, waiting, text) VALUES (?, ?, ?)",
        params![key.as_str(), waiting, text],
    )?;
    trim(base, "parked", rules.finished)?;
    if rules.parked_for > Duration::ZERO {
        marks::mark(base, key, rules.parked_for)?;
    }
    ended(base, rules, text)
}

pub(super) fn cancel(
    base: &Transaction,
    rules: &Rules,
    key: &TaskKey,
) -> rusqlite::Result<Cancelled> {
    let query = "SELECT text, holder, started FROM task WHERE key = ?";
    let row = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found: Option<(String, Option<String>, Option<String>)> =
        base.query_row(query, [key.as_str()], row).optional()?;
    let mut cancelled = Cancelled::default();
    let Some((text, holder, started)) = found else {
        return Ok(cancelled);
    };
    base.execute("DELETE FROM task WHERE key = ?", [key.as_str()])?;
    match holder {
        None => cancelled.waiting = 1,
        Some(holder) => {
            set_fate(base, &holder, "cancelled")?;
            let started = started.unwrap_or_else(time_stamp);
            ended(base, rules, &ended_text(&text, &started, "Cancelled", 13))?;
            cancelled.running = 1;
        }
    }
    Ok(cancelled)
}

/// Queues parked tasks again; the number of waiting tasks when there is no
/// room.
pub(super) fn retry(
    base: &Transaction,
    rules: &Rules,
    only: Option<&TaskKey>,
) -> rusqlite::Result<Result<usize, usize>> {
    let mut query =
        base.prepare("SELECT key, waiting FROM parked WHERE ?1 IS NULL OR key = ?1 ORDER BY id")?;
    let only = only.map(TaskKey::as_str);
    let row = |row: &Row| Ok((row.get(0)?, row.get(1)?));
    let chosen: Vec<(String, String)> = query.query_map([only], row)?.collect::<Result<_, _>>()?;
    let waiting = waiting(base)?;
    if !chosen.is_empty() && waiting + chosen.len() > rules.waiting {
        return Ok(Err(waiting));
    }
    for (key, text) in &chosen {
        let key = TaskKey::from_text(key);
        base.execute("DELETE FROM parked WHERE key = ?", [key.as_str()])?;
        marks::unmark(base, &key)?;
        insert(base, LAST, &key, text, marks::span(&key).as_ref())?;
    }
    Ok(Ok(chosen.len()))
}

pub(super) fn list(base: &Transaction, which: &str) -> rusqlite::Result<Vec<Listed>> {
    let query = format!(
        "SELECT text, holder, held_until_ms, attempts, started, status, progress FROM task \
         WHERE {which}"
    );
    let at = now_ms();
    let mut query = base.prepare(&query)?;
    let rows = query.query_map([], |row| {
        let text: String = row.get(0)?;
        let worker: Option<String> = row.get(1)?;
        let until: Option<i64> = row.get(2)?;
        let attempts = row.get(3)?;
        let entry = match &worker {
            None => Entry::waiting(&text),
            Some(_) => {
                let part = |at| {
                    row.get::<_, Option<String>>(at)
                        .map(Option::unwrap_or_default)
                };
                let (started, status, progress) = (part(4)?, part(5)?, part(6)?);
                Task::parse(&text).map(|task| Entry {
                    task,
                    stage: crate::queue::Stage::Running {
                        started,
                        status,
                        progress,
                    },
                })
            }
        };
        Ok(Listed {
            entry: entry.map_err(|_| text),
            hold: hold(worker.is_some(), until, at),
            worker,
            attempts,
        })
    })?;
    rows.collect()
}

fn hold(held: bool, until: Option<i64>, at: i64) -> Hold {
    if !held {
        return Hold::Nobody;
    }
    match until.and_then(|until| u64::try_from(until - at).ok()) {
        Some(left) => Hold::Leased(Duration::from_millis(left)),
        None => Hold::Lapsed,
    }
}
