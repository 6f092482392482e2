//! The start of a CGI program, by the C library and without what the standard
//! library does in front of `main`.
//!
//! That reads the process's memory map, sets up a stack for a message on stack
//! overflow and looks for closed standard streams: a sixth of what starting a
//! process takes, and nothing that a CGI program needs but the two things that
//! [`run`] does. A panic that nothing catches ends the program with 101, as ever.

use std::ffi::c_int;
use std::panic::{UnwindSafe, catch_unwind};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::stdio::{stderr, stdin, stdout};

/// Makes a function the `main` of an executable that says `#![no_main]`.
#[macro_export]
macro_rules! cgi_program {
    ($serve:path) => {
        // SAFETY: of all names in the executable this one is the C library's
        // to call, once, in this form. It stands in executables only, each of
        // which has `no_main`, so there is no other function of this name. The
        // arguments are not looked at, and no panic leaves the function.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        extern "C" fn main(
            _count: std::ffi::c_int,
            _arguments: *const *const std::ffi::c_char,
        ) -> std::ffi::c_int {
            $crate::web::run($serve)
        }
    };
}

/// Calls `serve` with standard streams that are open and without SIGPIPE; what
/// comes back is the exit status.
pub fn run(serve: impl FnOnce() + UnwindSafe) -> c_int {
    let started = || {
        open_standard_streams();
        ignore_sigpipe();
        serve();
    };
    catch_unwind(started).map_or(101, |()| 0)
}

/// Where a standard stream is closed, the next file opened would take its
/// place, and get what is meant for the client.
fn open_standard_streams() {
    let mut streams = [
        PollFd::from_borrowed_fd(stdin(), PollFlags::empty()),
        PollFd::from_borrowed_fd(stdout(), PollFlags::empty()),
        PollFd::from_borrowed_fd(stderr(), PollFlags::empty()),
    ];
    let at_once = Timespec::default();
    if poll(&mut streams, Some(&at_once)).is_ok() {
        let closed = |stream: &&PollFd| stream.revents().contains(PollFlags::NVAL);
        for _ in streams.iter().filter(closed) {
            // The lowest number that is free is taken. It stays open.
            if let Ok(null) = open("/dev/null", OFlags::RDWR, Mode::empty()) {
                std::mem::forget(null);
            }
        }
    }
}

/// A client that has gone is an error of writing, which goes to the log.
/// Programs that are started get the usual meaning back from
/// [`std::process::Command`].
#[allow(unsafe_code)]
fn ignore_sigpipe() {
    // SAFETY: SIG_IGN is not a handler, so no code runs at a signal; the
    // process has one thread so far, and nobody has set anything for SIGPIPE.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}
