//! How runs end: of themselves, or by signals to the whole group.
//!
//! A stage that has ended is only looked at, not reaped, until the last signal
//! has been sent: as long as the first one is not reaped, its process id, which
//! is the group's, cannot become somebody else's.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid,
};

use super::outcome::{Outcome, StageEnd, Status};
use super::running::{Running, Stage};

/// How long the group has after SIGTERM before SIGKILL. With the second between
/// two looks for the client, less than two seconds after a client has gone.
const TERM_PATIENCE: Duration = Duration::from_millis(700);

/// How long a process may take to be gone after SIGKILL. One that hangs in the
/// kernel (a dead file server) is left to it.
const KILL_PATIENCE: Duration = Duration::from_millis(500);

/// The first and the longest pause between two looks at whether programs have
/// ended. Mostly they end right after their output, so the first is short.
const FIRST_TICK: Duration = Duration::from_micros(100);
const LONGEST_TICK: Duration = Duration::from_millis(20);

/// SIGPIPE, and the exit status of a shell whose last command died of it.
const SIGPIPE: i32 = 13;
const SHELLS_SIGPIPE: i32 = 128 + SIGPIPE;

impl Running {
    /// Ends all that runs: SIGTERM, and soon SIGKILL to what is left.
    /// When this returns, the whole group is gone (a process that has left it
    /// for a session of its own is beyond reach).
    pub fn kill(&mut self) {
        if self.reaped {
            return;
        }
        self.output = None;
        self.note_ended();
        self.signal(Signal::TERM);
        self.wait_for_group();
        // What is left: who ignores SIGTERM, and children that do.
        self.signal(Signal::KILL);
        self.wait_for_stages(KILL_PATIENCE);
        for stage in &mut self.stages {
            stage.status.get_or_insert(Status::Killed);
        }
        self.reap();
    }

    /// Waits for all stages to end, which they do when they have come to their
    /// end or find that nobody reads them any more, and ends those that go on for too long
    /// after their output has. How they ended, and what they wrote to standard
    /// error. Children that a stage has left behind on purpose, with its output
    /// closed, live on.
    pub fn finish(mut self) -> Outcome {
        self.output = None;
        let since = Instant::now();
        let mut tick = FIRST_TICK;
        while !self.reaped && !self.all_ended() {
            if since.elapsed() >= self.limits.linger {
                self.lingered = true;
                self.kill();
            } else {
                self.pause(&mut tick);
                self.stop_if_due(Some(Instant::now()));
            }
        }
        self.note_ended();
        self.drain_complaints();
        self.reap();
        let end = |stage: &Stage| StageEnd {
            name: stage.name.clone(),
            status: stage.status.unwrap_or(Status::Killed),
        };
        Outcome {
            stages: self.stages.iter().map(end).collect(),
            complaints: std::mem::take(&mut self.captured),
            stop: self.stop,
            lingered: self.lingered,
        }
    }

    /// The process group of all stages: its first member's process id.
    pub fn group(&self) -> Option<Pid> {
        self.stages.first().and_then(Stage::pid)
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group() {
            // Nobody left to get it: just as well.
            let _ = kill_process_group(group, signal);
        }
    }

    fn all_ended(&self) -> bool {
        self.stages.iter().all(|stage| stage.end().is_some())
    }

    /// Until all stages have ended, and their children have closed standard
    /// error: those, too, may clean up.
    fn wait_for_group(&mut self) {
        let (since, mut tick) = (Instant::now(), FIRST_TICK);
        while since.elapsed() < TERM_PATIENCE && !(self.all_ended() && self.complaints.is_none()) {
            self.pause(&mut tick);
        }
    }

    fn wait_for_stages(&mut self, patience: Duration) {
        let (since, mut tick) = (Instant::now(), FIRST_TICK);
        while since.elapsed() < patience && !self.all_ended() {
            self.pause(&mut tick);
        }
    }

    /// A short pause, a longer one at each call, cut short by complaints.
    fn pause(&mut self, tick: &mut Duration) {
        let complaints = self.complaints.iter();
        let mut fds: Vec<_> = complaints
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        if let Ok(time) = Timespec::try_from(*tick) {
            let _ = poll(&mut fds, Some(&time));
        }
        *tick = (*tick * 2).min(LONGEST_TICK);
        self.drain_complaints();
    }

    /// Notes how those stages ended that have done so by now.
    fn note_ended(&mut self) {
        let (last, at_end) = (self.stages.len().saturating_sub(1), self.at_end);
        for (at, stage) in self.stages.iter_mut().enumerate() {
            if stage.status.is_some() {
                continue;
            }
            let broken_pipe = match stage.end() {
                Some(End::Signal(SIGPIPE)) => true,
                Some(End::Exit(SHELLS_SIGPIPE)) => stage.shell,
                _ => false,
            };
            stage.status = match stage.end() {
                // Its reader, the next stage or this server, had enough.
                _ if broken_pipe && (at < last || !at_end) => Some(Status::PipeClosed),
                Some(End::Exit(0)) => Some(Status::Success),
                Some(End::Exit(status)) => Some(Status::Failed(status)),
                Some(End::Signal(signal)) => Some(Status::Signal(signal)),
                None => None,
            };
        }
    }

    fn reap(&mut self) {
        for stage in &mut self.stages {
            let _ = stage.child.try_wait();
        }
        self.reaped = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        if let Some(tap) = &self.tap {
            tap.forget();
        }
    }
}

enum End {
    Exit(i32),
    Signal(i32),
}

impl Stage {
    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// How the process ended, without reaping it; None while it runs.
    fn end(&self) -> Option<End> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status: WaitIdStatus = waitid(WaitId::Pid(self.pid()?), options).ok()??;
        let exit = status.exit_status().map(End::Exit);
        exit.or_else(|| status.terminating_signal().map(End::Signal))
    }
}
