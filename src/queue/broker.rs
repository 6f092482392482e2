//! What a queue promises, whatever keeps it.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use super::entry::Entry;
use super::error::QueueError;
use super::key::TaskKey;
use super::requester::host_name;
use super::task::Task;

/// How many tasks may wait.
pub const WAITING_BOUND: usize = 1000;
/// How many ended tasks are remembered, and how many parked ones.
pub const FINISHED_BOUND: usize = 1000;
/// How long a parked task is not asked for again.
pub const PARKED_FOR: Duration = Duration::from_secs(3600);

/// What a queue promises:
///
/// - a task waits, runs, or is parked, at one place at a time;
/// - it stays in the queue until a worker says what became of it: whose worker
///   dies goes back within [`Rules::lease`];
/// - equal tasks are queued and run once, and no two that have blocks in common run at
///   once;
/// - no list grows without end.
///
/// Every call may fail with [`QueueError::Unreachable`]; the next one tries
/// again, so a worker goes on calling.
pub trait Broker: Send {
    /// Queues tasks, in this order, all or none of them. A task is left out
    /// when an equal one waits or runs, when its blocks are among those of one
    /// that does, and when its blocks are marked as failing.
    ///
    /// # Errors
    /// [`QueueError::Full`] when more would wait than may.
    fn submit(&mut self, tasks: &[Task]) -> Result<Submitted, QueueError>;

    /// As [`submit`](Broker::submit), whatever is marked: for people.
    ///
    /// # Errors
    /// As for [`submit`](Broker::submit).
    fn insist(&mut self, tasks: &[Task]) -> Result<Submitted, QueueError>;

    /// The next task, to be worked by `worker`, which works none at the
    /// moment; one that has blocks in common with a task that runs is passed over.
    /// Waits for one no longer than `wait`. Tasks of dead workers are
    /// put back by this call and by [`beat`](Broker::beat).
    ///
    /// # Errors
    /// The queue cannot be reached. A pause has been made then, growing to
    /// seconds and no longer than `wait`, so that a worker may call again at
    /// once.
    fn take(&mut self, worker: &WorkerId, wait: Duration) -> Result<Option<Lease>, QueueError>;

    /// Says that the worker lives, what it does, and how much is `done`, 0 to
    /// 1. To be called every [`Rules::beat_every`] at least.
    ///
    /// # Errors
    /// The queue cannot be reached. The worker may go on: a queue that comes
    /// back empty takes the task in again.
    fn beat(&mut self, lease: &Lease, status: &str, done: f64) -> Result<StillOurs, QueueError>;

    /// Ends a lease. When the task is not ours any more, nothing is changed.
    ///
    /// # Errors
    /// The queue cannot be reached: then the task will be done once more,
    /// unless the same lease is finished by a later call.
    fn finish(&mut self, lease: &Lease, outcome: &Finish) -> Result<StillOurs, QueueError>;

    /// Forgets a worker that ends. One that does not call this is forgotten
    /// when its lease lapses.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn leave(&mut self, worker: &WorkerId) -> Result<(), QueueError>;

    /// The entries of a list, newest first.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn list(&mut self, which: Which) -> Result<Vec<Listed>, QueueError>;

    /// Takes a task out of the queue, waiting or running. Its worker learns
    /// that by its next beat.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn cancel(&mut self, key: &TaskKey) -> Result<Cancelled, QueueError>;

    /// Queues parked tasks again, this one or all, and removes their marks.
    /// Says how many.
    ///
    /// # Errors
    /// The queue cannot be reached, or is full.
    fn retry(&mut self, key: Option<&TaskKey>) -> Result<usize, QueueError>;

    /// Empties a list; of working tasks, those that nobody holds a lease on.
    /// Says how many entries went.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn purge(&mut self, which: Which) -> Result<usize, QueueError>;

    /// Marks work as failing: for so long no request queues it, nor any part
    /// of it, nor what is made of marked parts only.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn mark(&mut self, key: &TaskKey, period: Duration) -> Result<(), QueueError>;

    /// Removes the mark of this very work.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn unmark(&mut self, key: &TaskKey) -> Result<(), QueueError>;

    /// Whether each of these is marked as failing.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn marked(&mut self, keys: &[TaskKey]) -> Result<Vec<bool>, QueueError>;

    /// Whether this is marked as failing.
    ///
    /// # Errors
    /// The queue cannot be reached.
    fn is_marked(&mut self, key: &TaskKey) -> Result<bool, QueueError> {
        let marked = self.marked(std::slice::from_ref(key))?;
        Ok(marked.first().copied().unwrap_or(false))
    }
}

