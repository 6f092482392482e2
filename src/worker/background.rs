//! Getting into the background: the program starts itself once more, in a
//! session of its own, and ends when that one says that it works.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::process::{Command, ExitCode, Stdio};

/// Starts this program again with the arguments it has and one more, and waits
/// until that one calls [`detach`], or ends: then it has said why at standard
/// error, and its exit code is this one's.
///
/// # Errors
/// It cannot be started.
pub fn start(one_more: impl AsRef<OsStr>) -> io::Result<ExitCode> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg(one_more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = [0; 1];
    let works = match child.stdout.take() {
        Some(mut out) => out.read(&mut said)? > 0,
        None => false,
    };
    if works {
        return Ok(ExitCode::SUCCESS);
    }
    let code = child
        .wait()?
        .code()
        .and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.filter(|code| *code > 0).unwrap_or(1)))
}

/// Leaves the session of whoever started this, and its folder.
///
/// # Errors
/// The system's.
pub fn enter() -> io::Result<()> {
    rustix::process::setsid()?;
    std::env::set_current_dir("/")
}

/// Says that it works, and lets go of what connects it to a terminal.
///
/// # Errors
/// The system's.
pub fn detach() -> io::Result<()> {
    let mut out = io::stdout();
    // Whoever waits for this may have been killed meanwhile.
    let _ = out.write_all(b"\n").and_then(|()| out.flush());
    let nothing = OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;
    Ok(())
}
