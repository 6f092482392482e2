//! Sums over requests.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use clap::ValueEnum;
use serde::Serialize;

use super::{Job, ToolError};
use crate::log::read::{ClientLogs, Entry, Next, Outcome};
use crate::log::{Printable, bytes_text, duration_text};

/// What requests are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum By {
    Dataset,
    Client,
    Hour,
    Status,
}

/// Clients choose names of sources: so many rows a table has at most, the rest
/// is one row.
const MOST_ROWS: usize = 10_000;
const OTHERS: &str = "(others)";

/// Step of the durations that are counted: percentiles are good to a hundredth.
const STEP: f64 = 1.02;

#[derive(Default)]
struct Sum {
    requests: u64,
    failed: u64,
    gone: u64,
    bytes: u64,
    /// How many took so long, by powers of [`STEP`].
    durations: BTreeMap<i16, u64>,
    longest: f64,
}

impl Sum {
    fn add(&mut self, entry: &Entry) {
        self.requests += 1;
        self.failed += u64::from(entry.outcome == Outcome::Failed);
        self.gone += u64::from(entry.outcome == Outcome::Gone);
        self.bytes = self.bytes.saturating_add(entry.bytes.unwrap_or(0));
        if let Some(ms) = entry.milliseconds {
            // 0.01 ms is less than anything takes; the cast stays within i16.
            let step = (ms.clamp(0.01, 1e12).ln() / STEP.ln()).round() as i16;
            *self.durations.entry(step).or_default() += 1;
            self.longest = self.longest.max(ms);
        }
    }

    /// The time within which so many of a hundred were answered, milliseconds.
    fn percentile(&self, percent: u64) -> Option<f64> {
        let all: u64 = self.durations.values().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut passed = 0;
        let step = self.durations.iter().find(|(_, count)| {
            passed += **count;
            passed >= rank
        });
        step.map(|(step, _)| STEP.powi((*step).into()).min(self.longest))
    }
}

/// One row as JSON.
#[derive(Serialize)]
struct Row<'a> {
    by: By,
    key: &'a str,
    requests: u64,
    failed: u64,
    gone: u64,
    bytes: u64,
    ms_p50: Option<f64>,
    ms_p90: Option<f64>,
    ms_p99: Option<f64>,
    ms_max: Option<f64>,
}

type Table = HashMap<String, Sum>;

/// Prints one table for each of `by`, or for all.
pub(super) fn print(job: &Job<'_>, by: &[By], out: &mut dyn Write) -> Result<(), ToolError> {
    let by = if by.is_empty() {
        By::value_variants()
    } else {
        by
    };
    let mut tables: Vec<(By, Table)> = by.iter().map(|by| (*by, Table::new())).collect();
    for client in job.clients()? {
        let opened = ClientLogs::open(job.folder, &client, None);
        let mut logs = opened.map_err(|error| job.unreadable(error))?;
        loop {
            let next = logs.next(&job.wanted, &mut u64::MAX.clone());
            match next.map_err(|error| job.unreadable(error))? {
                Next::Entry(entry) => add(&mut tables, &client, &entry),
                Next::End | Next::Pause => break,
            }
        }
    }
    for (at, (by, table)) in tables.iter().enumerate() {
        if at > 0 && !job.options.json {
            writeln!(out)?;
        }
        print_table(job, *by, table, out)?;
    }
    Ok(out.flush()?)
}

fn add(tables: &mut [(By, Table)], client: &str, entry: &Entry) {
    for (by, table) in tables {
        let key = match by {
            By::Dataset => match entry.dataset() {
                Some(name) => name.into_owned(),
                None => "(none)".to_owned(),
            },
            By::Client => client.to_owned(),
            By::Hour => entry.started.format("%Y-%m-%d %H").to_string(),
            By::Status => entry.status_word(),
        };
        let room = table.len() < MOST_ROWS || table.contains_key(&key);
        let key = if room { key } else { OTHERS.to_owned() };
        table.entry(key).or_default().add(entry);
    }
}

/// The largest rows first; hours in their order.
fn print_table(job: &Job<'_>, by: By, table: &Table, out: &mut dyn Write) -> Result<(), ToolError> {
    let mut rows: Vec<(&String, &Sum)> = table.iter().collect();
    rows.sort_by(|(a, x), (b, y)| y.requests.cmp(&x.requests).then_with(|| a.cmp(b)));
    if by == By::Hour {
        rows.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
    }
    let left_out = rows.len().saturating_sub(job.options.last);
    rows.truncate(job.options.last);
    if by == By::Hour {
        rows.reverse();
    }
    if job.options.json {
        for (key, sum) in rows {
            let row = row(by, key, sum);
            writeln!(out, "{}", serde_json::to_string(&row).unwrap_or_default())?;
        }
        return Ok(());
    }
    let title = format!("{by:?}").to_lowercase();
    writeln!(
        out,
        "{title:<40} {:>9} {:>7} {:>7} {:>8} {:>9} {:>9} {:>9} {:>11}",
        "requests", "failed", "gone", "data", "p50", "p90", "p99", "longest"
    )?;
    for (key, sum) in rows {
        let row = row(by, key, sum);
        let time = |ms: Option<f64>| ms.map_or("-".to_owned(), duration_text);
        writeln!(
            out,
            "{:<40} {:>9} {:>7} {:>7} {:>8} {:>9} {:>9} {:>9} {:>11}",
            Printable(key).to_string(),
            row.requests,
            row.failed,
            row.gone,
            bytes_text(row.bytes),
            time(row.ms_p50),
            time(row.ms_p90),
            time(row.ms_p99),
            time(row.ms_max),
        )?;
    }
    if left_out > 0 {
        writeln!(out, "({left_out} more; -n shows more of them)")?;
    }
    Ok(())
}

fn row<'a>(by: By, key: &'a str, sum: &Sum) -> Row<'a> {
    let rounded = |percent| {
        let ms = sum.percentile(percent)?;
        Some((ms * 100.0).round() / 100.0)
    };
    Row {
        by,
        key,
        requests: sum.requests,
        failed: sum.failed,
        gone: sum.gone,
        bytes: sum.bytes,
        ms_p50: rounded(50),
        ms_p90: rounded(90),
        ms_p99: rounded(99),
        ms_max: (!sum.durations.is_empty()).then_some(sum.longest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_good_to_a_hundredth() {
        let mut sum = Sum::default();
        assert_eq!(sum.percentile(50), None);
        let mut entry = Entry::default();
        for ms in 1..=1000 {
            entry.milliseconds = Some(f64::from(ms));
            sum.add(&entry);
        }
        for (percent, expected) in [
            (1, 10.0),
            (50, 500.0),
            (90, 900.0),
            (99, 990.0),
            (100, 1000.0),
        ] {
            let found = sum.percentile(percent).unwrap();
            assert!(
                (found / expected - 1.0).abs() <= 0.0101,
                "{percent}: {found}"
            );
        }
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX] {
            entry.milliseconds = Some(odd);
            sum.add(&entry);
        }
        assert_eq!(sum.requests, 1005);
    }
}
