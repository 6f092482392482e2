//! One plane: its attributes, its type, its tags.

use super::body::{check_attributes, check_children};
use super::property::Cascade;
use super::records::Column;
use super::report::{Log, Place, shown};
use super::rule::Rule;
use super::value::{ValueType, number};
use crate::stream::{Element, MAX_PACKET};
use crate::time::{self, TimeUnit};

/// The elements that are planes.
pub(super) const KINDS: &[&str] = &["x", "y", "z", "yscan", "xscan"];

/// Items of a yscan that das2C's programs take.
const DAS2C_ITEMS: usize = 249_999;

/// What an element of one kind may and must have.
struct Kind {
    name: &'static str,
    attributes: &'static [&'static str],
    /// Attributes for units, that of the values first.
    units: &'static [&'static str],
    /// The property that holds the fill value; None for coordinates.
    fill: Option<&'static str>,
    is_scan: bool,
}

const TABLE: &[Kind] = &[
    Kind {
        name: "x",
        attributes: &["name", "type", "units", "base"],
        units: &["units"],
        fill: None,
        is_scan: false,
    },
    Kind {
        name: "y",
        attributes: &["name", "type", "units"],
        units: &["units"],
        fill: Some("yFill"),
        is_scan: false,
    },
    Kind {
        name: "z",
        attributes: &["name", "type", "units"],
        units: &["units"],
        fill: Some("zFill"),
        is_scan: false,
    },
    Kind {
        name: "yscan",
        attributes: &[
            "name",
            "type",
            "nitems",
            "yUnits",
            "zUnits",
            "yTags",
            "yTagInterval",
            "yTagMin",
            "yTagMax",
            "yOffsets",
            "yOffsetInterval",
            "yOffsetMin",
            "xUnits",
            "xOffsets",
            "xOffsetInterval",
            "xOffsetMin",
        ],
        units: &["zUnits", "yUnits"],
        fill: Some("zFill"),
        is_scan: true,
    },
    Kind {
        name: "xscan",
        attributes: &[
            "name",
            "type",
            "nitems",
            "xUnits",
            "yUnits",
            "xOffsets",
            "xOffsetInterval",
            "xOffsetMin",
        ],
        units: &["yUnits", "xUnits"],
        fill: Some("yFill"),
        is_scan: true,
    },
];

/// Three ways to give tags: list, interval, and the ends of an interval.
const TAGS: &[(&str, &str, &str, &str)] = &[
    ("yTags", "yTagInterval", "yTagMin", "yTagMax"),
    ("yOffsets", "yOffsetInterval", "yOffsetMin", ""),
    ("xOffsets", "xOffsetInterval", "xOffsetMin", ""),
];

/// A plane's element and name, for findings.
pub(super) fn owner(element: &Element) -> String {
    match element.attr("name") {
        Some(name) if !name.is_empty() => format!("<{}> {}", shown(&element.name), shown(name)),
        _ => format!("<{}>", shown(&element.name)),
    }
}

/// Reads a plane. None: its width is not known, and why has been said.
pub(super) fn column(
    element: &Element,
    cascade: &Cascade<'_>,
    place: Place,
    log: &mut Log,
) -> Option<Column> {
    let kind = TABLE.iter().find(|kind| kind.name == element.name)?;
    check_attributes(element, kind.attributes, place, log);
    check_children(element, &["properties"], place, log);
    check_name(element, place, log);
    let das23 = |(name, _): &(String, String)| name.contains("Offset") || name == "xUnits";
    if kind.name == "xscan" || element.attrs.iter().any(das23) {
        log.add(Rule::Das23, place, || {
            format!(
                "{} is das2.3, which clients do not implement",
                owner(element)
            )
        });
    }
    let value_type = type_of(element, place, log);
    check_units(element, kind, value_type, place, log);
    let items = if kind.is_scan {
        items_of(element, place, log)
    } else {
        Some(1)
    };
    if let Some(items) = items.filter(|_| kind.is_scan) {
        for tags in TAGS {
            check_tags(element, *tags, items, place, log);
        }
    }
    check_tags_and_offsets(element, place, log);
    let units = kind.units.first().and_then(|name| element.attr(name));
    Some(Column {
        kind: kind.name,
        name: element.attr("name").unwrap_or("").to_owned(),
        type_name: element.attr("type").unwrap_or("").to_owned(),
        units: units.unwrap_or("").to_owned(),
        value_type: value_type?,
        items: items?,
        fill: kind.fill.map(|name| cascade.fill(name)),
        values: 0,
        filled: 0,
    })
}

fn check_name(element: &Element, place: Place, log: &mut Log) {
    let name = element.attr("name").unwrap_or("");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_identifier =
        |part: &str| !part.starts_with(|c: char| c.is_ascii_digit()) && part.chars().all(plain);
    // Reducers have always called their planes NAME.max and the like.
    let parts = name
        .split('.')
        .all(|part| is_identifier(part) && !part.is_empty());
    if !name.is_empty() && !parts {
        log.add(Rule::PlaneName, place, || {
            format!("{}: the name is no identifier", owner(element))
        });
    }
}

fn type_of(element: &Element, place: Place, log: &mut Log) -> Option<ValueType> {
    let Some(name) = element.attr("type") else {
        log.add(Rule::PlaneType, place, || {
            format!("{} has no type", owner(element))
        });
        return None;
    };
    let Some((value_type, remark)) = ValueType::das2(name) else {
        log.add(Rule::PlaneType, place, || {
            format!("{} has the unknown type '{}'", owner(element), shown(name))
        });
        return None;
    };
    if let Some(rule) = remark {
        log.add(rule, place, || {
            format!(
                "{}: not all readers know the type {}",
                owner(element),
                shown(name)
            )
        });
    }
    Some(value_type)
}

