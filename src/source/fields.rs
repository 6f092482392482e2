//! From entries to a definition: one method a kind of value. What is wrong with
//! an optional keyword becomes a finding.

use std::path::Path;

use super::cache_level::CacheLevel;
use super::command::Command;
use super::definition::{
    Definition, Examination, Example, Format, Param, Reducer, numbered, wrong,
};
use super::error::SourceError;
use super::list_value::split_list;
use super::misspelling::{self, is_meant_as_rule};
use super::name::SourceName;
use super::range::{ValidRange, split_range};
use super::substitute::Piece;
use super::syntax::Entry;
use crate::config::Finding;
use crate::time::seconds_per_unit;

/// Entries on their way to types.
pub(super) struct Fields<'a> {
    pub(super) name: &'a SourceName,
    pub(super) path: &'a Path,
    pub(super) entries: Vec<Entry>,
    /// The pieces of each entry's value.
    pub(super) values: Vec<Vec<Piece>>,
    pub(super) findings: Vec<Finding>,
    /// Those of them that are values without effect.
    pub(super) disregarded: Vec<Finding>,
    pub(super) errors: Vec<SourceError>,
}

impl Fields<'_> {
    /// The definition, with what is wrong.
    pub(super) fn definition(mut self) -> Examination {
        for (entry, pieces) in self.entries.iter_mut().zip(&self.values) {
            entry.value = pieces.iter().map(Piece::text).collect();
        }
        self.report_misspellings();
        let format = self.format();
        let requires_interval =
            self.switch("requiresInterval") || format == (Format::Das1 { interval: true });
        let read_access = self.read_access();
        let read_access = self.good(read_access).flatten();
        self.report_empty_rule();
        let reducer = self.reducer();
        let definition = Definition {
            name: self.name.clone(),
            path: self.path.to_owned(),
            description: self.text("description"),
            reader: self.command("reader"),
            format,
            reducer,
            requires_interval,
            drop_params: self.switch("dropParams"),
            valid_range: self.valid_range(),
            examples: self.examples(),
            params: self.params(),
            cache_levels: self.cache_levels(),
            cache_expire: self.cache_expire(),
            cache_reader: self.command("cacheReader"),
            text_converter: self.command("textConverter"),
            csv_converter: self.command("csvConverter"),
            read_access,
            security_realm: self.text("securityRealm"),
            rename: self.text("rename"),
            server: self.text("server"),
            hidden: self.any_case("hidden"),
            hapi: self.switch("hapi"),
            flatten_hapi: self.switch("flattenHapi"),
            entries: self.entries,
            findings: self.findings,
        };
        Examination {
            definition: Some(definition),
            disregarded: self.disregarded,
            errors: self.errors,
        }
    }

    /// What there is, or the error noted.
    fn good<T>(&mut self, found: Result<T, SourceError>) -> Option<T> {
        found.map_err(|error| self.errors.push(error)).ok()
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// A value that is not empty, trimmed.
    fn text(&self, key: &str) -> Option<String> {
        let value = self.entry(key)?.value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn any_case(&self, key: &str) -> bool {
        let mut keys = self.entries.iter().map(|entry| &entry.key);
        keys.any(|other| other.eq_ignore_ascii_case(key))
    }

    fn finding(&self, entry: &Entry, what: &str, instead: &str) -> Finding {
        Finding {
            file: self.path.to_owned(),
            line: entry.line,
            what: what.to_owned(),
            instead: instead.to_owned(),
        }
    }

    /// Notes that a value is wrong and does not count.
    fn warn(&mut self, key: &str, instead: &str) {
        let Some(entry) = self.entry(key) else {
            return;
        };
        let what = format!("{key} = {} has no effect", entry.value);
        let finding = self.finding(entry, &what, instead);
        self.disregard([finding]);
    }

    fn disregard(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.disregarded.push(finding.clone());
            self.findings.push(finding);
        }
    }

    /// May be meant so.
    fn report_empty_rule(&mut self) {
        let entry = self.entry("readAccess");
        let empty = entry.filter(|entry| entry.value.trim().is_empty());
        if let Some(entry) = empty {
            let what = "readAccess is empty, so everybody may read";
            let finding = self.finding(entry, what, "write a rule, or take the line out");
            self.findings.push(finding);
        }
    }

    fn report_misspellings(&mut self) {
        let suspects: Vec<Finding> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let keyword = misspelling::meant(&entry.key)?;
                let what = format!("{} is no keyword of the server", entry.key);
                Some(self.finding(entry, &what, &format!("write {keyword} if that is meant")))
            })
            .collect();
        self.findings.extend(suspects);
    }

    /// A command, with a client's values as words of their own; an empty one
    /// is none.
    fn command(&mut self, key: &str) -> Option<Command> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        let (entry, pieces) = self.entries.get(at).zip(self.values.get(at))?;
        let command = Command::from_pieces(pieces).map_err(|reason| {
            let (what, instead) = reason.split_once("; ").unwrap_or((reason, ""));
            let what = format!("in the value of {key}, {what}");
            wrong(self.name, self.finding(entry, &what, instead))
        });
        self.good(command).filter(|command| !command.is_empty())
    }

    /// `1`, `true`, `yes`, `on`, or their opposites; anything else is an
    /// error, since the answer would be announced as something it is not.
    fn strict_switch(&self, key: &str) -> Result<bool, SourceError> {
        let Some(entry) = self.entry(key) else {
            return Ok(false);
        };
        match entry.value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            _ => {
                let what = format!("{key} = {}", entry.value);
                Err(wrong(self.name, self.finding(entry, &what, "write 1 or 0")))
            }
        }
    }

    /// On with `1` and `true`; else off, with a finding if the value does not
    /// say so.
    fn switch(&mut self, key: &str) -> bool {
        let Some(entry) = self.entry(key) else {
            return false;
        };
        match entry.value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" => true,
            "0" | "false" | "no" | "off" | "" => false,
            _ => {
                self.warn(key, "write 1 or 0");
                false
            }
        }
    }

    fn format(&mut self) -> Format {
        let (das2, qstream) = (
            self.strict_switch("das2Stream"),
            self.strict_switch("qstream"),
        );
        let (das2, qstream) = (self.good(das2), self.good(qstream));
        // What is neither yes nor no is meant to be something.
        let das2 = das2.unwrap_or(qstream != Some(true));
        let qstream = qstream.unwrap_or(false);
        if das2 && qstream {
            self.warn(
                "das2Stream",
                "leave out the one of das2Stream and qstream that is not so",
            );
        }
        match (das2, qstream) {
            (_, true) => Format::QStream,
            (true, false) => Format::Das2,
            (false, false) => Format::Das1 {
                interval: self.entry("items").is_some(),
            },
        }
    }

    fn reducer(&mut self) -> Reducer {
        const NONE: &[&str] = &["not_reducible", "not_reducable", "pre_reduced", ""];
        match self.entry("reducer") {
            None => Reducer::Default,
            Some(entry) if NONE.contains(&entry.value.trim()) => Reducer::None,
            Some(_) => {
                let command = self.command("reducer");
                command.map_or(Reducer::None, Reducer::Command)
            }
        }
    }

    /// The rule of who may read. A client's text in it is an error: it would
    /// let a client write its own.
    fn read_access(&self) -> Result<Option<String>, SourceError> {
        for (key, prefix) in [("readAccess", ""), ("groupAccess", "GROUP:")] {
            let Some(at) = self.entries.iter().position(|entry| entry.key == key) else {
                continue;
            };
            let asked = |pieces: &Vec<Piece>| pieces.iter().any(|p| matches!(p, Piece::Request(_)));
            if let Some(entry) = self.entries.get(at)
                && self.values.get(at).is_some_and(asked)
            {
                let what = format!("{key} takes a part of its value from the request");
                let finding = self.finding(entry, &what, "write the rule without that $(..)");
                return Err(wrong(self.name, finding));
            }
            let rule = format!("{prefix}{}", self.text(key).unwrap_or_default());
            return Ok(Some(rule).filter(|rule| !rule.is_empty()));
        }
        match self
            .entries
            .iter()
            .find(|entry| is_meant_as_rule(&entry.key))
        {
            None => Ok(None),
            Some(entry) => {
                let what = format!("{} looks like a rule of who may read", entry.key);
                let finding = self.finding(entry, &what, "write readAccess, or take the line out");
                Err(wrong(self.name, finding))
            }
        }
    }

    fn valid_range(&mut self) -> Option<ValidRange> {
        match ValidRange::parse(&self.text("validRange")?) {
            Ok(range) => Some(range),
            Err(instead) => {
                self.warn("validRange", &instead);
                None
            }
        }
    }

    fn examples(&mut self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut odd = Vec::new();
        for (suffix, entry) in numbered(&self.entries, "exampleRange") {
            let mut parts = split_list(&entry.value).into_iter();
            let range = parts.next().unwrap_or_default();
            let other = |base: &str| self.text(&format!("{base}{suffix}"));
            let ends = split_range(&range).map(|(b, e)| (b.to_owned(), e.to_owned()));
            if ends.is_none() {
                odd.push(self.finding(
                    entry,
                    &format!("{} = {} has no end", entry.key, entry.value),
                    "write BEGIN to END",
                ));
            }
            examples.push(Example {
                suffix: suffix.to_owned(),
                ends,
                range,
                title: parts.next().filter(|title| !title.is_empty()),
                params: other("exampleParams"),
                interval: other("exampleInterval"),
                resolution: other("exampleResolution"),
                info: other("exampleInfo"),
            });
        }
        self.findings.extend(odd);
        examples
    }

    fn params(&self) -> Vec<Param> {
        numbered(&self.entries, "param")
            .into_iter()
            .map(|(suffix, entry)| Param {
                suffix: suffix.to_owned(),
                parts: split_list(&entry.value),
            })
            .collect()
    }

    /// The levels in order of their numbers. Of two with the same number, the
    /// one with the later key counts.
    fn cache_levels(&mut self) -> Vec<CacheLevel> {
        let mut levels: Vec<(CacheLevel, &Entry)> = Vec::new();
        let mut odd = Vec::new();
        for (_, entry) in numbered(&self.entries, "cacheLevel") {
            let level = match CacheLevel::number_of(&entry.key) {
                None => continue,
                Some(Err(instead)) => Err(instead.to_owned()),
                Some(Ok(number)) => CacheLevel::parse(number, &entry.value),
            };
            match level {
                Ok(level) => {
                    let same = |(other, _): &(CacheLevel, &Entry)| other.number == level.number;
                    if let Some(at) = levels.iter().position(same) {
                        let (_, other) = levels.remove(at);
                        let what =
                            format!("{} has the number of {}, and is off", other.key, entry.key);
                        odd.push(self.finding(other, &what, "give it a number of its own"));
                    }
                    levels.push((level, entry));
                }
                Err(instead) => {
                    let what = format!(
                        "{} = {} is no cache level, and is off",
                        entry.key, entry.value
                    );
                    odd.push(self.finding(entry, &what, &instead));
                }
            }
        }
        let mut levels: Vec<CacheLevel> = levels.into_iter().map(|(level, _)| level).collect();
        levels.sort_by_key(|level| level.number);
        self.disregard(odd);
        levels
    }

    /// A length of time: a number and its unit.
    fn cache_expire(&mut self) -> Option<i64> {
        let text = self.text("cacheExpire")?;
        let seconds = length_of_time(&text);
        if seconds.is_none() {
            self.warn(
                "cacheExpire",
                "write a number above zero and a unit of time: 10 days, 6 hours, 3600 s",
            );
        }
        seconds
    }
}

/// Seconds, rounded up to whole ones.
fn length_of_time(text: &str) -> Option<i64> {
    /// More than all the time that calendars hold.
    const LONGEST: f64 = 1e13;
    let unit = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e')?;
    let (number, unit) = text.split_at_checked(unit)?;
    let number: f64 = number.trim().parse().ok()?;
    let seconds = (number * seconds_per_unit(unit)?).ceil();
    (1.0..=LONGEST).contains(&seconds).then_some(seconds as i64)
}
