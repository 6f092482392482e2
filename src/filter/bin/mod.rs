//! Bins: das2_bin_avgsec, das2_bin_peakavgsec, das2_bin_avg, das2_bin_ratesec.
//!
//! Packets come in, one record a bin goes out, at the bin's centre: the mean
//! of each plane's good values, and what else was asked for. One bin a packet
//! type is open; a packet of another bin closes it. All types share where
//! bin 0 begins, so that their records fall on the same times.
//!
//! | file | holds |
//! |---|---|
//! | options | command lines, and what they mean |
//! | clock | from x to bins |
//! | column | one plane: what is gathered, how it is written |
//! | kernel | the inner loops |
//! | header | what binning changes in headers |
//! | reducer | the stage that puts these together |
//! | rate | das2_bin_ratesec, which counts packets in the same bins |

pub(super) mod clock;
pub(super) mod column;
mod header;
pub(super) mod kernel;
pub(super) mod options;
mod rate;
mod reducer;

pub(super) use header::datum;
pub(super) use kernel::Fill;
pub use options::{AverageArgs, Binning, PeakArgs, Planes, UnitAverageArgs};
pub use rate::{Counter, Counting, RateArgs, Volume};
pub use reducer::Reducer;
