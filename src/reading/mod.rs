//! A source's programs, from its definition to bytes: what requests and the
//! building of blocks have in common.
//!
//! What comes in: a [`Definition`] and the words for its reader. What goes
//! out: the [`Program`]s to start, the environment they see, and an input for
//! a stream that knows at its end whether they came to a good one.

pub mod das1;
mod input;

use std::ffi::OsString;

use crate::config::Config;
use crate::exec::{Environment, ExecError, Program};
use crate::filter::{Chain, Filter, Step};
use crate::qstream;
use crate::source::{Command, Definition, Format};
use crate::stream::Dialect;

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

/// The kind of stream that a source's programs write.
pub fn dialect(format: &Format) -> Dialect {
    match format {
        Format::QStream => qstream::DIALECT,
        Format::Das2 | Format::Das1 { .. } => Dialect::Das2,
    }
}

/// The steps of ours that a command names by their bare names, with nothing
/// in it that a shell would have to read but `|` between them; `more` words
/// stand behind the last one. An error: ours, but called in a way it does not
/// understand, in an order that does not work, or made for the other kind of
/// stream.
pub fn own_chain(
    command: &Command,
    more: &[String],
    format: &Format,
) -> Option<Result<Chain, String>> {
    let text = command.shell_text(VARIABLE);
    let plain = |c: char| c.is_ascii_alphanumeric() || " \t-_.:,=+/|".contains(c);
    if !text.chars().all(plain) {
        return None;
    }
    let mut lines: Vec<Vec<&str>> = text
        .split('|')
        .map(|line| line.split_ascii_whitespace().collect())
        .collect();
    if let Some(last) = lines.last_mut() {
        last.extend(more.iter().map(String::as_str));
    }
    let steps = lines.iter().map(|words| {
        let step = Step::from_words(words)?;
        let step = step.map_err(|misuse| misuse.to_string());
        Some(step.and_then(|step| for_format(step, format)))
    });
    let steps: Option<Vec<_>> = steps.collect();
    let chain = steps?
        .into_iter()
        .try_fold(Chain::default(), |chain, step| match chain.makes_stream() {
            true => Ok(chain.then(step?)),
            false => Err("a program makes no stream for the one behind it".to_owned()),
        });
    Some(chain.map_err(|reason| format!("{text}: {reason}")))
}

/// A step, if it is made for the streams of this format.
fn for_format(step: Step, format: &Format) -> Result<Step, String> {
    let of_qstreams = *format == Format::QStream;
    if step.is_of_qstreams() == of_qstreams {
        return Ok(step);
    }
    let other = match &step {
        Step::Filter(Filter::QBin(_)) => "das2_bin_avgsec",
        Step::Filter(Filter::QAscii) => "das2_ascii",
        Step::Filter(Filter::Bin(_)) => "qds_bin_avgsec",
        _ => "qds_ascii",
    };
    Err(match of_qstreams {
        true => format!(
            "this is for das2 streams, for those of a source with qstream = 1 write {other}"
        ),
        false => format!("this is for QStreams, that is, sources with qstream = 1; write {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_of_own_steps() {
        let more = ["60".to_owned()];
        let count = |text: &str| {
            let own = own_chain(&Command::from_text(text), &more, &Format::Das2);
            own.map(|own| own.map(|chain| chain.filters().len()))
        };
        assert_eq!(count("das2_bin_avgsec"), Some(Ok(1)));
        assert_eq!(count("das2_psd 1584 2 | das2_bin_avgsec"), Some(Ok(2)));
        assert_eq!(count("das2_psd -d 64 3|das2_bin_avgsec -r"), Some(Ok(2)));
        for wrong in [
            // Words go behind the last one, which does not take them here.
            "das2_psd 64 2 | das2_ascii",
            "das2_psd 63 1 | das2_bin_avgsec",
            "das2_csv | das2_bin_avgsec",
            "qds_bin_avgsec",
        ] {
            assert!(matches!(count(wrong), Some(Err(_))), "{wrong}");
        }
        for foreign in [
            "site | das2_bin_avgsec",
            "das2_psd 64 2 | site",
            "das2_psd 64 2 || das2_bin_avgsec",
            "das2_psd 64 2 | das2_bin_avgsec > file",
            "das2_psd -c '1 s' 64 2 | das2_bin_avgsec",
            "/bin/das2_psd 64 2 | das2_bin_avgsec",
            "| das2_bin_avgsec",
            "",
        ] {
            assert_eq!(count(foreign), None, "{foreign}");
        }
    }
}
