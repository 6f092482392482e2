//! One program to run: from a site's command text, or one of our own.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::environment::Environment;
use super::errors::ExecError;
use super::shell_syntax;

/// What to run as one stage: the site's words or text, and after them the
/// words that a request adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    form: Form,
    appended: Vec<OsString>,
    request_values: Vec<OsString>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// A program and its first arguments.
    Direct {
        program: OsString,
        first: Vec<OsString>,
    },
    /// Text for /bin/sh.
    Shell(String),
}

impl Program {
    /// From the command text of a DSDF or a configuration: run directly where
    /// it is a program and plain words, else by `/bin/sh -c`, whatever words
    /// are appended.
    ///
    /// # Errors
    /// [`ExecError::Empty`], [`ExecError::OpenEnd`], [`ExecError::Nul`].
    pub fn from_command(text: &str) -> Result<Program, ExecError> {
        let text = text.trim();
        without_nul(OsStr::new(text))?;
        if let Some(ending) = shell_syntax::open_end(text) {
            return Err(ExecError::OpenEnd {
                command: text.into(),
                ending: ending.into(),
            });
        }
        if shell_syntax::needs_shell(text) {
            return Ok(Program::of(Form::Shell(text.into())));
        }
        let mut words = text.split_ascii_whitespace();
        let mut program = Program::direct(words.next().ok_or(ExecError::Empty)?);
        if let Form::Direct { first, .. } = &mut program.form {
            first.extend(words.map(OsString::from));
        }
        Ok(program)
    }

    /// A program by its name (sought in PATH) or path, no shell in between.
    pub fn direct(program: impl Into<OsString>) -> Program {
        Program::of(Form::Direct {
            program: program.into(),
            first: Vec::new(),
        })
    }

    fn of(form: Form) -> Program {
        Program {
            form,
            appended: Vec::new(),
            request_values: Vec::new(),
        }
    }

    /// Appends one argument, which may be a client's: no shell reads it.
    ///
    /// # Errors
    /// [`ExecError::Nul`].
    pub fn arg(&mut self, word: impl Into<OsString>) -> Result<&mut Program, ExecError> {
        let word = word.into();
        without_nul(&word)?;
        self.appended.push(word);
        Ok(self)
    }

    /// Adds a request's value that the command text refers to. The first one
    /// is `"${das2_req_1}"` in the text (with these quotes), the second
    /// `"${das2_req_2}"`, and so on: they are environment variables of the
    /// program, so that a shell never parses them.
    ///
    /// # Errors
    /// [`ExecError::Nul`].
    pub fn request_value(&mut self, value: impl Into<OsString>) -> Result<&mut Program, ExecError> {
        let value = value.into();
        without_nul(&value)?;
        self.request_values.push(value);
        Ok(self)
    }

    /// Whether it is there to be started; of what a shell is to run only the shell
    /// can say that.
    ///
    /// # Errors
    /// [`ExecError::NotFound`], [`ExecError::NotExecutable`].
    pub fn find(&self, environment: &Environment) -> Result<(), ExecError> {
        let (name, _) = self.argv();
        match environment.find(&name) {
            Some(_) => Ok(()),
            None => Err(environment.why_not_found(&name)),
        }
    }

    /// Whether a shell runs it.
    pub fn uses_shell(&self) -> bool {
        matches!(self.form, Form::Shell(_))
    }

    /// A name for logs: the program, or the first word of the shell's text.
    pub fn name(&self) -> String {
        match &self.form {
            Form::Direct { program, .. } => program.to_string_lossy().into_owned(),
            Form::Shell(text) => {
                format!(
                    "sh: {}",
                    text.split_ascii_whitespace().next().unwrap_or_default()
                )
            }
        }
    }

    /// Program and arguments as the system gets them.
    pub(super) fn argv(&self) -> (OsString, Vec<OsString>) {
        let (program, mut arguments) = match &self.form {
            Form::Direct { program, first } => (program.clone(), first.clone()),
            Form::Shell(text) => {
                let text = format!("{text} \"$@\"");
                (
                    "/bin/sh".into(),
                    vec!["-c".into(), text.into(), "reader".into()],
                )
            }
        };
        arguments.extend(self.appended.iter().cloned());
        (program, arguments)
    }

    /// Name and value of each request value.
    pub(super) fn request_variables(&self) -> impl Iterator<Item = (String, &OsStr)> {
        let values = self.request_values.iter().map(OsString::as_os_str);
        values
            .enumerate()
            .map(|(at, value)| (format!("das2_req_{}", at + 1), value))
    }
}

/// The command for the log: the site's text as it is, appended words quoted
/// where a reader of the log could mistake their ends.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Direct { program, first } => {
                write!(f, "{}", program.to_string_lossy())?;
                first
                    .iter()
                    .try_for_each(|word| write!(f, " {}", word.to_string_lossy()))?;
            }
            Form::Shell(text) => write!(f, "{text}")?,
        }
        self.appended
            .iter()
            .try_for_each(|word| write!(f, " {}", quoted(word)))?;
        self.request_variables()
            .try_for_each(|(name, value)| write!(f, " [{name}={}]", quoted(value)))
    }
}

fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/,+=%@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn without_nul(word: &OsStr) -> Result<(), ExecError> {
    match word.as_bytes().contains(&0) {
        true => Err(ExecError::Nul(word.to_string_lossy().into_owned())),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_run_directly_and_syntax_by_a_shell() {
        let mut program = Program::from_command("  reader\t-v  a ").unwrap();
        program.arg("2017 $(x)").unwrap();
        let (name, arguments) = program.argv();
        assert_eq!(name, "reader");
        assert_eq!(arguments, ["-v", "a", "2017 $(x)"]);

        let mut program = Program::from_command("cat F && echo").unwrap();
        program.arg("a b").unwrap().arg("").unwrap();
        let (name, arguments) = program.argv();
        assert_eq!(name, "/bin/sh");
        assert_eq!(
            arguments,
            ["-c", "cat F && echo \"$@\"", "reader", "a b", ""]
        );
        assert_eq!(program.to_string(), "cat F && echo 'a b' ''");
    }

    #[test]
    fn request_values_are_numbered_variables() {
        let mut program = Program::from_command("p \"${das2_req_1}\" \"${das2_req_2}\"").unwrap();
        program
            .request_value("a;b")
            .unwrap()
            .request_value("it's")
            .unwrap();
        let variables: Vec<_> = program.request_variables().collect();
        assert_eq!(variables[0], ("das2_req_1".into(), OsStr::new("a;b")));
        assert_eq!(variables[1], ("das2_req_2".into(), OsStr::new("it's")));
        assert!(
            program
                .to_string()
                .ends_with(r" [das2_req_1='a;b'] [das2_req_2='it'\''s']")
        );
    }

    #[test]
    fn what_cannot_run_is_refused() {
        assert!(matches!(
            Program::from_command(" \t"),
            Err(ExecError::Empty)
        ));
        assert!(matches!(
            Program::from_command("a\0b"),
            Err(ExecError::Nul(_))
        ));
        assert!(matches!(
            Program::from_command("a |"),
            Err(ExecError::OpenEnd { .. })
        ));
        assert!(matches!(
            Program::direct("a").arg("x\0"),
            Err(ExecError::Nul(_))
        ));
        assert!(matches!(
            Program::direct("a").request_value("x\0"),
            Err(ExecError::Nul(_))
        ));
    }
}
