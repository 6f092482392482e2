//! Starting one program.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::fd::OwnedFd;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::environment::Environment;
use super::errors::ExecError;
use super::first_line;
use super::guard::GuardedRun;
use super::program::Program;

/// A large pipe between two programs: what to read from, what to write to.
pub(super) fn pipe_between() -> Result<(OwnedFd, OwnedFd), ExecError> {
    let (read, write) =
        pipe_with(PipeFlags::CLOEXEC).map_err(|error| ExecError::Pipe(error.into()))?;
    super::enlarge_pipe(&write);
    Ok((read, write))
}

/// The same, to be read by this process, which never gets stuck in it.
pub(super) fn pipe_to_server() -> Result<(OwnedFd, OwnedFd), ExecError> {
    let (read, write) = pipe_for_messages()?;
    super::enlarge_pipe(&write);
    Ok((read, write))
}

/// The same for standard error, where little comes: what all pipes of a user hold
/// together is limited.
pub(super) fn pipe_for_messages() -> Result<(OwnedFd, OwnedFd), ExecError> {
    let (read, write) =
        pipe_with(PipeFlags::CLOEXEC).map_err(|error| ExecError::Pipe(error.into()))?;
    fcntl_setfl(&read, OFlags::NONBLOCK).map_err(|error| ExecError::Pipe(error.into()))?;
    Ok((read, write))
}

/// What a program finds open.
pub(super) struct Ends {
    /// None: /dev/null.
    pub input: Option<OwnedFd>,
    pub output: OwnedFd,
    pub stderr: OwnedFd,
}

/// Starts a program in a process group: a new one of its own for 0.
pub(super) fn spawn(
    program: &Program,
    environment: &Environment,
    stdio: &Ends,
    group: i32,
    guarded: &GuardedRun,
) -> Result<Child, ExecError> {
    let (name, arguments) = program.argv();
    let shown = || name.to_string_lossy().into_owned();
    let path = environment
        .find(&name)
        .ok_or_else(|| environment.why_not_found(&name))?;

    let start = |mut command: Command| {
        command
            .args(&arguments)
            .env_clear()
            .envs(environment.variables());
        command
            .envs(program.request_variables())
            .envs(guarded.variable())
            .process_group(group);
        connect(&mut command, stdio)?;
        command.spawn()
    };
    // The program is given by its path: then the standard library can start it
    // without a copy of this process.
    let mut command = Command::new(&path);
    command.arg0(&name);
    let started = match start(command) {
        // A script without a first line #!: shells have always run these.
        Err(error) if is(&error, Errno::NOEXEC) => {
            let mut command = Command::new("/bin/sh");
            command.arg(&path);
            start(command)
        }
        started => started,
    };
    started.map_err(|source| {
        // The system says "no such file" of a script that is there, too.
        let interpreter = is(&source, Errno::NOENT).then(|| first_line::interpreter(&path));
        match interpreter.flatten() {
            Some(interpreter) => ExecError::Interpreter {
                program: shown(),
                interpreter,
            },
            None if is(&source, Errno::TOOBIG) => ExecError::TooLong(shown()),
            None => ExecError::Start {
                program: shown(),
                source,
            },
        }
    })
}

fn connect(command: &mut Command, stdio: &Ends) -> io::Result<()> {
    let input = stdio.input.as_ref().map(OwnedFd::try_clone).transpose()?;
    command.stdin(input.map_or_else(Stdio::null, Stdio::from));
    command.stdout(stdio.output.try_clone()?);
    command.stderr(stdio.stderr.try_clone()?);
    Ok(())
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}
