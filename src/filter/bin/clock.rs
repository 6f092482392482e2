//! From the bytes of x to bins of time.
//!
//! Every time becomes a number of microseconds since 2000 (us2000). Bin `b`
//! holds `t0 + b * size <= t < t0 + (b + 1) * size`; its record is written at
//! the centre. Units that count in days or seconds cannot say most instants
//! exactly, so there a time within two steps of the next edge lies on it.

use crate::filter::x_time::{Instant, Window, XTime, at, rest, step};
use crate::stream::{Result, Run};

/// Bins of a millionth of a microsecond tell all times apart, and one of
/// LONGEST microseconds holds all; beyond, the numbers of bins and their
/// centres would be infinite.
const SHORTEST: f64 = 1e-6;
const LONGEST: f64 = 1e24;

/// The bins of one stream: all packet types share where bin 0 starts.
pub(in crate::filter) struct Clock {
    /// Start of bin 0 in us2000, once it is known.
    start: Option<f64>,
    /// Length of a bin in microseconds.
    size: f64,
}

/// A stretch of packets of one run that lie in one bin.
pub(in crate::filter) struct Stretch {
    /// Its bin; None: these packets have no usable time.
    pub(in crate::filter) bin: Option<f64>,
    /// How many packets.
    pub(in crate::filter) count: usize,
}

impl Clock {
    /// Bins of `seconds`, bin 0 at `start` or at the first time.
    pub(in crate::filter) fn new(start: Option<f64>, seconds: f64) -> Clock {
        Clock {
            start,
            size: (seconds * 1e6).clamp(SHORTEST, LONGEST),
        }
    }

    /// Bins of `size` units of x, bin 0 at the first x; what is said of
    /// us2000 means those units.
    pub(super) fn of_units(size: f64) -> Clock {
        Clock { start: None, size }
    }

    /// Start of bin 0 in us2000, once it is known.
    pub(in crate::filter) fn start(&self) -> Option<f64> {
        self.start
    }

    /// Lets bin 0 begin at the first packet with a time, if nothing else was
    /// asked for. True when it is known afterwards.
    pub(in crate::filter) fn start_at(&mut self, x: &XTime, run: Run<'_>) -> Result<bool> {
        if self.start.is_none() {
            for (index, packet) in run.bytes.chunks_exact(run.stride).enumerate() {
                if let Some(first) = x.us2000(packet).map_err(|e| at(e, run, index))? {
                    self.start = Some(first.us);
                    break;
                }
            }
        }
        Ok(self.start.is_some())
    }

    /// The packets at the front of a run that belong together.
    ///
    /// # Errors
    /// [`crate::stream::Error::Malformed`] for text that is no time.
    pub(in crate::filter) fn stretch(&self, x: &XTime, run: Run<'_>) -> Result<Stretch> {
        let first = self.bin_at(x, run, 0)?;
        let mut count = 1;
        if let Some(bin) = first {
            count += x.count_inside(rest(run, 1), self.surely(bin));
        }
        // What is wrong with a later packet is said when it is the first one,
        // after the bin before it.
        while count < run.len() && self.bin_at(x, run, count).is_ok_and(|bin| bin == first) {
            count += 1;
            if let Some(bin) = first {
                count += x.count_inside(rest(run, count), self.surely(bin));
            }
        }
        Ok(Stretch { bin: first, count })
    }

    fn bin_at(&self, x: &XTime, run: Run<'_>, index: usize) -> Result<Option<f64>> {
        let packet = run.bytes.get(index * run.stride..).unwrap_or_default();
        let time = x.us2000(packet).map_err(|e| at(e, run, index))?;
        Ok(time
            .map(|time| self.bin_of(&time))
            .filter(|bin| bin.is_finite()))
    }

    fn bin_of(&self, time: &Instant) -> f64 {
        let start = self.start.unwrap_or(time.us);
        let bin = ((time.us - start) / self.size).floor();
        let next_edge = start + (bin + 1.0) * self.size;
        // In bins that are hardly longer than the slack, everything is near
        // an edge.
        let edges_matter = time.slack > 0.0 && time.slack < self.size / 4.0;
        if edges_matter && next_edge - time.us <= time.slack {
            bin + 1.0
        } else {
            bin
        }
    }

    /// The part of a bin where no rounding can move a time out of it.
    fn surely(&self, bin: f64) -> Window {
        let start = self.start.unwrap_or(0.0);
        let low = start + bin * self.size;
        let high = start + (bin + 1.0) * self.size;
        let largest = low.abs().max(high.abs()).max(start.abs());
        // The roundings of the division that finds a bin are far below this.
        let margin = 16.0 * step(largest);
        Window {
            low: low + margin,
            high: high - margin,
        }
    }

    /// The centre of a bin in us2000.
    pub(in crate::filter) fn centre(&self, bin: f64) -> f64 {
        self.start.unwrap_or(0.0) + (bin + 0.5) * self.size
    }

    /// Fraction digits of a second that the centres need, 0, 3, 6 or 9.
    pub(in crate::filter) fn digits(&self) -> u8 {
        let first = self.centre(0.0);
        [(0, 1e6), (3, 1e3), (6, 1.0)]
            .into_iter()
            .find(|(_, step)| whole(first / step) && whole(self.size / step))
            .map_or(9, |(digits, _)| digits)
    }
}

fn whole(number: f64) -> bool {
    number == number.round()
}
