//! The command line of das2_from_das1.

use std::path::PathBuf;

use crate::source::{Definition, Format};
use crate::time::{Time, parse_query};

/// Runs the reader of a das1 source and makes a das2 stream of what it writes.
///
/// Where the definition has `items`, the reader wants an interval, and gets
/// INTERVAL BEGIN END; any other gets BEGIN END PARAMS.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "das2_from_das1", version, disable_version_flag = true)]
pub struct Das1Args {
    /// Where IDL is. It is not run: coordinates must be written as numbers.
    #[arg(short = 'I', value_name = "IDL")]
    idl: Option<PathBuf>,
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: (),
    /// The definition of the source.
    #[arg(value_name = "DSDF")]
    pub(super) dsdf: PathBuf,
    /// [INTERVAL] BEGIN END [PARAMS]: seconds between records, two times, and
    /// words for the reader.
    #[arg(
        value_name = "WORDS",
        required = true,
        num_args = 1..,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    words: Vec<String>,
}

/// What a reader is asked for.
pub(super) struct Call {
    pub(super) begin: Time,
    pub(super) begin_text: String,
    pub(super) end_text: String,
    /// In the order in which das1 readers want them.
    pub(super) words: Vec<String>,
}

impl Das1Args {
    /// The words behind the definition's name.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }
}

impl Call {
    /// The words, understood as this source's.
    ///
    /// # Errors
    /// Words are missing, or are no times.
    pub(super) fn new(definition: &Definition, words: &[String]) -> Result<Call, String> {
        let interval = definition.format == Format::Das1 { interval: true };
        let times = words.get(usize::from(interval)..).unwrap_or_default();
        let [begin, end, ..] = times else {
            return Err(match interval {
                true => "INTERVAL, BEGIN and END are wanted".into(),
                false => "BEGIN and END are wanted".into(),
            });
        };
        let time = |text: &str| {
            parse_query(text, None).map_err(|error| format!("'{text}' is no time: {error}"))
        };
        let from = time(begin)?;
        if time(end)? <= from {
            return Err(format!("the range is empty: {end} is not after {begin}"));
        }
        if let Some(seconds) = words.first().filter(|_| interval)
            && !seconds.parse().is_ok_and(|s: f64| s > 0.0 && s.is_finite())
        {
            return Err(format!("INTERVAL is '{seconds}', not seconds above zero"));
        }
        Ok(Call {
            begin: from,
            begin_text: begin.clone(),
            end_text: end.clone(),
            words: words.to_vec(),
        })
    }
}
