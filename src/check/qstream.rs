//! Packet descriptors of QStreams: datasets, their lengths and encodings.

use super::body::{check_attributes, check_children};
use super::records::{Column, Layout};
use super::report::{Log, Place, shown};
use super::rule::Rule;
use super::track::Scale;
use super::value::{ValueType, number};
use crate::stream::{Element, MAX_PACKET, PacketId};
use crate::time::TimeUnit;

/// Bytes of a data packet that the clients' reader takes.
const CLIENT_PACKET: usize = 1_000_000;

/// Property types that readers know.
const PROPERTY_TYPES: &[&str] = &[
    "units",
    "String",
    "Double",
    "Integer",
    "Boolean",
    "qdataset",
    "rank0dataset",
    "datumRange",
    "cacheTag",
    "enumerationUnit",
    "numberArray",
    "map",
];

/// What one qdataset contributes to a data packet.
enum Part {
    /// Values in every data packet.
    Streamed(Column),
    /// Values in the header, or a bundle or join of others.
    Inline,
    /// Not to be understood, which has been said.
    Broken,
}

/// Reads a packet descriptor. None: data of this ID cannot be followed.
pub(super) fn layout(
    root: &Element,
    id: PacketId,
    big_endian: bool,
    place: Place,
    log: &mut Log,
) -> Option<Layout> {
    let mut columns = Vec::new();
    let mut inline = 0;
    let mut is_whole = true;
    for child in &root.children {
        if child.name != "qdataset" {
            is_whole = false;
            log.add(Rule::UnknownChild, place, || {
                format!("<packet> of a QStream holds <{}>", shown(&child.name))
            });
            continue;
        }
        match part(child, big_endian, place, log) {
            Part::Streamed(column) => columns.push(column),
            Part::Inline => inline += 1,
            Part::Broken => is_whole = false,
        }
    }
    if root.children.is_empty() {
        log.add(Rule::NoPlanes, place, || {
            "a packet without a qdataset".into()
        });
    }
    if inline > 0 && !columns.is_empty() {
        log.add(Rule::InlineMixed, place, || {
            "datasets with values in the header and in data packets, in one packet".into()
        });
    }
    let x = columns.iter().position(is_time);
    let x = x.zip(x.and_then(|x| Some(scale(columns.get(x)?))));
    let mut layout = Layout::new(id, columns, x);
    layout.is_inline = layout.columns.is_empty();
    if layout.width > MAX_PACKET {
        log.add(Rule::PacketSize, place, || {
            format!(
                "a data packet of {} bytes, readers take {MAX_PACKET}",
                layout.width
            )
        });
        return None;
    }
    if layout.width > CLIENT_PACKET {
        log.add(Rule::PacketLarge, place, || {
            format!(
                "a data packet of {} bytes, clients take {CLIENT_PACKET}",
                layout.width
            )
        });
    }
    is_whole.then_some(layout)
}

fn is_time(column: &Column) -> bool {
    TimeUnit::parse(&column.units).is_some()
}

fn scale(x: &Column) -> Scale {
    match (x.value_type, TimeUnit::parse(&x.units)) {
        (ValueType::Time(_), _) => Scale::Text,
        (_, Some(unit)) => Scale::Unit(unit),
        (_, None) => Scale::Number(x.units.clone()),
    }
}

fn part(dataset: &Element, big: bool, place: Place, log: &mut Log) -> Part {
    let known = ["id", "rank", "joinId", "bundle", "join", "values", "inline"];
    check_attributes(dataset, &known, place, log);
    check_children(dataset, &["properties", "values", "bundle"], place, log);
    let id = dataset.attr("id").unwrap_or("");
    let rank = dataset
        .attr("rank")
        .and_then(|text| text.trim().parse().ok());
    let Some(rank) = rank.filter(|_| !id.is_empty()) else {
        log.add(Rule::Qdataset, place, || {
            format!(
                "qdataset '{}' must have an id and a rank that is a number",
                shown(id)
            )
        });
        return Part::Broken;
    };
    check_properties(dataset, id, place, log);
    let is_inline = |e: &Element| e.attr("values").or(e.attr("inline")).is_some();
    let is_composed = |e: &Element| e.attr("bundle").or(e.attr("join")).is_some();
    let mut values = dataset
        .children
        .iter()
        .filter(|child| child.name == "values");
    let Some(first) = values.next() else {
        let bundles = dataset.children.iter().any(|child| child.name == "bundle");
        if bundles || is_composed(dataset) || is_inline(dataset) {
            return Part::Inline;
        }
        log.add(Rule::Qdataset, place, || {
            format!("qdataset {} has no values", shown(id))
        });
        return Part::Broken;
    };
    if is_inline(first) || is_composed(first) {
        return Part::Inline;
    }
    streamed(dataset, first, rank, big, place, log).map_or(Part::Broken, Part::Streamed)
}

