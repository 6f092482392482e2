//! The steps that a request's data take: reader, reducer, text.

use super::data_request::{Asked, DataRequest, Form, plain_number};
use crate::access::Permitted;
use crate::cache::Block;
use crate::config::Config;
use crate::exec::{ExecError, Program};
use crate::filter::Chain;
use crate::reading;
use crate::source::{CacheLevel, Command, Definition, Format, Resolution};
use crate::time::Time;
use crate::web::Error;
use crate::web::delivery::{Plan, Stage, start_failed};

/// Make text of a das2 stream, and of a QStream, where the site names no other
/// program.
const TO_TEXT: &str = "das2_ascii";
const QDS_TO_TEXT: &str = "qds_ascii";

/// Makes a table of one.
const TO_CSV: &str = "das2_csv";

/// What to run for a request.
///
/// # Errors
/// 500 for commands that cannot be run.
pub fn plan(config: &Config, definition: &Permitted, asked: &DataRequest) -> Result<Plan, Error> {
    let mut stages = Vec::new();
    if let Some(seconds) = asked.resolution.filter(|_| !definition.requires_interval)
        && let Some(reducer) = reducer(config, definition)
    {
        stages.push(stage(definition, &reducer, &[plain_number(seconds)])?);
    }
    stages.extend(converter(config, definition, asked.form)?);
    let reader = reader(config, definition, asked)?;
    let plan = Plan::new(reader, stages);
    // QStreams know no compression.
    Ok(
        match asked.compress && definition.format != Format::QStream {
            true => plan.deflated(),
            false => plan,
        },
    )
}

/// What to run for a gap in the cache: the reader from `begin` to `end` with
/// the params of the level, and, for a level of bins, the reducer with bins
/// counted from the beginning of `block`.
///
/// # Errors
/// 500 for commands that cannot be run.
pub fn gap_plan(
    config: &Config,
    definition: &Permitted,
    level: &CacheLevel,
    block: &Block,
    begin: Time,
    end: Time,
) -> Result<Plan, Error> {
    let (begin, end) = whole_bins(level, begin, end);
    let mut stages = Vec::new();
    if let Resolution::Bin { .. } = level.resolution
        && let Some(reducer) = reducer(config, definition)
    {
        let words = [
            "-b".to_owned(),
            block.time_text(block.begin()),
            format!("{:.6}", level.resolution.seconds()),
        ];
        let stage_of = |words: &[String]| stage(definition, &reducer, words);
        let mut stage = stage_of(&words)?;
        // Sites' own reducers of QStreams take seconds alone, and count bins from a
        // zero that all blocks share.
        if stage.own.is_none() && definition.format == Format::QStream {
            stage = stage_of(words.get(2..).unwrap_or_default())?;
        }
        if stage.own.as_ref().is_some_and(|own| !own.makes_stream()) {
            return Err(Error::internal(
                "The reducer of this data source is set up wrongly",
                format!("{}: its reducer makes no das2 stream", definition.name),
            ));
        }
        stages.push(stage);
    }
    let asked = DataRequest {
        begin: gap_time(block, begin),
        end: gap_time(block, end),
        resolution: None,
        interval: None,
        params: level
            .params
            .iter()
            .flat_map(|params| params.split_whitespace().map(str::to_owned))
            .collect(),
        form: Form::Stream,
        compress: false,
    };
    Ok(Plan::new(reader(config, definition, &asked)?, stages))
}

/// The edges of a block as das2-pyserver has always given them to readers,
/// other times in full.
fn gap_time(block: &Block, time: Time) -> Asked {
    match Block::at(block.period(), time) {
        Some(at) if at.begin() == time => Asked {
            time,
            text: block.time_text(time),
        },
        _ => Asked::exact(time),
    }
}

/// A range widened to whole bins.
fn whole_bins(level: &CacheLevel, begin: Time, end: Time) -> (Time, Time) {
    (
        bin_edge(level, begin, false).unwrap_or(begin),
        bin_edge(level, end, true).unwrap_or(end),
    )
}

/// The edge of a level's bins at or next to a time, before it or, with `up`,
/// behind it. Bins are counted from the beginning of the block in which the time
/// lies, and end with it. The time itself where there are no bins; None at the
/// ends of what calendars hold.
pub fn bin_edge(level: &CacheLevel, time: Time, up: bool) -> Option<Time> {
    let bin = (level.resolution.seconds() * 1e9).round() as i128;
    if bin == 0 {
        return Some(time);
    }
    let block = Block::at(level.period, time)?;
    let after = time.ns2000() - block.begin().ns2000();
    let bins = after.div_euclid(bin) + i128::from(up && after.rem_euclid(bin) != 0);
    let edge = Time::from_ns2000(block.begin().ns2000() + bins * bin)?;
    Some(edge.min(block.end()))
}

