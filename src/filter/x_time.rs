//! Times out of the x plane of data packets, or out of the dataset of a QStream
//! that takes its place.

use std::cell::Cell;

use crate::qstream::{self, Packet};
use crate::stream::{Encoding, Error, PacketHeader, Plane, PlaneKind, Result, Run};
use crate::time::{FieldTimes, Time, TimeError, TimeUnit, parse_query, seconds_per_unit};

/// The x plane of a packet type, as a source of times.
pub struct XTime {
    /// Where x stands in a packet, its tag included, in bytes.
    at: usize,
    encoding: Encoding,
    scale: Scale,
    /// The number that stands for no time; NaN where there is none.
    fill: f64,
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
    /// Text, and the day that was read last.
    Text(Cell<FieldTimes>),
    /// The same as numbers of another unit.
    TextIn(Cell<FieldTimes>, TimeUnit),
}

impl XTime {
    /// Understands the one x plane of a packet type.
    ///
    /// # Errors
    /// [`Error::Unfit`]: no x, several, or one that is no time.
    pub fn new(header: &PacketHeader) -> Result<XTime> {
        if header.descriptor().is_some() {
            return XTime::of_qstream(header)?
                .ok_or_else(|| Error::Unfit("the packets hold no time".into()));
        }
        let (index, offset) = header.x()?;
        let Some(plane) = header.planes.get(index) else {
            return Err(Error::Unfit("the packets have no x plane".into()));
        };
        debug_assert_eq!(plane.kind, PlaneKind::X);
        let encoding = plane.encoding();
        let at = offset + Run::TAG;
        if let Encoding::Time(_) = encoding {
            return Ok(XTime {
                at,
                encoding,
                scale: Scale::Text(Cell::default()),
                fill: f64::NAN,
            });
        }
        if let Some(scale) = since_base(plane) {
            return Ok(XTime {
                at,
                encoding,
                scale,
                fill: f64::NAN,
            });
        }
        let Some(unit) = TimeUnit::parse(plane.units()) else {
            return Err(Error::Unfit(format!(
                "x must be a time to be binned in seconds, but its units are '{}'",
                plane.units().chars().take(40).collect::<String>()
            )));
        };
        Ok(XTime {
            at,
            encoding,
            scale: scale_of(unit, encoding),
            fill: f64::NAN,
        })
    }

    /// Understands the one x plane of a packet type as numbers of its own
    /// units, whatever these are: everything that is said of us2000 then means
    /// them. Text times are numbers of the unit that the plane names, us2000
    /// where it names none.
    ///
    /// # Errors
    /// [`Error::Unfit`]: no x, or several.
    pub fn in_own_units(header: &PacketHeader) -> Result<XTime> {
        let (index, offset) = header.x()?;
        let plane = header.planes.get(index);
        let plane = plane.ok_or_else(|| Error::Unfit("the packets have no x plane".into()))?;
        let unit = TimeUnit::parse(plane.units()).unwrap_or(TimeUnit::US2000);
        Ok(XTime {
            at: offset + Run::TAG,
            encoding: plane.encoding(),
            fill: f64::NAN,
            scale: match plane.encoding() {
                Encoding::Time(_) if unit.linear() != Some((1.0, 0.0)) => {
                    Scale::TextIn(Cell::default(), unit)
                }
                Encoding::Time(_) => Scale::Text(Cell::default()),
                _ => Scale::Micros,
            },
        })
    }

    /// Understands the packets of either kind of stream. None: those of a
    /// QStream that hold no time, or whose values are in their header.
    ///
    /// # Errors
    /// [`Error::Unfit`]: das2 packets without one x that is a time.
    pub fn find(header: &PacketHeader) -> Result<Option<XTime>> {
        match header.descriptor() {
            Some(_) => XTime::of_qstream(header),
            None => XTime::new(header).map(Some),
        }
    }

    /// The first dataset that is a time tells it.
    fn of_qstream(header: &PacketHeader) -> Result<Option<XTime>> {
        let packet = Packet::of_header(header);
        let Some((_, at, dataset)) = packet.as_ref().and_then(Packet::tag) else {
            return Ok(None);
        };
        let encoding = dataset.in_packets().map(|(encoding, _)| encoding);
        let (Some(qstream::Encoding::Shared(encoding)), Some(unit)) =
            (encoding, dataset.time_unit())
        else {
            return Ok(None);
        };
        let scale = match encoding {
            Encoding::Time(_) => Scale::Text(Cell::default()),
            _ => scale_of(unit, encoding),
        };
        Ok(Some(XTime {
            at: at + Run::TAG,
            encoding,
            scale,
            fill: dataset.fill.unwrap_or(-1e31),
        }))
    }

    fn is_fill(&self, number: f64) -> bool {
        number == self.fill || ((number - self.fill) / self.fill).abs() < 1e-5
    }

