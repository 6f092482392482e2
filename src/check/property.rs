//! Properties: types, values, and the few names whose type matters.

use super::report::{Log, Place, shown};
use super::rule::Rule;
use super::value::number;
use crate::stream::Element;
use crate::time::{self, TimeUnit};

/// A property type: its name, and the test of a value.
type Kind = (&'static str, fn(&str) -> bool);

/// The types that clients know, in this case; they refuse all others.
const KINDS: &[Kind] = &[
    ("String", |_| true),
    ("boolean", |text| matches!(text, "true" | "false")),
    ("int", |text| text.trim().parse::<i64>().is_ok()),
    ("double", |text| number(text.trim()).is_some()),
    ("doubleArray", is_array),
    ("Datum", |text| datum(text).is_some()),
    ("DatumRange", is_datum_range),
    ("Time", is_time),
    ("TimeRange", is_time_range),
];

/// Properties that hold a fill value.
const FILLS: &[&str] = &["yFill", "zFill", "fill"];

/// Properties by which the stream says that x never goes back.
const MONOTONIC: &[&str] = &["xMonotonic", "monotonicXTags"];

fn is_array(text: &str) -> bool {
    text.split(',').all(|item| number(item.trim()).is_some())
}

/// `NUMBER UNITS`, units optional.
fn datum(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let (value, units) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    Some((number(value)?, units.trim()))
}

/// `A to B UNITS`, or a range of times with or without `UTC`.
fn is_datum_range(text: &str) -> bool {
    let numbers = text
        .split_once(" to ")
        .is_some_and(|(begin, end)| number(begin.trim()).is_some() && datum(end).is_some());
    let times = text.trim().strip_suffix("UTC").unwrap_or(text);
    numbers || is_time_range(times)
}

fn is_time(text: &str) -> bool {
    time::parse_field(text.trim().as_bytes()).is_ok()
}

fn is_time_range(text: &str) -> bool {
    text.split_once(" to ")
        .is_some_and(|(begin, end)| is_time(begin) && is_time(end))
}

/// Name and type of a property by its key, `TYPE:name` or a name alone.
fn split_key(key: &str) -> (Option<&str>, &str) {
    match key.split_once(':') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, key),
    }
}

/// The properties that the check itself goes by.
const WANTED: &[&str] = &[
    "yFill",
    "zFill",
    "fill",
    "xTagWidth",
    "xMonotonic",
    "monotonicXTags",
];

/// The properties of a stream, packet or plane, as far as they are wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Properties(Vec<(&'static str, String)>);

impl Properties {
    /// Takes the properties elements out of a header's element and checks
    /// them. `owner` says whose they are, for the findings.
    pub(super) fn check(element: &Element, owner: &str, place: Place, log: &mut Log) -> Properties {
        let mut all = Vec::new();
        let elements = element.children.iter().filter(|c| c.name == "properties");
        for (count, properties) in elements.enumerate() {
            if count == 1 {
                log.add(Rule::PropertiesTwice, place, || {
                    format!("{owner} has more than one properties element")
                });
            }
            all.extend(properties.attrs.iter().cloned());
        }
        check_names(&all, owner, place, log);
        for (key, value) in &all {
            check_type(key, value, owner, place, log);
            check_meaning(key, value, owner, place, log);
        }
        Properties(wanted(&all))
    }

    /// A wanted property by its name, whatever its type.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The first of each wanted name.
fn wanted(all: &[(String, String)]) -> Vec<(&'static str, String)> {
    let first = |name: &&'static str| {
        let (_, value) = all.iter().find(|(key, _)| split_key(key).1 == *name)?;
        Some((*name, value.clone()))
    };
    WANTED.iter().filter_map(first).collect()
}

/// Names das2C refuses, and names given twice under different types.
fn check_names(all: &[(String, String)], owner: &str, place: Place, log: &mut Log) {
    let mut names: Vec<&str> = Vec::new();
    for (key, _) in all {
        let (kind, name) = split_key(key);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        if name.is_empty() || kind == Some("") || !name.chars().all(plain) {
            log.add(Rule::PropertyName, place, || {
                format!("{owner}: the property name '{}'", shown(key))
            });
        }
        names.push(name);
    }
    names.sort_unstable();
    for pair in names.windows(2) {
        if let [first, second] = pair
            && first == second
        {
            log.add(Rule::PropertyTwice, place, || {
                format!("{owner}: the property {} is given twice", shown(first))
            });
        }
    }
}

