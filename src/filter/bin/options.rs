//! Command lines of the binning programs.

use crate::filter::program::StreamArgs;
use crate::time::{Time, parse_query};

/// Averages data over bins of time.
///
/// Reads a das2 stream and writes one record a bin: the mean of each plane's
/// good values, at the centre of the bin.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "das2_bin_avgsec",
    args_override_self = true,
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct AverageArgs {
    /// Start of bin 0, a time; the first time in the data otherwise.
    #[arg(short = 'b', value_name = "BEGIN", value_parser = begin)]
    begin: Option<Time>,
    /// Add the smallest and the largest value of each plane.
    #[arg(short = 'r')]
    range: bool,
    /// Add the standard deviation of each plane.
    #[arg(short = 's')]
    deviation: bool,
    /// Drop progress comments.
    #[arg(short = 'p')]
    no_progress: bool,
    /// Length of a bin in seconds, above zero.
    #[arg(value_name = "SECONDS", value_parser = seconds)]
    seconds: f64,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// Averages data over bins of time and keeps the peaks.
///
/// Reads a das2 stream and writes one record a bin: the mean and the largest
/// of each plane's good values, at the centre of the bin.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "das2_bin_peakavgsec",
    args_override_self = true,
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct PeakArgs {
    /// Start of bin 0, a time; the first time in the data otherwise.
    #[arg(short = 'b', value_name = "BEGIN", value_parser = begin)]
    begin: Option<Time>,
    /// Length of a bin in seconds, above zero.
    #[arg(value_name = "SECONDS", value_parser = seconds)]
    seconds: f64,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

/// Averages data over bins of x.
///
/// Reads a das2 stream and writes one record a bin: the mean of each plane's
/// good values, at the centre of the bin. Bins are lengths in the units of x,
/// whatever these are, and begin at the first x.
#[derive(Debug, Clone, clap::Parser)]
#[command(
    name = "das2_bin_avg",
    args_override_self = true,
    version,
    disable_version_flag = true,
    allow_negative_numbers = true
)]
pub struct UnitAverageArgs {
    /// Length of a bin in units of x, above zero.
    #[arg(value_name = "SIZE", value_parser = seconds)]
    size: f64,
    /// The version, and the stream to read.
    #[command(flatten)]
    pub input: StreamArgs,
}

pub(in crate::filter) fn begin(text: &str) -> Result<Time, String> {
    parse_query(text, None).map_err(|error| error.to_string())
}

pub(in crate::filter) fn seconds(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("a bin's length must be a number above zero".into()),
    }
}

/// How to bin a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Binning {
    /// Length of a bin in seconds, or in units of x, above zero.
    pub seconds: f64,
    /// Bins are lengths in x's own units.
    pub own_units: bool,
    /// Start of bin 0; None: the first time in the data.
    pub begin: Option<Time>,
    /// Which planes are written.
    pub planes: Planes,
    /// Progress comments are dropped.
    pub no_progress: bool,
}

/// Which planes are written for each plane of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planes {
    /// Means, and `.min` and `.max` or `.stddev` planes where asked for;
    /// waveforms shorter than a bin become one value.
    Means {
        /// Smallest and largest values too.
        range: bool,
        /// Standard deviations too.
        deviation: bool,
    },
    /// Means and `.max` planes.
    Peaks,
}

impl Binning {
    /// Means in bins of so many seconds, beginning at the first time.
    pub fn means(seconds: f64) -> Binning {
        Binning {
            seconds,
            own_units: false,
            begin: None,
            planes: Planes::Means {
                range: false,
                deviation: false,
            },
            no_progress: false,
        }
    }

    /// The program's name, which it writes as a source.
    pub fn program(&self) -> &'static str {
        match self.planes {
            _ if self.own_units => "das2_bin_avg",
            Planes::Means { .. } => "das2_bin_avgsec",
            Planes::Peaks => "das2_bin_peakavgsec",
        }
    }
}

impl From<&AverageArgs> for Binning {
    fn from(args: &AverageArgs) -> Binning {
        Binning {
            seconds: args.seconds,
            own_units: false,
            begin: args.begin,
            planes: Planes::Means {
                range: args.range,
                deviation: args.deviation,
            },
            no_progress: args.no_progress,
        }
    }
}

impl From<&PeakArgs> for Binning {
    fn from(args: &PeakArgs) -> Binning {
        Binning {
            planes: Planes::Peaks,
            begin: args.begin,
            ..Binning::means(args.seconds)
        }
    }
}

impl From<&UnitAverageArgs> for Binning {
    fn from(args: &UnitAverageArgs) -> Binning {
        Binning {
            own_units: true,
            ..Binning::means(args.size)
        }
    }
}
