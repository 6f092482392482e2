//! `<properties TYPE:name="value" name="value"/>`, allowed in a stream, a
//! packet and every plane.
//!
//! Properties keep their order, their type word and their text, whatever they
//! are: a type or a unit that is not known here passes through.

use super::element::{attr, escape_into};

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Properties {
    attrs: Vec<(String, String)>,
}

impl Properties {
    #[cfg(test)]
    pub(super) fn from_attrs(attrs: Vec<(String, String)>) -> Properties {
        Properties { attrs }
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.attrs.is_empty()
    }

    /// All of them in their order.
    pub fn iter(&self) -> impl Iterator<Item = Property<'_>> {
        self.attrs.iter().map(|(key, value)| {
            let (kind, name) = split_key(key);
            Property { kind, name, value }
        })
    }

    /// The property of this name, whatever its type.
    pub fn get(&self, name: &str) -> Option<Property<'_>> {
        self.iter().find(|property| property.name == name)
    }

    /// The text of the property of this name, whatever its type.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|property| property.value)
    }

    /// Sets a property where it stands, its type included, or appends it.
    pub fn set(&mut self, kind: &str, name: &str, value: impl Into<String>) {
        let key = format!("{kind}:{name}");
        let value = value.into();
        match self
            .attrs
            .iter_mut()
            .find(|(old, _)| split_key(old).1 == name)
        {
            Some(old) => *old = (key, value),
            None => self.attrs.push((key, value)),
        }
    }

    /// Takes a property away.
    pub fn remove(&mut self, name: &str) {
        self.attrs.retain(|(key, _)| split_key(key).1 != name);
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

    /// Adds what a further properties element holds.
    pub(super) fn extend(&mut self, attrs: Vec<(String, String)>) {
        for (key, value) in attrs {
            if attr(&self.attrs, &key).is_none() {
                self.attrs.push((key, value));
            }
        }
    }
}

/// `TYPE:name`, or a name alone.
fn split_key(key: &str) -> (Option<&str>, &str) {
    match key.split_once(':') {
        Some((kind, name)) => (Some(kind), name),
        None => (None, key),
    }
}

impl Property<'_> {
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
        Properties::from_attrs(vec![
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
    fn setting_keeps_the_place_and_replaces_the_type() {
        let mut p = sample();
        p.set("String", "xLabel", "time");
        p.set("double", "new", "1");
        let names: Vec<_> = p.iter().map(|p| p.name.to_owned()).collect();
        assert_eq!(names, ["title", "xLabel", "yTagWidth", "new"]);
        assert_eq!(p.get("xLabel").unwrap().kind, Some("String"));
        p.remove("title");
        assert_eq!(p.value("title"), None);
    }

    #[test]
    fn lengths_of_time_in_every_form_of_the_field() {
        for (text, seconds) in [
            ("60 s", 60.0),
            (".15 s", 0.15),
            ("2 min", 120.0),
            ("7", 7.0),
        ] {
            let p = Properties::from_attrs(vec![("Datum:xTagWidth".into(), text.into())]);
            assert_eq!(
                p.get("xTagWidth").unwrap().seconds(),
                Some(seconds),
                "{text}"
            );
        }
        let p = Properties::from_attrs(vec![("Datum:w".into(), "5 Hz".into())]);
        assert_eq!(p.get("w").unwrap().seconds(), None);
    }
}
