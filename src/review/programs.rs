//! Programs, looked for as the server does it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use super::report::Severity;
use super::shell_words::{Needed, needed, plain_commands};
use crate::config::Config;
use crate::exec::{Environment, Program, first_line};
use crate::filter::{Misuse, Step};
use crate::reading;
use crate::source::{Command, Format};

/// What is wrong with a program, and what to do.
pub(super) type Fault = (Severity, String, String);

/// Where the server looks for programs, and what it has found.
pub(super) struct Programs<'a> {
    config: &'a Config,
    environment: Environment,
    /// Without the PATH of this account: a web server may have another one.
    without_account: Environment,
    known: Mutex<HashMap<Needed, Option<Fault>>>,
}

impl Programs<'_> {
    pub(super) fn new(config: &Config) -> Programs<'_> {
        let bin = config.search_path(None);
        let bin = bin.and_then(|folders| folders.into_string().ok());
        Programs {
            config,
            environment: reading::environment(config),
            without_account: Environment::new(Vec::new(), bin.as_deref(), None),
            known: Mutex::new(HashMap::new()),
        }
    }

    /// What is wrong with a command that the server appends words to.
    pub(super) fn faults(&self, command: &Command) -> Vec<Fault> {
        let text = command.shell_text(reading::VARIABLE);
        if let Err(error) = Program::from_command(&text) {
            return vec![(Severity::Error, error.to_string(), String::new())];
        }
        let needed = needed(text.trim());
        needed
            .iter()
            .filter_map(|needed| self.fault(needed))
            .collect()
    }

    /// The same for reducers and text converters, which may be filters of the
    /// server's own; `more` are words that stand behind it.
    pub(super) fn faults_of_filter(
        &self,
        command: &Command,
        more: &[&str],
        format: &Format,
    ) -> Vec<Fault> {
        let more: Vec<String> = more.iter().map(|word| (*word).to_owned()).collect();
        match reading::own_chain(command, &more, format) {
            Some(Ok(_)) => Vec::new(),
            Some(Err(reason)) => vec![(
                Severity::Error,
                reason,
                "see docs/filters.md for its options".to_owned(),
            )],
            None => self.faults_behind(command, &more),
        }
    }

    /// What is wrong with filters of ours that make something else than a setting is
    /// for: a table for `format=csv`, a stream otherwise; and what to write instead.
    pub(super) fn of_another_kind(
        &self,
        command: &Command,
        for_table: bool,
        format: &Format,
    ) -> Option<(&'static str, &'static str)> {
        let chain = reading::own_chain(command, &[], format)?.ok()?;
        match (for_table, chain.makes_stream()) {
            (true, true) => Some((
                "writes a stream, and clients are told that it is a table",
                "let it end in das2_csv",
            )),
            (false, false) => Some((
                "writes no stream, and clients are told that it is one",
                "name a filter; tables are for csvConverter and D2S_CSV_CONVERTER",
            )),
            _ => None,
        }
    }

    /// What is wrong with a command that a shell runs, the options of our own filters in
    /// it included; `more` are words that stand behind it.
    pub(super) fn faults_behind(&self, command: &Command, more: &[String]) -> Vec<Fault> {
        let mut faults = self.faults(command);
        let text = command.shell_text(reading::VARIABLE);
        for (mut words, is_last) in plain_commands(text.trim()) {
            if is_last {
                words.extend_from_slice(more);
            }
            let Some(Err(misuse)) = Step::from_words(&words) else {
                continue;
            };
            // As programs they may read a file, but none that the server has named.
            if (is_last || matches!(misuse, Misuse::Words(_))) && self.is_ours(&words) {
                faults.push((
                    Severity::Error,
                    format!("{}: {misuse}", words.join(" ")),
                    "see docs/filters.md for its options".to_owned(),
                ));
            }
        }
        faults
    }

    /// Whether the program that a shell finds lies beside this one.
    fn is_ours(&self, words: &[String]) -> bool {
        let folder = |path: &Path| path.parent().and_then(|folder| folder.canonicalize().ok());
        let own = std::env::current_exe().ok();
        let found = words.first().map(OsStr::new);
        let found = found.and_then(|name| self.environment.find(name));
        matches!((own, found), (Some(own), Some(found)) if folder(&own) == folder(&found))
    }

    /// The same for readers of the cache; the server's own need not be there.
    pub(super) fn faults_of_cache_reader(&self, command: &Command) -> Vec<Fault> {
        let text = command.shell_text(reading::VARIABLE);
        match text.split_ascii_whitespace().next() {
            Some("das2_cache_rdr" | "qds_cache_rdr") => Vec::new(),
            _ => self.faults(command),
        }
    }

    fn fault(&self, needed: &Needed) -> Option<Fault> {
        if let Ok(known) = self.known.lock()
            && let Some(fault) = known.get(needed)
        {
            return fault.clone();
        }
        let fault = match needed {
            Needed::Program(name) if name.contains('/') => self.of_path(name),
            Needed::Program(name) => self.of_name(name),
            Needed::Script(by, path) => of_script(by, path),
        };
        if let Ok(mut known) = self.known.lock() {
            known.insert(needed.clone(), fault.clone());
        }
        fault
    }

    fn of_path(&self, path: &str) -> Option<Fault> {
        if !path.starts_with('/') {
            return Some((
                Severity::Warning,
                format!("{path} is looked for in whatever folder the web server runs programs in"),
                "write its full path, or its name alone and its folder in BIN_PATH".to_owned(),
            ));
        }
        match not_executable(Path::new(path)) {
            Some((what, instead)) => Some((Severity::Error, format!("{path} {what}"), instead)),
            None => self.of_first_line(Path::new(path)),
        }
    }

    fn of_name(&self, name: &str) -> Option<Fault> {
        let name_os = OsStr::new(name);
        if let Some(path) = self.environment.find(name_os) {
            if self.without_account.find(name_os).is_none() {
                let what = format!("{name} is found through the PATH of this account alone");
                let instead = "add its folder to BIN_PATH: the web server's PATH may be another";
                return Some((Severity::Warning, what, instead.to_owned()));
            }
            return self.of_first_line(&path);
        }
        let places = self.config.bin_path.iter().map(|folder| folder.join(name));
        let present = places.filter(|path| path.exists()).find_map(|path| {
            let (what, instead) = not_executable(&path)?;
            Some((format!("{} {what}", path.display()), instead))
        });
        let (what, instead) = present.unwrap_or_else(|| {
            (
                format!("{name} is no program in any folder of BIN_PATH or PATH"),
                "put it there, or write its full path".to_owned(),
            )
        });
        Some((Severity::Error, what, instead))
    }

    /// What is wrong with the `#!` of a script.
    fn of_first_line(&self, path: &Path) -> Option<Fault> {
        let line = first_line(path)?;
        let shown = path.display();
        if line.ends_with(b"\r") {
            return Some((
                Severity::Error,
                format!("the first line of {shown} ends in CR LF, so its interpreter is not found"),
                "save it with the line ends of Unix".to_owned(),
            ));
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split_ascii_whitespace();
        let interpreter = words.next()?;
        let missing = match interpreter.rsplit('/').next() {
            Some("env") => {
                let program = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
                let found = self.environment.find(OsStr::new(program));
                (found.is_none()).then_some(program)
            }
            _ => (!Path::new(interpreter).exists()).then_some(interpreter),
        };
        missing.map(|program| {
            (
                Severity::Error,
                format!("the first line of {shown} wants {program}, which is not there"),
                "install it, or write another interpreter".to_owned(),
            )
        })
    }
}

fn of_script(by: &str, path: &str) -> Option<Fault> {
    let readable = fs::metadata(path).map(|_| {
        rustix::fs::access(path, rustix::fs::Access::READ_OK).map_err(std::io::Error::from)
    });
    let error = readable.flatten().err()?;
    Some((
        Severity::Error,
        format!("{path}, which {by} is to run: {error}"),
        "write the path of the script".to_owned(),
    ))
}

/// Why the system would not run the file, and what to do about it.
fn not_executable(path: &Path) -> Option<(String, String)> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            return Some((
                format!("cannot be run: {error}"),
                "write the path of the program".to_owned(),
            ));
        }
    };
    if !metadata.is_file() {
        return Some((
            "is no file".to_owned(),
            "write the path of the program".to_owned(),
        ));
    }
    let executable = metadata.permissions().mode() & 0o111 != 0
        && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    (!executable).then(|| {
        let instead = format!("run chmod +x {}", path.display());
        ("is not executable".to_owned(), instead)
    })
}
