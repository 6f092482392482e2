//! The queue in a Redis server, shared with das2-pyserver's programs.
//!
//! Waiting tasks are the list `das2_todo`, pushed at the left and popped at the
//! right; what a worker has is in a list `das2_working_WORKER` of its own; what
//! has ended is in `das2_finished`. That much is das2-pyserver's protocol. This
//! server adds, under names that those programs do not look at, a lease for
//! each of its workers: a key that expires unless the worker beats. Every
//! change is one script, so no process that dies leaves a task between lists.

mod ask;
mod connect;
mod lists;
mod script;
mod take;

use std::time::{Duration, Instant};

use crate::config::QueueConnection;

use super::broker::{
    Broker, Cancelled, Finish, Lease, Listed, Rules, StillOurs, Submitted, Which, WorkerId,
};
use super::entry::Stage;
use super::error::QueueError;
use super::key::TaskKey;
use super::task::{Field, Task, time_stamp};
use ask::FIRST_PAUSE;
use connect::Patience;
use take::Found;

/// What a worker or a tool can wait for.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(2),
    answer: Duration::from_secs(5),
};

/// The queue in a Redis server.
pub struct RedisBroker {
    connection: QueueConnection,
    rules: Rules,
    patience: Patience,
    open: Option<redis::Connection>,
    pause: Duration,
    next_attempt: Option<Instant>,
    /// Before Redis 6.2 there is no command to wait with.
    can_wait: bool,
}

impl RedisBroker {
    /// The queue behind this connection. Nothing is contacted yet.
    pub fn new(connection: &QueueConnection, rules: Rules) -> RedisBroker {
        RedisBroker {
            connection: connection.clone(),
            rules,
            patience: PATIENCE,
            open: None,
            pause: FIRST_PAUSE,
            next_attempt: None,
            can_wait: true,
        }
    }

    /// As [`RedisBroker::new`], for who has no time: connecting, and each
    /// answer, may take so long.
    pub fn hasty(connection: &QueueConnection, rules: Rules, limit: Duration) -> RedisBroker {
        let mut broker = RedisBroker::new(connection, rules);
        broker.patience = Patience {
            connect: limit,
            answer: limit,
        };
        broker
    }

    fn queue(&mut self, tasks: &[Task], marks_count: bool) -> Result<Submitted, QueueError> {
        if tasks.is_empty() {
            return Ok(Submitted::default());
        }
        let mut command = script::call(script::SUBMIT);
        command.arg(self.rules.waiting).arg(i32::from(marks_count));
        for task in tasks {
            command.arg(checked_text(task)?);
        }
        match self.ask::<Vec<i64>>(&command)?.as_slice() {
            [-1, waiting] => Err(self.full(*waiting)),
            [queued, known, marked] => Ok(Submitted {
                queued: count(*queued),
                known: count(*known),
                marked: count(*marked),
            }),
            _ => Err(self.unclear()),
        }
    }

    fn full(&self, waiting: i64) -> QueueError {
        QueueError::Full {
            waiting: count(waiting),
            bound: self.rules.waiting,
        }
    }

    /// Arguments that take and beat have in common.
    fn call_of_worker(&self, script: &str, holder: &str, hold: Duration, now: &str) -> redis::Cmd {
        let mut command = script::call(script);
        command
            .arg(holder)
            .arg(millis(hold))
            .arg(now)
            .arg(self.rules.attempts)
            .arg(self.rules.finished)
            .arg(millis(self.rules.parked_for));
        command
    }
}

impl Broker for RedisBroker {
    fn submit(&mut self, tasks: &[Task]) -> Result<Submitted, QueueError> {
        self.queue(tasks, true)
    }

    fn insist(&mut self, tasks: &[Task]) -> Result<Submitted, QueueError> {
        self.queue(tasks, false)
    }

