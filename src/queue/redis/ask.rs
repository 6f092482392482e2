//! Commands to the server and its answers: connecting, trying again, and what went wrong.

use std::time::{Duration, Instant};

use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult};

use super::super::error::QueueError;
use super::{RedisBroker, connect};

/// The pauses between attempts to reach a server that is away.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often a call that was interrupted is made again.
const INTERRUPTIONS: usize = 5;

impl RedisBroker {
    /// What there is to say when no answer came in time.
    pub(in crate::queue) fn late(&self) -> QueueError {
        QueueError::Unreachable {
            place: connect::place(&self.connection),
            reason: "no answer in time".to_owned(),
        }
    }

    /// Sends a command, connecting first where that is needed, and gives the
    /// answer. An old connection may have died unseen: then once more, and again
    /// where a signal or a frozen machine broke the wait off. Each script may be called
    /// again when its answer got lost.
    pub(super) fn ask<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> Result<T, QueueError> {
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

    pub(super) fn ask_once<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> RedisResult<T> {
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

    pub(super) fn queue_error(&self, error: &RedisError) -> QueueError {
        let place = connect::place(&self.connection);
        let reason = error.to_string();
        let away = error.is_io_error() || matches!(error.code(), Some("LOADING" | "MASTERDOWN"));
        match away {
            true => QueueError::Unreachable { place, reason },
            false => QueueError::Refused { place, reason },
        }
    }

    pub(super) fn unclear(&self) -> QueueError {
        QueueError::Refused {
            place: connect::place(&self.connection),
            reason: "an answer that makes no sense".to_owned(),
        }
    }
}

/// A wait on a socket with a time limit ends so when the process was stopped
/// and goes on; the server is as it was.
pub(super) fn was_interrupted(error: &RedisError) -> bool {
    type Inner = std::sync::Arc<dyn std::error::Error + Send + Sync>;
    let inner = std::error::Error::source(error).and_then(|inner| inner.downcast_ref::<Inner>());
    let system = inner.and_then(|inner| inner.downcast_ref::<std::io::Error>());
    system.is_some_and(|system| system.kind() == std::io::ErrorKind::Interrupted)
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
