//! das2_prtime: prints times in ISO form, or as numbers of a unit of time.

use clap::{ArgAction, Parser};
use das2_server::time::{Style, Time, TimeUnit, leap, parse_query};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints times in ISO form, one a line, or as numbers of a unit of time.
///
/// A TIME is anything that das2 programs and the server accept, such as
/// 2017-001T12:30, "Mar 1, 1979", 20170301T1230, 2017-03-01T12:30+01:00 or now.
#[derive(Parser)]
#[command(
    name = "das2_prtime",
    version,
    disable_version_flag = true,
    after_help = "Exit status: 0, or 2 when an option is wrong or a TIME cannot be read (the others are printed)."
)]
struct Options {
    /// Print numbers of this unit: us2000, t1970, mj1958, TT2000, "days since 2010-01-01" ...
    #[arg(short, long, value_name = "UNIT", value_parser = unit)]
    units: Option<TimeUnit>,

    /// Print the day of the year: yyyy-dddThh:mm:ss
    #[arg(short, long, conflicts_with = "units")]
    ordinal: bool,

    /// Print so many digits of a second, 0 to 9 [default: 0, 3, 6 or 9, as the time needs]
    #[arg(short, long, value_name = "N", conflicts_with = "units", value_parser = clap::value_parser!(u8).range(0..=9))]
    digits: Option<u8>,

    /// Print the version
    #[arg(short = 'v', long, action = ArgAction::Version)]
    version: Option<bool>,

    /// Times; one with blanks in quotation marks
    #[arg(value_name = "TIME", required = true)]
    times: Vec<OsString>,
}

fn unit(name: &str) -> Result<TimeUnit, &'static str> {
    TimeUnit::parse(name).ok_or("not a unit of time; write us2000, t1970, TT2000 or the like")
}

fn main() -> ExitCode {
    match print(&Options::parse()) {
        Ok(status) => status,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("das2_prtime: standard output: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print(options: &Options) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let mut status = ExitCode::SUCCESS;
    let now = Time::now();
    for text in &options.times {
        match parse_query(&text.to_string_lossy(), Some(now)) {
            Ok(time) => writeln!(out, "{}", shown(options, time))?,
            Err(error) => {
                eprintln!("das2_prtime: {error}");
                status = ExitCode::from(2);
            }
        }
    }
    if options
        .units
        .as_ref()
        .is_some_and(|unit| unit.linear().is_none())
        && let Some(problem) = leap::problem()
    {
        eprintln!("das2_prtime: {problem}; using the built-in table");
    }
    Ok(status)
}

fn shown(options: &Options, time: Time) -> String {
    let style = match options.ordinal {
        true => Style::Ordinal,
        false => Style::Calendar,
    };
    match &options.units {
        None => time
            .iso(style, options.digits.unwrap_or(digits_needed(time)))
            .to_string(),
        // Doubles have too few digits for nanoseconds of our days.
        Some(unit) => match unit.from_time_i64(time).filter(|_| unit.seconds() <= 1e-9) {
            Some(nanoseconds) => nanoseconds.to_string(),
            None => unit.from_time(time).to_string(),
        },
    }
}

/// The least of 0, 3, 6 and 9 digits that show the time as it is.
fn digits_needed(time: Time) -> u8 {
    match time.calendar().nanosecond {
        0 => 0,
        ns if ns % 1_000_000 == 0 => 3,
        ns if ns % 1000 == 0 => 6,
        _ => 9,
    }
}
