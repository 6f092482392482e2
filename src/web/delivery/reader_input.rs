//! A running reader as the input of a stream.

use std::io;

use crate::exec::Running;
use crate::log::RequestLog;
use crate::reading;
use crate::stream::{self, Input};

use super::ending::Ending;

/// Reads from the programs, and tells the request's log that they run.
pub struct ReaderInput<'a> {
    programs: reading::ReaderInput,
    /// Is told now and then that the programs still run.
    log: &'a mut RequestLog,
}

impl<'a> ReaderInput<'a> {
    /// From programs that have just been started.
    pub fn new(running: Running, log: &'a mut RequestLog) -> ReaderInput<'a> {
        ReaderInput {
            programs: reading::ReaderInput::new(running),
            log,
        }
    }

    /// The request's log.
    pub fn log(&mut self) -> &mut RequestLog {
        self.log
    }

    /// Ends what still runs. How it all went, given how passing it on went.
    pub fn end(&mut self, passed: Result<(), stream::Error>) -> Ending {
        let account = self.programs.end();
        Ending {
            passed,
            outcome: account.outcome,
            read: account.read,
            first_byte: account.first_byte,
        }
    }
}

impl Input for ReaderInput<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let (log, group) = (&mut *self.log, self.programs.group());
        let Some(group) = group.map(|group| group.as_raw_nonzero()) else {
            return Ok(0);
        };
        let read = self.programs.read_so_far();
        let mut note = || {
            log.still_running(format_args!("process group {group}, {read} bytes so far"));
        };
        note();
        self.programs.read_noting(into, &mut || {
            note();
            Ok(())
        })
    }

    fn would_wait(&mut self) -> bool {
        self.programs.would_wait()
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
            // One that writes may take its time before it does.
            let silence = (command != "yes").then_some(Duration::from_millis(50));
            let limits = Limits {
                silence,
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
