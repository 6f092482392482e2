//! Units of time with an epoch: numbers of microseconds since 2000 and the
//! like, to and from instants and each other.

use super::instant::{NS_PER_DAY, NS_PER_SECOND, Time};
use super::leap;
use super::linear::{Linear, split};
use std::borrow::Cow;

/// A unit in which a number is an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeUnit {
    name: Cow<'static, str>,
    scale: Scale,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear(Linear),
    Tt2000,
    Et2000,
}

const US: i64 = 1000;
const MS: i64 = 1_000_000;
const S: i64 = NS_PER_SECOND as i64;
const DAY: i64 = NS_PER_DAY as i64;
const S_1970_TO_2000: i64 = 10_957 * 86_400;

const fn linear(ns_per_unit: i64, whole: i64) -> Scale {
    Scale::Linear(Linear {
        ns_per_unit,
        whole,
        rest_ns: 0,
    })
}

/// Names (the first is the one to write) and scales.
const UNITS: &[(&[&str], Scale)] = &[
    (&["us2000"], linear(US, 0)),
    (&["UTC"], linear(US, 0)),
    (&["t2000"], linear(S, 0)),
    (&["t1970"], linear(S, S_1970_TO_2000)),
    (&["ns1970"], linear(1, S_1970_TO_2000 * 1_000_000_000)),
    (&["us1970"], linear(US, S_1970_TO_2000 * 1_000_000)),
    (&["ms1970"], linear(MS, S_1970_TO_2000 * 1000)),
    (&["mj1958"], linear(DAY, 15_340)),
    (&["TT2000", "cdfTT2000"], Scale::Tt2000),
    (&["ET2000"], Scale::Et2000),
    (&["us1980"], linear(US, 631_152_000_000_000)),
    (&["us2020"], linear(US, -7305 * 86_400_000_000)),
    (&["t2010"], linear(S, -3653 * 86_400)),
    (&["mjd"], linear(DAY, 51_544)),
    (
        &["julianDay"],
        Scale::Linear(Linear {
            ns_per_unit: DAY,
            whole: 2_451_544,
            rest_ns: DAY / 2,
        }),
    ),
    (&["cdfEpoch"], linear(MS, 63_113_904_000_000)),
];

impl TimeUnit {
    /// Microseconds since 2000-01-01, the unit inside the server.
    pub const US2000: TimeUnit = TimeUnit {
        name: Cow::Borrowed("us2000"),
        scale: linear(US, 0),
    };

    /// A unit by its name in any case, or `UNIT since TIME` with a length of
    /// time. None when the name is not one of time, such as `Hz` or `s`.
    pub fn parse(name: &str) -> Option<TimeUnit> {
        let name = name.trim();
        let is_named = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if let Some((names, scale)) = UNITS.iter().find(|(names, _)| is_named(names)) {
            return Some(TimeUnit {
                name: Cow::Borrowed(names.first()?),
                scale: *scale,
            });
        }
        Some(TimeUnit {
            scale: Scale::Linear(Linear::since(name)?),
            name: Cow::Owned(name.to_owned()),
        })
    }

    /// The name to write in a stream.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seconds in one step of the unit.
    pub fn seconds(&self) -> f64 {
        match &self.scale {
            Scale::Linear(linear) => linear.ns_per_unit as f64 / 1e9,
            Scale::Tt2000 => 1e-9,
            Scale::Et2000 => 1.0,
        }
    }

    /// Scale and offset, microseconds since 2000 = value * scale + offset. None
    /// for TT2000 and ET2000, which no straight line gives. Where the last bit
    /// counts, [`TimeUnit::to_us2000`] is nearer.
    pub fn linear(&self) -> Option<(f64, f64)> {
        match &self.scale {
            Scale::Linear(linear) => Some(linear.line()),
            Scale::Tt2000 | Scale::Et2000 => None,
        }
    }

    /// Microseconds since 2000-01-01 of a number of this unit. NaN where there
    /// are none. Within a leap second it is that of the midnight after it.
    pub fn to_us2000(&self, value: f64) -> f64 {
        match &self.scale {
            Scale::Linear(linear) => linear.us_of(value),
            Scale::Tt2000 | Scale::Et2000 => match self.to_time(value) {
                Some(time) if time.ns_of_day() >= NS_PER_DAY => {
                    (time.day_number() + 1) as f64 * 86_400e6
                }
                Some(time) => time.us2000(),
                None => f64::NAN,
            },
        }
    }

    /// The number in this unit of microseconds since 2000-01-01; NaN where there is none.
    pub fn from_us2000(&self, us: f64) -> f64 {
        match &self.scale {
            Scale::Linear(linear) => linear.number_at_us(us),
            Scale::Tt2000 | Scale::Et2000 => {
                Time::from_us2000(us).map_or(f64::NAN, |time| self.from_time(time))
            }
        }
    }

