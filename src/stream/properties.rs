//! `<properties TYPE:name="value" name="value"/>`, allowed in a stream, a
//! packet and every plane.
//!
//! Properties keep their order, their type word and their text, whatever they
//! are: a type or a unit that is not known here passes through.

use std::collections::HashSet;

use super::element::escape_into;

/// One property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property<'a> {
    /// The type word before the colon (`String`, `double`, `Datum` ...), where
    /// one is given.
    pub kind: Option<&'a str>,
    /// The name after the colon.
    pub name: &'a str,
    /// The value, unescaped.
    pub value: &'a str,
}

/// The properties of one stream, packet or plane, in their order.
#[derive(Debug, Clone, Default)]
pub struct Properties {
    attrs: Vec<(String, String)>,
    /// The places in `attrs` in the order of their names. All planes look for theirs in
    /// the stream header, too, and a header has room for very many of either.
    by_name: Vec<usize>,
}

/// The same properties in another order are the same.
impl PartialEq for Properties {
    fn eq(&self, other: &Properties) -> bool {
        let mut pairs = self.by_name.iter().zip(&other.by_name);
        self.attrs.len() == other.attrs.len()
            && pairs.all(|(one, another)| self.attrs.get(*one) == other.attrs.get(*another))
    }
}

impl Eq for Properties {}

impl Properties {
    fn new(attrs: Vec<(String, String)>) -> Properties {
        let name = |place: &usize| attrs.get(*place).map(|(key, _)| split_key(key).1);
        let mut by_name: Vec<usize> = (0..attrs.len()).collect();
        by_name.sort_by(|a, b| name(a).cmp(&name(b)));
        Properties { attrs, by_name }
    }

    /// Those of several elements; of a key that is in more than one the first.
    pub(super) fn of_elements(elements: Vec<Vec<(String, String)>>) -> Properties {
        // One has each key once.
        let many = elements.len() > 1;
        let mut seen = HashSet::new();
        let mut attrs: Vec<(String, String)> = elements.into_iter().flatten().collect();
        if many {
            attrs.retain(|(key, _)| seen.insert(key.clone()));
        }
        Properties::new(attrs)
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.attrs.is_empty()
    }

    /// All of them in their order.
    pub fn iter(&self) -> impl Iterator<Item = Property<'_>> {
        self.attrs.iter().map(Property::of)
    }

    /// The property of this name, whatever its type; the first where there are several.
    pub fn get(&self, name: &str) -> Option<Property<'_>> {
        self.attrs.get(self.place(name)?).map(Property::of)
    }

    /// The name at a place.
    fn name(&self, place: usize) -> &str {
        let attr = self.attrs.get(place);
        attr.map(|(key, _)| split_key(key).1).unwrap_or_default()
    }

    /// Where the property of this name stands.
    fn place(&self, name: &str) -> Option<usize> {
        let before = |place: &usize| self.name(*place) < name;
        let place = *self.by_name.get(self.by_name.partition_point(before))?;
        (self.name(place) == name).then_some(place)
    }

    /// The text of the property of this name, whatever its type.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|property| property.value)
    }

    /// Sets a property where it stands, its type included, or appends it.
    pub fn set(&mut self, kind: &str, name: &str, value: impl Into<String>) {
        let key = format!("{kind}:{name}");
        let value = value.into();
        let place = self.place(name).unwrap_or(self.attrs.len());
        match self.attrs.get_mut(place) {
            Some(old) => *old = (key, value),
            None => {
                let before = |other: &usize| self.name(*other) < name;
                let at = self.by_name.partition_point(before);
                self.by_name.insert(at, place);
                self.attrs.push((key, value));
            }
        }
    }

    /// Takes a property away.
    pub fn remove(&mut self, name: &str) {
        if self.place(name).is_some() {
            self.attrs.retain(|(key, _)| split_key(key).1 != name);
            *self = Properties::new(std::mem::take(&mut self.attrs));
        }
    }

    /// Appends the element, each property on a line of its own, indented.
    pub(super) fn write_into(&self, out: &mut String, indent: &str) {
        if self.attrs.is_empty() {
            return;
        }
        out.push_str(indent);
        out.push_str("<properties");
        for (key, value) in &self.attrs {
            out.push('\n');
            out.push_str(indent);
            out.push_str("  ");
            out.push_str(key);
            out.push_str("=\"");
            escape_into(out, value);
            out.push('"');
        }
        out.push_str("/>\n");
    }
}