fn streamed(
    dataset: &Element,
    values: &Element,
    rank: usize,
    big: bool,
    place: Place,
    log: &mut Log,
) -> Option<Column> {
    let id = dataset.attr("id").unwrap_or("");
    let encoding = values.attr("encoding").unwrap_or("");
    let value_type = ValueType::qstream(encoding, big);
    if value_type.is_none() {
        log.add(Rule::PlaneType, place, || {
            format!(
                "qdataset {} has the unknown encoding '{}'",
                shown(id),
                shown(encoding)
            )
        });
    }
    let lengths = lengths(values.attr("length").unwrap_or(""));
    // As many lengths as the rank: complete in one packet. One less: streamed. Two
    // less: the records of a slice, each time that the descriptor is repeated.
    let fits = lengths
        .as_ref()
        .is_some_and(|(count, _)| (*count..=count + 2).contains(&rank));
    if !fits {
        log.add(Rule::Qdataset, place, || {
            format!(
                "qdataset {} of rank {rank}: the length '{}' does not fit",
                shown(id),
                shown(values.attr("length").unwrap_or(""))
            )
        });
    }
    let (_, items) = lengths?;
    let units = property(dataset, "UNITS").unwrap_or("");
    let is_coordinate = TimeUnit::parse(units).is_some();
    let fill = property(dataset, "FILL_VALUE").and_then(number);
    Some(Column {
        kind: "qdataset",
        name: id.to_owned(),
        type_name: encoding.to_owned(),
        units: units.to_owned(),
        value_type: value_type?,
        items,
        fill: (!is_coordinate).then_some(fill.unwrap_or(f64::NAN)),
        values: 0,
        filled: 0,
    })
}

/// How many lengths there are, and their product.
fn lengths(text: &str) -> Option<(usize, usize)> {
    if text.trim().is_empty() {
        return Some((0, 1));
    }
    let mut all = (0, 1usize);
    for length in text.split(',') {
        let length: usize = length.trim().parse().ok().filter(|length| *length > 0)?;
        all = (all.0 + 1, all.1.saturating_mul(length));
    }
    Some(all)
}

fn properties(dataset: &Element) -> impl Iterator<Item = &Element> {
    dataset
        .children
        .iter()
        .filter(|child| child.name == "properties")
        .flat_map(|child| &child.children)
}

fn property<'a>(dataset: &'a Element, name: &str) -> Option<&'a str> {
    properties(dataset)
        .find(|property| property.attr("name") == Some(name))
        .and_then(|property| property.attr("value"))
}

fn check_properties(dataset: &Element, id: &str, place: Place, log: &mut Log) {
    for property in properties(dataset) {
        if property.name != "property" {
            log.add(Rule::UnknownElement, place, || {
                format!(
                    "qdataset {}: <{}> among its properties",
                    shown(id),
                    shown(&property.name)
                )
            });
            continue;
        }
        let kind = property.attr("type").unwrap_or("");
        if !PROPERTY_TYPES.contains(&kind) {
            log.add(Rule::PropertyType, place, || {
                format!(
                    "qdataset {}: the property type '{}'",
                    shown(id),
                    shown(kind)
                )
            });
        }
        if property.attr("name").is_none_or(str::is_empty) {
            log.add(Rule::PropertyName, place, || {
                format!("qdataset {}: a property without a name", shown(id))
            });
        }
    }
}
