//! A request as one line of JSON.

use chrono::{DateTime, Local, SecondsFormat, TimeZone, Utc};
use serde::Serialize;

use super::entry::{Entry, From, Outcome};

/// How many lines of standard error are told.
const MOST_LINES: usize = 100;

/// The names of the fields are promised to those who read them.
#[derive(Serialize)]
struct Row<'a> {
    time: Option<String>,
    client: &'a str,
    pid: u32,
    outcome: Outcome,
    status: Option<u16>,
    bytes: Option<u64>,
    ms: Option<f64>,
    from: Option<From>,
    dataset: Option<&'a str>,
    path: &'a str,
    query: &'a str,
    agent: &'a str,
    errors: Vec<&'a str>,
    stderr: Vec<&'a str>,
}

/// One object, without a line end: JSON has none inside its texts.
///
/// `exact` is when the request began, where that is known better than from the
/// log, whose times are local and to the second.
pub fn json(client: &str, entry: &Entry, exact: Option<DateTime<Utc>>) -> String {
    let of_log = || {
        Some(
            Local
                .from_local_datetime(&entry.started)
                .earliest()?
                .to_utc(),
        )
    };
    let dataset = entry.dataset();
    let row = Row {
        time: exact
            .or_else(of_log)
            .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
        client,
        pid: entry.pid,
        outcome: entry.outcome,
        status: entry.status,
        bytes: entry.bytes,
        ms: entry.milliseconds,
        from: entry.from(),
        dataset: dataset.as_deref(),
        path: entry.path(),
        query: entry.query(),
        agent: entry.agent(),
        errors: entry.errors().collect(),
        stderr: entry.complaints().take(MOST_LINES).collect(),
    };
    // A map with texts for keys cannot fail.
    serde_json::to_string(&row).unwrap_or_default()
}
