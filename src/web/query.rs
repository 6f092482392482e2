//! The query string: pairs, and the names that their keys go by.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::error::Error;

/// How much of a client's text a message quotes, in characters.
const SHOWN: usize = 60;

/// A key of das2 requests. Every one has several names: those of das2.2, of
/// das2.2.2 and of das2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// What is asked for.
    Server,
    /// Which source.
    Dataset,
    /// The beginning of the time range.
    Begin,
    /// Its end.
    End,
    /// The wanted resolution, in seconds.
    Resolution,
    /// The distance of records of an interval source, in seconds.
    Interval,
    /// Words for the reader.
    Params,
    /// Text instead of numbers.
    Ascii,
    /// A deflated stream.
    Compress,
}

/// The names, the one for messages first.
const NAMES: &[(Key, &[&str])] = &[
    (Key::Server, &["server"]),
    (Key::Dataset, &["dataset"]),
    (Key::Begin, &["start_time", "reader.x.min", "time.min"]),
    (Key::End, &["end_time", "reader.x.max", "time.max"]),
    (
        Key::Resolution,
        &["resolution", "reducer.x.resolution", "time.res"],
    ),
    (
        Key::Interval,
        &["interval", "reader.x.interval", "time.int"],
    ),
    (Key::Params, &["params", "reader.params"]),
    (Key::Ascii, &["ascii"]),
    (Key::Compress, &["compress"]),
];

impl Key {
    fn names(self) -> &'static [&'static str] {
        NAMES
            .iter()
            .find(|(key, _)| *key == self)
            .map_or(&[], |(_, names)| names)
    }

    /// The name that messages use.
    pub fn name(self) -> &'static str {
        self.names().first().copied().unwrap_or_default()
    }
}

/// The query of a request. Values are decoded only when they are asked for:
/// what nobody asks for can be as garbled as it likes.
#[derive(Debug, Clone, Default)]
pub struct Query {
    raw: Vec<u8>,
}

impl Query {
    /// From QUERY_STRING as it is.
    pub fn new(raw: impl Into<Vec<u8>>) -> Query {
        Query { raw: raw.into() }
    }

    /// The text as it was received.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The first value of a key that is not empty, decoded; None without one.
    /// Of several names of a key, the one that stands first in the query.
    ///
    /// # Errors
    /// [`Error::BadRequest`] for bytes that are not UTF-8, and for control
    /// characters other than tabs and line breaks.
    pub fn get(&self, key: Key) -> Result<Option<String>, Error> {
        let names = key.names();
        let Some(pair) = self
            .pairs()
            .find(|pair| names.iter().any(|name| pair.is(name)))
        else {
            return Ok(None);
        };
        pair.text()
            .map(Some)
            .map_err(|what| Error::BadRequest(format!("The value of '{}' {what}", key.name())))
    }

    /// Whether `server` has a value, so that the path asks for nothing.
    pub fn has_server(&self) -> bool {
        self.pairs().any(|pair| pair.is(Key::Server.name()))
    }

    /// Whether a key is `1` or `true`, in any case.
    ///
    /// # Errors
    /// As for [`Query::get`].
    pub fn is_on(&self, key: Key) -> Result<bool, Error> {
        let value = self.get(key)?.unwrap_or_default();
        Ok(value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// The value of a key that is none of the known ones, for a source that
    /// refers to it; None also for one that is no text.
    pub fn other(&self, name: &str) -> Option<String> {
        let standard = NAMES.iter().any(|(_, names)| names.contains(&name));
        if standard {
            return None;
        }
        self.pairs().find(|pair| pair.is(name))?.text().ok()
    }

    /// The first value of a key by this name that is not empty, decoded.
    ///
    /// # Errors
    /// As for [`Query::get`].
    pub fn named(&self, name: &str) -> Result<Option<String>, Error> {
        let text = self
            .pairs()
            .find(|pair| pair.is(name))
            .map(|pair| pair.text());
        text.transpose()
            .map_err(|what| Error::BadRequest(format!("The value of '{name}' {what}")))
    }

    /// The query with the value of `dataset` replaced, everything else byte
    /// for byte as received.
    pub fn with_dataset(&self, value: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.raw.len() + value.len());
        let mut replaced = false;
        for (at, part) in self.raw.split(|byte| *byte == b'&').enumerate() {
            if at > 0 {
                text.push(b'&');
            }
            match Pair::of(part) {
                Some(pair) if !replaced && pair.is(Key::Dataset.name()) => {
                    replaced = true;
                    text.extend_from_slice(pair.key);
                    text.push(b'=');
                    text.extend_from_slice(value);
                }
                _ => text.extend_from_slice(part),
            }
        }
        text
    }

    /// Pairs with a value, in their order. `;` separates nothing.
    fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        self.raw.split(|byte| *byte == b'&').filter_map(Pair::of)
    }
}

/// A key and a value, still encoded.
struct Pair<'a> {
    key: &'a [u8],
    value: &'a [u8],
}

