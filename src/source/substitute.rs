//! `$(NAME)` and `$(NAME,default)` in the values of a DSDF.
//!
//! A name stands for, in this order: the path of the DSDF (THIS_FILE), another
//! keyword of the file, the request's key of that name in lower case, a
//! keyword of the configuration, the default. What sites wrote (file and
//! configuration) is substituted in its turn; what a client wrote never is,
//! and stays a piece of its own, so that whoever uses the value can tell it
//! from the site's text.

use std::collections::BTreeMap;
use std::path::Path;

use super::syntax::Entry;

/// The request's keys: the value of a key, by its name in lower case.
pub type Request<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Keys of a request that have a meaning to the server. They are never
/// substituted.
pub const STANDARD_KEYS: &[&str] = &[
    "ascii",
    "compress",
    "dataset",
    "devel",
    "end_time",
    "interval",
    "key",
    "nitems",
    "params",
    "reader.params",
    "reader.x.interval",
    "reader.x.max",
    "reader.x.min",
    "redirect",
    "reducer.x.resolution",
    "resolution",
    "server",
    "start_time",
    "time.int",
    "time.max",
    "time.min",
    "time.res",
];

/// How deep a value may refer to others.
const DEEPEST: usize = 50;

/// Bytes and references that the values of one file may come to. Values that
/// refer to each other twice and again twice grow without bound.
const LARGEST: usize = 1 << 20;
const MOST_REFERENCES: usize = 10_000;

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text of the site.
    Text(String),
    /// Text of a client.
    Request(String),
}

impl Piece {
    /// The text, whoever wrote it.
    pub fn text(&self) -> &str {
        match self {
            Piece::Text(text) | Piece::Request(text) => text,
        }
    }
}

/// Why a value cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The line, what is wrong there, what to write instead.
    Site(usize, String, String),
    /// This request key holds a NUL.
    Nul(String),
}

/// What names stand for.
pub struct Names<'a> {
    /// The path of the DSDF.
    pub this_file: &'a Path,
    /// The request.
    pub request: Request<'a>,
    /// The keywords of the configuration.
    pub configuration: &'a BTreeMap<String, String>,
}

/// The pieces of each entry's value, adjacent text joined.
///
/// # Errors
/// A name that stands for nothing, an empty or nested one, values that refer
/// to each other in a circle or grow too large, a client's value with a NUL.
pub fn substitute(entries: &[Entry], names: &Names<'_>) -> Result<Vec<Vec<Piece>>, Failure> {
    each(entries, names).into_iter().collect()
}

/// The same, with every failure in the place of its entry.
pub fn each(entries: &[Entry], names: &Names<'_>) -> Vec<Result<Vec<Piece>, Failure>> {
    let whole = |entry: &Entry| Ok(vec![Piece::Text(entry.value.clone())]);
    if !wanted(entries) {
        return entries.iter().map(whole).collect();
    }
    let mut expansion = Expansion {
        file: entries.iter().map(|e| (e.key.as_str(), e)).collect(),
        names,
        open: Vec::new(),
        bytes: 0,
        references: 0,
    };
    let mut values = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut pieces = Vec::new();
        let done = expansion.keyword(entry, &mut pieces);
        expansion.open.clear();
        values.push(done.map(|()| pieces).map_err(|reason| reason.at(entry)));
    }
    values
}

/// Whether the file leaves substitution on.
fn wanted(entries: &[Entry]) -> bool {
    let off = |value: &str| ["0", "false", "no", "off"].contains(&value.to_lowercase().as_str());
    !entries
        .iter()
        .any(|entry| entry.key == "substitutions" && off(entry.value.trim()))
}

enum Reason {
    Site(String, &'static str),
    Nul(String),
}

impl Reason {
    fn at(self, entry: &Entry) -> Failure {
        match self {
            Reason::Nul(key) => Failure::Nul(key),
            Reason::Site(what, instead) => Failure::Site(
                entry.line,
                format!("in the value of {}, {what}", entry.key),
                instead.to_owned(),
            ),
        }
    }
}

struct Expansion<'a> {
    file: BTreeMap<&'a str, &'a Entry>,
    names: &'a Names<'a>,
    /// The values that are being expanded, outermost first.
    open: Vec<&'a str>,
    bytes: usize,
    references: usize,
}

impl<'a> Expansion<'a> {
    fn keyword(&mut self, entry: &'a Entry, out: &mut Vec<Piece>) -> Result<(), Reason> {
        self.open.push(&entry.key);
        self.text(&entry.value, out)?;
        self.open.pop();
        Ok(())
    }

