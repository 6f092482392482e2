//! A worker gets a task, or waits for one.

use std::time::{Duration, Instant};

use redis::{FromRedisValue, RedisError};

use super::super::broker::{Lease, WorkerId};
use super::super::entry::{Entry, Stage};
use super::super::error::QueueError;
use super::super::task::{Task, Work, time_stamp};
use super::ask::was_interrupted;
use super::{RedisBroker, lists, script};

/// How often the list is looked at where waiting for it is not possible.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How often it is looked at while all that waits is held up: a thousand such tasks cost
/// the server 7 ms.
const LOOK_AT_HELD_UP: Duration = Duration::from_millis(500);

/// What a task that has just begun has for progress in das2-pyserver.
const BEGUN: &str = "0/100";

/// What a look at the list gave.
pub(super) enum Found {
    Task(Box<Lease>),
    /// Tasks wait, but all of them for others that run.
    HeldUp,
    Nothing,
}

impl RedisBroker {
    /// One attempt to get a task. With `pause`, the lease is made to last for
    /// that time as well: the worker is going to wait.
    pub(super) fn take_now(
        &mut self,
        worker: &WorkerId,
        pause: Duration,
    ) -> Result<Found, QueueError> {
        loop {
            let holder = worker.to_string();
            let hold = self.rules.held() + pause;
            let started = time_stamp();
            let mut command = self.call_of_worker(script::TAKE, &holder, hold, &started);
            command.arg(BEGUN);
            let answer: Vec<redis::Value> = self.ask(&command)?;
            let (text, attempt) = match answer.as_slice() {
                [text, attempt] => (text, attempt),
                [_held_up] => return Ok(Found::HeldUp),
                _ => return Ok(Found::Nothing),
            };
            let text: Vec<u8> =
                FromRedisValue::from_redis_value_ref(text).map_err(|_| self.unclear())?;
            let attempt: u32 =
                FromRedisValue::from_redis_value_ref(attempt).map_err(|_| self.unclear())?;
            match lease(text, attempt, started, holder) {
                Ok(lease) => return Ok(Found::Task(Box::new(lease))),
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

    /// Waits a while, and not for a task to come: the server would give one that is held up
    /// over and over.
    pub(super) fn look_again_later(&self, pause: Duration) {
        std::thread::sleep(pause.min(LOOK_AT_HELD_UP));
    }

    /// Waits until a task comes into the worker's own list, or for `pause`.
    pub(super) fn wait_for_one(
        &mut self,
        worker: &WorkerId,
        pause: Duration,
    ) -> Result<(), QueueError> {
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

    pub(super) fn wait_out(&self, until: Instant) {
        let longest = until.saturating_duration_since(Instant::now());
        let pause = match self.next_attempt {
            Some(at) => at.saturating_duration_since(Instant::now()).min(longest),
            None => longest,
        };
        std::thread::sleep(pause);
    }
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

fn is_unknown_command(error: &RedisError) -> bool {
    error.to_string().contains("unknown command")
}
