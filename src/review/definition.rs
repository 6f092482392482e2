//! One DSDF.

use std::collections::HashMap;
use std::path::Path;

use super::access::{self, Accounts};
use super::files::Found;
use super::programs::Programs;
use super::report::{Report, Severity};
use super::{contacts, examples, levels, links, params};
use crate::config::{Config, Finding, nearest};
use crate::source::{
    Definition, Examination, Format, KEYWORDS, Reducer, SourceError, SourceName, Tree, stem,
};

/// What definitions are looked at with.
pub(super) struct Setting<'a> {
    pub config: &'a Config,
    pub tree: &'a Tree,
    pub programs: &'a Programs<'a>,
    pub accounts: &'a Accounts<'a>,
}

/// What a source uses of the configuration, so that it is told there once
/// when it is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Uses {
    pub das1: bool,
    pub das2_reducer: bool,
    pub qstream_reducer: bool,
    pub cache: bool,
    pub qstream_cache: bool,
}

/// A place to put findings about the keywords of one file.
pub(super) struct Desk<'a> {
    pub file: &'a Path,
    pub lines: HashMap<&'a str, usize>,
    pub report: &'a mut Report,
}

impl Desk<'_> {
    /// The keyword `key` does something wrong.
    pub(super) fn error(&mut self, key: &str, what: &str, instead: &str) {
        let finding = self.finding(key, what, instead);
        self.report.error(finding);
    }

    /// The keyword `key` does something odd.
    pub(super) fn warn(&mut self, key: &str, what: &str, instead: &str) {
        let finding = self.finding(key, what, instead);
        self.report.warn(finding);
    }

    fn finding(&self, key: &str, what: &str, instead: &str) -> Finding {
        Finding {
            file: self.file.to_owned(),
            line: self.lines.get(key).copied().unwrap_or(0),
            what: format!("{key} {what}"),
            instead: instead.to_owned(),
        }
    }
}

/// Looks at the bytes of a file. What is wrong goes to `report`.
pub(super) fn check(
    found: &Found,
    bytes: &[u8],
    setting: &Setting<'_>,
    report: &mut Report,
) -> Uses {
    let Some(name) = name_of(found) else {
        return Uses::default();
    };
    let Some(definition) = read(name, found, bytes, setting, report) else {
        return Uses::default();
    };
    let lines = definition.entries.iter();
    let lines = lines
        .map(|entry| (entry.key.as_str(), entry.line))
        .collect();
    let mut desk = Desk {
        file: &found.path,
        lines,
        report,
    };
    keys(&definition, &mut desk);
    if found.is_folder_info() {
        folder_info(&definition, &mut desk);
        return Uses::default();
    }
    texts(&definition, &mut desk);
    links::check(&definition, setting.tree, setting.config, &mut desk);
    if definition.rename.is_some() || definition.server.is_some() {
        return Uses::default();
    }
    params::check(&definition, &mut desk);
    examples::check(&definition, &mut desk);
    levels::check(&definition, &mut desk);
    commands(&definition, setting, &mut desk);
    access::check(&definition, setting.accounts, &mut desk);
    uses(&definition)
}

/// The name of the source. The description of a folder has none of its own.
fn name_of(found: &Found) -> Option<SourceName> {
    let name = match found.is_folder_info() {
        true => "folder",
        false => &found.name,
    };
    SourceName::parse(name).ok()
}

/// The definition as far as it can be read: once as without a request, and
/// where it takes values of one, once with a value for each.
fn read(
    name: SourceName,
    found: &Found,
    bytes: &[u8],
    setting: &Setting<'_>,
    report: &mut Report,
) -> Option<Definition> {
    let examine = |name, request: &dyn Fn(&str) -> Option<String>| {
        Definition::examine(name, &found.path, bytes, request, setting.config)
    };
    let plain = examine(name.clone(), &|_| None);
    let asks = memchr::memmem::find(bytes, b"$(").is_some();
    let asked = asks.then(|| examine(name, &|_| Some("1".to_owned())));
    let asked = asked.map(|examination| {
        let findings = findings(&examination, &found.path);
        (examination, findings)
    });
    for finding in findings(&plain, &found.path) {
        match &asked {
            Some((_, others)) if !others.contains(&finding) => report.warn(Finding {
                what: format!("without a request, {}", finding.what),
                instead: "write a default, as in $(NAME,default)".to_owned(),
                ..finding
            }),
            _ => report.error(finding),
        }
    }
    let plain_findings = findings(&plain, &found.path);
    if let Some((_, others)) = &asked {
        for finding in others
            .iter()
            .filter(|other| !plain_findings.contains(other))
        {
            report.warn(Finding {
                what: format!("with a value of a request, {}", finding.what),
                ..finding.clone()
            });
        }
    }
    let examination = match asked {
        Some((asked, others)) if plain_findings.len() > others.len() => asked,
        _ => plain,
    };
    let definition = examination.definition?;
    for finding in &definition.findings {
        match examination.disregarded.contains(finding) {
            true => report.error(finding.clone()),
            false => report.warn(finding.clone()),
        }
    }
    Some(definition)
}

