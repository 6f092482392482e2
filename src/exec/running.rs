//! Programs that run, their output, and the one loop that waits for them.

use std::io;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::Pid;

use super::captured::Captured;
use super::client::Watch;
use super::environment::Environment;
use super::errors::{ExecError, Stop};
use super::guard::GuardedRun;
use super::outcome::Status;
use super::program::Program;
use super::signals::{self, Busy};
use super::start::{self, Ends};
use super::tap::Tap;

/// How long a wait lasts while a reader is silent, and how often the client is
/// looked for.
const LOOK: Duration = Duration::from_secs(1);

/// What a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the start to the last byte.
    pub time: Option<Duration>,
    /// Without a byte on standard output, while the server waits for one.
    pub silence: Option<Duration>,
    /// From the end of the output to the end of the programs, for cleaning up.
    pub linger: Duration,
}

impl Default for Limits {
    /// No limits but five seconds for cleaning up: slow readers exist.
    fn default() -> Limits {
        Limits {
            time: None,
            silence: None,
            linger: Duration::from_secs(5),
        }
    }
}

/// A reader, perhaps with programs behind it, that runs. Dropping it ends them
/// all: SIGTERM to the whole process group, SIGKILL soon after to what is left of
/// it.
pub struct Running {
    pub(super) stages: Vec<Stage>,
    /// None once all output was read or nobody wants more.
    pub(super) output: Option<OwnedFd>,
    /// Standard error of all stages, None once all have closed it.
    pub(super) complaints: Option<OwnedFd>,
    pub(super) captured: Captured,
    pub(super) limits: Limits,
    started: Instant,
    client: Option<Box<dyn Watch + Send>>,
    pub(super) tap: Option<Tap>,
    next_look: Instant,
    pub(super) stop: Option<Stop>,
    pub(super) at_end: bool,
    pub(super) lingered: bool,
    pub(super) reaped: bool,
    _busy: Busy,
    guarded: GuardedRun,
}

pub(super) struct Stage {
    pub(super) name: String,
    pub(super) shell: bool,
    pub(super) child: Child,
    /// None while it runs, as far as anybody has looked.
    pub(super) status: Option<Status>,
}

/// What a wait has found.
#[derive(Default)]
struct Seen {
    output: bool,
    client_closed: bool,
}

impl Running {
    /// Starts the programs, each one's standard output to the next one's
    /// standard input, all in one new process group. The first one's standard
    /// input is empty.
    ///
    /// # Errors
    /// When one of them cannot be started; those before it are ended.
    pub fn start(
        programs: &[Program],
        environment: &Environment,
        limits: Limits,
    ) -> Result<Running, ExecError> {
        let now = Instant::now();
        let (complaints, stderr) = start::pipe_for_messages()?;
        let mut running = Running {
            stages: Vec::with_capacity(programs.len()),
            output: None,
            complaints: Some(complaints),
            captured: Captured::default(),
            limits,
            started: now,
            client: None,
            tap: None,
            next_look: now,
            stop: None,
            at_end: false,
            lingered: false,
            reaped: false,
            _busy: Busy::new(),
            guarded: GuardedRun::begin(),
        };
        let (last, before) = programs.split_last().ok_or(ExecError::Empty)?;
        let mut input = None;
        for program in before {
            let (read, output) = start::pipe_between()?;
            let stderr = stderr.try_clone().map_err(ExecError::Pipe)?;
            running.add_stage(
                program,
                environment,
                &Ends {
                    input,
                    output,
                    stderr,
                },
            )?;
            input = Some(read);
        }
        let (read, output) = start::pipe_to_server()?;
        running.add_stage(
            last,
            environment,
            &Ends {
                input,
                output,
                stderr,
            },
        )?;
        running.output = Some(read);
        Ok(running)
    }

    fn add_stage(
        &mut self,
        program: &Program,
        environment: &Environment,
        ends: &Ends,
    ) -> Result<(), ExecError> {
        let group = Pid::as_raw(self.group());
        let child = start::spawn(program, environment, ends, group, &self.guarded)?;
        let (name, shell) = (program.name(), program.uses_shell());
        self.stages.push(Stage {
            name,
            shell,
            child,
            status: None,
        });
        Ok(())
    }

    /// Whom to ask whether the client is still there. To be called right after
    /// the start, since what is never seen can never be missed.
    pub fn watch(&mut self, mut client: Box<dyn Watch + Send>) {
        client.client_gone();
        self.next_look = Instant::now() + LOOK;
        self.client = Some(client);
    }

    /// Where what is read may go on to without being copied.
    pub fn tap(&mut self, tap: Option<Tap>) {
        self.tap = tap;
    }

