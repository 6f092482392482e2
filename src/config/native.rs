//! `das2server.toml`, the native form of the configuration: keys in sections,
//! of types that TOML has.
//!
//! A key is another name of a keyword (the table below), and its value the
//! same text in another dress. So [`super::keywords`] says what either means,
//! and this file only what it looks like in TOML.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::conf::utf8;
use super::nearest::nearest;
use super::{Finding, MOST_ERRORS, Pair, Parsed, keywords, without_bom};

/// What a key's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A string, or a date of TOML, which has no quotes.
    Time,
    /// An array of strings, the folders of a list that has `:` between them.
    Folders,
    /// An array of strings, the words of a list that has blanks between them.
    Words,
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Count,
    /// A number.
    Seconds,
}

/// A keyword's place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The keyword of `das2server.conf`.
    pub keyword: &'static str,
    /// The section.
    pub section: &'static str,
    /// The key in it.
    pub key: &'static str,
    /// What its value looks like.
    pub kind: Kind,
}

/// The section of what only DSDFs use. Its keys are keywords as they stand.
pub const OWN: &str = "keywords";

/// Every keyword, in the order of sections that [`super::convert`] writes.
pub const KEYS: &[Key] = &[
    key("SITE_NAME", "site", "name", Kind::Text),
    key("SERVER_ID", "site", "server_id", Kind::Text),
    key("CONTACT_EMAIL", "site", "contact_email", Kind::Text),
    key("CONTACT_URL", "site", "contact_url", Kind::Text),
    key("SAMPLE_DSDF", "site", "sample_source", Kind::Text),
    key("SAMPLE_START", "site", "sample_begin", Kind::Time),
    key("SAMPLE_END", "site", "sample_end", Kind::Time),
    key("DSDF_ROOT", "paths", "sources", Kind::Text),
    key("BIN_PATH", "paths", "programs", Kind::Folders),
    key("LIB_PATH", "paths", "libraries", Kind::Folders),
    key("RESOURCE_PATH", "paths", "resources", Kind::Text),
    key("SITE_FILES", "paths", "site_files", Kind::Text),
    key("LOG_PATH", "paths", "logs", Kind::Text),
    key("CACHE_ROOT", "paths", "cache", Kind::Text),
    key("STATE_PATH", "paths", "state", Kind::Text),
    key("PEERS_FILE", "paths", "peers", Kind::Text),
    key("STYLE_SHEET", "pages", "style_sheet", Kind::Text),
    key("VIEW_LOG_URL", "pages", "log_url", Kind::Text),
    key("MAIN_SRV_URL", "pages", "server_url", Kind::Text),
    key("USER_PASSWD", "access", "passwords", Kind::Text),
    key("USER_GROUP", "access", "groups", Kind::Text),
    key("SECURITY_REALM", "access", "realm", Kind::Text),
    key("TEST_FROM", "access", "never_ask", Kind::Words),
    key("VIEW_LOG_ALLOW", "log", "allow", Kind::Words),
    key("CENTRAL_LOG", "log", "central", Kind::Switch),
    key("D2S_REDUCER", "filters", "das2_reducer", Kind::Text),
    key("D2S_TO_UTF8", "filters", "das2_text", Kind::Text),
    key("D2S_CSV_CONVERTER", "filters", "das2_csv", Kind::Text),
    key("QDS_REDUCER", "filters", "qstream_reducer", Kind::Text),
    key("QDS_TO_UTF8", "filters", "qstream_text", Kind::Text),
    key("DAS1_TO_DAS2", "filters", "das1_reader", Kind::Text),
    key("PNG_MAKER", "filters", "plot", Kind::Text),
    key("READER_MAX", "readers", "max", Kind::Count),
    key(
        "READER_MAX_PER_ADDRESS",
        "readers",
        "max_per_address",
        Kind::Count,
    ),
    key("READER_QUEUE", "readers", "waiting", Kind::Count),
    key("READER_TIME_LIMIT", "readers", "time_limit", Kind::Seconds),
    key(
        "READER_SILENCE_LIMIT",
        "readers",
        "silence_limit",
        Kind::Seconds,
    ),
    key(
        "IGNORE_REDIRECT",
        "answers",
        "ignore_redirect",
        Kind::Switch,
    ),
    key("DATA_GZIP", "answers", "data_gzip", Kind::Switch),
    key("D2S_CACHE_RDR", "cache", "das2_reader", Kind::Text),
    key("QDS_CACHE_RDR", "cache", "qstream_reader", Kind::Text),
    key("WORK_QUEUE_BROKER", "queue", "broker", Kind::Text),
    key("WORK_QUEUE_CONN", "queue", "connection", Kind::Text),
    key("TASK_LEASE", "queue", "lease", Kind::Seconds),
    key("TASK_ATTEMPTS", "queue", "attempts", Kind::Count),
    key("WORKER_TASKS", "queue", "worker_tasks", Kind::Count),
    key("ENABLE_HAPI_SUBSYS", "hapi", "enabled", Kind::Switch),
    key("SITE_PATHURI", "catalog", "path_uri", Kind::Text),
    key("SITE_CATALOG_TAG", "catalog", "site_tag", Kind::Text),
    key("SITE_ID", "catalog", "site_id", Kind::Text),
    key("SKIP_LOWCASE", "catalog", "skip_lowercase", Kind::Switch),
    key(
        "DAS23_PROTOTYPE",
        "catalog",
        "das23_prototype",
        Kind::Switch,
    ),
];

