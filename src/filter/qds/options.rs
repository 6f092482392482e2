//! Command lines of the filters of QStreams.

use crate::filter::bin::options::{begin, seconds};
use crate::filter::program::StreamArgs;
use crate::time::Time;

/// Averages the data of a QStream over bins of time.
///
/// Reads a QStream and writes one record a bin: the mean of each dataset's good
/// values, at the centre of the bin.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "qds_bin_avgsec",
    args_override_self = true,
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct AverageArgs {
    /// A time at which a bin begins; otherwise bins are counted from the zero of
    /// the unit of the times.
    #[arg(short = 'b', value_name = "BEGIN", value_parser = begin)]
    begin: Option<Time>,
    /// Length of a bin in seconds, above zero.
    #[arg(value_name = "SECONDS", value_parser = seconds)]
    seconds: f64,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// Turns the values of a QStream into text.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "qds_ascii", version, disable_version_flag = true)]
pub struct AsciiArgs {
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// How to bin a QStream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binning {
    /// Length of a bin in seconds, above zero.
    pub seconds: f64,
    /// Where a bin begins; None: at the zero of the unit of the times.
    pub begin: Option<Time>,
}

impl From<&AverageArgs> for Binning {
    fn from(args: &AverageArgs) -> Binning {
        Binning {
            seconds: args.seconds,
            begin: args.begin,
        }
    }
}
