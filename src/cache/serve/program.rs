//! das2_cache_rdr and qds_cache_rdr: a range out of the cache, as programs.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::{Client, GapReader, Joiner, Served, Target, Title, serve};
use crate::cache::block::Block;
use crate::cache::folder::LevelFolder;
use crate::cache::plan::{Plan, choose_level};
use crate::cache::stamp::Standard;
use crate::exec::{ClientPipe, Stop};
use crate::source::{Definition, Resolution};
use crate::stream::{self, Dialect, Exception, Sink, Writer};
use crate::time::{Time, parse_query};

/// Reads a range of a source's cache as one stream.
///
/// Blocks that are missing leave a gap, which is told on standard error.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "das2_cache_rdr",
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct CacheReaderArgs {
    /// Seconds that are added on both sides of the range.
    #[arg(
        short = 'p',
        long = "pad",
        value_name = "SECONDS",
        default_value_t = 0.0
    )]
    pad: f64,
    /// Print the version.
    #[arg(short = 'v', short_alias = 'V', long, action = clap::ArgAction::Version)]
    version: (),
    /// The definition of the source, for its cache levels.
    #[arg(value_name = "DSDF")]
    dsdf: PathBuf,
    /// The folder of the source in the cache.
    #[arg(value_name = "CACHE_DIR")]
    folder: PathBuf,
    /// The params as the cache names their folder, such as _noparam.
    #[arg(value_name = "NORMPARAMS")]
    params: String,
    /// The first time.
    #[arg(value_name = "BEGIN")]
    begin: String,
    /// The first time that is no longer wanted.
    #[arg(value_name = "END")]
    end: String,
    /// The resolution in seconds, or the word intrinsic.
    #[arg(value_name = "RESOLUTION")]
    resolution: String,
}

/// Reads a range of a source's cache as one QStream.
///
/// The same as das2_cache_rdr, under the name that sites give it for sources with
/// qstream = 1.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "qds_cache_rdr",
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct QdsCacheReaderArgs {
    /// The arguments of das2_cache_rdr.
    #[command(flatten)]
    pub args: CacheReaderArgs,
}

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Stream(#[from] stream::Error),
}

/// Status of das2C's program for all that is wrong with the call.
const FAILED: u8 = 92;

/// Runs the program that has this name.
pub fn run(name: &str, args: &CacheReaderArgs) -> ExitCode {
    match read(name, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Stream(stream::Error::Output(error)))
            if Stop::of(&error) == Some(Stop::ClientGone) =>
        {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::from(FAILED)
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{name}: {error}");
            ExitCode::from(FAILED)
        }
    }
}

fn read(name: &str, args: &CacheReaderArgs) -> Result<(), Failure> {
    let plan = plan(args)?;
    let resolution = match plan.folder.resolution() {
        Resolution::Intrinsic => None,
        bins => Some(bins.seconds()),
    };
    let trim = |text: &str| text.strip_suffix('Z').unwrap_or(text).to_owned();
    let output = ClientPipe::stdout().map_err(stream::Error::Output)?;
    let (writer, qstream) = match plan.folder.dialect() {
        Dialect::Das2 => (Writer::new(output), false),
        Dialect::QStream(_) => (Writer::of_qstream(output), true),
    };
    let title = Title {
        qstream,
        range: format!("{} to {}", trim(&args.begin), trim(&args.end)),
        resolution,
    };
    let mut joiner = Joiner::new(title, Target::Direct(writer));
    let mut served = Served::default();
    let standard = Standard::any(Time::now());
    let result = serve(&plan, &standard, &mut joiner, &mut Untouched, &mut served);
    tell(&served);
    if let Err(error) = &result
        && !matches!(error, stream::Error::Output(_))
    {
        let text = format!("{name}: {error}");
        joiner.abort(&Exception::new(Exception::SERVER_ERROR, &text))?;
    }
    Ok(result?)
}

/// Gaps and damaged blocks, for whoever runs it.
fn tell(served: &Served) {
    for (path, reason) in &served.unusable {
        let _ = writeln!(io::stderr(), "Not used: {}: {reason}", path.display());
    }
    for (begin, end) in &served.missing {
        let text = |time: &Time| time.iso(crate::time::Style::Calendar, 0);
        let _ = writeln!(io::stderr(), "Missing: {} to {}", text(begin), text(end));
    }
}

fn plan(args: &CacheReaderArgs) -> Result<Plan, Failure> {
    let usage = Failure::Usage;
    let definition = Definition::of_file(&args.dsdf).map_err(Failure::Usage)?;
    if !args.folder.is_dir() {
        return Err(usage(format!(
            "there is no folder {}",
            args.folder.display()
        )));
    }
    let resolution = match args.resolution.as_str() {
        "intrinsic" => None,
        text => match text.parse::<f64>() {
            Ok(seconds) if seconds >= 0.0 => Some(seconds),
            _ => return Err(usage("the resolution must be seconds, or intrinsic".into())),
        },
    };
    let level = choose_level(&definition, &args.params, resolution);
    let level = level.ok_or_else(|| usage("no cache level fits params and resolution".into()))?;
    let time = |text: &str| parse_query(text, None).map_err(|error| usage(error.to_string()));
    let (begin, end) = (time(&args.begin)?, time(&args.end)?);
    if end <= begin {
        return Err(usage("the end must be later than the beginning".into()));
    }
    let pad = (args.pad * 1e9) as i64;
    let padded = |time: Time, by: i64| time.plus_nanos(by).unwrap_or(time);
    let folder = LevelFolder::of_source(&args.folder, level).holding(&definition.format);
    Ok(Plan::new(folder, padded(begin, -pad), padded(end, pad)))
}

/// Leaves gaps as they are.
struct Untouched;

impl GapReader for Untouched {
    type Error = stream::Error;

    fn read(&mut self, _: Block, _: Time, _: Time, _: &mut dyn Sink) -> stream::Result<()> {
        Ok(())
    }
}

impl Client for ClientPipe {
    fn send_file(&mut self, file: &fs::File, offset: u64, length: u64) -> io::Result<()> {
        ClientPipe::send_file(self, file, offset, length)
    }
}
