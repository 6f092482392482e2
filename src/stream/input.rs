//! Where a stream's bytes come from.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A source of bytes that can tell whether reading would have to wait, so
/// that output is flushed exactly when the input pauses.
pub trait Input {
    /// Reads some bytes; 0 is the end. Until the next call nothing else may be put where
    /// they lie: a source may know them by their place when they are written out again.
    ///
    /// # Errors
    /// Whatever the source says.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;

    /// True when a read now would wait for the source.
    fn would_wait(&mut self) -> bool;
}

/// Bytes in memory never wait.
impl Input for &[u8] {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Read::read(self, into)
    }
    fn would_wait(&mut self) -> bool {
        false
    }
}

impl<I: Input + ?Sized> Input for &mut I {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (**self).read(into)
    }
    fn would_wait(&mut self) -> bool {
        (**self).would_wait()
    }
}

/// A file, a pipe or a socket.
pub struct FileInput {
    file: File,
}

impl FileInput {
    /// Takes over an open file or pipe. A pipe is made large: that is the
    /// greatest gain in throughput there is.
    pub fn new(file: impl Into<OwnedFd>) -> FileInput {
        let file = File::from(file.into());
        widen_pipe(&file);
        FileInput { file }
    }
}

impl Input for FileInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.read(into)
    }

    fn would_wait(&mut self) -> bool {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(poll(&mut fds, Some(&now)), Ok(0))
    }
}

/// This process' standard input.
///
/// # Errors
/// When it is closed.
pub fn stdin_input() -> io::Result<FileInput> {
    Ok(FileInput::new(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Makes a pipe hold as much as the system allows an ordinary user. That it
/// is no pipe, or that the user is over the limit, does no harm. The
/// environment variable DAS2_PIPE_SIZE sets another size in bytes; 0 leaves
/// pipes as they are.
pub fn widen_pipe(pipe: impl AsFd) {
    let wanted = std::env::var("DAS2_PIPE_SIZE").ok();
    let largest = wanted.and_then(|size| size.parse().ok()).unwrap_or(1 << 20);
    for size in [largest, largest.min(256 << 10)] {
        if size == 0 {
            break;
        }
        if rustix::pipe::fcntl_setpipe_size(&pipe, size).is_ok() {
            break;
        }
    }
}
