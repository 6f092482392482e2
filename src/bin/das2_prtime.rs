//! das2_prtime: prints times in ISO form, or as numbers of a unit of time.

use clap::Parser;
use das2_server::time::{PrtimeArgs, Style, Time, leap, parse_query};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match print(&PrtimeArgs::parse()) {
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

fn print(options: &PrtimeArgs) -> io::Result<ExitCode> {
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

fn shown(options: &PrtimeArgs, time: Time) -> String {
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
