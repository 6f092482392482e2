//! Ends the readers of a process that was killed.
//!
//! A killed process ends nothing, and a reader that is silent would run on until
//! it writes. So a second process waits at a pipe whose other end only the first one
//! holds: through it come the numbers of runs that begin and end, and its end is the
//! first one's death. All that belongs to a run carries its number in the
//! environment; what has not ended by then is looked for in /proc and killed. No moment is
//! left out: the number is told before anything is started, and a program
//! that is just being started holds the pipe open until it has its environment.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The variable that says to which run a program belongs: `TOKEN.NUMBER`.
const VARIABLE: &str = "DAS2_READER_RUN";

/// How often /proc is looked through for programs that others have started meanwhile.
const ROUNDS: u32 = 200;
const BETWEEN: Duration = Duration::from_millis(10);
/// So many looks one after the other that find nothing, nor anything that is just being
/// started, are the end.
const EMPTY_LOOKS: u32 = 3;

/// The guard of this process.
static GUARD: OnceLock<Guard> = OnceLock::new();

struct Guard {
    /// What tells the runs of this process from those of others.
    token: String,
    tell: OwnedFd,
}

/// Starts the guard of this process: its program once more, with this word, upon which
/// it calls [`guard`] with the one that follows.
///
/// # Errors
/// It cannot be started; readers run without it.
pub fn start_guard(word: &str) -> io::Result<()> {
    let random = RandomState::new().build_hasher().finish();
    let token = format!("{}-{random:016x}", std::process::id());
    let (read, tell) = pipe_with(PipeFlags::CLOEXEC)?;
    // A guard that hangs holds nobody up.
    fcntl_setfl(&tell, OFlags::NONBLOCK)?;
    // Nobody waits for it: it ends after this process.
    Command::new(std::env::current_exe()?)
        .args([word, &token])
        .stdin(read)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    // There is one for all threads.
    let _ = GUARD.set(Guard { token, tell });
    Ok(())
}

/// What a guard does until the process it belongs to is dead. Signals that end that
/// one are not meant for it.
///
/// # Errors
/// The system's.
pub fn guard(token: &str, input: impl Read) -> io::Result<()> {
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    kill_left_running(token, input);
    Ok(())
}

fn kill_left_running(token: &str, input: impl Read) {
    let runs = left_running(input).into_iter();
    let marks: BTreeSet<Vec<u8>> = runs.map(|run| mark(token, run).into_bytes()).collect();
    if marks.is_empty() {
        return;
    }
    let mut empty_looks = 0;
    for _ in 0..ROUNDS {
        let look = look_for(&marks);
        let is_empty = look.marked.is_empty() && !look.starting;
        empty_looks = if is_empty { empty_looks + 1 } else { 0 };
        if empty_looks == EMPTY_LOOKS {
            return;
        }
        for process in look.marked {
            // It may have ended meanwhile.
            let _ = kill_process(process, Signal::KILL);
        }
        std::thread::sleep(BETWEEN);
    }
}

/// The runs that had begun and not ended when the messages end.
fn left_running(mut input: impl Read) -> BTreeSet<i32> {
    let mut runs = BTreeSet::new();
    let mut message = [0; 4];
    while input.read_exact(&mut message).is_ok() {
        match i32::from_le_bytes(message) {
            begun if begun > 0 => runs.insert(begun),
            ended => runs.remove(&ended.saturating_neg()),
        };
    }
    runs
}

/// A look through /proc.
#[derive(Default)]
struct Look {
    /// The processes that carry a mark in their environment.
    marked: Vec<Pid>,
    /// There are some whose environment is not there yet.
    starting: bool,
}

/// Looks for processes with one of these marks. Those of others cannot be looked into,
/// and are none.
fn look_for(marks: &BTreeSet<Vec<u8>>) -> Look {
    let mut look = Look::default();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return look;
    };
    for entry in entries.flatten() {
        let Some(process) = pid_of(&entry) else {
            continue;
        };
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let environment = read("environ");
        let mut words = environment.split(|byte| *byte == 0);
        if words.any(|word| marks.contains(word)) {
            look.marked.push(process);
        } else if environment.is_empty() {
            look.starting |= read("cmdline").is_empty() && has_memory(&read("statm"));
        }
    }
    look
}

fn pid_of(entry: &std::fs::DirEntry) -> Option<Pid> {
    Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)
}

/// Whether a process has memory: what has ended has none, nor has the kernel's own.
fn has_memory(statm: &[u8]) -> bool {
    statm.first().is_some_and(|digit| *digit != b'0')
}

fn mark(token: &str, run: i32) -> String {
    format!("{VARIABLE}={token}.{run}")
}

/// One run of programs, known to the guard until it is dropped. Without a guard
/// it is nothing.
pub(super) struct GuardedRun(Option<(&'static Guard, i32)>);

impl GuardedRun {
    /// A run that is about to begin.
    pub(super) fn begin() -> GuardedRun {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Some(guard) = GUARD.get() else {
            return GuardedRun(None);
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed) % (i32::MAX as u32);
        let number = i32::try_from(number).unwrap_or(0) + 1;
        guard.tell(number);
        GuardedRun(Some((guard, number)))
    }

    /// The variable that its programs have to have.
    pub(super) fn variable(&self) -> Option<(&'static str, OsString)> {
        let (guard, number) = self.0?;
        Some((VARIABLE, format!("{}.{number}", guard.token).into()))
    }
}

impl Drop for GuardedRun {
    fn drop(&mut self) {
        if let Some((guard, number)) = self.0 {
            guard.tell(-number);
        }
    }
}

impl Guard {
    fn tell(&self, message: i32) {
        // Without a guard things go as well as they can.
        let _ = rustix::io::write(&self.tell, &message.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn what_has_not_ended_is_killed() {
        let token = format!("test-{}", std::process::id());
        let start = |run: i32| {
            let mut command = Command::new("sleep");
            command.arg("1000").env(VARIABLE, format!("{token}.{run}"));
            command.spawn().unwrap()
        };
        let (mut ended, mut left, mut other) = (start(1), start(2), start(12));
        let shows = || look_for(&BTreeSet::from([mark(&token, 2).into_bytes()])).marked;
        while shows() != [Pid::from_child(&left)] {
            std::thread::yield_now();
        }
        let messages = [1_i32, 2, -1, -77].into_iter().flat_map(i32::to_le_bytes);
        // The last one is cut off.
        let messages: Vec<u8> = messages.chain([12, 0]).collect();
        kill_left_running(&token, &messages[..]);
        assert_eq!(left.wait().unwrap().signal(), Some(9));
        for alive in [&mut ended, &mut other] {
            assert!(alive.try_wait().unwrap().is_none());
            alive.kill().unwrap();
            alive.wait().unwrap();
        }
    }
}
