//! The configuration: what its readers say, and whether what it names is there.

use std::path::{Path, PathBuf};

use super::definition::Uses;
use super::files::whole_file;
use super::programs::Programs;
use super::report::{Report, Severity};
use crate::config::{Broker, Config, Finding, Pair, is_toml, keywords, native, nearest, pairs};
use crate::exec::MOST_PLACES;
use crate::source::{Command, Format, Tree};
use crate::time::parse_query;

/// What the sources of a site use, each with one that does.
#[derive(Debug, Default)]
pub(super) struct Sources {
    das1: Option<PathBuf>,
    das2_reducer: Option<PathBuf>,
    qstream_reducer: Option<PathBuf>,
    cache: Option<PathBuf>,
    qstream_cache: Option<PathBuf>,
}

impl Sources {
    pub(super) fn add(&mut self, path: &Path, uses: Uses) {
        for (used, place) in [
            (uses.das1, &mut self.das1),
            (uses.das2_reducer, &mut self.das2_reducer),
            (uses.qstream_reducer, &mut self.qstream_reducer),
            (uses.cache, &mut self.cache),
            (uses.qstream_cache, &mut self.qstream_cache),
        ] {
            if used {
                place.get_or_insert_with(|| path.to_owned());
            }
        }
    }
}

/// Adds what is wrong with `config`, which `errors` were found in.
pub(super) fn check(
    config: &Config,
    errors: Vec<Finding>,
    sources: &Sources,
    programs: &Programs<'_>,
    report: &mut Report,
) {
    let pairs = pairs(&config.origin).unwrap_or_default();
    // Of a file that cannot be read nobody knows what is missing in it.
    if pairs.is_empty() && !errors.is_empty() {
        errors.into_iter().for_each(|finding| report.error(finding));
        let warnings = config.warnings.iter().cloned();
        return warnings.for_each(|finding| report.warn(finding));
    }
    let mut desk = Desk {
        config,
        pairs,
        found: Report::default(),
    };
    errors
        .into_iter()
        .for_each(|finding| desk.found.error(finding));
    config
        .warnings
        .iter()
        .for_each(|finding| desk.found.warn(finding.clone()));
    slips(&mut desk);
    folders(&mut desk);
    of_pages(&mut desk);
    filters(sources, programs, &mut desk);
    places(&mut desk);
    state(&mut desk);
    background(sources, &mut desk);
    desk.found.told.sort_by_key(|told| told.finding.line);
    report.told.extend(desk.found.told);
}

struct Desk<'a> {
    config: &'a Config,
    pairs: Vec<Pair>,
    found: Report,
}

impl Desk<'_> {
    fn is_given(&self, keyword: &str) -> bool {
        self.pair(keyword).is_some()
    }

    fn pair(&self, keyword: &str) -> Option<&Pair> {
        let same =
            |pair: &&Pair| native::key_of(&pair.keyword).is_some_and(|k| k.keyword == keyword);
        let proper = self.pairs.iter().find(|pair| pair.keyword == keyword);
        proper.or_else(|| self.pairs.iter().rfind(same))
    }

    fn told(&mut self, severity: Severity, keyword: &str, what: &str, instead: &str) {
        let line = self.pair(keyword).map_or(0, |pair| pair.line);
        let finding = Finding {
            line,
            ..whole_file(
                &self.config.origin,
                format!("{} {what}", self.name(keyword)),
                instead,
            )
        };
        match severity {
            Severity::Error => self.found.error(finding),
            Severity::Warning => self.found.warn(finding),
        }
    }

    /// A keyword as the file in use has it.
    fn name(&self, keyword: &str) -> String {
        match native::key_of(keyword).filter(|_| is_toml(&self.config.origin)) {
            Some(key) => format!("{}.{}", key.section, key.key),
            None => keyword.to_owned(),
        }
    }

    fn error(&mut self, keyword: &str, what: &str, instead: &str) {
        self.told(Severity::Error, keyword, what, instead);
    }

    fn warn(&mut self, keyword: &str, what: &str, instead: &str) {
        self.told(Severity::Warning, keyword, what, instead);
    }
}

/// Keywords of a site's own that are nearly one of the server's.
fn slips(desk: &mut Desk<'_>) {
    let spellings = keywords::spellings().iter().map(|(other, _)| *other);
    let known: Vec<&str> = keywords::names().chain(spellings).collect();
    // A configuration has tens of them.
    const MOST: usize = 1000;
    let own: Vec<Pair> = desk
        .pairs
        .iter()
        .filter(|p| native::key_of(&p.keyword).is_none())
        .take(MOST)
        .cloned()
        .collect();
    for Pair { keyword, line, .. } in own {
        let meant = nearest(&keyword, known.iter().copied());
        // Another case alone is told by the reader of the file.
        if let Some(meant) = meant.filter(|meant| !meant.eq_ignore_ascii_case(&keyword)) {
            let what = format!("{keyword} is no keyword of the server");
            let instead = format!("write {} if that is meant", desk.name(meant));
            desk.found.warn(Finding {
                line,
                ..whole_file(&desk.config.origin, what, &instead)
            });
        }
    }
}