fn check_units(
    element: &Element,
    kind: &Kind,
    value_type: Option<ValueType>,
    place: Place,
    log: &mut Log,
) {
    let is_text_time = matches!(value_type, Some(ValueType::Time(_)));
    for (number, name) in kind.units.iter().enumerate() {
        // Times as text need no units of their own; tags do.
        let exempt = is_text_time && number == 0;
        if element.attr(name).is_none() && !exempt {
            log.add(Rule::UnitsMissing, place, || {
                format!("{} has no {name}, taken as dimensionless", owner(element))
            });
        }
    }
    let units = kind.units.first().and_then(|name| element.attr(name));
    let is_time = units.is_some_and(|units| TimeUnit::parse(units).is_some());
    if is_text_time && units.is_some() && !is_time {
        log.add(Rule::TimeUnits, place, || {
            format!("{} holds times, its units are no time", owner(element))
        });
    }
    if kind.name == "x" && is_time && matches!(value_type, Some(ValueType::Real4 { .. })) {
        log.add(Rule::XReal4, place, || {
            "x holds times in four bytes; use eight, or text".into()
        });
    }
    if let Some(base) = element.attr("base").filter(|_| kind.name == "x") {
        check_base(base, units.unwrap_or(""), place, log);
    }
}

fn check_base(base: &str, units: &str, place: Place, log: &mut Log) {
    if let Err(e) = time::parse_field(base.as_bytes()) {
        log.add(Rule::Base, place, || format!("the base of x: {e}"));
    }
    if time::seconds_per_unit(units).is_none() {
        log.add(Rule::Base, place, || {
            format!(
                "x has a base, but its units '{}' are no length of time",
                shown(units)
            )
        });
    }
    log.add(Rule::BaseIgnored, place, || {
        format!("the base {} of x: readers do not apply it", shown(base))
    });
}

fn items_of(element: &Element, place: Place, log: &mut Log) -> Option<usize> {
    let text = element.attr("nitems");
    let items = text.and_then(|text| text.trim().parse::<usize>().ok());
    let Some(items) = items.filter(|items| (1..=MAX_PACKET).contains(items)) else {
        log.add(Rule::Nitems, place, || match text {
            None => format!("{} has no nitems", owner(element)),
            Some(text) => format!(
                "{}: nitems is '{}', not a number from 1 to {MAX_PACKET}",
                owner(element),
                shown(text)
            ),
        });
        return None;
    };
    if items > DAS2C_ITEMS {
        log.add(Rule::NitemsLarge, place, || {
            format!("{items} items, das2C's programs take {DAS2C_ITEMS}")
        });
    }
    Some(items)
}

fn check_tags(
    element: &Element,
    (list, interval, low, high): (&str, &str, &str, &str),
    items: usize,
    place: Place,
    log: &mut Log,
) {
    let given = |name| element.attr(name).is_some();
    if let Some(text) = element.attr(list) {
        check_list(element, list, text, items, place, log);
    }
    if let Some(text) = element.attr(interval) {
        let step = number(text.trim());
        if !step.is_some_and(|step| step > 0.0 && step.is_finite()) {
            log.add(Rule::YtagsInterval, place, || {
                format!("{interval} is '{}', not a number above zero", shown(text))
            });
        }
    }
    for name in [low, high] {
        if let Some(text) = element.attr(name) {
            check_tag(name, text, place, log);
        }
    }
    if given(list) && given(interval) {
        log.add(Rule::YtagsBoth, place, || {
            format!("both {list} and {interval}; readers do not agree which of them counts")
        });
    }
    if given(interval) && given(high) && !given(low) {
        log.add(Rule::YtagsMax, place, || {
            format!("{high} without {low}: readers get it wrong, write {low}")
        });
    }
    if !given(interval) && !given(list) && (given(low) || given(high)) {
        log.add(Rule::YtagsMin, place, || {
            format!("{low} or {high} without {interval} is ignored")
        });
    }
}

/// Tags are themselves, offsets are added to the packet's y: not both at once.
fn check_tags_and_offsets(element: &Element, place: Place, log: &mut Log) {
    let given = |names: [&str; 2]| names.iter().any(|name| element.attr(name).is_some());
    if given(["yTags", "yTagInterval"]) && given(["yOffsets", "yOffsetInterval"]) {
        log.add(Rule::YtagsBoth, place, || {
            format!(
                "{}: both tags and offsets in y; readers do not agree which of them count",
                owner(element)
            )
        });
    }
}

fn check_list(
    element: &Element,
    name: &str,
    text: &str,
    items: usize,
    place: Place,
    log: &mut Log,
) {
    let mut count = 0;
    for tag in text.split(',') {
        count += 1;
        check_tag(name, tag, place, log);
    }
    if count != items {
        log.add(Rule::YtagsCount, place, || {
            format!(
                "{}: nitems is {items}, but there are {count} {name}",
                owner(element)
            )
        });
    }
}

fn check_tag(name: &str, text: &str, place: Place, log: &mut Log) {
    match number(text.trim()) {
        None => log.add(Rule::YtagsNumber, place, || {
            format!("{name}: '{}' is no number", shown(text))
        }),
        Some(tag) if !tag.is_finite() => {
            log.add(Rule::YtagsFinite, place, || {
                format!("{name}: a tag is {tag}")
            });
        }
        Some(_) => {}
    }
}