fn check_type(key: &str, value: &str, owner: &str, place: Place, log: &mut Log) {
    let (Some(kind), name) = split_key(key) else {
        return;
    };
    match KINDS.iter().find(|(known, _)| *known == kind) {
        None => log.add(Rule::PropertyType, place, || {
            format!(
                "{owner}: '{}' of the property {} is no type that clients know",
                shown(kind),
                shown(name)
            )
        }),
        Some((_, fits)) if !fits(value) => log.add(Rule::PropertyValue, place, || {
            format!("{owner}: {}=\"{}\" is no {kind}", shown(name), shown(value))
        }),
        Some(_) => {}
    }
}

/// The names whose type clients rely on.
fn check_meaning(key: &str, value: &str, owner: &str, place: Place, log: &mut Log) {
    let (kind, name) = split_key(key);
    let wanted = match name {
        "xTagWidth" if kind != Some("Datum") => Some((Rule::XTagWidthDatum, "Datum")),
        "xCacheResolution" if kind != Some("Datum") => Some((Rule::CacheProperty, "Datum")),
        "xCacheRange" if kind != Some("DatumRange") => Some((Rule::CacheProperty, "DatumRange")),
        "monotonicXTags" if !matches!(kind, None | Some("String")) => {
            Some((Rule::MonotonicType, "String"))
        }
        _ => None,
    };
    if let Some((rule, wanted)) = wanted {
        log.add(rule, place, || {
            format!(
                "{owner}: clients read {name} only as {wanted}, found {}",
                shown(kind.unwrap_or("no type"))
            )
        });
    }
    if FILLS.contains(&name) && fill_number(value).is_none() {
        log.add(Rule::FillNumber, place, || {
            format!("{owner}: {name}=\"{}\" is no number", shown(value))
        });
    }
}

/// The number of a fill value, which may be written as a Datum.
fn fill_number(text: &str) -> Option<f64> {
    datum(text).map(|(number, _)| number)
}

/// What plane, packet and stream say together: the nearest wins.
#[derive(Clone, Copy)]
pub(super) struct Cascade<'a> {
    /// Nearest first.
    pub levels: [&'a Properties; 3],
}

impl Cascade<'_> {
    /// A property by its name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.levels.iter().find_map(|level| level.get(name))
    }

    /// The fill value of a plane whose own property is `name`.
    pub(super) fn fill(&self, name: &str) -> f64 {
        const DEFAULT: f64 = -1.0e31;
        self.get(name)
            .or_else(|| self.get("fill"))
            .and_then(fill_number)
            .unwrap_or(DEFAULT)
    }

    /// True when the stream claims that x never goes back.
    pub(super) fn claims_monotonic(&self) -> bool {
        MONOTONIC.iter().any(|name| self.get(name) == Some("true"))
    }

    /// An xTagWidth must be a length in x: of time where x is a time.
    pub(super) fn check_tag_width(&self, x_units: &str, place: Place, log: &mut Log) {
        let Some(text) = self.get("xTagWidth") else {
            return;
        };
        let is_time = TimeUnit::parse(x_units).is_some();
        let fits = datum(text)
            .is_some_and(|(_, units)| !is_time || time::seconds_per_unit(units).is_some());
        if !fits && is_time {
            log.add(Rule::XTagWidthDatum, place, || {
                format!("xTagWidth \"{}\" is no length of time", shown(text))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(kind: &str, text: &str) -> bool {
        KINDS.iter().find(|(name, _)| *name == kind).unwrap().1(text)
    }

    #[test]
    fn values_of_their_types() {
        for (kind, text) in [
            ("boolean", "true"),
            ("int", "-5"),
            ("double", "-1.0e+31"),
            ("doubleArray", "1, 2,3e4"),
            ("Datum", ".15 s"),
            ("Datum", "1.4 log10Ratio"),
            ("Datum", "5"),
            ("DatumRange", "1.0e-18 to 1.0e-2 V**2 m**-2 Hz**-1"),
            ("DatumRange", "1 to .5"),
            (
                "DatumRange",
                "2008-223T09:07:29.969 to 2008-223T09:07:30.869 UTC",
            ),
            ("DatumRange", "2017-01-01 to 2017-01-02"),
            ("Time", "2017-01-01"),
            ("TimeRange", "2017-01-01 to 2017-01-02T05:00"),
        ] {
            assert!(fits(kind, text), "{kind} {text}");
        }
    }

    #[test]
    fn values_that_are_not() {
        for (kind, text) in [
            ("boolean", "yes"),
            ("int", "1.5"),
            ("double", ""),
            ("doubleArray", "1,,2"),
            ("Datum", "s 15"),
            ("DatumRange", "1 2 Hz"),
            ("DatumRange", "1 to Hz"),
            ("Time", "noon"),
            ("TimeRange", "2017-01-01"),
        ] {
            assert!(!fits(kind, text), "{kind} {text}");
        }
    }
}
