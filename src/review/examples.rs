//! Ranges to try: whether they are times, and lie where there are data.

use std::collections::HashSet;

use super::definition::Desk;
use crate::source::{Definition, Example, split_range};
use crate::time::{Time, parse_query};

const RANGE: &str = "write BEGIN to END, such as 2021-03-20 to 2021-03-21T12:00";

pub(super) fn check(definition: &Definition, desk: &mut Desk<'_>) {
    for example in &definition.examples {
        of_example(definition, example, desk);
    }
    let belonging = [
        "exampleParams",
        "exampleInterval",
        "exampleResolution",
        "exampleInfo",
    ];
    let examples = definition.examples.iter();
    let known: HashSet<&str> = examples.map(|example| example.suffix.as_str()).collect();
    for base in belonging {
        for (suffix, entry) in definition.numbered(base) {
            let owner = format!("exampleRange{suffix}");
            if !known.contains(suffix) {
                let what = format!("belongs to no example: there is no {owner}");
                desk.warn(&entry.key, &what, &format!("write {owner}, or remove it"));
            }
        }
    }
    if let Some(text) = definition.get("testRange") {
        range(definition, "testRange", text, desk);
    }
    if definition
        .get("testInterval")
        .is_some_and(|text| !is_length(text))
    {
        desk.error(
            "testInterval",
            "is no number of seconds",
            "write a number above zero",
        );
    }
}

fn of_example(definition: &Definition, example: &Example, desk: &mut Desk<'_>) {
    let suffix = &example.suffix;
    // One without an end is told by the reader of the definition.
    if example.ends.is_some() {
        range(
            definition,
            &format!("exampleRange{suffix}"),
            &example.range,
            desk,
        );
    }
    for (base, value) in [
        ("exampleInterval", &example.interval),
        ("exampleResolution", &example.resolution),
    ] {
        if value.as_deref().is_some_and(|text| !is_length(text)) {
            let key = format!("{base}{suffix}");
            desk.error(&key, "is no number of seconds", "write a number above zero");
        }
    }
    if definition.requires_interval && example.interval.is_none() {
        let key = format!("exampleRange{suffix}");
        let what = "has no interval, which this source wants";
        desk.warn(
            &key,
            what,
            &format!("write exampleInterval{suffix} = SECONDS"),
        );
    }
}

fn range(definition: &Definition, key: &str, text: &str, desk: &mut Desk<'_>) {
    let Some((begin, end)) = split_range(text) else {
        return desk.error(key, "has no end", RANGE);
    };
    let now = Time::now();
    let mut times = Vec::new();
    for word in [begin, end] {
        match parse_query(word, Some(now)) {
            Ok(time) => times.push(time),
            Err(error) => return desk.error(key, &format!("has a wrong time: {error}"), RANGE),
        }
    }
    let &[begin, end] = times.as_slice() else {
        return;
    };
    if end <= begin {
        return desk.error(key, "ends before it begins", RANGE);
    }
    let Some(valid) = &definition.valid_range else {
        return;
    };
    let (first, last) = (valid.begin, valid.end(now));
    if end <= first || begin >= last {
        let what = "lies outside of validRange, so it has no data";
        desk.error(
            key,
            what,
            "write a range inside of validRange, or widen that",
        );
    } else if begin < first || end > last {
        let what = "goes beyond validRange, and is trimmed to it";
        desk.warn(
            key,
            what,
            "write a range inside of validRange, or widen that",
        );
    }
}

fn is_length(text: &str) -> bool {
    let number = text.trim().parse::<f64>();
    number.is_ok_and(|number| number > 0.0 && number.is_finite())
}
