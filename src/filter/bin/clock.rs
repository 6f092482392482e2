//! From the bytes of x to bins of time.
//!
//! Every time becomes a number of microseconds since 2000 (us2000). Bin `b`
//! holds `t0 + b * size <= t < t0 + (b + 1) * size`; its record is written at
//! the centre. Units that count in days or seconds cannot say most instants
//! exactly, so there a time within two steps of the next edge lies on it.

use crate::stream::{Encoding, Error, PacketHeader, Plane, PlaneKind, Result, Run};
use crate::time::{TimeUnit, parse_field, parse_query, seconds_per_unit};

/// The x plane of a packet type, as a source of times.
pub(super) struct XColumn {
    /// Where x stands in a packet, its tag included, in bytes.
    at: usize,
    encoding: Encoding,
    scale: Scale,
}

/// How the number or text in x becomes us2000.
enum Scale {
    /// Numbers that already are.
    Micros,
    /// `us2000 = number * scale + offset`.
    Linear { scale: f64, offset: f64 },
    /// Units with leap seconds, or ephemeris time.
    Unit(TimeUnit),
    /// Nanoseconds as integers, which no double holds.
    Integer(TimeUnit),
    /// Text.
    Text,
}

impl XColumn {
    /// Understands the one x plane of a packet type.
    ///
    /// # Errors
    /// [`Error::Unfit`]: no x, several, or one that is no time.
    pub(super) fn new(header: &PacketHeader) -> Result<XColumn> {
        let (index, offset) = header.x()?;
        let Some(plane) = header.planes.get(index) else {
            return Err(Error::Unfit("the packets have no x plane".into()));
        };
        debug_assert_eq!(plane.kind, PlaneKind::X);
        let encoding = plane.encoding();
        let at = offset + Run::TAG;
        if let Encoding::Time(_) = encoding {
            return Ok(XColumn {
                at,
                encoding,
                scale: Scale::Text,
            });
        }
        if let Some(scale) = since_base(plane) {
            return Ok(XColumn {
                at,
                encoding,
                scale,
            });
        }
        let Some(unit) = TimeUnit::parse(plane.units()) else {
            return Err(Error::Unfit(format!(
                "x must be a time to be binned in seconds, but its units are '{}'",
                plane.units().chars().take(40).collect::<String>()
            )));
        };
        let scale = match (unit.linear(), encoding) {
            (Some((1.0, 0.0)), _) => Scale::Micros,
            (_, Encoding::Int { width: 8, .. }) => Scale::Integer(unit),
            (Some((scale, offset)), _) => Scale::Linear { scale, offset },
            (None, _) => Scale::Unit(unit),
        };
        Ok(XColumn {
            at,
            encoding,
            scale,
        })
    }

    /// The time of a packet in us2000. None: x is no finite number.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time.
    fn us2000(&self, packet: &[u8]) -> Result<Option<Instant>> {
        let field = packet
            .get(self.at..self.at + self.encoding.width())
            .unwrap_or_default();
        let exact = |us: f64| us.is_finite().then_some(Instant { us, slack: 0.0 });
        match &self.scale {
            Scale::Text => match parse_field(field) {
                Ok(time) => Ok(exact(time.us2000())),
                Err(error) => Err(Error::malformed(format!(
                    "x is no time: '{}' ({error})",
                    field.trim_ascii().escape_ascii()
                ))),
            },
            Scale::Integer(unit) => Ok(long(field, self.encoding)
                .and_then(|number| unit.to_time_i64(number))
                .and_then(|time| exact(time.us2000()))),
            scale => {
                let Some(x) = self.encoding.number(field) else {
                    return Ok(None);
                };
                Ok(match scale {
                    Scale::Linear { scale, offset } => linear(x, *scale, *offset),
                    Scale::Unit(unit) => inexact(unit.to_us2000(x), x, unit.seconds() * 1e6),
                    _ => exact(x),
                })
            }
        }
    }

    /// How many packets at the front of a run lie, beyond doubt, inside a
    /// window of us2000; the fast way through most of the data.
    fn count_inside(&self, run: Run<'_>, window: Window) -> usize {
        let (low, high) = match self.scale {
            Scale::Micros => (window.low, window.high),
            Scale::Linear { scale, offset } => {
                let (low, high) = (
                    (window.low - offset) / scale,
                    (window.high - offset) / scale,
                );
                (low + 4.0 * step(low), high - 4.0 * step(high))
            }
            _ => return 0,
        };
        let inside = |x: f64| x >= low && x <= high;
        let packets = run.bytes.chunks_exact(run.stride);
        let (from, to) = (self.at, self.at + 8);
        let field = |packet: &[u8]| -> Option<[u8; 8]> { packet.get(from..to)?.try_into().ok() };
        match self.encoding {
            Encoding::Real8 { big: false } => packets
                .take_while(|p| field(p).is_some_and(|b| inside(f64::from_le_bytes(b))))
                .count(),
            Encoding::Real8 { big: true } => packets
                .take_while(|p| field(p).is_some_and(|b| inside(f64::from_be_bytes(b))))
                .count(),
            _ => 0,
        }
    }
}

