//! Running readers, and whatever a site has put between a reader and the
//! client. The only room that starts processes.
//!
//! What comes in: one [`Program`] a stage (reader, then perhaps a reducer, then
//! perhaps a text converter), the [`Environment`] they see, and [`Limits`].
//! What goes out: the last stage's bytes by [`Running::read`], and at the end
//! an [`Outcome`], which has how every stage ended and what they complained
//! of. The one idea: all stages are one process group, one loop in one thread
//! waits for all that can happen to it (bytes, complaints, limits, a client
//! that has gone, a signal to this process), and whatever ends the wait for
//! good ends the whole group.
//!
//! Command texts are the site's and may need a shell; words of a client are
//! arguments or environment values, never text that a shell reads.

mod captured;
mod client;
mod client_pipe;
mod ending;
mod environment;
mod errors;
mod first_line;
mod guard;
mod outcome;
mod places;
mod program;
mod running;
mod shell_syntax;
mod signals;
mod start;
mod tap;

pub use captured::Captured;
pub use client::{Client, ClientConnection, Watch};
pub use client_pipe::ClientPipe;
pub use environment::Environment;
pub use errors::{ExecError, Stop};
pub use first_line::first_line;
pub use guard::{guard, start_guard};
pub use outcome::{Outcome, StageEnd, Status};
pub use places::{MOST_PLACES, Place, Refused};
pub use program::Program;
pub use running::{Limits, Running};
pub use signals::end_readers_on_signals;
pub use tap::Tap;

/// What pipes are enlarged to, in bytes: larger gained nothing, and the
/// kernel lets an ordinary user have no more.
pub const PIPE_SIZE: usize = 1 << 20;

/// Makes a pipe as large as this user may: few large moves of bytes instead of
/// many small ones are worth more than anything else done to them. A pipe that
/// cannot be enlarged, or something that is no pipe, stays as it is.
pub fn enlarge_pipe(end: impl rustix::fd::AsFd) {
    for size in [PIPE_SIZE, PIPE_SIZE / 4] {
        if rustix::pipe::fcntl_setpipe_size(&end, size).is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