const fn key(keyword: &'static str, section: &'static str, key: &'static str, kind: Kind) -> Key {
    Key {
        keyword,
        section,
        key,
        kind,
    }
}

/// The place of a keyword, whatever its spelling; None for a site's own.
pub fn key_of(keyword: &str) -> Option<&'static Key> {
    let keyword = keywords::proper(keyword);
    KEYS.iter().find(|key| key.keyword == keyword)
}

/// A pair as the file has it: its key with the section, and its value.
pub(super) fn written(pair: &Pair) -> String {
    match key_of(&pair.keyword) {
        Some(key) => format!("{}.{} = {}", key.section, key.key, pair.value),
        None => format!("{OWN}.{} = {}", pair.keyword, pair.value),
    }
}

/// The pairs of a file in their order; and what is wrong: syntax, unknown
/// sections and keys, values of another type. `file` is only for messages.
pub fn parse(file: &Path, bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let text = match utf8(file, without_bom(bytes)) {
        Ok(text) => text,
        Err(finding) => {
            parsed.errors.push(finding);
            return parsed;
        }
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        file,
        line_ends: line_ends(text),
        parsed,
    };
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        let what = format!("no TOML: {}", error.message().replace('\n', ", "));
        reader.wrong(
            at,
            what,
            "write KEY = VALUE below a [SECTION], texts in \"quotes\"",
        );
    }
    // What the parser makes of broken text is a guess.
    if reader.parsed.errors.is_empty() {
        reader.sections(document.get_ref());
    }
    let mut parsed = reader.parsed;
    parsed.pairs.sort_by_key(|pair| pair.line);
    parsed.errors.sort_by_key(|finding| finding.line);
    parsed
}

struct Reader<'a> {
    file: &'a Path,
    line_ends: Vec<usize>,
    parsed: Parsed,
}

impl Reader<'_> {
    fn sections(&mut self, document: &DeTable<'_>) {
        for (name, value) in document {
            let section = name.get_ref().as_ref();
            let at = name.span().start;
            match value.get_ref() {
                DeValue::Table(table) if section == OWN => self.own(table),
                DeValue::Table(table) if KEYS.iter().any(|key| key.section == section) => {
                    self.section(section, table);
                }
                DeValue::Table(_) => {
                    let sections = KEYS.iter().map(|key| key.section).chain([OWN]);
                    let instead = match nearest(section, sections.clone()) {
                        Some(meant) => format!("write [{meant}] if that is meant"),
                        None => {
                            let mut names: Vec<&str> = sections.collect();
                            names.dedup();
                            format!("write one of [{}]", names.join("], ["))
                        }
                    };
                    self.wrong(at, format!("[{section}] is no section"), &instead);
                }
                DeValue::Array(tables) if is_list_of_tables(tables) => {
                    let what = format!("[[{section}]] begins a list, and sections are none");
                    self.wrong(at, what, &format!("write [{section}]"));
                }
                _ => {
                    let instead = place_of(section).map_or_else(
                        || format!("write it below its section, or below [{OWN}] if DSDFs use it"),
                        |place| format!("write {place}"),
                    );
                    self.wrong(at, format!("{section} is in no section"), &instead);
                }
            }
        }
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let written = name.get_ref().as_ref();
            let found = KEYS
                .iter()
                .find(|key| key.section == section && key.key == written);
            let Some(key) = found else {
                let known = KEYS.iter().filter(|key| key.section == section);
                let meant = nearest(written, known.map(|key| key.key))
                    .map(|key| format!("{key} if that is meant"));
                let instead = meant.or_else(|| place_of(written)).map_or_else(
                    || format!("remove it, or put it below [{OWN}] if DSDFs use it"),
                    |meant| format!("write {meant}"),
                );
                let what = format!("{section}.{written} is no key");
                self.wrong(name.span().start, what, &instead);
                continue;
            };
            match text_of(key.kind, value.get_ref()) {
                Ok(text) => self.pair(key.keyword, text, name.span().start),
                Err(instead) => {
                    let type_name = value.get_ref().type_str();
                    let what = format!("{section}.{written} holds a value of type {type_name}");
                    self.wrong(value.span().start, what, instead);
                }
            }
        }
    }

    /// What only DSDFs use.
    fn own(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let keyword = name.get_ref().as_ref();
            let at = name.span().start;
            if let Some(key) = key_of(keyword) {
                let what = format!("{OWN}.{keyword} has a key of its own");
                let instead = format!("write {} below [{}]", key.key, key.section);
                self.wrong(at, what, &instead);
                continue;
            }
            match own_text(value.get_ref()) {
                Some(text) => self.pair(keyword, text, at),
                None => {
                    let type_name = value.get_ref().type_str();
                    let what = format!("{OWN}.{keyword} holds a value of type {type_name}");
                    self.wrong(at, what, "write a string in \"quotes\", or a number");
                }
            }
        }
    }

    fn pair(&mut self, keyword: &str, value: String, at: usize) {
        let line = self.line_of(at);
        self.parsed.pairs.push(Pair {
            keyword: keyword.to_owned(),
            value,
            line,
        });
    }

    fn wrong(&mut self, at: usize, what: String, instead: &str) {
        let finding = Finding {
            file: self.file.to_owned(),
            line: self.line_of(at),
            what,
            instead: instead.to_owned(),
        };
        let errors = &mut self.parsed.errors;
        // The parser says it for each bracket that is open.
        if errors.len() < MOST_ERRORS && errors.last() != Some(&finding) {
            errors.push(finding);
        }
    }

    fn line_of(&self, at: usize) -> usize {
        let before = self.line_ends.partition_point(|end| *end < at);
        before.saturating_add(1)
    }
}

