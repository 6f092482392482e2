//! A plane as a parameter of HAPI's info object.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::stream::{
    Encoding, NUMBER_ROOM, PacketHeader, Plane, PlaneKind, Shortest, StreamHeader, YTags,
};
use crate::time::seconds_per_unit;

use super::clock::Clock;
use super::plain::plain;

/// What clients are told of a column. Text is plain: no codes, no macros.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    units: Option<String>,
    /// The text that stands for fill, the same in every form.
    pub(super) fill: Option<String>,
    /// Bytes of a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    /// The one dimension of an array.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<[usize; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bins: Option<[Bins; 1]>,
    #[serde(rename = "x_das2Name", skip_serializing_if = "Option::is_none")]
    das2_name: Option<String>,
    /// Of scatter data: the parameter that is the other coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    x_coordinate: Option<String>,
}

/// HAPI's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Isotime,
    Double,
    Integer,
}

/// The tags of a scan.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Bins {
    name: String,
    units: String,
    centers: Centers,
}

#[derive(Debug, Clone, PartialEq)]
struct Centers {
    tags: YTags,
    items: usize,
}

/// What a parameter is made from.
pub(super) struct Source<'a> {
    pub(super) stream: &'a StreamHeader,
    pub(super) header: &'a PacketHeader,
    pub(super) plane: &'a Plane,
}

impl Parameter {
    /// `clock` reads the plane, if it holds times; `y` is the name of the y plane
    /// that z planes lie over.
    pub(super) fn new(
        source: &Source<'_>,
        name: &str,
        clock: Option<&Clock>,
        y: Option<&str>,
    ) -> Parameter {
        let plane = source.plane;
        let kind = match (clock, plane.encoding()) {
            (Some(_), _) => Kind::Isotime,
            (None, encoding) if fits_32_bits(encoding) => Kind::Integer,
            _ => Kind::Double,
        };
        let is_array = plane.kind.is_scan() && plane.items() > 1;
        Parameter {
            name: name.to_owned(),
            kind,
            units: match clock {
                Some(_) => Some("UTC".into()),
                None => not_empty(source.plain(plane.units())),
            },
            fill: match (plane.kind, clock) {
                (PlaneKind::X, _) => None,
                (_, Some(clock)) => Some(clock.fill()),
                _ => source.fill(kind),
            },
            length: clock.map(Clock::length),
            size: is_array.then_some([plane.items()]),
            label: not_empty(source.text("Label")),
            description: source.description(y),
            bins: is_array.then(|| [source.bins(y)]),
            das2_name: not_empty(plane.name().trim().to_owned()).filter(|das2| das2 != name),
            x_coordinate: y.filter(|_| plane.kind == PlaneKind::Z).map(str::to_owned),
        }
    }

    /// Whether rows of the one are rows of the other: what fill is may differ,
    /// and so may labels.
    pub(super) fn has_rows_of(&self, other: &Parameter) -> bool {
        let of = |p: &Parameter| (p.name.clone(), p.kind, p.units.clone(), p.length, p.size);
        of(self) == of(other) && self.bins == other.bins
    }
}

/// Integers that HAPI has; all others are doubles.
fn fits_32_bits(encoding: Encoding) -> bool {
    match encoding {
        Encoding::Int { width, signed, .. } => width < 4 || (width == 4 && signed),
        _ => false,
    }
}

fn not_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The fill of planes that do not say, and of those whose fill is no number.
const DEFAULT_FILL: &str = "-1e31";

