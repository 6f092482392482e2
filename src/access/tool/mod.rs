//! das2_srv_passwd: the password file, for people.
//!
//! What comes in: what is wanted, and a password from a terminal, from standard
//! input or as an argument. What goes out: the file, changed as a whole or not
//! at all. The one idea: only the lines of the one user are touched, all others
//! stay byte for byte, whatever they are.

mod ask;
pub mod lines;
mod options;
mod replace;

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::hash::{self, Form};
use super::password_file::PasswordFile;
use super::{Credentials, FileError};
pub use options::PasswdArgs;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// The user gets a password.
    Set {
        /// The user.
        user: String,
        /// The password, if it is not to be asked for.
        password: Option<String>,
        /// A file that is not there is made.
        create: bool,
    },
    /// The user's lines go.
    Delete {
        /// The user.
        user: String,
    },
    /// Whether that is the user's password.
    Verify {
        /// The user.
        user: String,
        /// The password, if it is not to be asked for.
        password: Option<String>,
    },
    /// The users, and the forms of their hashes.
    List,
}

/// Why a wish is not fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// No file is named.
    #[error("the configuration names no file; set USER_PASSWD in {path}, or give --file FILE", path = .0.display())]
    NoFile(PathBuf),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] FileError),
    /// There is none.
    #[error("{path}: there is no such file; -c makes it", path = .0.display())]
    Missing(PathBuf),
    /// It cannot be changed.
    #[error("{path}: it is as it was: {reason}", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// Nobody can log in with such a name.
    #[error("`{0}` cannot be a user: {1}")]
    Name(String, &'static str),
    /// Nobody can log in with such a password.
    #[error("this cannot be a password: {0}")]
    Password(&'static str),
    /// The two that were typed differ.
    #[error("the two passwords differ; nothing is changed")]
    Differ,
    /// None came.
    #[error("no password was read: {0}")]
    Ask(io::Error),
    /// There is no such user.
    #[error("{path}: there is no user {user}", path = .path.display())]
    NoUser {
        /// The file.
        path: PathBuf,
        /// The user.
        user: String,
    },
    /// The password is another.
    #[error("wrong password")]
    Wrong,
    /// The answer cannot be written.
    #[error("standard output: {0}")]
    Output(io::Error),
}

impl ToolError {
    /// The exit status: 3 for a password that is wrong, 1 for all else.
    pub fn exit_status(&self) -> u8 {
        match self {
            ToolError::Wrong => 3,
            _ => 1,
        }
    }
}

/// Does what is wanted with the password file at `path`; what there is to say
/// goes to `out`, warnings to standard error.
///
/// # Errors
/// All of [`ToolError`] but NoFile. The file is then as it was.
pub fn run(wish: &Wish, path: &Path, out: &mut dyn Write) -> Result<(), ToolError> {
    match wish {
        Wish::Set {
            user,
            password,
            create,
        } => {
            check_name(user)?;
            if !create && !path.exists() {
                return Err(ToolError::Missing(path.to_owned()));
            }
            let password = match password {
                Some(password) => password.clone(),
                None => ask::new_password(user)?,
            };
            let hash = new_hash(&password)?;
            let mut is_new = true;
            replace::replace(path, *create, |bytes| {
                let (bytes, had) = lines::set(bytes, user.as_bytes(), &hash);
                is_new = !had;
                Some(bytes)
            })?;
            let what = if is_new {
                "is added"
            } else {
                "has a new password"
            };
            say(
                out,
                format_args!("User {user} {what} in {}", path.display()),
            )?;
            warn_of_weak(path)
        }
        Wish::Delete { user } => {
            let changed = replace::replace(path, false, |bytes| {
                let (bytes, had) = lines::delete(bytes, user.as_bytes());
                had.then_some(bytes)
            })?;
            if !changed {
                return Err(ToolError::NoUser {
                    path: path.to_owned(),
                    user: user.clone(),
                });
            }
            say(
                out,
                format_args!("User {user} is gone from {}", path.display()),
            )
        }
        Wish::Verify { user, password } => {
            let file = PasswordFile::read(Some(path))?;
            if !file.entries().any(|entry| entry.user == user.as_bytes()) {
                return Err(ToolError::NoUser {
                    path: path.to_owned(),
                    user: user.clone(),
                });
            }
            let password = match password {
                Some(password) => password.clone(),
                None => ask::password(user)?,
            };
            match file.is_right(&Credentials::new(user, &password)) {
                true => say(out, format_args!("That is the password of {user}")),
                false => Err(ToolError::Wrong),
            }
        }
        Wish::List => list(path, out),
    }
}

fn say(out: &mut dyn Write, what: fmt::Arguments<'_>) -> Result<(), ToolError> {
    writeln!(out, "{what}").map_err(ToolError::Output)
}

/// A line for each line of a user.
fn list(path: &Path, out: &mut dyn Write) -> Result<(), ToolError> {
    let file = PasswordFile::read(Some(path))?;
    let rows: Vec<(String, String)> = file
        .entries()
        .map(|entry| {
            let form = match Form::of(entry.hash) {
                None => "no hash that is known here: nobody can log in".to_owned(),
                Some(form) if form.is_weak() => format!("{}, weak", form.name()),
                Some(form) => form.name().to_owned(),
            };
            (shown(entry.user), form)
        })
        .collect();
    let width = rows
        .iter()
        .map(|(user, _)| user.chars().count())
        .max()
        .unwrap_or(0);
    for (user, form) in &rows {
        say(out, format_args!("{user:width$}  {form}"))?;
    }
    out.flush().map_err(ToolError::Output)?;
    warn_of_weak(path)
}

/// Users whose hashes soon give their passwords away.
fn warn_of_weak(path: &Path) -> Result<(), ToolError> {
    let file = PasswordFile::read(Some(path))?;
    let weak = |hash| Form::of(hash).is_some_and(Form::is_weak);
    let users: Vec<String> = file
        .entries()
        .filter(|entry| weak(entry.hash))
        .map(|entry| shown(entry.user))
        .collect();
    if !users.is_empty() {
        let _ = writeln!(
            io::stderr(),
            "das2_srv_passwd: the passwords of {} are kept in an old form that is soon broken \
             by whoever gets hold of the file; give them new ones",
            users.join(", ")
        );
    }
    Ok(())
}

/// A name as it may be printed.
fn shown(user: &[u8]) -> String {
    let text = String::from_utf8_lossy(user);
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

fn check_name(user: &str) -> Result<(), ToolError> {
    let why = match () {
        () if user.is_empty() => "it is empty",
        () if user.len() > 255 => "it is longer than 255 bytes",
        () if user.contains(':') => "a colon ends a name",
        () if user.contains(char::is_control) => "it holds a control character",
        () if user.starts_with('#') => "it begins a comment",
        () if user.contains([',', '|']) => "groups and rules cannot name it with , or | in it",
        () if user.trim() != user => "it has blanks around it",
        () => return Ok(()),
    };
    Err(ToolError::Name(shown(user.as_bytes()), why))
}

fn new_hash(password: &str) -> Result<String, ToolError> {
    let why = match () {
        () if password.is_empty() => "it is empty",
        () if password.len() > hash::LONGEST_NEW => "it is longer than 72 bytes",
        () if password.contains(char::is_control) => "it holds a control character",
        () => match hash::make(password.as_bytes()) {
            Some(hash) => return Ok(hash),
            None => "this machine has no randomness to hash it with",
        },
    };
    Err(ToolError::Password(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_that_cannot_be() {
        for name in [
            "",
            "a:b",
            "a\nb",
            "#a",
            " a",
            "a ",
            "a,b",
            "a|b",
            "\u{1b}[31m",
        ] {
            let error = check_name(name).unwrap_err().to_string();
            assert!(!error.contains(char::is_control), "{error:?}");
        }
        assert!(check_name("jürgen m.@x-y_z #1").is_ok());
        for password in ["", "a\nb", "a\0", &"x".repeat(73)] {
            assert!(new_hash(password).is_err());
        }
        assert!(new_hash(&"x".repeat(72)).is_ok());
    }
}