fn is_list_of_tables(array: &[Spanned<DeValue<'_>>]) -> bool {
    let is_table = |element: &Spanned<DeValue<'_>>| matches!(element.get_ref(), DeValue::Table(_));
    !array.is_empty() && array.iter().all(is_table)
}

/// The places of all line ends. A plain loop: what is fastest for long texts asks
/// the processor what it can do first, which takes longer than this in a
/// virtual machine.
fn line_ends(text: &str) -> Vec<usize> {
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    ends.map(|(at, _)| at).collect()
}

/// Where a word belongs that is a keyword of `das2server.conf`, or a key of
/// one section only.
fn place_of(word: &str) -> Option<String> {
    let mut named = KEYS.iter().filter(|key| key.key == word);
    let key = key_of(word).or_else(|| named.next().filter(|_| named.next().is_none()))?;
    Some(format!("{} below [{}]", key.key, key.section))
}

/// The text that `das2server.conf` has for a value; the error says what to
/// write instead.
fn text_of(kind: Kind, value: &DeValue<'_>) -> Result<String, &'static str> {
    match (kind, value) {
        (Kind::Text | Kind::Time, DeValue::String(text)) => Ok(text.to_string()),
        (Kind::Text, _) => Err("write a string in \"quotes\""),
        (Kind::Time, DeValue::Datetime(time)) => Ok(time.to_string()),
        (Kind::Time, _) => Err("write a time, such as 2021-03-20T12:00"),
        (Kind::Folders, DeValue::Array(folders)) => joined(folders, ":", |c| c == ':')
            .ok_or("write each folder as a string of its own, without :, such as [\"bin\", \"/opt/bin\"]"),
        (Kind::Folders, _) => Err("write an array of strings, such as [\"bin\", \"/opt/bin\"]"),
        (Kind::Words, DeValue::Array(words)) => {
            joined(words, " ", |c| c.is_whitespace() || c == ',')
                .ok_or("write each address or range as a string of its own, such as [\"192.0.2.1\", \"192.0.2.0/24\"]")
        }
        (Kind::Words, _) => Err("write an array of strings, such as [\"192.0.2.1\", \"192.0.2.0/24\"]"),
        (Kind::Switch, DeValue::Boolean(on)) => Ok(on.to_string()),
        (Kind::Switch, _) => Err("write true or false, without quotes"),
        (Kind::Count | Kind::Seconds, DeValue::Integer(number)) => {
            match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Ok(number.to_string()),
                Err(_) => Err("write a smaller number"),
            }
        }
        (Kind::Count, _) => Err("write a whole number, without quotes"),
        (Kind::Seconds, DeValue::Float(number)) => Ok(number.as_str().to_owned()),
        (Kind::Seconds, _) => Err("write a number of seconds, without quotes"),
    }
}

/// The strings of an array, none of which may be empty or hold a character
/// that separates.
fn joined(
    array: &[Spanned<DeValue<'_>>],
    separator: &str,
    separates: fn(char) -> bool,
) -> Option<String> {
    let mut parts = Vec::new();
    for element in array {
        let part = element.get_ref().as_str()?;
        if part.trim().is_empty() || part.contains(separates) {
            return None;
        }
        parts.push(part);
    }
    Some(parts.join(separator))
}

fn own_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(on) => Some(on.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests;
