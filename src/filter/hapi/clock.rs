//! The times of a plane, in the one form that they have in HAPI: UTC with a
//! fixed number of fraction digits and a `Z`.

use crate::filter::text::Text;
use crate::filter::times::Times;
use crate::stream::{Encoding, Error, Plane, Result};
use crate::time::{FieldTimes, IsoWriter, Style, Time, TimeUnit, leap};

/// Reads the times of a plane and writes them.
pub(super) struct Clock {
    times: Times,
    texts: FieldTimes,
    encoding: Encoding,
    digits: u8,
    writer: IsoWriter,
}

/// 10000-01-01.
const DAY_OF_YEAR_10000: i64 = 2_921_940;

/// `yyyy-mm-ddThh:mm:ssZ`
const WHOLE_SECONDS: usize = 20;

impl Clock {
    /// None: the plane holds no times. `digits` are the fraction digits, those
    /// that its type and units have if they are not given.
    pub(super) fn new(plane: &Plane, digits: Option<u8>) -> Option<Clock> {
        let times = Times::of(plane)?;
        let encoding = plane.encoding();
        let own = match (&times, encoding) {
            (Times::Text, Encoding::Time(width)) => match width {
                0..22 => 0,
                22..26 => 3,
                26..29 => 6,
                _ => 9,
            },
            (Times::Unit(unit), _) if unit.name() == "cdfEpoch" => 3,
            _ => times.digits(),
        };
        let digits = digits.unwrap_or(own).min(9);
        Some(Clock {
            times,
            texts: FieldTimes::default(),
            encoding,
            digits,
            writer: IsoWriter::new(digits),
        })
    }

    /// Bytes of every time as text.
    pub(super) fn length(&self) -> usize {
        match self.digits {
            0 => WHOLE_SECONDS,
            digits => WHOLE_SECONDS + 1 + usize::from(digits),
        }
    }

    /// The time of a value as it will be written: rounded. None where there is
    /// none, or none that has a year of four digits.
    ///
    /// # Errors
    /// [`Error::Malformed`] for text that is no time.
    pub(super) fn read(&mut self, raw: &[u8]) -> Result<Option<Time>> {
        let time = match &self.times {
            Times::Text if raw.trim_ascii().is_empty() => None,
            Times::Text => Some(self.texts.read(raw).map_err(|error| {
                Error::malformed(format!(
                    "no time: '{}' ({error})",
                    raw.trim_ascii().escape_ascii()
                ))
            })?),
            // Where a double is microseconds on a straight line it is rounded once.
            // Those do not hold nanoseconds.
            Times::Unit(unit) if self.digits < 9 && self.is_linear_real(unit) => {
                let number = self.encoding.number(raw).unwrap_or(f64::NAN);
                rounded(unit.to_us2000(number), self.digits)
            }
            Times::Since { base, scale } => {
                let number = self.encoding.number(raw).unwrap_or(f64::NAN);
                rounded(base + number * scale, self.digits)
            }
            times => times.time(self.encoding, raw)?,
        };
        let settled = time.map(|time| leap::table().settled(time).rounded_to(self.digits));
        Ok(settled.filter(|time| time.day_number() < DAY_OF_YEAR_10000))
    }

    fn is_linear_real(&self, unit: &TimeUnit) -> bool {
        unit.linear().is_some() && !matches!(self.encoding, Encoding::Int { width: 8, .. })
    }

    /// Appends a time that [`Clock::read`] has given.
    #[inline]
    pub(super) fn write(&mut self, time: Time, out: &mut Text) {
        out.push(self.writer.text(time).as_bytes());
        out.push(b"Z");
    }