impl<'a> Pair<'a> {
    /// None without `=` or with nothing after it.
    fn of(part: &'a [u8]) -> Option<Pair<'a>> {
        let at = part.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (part.get(..at)?, part.get(at + 1..)?);
        (!value.is_empty()).then_some(Pair { key, value })
    }

    fn is(&self, name: &str) -> bool {
        match self.key.iter().any(|byte| matches!(byte, b'%' | b'+')) {
            true => *decoded(self.key) == *name.as_bytes(),
            false => self.key == name.as_bytes(),
        }
    }

    /// The value as text, or what is wrong with it.
    fn text(&self) -> Result<String, &'static str> {
        let text = String::from_utf8(decoded(self.value))
            .map_err(|_| "is not UTF-8: encode other characters as UTF-8, byte by byte")?;
        let harmful = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        match text.contains(harmful) {
            true => Err("holds a control character: send it without"),
            false => Ok(text),
        }
    }
}

/// `%XX` and `+` decoded; a `%` before anything else stays as it is.
fn decoded(text: &[u8]) -> Vec<u8> {
    let blanks: Cow<'_, [u8]> = match text.contains(&b'+') {
        true => text
            .iter()
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect(),
        false => text.into(),
    };
    percent_decode(&blanks).collect()
}

/// An excerpt of a client's text, fit to be quoted in a message.
pub fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(query: &str, key: Key) -> Option<String> {
        Query::new(query).get(key).unwrap()
    }

    #[test]
    fn pairs_are_split_at_ampersands_only() {
        assert_eq!(
            get("params=a;server=x&b=c", Key::Params).unwrap(),
            "a;server=x"
        );
        assert_eq!(get("params=a=b==", Key::Params).unwrap(), "a=b==");
        assert_eq!(get("&&=&x&params", Key::Params), None);
    }

    #[test]
    fn the_first_value_that_is_not_empty_counts() {
        assert_eq!(get("server=&server=a&server=b", Key::Server).unwrap(), "a");
        assert_eq!(get("params=", Key::Params), None);
        assert_eq!(get("time.min=1&start_time=2", Key::Begin).unwrap(), "1");
    }

    #[test]
    fn every_name_of_a_key() {
        for (name, key) in [
            ("start_time", Key::Begin),
            ("reader.x.min", Key::Begin),
            ("time%2Emin", Key::Begin),
            ("reader.x.max", Key::End),
            ("time.max", Key::End),
            ("reducer.x.resolution", Key::Resolution),
            ("time.res", Key::Resolution),
            ("reader.x.interval", Key::Interval),
            ("time.int", Key::Interval),
            ("reader.params", Key::Params),
        ] {
            assert_eq!(
                get(&format!("a=b&{name}=7"), key).as_deref(),
                Some("7"),
                "{name}"
            );
        }
    }

    #[test]
    fn decoding() {
        assert_eq!(
            get("params=a+b%2Bc%26%0a%C3%A9%", Key::Params).unwrap(),
            "a b+c&\né%"
        );
        assert_eq!(get("params=%zz%4", Key::Params).unwrap(), "%zz%4");
        for (value, word) in [
            ("%ff", "UTF-8"),
            ("%C3", "UTF-8"),
            ("a%00", "control"),
            ("%1b", "control"),
        ] {
            let error = Query::new(format!("params={value}"))
                .get(Key::Params)
                .unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("'params'") && text.contains(word),
                "{value}: {text}"
            );
        }
        assert!(Query::new("x=%ff&params=a").get(Key::Params).is_ok());
        assert!(
            Query::new(b"params=\xff".to_vec())
                .get(Key::Params)
                .is_err()
        );
    }

    #[test]
    fn switches() {
        for (value, on) in [
            ("1", true),
            ("True", true),
            ("yes", false),
            ("0", false),
            ("", false),
        ] {
            assert_eq!(
                Query::new(format!("ascii={value}"))
                    .is_on(Key::Ascii)
                    .unwrap(),
                on,
                "{value}"
            );
        }
    }

    #[test]
    fn sources_see_only_keys_of_their_own() {
        let query = Query::new("start_time=1&k=a%3Bb&K=2&bad=%ff");
        assert_eq!(query.other("k").as_deref(), Some("a;b"));
        assert_eq!(query.other("start_time"), None);
        assert_eq!(query.other("bad"), None);
        assert_eq!(query.other("none"), None);
    }

    #[test]
    fn only_the_dataset_is_replaced() {
        let query = Query::new("x=a%20b%2Bc&old=old&dataset=&dataset=old&dataset=old&;y");
        let text = String::from_utf8(query.with_dataset(b"new/D")).unwrap();
        assert_eq!(
            text,
            "x=a%20b%2Bc&old=old&dataset=&dataset=new/D&dataset=old&;y"
        );
    }

    #[test]
    fn long_and_odd_queries_are_calm() {
        let long = format!("{}dataset=x", "a=%41&".repeat(20_000));
        assert_eq!(get(&long, Key::Dataset).unwrap(), "x");
        assert_eq!(get(&"%".repeat(100_000), Key::Dataset), None);
        assert_eq!(shown(&"é\n".repeat(100)).chars().count(), SHOWN + 3);
    }
}
