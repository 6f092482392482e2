//! What a sequence of x values is like: range, steps, order. Nothing is kept
//! of the values themselves.

use std::collections::BTreeMap;

use crate::time::{Style, Time, TimeUnit};

use super::report::XSummary;

/// What numbers of x mean.
#[derive(Debug, Clone)]
pub(super) enum Scale {
    /// Text times.
    Text,
    /// Instants in a unit.
    Unit(TimeUnit),
    /// Lengths of time from a base: the base, and seconds a unit.
    Base(Time, f64),
    /// Anything else, in these units.
    Number(String),
}

/// One x value.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) enum X {
    /// A time from text.
    Time(Time),
    /// A number.
    Number(f64),
}

/// How a value stands to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ahead,
    Same,
    Back,
}

/// The track of x through the records of one packet type.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    last: Option<X>,
    low: Option<X>,
    high: Option<X>,
    back: u64,
    same: u64,
    steps: Steps,
}

impl Track {
    /// Takes the next value, a number or a time, never NaN.
    pub(super) fn push(&mut self, x: X) -> Order {
        if self.low.is_none_or(|low| x < low) {
            self.low = Some(x);
        }
        if self.high.is_none_or(|high| x > high) {
            self.high = Some(x);
        }
        let order = match self.last.replace(x) {
            None => return Order::Ahead,
            Some(last) if x > last => {
                self.steps.push(difference(last, x));
                return Order::Ahead;
            }
            Some(last) if x == last => Order::Same,
            Some(_) => Order::Back,
        };
        match order {
            Order::Same => self.same += 1,
            _ => self.back += 1,
        }
        order
    }

    /// The range as times, where x is one.
    pub(super) fn times(&self, scale: &Scale) -> Option<(Time, Time)> {
        Some((scale.time(self.low?)?, scale.time(self.high?)?))
    }

    /// All of it in words and numbers.
    pub(super) fn summary(&self, scale: &Scale) -> Option<XSummary> {
        let range = [self.low?, self.high?].map(|x| scale.text(x));
        let (factor, step_units) = scale.step_units();
        Some(XSummary {
            range,
            is_time: !matches!(scale, Scale::Number(_)),
            step: self.steps.summary().map(|steps| steps.map(|s| s * factor)),
            step_units,
            is_monotonic: self.back == 0,
            steps_back: self.back,
            repeats: self.same,
        })
    }
}

/// Seconds between times, or the difference of numbers.
fn difference(from: X, to: X) -> f64 {
    match (from, to) {
        (X::Time(from), X::Time(to)) => (to.ns2000() - from.ns2000()) as f64 / 1e9,
        (X::Number(from), X::Number(to)) => to - from,
        _ => 0.0,
    }
}

impl Scale {
    /// The instant of a value, where it is one.
    pub(super) fn time(&self, x: X) -> Option<Time> {
        match (self, x) {
            (_, X::Time(time)) => Some(time),
            (Scale::Unit(unit), X::Number(number)) => unit.to_time(number),
            (Scale::Base(base, seconds), X::Number(number)) => {
                let ns = number * seconds * 1e9;
                // Beyond i64 it is beyond the calendar too.
                let near = ns.abs() < 9e18;
                near.then(|| base.plus_nanos(ns.round() as i64)).flatten()
            }
            _ => None,
        }
    }

    fn text(&self, x: X) -> String {
        match (self.time(x), x) {
            (Some(time), _) => utc(time),
            (None, X::Number(number)) => match self {
                Scale::Number(units) if !units.is_empty() => format!("{number} {units}"),
                _ => number.to_string(),
            },
            (None, X::Time(time)) => utc(time),
        }
    }

    fn step_units(&self) -> (f64, String) {
        match self {
            Scale::Text => (1.0, "s".into()),
            Scale::Unit(unit) => (unit.seconds(), "s".into()),
            Scale::Base(_, seconds) => (*seconds, "s".into()),
            Scale::Number(units) => (1.0, units.clone()),
        }
    }
}

/// A time as text with as many groups of three fraction digits as it needs,
/// one at the least.
pub(super) fn utc(time: Time) -> String {
    let ns = time.ns_of_day();
    let digits = [(1_000_000, 3), (1000, 6)]
        .into_iter()
        .find(|(unit, _)| ns.is_multiple_of(*unit))
        .map_or(9, |(_, digits)| digits);
    time.iso(Style::Calendar, digits).to_string()
}