    fn take(&mut self, worker: &WorkerId, wait: Duration) -> Result<Option<Lease>, QueueError> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let pause = left.min(self.rules.look_every());
            let taken = self.take_now(worker, pause);
            let waited = match taken {
                Ok(Found::Task(lease)) => return Ok(Some(*lease)),
                Ok(_) if left.is_zero() => return Ok(None),
                Ok(Found::HeldUp) => {
                    self.look_again_later(pause);
                    Ok(())
                }
                Ok(Found::Nothing) => self.wait_for_one(worker, pause),
                Err(error) => Err(error),
            };
            if let Err(error) = waited {
                self.wait_out(until);
                return Err(error);
            }
        }
    }

    fn beat(&mut self, lease: &Lease, status: &str, done: f64) -> Result<StillOurs, QueueError> {
        let running = Stage::Running {
            started: lease.started.clone(),
            status: status.to_owned(),
            progress: super::task::progress(done),
        };
        let mut command = self.call_of_worker(
            script::BEAT,
            &lease.holder,
            self.rules.held(),
            &time_stamp(),
        );
        command
            .arg(&lease.text)
            .arg(start_of(lease))
            .arg(format!("{}{running}", lease.text));
        let answer: String = self.ask(&command)?;
        self.still_ours(&answer)
    }

    fn finish(&mut self, lease: &Lease, outcome: &Finish) -> Result<StillOurs, QueueError> {
        let (word, status, code) = match outcome {
            Finish::Done { status } => ("done", status.as_str(), 0),
            Finish::Failed { reason } => ("failed", reason.as_str(), 13),
            Finish::Hopeless { reason } => ("hopeless", reason.as_str(), 13),
            Finish::PutBack => ("back", "", 13),
        };
        let stage = Stage::Ended {
            started: lease.started.clone(),
            status: status.to_owned(),
            ended: time_stamp(),
            code,
        };
        let mut command = script::call(script::FINISH);
        command
            .arg(&lease.holder)
            .arg(word)
            .arg(self.rules.attempts)
            .arg(self.rules.finished)
            .arg(millis(self.rules.parked_for))
            .arg(&lease.text)
            .arg(start_of(lease))
            .arg(format!("{}{stage}", lease.text));
        let answer: String = self.ask(&command)?;
        self.still_ours(&answer)
    }

    fn leave(&mut self, worker: &WorkerId) -> Result<(), QueueError> {
        let mut command = script::call(script::LEAVE);
        command.arg(worker.to_string());
        self.ask::<String>(&command).map(drop)
    }

    fn list(&mut self, which: Which) -> Result<Vec<Listed>, QueueError> {
        match which {
            Which::Working => self.list_working(),
            other => self.list_plain(other),
        }
    }

    fn cancel(&mut self, key: &TaskKey) -> Result<Cancelled, QueueError> {
        let mut command = script::call(script::CANCEL);
        command
            .arg(key.as_str())
            .arg(time_stamp())
            .arg(self.rules.finished);
        match self.ask::<Vec<i64>>(&command)?.as_slice() {
            [waiting, running, beyond_reach] => Ok(Cancelled {
                waiting: count(*waiting),
                running: count(*running),
                beyond_reach: count(*beyond_reach),
            }),
            _ => Err(self.unclear()),
        }
    }

    fn retry(&mut self, key: Option<&TaskKey>) -> Result<usize, QueueError> {
        let mut command = script::call(script::RETRY);
        command
            .arg(key.map_or("", TaskKey::as_str))
            .arg(self.rules.waiting);
        match self.ask::<Vec<i64>>(&command)?.as_slice() {
            [-1, waiting] => Err(self.full(*waiting)),
            [queued] => Ok(count(*queued)),
            _ => Err(self.unclear()),
        }
    }

    fn purge(&mut self, which: Which) -> Result<usize, QueueError> {
        let mut command = script::call(script::PURGE);
        match which {
            Which::Todo => command.arg("todo"),
            Which::Finished => command.arg("finished"),
            Which::Failed => command.arg("failed"),
            Which::Working => {
                command.arg("working");
                command.arg(self.workers()?)
            }
        };
        self.ask(&command)
    }

    fn mark(&mut self, key: &TaskKey, period: Duration) -> Result<(), QueueError> {
        let mut command = script::call(script::MARK);
        command.arg(millis(period).max(1)).arg(key.as_str());
        self.ask::<String>(&command).map(drop)
    }

    fn unmark(&mut self, key: &TaskKey) -> Result<(), QueueError> {
        let mut command = script::call(script::MARK);
        command.arg(0).arg(key.as_str());
        self.ask::<String>(&command).map(drop)
    }

    fn marked(&mut self, keys: &[TaskKey]) -> Result<Vec<bool>, QueueError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = script::call(script::MARKED);
        for key in keys {
            command.arg(key.as_str());
        }
        let marked: Vec<i64> = self.ask(&command)?;
        Ok(marked.iter().map(|mark| *mark == 1).collect())
    }
}

impl RedisBroker {
    fn still_ours(&self, answer: &str) -> Result<StillOurs, QueueError> {
        match answer {
            "yes" => Ok(StillOurs::Yes),
            "cancelled" => Ok(StillOurs::Cancelled),
            "taken" => Ok(StillOurs::TakenAway),
            _ => Err(self.unclear()),
        }
    }
}

/// What the running text of a lease begins with, whatever its progress.
fn start_of(lease: &Lease) -> String {
    format!("{}|{}|", lease.text, Field(&lease.started))
}

fn checked_text(task: &Task) -> Result<String, QueueError> {
    let text = task.to_text();
    Task::parse(&text)?;
    Ok(text)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 12)
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