    /// The instant of a number of this unit, rounded to the nanosecond; none for
    /// NaN, infinities and what lies outside years 1 to 99,999.
    pub fn to_time(&self, value: f64) -> Option<Time> {
        match &self.scale {
            Scale::Linear(Linear::US2000) => Time::from_us2000(value),
            Scale::Linear(linear) => linear.time_of(value),
            Scale::Tt2000 => leap::table().time(nanoseconds(value, 1)?),
            Scale::Et2000 => leap::table().time(nanoseconds(value - et_minus_tt(value), S)?),
        }
    }

    /// As [`TimeUnit::to_time`], for integers too large for a double, such as TT2000.
    pub fn to_time_i64(&self, value: i64) -> Option<Time> {
        match &self.scale {
            Scale::Linear(linear) => linear.at(i128::from(value), 0),
            Scale::Tt2000 => leap::table().time(i128::from(value)),
            Scale::Et2000 => self.to_time(value as f64),
        }
    }

    /// The number in this unit of an instant.
    pub fn from_time(&self, time: Time) -> f64 {
        match &self.scale {
            Scale::Linear(linear) => linear.number_at(time),
            Scale::Tt2000 => leap::table().tt2000(time) as f64,
            Scale::Et2000 => et_of_tt(split(leap::table().tt2000(time), S)),
        }
    }

    /// The whole units of an instant, floored; none when they do not fit.
    pub fn from_time_i64(&self, time: Time) -> Option<i64> {
        match &self.scale {
            Scale::Linear(linear) => i64::try_from(linear.units(time).0).ok(),
            Scale::Tt2000 => i64::try_from(leap::table().tt2000(time)).ok(),
            Scale::Et2000 => Some(self.from_time(time).floor() as i64),
        }
    }
}

/// A number of units as nanoseconds, rounded; none when it is far from any time.
fn nanoseconds(value: f64, ns_per_unit: i64) -> Option<i128> {
    if value.is_nan() || value.abs() > 1e19 {
        return None;
    }
    let part = (value.fract() * ns_per_unit as f64).round_ties_even();
    Some(value.trunc() as i128 * i128::from(ns_per_unit) + part as i128)
}

/// Ephemeris time less terrestrial time in seconds, by the first term that
/// SPICE uses (its leap second kernels name the constants).
fn et_minus_tt(et: f64) -> f64 {
    let mean_anomaly = 6.239996 + 1.99096871e-7 * et;
    1.657e-3 * (mean_anomaly + 1.671e-2 * mean_anomaly.sin()).sin()
}

/// The difference changes by less than 4e-10 of the time, so one repetition
/// is exact to the last bit.
fn et_of_tt(tt: f64) -> f64 {
    let near = tt + et_minus_tt(tt);
    tt + et_minus_tt(near)
}

#[cfg(test)]
mod tests {
    use super::super::parse_field;
    use super::super::sample::Sample;
    use super::*;

    fn unit(name: &str) -> TimeUnit {
        TimeUnit::parse(name).unwrap()
    }

    fn time(text: &str) -> Time {
        parse_field(text.as_bytes()).unwrap()
    }