/// The numbers a queue goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Within this time after a worker's death its task can be taken again.
    pub lease: Duration,
    /// How often a task is tried.
    pub attempts: u32,
    /// How many tasks may wait.
    pub waiting: usize,
    /// How many ended tasks, and how many parked ones, are kept.
    pub finished: usize,
    /// How long a parked task is marked as failing.
    pub parked_for: Duration,
}

impl Rules {
    /// Those of a configuration: TASK_LEASE, TASK_ATTEMPTS.
    pub fn of(config: &crate::config::Config) -> Rules {
        Rules {
            lease: config.task_lease.max(Duration::from_millis(100)),
            attempts: config.task_attempts.max(1),
            waiting: WAITING_BOUND,
            finished: FINISHED_BOUND,
            parked_for: PARKED_FOR,
        }
    }

    /// How often a worker has to beat.
    pub fn beat_every(&self) -> Duration {
        self.lease / 5
    }

    /// How long a beat holds. With the time that somebody needs to notice,
    /// this stays within the lease.
    pub(super) fn held(&self) -> Duration {
        self.lease * 4 / 5
    }

    /// The longest that a worker may wait without looking for lapsed leases.
    pub(super) fn look_every(&self) -> Duration {
        (self.lease / 10).min(Duration::from_secs(5))
    }
}

/// One place of a worker: it works one task at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorkerId {
    host: String,
    process: u32,
    slot: u32,
    start: u32,
}

impl WorkerId {
    /// That of this process, for its place number `slot`. Another call gives
    /// another worker: a restarted process with the same number is not the
    /// one that died.
    pub fn new(slot: u32) -> WorkerId {
        WorkerId::at(&host_name(), slot)
    }

    /// As [`WorkerId::new`], on a host of this name.
    pub fn at(host: &str, slot: u32) -> WorkerId {
        let random = std::hash::RandomState::new().build_hasher().finish();
        let plain = |c: char| match c {
            c if c.is_ascii_alphanumeric() || c == '.' || c == '-' => c,
            _ => '-',
        };
        WorkerId {
            host: host.chars().take(64).map(plain).collect(),
            process: std::process::id(),
            slot,
            start: random as u32,
        }
    }

    /// The host it is on.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for WorkerId {
    /// `HOST_PROCESS_SLOT_START`, the name of its list behind `das2_working_`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WorkerId {
            host,
            process,
            slot,
            start,
        } = self;
        write!(f, "{host}_{process}_{slot}_{start:08x}")
    }
}

/// A task that a worker holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is to be done.
    pub task: Task,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it began, as tasks have times.
    pub started: String,
    /// Who holds it.
    pub(super) holder: String,
    /// The waiting text, as it was found.
    pub(super) text: String,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It is done.
    Done {
        /// What was done, for people.
        status: String,
    },
    /// This attempt failed. After the last one the task is parked.
    Failed {
        /// Why, for people.
        reason: String,
    },
    /// It cannot be done, however often it is tried: parked at once.
    Hopeless {
        /// Why, for people.
        reason: String,
    },
    /// The worker ends: it goes back and counts as not tried.
    PutBack,
}

/// Whether a task is still its worker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillOurs {
    /// It is.
    Yes,
    /// Somebody cancelled it: stop, and take the next.
    Cancelled,
    /// The lease had lapsed and the task went back: stop, somebody else has
    /// it or will have it.
    TakenAway,
}

/// What came of submitting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Submitted {
    /// Tasks that wait now and did not before.
    pub queued: usize,
    /// Tasks left out because the same work waits or runs.
    pub known: usize,
    /// Tasks left out because they are marked as failing.
    pub marked: usize,
}

/// A list of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Waiting tasks.
    Todo,
    /// Tasks that workers have.
    Working,
    /// Ended tasks, whatever became of them.
    Finished,
    /// Tasks parked because they failed.
    Failed,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry, or its text when that is none.
    pub entry: Result<Entry, String>,
    /// The worker that has it.
    pub worker: Option<String>,
    /// How well it has it.
    pub hold: Hold,
    /// How often it was begun, as far as that is known.
    pub attempts: u32,
}

/// How well a worker has a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// No worker has it.
    Nobody,
    /// By a lease, which holds that long.
    Leased(Duration),
    /// By a lease that has lapsed: it goes back any moment.
    Lapsed,
    /// Without any lease: by a worker of das2-pyserver, which gives no sign
    /// of life. It is left alone until somebody purges it.
    Unleased,
}

/// What was taken out of the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// Waiting tasks.
    pub waiting: usize,
    /// Running tasks.
    pub running: usize,
    /// Equal tasks that a worker of das2-pyserver runs: those cannot be
    /// stopped from here.
    pub beyond_reach: usize,
}
