//! Packet headers of das2 streams: planes, and how they stand together.

use super::body::check_attributes;
use super::plane;
use super::property::{Cascade, Properties};
use super::records::{Column, Layout};
use super::report::{Log, Place, shown};
use super::rule::Rule;
use super::track::Scale;
use crate::stream::{Element, MAX_PACKET, PacketId};
use crate::time::{self, TimeUnit};

/// Planes a packet that das2C's programs take.
const DAS2C_PLANES: usize = 100;
/// Bytes of a data packet that das2C's programs take, its tag not counted.
const DAS2C_PACKET: usize = 262_140;

/// Reads a packet header. None: data of this ID cannot be followed, and why
/// has been said.
pub(super) fn layout(
    root: &Element,
    id: PacketId,
    stream: &Properties,
    place: Place,
    log: &mut Log,
) -> Option<Layout> {
    check_frame(root, place, log);
    let properties = Properties::check(root, "<packet>", place, log);
    let mut columns = Vec::new();
    let mut bases = Vec::new();
    let mut is_whole = true;
    let mut claims_monotonic = false;
    for child in root.children.iter().filter(|c| c.name != "properties") {
        if !plane::KINDS.contains(&child.name.as_str()) {
            is_whole = false;
            log.add(Rule::UnknownChild, place, || unknown_child(&child.name));
            continue;
        }
        let own = Properties::check(child, &plane::owner(child), place, log);
        let cascade = Cascade {
            levels: [&own, &properties, stream],
        };
        if child.name == "x" {
            claims_monotonic |= cascade.claims_monotonic();
            cascade.check_tag_width(child.attr("units").unwrap_or(""), place, log);
        }
        match plane::column(child, &cascade, place, log) {
            Some(column) => {
                bases.push(child.attr("base"));
                columns.push(column);
            }
            None => is_whole = false,
        }
    }
    if !is_whole {
        return None;
    }
    check_pattern(&columns, place, log);
    check_names(&columns, place, log);
    let x = columns.iter().position(|column| column.kind == "x");
    let x = x.zip(x.and_then(|x| Some(scale(columns.get(x)?, bases.get(x).copied()?))));
    let mut layout = Layout::new(id, columns, x);
    layout.claims_monotonic = claims_monotonic;
    check_size(&layout, place, log).then_some(layout)
}

fn unknown_child(name: &str) -> String {
    match name {
        "qdataset" => "a <qdataset> in a das2 stream: its stream element has no dataset_id".into(),
        _ => format!(
            "<packet> holds <{}>, so the layout of its data is not known",
            shown(name)
        ),
    }
}

/// The packet element itself.
fn check_frame(root: &Element, place: Place, log: &mut Log) {
    check_attributes(root, &["group"], place, log);
    if root.attr("group").is_some() {
        log.add(Rule::PacketGroup, place, || {
            "the attribute group makes das2C's programs crash".into()
        });
    }
    let is_properties = |child: &Element| child.name == "properties";
    let planes_first = root
        .children
        .iter()
        .skip_while(|child| is_properties(child));
    if planes_first.skip(1).any(is_properties) {
        log.add(Rule::PropertiesPlace, place, || {
            "the packet's properties stand after a plane".into()
        });
    }
}

/// Which planes there are and in which order.
fn check_pattern(columns: &[Column], place: Place, log: &mut Log) {
    let count = |kind| columns.iter().filter(|column| column.kind == kind).count();
    let (x, z) = (count("x"), count("z"));
    let first = columns.first().map(|column| column.kind);
    let all = columns.len();
    let breaches = [
        (all == 0, Rule::NoPlanes, "the packet has no planes"),
        (
            all > DAS2C_PLANES,
            Rule::PlaneCount,
            "more planes than das2C's programs take, which is 100",
        ),
        (all > 0 && x == 0, Rule::XMissing, "no x plane"),
        (x > 1, Rule::XSeveral, "several x planes"),
        (
            x > 0 && first != Some("x"),
            Rule::XNotFirst,
            "the first plane is not x",
        ),
        (
            z > 0 && (x == 0 || count("y") == 0),
            Rule::ZWithoutXY,
            "a z plane without both x and y",
        ),
        (
            z > 0 && count("yscan") > 0,
            Rule::YscanWithZ,
            "yscan and z planes in one packet",
        ),
    ];
    for (is_breach, rule, text) in breaches {
        if is_breach {
            log.add(rule, place, || text.into());
        }
    }
}

/// Clients refuse a packet with two planes of one name, empty ones included.
fn check_names(columns: &[Column], place: Place, log: &mut Log) {
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        if let [first, second] = pair
            && first == second
        {
            log.add(Rule::DuplicatePlaneName, place, || {
                format!("two planes have the name '{}'", shown(first))
            });
        }
    }
}

/// False when packets are too large to be read at all.
fn check_size(layout: &Layout, place: Place, log: &mut Log) -> bool {
    let size = layout.width;
    if size > MAX_PACKET {
        log.add(Rule::PacketSize, place, || {
            format!("a data packet of {size} bytes, readers take {MAX_PACKET}")
        });
        return false;
    }
    if size > DAS2C_PACKET {
        log.add(Rule::PacketLarge, place, || {
            format!("a data packet of {size} bytes, das2C's programs take {DAS2C_PACKET}")
        });
    }
    true
}

/// What x means.
fn scale(x: &Column, base: Option<&str>) -> Scale {
    if matches!(x.value_type, super::value::ValueType::Time(_)) {
        return Scale::Text;
    }
    let base = base.and_then(|text| time::parse_field(text.as_bytes()).ok());
    if let Some(base) = base
        && let Some(seconds) = time::seconds_per_unit(&x.units)
    {
        return Scale::Base(base, seconds);
    }
    match TimeUnit::parse(&x.units) {
        Some(unit) => Scale::Unit(unit),
        None => Scale::Number(x.units.clone()),
    }
}
