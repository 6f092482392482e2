//! The web server tells this process to end (SIGTERM at a shutdown or after
//! its own time limit, seconds before SIGKILL), or a person at a terminal does.
//! Readers are in a group of their own and get none of that: while one runs,
//! such a signal is noted here, and whoever waits for the reader or for the
//! client ends the group first.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// No reader runs: signals do what they always do.
static IDLE: AtomicBool = AtomicBool::new(true);

/// Told to end while a reader ran.
static TOLD: AtomicBool = AtomicBool::new(false);

/// How many readers run.
static BUSY: Mutex<usize> = Mutex::new(0);

/// Readable for ever after the first signal; nobody reads it.
static WAKE: OnceLock<OwnedFd> = OnceLock::new();

/// From now on SIGTERM, SIGINT and SIGHUP end the readers of this process
/// before they end the process: reads and writes of this room then give
/// [`Stop::Terminated`](super::Stop::Terminated), and the caller ends. For a
/// program that lives as long as one request, called before it starts a reader.
///
/// # Errors
/// The system's, when it has no pipe or handler left.
pub fn end_readers_on_signals() -> io::Result<()> {
    if WAKE.get().is_some() {
        return Ok(());
    }
    let (wake, signalled) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register_conditional_default(signal, &IDLE)?;
        signal_hook::flag::register(signal, &TOLD)?;
        signal_hook::low_level::pipe::register(signal, signalled.try_clone()?)?;
    }
    // A second caller at the same time would only lose its pipe.
    let _ = WAKE.set(wake);
    Ok(())
}

/// Whether this process was told to end.
pub(super) fn told_to_end() -> bool {
    TOLD.load(Ordering::SeqCst)
}

/// What to poll for reading, to wake when a signal comes.
pub(super) fn wake() -> Option<BorrowedFd<'static>> {
    WAKE.get().map(AsFd::as_fd)
}

/// Lives as long as a reader does.
#[derive(Debug)]
pub(super) struct Busy(());

impl Busy {
    pub(super) fn new() -> Busy {
        count(|readers| readers.saturating_add(1));
        Busy(())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        count(|readers| readers.saturating_sub(1));
    }
}

fn count(change: impl Fn(usize) -> usize) {
    let mut readers = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
    *readers = change(*readers);
    IDLE.store(*readers == 0, Ordering::SeqCst);
}
