//! yTags: what the items of a yscan are tagged with; das2.3 calls such numbers
//! offsets, and has them in x too.

use super::element::attr;
use super::error::{Error, Result};

/// The tags of a scan's items: of a yscan in its yUnits, of an xscan in its
/// xUnits.
#[derive(Debug, Clone, PartialEq)]
pub enum YTags {
    /// One number an item.
    List(Vec<f64>),
    /// `first + i * step`.
    Interval {
        /// The tag of item 0.
        first: f64,
        /// The distance of neighbours, above zero.
        step: f64,
    },
}

/// What the attributes with tags are called.
struct Names {
    list: &'static str,
    step: &'static str,
    min: &'static str,
    max: &'static str,
}

/// das2.2.
const Y_TAGS: Names = Names {
    list: "yTags",
    step: "yTagInterval",
    min: "yTagMin",
    max: "yTagMax",
};

/// das2.3.
const Y_OFFSETS: Names = Names {
    list: "yOffsets",
    step: "yOffsetInterval",
    min: "yOffsetMin",
    max: "yOffsetMax",
};

/// das2.3.
const X_OFFSETS: Names = Names {
    list: "xOffsets",
    step: "xOffsetInterval",
    min: "xOffsetMin",
    max: "xOffsetMax",
};

impl YTags {
    /// Understands the tags among a yscan's attributes.
    ///
    /// A list wins over an interval; yTagMax alone is the tag of the last
    /// item; without any, an item's tag is its number (das2.2 ICD).
    ///
    /// # Errors
    /// [`Error::Malformed`] for a wrong count, text that is no number, or an
    /// interval that is not above zero.
    pub fn parse(attrs: &[(String, String)], items: usize) -> Result<YTags> {
        if YTags::are_offsets(attrs) {
            return named(&Y_OFFSETS, attrs, items);
        }
        named(&Y_TAGS, attrs, items)
    }

    /// Whether a yscan has offsets in place of tags.
    pub fn are_offsets(attrs: &[(String, String)]) -> bool {
        let given =
            |names: &Names| attr(attrs, names.list).is_some() || attr(attrs, names.step).is_some();
        !given(&Y_TAGS) && given(&Y_OFFSETS)
    }

    /// Understands the offsets among an xscan's attributes, by the same rules.
    ///
    /// # Errors
    /// As [`YTags::parse`].
    pub fn parse_x(attrs: &[(String, String)], items: usize) -> Result<YTags> {
        named(&X_OFFSETS, attrs, items)
    }

    /// The tag of one item.
    pub fn get(&self, item: usize) -> Option<f64> {
        match self {
            YTags::List(list) => list.get(item).copied(),
            YTags::Interval { first, step } => Some(first + item as f64 * step),
        }
    }

    /// The smallest and the largest of `items` tags.
    pub fn range(&self, items: usize) -> (f64, f64) {
        match self {
            YTags::List(list) => list
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &tag| {
                    (low.min(tag), high.max(tag))
                }),
            YTags::Interval { first, step } => {
                (*first, first + items.saturating_sub(1) as f64 * step)
            }
        }
    }
}

fn named(names: &Names, attrs: &[(String, String)], items: usize) -> Result<YTags> {
    if let Some(list) = attr(attrs, names.list) {
        return list_of(names.list, list, items);
    }
    let Some(step) = attr(attrs, names.step) else {
        return Ok(YTags::Interval {
            first: 0.0,
            step: 1.0,
        });
    };
    let step = number(names.step, step)?;
    if step <= 0.0 || !step.is_finite() {
        return Err(Error::malformed(format!(
            "{} must be above zero",
            names.step
        )));
    }
    let first = match (attr(attrs, names.min), attr(attrs, names.max)) {
        (Some(min), _) => number(names.min, min)?,
        (None, Some(max)) => number(names.max, max)? - (items as f64 - 1.0) * step,
        (None, None) => 0.0,
    };
    Ok(YTags::Interval { first, step })
}

fn list_of(name: &str, text: &str, items: usize) -> Result<YTags> {
    let what = format!("a number of {name}");
    let list: Vec<f64> = text
        .split(',')
        .map(|tag| number(&what, tag))
        .collect::<Result<_>>()?;
    if list.len() == items {
        Ok(YTags::List(list))
    } else {
        Err(Error::malformed(format!(
            "nitems is {items}, but there are {} {name}",
            list.len()
        )))
    }
}

fn number(what: &str, text: &str) -> Result<f64> {
    super::number::parse_number(text.as_bytes()).ok_or_else(|| {
        let shown: String = text.trim().chars().take(24).collect();
        Error::malformed(format!("{what} must be a number, found '{shown}'"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(attrs: &[(&str, &str)], items: usize) -> Result<YTags> {
        let attrs: Vec<_> = attrs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        YTags::parse(&attrs, items)
    }

    #[test]
    fn every_way_to_give_tags() {
        let t = parse(&[("yTags", "1, 2.5,\n4e2")], 3).unwrap();
        assert_eq!(t, YTags::List(vec![1.0, 2.5, 400.0]));
        let t = parse(&[("yTagInterval", "0.5"), ("yTagMin", "3")], 3).unwrap();
        assert_eq!(t.get(2), Some(4.0));
        // The last item has yTagMax, not one step beyond it.
        let t = parse(&[("yTagInterval", "0.5"), ("yTagMax", "5")], 3).unwrap();
        assert_eq!(t.range(3), (4.0, 5.0));
        assert_eq!(parse(&[], 3).unwrap().get(2), Some(2.0));
        assert_eq!(parse(&[("yTagMin", "9")], 3).unwrap().get(0), Some(0.0));
        // Both: the list wins.
        let t = parse(&[("yTags", "7,8"), ("yTagInterval", "1")], 2).unwrap();
        assert_eq!(t.get(1), Some(8.0));
    }

    #[test]
    fn offsets_of_das2_3() {
        let t = parse(&[("yOffsets", "1,2")], 2).unwrap();
        assert_eq!(t, YTags::List(vec![1.0, 2.0]));
        let attrs = [("xOffsetInterval", "2"), ("xOffsetMin", "-1")];
        let attrs = attrs.map(|(k, v)| (k.to_string(), v.to_string()));
        let t = YTags::parse_x(&attrs, 3).unwrap();
        assert_eq!(t.range(3), (-1.0, 3.0));
        assert!(parse(&[("yOffsets", "1,2")], 3).is_err());
    }

    #[test]
    fn wrong_tags_are_refused() {
        assert!(parse(&[("yTags", "1,2")], 3).is_err());
        assert!(parse(&[("yTags", "1,2,x")], 3).is_err());
        assert!(parse(&[("yTags", "2000-01-01,1,2")], 3).is_err());
        assert!(parse(&[("yTagInterval", "0")], 3).is_err());
        assert!(parse(&[("yTagInterval", "-1")], 3).is_err());
        assert!(parse(&[("yTagInterval", "nan")], 3).is_err());
    }
}
