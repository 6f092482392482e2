//! The work queue: what is to be computed in advance, and who is at it.
//!
//! In come [`Task`]s, from requests that missed the cache and from people's
//! tools; out go [`Lease`]s to workers. The one idea: a task is leased, not
//! given away. A worker has to show signs of life ([`Broker::beat`]); when
//! they stop, the task goes back, so any process may die at any time.
//!
//! Two keepers stand behind one trait, [`Broker`]: a Redis server, shared with
//! das2-pyserver's programs in its protocol ([`redis`]), and a SQLite file
//! under STATE_PATH ([`embedded`]), for one machine. The CGI programs go
//! through [`submit_miss`], which is quick or gives up and never reaches
//! SQLite: for the embedded queue it leaves a file that workers pick up
//! ([`spool`]).

mod broker;
pub mod embedded;
mod entry;
mod error;
mod folder;
mod key;
mod miss;
pub mod redis;
mod requester;
pub mod spool;
mod task;
pub mod todo;

use crate::config::{self, Config};

pub use broker::{
    Broker, Cancelled, FINISHED_BOUND, Finish, Hold, Lease, Listed, PARKED_FOR, Rules, StillOurs,
    Submitted, WAITING_BOUND, Which, WorkerId,
};
pub use entry::{Entry, Stage};
pub use error::QueueError;
pub use key::TaskKey;
pub use miss::submit_miss;
pub use requester::Requester;
pub use task::{LevelChoice, Task, TaskError, Work, time_stamp};

/// The queue that a configuration names, for workers and tools. Redis is not
/// contacted yet. CGI programs use [`submit_miss`] instead: calling this here
/// would link SQLite into them.
///
/// # Errors
/// There is none, or the embedded one has no folder to be in.
pub fn connect(config: &Config) -> Result<Box<dyn Broker>, QueueError> {
    let rules = Rules::of(config);
    match config.work_queue_broker {
        config::Broker::None => Err(QueueError::Off(NO_BROKER)),
        config::Broker::Redis => Ok(Box::new(redis::RedisBroker::new(
            &config.work_queue_connection,
            rules,
        ))),
        config::Broker::Embedded => {
            let state = config.state_path.as_deref();
            let state = state.ok_or(QueueError::Off(NO_STATE_PATH))?;
            Ok(Box::new(embedded::EmbeddedBroker::open(state, rules)?))
        }
    }
}

/// Whether a configuration names a queue that [`connect`] can go to. Nothing is opened.
///
/// # Errors
/// [`QueueError::Off`]: there is none.
pub fn is_on(config: &Config) -> Result<(), QueueError> {
    match (config.work_queue_broker, &config.state_path) {
        (config::Broker::None, _) => Err(QueueError::Off(NO_BROKER)),
        (config::Broker::Embedded, None) => Err(QueueError::Off(NO_STATE_PATH)),
        (config::Broker::Embedded, Some(_)) | (config::Broker::Redis, _) => Ok(()),
    }
}

const NO_BROKER: &str = "WORK_QUEUE_BROKER is none";

/// What is missing for the embedded queue.
const NO_STATE_PATH: &str = "WORK_QUEUE_BROKER is embedded, and STATE_PATH is not set";
