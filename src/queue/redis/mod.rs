//! The queue in a Redis server, shared with das2-pyserver's programs.
//!
//! Waiting tasks are the list `das2_todo`, pushed at the left and popped at the
//! right; what a worker has is in a list `das2_working_WORKER` of its own; what
//! has ended is in `das2_finished`. That much is das2-pyserver's protocol. This
//! server adds, under names that those programs do not look at, a lease for
//! each of its workers: a key that expires unless the worker beats. Every
//! change is one script, so no process that dies leaves a task between lists.

mod connect;
mod lists;
mod script;

use std::time::{Duration, Instant};

use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult};

use crate::config::QueueConnection;

use super::broker::{
    Broker, Cancelled, Finish, Lease, Listed, Rules, StillOurs, Submitted, Which, WorkerId,
};
use super::entry::{Entry, Stage};
use super::error::QueueError;
use super::key::TaskKey;
use super::task::{Field, Task, Work, time_stamp};
use connect::Patience;

/// What a worker or a tool can wait for.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(2),
    answer: Duration::from_secs(5),
};

/// The pauses between attempts to reach a server that is away.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often the list is looked at where waiting for it is not possible.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often a call that was interrupted is made again.
const INTERRUPTIONS: usize = 5;

/// What a task that has just begun has for progress in das2-pyserver.
const BEGUN: &str = "0/100";

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

    /// What there is to say when no answer came in time.
    pub(super) fn late(&self) -> QueueError {
        QueueError::Unreachable {
            place: connect::place(&self.connection),
            reason: "no answer in time".to_owned(),
        }
    }

    /// Sends a command, connecting first where that is needed, and gives the
    /// answer. An old connection may have died unseen: then once more, and again
    /// where a signal or a frozen machine broke the wait off. Each script may be called
    /// again when its answer got lost.
    fn ask<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> Result<T, QueueError> {
        let was_open = self.open.is_some();
        let mut answer = self.ask_once(command);
        if was_open && matches!(&answer, Err(error) if error.is_connection_dropped()) {
            answer = self.ask_once(command);
        }
        for _ in 0..INTERRUPTIONS {
            match &answer {
                Err(error) if was_interrupted(error) => answer = self.ask_once(command),
                _ => break,
            }
        }
        answer.map_err(|error| self.queue_error(&error))
    }

    fn ask_once<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> RedisResult<T> {
        if self.next_attempt.is_some_and(|at| Instant::now() < at) {
            return Err((ErrorKind::Io, "it was away a moment ago").into());
        }
        let answer = self.exchange(command);
        match &answer {
            Ok(_) => {
                self.pause = FIRST_PAUSE;
                self.next_attempt = None;
            }
            // What comes now may be the answer to an older command.
            Err(error) => {
                self.open = None;
                if error.is_io_error() && !was_interrupted(error) {
                    self.next_attempt = Some(Instant::now() + self.pause);
                    self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        answer
    }

    fn exchange<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> RedisResult<T> {
        if let Some(open) = &mut self.open {
            return command.query(open);
        }
        let mut open = connect::open(&self.connection, self.patience)?;
        let mut together = connect::greeting(&self.connection);
        together.add_command(command.clone());
        let (answer,): (T,) = together.query(&mut open)?;
        self.open = Some(open);
        Ok(answer)
    }

    fn queue_error(&self, error: &RedisError) -> QueueError {
        let place = connect::place(&self.connection);
        let reason = error.to_string();
        let away = error.is_io_error() || matches!(error.code(), Some("LOADING" | "MASTERDOWN"));
        match away {
            true => QueueError::Unreachable { place, reason },
            false => QueueError::Refused { place, reason },
        }
    }

    fn unclear(&self) -> QueueError {
        QueueError::Refused {
            place: connect::place(&self.connection),
            reason: "an answer that makes no sense".to_owned(),
        }
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

    /// One attempt to get a task. With `pause`, the lease is made to last for
    /// that time as well: the worker is going to wait.
    fn take_now(
        &mut self,
        worker: &WorkerId,
        pause: Duration,
    ) -> Result<Option<Lease>, QueueError> {
        loop {
            let holder = worker.to_string();
            let hold = self.rules.held() + pause;
            let started = time_stamp();
            let mut command = self.call_of_worker(script::TAKE, &holder, hold, &started);
            command.arg(BEGUN);
            let answer: Vec<redis::Value> = self.ask(&command)?;
            let [text, attempt] = answer.as_slice() else {
                return Ok(None);
            };
            let text: Vec<u8> =
                FromRedisValue::from_redis_value_ref(text).map_err(|_| self.unclear())?;
            let attempt: u32 =
                FromRedisValue::from_redis_value_ref(attempt).map_err(|_| self.unclear())?;
            match lease(text, attempt, started, holder) {
                Ok(lease) => return Ok(Some(lease)),
                Err(text) => self.refuse(worker, &text)?,
            }
        }
    }

    /// Parks what is no task.
    fn refuse(&mut self, worker: &WorkerId, text: &str) -> Result<(), QueueError> {
        let now = time_stamp();
        let task = Task {
            submitted: now.clone(),
            requester: String::new(),
            host: String::new(),
            remote: String::new(),
            remote_extra: String::new(),
            user: String::new(),
            work: Work::Other {
                category: "INVALID".to_owned(),
                arguments: vec![text.to_owned()],
            },
        };
        let reason = match Task::parse(text) {
            Ok(_) => "Not UTF-8".to_owned(),
            Err(error) => format!("No task: {error}"),
        };
        let stage = Stage::Ended {
            started: now.clone(),
            status: reason,
            ended: now,
            code: 13,
        };
        let mut command = script::call(script::REFUSE);
        command
            .arg(worker.to_string())
            .arg(Entry { task, stage }.to_text())
            .arg(self.rules.finished);
        self.ask::<String>(&command).map(drop)
    }

    /// Waits until a task comes into the worker's own list, or for `pause`.
    fn wait_for_one(&mut self, worker: &WorkerId, pause: Duration) -> Result<(), QueueError> {
        if !self.can_wait {
            std::thread::sleep(pause.min(LOOK_EVERY));
            return Ok(());
        }
        let list = format!("{}{worker}", lists::WORKING);
        let mut command = redis::cmd("BLMOVE");
        command.arg(lists::TODO).arg(&list).arg("RIGHT").arg("LEFT");
        // To the server 0 means for ever.
        command.arg(format!("{:.3}", pause.as_secs_f64().max(0.01)));
        if let Some(open) = &self.open {
            let limit = self.patience.answer + pause;
            let set = open.set_read_timeout(Some(limit));
            set.map_err(|error| self.queue_error(&error))?;
        }
        let answer = self.ask_once::<Option<Vec<u8>>>(&command);
        if let Some(open) = &self.open {
            let set = open.set_read_timeout(Some(self.patience.answer));
            set.map_err(|error| self.queue_error(&error))?;
        }
        match answer {
            // A timeout of the socket is no answer to rely on, but neither is
            // it the end: the next script looks at the list.
            Ok(_) => Ok(()),
            Err(error) if was_interrupted(&error) => Ok(()),
            Err(error) if is_unknown_command(&error) => {
                self.can_wait = false;
                Ok(())
            }
            Err(error) => Err(self.queue_error(&error)),
        }
    }

    fn wait_out(&self, until: Instant) {
        let longest = until.saturating_duration_since(Instant::now());
        let pause = match self.next_attempt {
            Some(at) => at.saturating_duration_since(Instant::now()).min(longest),
            None => longest,
        };
        std::thread::sleep(pause);
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
                Ok(None) if !left.is_zero() => self.wait_for_one(worker, pause),
                Ok(taken) => return Ok(taken),
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

/// The lease on the task that a text stands for, or the text when it stands
/// for none.
fn lease(text: Vec<u8>, attempt: u32, started: String, holder: String) -> Result<Lease, String> {
    let text = String::from_utf8(text)
        .map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())?;
    match Task::parse(&text) {
        Ok(task) => Ok(Lease {
            task,
            attempt,
            started,
            holder,
            text,
        }),
        Err(_) => Err(text),
    }
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

/// A wait on a socket with a time limit ends so when the process was stopped
/// and goes on; the server is as it was.
fn was_interrupted(error: &RedisError) -> bool {
    type Inner = std::sync::Arc<dyn std::error::Error + Send + Sync>;
    let inner = std::error::Error::source(error).and_then(|inner| inner.downcast_ref::<Inner>());
    let system = inner.and_then(|inner| inner.downcast_ref::<std::io::Error>());
    system.is_some_and(|system| system.kind() == std::io::ErrorKind::Interrupted)
}

fn is_unknown_command(error: &RedisError) -> bool {
    error.to_string().contains("unknown command")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_is_told_from_other_errors_of_the_system() {
        let error = |kind: std::io::ErrorKind| RedisError::from(std::io::Error::from(kind));
        assert!(was_interrupted(&error(std::io::ErrorKind::Interrupted)));
        assert!(!was_interrupted(&error(std::io::ErrorKind::WouldBlock)));
        assert!(!was_interrupted(&(ErrorKind::Io, "away").into()));
    }
}
