//! Where a password comes from: a terminal, which does not show it, or a line of
//! standard input.

use std::io::{self, BufRead, IsTerminal, Read};

use super::ToolError;

/// More than any password has, in bytes.
const LONGEST: u64 = 4096;

/// A new password: at a terminal it has to be typed twice.
pub(super) fn new_password(user: &str) -> Result<String, ToolError> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let first = typed(&format!("New password of {user}: "))?;
    match typed("Once more: ")? == first {
        true => Ok(first),
        false => Err(ToolError::Differ),
    }
}

/// The password that a user has.
pub(super) fn password(user: &str) -> Result<String, ToolError> {
    match io::stdin().is_terminal() {
        true => typed(&format!("Password of {user}: ")),
        false => line(),
    }
}

fn typed(prompt: &str) -> Result<String, ToolError> {
    rpassword::prompt_password(prompt).map_err(ToolError::Ask)
}

fn line() -> Result<String, ToolError> {
    let mut line = String::new();
    let count = io::stdin()
        .lock()
        .take(LONGEST)
        .read_line(&mut line)
        .map_err(ToolError::Ask)?;
    if count == 0 {
        let nothing = io::Error::new(io::ErrorKind::UnexpectedEof, "standard input is empty");
        return Err(ToolError::Ask(nothing));
    }
    let text = line.strip_suffix('\n').unwrap_or(&line);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
