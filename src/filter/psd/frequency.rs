//! Which frequencies come out of a window, and what they are called.

use crate::stream::{Plane, Property};
use crate::time::seconds_per_unit;

use super::units::Units;

/// The frequencies of a spectrum that are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frequencies {
    /// Their unit: hertz where the samples are a time apart.
    pub(super) units: Units,
    /// The first of them and their distance, in that unit.
    pub(super) first: f64,
    pub(super) step: f64,
    /// Their numbers in the transform: this one, and how many.
    pub(super) from: usize,
    pub(super) count: usize,
}

/// Properties of a plane that shift and trim its frequencies, of receivers
/// that mix their band down. They mean the samples and leave with them.
const SHIFT: &str = "DFT_freqTagMin";
const TRIM_FROM: &str = "DFT_freqTrimMin";
const TRIM_TO: &str = "DFT_freqTrimMax";
pub(super) const STEERING: [&str; 3] = [SHIFT, TRIM_FROM, TRIM_TO];

/// The distance of samples, in a unit that can be turned round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spacing<'a> {
    /// Seconds.
    Seconds(f64),
    /// A number of another unit.
    Other(f64, &'a str),
}

impl<'a> Spacing<'a> {
    /// A number of a unit, which may be a length of time.
    pub(super) fn new(number: f64, unit: &'a str) -> Spacing<'a> {
        match seconds_per_unit(unit) {
            Some(seconds) => Spacing::Seconds(number * seconds),
            None => Spacing::Other(number, unit),
        }
    }

    /// The number.
    pub(super) fn number(self) -> f64 {
        match self {
            Spacing::Seconds(number) | Spacing::Other(number, _) => number,
        }
    }

    fn inverse(self) -> Units {
        match self {
            Spacing::Seconds(_) => Units::parse("Hz"),
            Spacing::Other(_, unit) => Units::parse(unit).power(-1),
        }
    }
}

impl Frequencies {
    /// Those of windows of `length` samples. None where the plane's
    /// properties trim all of them away.
    ///
    /// # Errors
    /// Which property cannot be understood.
    pub(super) fn new(
        plane: &Plane,
        length: usize,
        spacing: Spacing<'_>,
    ) -> Result<Option<Frequencies>, String> {
        let units = spacing.inverse();
        let step = 1.0 / (length as f64 * spacing.number());
        let given = |name: &str| match plane.properties.get(name) {
            Some(property) => in_units(property, &units)
                .map(Some)
                .ok_or_else(|| format!("its property {name} is no number of {}", units.text())),
            None => Ok(None),
        };
        let shift = given(SHIFT)?.unwrap_or(0.0);
        let (from, to) = (given(TRIM_FROM)?, given(TRIM_TO)?);
        let frequency = |k: usize| shift + k as f64 * step;
        let kept = |k: &usize| {
            from.is_none_or(|from| frequency(*k) >= from) && to.is_none_or(|to| frequency(*k) < to)
        };
        let all = 0..=length / 2;
        let Some(first) = all.clone().find(kept) else {
            return Ok(None);
        };
        let count = all.skip(first).take_while(kept).count();
        Ok(Some(Frequencies {
            units,
            first: frequency(first),
            step,
            from: first,
            count,
        }))
    }
}

/// A frequency in the unit of the output; a number alone is one already.
fn in_units(property: Property<'_>, units: &Units) -> Option<f64> {
    let text = property.value.trim();
    let (number, unit) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim();
    let factor = match unit {
        "" => 1.0,
        unit if Units::parse(unit) == *units => 1.0,
        unit if *units == Units::parse("Hz") => hertz(unit)?,
        _ => return None,
    };
    let value = number * factor;
    value.is_finite().then_some(value)
}

fn hertz(unit: &str) -> Option<f64> {
    const NAMES: [(&str, f64); 9] = [
        ("Hz", 1.0),
        ("hertz", 1.0),
        ("mHz", 1e-3),
        ("kHz", 1e3),
        ("MHz", 1e6),
        ("GHz", 1e9),
        ("s**-1", 1.0),
        ("ms**-1", 1e3),
        ("us**-1", 1e6),
    ];
    let unit = Units::parse(unit).text();
    let mut names = NAMES.iter();
    names
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Encoding, PlaneKind};

    fn of(
        properties: &[(&str, &str)],
        spacing: Spacing<'_>,
    ) -> Result<Option<Frequencies>, String> {
        let mut plane = Plane::new(PlaneKind::Y, "a", "V", Encoding::HOST_REAL4);
        for (name, value) in properties {
            plane.properties.set("Datum", name, *value);
        }
        Frequencies::new(&plane, 64, spacing)
    }

    #[test]
    fn shifted_and_trimmed() {
        let khz = Spacing::new(1.0, "ms");
        let all = of(&[], khz).unwrap().unwrap();
        assert_eq!((all.from, all.count), (0, 33));
        assert_eq!((all.first, all.step), (0.0, 15.625));
        assert_eq!(all.units.text(), "Hz");

        // The lower edge belongs to it, the upper does not.
        let some = of(&[(TRIM_FROM, "31.25 Hz"), (TRIM_TO, "0.0625 kHz")], khz);
        let some = some.unwrap().unwrap();
        assert_eq!((some.from, some.count, some.first), (2, 2, 31.25));

        let moved = of(&[(SHIFT, "10 kHz"), (TRIM_TO, "10.1 kHz")], khz);
        let moved = moved.unwrap().unwrap();
        assert_eq!((moved.from, moved.count, moved.first), (0, 7, 10_000.0));

        assert_eq!(of(&[(TRIM_FROM, "501 Hz")], khz), Ok(None));
        assert!(of(&[(SHIFT, "3 V")], khz).is_err());
        assert!(of(&[(SHIFT, "x Hz")], khz).is_err());
    }

    #[test]
    fn frequencies_of_what_is_no_time() {
        let km = of(&[(TRIM_TO, "0.5 km**-1")], Spacing::new(0.5, "km"));
        let km = km.unwrap().unwrap();
        assert_eq!((km.units.text().as_str(), km.step), ("km**-1", 1.0 / 32.0));
        assert_eq!(km.count, 16);
        assert!(of(&[(TRIM_TO, "5 Hz")], Spacing::new(0.5, "km")).is_err());
    }
}
