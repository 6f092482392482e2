//! The command line of das2_prtime.

use std::ffi::OsString;

use clap::{ArgAction, Parser};

use super::TimeUnit;

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
pub struct PrtimeArgs {
    /// Print numbers of this unit: us2000, t1970, mj1958, TT2000, "days since 2010-01-01" ...
    #[arg(short, long, value_name = "UNIT", value_parser = unit)]
    pub units: Option<TimeUnit>,

    /// Print the day of the year: yyyy-dddThh:mm:ss
    #[arg(short, long, conflicts_with = "units")]
    pub ordinal: bool,

    /// Print so many digits of a second, 0 to 9 [default: 0, 3, 6 or 9, as the time needs]
    #[arg(short, long, value_name = "N", conflicts_with = "units", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub digits: Option<u8>,

    /// Print the version
    #[arg(short = 'v', short_alias = 'V', long, action = ArgAction::Version)]
    pub version: Option<bool>,

    /// Times; one with blanks in quotation marks
    #[arg(value_name = "TIME", required = true)]
    pub times: Vec<OsString>,
}

fn unit(name: &str) -> Result<TimeUnit, &'static str> {
    TimeUnit::parse(name).ok_or("not a unit of time; write us2000, t1970, TT2000 or the like")
}
