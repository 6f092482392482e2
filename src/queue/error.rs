//! What can go wrong between this server and its queue.

use super::task::TaskError;

/// Why the queue did not do what it was asked. Requests are answered all the
/// same; the text is for the log and for people at a terminal.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no queue, by configuration.
    #[error("the work queue is off: {0}")]
    Off(&'static str),
    /// Nobody answers, or not in time.
    #[error("the work queue at {place} cannot be reached: {reason}")]
    Unreachable {
        /// Where it should be, without passwords.
        place: String,
        /// What happened.
        reason: String,
    },
    /// Somebody answers, with a refusal.
    #[error("the work queue at {place} refused: {reason}")]
    Refused {
        /// Where it is, without passwords.
        place: String,
        /// What it said.
        reason: String,
    },
    /// As many tasks wait as may wait. Nothing was queued.
    #[error(
        "the work queue is full: {waiting} tasks wait and {bound} may; start more workers, or \
         drop tasks with das2_srv_todo purge"
    )]
    Full {
        /// Tasks that wait.
        waiting: usize,
        /// Tasks that may wait.
        bound: usize,
    },
    /// A task cannot be queued.
    #[error("no task: {0}")]
    Task(#[from] TaskError),
    /// A file of the queue, under STATE_PATH, cannot be used.
    #[error("{file}: {reason}; the accounts of web server and workers have to be able to write it, and its disk needs room", file = .file.display())]
    File {
        /// The file or folder.
        file: std::path::PathBuf,
        /// What the system says.
        reason: String,
    },
}