    /// The time of a packet in us2000. None: x is no finite number.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time.
    pub fn us2000(&self, packet: &[u8]) -> Result<Option<Instant>> {
        let field = packet
            .get(self.at..self.at + self.encoding.width())
            .unwrap_or_default();
        let exact = |us: f64| {
            let exact = Instant {
                us,
                side: us,
                slack: 0.0,
            };
            us.is_finite().then_some(exact)
        };
        match &self.scale {
            // QStreams have stars for no time.
            Scale::Text(_) if !self.fill.is_nan() && field.starts_with(b"*") => Ok(None),
            Scale::Text(times) | Scale::TextIn(times, _) => match read(times, field) {
                Ok(time) => Ok(match &self.scale {
                    Scale::TextIn(_, unit) => exact(unit.from_time(time)),
                    _ => Some(Instant::of(time)),
                }),
                Err(error) => Err(Error::malformed(format!(
                    "x is no time: '{}' ({error})",
                    field.trim_ascii().escape_ascii()
                ))),
            },
            Scale::Integer(unit) => Ok(long(field, self.encoding)
                .and_then(|number| unit.to_time_i64(number))
                .map(Instant::of)),
            scale => {
                let Some(x) = self.encoding.number(field).filter(|x| !self.is_fill(*x)) else {
                    return Ok(None);
                };
                Ok(match scale {
                    Scale::Linear { scale, offset } => linear(x, *scale, *offset),
                    Scale::Unit(unit) => match unit.to_time(x).filter(|time| time.is_second_60()) {
                        Some(time) => Some(Instant {
                            us: unit.to_us2000(x),
                            ..Instant::of(time)
                        }),
                        None => inexact(unit.to_us2000(x), x, unit.seconds() * 1e6),
                    },
                    _ => exact(x),
                })
            }
        }
    }

    /// How many packets at the front of a run lie, beyond doubt, inside a
    /// window of us2000; the fast way through most of the data.
    pub fn count_inside(&self, run: Run<'_>, window: Window) -> usize {
        let (low, high) = match self.scale {
            Scale::Micros => (window.low, window.high),
            Scale::Linear { scale, offset } => {
                let (low, high) = (
                    (window.low - offset) / scale,
                    (window.high - offset) / scale,
                );
                (low + 4.0 * step(low), high - 4.0 * step(high))
            }
            Scale::Text(ref times) => return self.count_texts_inside(times, run, window),
            _ => return 0,
        };
        if self.fill >= low && self.fill <= high {
            return 0;
        }
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

    fn count_texts_inside(&self, times: &Cell<FieldTimes>, run: Run<'_>, window: Window) -> usize {
        let field = self.at..self.at + self.encoding.width();
        let mut known = times.get();
        let count = run
            .bytes
            .chunks_exact(run.stride)
            .take_while(|packet| {
                let field = packet.get(field.clone()).unwrap_or_default();
                known.read(field).is_ok_and(|time| {
                    let us = time.us2000_floored();
                    us >= window.low && us <= window.high && !time.is_second_60()
                })
            })
            .count();
        times.set(known);
        count
    }
}

/// The time in a field of text, and the day for the next one.
#[inline]
fn read(times: &Cell<FieldTimes>, field: &[u8]) -> std::result::Result<Time, TimeError> {
    let mut known = times.get();
    let time = known.read(field);
    times.set(known);
    time
}

/// A time, and how far it may be from the one that was meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instant {
    /// The time in us2000.
    pub us: f64,
    /// The same as edges see it: a second 60 is of its day, see [`Time::us2000_in_day`].
    pub side: f64,
    /// Microseconds: two steps of a unit that cannot say most times exactly.
    pub slack: f64,
}

impl Instant {
    /// A time that is exact to the nanosecond.
    fn of(time: Time) -> Instant {
        Instant {
            us: time.us2000_floored(),
            side: time.us2000_in_day(),
            slack: 0.0,
        }
    }

    /// The same for bins, which know no second 60: it counts with the second behind it.
    #[must_use]
    pub fn in_bins(self) -> Instant {
        Instant {
            side: self.us,
            ..self
        }
    }

    /// Whether it lies on or after an edge; a time within its slack of the
    /// edge lies on it.
    pub fn reaches(&self, edge: f64) -> bool {
        edge - self.side <= self.slack
    }
}

fn linear(x: f64, scale: f64, offset: f64) -> Option<Instant> {
    inexact(x * scale + offset, x, scale)
}

/// The slack is two steps of the number itself, in microseconds.
fn inexact(us: f64, x: f64, scale: f64) -> Option<Instant> {
    us.is_finite().then_some(Instant {
        us,
        side: us,
        slack: 2.0 * step(x) * scale,
    })
}

/// How numbers of a unit become us2000.
fn scale_of(unit: TimeUnit, encoding: Encoding) -> Scale {
    match (unit.linear(), encoding) {
        (Some((1.0, 0.0)), _) => Scale::Micros,
        (_, Encoding::Int { width: 8, .. }) => Scale::Integer(unit),
        (Some((scale, offset)), _) => Scale::Linear { scale, offset },
        (None, _) => Scale::Unit(unit),
    }
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
pub(super) fn step(x: f64) -> f64 {
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The first time.
    pub low: f64,
    /// The last.
    pub high: f64,
}

impl Window {
    /// The part of `begin <= t < end` where no rounding can move a time out
    /// of it.
    pub fn surely_within(begin: f64, end: f64) -> Window {
        let margin = 16.0 * step(begin.abs().max(end.abs()));
        Window {
            low: begin + margin,
            high: end - margin,
        }
    }
}

/// The first packets of a run.
pub fn first(run: Run<'_>, count: usize) -> Run<'_> {
    Run {
        bytes: run.bytes.get(..count * run.stride).unwrap_or(run.bytes),
        ..run
    }
}

/// A run without its first packets.
pub fn rest(run: Run<'_>, count: usize) -> Run<'_> {
    Run {
        bytes: run.bytes.get(count * run.stride..).unwrap_or_default(),
        offset: run.offset + (count * run.stride) as u64,
        ..run
    }
}

/// The error with the place of its packet.
pub(crate) fn at(error: Error, run: Run<'_>, index: usize) -> Error {
    error.at(crate::stream::Place {
        offset: run.offset + (index * run.stride) as u64,
        packet: Some(run.id),
    })
}
