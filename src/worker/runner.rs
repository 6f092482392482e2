//! What the loop knows of the work, and the watch over it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Config;
use crate::queue::Task;

/// Does what tasks ask for.
pub trait Runner: Send + Sync {
    /// Works a task until it is done, has failed, or the watch says to stop:
    /// then it ends within a second or so and leaves nothing half done.
    fn run(&self, config: &Config, task: &Task, watch: &TaskWatch) -> Outcome;
}

/// How the work on a task ended. The texts are for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done; what was done.
    Done(String),
    /// It failed, and might not the next time.
    Failed(String),
    /// It cannot be done, however often it is tried.
    Hopeless(String),
    /// There is no room on the disk, which is no fault of the task.
    NoRoom(String),
    /// The watch said to stop, and it was not done.
    Stopped,
}

/// Stands between the thread that works a task and the one that holds the
/// lease on it.
#[derive(Debug, Default)]
pub struct TaskWatch {
    stop: Arc<AtomicBool>,
    told: Mutex<Told>,
}

#[derive(Debug, Default, Clone)]
struct Told {
    status: String,
    done: f64,
}

impl TaskWatch {
    /// Says what the work is at, and how much is done, 0 to 1; learns whether
    /// to go on.
    pub fn tell(&self, status: &str, done: f64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.status != status {
            status.clone_into(&mut told.status);
        }
        told.done = done;
        !self.is_stopped()
    }

    /// Whether to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// What is set when the work is to stop, for those that can be given a
    /// flag only.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// From now on the work is to stop.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What was told last.
    pub(super) fn told(&self) -> (String, f64) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        (told.status.clone(), told.done)
    }
}
