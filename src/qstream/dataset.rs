//! One dataset of a packet descriptor.

use crate::stream::{Element, Error, Result};
use crate::time::TimeUnit;

use super::encoding::Encoding;

/// Where the values of a dataset are.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// In data packets.
    Packets {
        /// How each is encoded.
        encoding: Encoding,
        /// Values a packet: the product of the lengths.
        items: usize,
        /// What a packet is of it.
        part: Part,
    },
    /// In the descriptor itself.
    Inline,
    /// In the datasets of these ids, which it puts together.
    Composed(Vec<String>),
}

/// What one packet is of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One record.
    Record,
    /// One record of a slice: each time that the descriptor is repeated, the next
    /// slice begins.
    SliceRecord,
    /// All of it.
    Whole,
}

/// A `<qdataset>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The name by which others refer to it.
    pub id: String,
    /// How many indices it has.
    pub rank: usize,
    /// Where its values are.
    pub values: Values,
    /// Its property UNITS, empty for none.
    pub units: String,
    /// Whether those are labels that have numbers, with which nobody can
    /// reckon.
    pub is_enumeration: bool,
    /// Its property FILL_VALUE, where it is a number.
    pub fill: Option<f64>,
    /// The dataset that its first index runs along: DEPEND_0.
    pub depend_0: Option<String>,
    /// Whether its items are a smallest and a largest value: BINS_1.
    pub is_min_max: bool,
}

impl Dataset {
    /// Understands a `<qdataset>`.
    ///
    /// # Errors
    /// [`Error::Malformed`]: no id, no rank, no values, an unknown encoding,
    /// lengths that are no numbers or do not fit the rank.
    pub fn of_element(element: &Element, big_endian: bool) -> Result<Dataset> {
        let id = element.attr("id").unwrap_or("");
        let wrong = |what: String| Error::malformed(format!("qdataset '{}' {what}", shown(id)));
        let rank = element
            .attr("rank")
            .and_then(|text| text.trim().parse().ok());
        let Some(rank) = rank.filter(|_| !id.is_empty()) else {
            return Err(wrong("must have an id, and a rank that is a number".into()));
        };
        let values = values_of(element, rank, big_endian).map_err(wrong)?;
        let text = |name| property(element, name);
        Ok(Dataset {
            id: id.to_owned(),
            rank,
            units: text("UNITS").unwrap_or("").to_owned(),
            is_enumeration: properties(element).any(|property| {
                property.attr("name") == Some("UNITS")
                    && property.attr("type") == Some("enumerationUnit")
            }),
            fill: text("FILL_VALUE").and_then(|text| text.trim().parse().ok()),
            depend_0: text("DEPEND_0").map(str::to_owned),
            is_min_max: rank == 2 && text("BINS_1").is_some_and(|bins| bins.starts_with("min,max")),
            values,
        })
    }

    /// How its values are encoded in data packets, and how many there are.
    pub fn in_packets(&self) -> Option<(Encoding, usize)> {
        match self.values {
            Values::Packets {
                encoding, items, ..
            } => Some((encoding, items)),
            _ => None,
        }
    }

    /// Bytes in a data packet.
    pub fn width(&self) -> usize {
        self.in_packets().map_or(0, |(encoding, items)| {
            items.saturating_mul(encoding.width())
        })
    }

    /// Whether each data packet is one record of it.
    pub fn is_streamed(&self) -> bool {
        matches!(self.values, Values::Packets { part, .. } if part != Part::Whole)
    }

    /// The unit of its values, if they are times. Text times need none.
    pub fn time_unit(&self) -> Option<TimeUnit> {
        let (encoding, _) = self.in_packets()?;
        let is_text = matches!(encoding, Encoding::Shared(crate::stream::Encoding::Time(_)));
        TimeUnit::parse(&self.units).or(is_text.then_some(TimeUnit::US2000))
    }
}

fn values_of(
    element: &Element,
    rank: usize,
    big_endian: bool,
) -> std::result::Result<Values, String> {
    let is_inline = |e: &Element| e.attr("values").or(e.attr("inline")).is_some();
    let named = |e: &Element| {
        let names = e.attr("bundle").or(e.attr("join"))?;
        let names = names.split(',').map(|name| name.trim().to_owned());
        Some(names.collect::<Vec<String>>())
    };
    let children = |name: &'static str| element.children.iter().filter(move |c| c.name == name);
    if let Some(names) = named(element) {
        return Ok(Values::Composed(names));
    }
    let Some(values) = children("values").next() else {
        let bundles = children("bundle").filter_map(|bundle| bundle.attr("id"));
        let names: Vec<String> = bundles.map(str::to_owned).collect();
        return match (names.is_empty(), is_inline(element)) {
            (false, _) => Ok(Values::Composed(names)),
            (true, true) => Ok(Values::Inline),
            (true, false) => Err("has no values".into()),
        };
    };
    if is_inline(values) {
        return Ok(Values::Inline);
    }
    if let Some(names) = named(values) {
        return Ok(Values::Composed(names));
    }
    let word = values.attr("encoding").unwrap_or("");
    let encoding = Encoding::parse(word, big_endian)
        .ok_or_else(|| format!("has the unknown encoding '{}'", shown(word)))?;
    let text = values.attr("length").unwrap_or("");
    let lengths = lengths(text)
        .ok_or_else(|| format!("has a length that is no list of numbers: '{}'", shown(text)))?;
    let items = lengths
        .iter()
        .fold(1, |all: usize, n| all.saturating_mul(*n));
    // One length fewer than indices, or two where records are slices of a join.
    // As many: all of it in one packet; but Autoplot writes "1" for one value.
    let part = match rank.checked_sub(lengths.len()) {
        Some(0) if rank == 1 && items == 1 => Part::Record,
        Some(0) => Part::Whole,
        Some(1) => Part::Record,
        Some(2) => Part::SliceRecord,
        _ => {
            return Err(format!(
                "of rank {rank}: the length '{}' does not fit",
                shown(text)
            ));
        }
    };
    Ok(Values::Packets {
        encoding,
        items,
        part,
    })
}

/// Lengths, none for an empty text; None where one is no number above zero.
fn lengths(text: &str) -> Option<Vec<usize>> {
    match text.trim() {
        "" => Some(Vec::new()),
        text => text
            .split(',')
            .map(|length| length.trim().parse().ok().filter(|length| *length > 0))
            .collect(),
    }
}

/// The properties of a dataset that are not those of one of its slices.
fn properties(dataset: &Element) -> impl Iterator<Item = &Element> {
    dataset
        .children
        .iter()
        .filter(|child| child.name == "properties" && child.attr("index").is_none())
        .flat_map(|child| &child.children)
        .filter(|property| property.name == "property")
}

/// The text of a `<qdataset>`'s property.
pub fn property<'a>(dataset: &'a Element, name: &str) -> Option<&'a str> {
    let property = properties(dataset).find(|property| property.attr("name") == Some(name))?;
    property.attr("value").or(Some(property.text.as_str()))
}

/// Changes the text of a property that is there.
pub fn set_property(dataset: &mut Element, name: &str, value: &str) {
    let found = dataset
        .children
        .iter_mut()
        .filter(|child| child.name == "properties" && child.attr("index").is_none())
        .flat_map(|child| &mut child.children)
        .find(|property| property.attr("name") == Some(name));
    match found {
        Some(property) if property.attr("value").is_none() => property.text = value.to_owned(),
        Some(property) => property.set_attr("value", value),
        None => {}
    }
}

/// A short, printable form of text out of the stream.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .take(40)
        .flat_map(char::escape_default)
        .collect()
}
