//! A running reader as the input of a stream.

use std::io;
use std::time::Instant;

use crate::exec::{Outcome, Running};
use crate::log::RequestLog;
use crate::stream::{self, Input};

use super::ending::Ending;

/// Reads from the programs, and at the end of their output looks at how they
/// ended before anybody takes that for the end of a good stream.
pub struct ReaderInput<'a> {
    running: Option<Running>,
    outcome: Option<Outcome>,
    read: u64,
    first_byte: Option<Instant>,
    /// Is told now and then that the programs still run.
    log: &'a mut RequestLog,
}

/// A stage has failed, which its output alone does not tell.
#[derive(Debug, thiserror::Error)]
#[error("a program of the source has failed")]
pub struct StageFailed;

impl<'a> ReaderInput<'a> {
    /// From programs that have just been started.
    pub fn new(running: Running, log: &'a mut RequestLog) -> ReaderInput<'a> {
        ReaderInput {
            running: Some(running),
            outcome: None,
            read: 0,
            first_byte: None,
            log,
        }
    }

    /// The request's log.
    pub fn log(&mut self) -> &mut RequestLog {
        self.log
    }

    /// Ends what still runs. How it all went, given how passing it on went.
    pub fn end(&mut self, passed: Result<(), stream::Error>) -> Ending {
        if let Some(mut running) = self.running.take() {
            running.kill();
            self.outcome = Some(running.finish());
        }
        Ending {
            passed,
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

impl Input for ReaderInput<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(running) = &mut self.running else {
            return Ok(0);
        };
        let (log, group, read) = (&mut *self.log, running.group(), self.read);
        let mut note = || {
            let group = group.map_or(0, |group| group.as_raw_nonzero().get());
            log.still_running(format_args!("process group {group}, {read} bytes so far"));
        };
        note();
        let count = running.read(into, &mut || {
            note();
            Ok(())
        })?;
        if count == 0 && !into.is_empty() {
            return self.at_end();
        }
        self.first_byte.get_or_insert_with(Instant::now);
        self.read = self.read.saturating_add(count as u64);
        Ok(count)
    }

    fn would_wait(&mut self) -> bool {
        self.running.as_ref().is_some_and(Running::would_wait)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::exec::{Environment, Limits, Program};

    /// The log has the block's beginning while the reader still runs.
    #[test]
    fn a_long_run_is_in_the_log_before_its_end() {
        for command in ["sleep 1000", "yes"] {
            let folder = tempfile::tempdir().unwrap();
            let mut log = RequestLog::begin(Some(folder.path()), "192.0.2.7");
            log.line("Exec Cmd: x");
            let program = Program::from_command(command).unwrap();
            let path = [("PATH".into(), "/usr/bin:/bin".into())];
            let environment = Environment::new(path, None, None);
            let limits = Limits {
                silence: Some(Duration::from_millis(50)),
                ..Limits::default()
            };
            let running = Running::start(&[program], &environment, limits).unwrap();
            let group = running.group().unwrap().as_raw_nonzero();
            let mut input = ReaderInput::new(running, &mut log);
            input.log().is_taking_long();
            let read = input.read(&mut [0; 100]);
            assert_eq!(read.is_ok(), command == "yes");
            let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 2, "{text}");
            let still = format!("Still running: process group {group}, 0 bytes so far");
            assert!(lines[0].ends_with("Exec Cmd: x") && lines[1].ends_with(&still));
        }
    }
}