    /// Appends `text` with every reference replaced.
    fn text(&mut self, text: &'a str, out: &mut Vec<Piece>) -> Result<(), Reason> {
        let mut rest = text;
        while let Some((before, from)) = rest.split_once("$(") {
            // A parenthesis that nothing closes is text, such as a price.
            let Some((inner, after)) = closed(from) else {
                break;
            };
            self.add_text(before, out)?;
            self.reference(inner, out)?;
            rest = after;
        }
        self.add_text(rest, out)
    }

    fn reference(&mut self, inner: &'a str, out: &mut Vec<Piece>) -> Result<(), Reason> {
        if inner.contains("$(") {
            return Err(Reason::Site(
                format!("`$({inner})` holds another $(..)"),
                "write each $(..) on its own",
            ));
        }
        self.references += 1;
        if self.references > MOST_REFERENCES {
            return Err(too_large());
        }
        let (name, default) = match inner.split_once(',') {
            Some((name, default)) => (name.trim(), Some(default)),
            None => (inner.trim(), None),
        };
        if name.is_empty() {
            return Err(Reason::Site(
                format!("`$({inner})` has no name"),
                "write $(NAME) or $(NAME,default)",
            ));
        }
        if name == "THIS_FILE" {
            return self.add_text(&self.names.this_file.to_string_lossy(), out);
        }
        if let Some(entry) = self.file.get(name).copied() {
            self.not_open(name)?;
            return self.keyword(entry, out);
        }
        if let Some(value) = self.requested(name)? {
            self.count(value.len())?;
            out.push(Piece::Request(value));
            return Ok(());
        }
        let names = self.names;
        if let Some((name, value)) = names.configuration.get_key_value(name) {
            self.not_open(name)?;
            self.open.push(name);
            self.text(value, out)?;
            self.open.pop();
            return Ok(());
        }
        match default {
            Some(default) => self.add_text(default, out),
            None => Err(Reason::Site(
                format!("`$({name})` stands for nothing"),
                "write a keyword of the file or of the configuration, or a default: $(NAME,default)",
            )),
        }
    }

    /// That `name` is not being expanded already, and depth is in bounds.
    fn not_open(&self, name: &str) -> Result<(), Reason> {
        if self.open.contains(&name) {
            let circle = format!("`$({name})` refers to itself");
            return Err(Reason::Site(circle, "break the circle"));
        }
        if self.open.len() >= DEEPEST {
            let deep = format!("`$({name})` is more than {DEEPEST} references away");
            return Err(Reason::Site(deep, "refer to values more directly"));
        }
        Ok(())
    }

    fn requested(&self, name: &str) -> Result<Option<String>, Reason> {
        let key = name.to_lowercase();
        if STANDARD_KEYS.contains(&key.as_str()) {
            return Ok(None);
        }
        match (self.names.request)(&key) {
            Some(value) if value.contains('\0') => Err(Reason::Nul(key)),
            value => Ok(value),
        }
    }

