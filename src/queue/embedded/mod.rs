//! The queue in a SQLite file, `STATE_PATH/queue/queue.sqlite`.
//!
//! It keeps the promises of the Redis queue, for the processes of one machine:
//! every change is one transaction, a lease is a time in a column. Requests do
//! not come here: what they leave in the [`Spool`] is
//! taken in first thing by whoever uses the queue. No CGI program may
//! reach this module, or SQLite gets linked into it.

mod marks;
mod schema;
mod tasks;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::broker::{
    Broker, Cancelled, Finish, Hold, Lease, Listed, Rules, StillOurs, Submitted, Which, WorkerId,
};
use super::entry::{Entry, Stage};
use super::error::QueueError;
use super::folder::{Folder, path_without_links};
use super::key::TaskKey;
use super::spool::Spool;
use super::task::{Task, time_stamp};

/// Its name in `STATE_PATH/queue`.
const FILE: &str = "queue.sqlite";

/// How long others may be at the file. Where many are, turns are not taken in order, and a
/// busy machine makes each of them long.
const BUSY: Duration = Duration::from_secs(30);

/// How often a waiting worker looks: requests only leave files.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a worker can learn what became of the task that it lost.
const FATE_KEPT: Duration = Duration::from_secs(86_400);

/// The queue in a SQLite file.
pub struct EmbeddedBroker {
    file: PathBuf,
    base: Connection,
    spool: Spool,
    rules: Rules,
}

impl EmbeddedBroker {
    /// The queue under this STATE_PATH, made if there is none.
    ///
    /// # Errors
    /// The folder or the file cannot be made, read or written, or belongs to a
    /// later version of this server.
    pub fn open(state: &Path, rules: Rules) -> Result<EmbeddedBroker, QueueError> {
        let unusable = |reason: &dyn std::fmt::Display| QueueError::File {
            file: state.join("queue"),
            reason: reason.to_string(),
        };
        let folder = Folder::of_state(state).and_then(|state| {
            let queue = state.open_or_make("queue")?;
            queue.open_or_make("spool")?;
            queue.has_plain_file(FILE)?;
            Ok(queue)
        });
        let folder = folder.map_err(|error| unusable(&error))?;
        let file = path_without_links(state, FILE).map_err(|error| unusable(&error))?;
        let base = prepared(&folder, &file).map_err(|error| unusable(&error))?;
        let spool = Spool::under(state);
        Ok(EmbeddedBroker {
            file,
            base,
            spool,
            rules,
        })
    }

    /// Runs a change as one transaction, on a queue that has taken in the
    /// spool and put back what dead workers held.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&Transaction, &Rules) -> rusqlite::Result<T>,
    ) -> Result<T, QueueError> {
        let left = self.spool.left();
        let rules = self.rules;
        let run = |base: &mut Connection| {
            let base = base.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for task in left.tasks() {
                // One that has no room is dropped; a request will miss again.
                let _ = tasks::submit(&base, &rules, std::slice::from_ref(task), true)?;
            }
            tasks::reclaim(&base, &rules, now_ms())?;
            let result = change(&base, &rules)?;
            base.commit()?;
            Ok(result)
        };
        let result =
            run(&mut self.base).map_err(|error: rusqlite::Error| QueueError::Unreachable {
                place: self.file.display().to_string(),
                reason: error.to_string(),
            });
        if result.is_ok() {
            left.remove();
        }
        result
    }

    fn queue(&mut self, all: &[Task], marks_count: bool) -> Result<Submitted, QueueError> {
        for task in all {
            Task::parse(&task.to_text())?;
        }
        self.change(|base, rules| tasks::submit(base, rules, all, marks_count))?
            .map_err(|waiting| self.full(waiting))
    }

    fn full(&self, waiting: usize) -> QueueError {
        QueueError::Full {
            waiting,
            bound: self.rules.waiting,
        }
    }
}

/// The file with its tables.
fn prepared(folder: &Folder, file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::default() | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut base = Connection::open_with_flags(file, flags)?;
    base.busy_timeout(BUSY)?;
    // SQLite gives the files it makes beside it the same rights. Another account's
    // file: that account has seen to it.
    let _ = folder.share(FILE);
    base.pragma_update(None, "journal_mode", "WAL")?;
    base.pragma_update(None, "synchronous", "NORMAL")?;
    let change = base.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        schema::VERSION => {}
        0 => {
            change.execute_batch(schema::TABLES)?;
            change.pragma_update(None, "user_version", schema::VERSION)?;
        }
        // A later one; what its tables mean is not known here.
        _ => return Err(rusqlite::Error::InvalidQuery),
    }
    change.commit()?;
    Ok(base)
}

pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, millis)
}

pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX >> 12)
}

impl Broker for EmbeddedBroker {
    fn submit(&mut self, tasks: &[Task]) -> Result<Submitted, QueueError> {
        self.queue(tasks, true)
    }

