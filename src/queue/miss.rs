//! What a request does whose blocks are missing.

use std::sync::mpsc;
use std::time::Duration;

use crate::config::{self, Config};
use crate::log::RequestLog;

use super::NO_STATE_PATH;
use super::broker::{Broker, Rules, Submitted};
use super::error::QueueError;
use super::redis::RedisBroker;
use super::spool::Spool;
use super::task::Task;

/// The longest that a request is held up by a queue that does not answer.
pub const MISS_LIMIT: Duration = Duration::from_millis(40);

/// Queues what a request missed. Never fails the request: what goes wrong is
/// one line of the log. Takes well below a millisecond with a Redis server on
/// the same machine, and `MISS_LIMIT` when nobody answers.
///
/// A server without a queue (WORK_QUEUE_BROKER = none) opens no socket.
pub fn submit_miss(config: &Config, tasks: &[Task], log: &mut RequestLog) {
    if tasks.is_empty() || config.work_queue_broker == config::Broker::None {
        return;
    }
    match submit(config, tasks) {
        Ok(Submitted {
            queued,
            known,
            marked,
        }) => log.line(format_args!(
            "   Cache miss: {queued} tasks queued, {known} known already, {marked} put off \
             because they failed"
        )),
        Err(error) => log.line(format_args!("   Cache miss not queued: {error}")),
    }
}

fn submit(config: &Config, tasks: &[Task]) -> Result<Submitted, QueueError> {
    match config.work_queue_broker {
        config::Broker::None => Ok(Submitted::default()),
        config::Broker::Redis => submit_to_redis(config, tasks),
        config::Broker::Embedded => {
            let state = config.state_path.as_deref();
            let state = state.ok_or(QueueError::Off(NO_STATE_PATH))?;
            Spool::under(state).leave(tasks)
        }
    }
}

/// In a thread of its own: looking up a name, a TLS handshake and an answer
/// in drops each have no limit that could be set, but waiting for a thread
/// has. One that hangs ends with the process.
fn submit_to_redis(config: &Config, tasks: &[Task]) -> Result<Submitted, QueueError> {
    let mut broker =
        RedisBroker::hasty(&config.work_queue_connection, Rules::of(config), MISS_LIMIT);
    let late = broker.late();
    let tasks = tasks.to_vec();
    let (answer, answered) = mpsc::sync_channel(1);
    let started = std::thread::Builder::new().spawn(move || {
        // Nobody listens any more when it took too long.
        let _ = answer.send(broker.submit(&tasks));
    });
    match started {
        Ok(_) => answered.recv_timeout(MISS_LIMIT).unwrap_or(Err(late)),
        Err(_) => Err(late),
    }
}
