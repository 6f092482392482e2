//! The lists as people look at them.

use std::collections::HashMap;
use std::time::Duration;

use crate::queue::broker::{Hold, Listed, Which};
use crate::queue::entry::Entry;
use crate::queue::error::QueueError;
use crate::queue::task::TaskError;

use super::RedisBroker;

pub(super) const TODO: &str = "das2_todo";
pub(super) const WORKING: &str = "das2_working_";
const FINISHED: &str = "das2_finished";
const FAILED: &str = "das2-queue:failed";
const ATTEMPTS: &str = "das2-queue:attempts";
const HOLDERS: &str = "das2-queue:holders";
const LEASE: &str = "das2-queue:lease:";

/// So many entries of a list are shown: das2-pyserver bounds none.
const MOST: isize = 100_000;

/// How the texts of a list are read.
type Reader = fn(&str) -> Result<Entry, TaskError>;

impl RedisBroker {
    fn texts(&mut self, list: &str) -> Result<Vec<Vec<u8>>, QueueError> {
        let mut command = redis::cmd("LRANGE");
        command.arg(list).arg(0).arg(MOST);
        self.ask(&command)
    }

    fn attempts(&mut self) -> Result<HashMap<String, u32>, QueueError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(ATTEMPTS);
        self.ask(&command)
    }

    pub(super) fn list_plain(&mut self, which: Which) -> Result<Vec<Listed>, QueueError> {
        let (list, reader): (&str, Reader) = match which {
            Which::Todo | Which::Working => (TODO, Entry::waiting),
            Which::Finished => (FINISHED, Entry::finished),
            Which::Failed => (FAILED, Entry::finished),
        };
        let attempts = self.attempts()?;
        let texts = self.texts(list)?;
        let all = texts.iter();
        Ok(all
            .map(|text| listed(text, reader, &attempts, None, Hold::Nobody))
            .collect())
    }

    pub(super) fn list_working(&mut self) -> Result<Vec<Listed>, QueueError> {
        let attempts = self.attempts()?;
        let mut command = redis::cmd("HKEYS");
        command.arg(HOLDERS);
        let leased: Vec<String> = self.ask(&command)?;
        let mut all = Vec::new();
        for worker in self.workers()? {
            let hold = match leased.contains(&worker) {
                true => self.hold(&worker)?,
                false => Hold::Unleased,
            };
            for text in self.texts(&format!("{WORKING}{worker}"))? {
                let name = Some(worker.clone());
                all.push(listed(&text, Entry::working, &attempts, name, hold));
            }
        }
        Ok(all)
    }

    fn hold(&mut self, worker: &str) -> Result<Hold, QueueError> {
        let mut command = redis::cmd("PTTL");
        command.arg(format!("{LEASE}{worker}"));
        let left: i64 = self.ask(&command)?;
        Ok(match u64::try_from(left) {
            Ok(left) => Hold::Leased(Duration::from_millis(left)),
            Err(_) => Hold::Lapsed,
        })
    }

    /// The names of all workers that have lists, this server's and others,
    /// found without holding the server up.
    pub(super) fn workers(&mut self) -> Result<Vec<String>, QueueError> {
        let mut names = Vec::new();
        let mut cursor: u64 = 0;
        loop {
            let mut command = redis::cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(format!("{WORKING}*"));
            command.arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<String>) = self.ask(&command)?;
            let workers = keys.iter().filter_map(|key| key.strip_prefix(WORKING));
            names.extend(workers.map(str::to_owned));
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

fn listed(
    text: &[u8],
    reader: Reader,
    attempts: &HashMap<String, u32>,
    worker: Option<String>,
    hold: Hold,
) -> Listed {
    let text = String::from_utf8_lossy(text);
    let entry = reader(&text).map_err(|_| text.into_owned());
    let key = entry.as_ref().ok().map(|entry| entry.task.key());
    let attempts = key.and_then(|key| attempts.get(key.as_str()).copied());
    Listed {
        entry,
        worker,
        hold,
        attempts: attempts.unwrap_or(0),
    }
}