    fn insist(&mut self, tasks: &[Task]) -> Result<Submitted, QueueError> {
        self.queue(tasks, false)
    }

    fn take(&mut self, worker: &WorkerId, wait: Duration) -> Result<Option<Lease>, QueueError> {
        let until = Instant::now() + wait;
        let holder = worker.to_string();
        loop {
            let taken = self.change(|base, rules| tasks::take(base, rules, &holder));
            let left = until.saturating_duration_since(Instant::now());
            match taken {
                Ok(None) if !left.is_zero() => std::thread::sleep(left.min(LOOK_EVERY)),
                Ok(taken) => return Ok(taken),
                Err(error) => {
                    std::thread::sleep(left.min(BUSY));
                    return Err(error);
                }
            }
        }
    }

    fn beat(&mut self, lease: &Lease, status: &str, done: f64) -> Result<StillOurs, QueueError> {
        let progress = super::task::progress(done);
        self.change(|base, rules| {
            let ours = tasks::still_ours(base, lease)?;
            if ours == StillOurs::Yes {
                base.execute(
                    "UPDATE task SET status = ?, progress = ?, held_until_ms = ? WHERE key = ?",
                    params![
                        status,
                        progress,
                        now_ms() + millis(rules.held()),
                        lease.task.key().as_str()
                    ],
                )?;
            }
            Ok(ours)
        })
    }

    fn finish(&mut self, lease: &Lease, outcome: &Finish) -> Result<StillOurs, QueueError> {
        self.change(|base, rules| {
            let ours = tasks::still_ours(base, lease)?;
            tasks::forget_fate(base, &lease.holder)?;
            if ours == StillOurs::Yes {
                tasks::finish(base, rules, lease, outcome)?;
            }
            Ok(ours)
        })
    }

    fn leave(&mut self, worker: &WorkerId) -> Result<(), QueueError> {
        let holder = worker.to_string();
        self.change(|base, _| {
            tasks::put_back(base, &holder)?;
            tasks::forget_fate(base, &holder)
        })
    }

    fn list(&mut self, which: Which) -> Result<Vec<Listed>, QueueError> {
        self.change(|base, _| match which {
            Which::Todo => tasks::list(base, "holder IS NULL ORDER BY place DESC"),
            Which::Working => tasks::list(base, "holder IS NOT NULL ORDER BY place DESC"),
            Which::Finished => list_ended(base, "SELECT text FROM finished ORDER BY id DESC"),
            Which::Failed => list_ended(base, "SELECT text FROM parked ORDER BY id DESC"),
        })
    }

    fn cancel(&mut self, key: &TaskKey) -> Result<Cancelled, QueueError> {
        self.change(|base, rules| tasks::cancel(base, rules, key))
    }

    fn retry(&mut self, key: Option<&TaskKey>) -> Result<usize, QueueError> {
        self.change(|base, rules| tasks::retry(base, rules, key))?
            .map_err(|waiting| self.full(waiting))
    }

    fn purge(&mut self, which: Which) -> Result<usize, QueueError> {
        let statement = match which {
            Which::Todo => "DELETE FROM task WHERE holder IS NULL",
            Which::Finished => "DELETE FROM finished",
            Which::Failed => "DELETE FROM parked",
            // Nobody works here without a lease.
            Which::Working => return Ok(0),
        };
        self.change(|base, _| base.execute(statement, []))
    }

    fn mark(&mut self, key: &TaskKey, period: Duration) -> Result<(), QueueError> {
        self.change(|base, _| marks::mark(base, key, period))
    }

    fn unmark(&mut self, key: &TaskKey) -> Result<(), QueueError> {
        self.change(|base, _| marks::unmark(base, key))
    }

    fn marked(&mut self, keys: &[TaskKey]) -> Result<Vec<bool>, QueueError> {
        self.change(|base, _| {
            let at = now_ms();
            keys.iter()
                .map(|key| marks::is_marked(base, key, at))
                .collect()
        })
    }
}

fn list_ended(base: &Transaction, query: &str) -> rusqlite::Result<Vec<Listed>> {
    let mut query = base.prepare(query)?;
    let texts = query.query_map([], |row| row.get::<_, String>(0))?;
    texts
        .map(|text| {
            let text = text?;
            Ok(Listed {
                entry: Entry::finished(&text).map_err(|_| text),
                worker: None,
                hold: Hold::Nobody,
                attempts: 0,
            })
        })
        .collect()
}

/// The finished text of a waiting one.
pub(super) fn ended_text(text: &str, started: &str, status: &str, code: i32) -> String {
    let stage = Stage::Ended {
        started: started.to_owned(),
        status: status.to_owned(),
        ended: time_stamp(),
        code,
    };
    format!("{text}{stage}")
}
