//! What binning changes in a packet descriptor.

use crate::filter::bin::clock::Clock;
use crate::filter::bin::column::x_written_as;
use crate::qstream::{Encoding, property, set_property};
use crate::stream::{self, Element};
use crate::time::{TimeUnit, seconds_per_unit};

/// How the centres of bins are written: as the times were, where that can say
/// them exactly; else wider.
pub(super) fn centre_encoding(encoding: Encoding, unit: &TimeUnit, clock: &Clock) -> Encoding {
    let Encoding::Shared(shared) = encoding else {
        return encoding;
    };
    let whole = |number: f64| number.fract() == 0.0;
    let fits_integers = || {
        let first = unit.from_us2000(clock.centre(0.0));
        let second = unit.from_us2000(clock.centre(1.0));
        unit.seconds() <= 1e-9 || (whole(first) && whole(second))
    };
    match shared {
        stream::Encoding::Int { .. } if fits_integers() => encoding,
        shared => Encoding::Shared(x_written_as(shared, clock.digits())),
    }
}

/// Sets the encoding of a dataset's values.
pub(super) fn set_encoding(dataset: &mut Element, encoding: Encoding) {
    let mut values = dataset.children.iter_mut();
    if let Some(values) = values.find(|child| child.name == "values") {
        values.set_attr("encoding", encoding.name());
    }
}

/// Tells of the bins where the dataset with the times tells of its steps.
pub(super) fn set_cadence(dataset: &mut Element, seconds: f64) {
    if let Some(cadence) = property(dataset, "CADENCE").and_then(|old| cadence(old, seconds)) {
        set_property(dataset, "CADENCE", &cadence);
    }
    if let Some(tag) = property(dataset, "CACHE_TAG").and_then(|old| cache_tag(old, seconds)) {
        set_property(dataset, "CACHE_TAG", &tag);
    }
}

/// `6.0E7 units:UNITS=microseconds`, raised to so many seconds. None: it stays.
fn cadence(old: &str, seconds: f64) -> Option<String> {
    let (number, words) = old
        .trim()
        .split_once(char::is_whitespace)
        .unwrap_or((old, ""));
    let value = |name: &str| {
        let mut words = words.split_whitespace();
        words.find_map(|word| {
            word.split_once(':')?
                .1
                .strip_prefix(name)?
                .strip_prefix('=')
        })
    };
    // A step of so many per cent is no length of time.
    if value("SCALE_TYPE") == Some("log") {
        return None;
    }
    let wanted = seconds / seconds_per_unit(value("UNITS")?)?;
    let old: f64 = number.trim().parse().ok()?;
    (old < wanted).then(|| format!("{wanted:?} {}", words.trim()))
}

/// `RANGE @ RESOLUTION`, with another resolution.
fn cache_tag(old: &str, seconds: f64) -> Option<String> {
    let (range, resolution) = old.rsplit_once('@')?;
    let known = resolution.trim();
    let digits = known
        .trim_end_matches(|c: char| c.is_ascii_alphabetic())
        .trim();
    let unit = known.get(digits.len()..).map_or("", str::trim);
    let factor = match unit {
        "" => Some(1.0),
        unit => seconds_per_unit(unit),
    };
    let old_seconds = digits.parse::<f64>().ok().zip(factor).map(|(n, f)| n * f);
    match old_seconds {
        Some(old) if old >= seconds => None,
        _ => Some(format!("{}@ {seconds}s", range)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_raised_and_never_lowered() {
        for (old, seconds, new) in [
            (
                "6.0E7 units:UNITS=microseconds",
                120.0,
                Some("120000000.0 units:UNITS=microseconds"),
            ),
            ("6.0E7 units:UNITS=microseconds", 30.0, None),
            (
                "1.5 units:UNITS=s String:LABEL=x",
                60.0,
                Some("60.0 units:UNITS=s String:LABEL=x"),
            ),
            (
                "10 units:UNITS=percentIncrease String:SCALE_TYPE=log",
                60.0,
                None,
            ),
            ("10", 60.0, None),
            ("x units:UNITS=s", 60.0, None),
        ] {
            assert_eq!(cadence(old, seconds).as_deref(), new, "{old}");
        }
        for (old, new) in [
            (
                "2017-01-01 to 2017-01-02 @ intrinsic",
                Some("2017-01-01 to 2017-01-02 @ 60s"),
            ),
            (
                "2017-01-01 to 2017-01-02 @ 5s",
                Some("2017-01-01 to 2017-01-02 @ 60s"),
            ),
            (
                "2017-01-01 to 2017-01-02 @ 1.5 s",
                Some("2017-01-01 to 2017-01-02 @ 60s"),
            ),
            ("2017-01-01 to 2017-01-02 @ 600s", None),
            ("2017-01-01", None),
        ] {
            assert_eq!(cache_tag(old, 60.0).as_deref(), new, "{old}");
        }
    }
}