    #[test]
    fn epochs() {
        for (name, text, value) in [
            ("us2000", "2000-01-01", 0.0),
            ("us2000", "2017-01-01", 536_544_000_000_000.0),
            ("utc", "2017-01-01", 536_544_000_000_000.0),
            ("t2000", "2000-01-01T00:00:01.5", 1.5),
            ("t1970", "1970-01-01", 0.0),
            ("t1970", "2000-01-01", 946_684_800.0),
            ("NS1970", "1970-01-01T00:00:01", 1e9),
            ("us1970", "1970-01-01T00:00:01", 1e6),
            ("ms1970", "1970-01-01T00:00:01", 1e3),
            ("mj1958", "1958-01-01", 0.0),
            ("MJ1958", "2000-01-01T12:00", 15_340.5),
            ("us1980", "1980-01-01", 0.0),
            ("us1980", "2000-01-01", 631_152_000_000_000.0),
            ("us2020", "2020-01-01", 0.0),
            ("t2010", "2010-01-01", 0.0),
            ("mjd", "1858-11-17", 0.0),
            ("mjd", "2000-01-01", 51_544.0),
            ("julianDay", "2000-01-01", 2_451_544.5),
            ("julianday", "2000-01-01T12:00", 2_451_545.0),
            ("cdfEpoch", "2000-01-01", 63_113_904_000_000.0),
            ("tt2000", "2000-01-01", -43_135_816_000_000.0),
            ("cdfTT2000", "2017-01-01", 536_500_869_184_000_000.0),
            ("seconds since 2010-01-01", "2010-01-01T00:01", 60.0),
            ("days since 1970-01-01T06:00", "1970-01-02T18:00", 1.5),
            ("ms Since 2017-001T00:00Z", "2017-01-01T00:00:01", 1000.0),
            ("hours since 1990-01-01 00:00:00 UTC", "1990-01-02", 24.0),
            ("days since 1970-01-01T08:00", "1970-01-01T08:00", 0.0),
        ] {
            let unit = unit(name);
            assert_eq!(unit.from_time(time(text)), value, "{name}");
            assert_eq!(unit.to_time(value), Some(time(text)), "{name}");
            assert_eq!(unit.to_us2000(value), time(text).us2000(), "{name}");
            assert_eq!(unit.from_us2000(time(text).us2000()), value, "{name}");
            if let Some((scale, offset)) = unit.linear() {
                let line = value * scale + offset;
                assert!((line - time(text).us2000()).abs() < 1e-3, "{name} {line}");
            }
            if value.fract() == 0.0 {
                assert_eq!(unit.from_time_i64(time(text)), Some(value as i64), "{name}");
                assert_eq!(unit.to_time_i64(value as i64), Some(time(text)), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_unit_of_time() {
        for name in [
            "",
            "s",
            "Hz",
            "us",
            "since",
            "V since 2000-01-01",
            "seconds since noon",
            "ps since 2000-01-01",
            "days since",
            "us2000 us2000",
            "seconds since 31-01-01",
        ] {
            assert_eq!(TimeUnit::parse(name), None, "{name}");
        }
    }

    #[test]
    fn names_and_steps() {
        for (name, written, seconds) in [
            ("US2000", "us2000", 1e-6),
            ("tt2000", "TT2000", 1e-9),
            ("cdftt2000", "TT2000", 1e-9),
            (" mj1958 ", "mj1958", 86_400.0),
            ("et2000", "ET2000", 1.0),
            ("ns1970", "ns1970", 1e-9),
            ("min since 2000-01-01", "min since 2000-01-01", 60.0),
        ] {
            assert_eq!(unit(name).name(), written);
            assert_eq!(unit(name).seconds(), seconds);
        }
        assert_eq!(TimeUnit::US2000, unit("us2000"));
        assert_eq!(unit("us2000").linear(), Some((1.0, 0.0)));
        assert_eq!(
            unit("mj1958").linear(),
            Some((86_400e6, -15_340.0 * 86_400e6))
        );
        assert_eq!(unit("TT2000").linear(), None);
    }

    #[test]
    fn tt2000_through_a_leap_second() {
        let tt2000 = unit("TT2000");
        let leap = 536_500_868_184_000_000;
        for (value, text) in [
            (leap - 1, "2016-12-31T23:59:59.999999999"),
            (leap, "2016-12-31T23:59:60"),
            (leap + 999_999_999, "2016-12-31T23:59:60.999999999"),
            (leap + 1_000_000_000, "2017-01-01"),
            (leap + 1_000_000_001, "2017-01-01T00:00:00.000000001"),
        ] {
            assert_eq!(tt2000.to_time_i64(value), Some(time(text)));
            assert_eq!(tt2000.from_time_i64(time(text)), Some(value));
        }
        let midnight = time("2017-01-01").us2000();
        for within in [0.0, 5e8, 1e9] {
            assert_eq!(tt2000.to_us2000(leap as f64 + within), midnight);
        }
        assert!(tt2000.to_us2000(leap as f64 - 1024.0) < midnight);
        assert!(tt2000.to_us2000(leap as f64 + 1e9 + 1024.0) > midnight);
    }

    #[test]
    fn ephemeris_time() {
        let et = unit("ET2000");
        // J2000 itself: ET and TT differ by less than 1.7 ms at any time.
        let at_j2000 = et.from_time(time("2000-01-01T11:58:55.816"));
        assert!(at_j2000.abs() < 1.7e-3 && at_j2000 != 0.0);
        // The constants put it 72.7 microseconds behind.
        assert!((at_j2000 + 7.27e-5).abs() < 1e-6, "{at_j2000}");
        let mut sample = Sample::new(60);
        for _ in 0..5000 {
            let t = sample.time(1975..=2030);
            let back = et.to_time(et.from_time(t)).unwrap();
            let off = back.ns2000() - t.ns2000();
            assert!(off.abs() <= 120, "{t:?} {off}");
        }
    }

    #[test]
    fn numbers_that_are_no_times() {
        let names = UNITS.iter().flat_map(|(names, _)| names.iter());
        for name in names {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e31] {
                assert_eq!(unit(name).to_time(value), None, "{name}");
                let _ = (unit(name).to_us2000(value), unit(name).from_us2000(value));
            }
            for value in [i64::MAX, i64::MIN] {
                let _ = unit(name).to_time_i64(value);
            }
            assert!(unit(name).to_us2000(f64::NAN).is_nan(), "{name}");
            assert!(unit(name).from_us2000(f64::NAN).is_nan(), "{name}");
        }
    }

    #[test]
    fn there_and_back_within_the_step_of_a_double() {
        let mut sample = Sample::new(61);
        let names = UNITS.iter().flat_map(|(names, _)| names.iter());
        for name in names {
            let unit = unit(name);
            for _ in 0..2000 {
                let t = sample.time(1960..=2040);
                let value = unit.from_time(t);
                let step_ns = (value.abs().next_up() - value.abs()) * unit.seconds() * 1e9;
                let off = (unit.to_time(value).unwrap().ns2000() - t.ns2000()).abs();
                assert!(off as f64 <= step_ns + 2.0, "{name} {t:?} {off}");
                let us = t.us2000();
                let us_step = us.abs().next_up() - us.abs();
                let off = (unit.to_us2000(value) - us).abs();
                assert!(off <= us_step + step_ns / 1000.0, "{name} {t:?} {off}");
            }
        }
    }
}
