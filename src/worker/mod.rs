//! Workers: they take tasks from the queue and build blocks of the cache.
//!
//! What comes in are leases of the [queue](crate::queue), signals and the
//! site's settings; what goes out are blocks, and a word to the queue on what
//! became of each task. The one idea: for each task one thread does the work
//! and another one holds the lease, so a reader that is silent for an hour
//! keeps no heartbeat back, and a queue that hangs keeps no work back. Both
//! meet in a [`TaskWatch`].
//!
//! | file | holds |
//! |---|---|
//! | runner | what the loop knows of the work, and the watch over it |
//! | blocks | the work: blocks of a source |
//! | slot | the place for one task: takes it, beats, finishes it, waits where the disk is full |
//! | crew | all places of a process: signals, grace, new settings |
//! | journal | where log lines go |
//! | notify | what systemd is told |
//! | pid_file | the file that names a worker in the background |
//! | background | getting there |

pub mod background;
mod blocks;
mod crew;
mod journal;
mod notify;
mod options;
mod pid_file;
mod runner;
mod slot;

pub use blocks::BlockRunner;
pub use crew::{Crew, End, Event, Manner, Reload};
pub use journal::Journal;
pub use notify::Notifier;
pub use options::ArbiterArgs;
pub use pid_file::{PidFile, PidFileError};
pub use runner::{Outcome, Runner, TaskWatch};
pub use slot::SlotEnd;

#[cfg(test)]
mod tests;