fn folders(desk: &mut Desk<'_>) {
    let config = desk.config;
    match &config.dsdf_root {
        None => desk.error(
            "DSDF_ROOT",
            "is not set, so there are no sources",
            "name the folder of the DSDFs",
        ),
        Some(root) => match std::fs::read_dir(root) {
            Ok(_) => {}
            Err(error) => {
                let what = format!("names {}: {error}", root.display());
                desk.error(
                    "DSDF_ROOT",
                    &what,
                    "name a folder that this account can read",
                );
            }
        },
    }
    for (keyword, folder, without) in [
        (
            "RESOURCE_PATH",
            &config.resource_path,
            "pages have no style sheet and no logo",
        ),
        (
            "SITE_FILES",
            &config.site_files,
            "the site has no files of its own",
        ),
        (
            "LOG_PATH",
            &config.log_path,
            "requests are logged in the web server's error log",
        ),
        (
            "CACHE_ROOT",
            &config.cache_root,
            "nothing is cached until it is made",
        ),
    ] {
        if let Some(folder) = folder.as_deref().filter(|folder| !folder.is_dir()) {
            let what = format!("names {}, which is no folder: {without}", folder.display());
            desk.warn(keyword, &what, "make it, or name another one");
        }
    }
    for (keyword, folders) in [
        ("BIN_PATH", &config.bin_path),
        ("LIB_PATH", &config.lib_path),
    ] {
        for folder in folders.iter().filter(|folder| !folder.is_dir()) {
            let what = format!("names {}, which is no folder", folder.display());
            desk.warn(keyword, &what, "make it, or leave it out");
        }
    }
    if let Some(file) = &config.peers_file
        && let Err(error) = opened(file)
    {
        let what = format!("names {}: {error}", file.display());
        desk.warn(
            "PEERS_FILE",
            &what,
            "make it a file that this account can read",
        );
    }
}

/// That a plain file can be opened. Opening a pipe would wait for its writer.
fn opened(file: &std::path::Path) -> std::io::Result<()> {
    match std::fs::metadata(file)?.is_file() {
        true => std::fs::File::open(file).map(drop),
        false => Err(std::io::Error::other("it is no plain file")),
    }
}

fn of_pages(desk: &mut Desk<'_>) {
    let config = desk.config;
    if let Some(folder) = config
        .resource_path
        .as_deref()
        .filter(|folder| folder.is_dir())
        && ![Some(folder), config.site_files.as_deref()]
            .into_iter()
            .flatten()
            .any(|folder| folder.join(&config.style_sheet).is_file())
    {
        let what = format!(
            "names {}, which is not in RESOURCE_PATH",
            config.style_sheet
        );
        desk.warn("STYLE_SHEET", &what, "put it there, or name another one");
    }
    if let (Some(name), Some(root)) = (&config.sample_dsdf, &config.dsdf_root)
        && root.is_dir()
        && Tree::new(root).locate(name).is_err()
    {
        let what = format!("names {name}, which is no source of this server");
        desk.warn("SAMPLE_DSDF", &what, "write a name as in server=list");
    }
    for (keyword, other) in [
        ("SAMPLE_START", "SAMPLE_END"),
        ("SAMPLE_END", "SAMPLE_START"),
    ] {
        let Some(pair) = desk.pair(keyword).cloned() else {
            continue;
        };
        if !desk.is_given(other) {
            let other = desk.name(other);
            desk.warn(
                keyword,
                &format!("has no effect without {other}"),
                &format!("write {other} too"),
            );
        }
        if let Err(error) = parse_query(&pair.value, None)
            && !pair.value.is_empty()
        {
            desk.warn(
                keyword,
                &format!("is no time: {error}"),
                "write a time, such as 2021-03-20T12:00",
            );
        }
    }
    if let Some((begin, end)) = &config.sample_range
        && let (Ok(begin), Ok(end)) = (parse_query(begin, None), parse_query(end, None))
        && begin >= end
    {
        let what = format!("is not later than {}", desk.name("SAMPLE_START"));
        desk.warn("SAMPLE_END", &what, "write the end of the range");
    }
    for (keyword, ranges) in [
        ("TEST_FROM", &config.test_from),
        ("VIEW_LOG_ALLOW", &config.view_log_allow),
    ] {
        let everybody = ["192.0.2.1", "203.0.113.200"].map(|address| address.parse());
        let everybody = everybody.into_iter().flatten();
        if everybody
            .into_iter()
            .all(|address| ranges.iter().any(|range| range.contains(address)))
            && !ranges.is_empty()
        {
            desk.warn(
                keyword,
                "holds the whole Internet",
                "name the addresses that are meant",
            );
        }
    }
}