    fn add_text(&mut self, text: &str, out: &mut Vec<Piece>) -> Result<(), Reason> {
        self.count(text.len())?;
        match out.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => out.push(Piece::Text(text.to_owned())),
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Reason> {
        self.bytes = self.bytes.saturating_add(bytes);
        match self.bytes > LARGEST {
            true => Err(too_large()),
            false => Ok(()),
        }
    }
}

fn too_large() -> Reason {
    let what = "the values of the file grow too large when $(..) are replaced";
    Reason::Site(what.to_owned(), "refer to fewer values")
}

/// What is inside the parenthesis that is open at the beginning of `text`, and
/// what follows it.
fn closed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let (inner, rest) = text.split_at_checked(at)?;
            return Some((inner, rest.strip_prefix(')')?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::syntax;

    const FILE: &str = "/d/sets/x.dsdf";

    fn expand(text: &str, request: &[(&str, &str)]) -> Result<Vec<Vec<Piece>>, Failure> {
        let path = Path::new(FILE);
        let configuration = [("CONF", "from conf"), ("k", "conf k"), ("UP", "$(CONF)!")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let lookup = |key: &str| {
            let found = request.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| (*value).to_owned())
        };
        let names = Names {
            this_file: path,
            request: &lookup,
            configuration: &configuration,
        };
        substitute(&syntax::parse(path, text.as_bytes()).entries, &names)
    }

    fn first(text: &str, request: &[(&str, &str)]) -> String {
        let values = expand(text, request).unwrap();
        values[0].iter().map(Piece::text).collect()
    }

    fn failure(text: &str) -> (usize, String) {
        match expand(text, &[]) {
            Err(Failure::Site(line, what, instead)) => (line, format!("{what}; {instead}")),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_reference_on_its_own() {
        let cases = [
            ("r = $(a)-$(a)\na = 1", "1-1"),
            ("r = '$(c)y (z)'\nc = x", "xy (z)"),
            ("r = $(x,d1,d2)", "d1,d2"),
            ("r = $(x,)", ""),
            ("r = '$(x, d )'", " d "),
            ("r = $(x,f(1))-", "f(1)-"),
            ("r = $(THIS_FILE)", FILE),
            ("r = $(CONF)", "from conf"),
            ("r = $(UP)", "from conf!"),
            ("r = $(conf,none)", "none"),
            ("r = 'a $( b'", "a $( b"),
            ("r = 'cost $5 (about)'", "cost $5 (about)"),
            ("r = $(a)\na = $(b)\nb = $(c)\nc = deep", "deep"),
            ("r = $(a)\nsubstitutions = 0\na = 1", "$(a)"),
            ("r = $(a)\nsubstitutions = false", "$(a)"),
            ("r = $(a)\nsubstitutions = 1\na = 1", "1"),
        ];
        for (text, value) in cases {
            assert_eq!(first(text, &[]), value, "{text}");
        }
    }

    #[test]
    fn order_of_places() {
        let request = [("k", "asked"), ("conf", "asked conf"), ("this_file", "no")];
        assert_eq!(first("r = $(k)\nk = file", &request), "file");
        assert_eq!(first("r = $(k)", &request), "asked");
        assert_eq!(first("r = $(K)", &request), "asked");
        assert_eq!(first("r = $(k)", &[]), "conf k");
        assert_eq!(first("r = $(CONF)", &request), "asked conf");
        assert_eq!(first("r = $(THIS_FILE)", &request), FILE);
        // A key in capitals is another key.
        assert_eq!(first("r = $(K,none)", &[("K", "asked")]), "none");
    }

    #[test]
    fn standard_keys_are_never_substituted() {
        for key in STANDARD_KEYS {
            let text = format!("r = $({key},none)");
            assert_eq!(first(&text, &[(key, "asked")]), "none", "{key}");
        }
    }

    #[test]
    fn a_clients_text_stays_apart_and_is_not_substituted() {
        let hostile = "$(CONF)`id`; $(k)";
        let values = expand("r = 'p $(k,none) $(m)'\nm = 'm$(k)'", &[("k", hostile)]).unwrap();
        let piece = |text: &str| Piece::Text(text.to_owned());
        let client = Piece::Request(hostile.to_owned());
        assert_eq!(
            values[0],
            [piece("p "), client.clone(), piece(" m"), client.clone()]
        );
        assert_eq!(values[1], [piece("m"), client]);
    }

    #[test]
    fn failures_name_line_and_remedy() {
        for (text, line, words) in [
            ("\nr = $(nope)", 2, "stands for nothing; write a keyword"),
            ("r = $(r)", 1, "refers to itself; break the circle"),
            ("a = $(b)\nb = $(a)", 1, "refers to itself"),
            (
                "a = 1\nb = $(c)\nc = $(d)\nd = $(c)",
                2,
                "in the value of b, ",
            ),
            ("r = $()", 1, "has no name"),
            ("r = $(,d)", 1, "has no name"),
            ("r = $(foo$(c))\nc = x", 1, "holds another $(..)"),
            ("r = $(x,$(c))\nc = x", 1, "holds another $(..)"),
        ] {
            let (at, message) = failure(text);
            assert_eq!(at, line, "{text}");
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn no_growth_without_bound() {
        let mut text = String::from("a0 = 0123456789\n");
        for i in 0..45 {
            text.push_str(&format!("a{} = $(a{i})$(a{i})$(a{i})\n", i + 1));
        }
        assert!(failure(&text).1.contains("too large"));
        let mut chain = String::new();
        for i in (0..100).rev() {
            chain.push_str(&format!("a{} = $(a{i})\n", i + 1));
        }
        chain.push_str("a0 = x\n");
        assert!(failure(&chain).1.contains("more than 50"));
    }

    #[test]
    fn nul_is_the_clients_mistake() {
        let result = expand("r = $(k)", &[("k", "a\0b")]);
        assert_eq!(result, Err(Failure::Nul("k".to_owned())));
    }
}