impl<'a> Source<'a> {
    fn property(&self, name: &str) -> Option<&'a str> {
        let found = self.header.cascade(self.plane, self.stream, name);
        found.map(|property| property.value)
    }

    fn plain(&self, text: &str) -> String {
        plain(text, |name| self.property(name))
    }

    /// The label or summary of the plane's own values.
    fn text(&self, what: &str) -> String {
        let axis = match self.plane.kind {
            PlaneKind::X => 'x',
            PlaneKind::Y | PlaneKind::XScan => 'y',
            PlaneKind::YScan | PlaneKind::Z => 'z',
        };
        let text = self.property(&format!("{axis}{what}"));
        self.plain(text.unwrap_or_default())
    }

    /// The text for fill: as the stream has it, if HAPI's readers take it so.
    fn fill(&self, kind: Kind) -> Option<String> {
        let number = self.header.fill(self.plane, self.stream);
        if kind == Kind::Integer {
            let fits = number.fract() == 0.0
                && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
            return fits.then(|| (number as i32).to_string());
        }
        if !number.is_finite() {
            return Some(DEFAULT_FILL.into());
        }
        let own = match self.plane.kind {
            PlaneKind::Y | PlaneKind::XScan => "yFill",
            _ => "zFill",
        };
        let given = [own, "fill"].into_iter().filter_map(|name| {
            let property = self.header.cascade(self.plane, self.stream, name)?;
            property.number().map(|_| property.value.trim())
        });
        let text = given.into_iter().next().unwrap_or(DEFAULT_FILL);
        Some(match is_plain_number(text) {
            true => text.to_owned(),
            false => {
                let mut made = Vec::new();
                push_number(number, &mut made);
                String::from_utf8(made).unwrap_or_default()
            }
        })
    }

    fn description(&self, y: Option<&str>) -> Option<String> {
        let mut parts = vec![self.text("Summary")];
        let own = |name| self.plane.properties.value(name);
        let statistic = match own("operation").map(|all| all.rsplit(", ").next().unwrap_or(all)) {
            Some("BIN_AVG") => "mean",
            Some("BIN_MIN") => "smallest value",
            Some("BIN_MAX") => "largest value",
            Some("BIN_STDDEV") => "standard deviation",
            _ => "",
        };
        parts.push(match (statistic, own("source")) {
            ("", _) => String::new(),
            (what, Some(of)) if !of.is_empty() => format!("{what} of {of} in each bin of time"),
            (what, _) => format!("{what} in each bin of time"),
        });
        if self.plane.kind.is_scan()
            && self.plane.items() == 1
            && let Some(tag) = self.plane.tags().get(0)
        {
            let units = self.plain(self.plane.tag_units().unwrap_or_default());
            let mut text = b"at ".to_vec();
            push_number(tag, &mut text);
            let text = String::from_utf8(text).unwrap_or_default();
            let mut text = format!("{text} {units}").trim_end().to_owned();
            if let Some(y) = y.filter(|_| self.plane.tags_are_offsets()) {
                text = format!("{text} from {y}");
            }
            parts.push(text);
        }
        if self.plane.kind == PlaneKind::Z
            && let Some(y) = y
        {
            parts.push(format!("{y} is its coordinate"));
        }
        parts.retain(|part| !part.is_empty());
        not_empty(parts.join("; "))
    }

    /// HAPI's centers are the same in all records. Offsets of das2.3 are not, so their
    /// name says that they are added to `y`.
    fn bins(&self, y: Option<&str>) -> Bins {
        let units = self.plain(self.plane.tag_units().unwrap_or_default());
        let (label, by_unit) = match self.plane.kind {
            PlaneKind::XScan => (None, "time_offset"),
            _ => (self.property("yLabel"), kind_of_unit(&units)),
        };
        let label = self.plain(label.unwrap_or_default());
        let mut name = not_empty(label).unwrap_or_else(|| by_unit.into());
        if let Some(y) = y.filter(|_| self.plane.tags_are_offsets()) {
            name = format!("{name}, offset from {y}");
        }
        Bins {
            name,
            units: not_empty(units).unwrap_or_else(|| "dimensionless".into()),
            centers: Centers {
                tags: self.plane.tags(),
                items: self.plane.items(),
            },
        }
    }
}

fn kind_of_unit(units: &str) -> &'static str {
    if units.ends_with("Hz") {
        "frequency"
    } else if units.ends_with("eV") {
        "energy"
    } else if seconds_per_unit(units).is_some() {
        "time_offset"
    } else {
        "tag"
    }
}

/// Made while they are written: a header may promise millions. Null where a
/// tag is no number.
impl Serialize for Centers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tag = |item| {
            let tag = self.tags.get(item)?;
            // What an interval gives is rounded: 0.3, not 0.30000000000000004.
            Some(match self.tags {
                YTags::List(_) => tag,
                YTags::Interval { .. } => format!("{tag:.14e}").parse().unwrap_or(tag),
            })
        };
        let (low, high) = self.tags.range(self.items);
        let all_finite = match &self.tags {
            YTags::List(list) => list.iter().all(|tag| tag.is_finite()),
            YTags::Interval { .. } => low.is_finite() && high.is_finite(),
        };
        if !all_finite {
            return serializer.serialize_none();
        }
        let mut centers = serializer.serialize_seq(Some(self.items))?;
        for item in 0..self.items {
            centers.serialize_element(&tag(item))?;
        }
        centers.end()
    }
}

/// `-?digits[.digits][e[-]digits]`
fn is_plain_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = |text: &str| digits(text.strip_prefix('-').unwrap_or(text));
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    exponent.is_none_or(unsigned)
        && match mantissa.split_once('.') {
            Some((whole, decimals)) => unsigned(whole) && digits(decimals),
            None => unsigned(mantissa),
        }
}

/// Appends the shortest text of a finite number in HAPI's form, which has no
/// plus sign.
fn push_number(value: f64, out: &mut Vec<u8>) {
    let mut room = [0; NUMBER_ROOM];
    let length = value.write_without_plus(&mut room);
    out.extend_from_slice(room.get(..length).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_plus() {
        for (value, text) in [
            (1e31, "1e31"),
            (-1e31, "-1e31"),
            (6.02e123, "6.02e123"),
            (5e-324, "5e-324"),
            (1.5, "1.5"),
            (-0.0, "-0"),
            (0.1, "0.1"),
        ] {
            let mut out = b"+1,".to_vec();
            push_number(value, &mut out);
            assert_eq!(out.get(3..).unwrap(), text.as_bytes());
            assert!(is_plain_number(text), "{text}");
        }
        for text in [
            "", "-", "+1", "1.", ".5", "1e", "1e+5", "1E5", "nan", "-inf", "1 ", "0x1",
        ] {
            assert!(!is_plain_number(text), "{text}");
        }
    }
}
