//! An instant: a day number and nanoseconds of the day.

use super::civil;
use super::iso::{IsoText, Style};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) const NS_PER_SECOND: u64 = 1_000_000_000;
/// Nanoseconds of a day without a leap second.
pub(super) const NS_PER_DAY: u64 = 86_400 * NS_PER_SECOND;
const US_PER_DAY: i64 = (NS_PER_DAY / 1000) as i64;
/// A day may reach into a second 60 and, as text, a second 61.
const NS_LIMIT: u64 = 86_402 * NS_PER_SECOND;
const MAX_YEAR: i32 = 99_999;
const FIRST_DAY: i64 = civil::first_day(1);
const END_DAY: i64 = civil::first_day(MAX_YEAR + 1);
const DAYS_1970_TO_2000: i64 = 10_957;
/// Up to here doubles hold every whole microsecond.
const MOST_WHOLE_US: f64 = 9_007_199_254_740_992.0;

/// An instant in UTC, exact to the nanosecond, years 1 to 99,999.
///
/// It may lie within a leap second: 23:59:60 of a day comes after 23:59:59 and
/// before 00:00:00 of the next day. Whether that day really had a leap second
/// is not asked. Second 61 exists because das2 readers accept it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    // The order of the fields is the order of time.
    day: i32,
    ns: u64,
}

/// The parts of a [`Time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Year, 1 to 99,999.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
    /// Day of the year, 1 to 366.
    pub day_of_year: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 61.
    pub second: u32,
    /// Nanosecond of the second.
    pub nanosecond: u32,
}

impl Time {
    /// A time from year, month, day and nanoseconds of the day (below 86,402 s).
    /// None when there is no such day, or for years outside 1 to 99,999.
    pub fn new(year: i32, month: u32, day: u32, ns_of_day: u64) -> Option<Time> {
        if day == 0 || day > civil::days_in_month(year, month) {
            return None;
        }
        Time::from_ordinal(year, civil::days_before_month(year, month) + day, ns_of_day)
    }

    /// A time from year, day of the year and nanoseconds of the day; none as
    /// for [`Time::new`].
    pub fn from_ordinal(year: i32, day_of_year: u32, ns_of_day: u64) -> Option<Time> {
        let days = 365 + u32::from(civil::is_leap(year));
        if !(1..=MAX_YEAR).contains(&year) || !(1..=days).contains(&day_of_year) {
            return None;
        }
        Time::from_day(
            civil::first_day(year) + i64::from(day_of_year) - 1,
            ns_of_day,
        )
    }

    /// A time from its day number (0 is 2000-01-01) and nanoseconds of the day.
    pub fn from_day(day_number: i64, ns_of_day: u64) -> Option<Time> {
        let days = FIRST_DAY..END_DAY;
        if ns_of_day >= NS_LIMIT || !days.contains(&day_number) {
            return None;
        }
        Some(Time {
            day: i32::try_from(day_number).ok()?,
            ns: ns_of_day,
        })
    }