    /// The text that stands for no time: the beginning of the year 1.
    pub(super) fn fill(&self) -> String {
        let mut text = Vec::new();
        if let Some(time) = Time::new(1, 1, 1, 0) {
            time.iso(Style::Calendar, self.digits).write_to(&mut text);
            text.push(b'Z');
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Microseconds since 2000 rounded half to even to so many digits of a second.
/// What is beyond a nanosecond counts, so nothing is rounded twice.
fn rounded(us: f64, digits: u8) -> Option<Time> {
    if digits > 8 || !us.is_finite() || us.abs() > 9e18 {
        return Time::from_us2000(us);
    }
    let whole = us.floor();
    let part = (us - whole) * 1000.0;
    let ns = whole as i128 * 1000 + part.floor() as i128;
    let step = 10i128.pow(9 - u32::from(digits));
    let (count, rest) = (ns.div_euclid(step), ns.rem_euclid(step));
    let more_than_half = rest * 2 > step || (rest * 2 == step && part.fract() > 0.0);
    let up = more_than_half || (rest * 2 == step && count % 2 != 0);
    Time::from_ns2000((count + i128::from(up)) * step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::PlaneKind;
    use crate::time::parse_field;

    fn clock(units: &str, encoding: Encoding) -> Clock {
        Clock::new(&Plane::new(PlaneKind::X, "", units, encoding), None).unwrap()
    }

    fn text(clock: &mut Clock, raw: &[u8]) -> Option<String> {
        let time = clock.read(raw).unwrap()?;
        let mut out = Text::new(',');
        clock.write(time, &mut out);
        assert_eq!(out.len(), clock.length());
        Some(String::from_utf8(out.get().to_vec()).unwrap())
    }

    #[test]
    fn digits_and_rounding_of_numbers() {
        let real = Encoding::Real8 { big: false };
        for (units, number, written) in [
            ("us2000", 0.5, "2000-01-01T00:00:00.000000Z"),
            ("us2000", 1.5, "2000-01-01T00:00:00.000002Z"),
            // Above a half by less than a nanosecond.
            ("us2000", 0.5000001, "2000-01-01T00:00:00.000001Z"),
            ("us2000", -0.5000001, "1999-12-31T23:59:59.999999Z"),
            ("t1970", -0.25, "1969-12-31T23:59:59.750000Z"),
            ("mj1958", 15_340.5, "2000-01-01T12:00:00.000000Z"),
            ("cdfEpoch", 63_113_904_000_001.0, "2000-01-01T00:00:00.001Z"),
            ("ns1970", 1e9, "1970-01-01T00:00:01.000000000Z"),
            ("ns1970", 12_345.0, "1970-01-01T00:00:00.000012345Z"),
            ("ns1970", -1.0, "1969-12-31T23:59:59.999999999Z"),
            (
                "TT2000",
                536_500_868_684_000_000.0,
                "2016-12-31T23:59:60.500000000Z",
            ),
            ("days since 2001-01-01", 1.25, "2001-01-02T06:00:00.000000Z"),
        ] {
            let mut clock = clock(units, real);
            let got = text(&mut clock, &f64::to_le_bytes(number));
            assert_eq!(got.as_deref(), Some(written), "{units} {number}");
        }
        for none in [f64::NAN, f64::INFINITY, -1e31, 1e300, 2.6e17] {
            assert_eq!(text(&mut clock("us2000", real), &none.to_le_bytes()), None);
        }
        let int = Encoding::Int {
            width: 8,
            signed: true,
            big: true,
        };
        let got = text(
            &mut clock("TT2000", int),
            &536_500_869_184_000_001i64.to_be_bytes(),
        );
        assert_eq!(got.as_deref(), Some("2017-01-01T00:00:00.000000001Z"));
        assert!(Clock::new(&Plane::new(PlaneKind::X, "", "km", real), None).is_none());
    }

    #[test]
    fn text_by_its_width() {
        for (width, raw, written) in [
            (11, "2001-02-03", "2001-02-03T00:00:00Z"),
            (20, "2001-02-03T04:05:06", "2001-02-03T04:05:06Z"),
            (22, "2001-034T04:05:06.123", "2001-02-03T04:05:06.123Z"),
            (26, "2001-02-03T04:05:06.5", "2001-02-03T04:05:06.500000Z"),
            (30, "1 Mar 1979", "1979-03-01T00:00:00.000000000Z"),
            // A leap second that was, one that was not, and one more.
            (24, "2016-12-31T23:59:60.250", "2016-12-31T23:59:60.250Z"),
            (24, "2015-12-31T23:59:60.250", "2016-01-01T00:00:00.250Z"),
            (24, "2016-12-31T23:59:61.000", "2017-01-01T00:00:00.000Z"),
            (24, "1999-12-31T23:59:59.9996", "2000-01-01T00:00:00.000Z"),
        ] {
            let mut clock = clock("us2000", Encoding::Time(width));
            let raw = format!("{raw} ");
            assert_eq!(text(&mut clock, raw.as_bytes()).as_deref(), Some(written));
        }
        let mut clock = clock("us2000", Encoding::Time(24));
        assert_eq!(text(&mut clock, b"       \n"), None);
        assert_eq!(text(&mut clock, b"10000-01-01 "), None);
        assert!(clock.read(b"never").is_err());
        assert!(parse_field(clock.fill().as_bytes()).is_ok());
    }
}