/// Steps ahead, counted by size in classes of less than 2 %, each with one
/// step of it: enough for a median, and a few thousand classes at the most.
#[derive(Debug, Clone, Default)]
struct Steps {
    least: f64,
    most: f64,
    classes: BTreeMap<u32, (u64, f64)>,
    /// The class of the latest step and how many came in a row, not yet counted.
    row: (u32, u64, f64),
}

/// Mantissa bits that are dropped; six are kept, 64 classes an octave.
const DROPPED: u32 = 46;
/// Octaves that are told apart, around 1.
const OCTAVES: f64 = 64.0;

impl Steps {
    fn push(&mut self, step: f64) {
        if self.row.1 == 0 && self.classes.is_empty() {
            (self.least, self.most) = (step, step);
        }
        self.least = self.least.min(step);
        self.most = self.most.max(step);
        let kept = step.clamp((-OCTAVES).exp2(), OCTAVES.exp2());
        let class = (kept.to_bits() >> DROPPED) as u32;
        if class == self.row.0 {
            self.row.1 += 1;
        } else {
            let (class, count, sample) = std::mem::replace(&mut self.row, (class, 1, step));
            Self::count(&mut self.classes, class, count, sample);
        }
    }

    fn count(classes: &mut BTreeMap<u32, (u64, f64)>, class: u32, count: u64, sample: f64) {
        if count > 0 {
            classes.entry(class).or_insert((0, sample)).0 += count;
        }
    }

    /// Smallest, median and largest.
    fn summary(&self) -> Option<[f64; 3]> {
        let mut classes = self.classes.clone();
        let (class, count, sample) = self.row;
        Self::count(&mut classes, class, count, sample);
        let total: u64 = classes.values().map(|(count, _)| count).sum();
        let mut left = total / 2 + total % 2;
        let mut median = None;
        for (count, sample) in classes.values() {
            if left <= *count {
                median = Some(*sample);
                break;
            }
            left -= count;
        }
        Some([self.least, median?, self.most])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[f64]) -> Track {
        let mut track = Track::default();
        for value in values {
            track.push(X::Number(*value));
        }
        track
    }

    #[test]
    fn steps_and_order() {
        let track = numbers(&[0.0, 2.0, 4.0, 14.0, 14.0, 3.0, 5.0]);
        let x = track.summary(&Scale::Number("m".into())).unwrap();
        assert_eq!(x.range, ["0 m", "14 m"]);
        assert_eq!(x.step, Some([2.0, 2.0, 10.0]));
        assert_eq!((x.is_monotonic, x.steps_back, x.repeats), (false, 1, 1));
        assert!(numbers(&[]).summary(&Scale::Text).is_none());
        assert_eq!(numbers(&[1.0]).summary(&Scale::Text).unwrap().step, None);
    }

    #[test]
    fn the_median_is_near_and_memory_bounded() {
        let mut track = Track::default();
        let (mut x, mut seed) = (0.0, 1u64);
        for _ in 0..100_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            x += 1.0 + (seed >> 40) as f64 / (1u64 << 24) as f64;
            track.push(X::Number(x));
        }
        let [least, median, most] = track.steps.summary().unwrap();
        assert!((1.0..1.01).contains(&least) && (1.99..=2.0).contains(&most));
        assert!((median - 1.5).abs() < 0.04, "{median}");
        assert!(track.steps.classes.len() <= 65);
    }

    #[test]
    fn enormous_and_tiny_steps_do_no_harm() {
        let track = numbers(&[-1e308, 1e308, f64::INFINITY]);
        assert_eq!(track.steps.summary().unwrap()[2], f64::INFINITY);
        let track = numbers(&[0.0, 5e-324]);
        assert_eq!(track.steps.summary().unwrap()[1], 5e-324);
    }

    #[test]
    fn times_in_every_scale() {
        let unit = Scale::Unit(TimeUnit::parse("t2000").unwrap());
        let x = numbers(&[0.5, 1.5]).summary(&unit).unwrap();
        assert_eq!(x.range[0], "2000-01-01T00:00:00.500");
        assert_eq!(x.step, Some([1.0; 3]));
        let base = crate::time::parse_field(b"2010-01-01").unwrap();
        let x = numbers(&[1.0, 1e300])
            .summary(&Scale::Base(base, 60.0))
            .unwrap();
        assert_eq!(x.range[0], "2010-01-01T00:01:00.000");
        assert!(x.is_time);
    }
}