fn findings(examination: &Examination, file: &Path) -> Vec<Finding> {
    let finding = |error: &SourceError| match error {
        SourceError::Wrong { finding, .. } => finding.clone(),
        SourceError::Empty { .. } => Finding {
            file: file.to_owned(),
            line: 0,
            what: "there is no keyword in this file".to_owned(),
            instead: "write at least description and reader".to_owned(),
        },
        other => Finding {
            file: file.to_owned(),
            line: 0,
            what: other.to_string(),
            instead: String::new(),
        },
    };
    examination.errors.iter().map(finding).collect()
}

/// Keys that are slips, beyond those that requests notice; and such as no
/// client is told.
fn keys(definition: &Definition, desk: &mut Desk<'_>) {
    // A DSDF has tens of them.
    const MOST: usize = 1000;
    for entry in definition.entries.iter().take(MOST) {
        let key = entry.key.as_str();
        let noticed = |finding: &Finding| {
            finding.line == entry.line && finding.what.contains(" is no keyword ")
        };
        if !definition.findings.iter().any(noticed) {
            if let Some(meant) = nearest(stem(key), KEYWORDS.iter().copied())
                && is_likely(meant, definition)
            {
                desk.warn(
                    key,
                    "is no keyword of the server",
                    &format!("write {meant} if that is meant"),
                );
            }
            if let Some(meant) = other_number(key, definition) {
                desk.warn(
                    key,
                    "has a number that is not read",
                    &format!("write {meant} if that is meant"),
                );
            }
        }
        let label = key.strip_suffix(')').and_then(|key| key.split_once('('));
        let is_label = label.is_some_and(|(name, _)| name == "label");
        if !is_label && !is_xml_name(key) {
            desk.warn(
                key,
                "is no name in XML, and is left out of server=dsdf",
                "use letters, digits, _ - and . only",
            );
        }
    }
}

/// Whether a slip of the keyword is likely. Short ones have neighbours that mean
/// something else, and are missed only where they are not given.
fn is_likely(meant: &str, definition: &Definition) -> bool {
    match meant.len() {
        0..6 => false,
        6..8 => definition.get(meant).is_none(),
        _ => true,
    }
}

/// What is meant by a keyword with a number that the server does not look for, as
/// `param00` and `reader_00`.
fn other_number(key: &str, definition: &Definition) -> Option<String> {
    const NUMBERED: &[&str] = &[
        "cacheLevel",
        "exampleInfo",
        "exampleInterval",
        "exampleParams",
        "exampleRange",
        "exampleResolution",
        "param",
    ];
    const RULES: &[&str] = &["groupAccess", "readAccess"];
    const SINGLE: &[&str] = &[
        "cacheExpire",
        "cacheReader",
        "das2Stream",
        "description",
        "qstream",
        "reader",
        "reducer",
        "rename",
        "textConverter",
        "validRange",
    ];
    let stem = stem(key);
    let number = key.strip_prefix(stem).filter(|number| !number.is_empty())?;
    if NUMBERED.contains(&stem) {
        return (!number.starts_with('_')).then(|| format!("{stem}_{number}"));
    }
    // Beside the right one it may be the site's own word, for `$(..)`.
    let is_missed = RULES.contains(&stem) || definition.get(stem).is_none();
    (is_missed && (RULES.contains(&stem) || SINGLE.contains(&stem))).then(|| stem.to_owned())
}

