//! Planes: the columns of a data packet.

use super::element::{Element, attr, same_attrs, set_attr, write_attrs, write_element};
use super::encoding::Encoding;
use super::error::{Error, Result};
use super::frame::MAX_PACKET;
use super::properties::Properties;
use super::tags::YTags;

/// What a plane holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlaneKind {
    /// The coordinate, mostly time: one value a packet.
    X,
    /// Data, one value a packet; or a coordinate when z planes follow.
    Y,
    /// Data over tags, `nitems` values a packet.
    YScan,
    /// Scatter data, one value a packet.
    Z,
    /// das2.3: samples at x plus offsets, `nitems` values a packet.
    XScan,
}

impl PlaneKind {
    /// The element's name.
    pub fn element(self) -> &'static str {
        match self {
            PlaneKind::X => "x",
            PlaneKind::Y => "y",
            PlaneKind::YScan => "yscan",
            PlaneKind::Z => "z",
            PlaneKind::XScan => "xscan",
        }
    }

    fn of_element(name: &str) -> Option<PlaneKind> {
        [Self::X, Self::Y, Self::YScan, Self::Z, Self::XScan]
            .into_iter()
            .find(|kind| kind.element() == name)
    }

    /// True for the planes that hold several items a packet.
    pub fn is_scan(self) -> bool {
        matches!(self, PlaneKind::YScan | PlaneKind::XScan)
    }
}

/// A plane: its attributes as they were written, and what they mean.
#[derive(Debug, Clone)]
pub struct Plane {
    /// What it holds.
    pub kind: PlaneKind,
    /// Properties of this plane alone.
    pub properties: Properties,
    attrs: Vec<(String, String)>,
    extra: Vec<Element>,
    encoding: Encoding,
    items: usize,
}

/// The same plane in other words, its attributes in another order, is the same.
impl PartialEq for Plane {
    fn eq(&self, other: &Plane) -> bool {
        (self.kind, self.encoding, self.items) == (other.kind, other.encoding, other.items)
            && same_attrs(&self.attrs, &other.attrs)
            && self.properties == other.properties
            && self.extra == other.extra
    }
}

impl Plane {
    /// A plane of one value (x, y, z), with an empty set of properties.
    pub fn new(kind: PlaneKind, name: &str, units: &str, encoding: Encoding) -> Plane {
        Plane {
            kind,
            properties: Properties::default(),
            attrs: vec![
                ("name".into(), name.into()),
                ("type".into(), encoding.name()),
                ("units".into(), units.into()),
            ],
            extra: Vec::new(),
            encoding,
            items: 1,
        }
    }

