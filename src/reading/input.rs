//! A running reader as the input of a stream.

use std::io;
use std::time::Instant;

use rustix::process::Pid;

use crate::exec::{Outcome, Running};
use crate::stream::Input;

/// Reads from the programs, and at the end of their output looks at how they
/// ended before anybody takes that for the end of a good stream.
pub struct ReaderInput {
    running: Option<Running>,
    outcome: Option<Outcome>,
    read: u64,
    first_byte: Option<Instant>,
}

/// What is known when nothing runs any more.
pub struct Account {
    /// How the programs ended; None when that cannot be said.
    pub outcome: Option<Outcome>,
    /// Bytes that they wrote.
    pub read: u64,
    /// When the first of them came.
    pub first_byte: Option<Instant>,
}

/// A stage has failed, which its output alone does not tell.
#[derive(Debug, thiserror::Error)]
#[error("a program of the source has failed")]
pub struct StageFailed;

impl ReaderInput {
    /// From programs that have just been started.
    pub fn new(running: Running) -> ReaderInput {
        ReaderInput {
            running: Some(running),
            outcome: None,
            read: 0,
            first_byte: None,
        }
    }

    /// Bytes read so far.
    pub fn read_so_far(&self) -> u64 {
        self.read
    }

    /// The process group of the programs, while they run.
    pub fn group(&self) -> Option<Pid> {
        self.running.as_ref().and_then(Running::group)
    }

    /// Reads as [`Input::read`] does; `before_wait` is called when that has to
    /// wait for the programs.
    ///
    /// # Errors
    /// Those of the programs and of `before_wait`.
    pub fn read_noting(
        &mut self,
        into: &mut [u8],
        before_wait: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<usize> {
        let Some(running) = &mut self.running else {
            return Ok(0);
        };
        let count = running.read(into, before_wait)?;
        if count == 0 && !into.is_empty() {
            return self.at_end();
        }
        self.first_byte.get_or_insert_with(Instant::now);
        self.read = self.read.saturating_add(count as u64);
        Ok(count)
    }

    /// Ends what still runs. How it all went.
    pub fn end(&mut self) -> Account {
        if let Some(mut running) = self.running.take() {
            running.kill();
            self.outcome = Some(running.finish());
        }
        Account {
            outcome: self.outcome.take(),
            read: self.read,
            first_byte: self.first_byte,
        }
    }

    fn at_end(&mut self) -> io::Result<usize> {
        let Some(running) = self.running.take() else {
            return Ok(0);
        };
        let outcome = running.finish();
        let stop = outcome.stop;
        let success = outcome.is_success();
        self.outcome = Some(outcome);
        match stop {
            Some(stop) => Err(stop.into()),
            None if !success => Err(io::Error::other(StageFailed)),
            None => Ok(0),
        }
    }
}

impl Input for ReaderInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.read_noting(into, &mut || Ok(()))
    }

    fn would_wait(&mut self) -> bool {
        self.running.as_ref().is_some_and(Running::would_wait)
    }
}