fn is_xml_name(key: &str) -> bool {
    let starts = key.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

fn folder_info(definition: &Definition, desk: &mut Desk<'_>) {
    if let Some(value) = definition.get("browse")
        && !["no", "0", "yes", "1"].contains(&value.trim().to_ascii_lowercase().as_str())
    {
        desk.warn("browse", "counts as yes", "write yes or no");
    }
    for key in [
        "reader",
        "das2Stream",
        "qstream",
        "readAccess",
        "groupAccess",
        "exampleRange_00",
    ] {
        if definition.get(key).is_some() {
            let what = "has no effect here: this file describes a folder";
            desk.warn(key, what, "put it into the DSDFs of the folder");
        }
    }
}

fn texts(definition: &Definition, desk: &mut Desk<'_>) {
    if definition.description.is_none() {
        desk.report.warn(Finding {
            file: definition.path.clone(),
            line: 0,
            what: "there is no description".to_owned(),
            instead: "write one line about the data: description = '...'".to_owned(),
        });
    }
    for key in ["techContact", "sciContact"] {
        if let Some(fault) = definition.get(key).and_then(contacts::fault) {
            desk.warn(
                key,
                fault,
                "write Name <name@example.edu>, with commas between contacts",
            );
        }
    }
    for entry in &definition.entries {
        let off = ["0", "false", "no", "off"];
        if entry.key.eq_ignore_ascii_case("hidden")
            && off.contains(&entry.value.trim().to_ascii_lowercase().as_str())
        {
            desk.warn(
                &entry.key,
                "hides the source whatever its value",
                "remove it to have the source listed",
            );
        }
    }
    if definition.get("browse").is_some() {
        desk.warn(
            "browse",
            "has no effect on a source",
            "write hidden = 1 to keep it out of lists",
        );
    }
    if let Some(items) = definition.get("items")
        && items.trim().parse::<u32>().is_err()
    {
        desk.warn("items", "is no number of items", "write a whole number");
    }
}

fn commands(definition: &Definition, setting: &Setting<'_>, desk: &mut Desk<'_>) {
    let mut faults = Vec::new();
    match &definition.reader {
        Some(reader) => {
            let range = ["2000-01-01".to_owned(), "2000-01-02".to_owned()];
            let told = setting.programs.faults_behind(reader, &range);
            faults.extend(told.into_iter().map(|fault| ("reader", fault)));
        }
        None => desk.report.error(Finding {
            file: definition.path.clone(),
            line: 0,
            what: "there is no reader, so requests for data fail".to_owned(),
            instead: "write reader = 'COMMAND'".to_owned(),
        }),
    }
    if let Reducer::Command(reducer) = &definition.reducer {
        let told = setting
            .programs
            .faults_of_filter(reducer, &["60"], &definition.format);
        faults.extend(told.into_iter().map(|fault| ("reducer", fault)));
    }
    if let Some(converter) = &definition.text_converter {
        let told = setting
            .programs
            .faults_of_filter(converter, &[], &definition.format);
        faults.extend(told.into_iter().map(|fault| ("textConverter", fault)));
    }
    if let Some(converter) = &definition.csv_converter {
        let told = setting
            .programs
            .faults_of_filter(converter, &[], &definition.format);
        faults.extend(told.into_iter().map(|fault| ("csvConverter", fault)));
    }
    if let Some(reader) = &definition.cache_reader {
        let told = setting.programs.faults_of_cache_reader(reader);
        faults.extend(told.into_iter().map(|fault| ("cacheReader", fault)));
    }
    for (key, command) in [
        ("textConverter", &definition.text_converter),
        ("csvConverter", &definition.csv_converter),
    ] {
        let for_table = key == "csvConverter";
        if let Some(command) = command
            && let Some((what, instead)) =
                setting
                    .programs
                    .of_another_kind(command, for_table, &definition.format)
        {
            desk.warn(key, what, instead);
        }
    }
    for (key, (severity, what, instead)) in faults {
        match severity {
            Severity::Error => desk.error(key, &format!("cannot run: {what}"), &instead),
            Severity::Warning => desk.warn(key, &format!("may not run: {what}"), &instead),
        }
    }
    let old = ["items", "form", "label", "label(0)", "x_unit", "y_unit"];
    if matches!(definition.format, Format::Das1 { .. })
        && !old.iter().any(|key| definition.get(key).is_some())
    {
        desk.report.warn(Finding {
            file: definition.path.clone(),
            line: 0,
            what: "there is neither das2Stream nor qstream: this is taken for a das1 source"
                .to_owned(),
            instead: "write das2Stream = 1 if the reader writes das2 streams".to_owned(),
        });
    }
}

fn uses(definition: &Definition) -> Uses {
    // What reads nothing needs nothing.
    if definition.reader.is_none() {
        return Uses::default();
    }
    let is_cached = !definition.cache_levels.is_empty();
    let default = matches!(definition.reducer, Reducer::Default) && !definition.requires_interval;
    Uses {
        das1: matches!(definition.format, Format::Das1 { .. }),
        das2_reducer: default && definition.format != Format::QStream,
        qstream_reducer: default && definition.format == Format::QStream,
        cache: is_cached && definition.format != Format::QStream,
        qstream_cache: is_cached && definition.format == Format::QStream,
    }
}