/// What reduces the data of a source, if anything does.
pub fn reducer(config: &Config, definition: &Definition) -> Option<Command> {
    definition
        .effective_reducer(config)
        .filter(|command| !command.is_empty())
}

/// The command of the reader.
///
/// # Errors
/// 500: there is none.
pub fn reader_command(definition: &Definition) -> Result<&Command, Error> {
    definition
        .reader
        .as_ref()
        .filter(|command| !command.is_empty())
        .ok_or_else(|| {
            Error::internal(
                format!("Data source {} has no reader", definition.name),
                format!("{}: write a keyword reader", definition.path.display()),
            )
        })
}

/// The reader with its arguments: `[INTERVAL] BEGIN END [WORD ..]`, after the
/// path of the definition where it is a das1 source.
fn reader(config: &Config, definition: &Permitted, asked: &DataRequest) -> Result<Program, Error> {
    reader_command(definition)?;
    let times = [asked.begin.text.clone(), asked.end.text.clone()];
    let words = asked.interval.iter().cloned().chain(times);
    reading::reader(config, definition, words, asked.params.iter().cloned()).map_err(failed)
}

/// The step to the form that is asked for, if it takes one: the source's own
/// program, the site's, or ours.
///
/// # Errors
/// 500 for a command that cannot be run; 501 for a table of a QStream, if the
/// source names no program for it.
pub fn converter(
    config: &Config,
    definition: &Definition,
    form: Form,
) -> Result<Option<Stage>, Error> {
    let qstream = definition.format == Format::QStream;
    let (own, site, ours) = match (form, qstream) {
        (Form::Stream, _) => return Ok(None),
        (Form::Text, true) => (
            &definition.text_converter,
            &config.qds_to_utf8,
            Some(QDS_TO_TEXT),
        ),
        (Form::Text, false) => (
            &definition.text_converter,
            &config.d2s_to_utf8,
            Some(TO_TEXT),
        ),
        (Form::Csv, true) => (&definition.csv_converter, &None, None),
        (Form::Csv, false) => (
            &definition.csv_converter,
            &config.d2s_csv_converter,
            Some(TO_CSV),
        ),
    };
    let site = site.as_deref().filter(|text| !text.trim().is_empty());
    let command = own
        .clone()
        .filter(|command| !command.is_empty())
        .or_else(|| site.or(ours).map(Command::from_text));
    match command {
        Some(command) => stage(definition, &command, &[]).map(Some),
        None if form == Form::Csv => Err(Error::NotImplemented(format!(
            "Data source {} has no comma-separated values: its data are QStreams",
            definition.name
        ))),
        None => Ok(None),
    }
}

/// The chain of ours that makes what a request asks for out of a source's stream.
/// None where the site has a program of its own for that.
///
/// # Errors
/// 500 for a command that cannot be run.
pub fn own_chain(
    config: &Config,
    definition: &Definition,
    asked: &DataRequest,
) -> Result<Option<Chain>, Error> {
    let chain = match (
        converter(config, definition, asked.form)?,
        &definition.format,
    ) {
        (Some(stage), _) => stage.own,
        (None, Format::QStream) => Some(Chain::of_qstream()),
        (None, _) => Some(Chain::default()),
    };
    Ok(chain.map(|chain| match asked.compress {
        true => chain.deflated(),
        false => chain,
    }))
}

/// A step as a program, and as a filter of ours where it is one.
fn stage(definition: &Definition, command: &Command, words: &[String]) -> Result<Stage, Error> {
    let own = chain_of(definition, command, words)?;
    let mut program = reading::program(command).map_err(failed)?;
    for word in words {
        program.arg(word).map_err(failed)?;
    }
    Ok(Stage { program, own })
}

fn chain_of(
    definition: &Definition,
    command: &Command,
    more: &[String],
) -> Result<Option<Chain>, Error> {
    let wrong = |reason| Error::internal("A filter of this data source is set up wrongly", reason);
    let chain = reading::own_chain(command, more, &definition.format);
    chain.transpose().map_err(wrong)
}

fn failed(error: ExecError) -> Error {
    start_failed(&error)
}
