//! Headings of columns.

use std::collections::HashMap;

use crate::filter::times::Times;
use crate::stream::{PacketHeader, Plane, PlaneKind, Result, YTags, shortest};

/// Hands on the headings of the items of a plane of this name. `y` is the name of the
/// first y of the packet, from which offsets of das2.3 count.
pub(super) fn headings(
    name: &str,
    plane: &Plane,
    y: Option<&str>,
    mut push: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let units = match Times::of(plane) {
        Some(_) => "UTC",
        None => plane.units().trim(),
    };
    let name = short(name);
    let behind = match short(units) {
        "" => String::new(),
        units => format!(" ({units})"),
    };
    if !plane.kind.is_scan() {
        return push(&(name.to_owned() + &behind));
    }
    let tags = plane.tags();
    let tag_units = short(plane.tag_units().unwrap_or_default().trim());
    let y = y.filter(|_| plane.tags_are_offsets()).map(short);
    (0..plane.items()).try_for_each(|item| {
        let mut tag = tag(&tags, item);
        if let Some(y) = y {
            let plus = if tag.starts_with('-') { "" } else { "+" };
            tag = format!("{y}{plus}{tag}");
        }
        push(&(joined(&[name, "@", &tag, tag_units]) + &behind))
    })
}

/// Whether two packet types have the same columns.
pub(super) fn same_columns(one: &PacketHeader, other: &PacketHeader) -> bool {
    let alike = |(a, b): (&Plane, &Plane)| {
        (a.kind, a.name(), a.items(), a.tag_units()) == (b.kind, b.name(), b.items(), b.tag_units())
            && Times::of(a).is_some() == Times::of(b).is_some()
            && (Times::of(a).is_some() || a.units() == b.units())
            && a.tags() == b.tags()
            && a.tags_are_offsets() == b.tags_are_offsets()
    };
    one.planes.len() == other.planes.len() && one.planes.iter().zip(&other.planes).all(alike)
}

/// The beginning of a name or unit: each is written as often as a scan has items.
fn short(text: &str) -> &str {
    const LONGEST: usize = 256;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// The words with blanks between them, without empty ones.
fn joined(words: &[&str]) -> String {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// The names of a packet type's planes; one without is called `time` if it is such an x,
/// else what the plane is, with a number where there are several without a name.
pub(super) fn names(header: &PacketHeader) -> Vec<String> {
    let is_unnamed = |plane: &&Plane| plane.name().trim().is_empty();
    // Each kind is counted once, since there may be thousands of planes.
    let mut all: HashMap<&str, usize> = HashMap::new();
    for plane in header.planes.iter().filter(is_unnamed) {
        *all.entry(plane.kind.element()).or_default() += 1;
    }
    let mut before: HashMap<&str, usize> = HashMap::new();
    let name = |plane: &Plane| {
        if !is_unnamed(&plane) {
            return plane.name().trim().to_owned();
        }
        let element = plane.kind.element();
        let number = before.entry(element).or_default();
        *number += 1;
        match all.get(element) {
            _ if plane.kind == PlaneKind::X && Times::of(plane).is_some() => "time".into(),
            Some(1) => element.into(),
            _ => format!("{element}_{number}"),
        }
    };
    header.planes.iter().map(name).collect()
}

/// The place of the first y.
pub(super) fn first_y(header: &PacketHeader) -> Option<usize> {
    let mut planes = header.planes.iter();
    planes.position(|plane| plane.kind == PlaneKind::Y)
}

/// The tag of an item. What an interval gives is rounded to twelve digits, so
/// that a third step of 0.1 is 0.3 and not 0.30000000000000004.
fn tag(tags: &YTags, item: usize) -> String {
    let Some(tag) = tags.get(item) else {
        return String::new();
    };
    let tag = match tags {
        YTags::List(_) => tag,
        YTags::Interval { .. } => format!("{tag:.11e}").parse().unwrap_or(tag),
    };
    let mut text = Vec::new();
    shortest(tag, &mut text);
    String::from_utf8(text).unwrap_or_default()
}