    /// The present, by this machine's clock.
    pub fn now() -> Time {
        let ns = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(0),
            Err(_) => 0,
        };
        let epoch = i128::from(DAYS_1970_TO_2000) * i128::from(NS_PER_DAY);
        Time::from_ns2000(ns - epoch).unwrap_or(Time { day: 0, ns: 0 })
    }

    /// A time from microseconds since 2000-01-01, rounded to the nanosecond.
    /// None for NaN, infinities and instants outside years 1 to 99,999.
    pub fn from_us2000(us: f64) -> Option<Time> {
        // Beyond this a double's whole part may not fit i64; it is far outside the years.
        if us.is_nan() || us.abs() > 9e18 {
            return None;
        }
        // Floor, and rounding half to even, without the calls that they are on
        // plain processors.
        let cut = us as i64;
        let whole = cut - i64::from(us < cut as f64);
        const ROUNDS: f64 = 6_755_399_441_055_744.0;
        let ns = ((us - whole as f64) * 1000.0 + ROUNDS).to_bits() & 0x7ff;
        let day = whole.div_euclid(US_PER_DAY);
        let ns = whole.rem_euclid(US_PER_DAY) as u64 * 1000 + ns;
        match ns < NS_PER_DAY {
            true => Time::from_day(day, ns),
            false => Time::from_day(day + 1, ns - NS_PER_DAY),
        }
    }

    /// Microseconds since 2000-01-01 without leap seconds; whole microseconds
    /// are exact from 1715 to 2284. A second 60 has the number of the following second.
    pub fn us2000(self) -> f64 {
        let us = i64::from(self.day) * 86_400_000_000 + (self.ns / 1000) as i64;
        us as f64 + (self.ns % 1000) as f64 / 1000.0
    }

    /// As [`Time::us2000`], rounded so that it never reaches a whole microsecond that
    /// the time lies before: those are where blocks and bins have their edges.
    pub fn us2000_floored(self) -> f64 {
        let us = self.us2000();
        if self.ns.is_multiple_of(1000) {
            return us;
        }
        let whole = i64::from(self.day) * 86_400_000_000 + (self.ns / 1000) as i64;
        let next = (whole + 1) as f64;
        // Beyond, doubles have no single microseconds.
        match us >= next && next.abs() < MOST_WHOLE_US {
            true => next.next_down(),
            false => us,
        }
    }

    /// As [`Time::us2000_floored`], but a second 60 is of its day: it lies just before the
    /// midnight behind it, where readers have it, and not behind that.
    pub fn us2000_in_day(self) -> f64 {
        if self.ns < NS_PER_DAY {
            return self.us2000_floored();
        }
        let midnight = ((i64::from(self.day) + 1) * 86_400_000_000) as f64;
        // A nanosecond at least, so that it comes back as a time of that day.
        midnight.next_down().min(midnight - 0.001)
    }

    /// A time from nanoseconds since 2000-01-01, leap seconds not counted.
    pub fn from_ns2000(ns: i128) -> Option<Time> {
        // Short division is several times as fast.
        if let Ok(ns) = i64::try_from(ns) {
            let day = ns.div_euclid(NS_PER_DAY as i64);
            return Time::from_day(day, ns.rem_euclid(NS_PER_DAY as i64) as u64);
        }
        let day = i64::try_from(ns.div_euclid(i128::from(NS_PER_DAY))).ok()?;
        let of_day = u64::try_from(ns.rem_euclid(i128::from(NS_PER_DAY))).ok()?;
        Time::from_day(day, of_day)
    }

    /// Nanoseconds since 2000-01-01, leap seconds not counted.
    pub fn ns2000(self) -> i128 {
        i128::from(self.day) * i128::from(NS_PER_DAY) + i128::from(self.ns)
    }

    /// Whether it lies in a second 60.
    pub fn is_second_60(self) -> bool {
        self.ns >= NS_PER_DAY
    }

    /// Days since 2000-01-01.
    pub fn day_number(self) -> i64 {
        i64::from(self.day)
    }

    /// Nanoseconds of the day, below 86,402 s.
    pub fn ns_of_day(self) -> u64 {
        self.ns
    }

    /// Year, month, day and so on.
    pub fn calendar(self) -> Calendar {
        let (year, month, day) = civil::date(i64::from(self.day));
        let seconds = (self.ns / NS_PER_SECOND) as u32;
        // All that is more than a day belongs to the last minute.
        let minutes = (seconds / 60).min(24 * 60 - 1);
        Calendar {
            year,
            month,
            day,
            day_of_year: civil::days_before_month(year, month) + day,
            hour: minutes / 60,
            minute: minutes % 60,
            second: seconds - minutes * 60,
            nanosecond: (self.ns % NS_PER_SECOND) as u32,
        }
    }

    /// This many days later, at the same time of day.
    pub fn plus_days(self, days: i64) -> Option<Time> {
        self.plus(i128::from(days) * i128::from(NS_PER_DAY))
    }

    /// This many seconds later, leap seconds not counted.
    pub fn plus_seconds(self, seconds: i64) -> Option<Time> {
        self.plus(i128::from(seconds) * i128::from(NS_PER_SECOND))
    }

    /// This many nanoseconds later, leap seconds not counted.
    pub fn plus_nanos(self, nanoseconds: i64) -> Option<Time> {
        self.plus(i128::from(nanoseconds))
    }

    /// A step from within a leap second starts at the second after it, whose
    /// number it has; a step of nothing stays.
    fn plus(self, ns: i128) -> Option<Time> {
        if ns == 0 {
            return Some(self);
        }
        Time::from_ns2000(self.ns2000() + ns)
    }

    /// The ISO text with 0 to 9 fraction digits (more count as 9), rounded half
    /// to even; a carry goes through to the year.
    pub fn iso(self, style: Style, digits: u8) -> IsoText {
        IsoText::new(self, style, digits)
    }

    /// Rounded half to even to so many fraction digits of a second, at most 9:
    /// the time that [`Time::iso`] writes.
    #[must_use]
    pub fn rounded_to(self, digits: u8) -> Time {
        self.rounded(10u32.pow(9 - u32::from(digits.min(9))))
    }

    /// Rounded to a multiple of `step` nanoseconds (a power of ten up to 1 s),
    /// half to even. The second after a leap second is the first of the next day.
    pub(super) fn rounded(self, step: u32) -> Time {
        // A second is a multiple of every step, so its fraction is all that matters.
        let fraction = (self.ns % NS_PER_SECOND) as u32;
        let rest = fraction % step;
        if rest == 0 {
            return self;
        }
        let down = self.ns - u64::from(rest);
        let last_digit_odd = (down / u64::from(step)) % 2 == 1;
        if rest * 2 < step || (rest * 2 == step && !last_digit_odd) {
            return Time { ns: down, ..self };
        }
        let up = down + u64::from(step);
        if up >= NS_PER_DAY && up.is_multiple_of(NS_PER_SECOND) {
            // At the very end of the calendar there is no next day: cut instead.
            return Time::from_day(i64::from(self.day) + 1, 0).unwrap_or(Time { ns: down, ..self });
        }
        Time { ns: up, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Sample;
    use super::*;

    #[test]
    fn us2000_is_exact_for_whole_microseconds() {
        let t = Time::new(2017, 1, 1, 0).unwrap();
        assert_eq!(t.us2000(), 536_544_000_000_000.0);
        assert_eq!(Time::new(2000, 1, 1, 0).unwrap().us2000(), 0.0);
        assert_eq!(
            Time::new(1970, 1, 1, 0).unwrap().us2000(),
            -946_684_800_000_000.0
        );
        let mut sample = Sample::new(1);
        for _ in 0..20_000 {
            let t = sample.time(1715..=2284);
            let whole = Time::from_day(t.day_number(), t.ns_of_day() / 1000 * 1000).unwrap();
            assert_eq!(Time::from_us2000(whole.us2000()), Some(whole));
        }
    }

    #[test]
    fn no_rounding_over_an_edge() {
        let mut sample = Sample::new(3);
        for _ in 0..20_000 {
            let edge = sample.time(1715..=2284);
            let edge = Time::from_day(edge.day_number(), edge.ns_of_day() / 1000 * 1000).unwrap();
            for ns in [1, 2, 30, 31, 32, 500, 999] {
                let before = edge.plus_nanos(-ns).unwrap().us2000_floored();
                let behind = edge.plus_nanos(ns).unwrap().us2000_floored();
                assert!(
                    before < edge.us2000() && edge.us2000() <= behind,
                    "{edge:?} {ns}"
                );
            }
            assert_eq!(edge.us2000_floored(), edge.us2000());
        }
        for day in [0, 6210, -9863] {
            let midnight = Time::from_day(day + 1, 0).unwrap();
            for ns in [0, 1, 999_999_999] {
                let second_60 = Time::from_day(day, NS_PER_DAY + ns).unwrap();
                let us = second_60.us2000_in_day();
                assert!(us < midnight.us2000());
                assert_eq!(Time::from_us2000(us).unwrap().day_number(), day);
                assert!(us > Time::from_day(day, NS_PER_DAY - 1000).unwrap().us2000());
            }
        }
    }

    #[test]
    fn us2000_returns_to_the_nearest_double() {
        let mut sample = Sample::new(2);
        for _ in 0..20_000 {
            let us = sample.time(1990..=2030).us2000();
            let back = Time::from_us2000(us).unwrap().us2000();
            assert!((back - us).abs() <= 0.0005, "{us} {back}");
        }
    }

    #[test]
    fn no_time_for_what_is_no_number_or_too_far() {
        for us in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e300,
            -1e31,
            9.1e18,
            -6.4e16,
        ] {
            assert_eq!(Time::from_us2000(us), None, "{us}");
        }
    }

    #[test]
    fn a_second_60_lies_between_the_days() {
        let leap = Time::new(2016, 12, 31, NS_PER_DAY + 5).unwrap();
        let next = Time::new(2017, 1, 1, 0).unwrap();
        assert!(leap < next && leap > Time::new(2016, 12, 31, NS_PER_DAY - 1).unwrap());
        assert_eq!(leap.us2000(), next.us2000() + 0.005);
        let parts = leap.calendar();
        assert_eq!((parts.hour, parts.minute, parts.second), (23, 59, 60));
        assert_eq!(leap.plus_seconds(0), Some(leap));
        assert_eq!(
            leap.plus_seconds(1),
            next.plus_nanos(NS_PER_SECOND as i64 + 5)
        );
        assert_eq!(Time::new(2016, 12, 31, NS_LIMIT), None);
    }

    #[test]
    fn days_that_do_not_exist() {
        for (y, m, d) in [
            (0, 1, 1),
            (-1, 1, 1),
            (2017, 2, 29),
            (1900, 2, 29),
            (2017, 0, 1),
            (2017, 13, 1),
            (2017, 1, 0),
            (2017, 4, 31),
            (100_000, 1, 1),
            (i32::MAX, 1, 1),
            (i32::MIN, 1, 1),
        ] {
            assert_eq!(Time::new(y, m, d, 0), None, "{y}-{m}-{d}");
        }
        assert!(Time::new(2000, 2, 29, 0).is_some());
        assert_eq!(Time::from_ordinal(2017, 366, 0), None);
        assert_eq!(Time::from_ordinal(2016, 366, 0), Time::new(2016, 12, 31, 0));
    }

    #[test]
    fn calendar_and_ordinal_agree() {
        let mut sample = Sample::new(3);
        for _ in 0..20_000 {
            let t = sample.time(1..=9999);
            let c = t.calendar();
            assert_eq!(Time::new(c.year, c.month, c.day, t.ns_of_day()), Some(t));
            assert_eq!(
                Time::from_ordinal(c.year, c.day_of_year, t.ns_of_day()),
                Some(t)
            );
        }
    }

    #[test]
    fn sums_are_checked() {
        let t = Time::new(2017, 1, 1, 0).unwrap();
        assert_eq!(t.plus_days(-1), Time::new(2016, 12, 31, 0));
        assert_eq!(t.plus_nanos(-1), Time::new(2016, 12, 31, NS_PER_DAY - 1));
        for far in [i64::MAX, i64::MIN] {
            assert_eq!(t.plus_days(far), None);
            assert_eq!(t.plus_seconds(far), None);
            assert!(t.plus_nanos(far).is_some());
        }
    }

    #[test]
    fn now_is_after_this_was_written() {
        assert!(Time::now() > Time::new(2024, 1, 1, 0).unwrap());
    }
}
