//! Headings of columns.

use crate::filter::times::Times;
use crate::stream::{PacketHeader, Plane, PlaneKind, Result, YTags, shortest};

/// Hands on the headings of a plane's items.
pub(super) fn headings(
    header: &PacketHeader,
    plane: &Plane,
    mut push: impl FnMut(&str) -> Result<()>,
) -> Result<()> {
    let name = name(header, plane);
    let units = match Times::of(plane) {
        Some(_) => "UTC",
        None => plane.units().trim(),
    };
    let behind = match units {
        "" => String::new(),
        units => format!(" ({units})"),
    };
    if !plane.kind.is_scan() {
        return push(&(name + &behind));
    }
    let tags = plane.tags();
    let tag_units = plane.tag_units().unwrap_or_default().trim();
    (0..plane.items()).try_for_each(|item| {
        let tag = tag(&tags, item);
        push(&(joined(&[&name, "@", &tag, tag_units]) + &behind))
    })
}

/// Whether two packet types have the same columns.
pub(super) fn same_columns(one: &PacketHeader, other: &PacketHeader) -> bool {
    let alike = |(a, b): (&Plane, &Plane)| {
        (a.kind, a.name(), a.items(), a.tag_units()) == (b.kind, b.name(), b.items(), b.tag_units())
            && Times::of(a).is_some() == Times::of(b).is_some()
            && (Times::of(a).is_some() || a.units() == b.units())
            && a.tags() == b.tags()
    };
    one.planes.len() == other.planes.len() && one.planes.iter().zip(&other.planes).all(alike)
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

/// A plane's name; without one `time` for such an x, else what the plane is,
/// with a number where there are several without a name.
fn name(header: &PacketHeader, plane: &Plane) -> String {
    let given = plane.name().trim();
    if !given.is_empty() {
        return given.to_owned();
    }
    if plane.kind == PlaneKind::X && Times::of(plane).is_some() {
        return "time".into();
    }
    let alike = |other: &&Plane| other.kind == plane.kind && other.name().trim().is_empty();
    let element = plane.kind.element();
    let all = header.planes.iter().filter(alike).count();
    let before = header
        .planes
        .iter()
        .take_while(|other| !std::ptr::eq(*other, plane));
    match all {
        1 => element.into(),
        _ => format!("{element}_{}", before.filter(alike).count() + 1),
    }
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