/// `TYPE:name`, or a name alone.
fn split_key(key: &str) -> (Option<&str>, &str) {
    match key.split_once(':') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, key),
    }
}

impl<'a> Property<'a> {
    fn of((key, value): &'a (String, String)) -> Property<'a> {
        let (kind, name) = split_key(key);
        Property { kind, name, value }
    }

    /// The value as a number, where it is one.
    pub fn number(&self) -> Option<f64> {
        self.value.trim().parse().ok()
    }

    /// A length of time in seconds, as `xTagWidth` gives it: a Datum or text
    /// with a unit of time (`60 s`), or a plain number of seconds.
    pub fn seconds(&self) -> Option<f64> {
        let text = self.value.trim();
        match text.split_once(char::is_whitespace) {
            Some((number, unit)) => {
                let number: f64 = number.parse().ok()?;
                Some(number * crate::time::seconds_per_unit(unit.trim())?)
            }
            None => text.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Properties {
        Properties::new(vec![
            ("String:title".into(), "A & B".into()),
            ("xLabel".into(), "t".into()),
            ("Datum:yTagWidth".into(), "1.4 log10Ratio".into()),
        ])
    }

    #[test]
    fn names_are_found_whatever_the_type() {
        let p = sample();
        assert_eq!(p.value("title"), Some("A & B"));
        assert_eq!(p.get("xLabel").unwrap().kind, None);
        assert_eq!(p.get("yTagWidth").unwrap().kind, Some("Datum"));
        assert_eq!(p.value("nope"), None);
    }

    #[test]
    fn of_several_elements_the_first_of_a_key_counts() {
        let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let owned = |(key, value): &(&str, &str)| ((*key).into(), (*value).into());
            pairs.iter().map(owned).collect()
        };
        let p = Properties::of_elements(vec![
            of(&[("a", "1"), ("double:b", "2")]),
            of(&[("c", "3"), ("a", "4"), ("b", "5")]),
        ]);
        assert_eq!(
            p.attrs,
            of(&[("a", "1"), ("double:b", "2"), ("c", "3"), ("b", "5")])
        );
    }

    #[test]
    fn setting_keeps_the_place_and_replaces_the_type() {
        let mut p = sample();
        p.set("String", "xLabel", "time");
        p.set("double", "new", "1");
        let names: Vec<_> = p.iter().map(|p| p.name.to_owned()).collect();
        assert_eq!(names, ["title", "xLabel", "yTagWidth", "new"]);
        assert_eq!(p.get("xLabel").unwrap().kind, Some("String"));
        p.remove("title");
        assert_eq!(p.value("title"), None);
        for name in ["z", "a", "new", "m"] {
            p.set("int", name, name);
        }
        for name in ["xLabel", "yTagWidth", "new", "z", "a", "m"] {
            assert_eq!(p.get(name).map(|p| p.name), Some(name));
        }
        assert_eq!(p.iter().count(), 6);
        // Neither order of changes shows.
        assert_eq!(p, Properties::new(p.attrs.clone()));
    }

    #[test]
    fn lengths_of_time_in_every_form_of_the_field() {
        for (text, seconds) in [
            ("60 s", 60.0),
            (".15 s", 0.15),
            ("2 min", 120.0),
            ("7", 7.0),
        ] {
            let p = Properties::new(vec![("Datum:xTagWidth".into(), text.into())]);
            assert_eq!(
                p.get("xTagWidth").unwrap().seconds(),
                Some(seconds),
                "{text}"
            );
        }
        let p = Properties::new(vec![("Datum:w".into(), "5 Hz".into())]);
        assert_eq!(p.get("w").unwrap().seconds(), None);
    }
}