/// A time, and how far it may be from the one that was meant.
struct Instant {
    us: f64,
    slack: f64,
}

fn linear(x: f64, scale: f64, offset: f64) -> Option<Instant> {
    inexact(x * scale + offset, x, scale)
}

/// The slack is two steps of the number itself, in microseconds.
fn inexact(us: f64, x: f64, scale: f64) -> Option<Instant> {
    us.is_finite().then_some(Instant {
        us,
        slack: 2.0 * step(x) * scale,
    })
}

/// Numbers that count a length of time from the instant that `base` names.
fn since_base(plane: &Plane) -> Option<Scale> {
    let base = parse_query(plane.attr("base")?, None).ok()?;
    Some(Scale::Linear {
        scale: seconds_per_unit(plane.units())? * 1e6,
        offset: base.us2000(),
    })
}

/// The distance from a number to the next one that a double can hold.
fn step(x: f64) -> f64 {
    x.abs().next_up() - x.abs()
}

/// An eight-byte integer.
fn long(field: &[u8], encoding: Encoding) -> Option<i64> {
    let bytes: [u8; 8] = field.try_into().ok()?;
    match encoding {
        Encoding::Int { big: true, .. } => Some(i64::from_be_bytes(bytes)),
        Encoding::Int { big: false, .. } => Some(i64::from_le_bytes(bytes)),
        _ => None,
    }
}

/// An interval of us2000, both ends included.
#[derive(Clone, Copy)]
struct Window {
    low: f64,
    high: f64,
}

/// Bins of a millionth of a microsecond tell all times apart, and one of
/// LONGEST microseconds holds all; beyond, the numbers of bins and their
/// centres would be infinite.
const SHORTEST: f64 = 1e-6;
const LONGEST: f64 = 1e24;

/// The bins of one stream: all packet types share where bin 0 starts.
pub(super) struct Clock {
    /// Start of bin 0 in us2000, once it is known.
    start: Option<f64>,
    /// Length of a bin in microseconds.
    size: f64,
}

/// A stretch of packets of one run that lie in one bin.
pub(super) struct Stretch {
    /// Its bin; None: these packets have no usable time.
    pub(super) bin: Option<f64>,
    /// How many packets.
    pub(super) count: usize,
}

impl Clock {
    /// Bins of `seconds`, bin 0 at `start` or at the first time.
    pub(super) fn new(start: Option<f64>, seconds: f64) -> Clock {
        Clock {
            start,
            size: (seconds * 1e6).clamp(SHORTEST, LONGEST),
        }
    }

    /// Start of bin 0 in us2000, once it is known.
    pub(super) fn start(&self) -> Option<f64> {
        self.start
    }

    /// Lets bin 0 begin at the first packet with a time, if nothing else was
    /// asked for. True when it is known afterwards.
    pub(super) fn start_at(&mut self, x: &XColumn, run: Run<'_>) -> Result<bool> {
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
    /// [`Error::Malformed`] for text that is no time.
    pub(super) fn stretch(&self, x: &XColumn, run: Run<'_>) -> Result<Stretch> {
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

    fn bin_at(&self, x: &XColumn, run: Run<'_>, index: usize) -> Result<Option<f64>> {
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
    pub(super) fn centre(&self, bin: f64) -> f64 {
        self.start.unwrap_or(0.0) + (bin + 0.5) * self.size
    }

    /// Fraction digits of a second that the centres need, 0, 3, 6 or 9.
    pub(super) fn digits(&self) -> u8 {
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

fn rest(run: Run<'_>, count: usize) -> Run<'_> {
    Run {
        bytes: run.bytes.get(count * run.stride..).unwrap_or_default(),
        offset: run.offset + (count * run.stride) as u64,
        ..run
    }
}

/// The error with the place of its packet.
fn at(error: Error, run: Run<'_>, index: usize) -> Error {
    error.at(crate::stream::Place {
        offset: run.offset + (index * run.stride) as u64,
        packet: Some(run.id),
    })
}