/// The site's programs of requests. One that no source needs is only odd.
fn filters(sources: &Sources, programs: &Programs<'_>, desk: &mut Desk<'_>) {
    let config = desk.config;
    let das1 = Some(&config.das1_to_das2);
    for (keyword, command, more, user) in [
        (
            "D2S_REDUCER",
            config.d2s_reducer.as_ref(),
            &["60"] as &[&str],
            &sources.das2_reducer,
        ),
        (
            "QDS_REDUCER",
            config.qds_reducer.as_ref(),
            &["60"],
            &sources.qstream_reducer,
        ),
        (
            "D2S_CACHE_RDR",
            Some(&config.d2s_cache_reader),
            &[],
            &sources.cache,
        ),
        (
            "QDS_CACHE_RDR",
            Some(&config.qds_cache_reader),
            &[],
            &sources.qstream_cache,
        ),
        ("D2S_TO_UTF8", config.d2s_to_utf8.as_ref(), &[], &None),
        ("QDS_TO_UTF8", config.qds_to_utf8.as_ref(), &[], &None),
        (
            "D2S_CSV_CONVERTER",
            config.d2s_csv_converter.as_ref(),
            &[],
            &None,
        ),
        ("DAS1_TO_DAS2", das1, &[], &sources.das1),
    ] {
        let Some(command) = command else {
            continue;
        };
        // The default of what nobody uses need not be there.
        if user.is_none() && !desk.is_given(keyword) {
            continue;
        }
        let command = Command::from_text(command);
        let format = match keyword.starts_with("QDS_") {
            true => Format::QStream,
            false => Format::Das2,
        };
        let for_table = keyword == "D2S_CSV_CONVERTER";
        if let Some((what, instead)) = programs.of_another_kind(&command, for_table, &format)
            && (for_table || keyword.ends_with("_UTF8"))
        {
            desk.warn(keyword, what, instead);
        }
        let faults = match keyword {
            "DAS1_TO_DAS2" => programs.faults(&command),
            "D2S_CACHE_RDR" | "QDS_CACHE_RDR" => programs.faults_of_cache_reader(&command),
            _ => programs.faults_of_filter(&command, more, &format),
        };
        for (severity, what, instead) in faults {
            match (user, severity) {
                (Some(user), Severity::Error) => {
                    let what = format!("cannot run: {what}; {} needs it", user.display());
                    desk.error(keyword, &what, &instead);
                }
                _ => desk.warn(keyword, &format!("may not run: {what}"), &instead),
            }
        }
    }
}

/// Limits that are larger than there are places.
fn places(desk: &mut Desk<'_>) {
    for keyword in ["READER_MAX", "READER_MAX_PER_ADDRESS", "READER_QUEUE"] {
        let given = desk.pair(keyword).and_then(|pair| pair.value.parse().ok());
        if given.is_some_and(|number: u32| number > MOST_PLACES) {
            let instead = match keyword {
                "READER_QUEUE" => format!("write {MOST_PLACES} or less"),
                _ => format!("write {MOST_PLACES} or less, or 0 for no limit"),
            };
            desk.warn(keyword, &format!("counts as {MOST_PLACES}"), &instead);
        }
    }
}

/// What needs STATE_PATH and is off without it.
fn state(desk: &mut Desk<'_>) {
    if desk.config.state_path.is_some() {
        return;
    }
    let config = desk.config;
    for (keyword, limit) in [
        ("READER_MAX", config.reader_max),
        ("READER_MAX_PER_ADDRESS", config.reader_max_per_address),
    ] {
        // What is no number has an error of its own.
        let given = desk.pair(keyword).and_then(|pair| pair.value.parse().ok());
        if given.is_some() && given == limit {
            desk.warn(
                keyword,
                "has no effect without STATE_PATH",
                "set STATE_PATH to a folder that the web server's account writes",
            );
        }
    }
}

/// What workers and the cache need.
fn background(sources: &Sources, desk: &mut Desk<'_>) {
    let config = desk.config;
    if let Some(source) = &sources.cache
        && config.cache_root.is_none()
    {
        let what = format!(
            "is not set, so the cacheLevel of {} has no effect",
            source.display()
        );
        desk.warn(
            "CACHE_ROOT",
            &what,
            "name a folder that the worker's account writes",
        );
    }
    if config.work_queue_broker != Broker::Embedded {
        return;
    }
    match &config.state_path {
        None => desk.error(
            "STATE_PATH",
            "is not set, and the embedded queue needs it",
            "name a folder that the accounts of web server and worker both write",
        ),
        Some(folder) if !folder.is_dir() => {
            let what = format!(
                "names {}, which is no folder: what requests miss is not queued",
                folder.display()
            );
            desk.error(
                "STATE_PATH",
                &what,
                "make it, for the accounts of web server and worker",
            );
        }
        Some(_) => {}
    }
}