    /// The next bytes of the last stage's output, 0 at its end. `before_wait`
    /// is called when there are none yet, so that what was made of the bytes
    /// before can be sent on, and again about once a second as long as there
    /// are none.
    ///
    /// # Errors
    /// A [`Stop`] inside an [`io::Error`], after which the group is gone, or
    /// the error of `before_wait`.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        before_wait: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<usize> {
        let mut silent_since = None;
        loop {
            if let Some(stop) = self.stop {
                return Err(stop.into());
            }
            let Some(output) = &self.output else {
                return Ok(0);
            };
            let read = match &self.tap {
                Some(tap) => tap.read(output.as_fd(), &mut *buffer),
                None => rustix::io::read(output, &mut *buffer),
            };
            match read {
                Ok(0) if !buffer.is_empty() => {
                    self.at_end = true;
                    self.output = None;
                    return Ok(0);
                }
                Ok(count) if self.due_stop(None).is_none() => return Ok(count),
                Ok(_) | Err(Errno::INTR) => self.stop_if_due(None),
                Err(Errno::AGAIN) => {
                    before_wait()?;
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    self.wait_for_output(since)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether reading would have to wait for output now.
    pub fn would_wait(&self) -> bool {
        let Some(output) = &self.output else {
            return false;
        };
        let mut fds = [PollFd::new(output, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(poll(&mut fds, Some(&now)), Ok(0))
    }

    /// Waits until there is output, or something else that has to be seen to.
    fn wait_for_output(&mut self, silent_since: Instant) -> io::Result<()> {
        let next = [
            self.limits
                .time
                .and_then(|limit| self.started.checked_add(limit)),
            self.limits
                .silence
                .and_then(|limit| silent_since.checked_add(limit)),
            Some(self.next_look),
        ];
        let next = next.into_iter().flatten().min();
        let seen = self.poll(next)?;
        self.drain_complaints();
        if seen.client_closed {
            self.end_by(Stop::ClientGone);
        } else if !seen.output {
            self.stop_if_due(Some(silent_since));
        }
        Ok(())
    }

    fn poll(&self, until: Option<Instant>) -> io::Result<Seen> {
        let client = self.client.as_ref().and_then(|client| client.output());
        let watched = [
            self.output.as_ref().map(|fd| (fd.as_fd(), PollFlags::IN)),
            // Errors and hang-ups are reported unasked.
            client.map(|fd| (fd, PollFlags::empty())),
            self.complaints
                .as_ref()
                .map(|fd| (fd.as_fd(), PollFlags::IN)),
            signals::wake().map(|fd| (fd, PollFlags::IN)),
        ];
        let fds = watched.iter().flatten();
        let mut fds: Vec<_> = fds
            .map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
            .collect();
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut fds, left.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Seen::default()),
            Err(error) => return Err(error.into()),
        }
        let mut events = fds.iter().map(PollFd::revents);
        let mut of = |watched: bool| {
            watched
                .then(|| events.next())
                .flatten()
                .unwrap_or(PollFlags::empty())
        };
        let output = of(self.output.is_some());
        let client = of(client.is_some());
        Ok(Seen {
            output: !output.is_empty(),
            client_closed: client.intersects(PollFlags::ERR | PollFlags::HUP),
        })
    }

    /// What has to end the run now. With the time since when there was no
    /// output, also what only counts in silence.
    fn due_stop(&self, silent_since: Option<Instant>) -> Option<Stop> {
        if signals::told_to_end() {
            return Some(Stop::Terminated);
        }
        let time = self
            .limits
            .time
            .filter(|limit| self.started.elapsed() >= *limit);
        let silence = silent_since.zip(self.limits.silence);
        let silence = silence.filter(|(since, limit)| since.elapsed() >= *limit);
        time.map(Stop::Time)
            .or(silence.map(|(_, limit)| Stop::Silence(limit)))
    }

    pub(super) fn stop_if_due(&mut self, silent_since: Option<Instant>) {
        if let Some(stop) = self.due_stop(silent_since) {
            self.end_by(stop);
        } else if silent_since.is_some() && Instant::now() >= self.next_look {
            self.next_look = Instant::now() + LOOK;
            if self
                .client
                .as_mut()
                .is_some_and(|client| client.client_gone())
            {
                self.end_by(Stop::ClientGone);
            }
        }
    }

    fn end_by(&mut self, stop: Stop) {
        self.stop = Some(stop);
        self.kill();
    }

    /// Takes what programs wrote to standard error, but not for ever from one
    /// that never stops writing.
    pub(super) fn drain_complaints(&mut self) {
        let mut buffer = [0; 16 << 10];
        for _ in 0..64 {
            let Some(complaints) = &self.complaints else {
                return;
            };
            match rustix::io::read(complaints, &mut buffer) {
                Ok(0) => self.complaints = None,
                Ok(count) => self.captured.push(buffer.get(..count).unwrap_or_default()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.complaints = None,
            }
        }
    }
}