    /// A scan (yscan, xscan) with a value at each of these tags: `units` are
    /// those of the values, `tag_units` those of the tags.
    pub fn scan(
        kind: PlaneKind,
        name: &str,
        units: &str,
        encoding: Encoding,
        tags: &[f64],
        tag_units: &str,
    ) -> Plane {
        let mut list = String::new();
        for (index, tag) in tags.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            list.push_str(&format!("{comma}{tag}"));
        }
        let (value_units, tags_units, offsets) = match kind {
            PlaneKind::XScan => ("yUnits", "xUnits", "xOffsets"),
            _ => ("zUnits", "yUnits", "yTags"),
        };
        let attr = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Plane {
            kind,
            properties: Properties::default(),
            attrs: vec![
                attr("name", name),
                attr("type", &encoding.name()),
                attr("nitems", &tags.len().to_string()),
                attr(tags_units, tag_units),
                attr(value_units, units),
                attr(offsets, &list),
            ],
            extra: Vec::new(),
            encoding,
            items: tags.len(),
        }
    }

    /// A plane from its element.
    ///
    /// # Errors
    /// [`Error::Malformed`]: not a plane's name, no or an unknown type, nitems
    /// that is missing, zero or too large, broken tags.
    pub fn from_element(element: Element) -> Result<Plane> {
        let kind = PlaneKind::of_element(&element.name).ok_or_else(|| {
            Error::malformed(format!(
                "<{}> is no plane, and the layout of the data depends on it",
                shown(&element.name)
            ))
        })?;
        let word = element
            .attr("type")
            .ok_or_else(|| Error::malformed(format!("<{}> has no type", kind.element())))?;
        let encoding = Encoding::parse(word).ok_or_else(|| {
            Error::malformed(format!(
                "<{}> has the unknown type '{}'",
                kind.element(),
                shown(word)
            ))
        })?;
        let items = items_of(kind, &element)?;
        tags_of(kind, &element.attrs, items)?;
        let (properties, extra) = split_children(element.children);
        Ok(Plane {
            kind,
            properties,
            attrs: element.attrs,
            extra,
            encoding,
            items,
        })
    }

    /// Its name, empty where it has none.
    pub fn name(&self) -> &str {
        self.attr("name").unwrap_or("")
    }

    /// The units of its values: `zUnits` of a yscan, `yUnits` of an xscan,
    /// else `units`; empty for none.
    pub fn units(&self) -> &str {
        self.attr(self.units_attr()).unwrap_or("")
    }

    /// An attribute as it was written.
    pub fn attr(&self, name: &str) -> Option<&str> {
        attr(&self.attrs, name)
    }

    /// All attributes in their order.
    pub fn attrs(&self) -> &[(String, String)] {
        &self.attrs
    }

    /// How its values are encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Values a packet.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Bytes a packet.
    pub fn width(&self) -> usize {
        self.items.saturating_mul(self.encoding.width())
    }

    /// The tags of its items: yTags in yUnits, or the xOffsets of an xscan in
    /// its xUnits.
    pub fn tags(&self) -> YTags {
        tags_of(self.kind, &self.attrs, self.items).unwrap_or(YTags::Interval {
            first: 0.0,
            step: 1.0,
        })
    }

    /// True where the tags of a yscan count from the packet's first y, as das2.3 has it.
    pub fn tags_are_offsets(&self) -> bool {
        self.kind == PlaneKind::YScan && YTags::are_offsets(&self.attrs)
    }

    /// The units of those tags; None where the plane does not say.
    pub fn tag_units(&self) -> Option<&str> {
        match self.kind {
            PlaneKind::XScan => self.attr("xUnits"),
            _ => self.attr("yUnits"),
        }
    }

    /// Renames it.
    pub fn set_name(&mut self, name: &str) {
        set_attr(&mut self.attrs, "name", name);
    }

    /// Sets the units of its values.
    pub fn set_units(&mut self, units: &str) {
        let key = self.units_attr();
        set_attr(&mut self.attrs, key, units);
    }

    /// Changes the encoding of its values.
    pub fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
        set_attr(&mut self.attrs, "type", encoding.name());
    }

    /// Takes an attribute away.
    pub fn remove_attr(&mut self, name: &str) {
        self.attrs.retain(|(key, _)| key != name);
    }

    /// Turns a scan into a y plane of one value, units taken from its values.
    pub fn collapse(&mut self) {
        let units = self.units().to_owned();
        self.kind = PlaneKind::Y;
        self.items = 1;
        self.drop_layout();
        self.set_units(&units);
    }

    /// Turns it into a yscan of `items` items with the tags
    /// `first + i * step` in `tag_units`; units and encoding of its values
    /// stay.
    pub fn spread(&mut self, items: usize, tag_units: &str, first: f64, step: f64) {
        let units = self.units().to_owned();
        self.kind = PlaneKind::YScan;
        self.items = items;
        self.drop_layout();
        self.remove_attr("units");
        set_attr(&mut self.attrs, "nitems", items.to_string());
        set_attr(&mut self.attrs, "yTagInterval", step.to_string());
        set_attr(&mut self.attrs, "yTagMin", first.to_string());
        set_attr(&mut self.attrs, "yUnits", tag_units);
        self.set_units(&units);
    }

    /// Turns it into a yscan with these tags in `tag_units`; units and encoding
    /// of its values stay.
    pub fn tag(&mut self, tags: &[f64], tag_units: &str) {
        self.spread(tags.len(), tag_units, 0.0, 1.0);
        self.remove_attr("yTagInterval");
        self.remove_attr("yTagMin");
        let tags: Vec<String> = tags.iter().map(f64::to_string).collect();
        set_attr(&mut self.attrs, "yTags", tags.join(","));
    }

    fn drop_layout(&mut self) {
        self.attrs.retain(|(key, _)| {
            !matches!(key.as_str(), "nitems" | "xUnits" | "yUnits" | "zUnits")
                && !["yTag", "yOffset", "xOffset"]
                    .iter()
                    .any(|beginning| key.starts_with(beginning))
        });
    }

    fn units_attr(&self) -> &'static str {
        match self.kind {
            PlaneKind::YScan => "zUnits",
            PlaneKind::XScan => "yUnits",
            _ => "units",
        }
    }

    /// Appends the element, always as a pair of tags.
    pub(super) fn write_into(&self, out: &mut String) {
        out.push_str("  <");
        out.push_str(self.kind.element());
        write_attrs(out, &self.attrs);
        out.push('>');
        if !self.properties.is_empty() {
            out.push('\n');
            self.properties.write_into(out, "    ");
            out.push_str("  ");
        }
        for element in &self.extra {
            write_element(out, element);
        }
        out.push_str("</");
        out.push_str(self.kind.element());
        out.push_str(">\n");
    }
}

fn tags_of(kind: PlaneKind, attrs: &[(String, String)], items: usize) -> Result<YTags> {
    match kind {
        PlaneKind::XScan => YTags::parse_x(attrs, items),
        PlaneKind::YScan => YTags::parse(attrs, items),
        _ => Ok(YTags::Interval {
            first: 0.0,
            step: 1.0,
        }),
    }
}

/// nitems of a scan; 1 for every other plane.
fn items_of(kind: PlaneKind, element: &Element) -> Result<usize> {
    if !kind.is_scan() {
        return Ok(1);
    }
    let text = element
        .attr("nitems")
        .ok_or_else(|| Error::malformed(format!("<{}> has no nitems", kind.element())))?;
    match text.trim().parse::<usize>() {
        Ok(items) if (1..=MAX_PACKET).contains(&items) => Ok(items),
        _ => Err(Error::malformed(format!(
            "nitems must be a number from 1 to {MAX_PACKET}, found '{}'",
            shown(text)
        ))),
    }
}

/// The properties among an element's children, and all others.
pub(super) fn split_children(children: Vec<Element>) -> (Properties, Vec<Element>) {
    let is_properties = |child: &Element| child.name == "properties";
    let (properties, extra): (Vec<_>, Vec<_>) = children.into_iter().partition(is_properties);
    let attrs = properties.into_iter().map(|child| child.attrs);
    (Properties::of_elements(attrs.collect()), extra)
}

/// A short, printable form of text out of the stream.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .take(40)
        .flat_map(char::escape_default)
        .collect()
}
