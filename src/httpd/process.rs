//! A CGI program that runs, and its end.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// A program has so long from SIGTERM to its end. It gives its reader less than a
/// second; but if it is killed before it has killed one that ignores SIGTERM, nobody
/// ever does, so a machine with much else to do has to be waited for.
const AFTER_TERM: Duration = Duration::from_secs(5);

/// A program that has written its answer has so long for its log.
const AFTER_ANSWER: Duration = Duration::from_secs(5);

/// A running program. When this is dropped the program is ended: at once with
/// SIGTERM and later SIGKILL, or, after [`answered`](Running::answered), with
/// some time to end by itself.
#[derive(Debug)]
pub(super) struct Running {
    child: Option<Child>,
    /// A place among the programs that may run at once, held until the
    /// process is gone.
    place: Option<OwnedSemaphorePermit>,
    answered: bool,
}

impl Running {
    /// Starts `command` with pipes at standard input and output.
    pub(super) fn start(
        mut command: Command,
        place: OwnedSemaphorePermit,
    ) -> io::Result<(Running, ChildStdin, ChildStdout)> {
        // Its own group: Ctrl-C at the terminal is this server's, which then
        // stops its programs in an orderly way.
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let running = Running {
            child: Some(child),
            place: Some(place),
            answered: false,
        };
        match pipes {
            Some((stdin, stdout)) => Ok((running, stdin, stdout)),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// The program's answer is complete.
    pub(super) fn answered(&mut self) {
        self.answered = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            tokio::spawn(end(child, self.answered, self.place.take()));
        }
    }
}

async fn end(mut child: Child, answered: bool, place: Option<OwnedSemaphorePermit>) {
    let by_itself = answered && timeout(AFTER_ANSWER, child.wait()).await.is_ok();
    if !by_itself {
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(pid) = pid {
            // It may be gone already, which is as well. Not yet reaped, so the
            // number is still its own.
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(AFTER_TERM, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
    drop(place);
}
