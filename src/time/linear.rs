//! Units of time that a straight line relates to each other, and the
//! arithmetic that keeps their digits.

use super::instant::Time;
use super::{parse_query, seconds_per_unit};

/// Units of `ns_per_unit`; 2000-01-01 has the number `whole`, and a part of a
/// unit that is `rest_ns` long. Kept in two parts because the number itself may
/// not fit a double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Linear {
    pub(super) ns_per_unit: i64,
    pub(super) whole: i64,
    pub(super) rest_ns: i64,
}

impl Linear {
    /// us2000.
    pub(super) const US2000: Linear = Linear {
        ns_per_unit: 1000,
        whole: 0,
        rest_ns: 0,
    };

    /// `UNIT since TIME`, UNIT a length of time of whole nanoseconds.
    pub(super) fn since(name: &str) -> Option<Linear> {
        const SINCE: &str = " since ";
        let at = name.to_ascii_lowercase().find(SINCE)?;
        let (unit, rest) = name.split_at_checked(at)?;
        let begin = rest.get(SINCE.len()..)?.trim();
        let begin = begin.strip_suffix("UTC").unwrap_or(begin);
        let epoch = parse_query(begin, None).ok()?;
        let ns_per_unit = (seconds_per_unit(unit)? * 1e9).round() as i64;
        if ns_per_unit < 1 {
            return None;
        }
        let to_2000 = -epoch.ns2000();
        Some(Linear {
            ns_per_unit,
            whole: i64::try_from(to_2000.div_euclid(i128::from(ns_per_unit))).ok()?,
            rest_ns: i64::try_from(to_2000.rem_euclid(i128::from(ns_per_unit))).ok()?,
        })
    }

    pub(super) fn line(&self) -> (f64, f64) {
        let offset_ns =
            i128::from(self.whole) * i128::from(self.ns_per_unit) + i128::from(self.rest_ns);
        (
            self.ns_per_unit as f64 / 1000.0,
            0.0 - split(offset_ns, 1000),
        )
    }

    /// Whole units and the part of one go separate ways, and the epoch leaves
    /// before the multiplication, so that only the last sum is rounded.
    pub(super) fn us_of(&self, value: f64) -> f64 {
        let units = value.trunc();
        let scale = self.ns_per_unit as f64;
        let us = |units: f64| {
            if self.ns_per_unit % 1000 == 0 {
                units * (scale / 1000.0)
            } else {
                units * scale / 1000.0
            }
        };
        let part = us(value - units) - self.rest_ns as f64 / 1000.0;
        us(units - self.whole as f64) + part
    }

    pub(super) fn number_at_us(&self, us: f64) -> f64 {
        let us = us + self.rest_ns as f64 / 1000.0;
        let scale = self.ns_per_unit as f64 / 1000.0;
        if scale < 1.0 {
            return us * 1000.0 / self.ns_per_unit as f64 + self.whole as f64;
        }
        let part = us % scale;
        (us - part) / scale + self.whole as f64 + part / scale
    }

    pub(super) fn time_of(&self, value: f64) -> Option<Time> {
        if value.is_nan() || value.abs() > 1e19 {
            return None;
        }
        let part_ns = (value.fract() * self.ns_per_unit as f64).round_ties_even();
        self.at(value.trunc() as i128, part_ns as i128)
    }

    pub(super) fn at(&self, units: i128, part_ns: i128) -> Option<Time> {
        let units = units - i128::from(self.whole);
        Time::from_ns2000(units * i128::from(self.ns_per_unit) - i128::from(self.rest_ns) + part_ns)
    }

    pub(super) fn number_at(&self, time: Time) -> f64 {
        let (units, part_ns) = self.units(time);
        units as f64 + part_ns as f64 / self.ns_per_unit as f64
    }

    /// Whole units, floored, and the nanoseconds over.
    pub(super) fn units(&self, time: Time) -> (i128, i128) {
        let ns = time.ns2000() + i128::from(self.rest_ns);
        let unit = i128::from(self.ns_per_unit);
        (
            ns.div_euclid(unit) + i128::from(self.whole),
            ns.rem_euclid(unit),
        )
    }
}

/// Nanoseconds as a number of larger units.
pub(super) fn split(ns: i128, ns_per_unit: i64) -> f64 {
    let unit = i128::from(ns_per_unit);
    ns.div_euclid(unit) as f64 + ns.rem_euclid(unit) as f64 / ns_per_unit as f64
}
