//! A source's programs, from its definition to bytes: what requests and the
//! building of blocks have in common.
//!
//! What comes in: a [`Definition`] and the words for its reader. What goes
//! out: the [`Program`]s to start, the environment they see, and an input for
//! a stream that knows at its end whether they came to a good one.

mod input;

use std::ffi::OsString;

use crate::config::Config;
use crate::exec::{Environment, ExecError, Program};
use crate::filter::Step;
use crate::source::{Command, Definition, Format};

pub use input::{Account, ReaderInput, StageFailed};

/// Variables that hold values of the request in a command's text.
pub const VARIABLE: &str = "das2_req_";

/// What the site's programs see of this one's environment.
pub fn environment(config: &Config) -> Environment {
    let own = std::env::vars_os();
    let bin = config.search_path(None);
    let lib = config.library_path(None);
    let text = |folders: Option<OsString>| folders.and_then(|text| text.into_string().ok());
    Environment::new(own, text(bin).as_deref(), text(lib).as_deref())
}

/// The reader with its arguments: `words`, that is `[INTERVAL] BEGIN END`,
/// then those of `params` unless the definition drops them; all behind the
/// path of the definition where it is a das1 source.
///
/// # Errors
/// There is none, or it cannot be run.
pub fn reader(
    config: &Config,
    definition: &Definition,
    words: impl IntoIterator<Item = String>,
    params: impl IntoIterator<Item = String>,
) -> Result<Program, ExecError> {
    let command = definition.reader.as_ref().ok_or(ExecError::Empty)?;
    let das1 = matches!(definition.format, Format::Das1 { .. });
    let mut reader = match das1 {
        true => Program::from_command(&config.das1_to_das2)?,
        false => program(command)?,
    };
    if das1 {
        reader.arg(definition.path.clone())?;
    }
    for word in words {
        reader.arg(word)?;
    }
    for word in params.into_iter().filter(|_| !definition.drop_params) {
        reader.arg(word)?;
    }
    Ok(reader)
}

/// A command as a program.
///
/// # Errors
/// It cannot be run.
pub fn program(command: &Command) -> Result<Program, ExecError> {
    let mut program = Program::from_command(&command.shell_text(VARIABLE))?;
    for value in command.request_values() {
        program.request_value(value)?;
    }
    Ok(program)
}

/// The step of ours that a command names by its bare name, with nothing in
/// it that a shell would have to read; `more` words stand behind it. An error:
/// ours, but called in a way it does not understand.
pub fn own_step(command: &Command, more: &[String]) -> Option<Result<Step, String>> {
    let text = command.shell_text(VARIABLE);
    let plain = |c: char| c.is_ascii_alphanumeric() || " \t-_.:,=+/".contains(c);
    if !text.chars().all(plain) {
        return None;
    }
    let more = more.iter().map(String::as_str);
    let words: Vec<&str> = text.split_ascii_whitespace().chain(more).collect();
    let step = Step::from_words(&words)?;
    Some(step.map_err(|reason| format!("{text}: {reason}")))
}
