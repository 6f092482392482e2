//! What is marked as failing.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::queue::key::{Span, TaskKey};
use crate::queue::task::Work;

use super::{millis, now_ms};

/// So many marks are kept, those that hold longest.
const BOUND: i64 = 10_000;

/// Where a key's mark is: scope, begin, end.
fn place(key: &TaskKey) -> (String, String, String) {
    match span(key) {
        Some(span) => (
            format!("{}|{}", span.dataset, span.level),
            span.begin,
            span.end,
        ),
        None => (String::new(), key.as_str().to_owned(), String::new()),
    }
}

/// The blocks of a key.
pub(super) fn span(key: &TaskKey) -> Option<Span> {
    let parts: Vec<&str> = key.as_str().split('|').collect();
    let [_, dataset, begin, end, level] = parts.as_slice() else {
        return None;
    };
    let work = Work::Cache {
        dataset: (*dataset).to_owned(),
        begin: (*begin).to_owned(),
        end: (*end).to_owned(),
        level: level.parse().ok()?,
    };
    Span::of(&work).filter(|_| TaskKey::of(&work) == *key)
}

pub(super) fn mark(base: &Transaction, key: &TaskKey, period: Duration) -> rusqlite::Result<()> {
    let (scope, begin, end) = place(key);
    let at = now_ms();
    base.execute("DELETE FROM mark WHERE until_ms <= ?", [at])?;
    base.execute(
        "INSERT OR REPLACE INTO mark (scope, begin, ending, until_ms) VALUES (?, ?, ?, ?)",
        params![scope, begin, end, at.saturating_add(millis(period))],
    )?;
    let kept = "SELECT until_ms FROM mark ORDER BY until_ms DESC LIMIT 1 OFFSET ?";
    let first: Option<i64> = base.query_row(kept, [BOUND], |row| row.get(0)).optional()?;
    if let Some(first) = first {
        base.execute("DELETE FROM mark WHERE until_ms <= ?", [first])?;
    }
    Ok(())
}

pub(super) fn unmark(base: &Transaction, key: &TaskKey) -> rusqlite::Result<()> {
    let (scope, begin, end) = place(key);
    let statement = "DELETE FROM mark WHERE scope = ? AND begin = ? AND ending = ?";
    base.execute(statement, params![scope, begin, end])?;
    Ok(())
}

/// Whether marks that still hold cover the key: one, or several whose ranges
/// join.
pub(super) fn is_marked(base: &Transaction, key: &TaskKey, at: i64) -> rusqlite::Result<bool> {
    let (scope, begin, end) = place(key);
    let mut query = base.prepare(
        "SELECT begin, ending FROM mark WHERE scope = ? AND until_ms > ? ORDER BY begin",
    )?;
    let mut rows = query.query(params![scope, at])?;
    let whole = scope.is_empty();
    let mut reached = begin.clone();
    while let Some(row) = rows.next()? {
        let (b, e): (String, String) = (row.get(0)?, row.get(1)?);
        if whole && b == begin {
            return Ok(true);
        }
        if !whole && b <= reached && e > reached {
            reached = e;
        }
    }
    Ok(!whole && reached >= end)
}
