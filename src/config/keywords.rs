//! The meaning of keywords: from text pairs, of whatever syntax, to the typed
//! [`Config`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{AddressRange, Broker, Config, Finding, Pair, Parsed, QueueConnection, relative};

/// Sets one field from a value. A string that comes back is advice about a
/// value that was taken with a grain of salt (a warning).
type Setter = fn(&mut Config, &str) -> Result<Option<String>, Wrong>;

/// What is to be written instead of a value that is not of the type.
struct Wrong(String);

/// Every keyword that has an effect. Those of das2-pyserver keep its
/// leniency: a site's file that works there works here.
const KEYWORDS: &[(&str, Setter)] = &[
    ("SITE_NAME", |c, v| text(&mut c.site_name, v)),
    ("SERVER_ID", |c, v| text(&mut c.server_id, v)),
    ("SITE_ID", |c, v| text(&mut c.site_id, v)),
    ("SITE_CATALOG_TAG", |c, v| text(&mut c.site_catalog_tag, v)),
    ("SITE_PATHURI", |c, v| text(&mut c.site_path_uri, v)),
    ("CONTACT_EMAIL", |c, v| text(&mut c.contact_email, v)),
    ("CONTACT_URL", |c, v| text(&mut c.contact_url, v)),
    ("DSDF_ROOT", |c, v| folder(&mut c.dsdf_root, v)),
    ("RESOURCE_PATH", |c, v| folder(&mut c.resource_path, v)),
    ("SITE_FILES", |c, v| folder(&mut c.site_files, v)),
    ("LOG_PATH", |c, v| folder(&mut c.log_path, v)),
    ("CACHE_ROOT", |c, v| folder(&mut c.cache_root, v)),
    ("STATE_PATH", |c, v| folder(&mut c.state_path, v)),
    ("PEERS_FILE", |c, v| folder(&mut c.peers_file, v)),
    ("USER_PASSWD", |c, v| folder(&mut c.user_passwd, v)),
    ("USER_GROUP", |c, v| folder(&mut c.user_group, v)),
    ("BIN_PATH", |c, v| folders(&mut c.bin_path, v)),
    ("LIB_PATH", |c, v| folders(&mut c.lib_path, v)),
    ("STYLE_SHEET", |c, v| name(&mut c.style_sheet, v)),
    ("MAIN_SRV_URL", |c, v| name(&mut c.main_srv_url, v)),
    ("VIEW_LOG_URL", |c, v| text(&mut c.view_log_url, v)),
    ("VIEW_LOG_ALLOW", |c, v| addresses(&mut c.view_log_allow, v)),
    ("TEST_FROM", |c, v| addresses(&mut c.test_from, v)),
    ("SECURITY_REALM", |c, v| text(&mut c.security_realm, v)),
    ("SAMPLE_DSDF", |c, v| text(&mut c.sample_dsdf, v)),
    // These two count together only, see `config_of`.
    ("SAMPLE_START", |_, _| Ok(None)),
    ("SAMPLE_END", |_, _| Ok(None)),
    ("IGNORE_REDIRECT", |c, v| {
        lenient(&mut c.ignore_redirect, &["true", "1"], v)
    }),
    ("DAS1_TO_DAS2", |c, v| name(&mut c.das1_to_das2, v)),
    ("D2S_REDUCER", |c, v| program_or_none(&mut c.d2s_reducer, v)),
    ("D2S_CACHE_RDR", |c, v| name(&mut c.d2s_cache_reader, v)),
    ("D2S_TO_UTF8", |c, v| text(&mut c.d2s_to_utf8, v)),
    ("D2S_CSV_CONVERTER", |c, v| {
        text(&mut c.d2s_csv_converter, v)
    }),
    ("QDS_REDUCER", |c, v| program_or_none(&mut c.qds_reducer, v)),
    ("QDS_CACHE_RDR", |c, v| name(&mut c.qds_cache_reader, v)),
    ("QDS_TO_UTF8", |c, v| text(&mut c.qds_to_utf8, v)),
    ("PNG_MAKER", |c, v| text(&mut c.png_maker, v)),
    ("READER_MAX", |c, v| limit(&mut c.reader_max, v)),
    ("READER_MAX_PER_ADDRESS", |c, v| {
        limit(&mut c.reader_max_per_address, v)
    }),
    ("READER_QUEUE", |c, v| {
        c.reader_queue = Some(count(v, 0)?);
        Ok(None)
    }),
    ("READER_TIME_LIMIT", |c, v| {
        c.reader_time_limit = Some(seconds(v)?).filter(|time| !time.is_zero());
        Ok(None)
    }),
    ("READER_SILENCE_LIMIT", |c, v| {
        c.reader_silence_limit = Some(seconds(v)?).filter(|time| !time.is_zero());
        Ok(None)
    }),
    ("WORK_QUEUE_BROKER", broker),
    ("WORK_QUEUE_CONN", |c, v| {
        c.work_queue_connection = connection(v)?;
        Ok(None)
    }),
    ("TASK_LEASE", |c, v| {
        let lease = seconds(v)?;
        if lease < Duration::from_secs(1) {
            return Err(Wrong("write a number of seconds, 1 or more".to_owned()));
        }
        c.task_lease = lease;
        Ok(None)
    }),
    ("TASK_ATTEMPTS", |c, v| {
        c.task_attempts = count(v, 1)?;
        Ok(None)
    }),
    ("WORKER_TASKS", |c, v| {
        c.worker_tasks = count(v, 1)?;
        Ok(None)
    }),
    ("ENABLE_HAPI_SUBSYS", |c, v| {
        lenient(&mut c.enable_hapi, &["true", "yes", "1"], v)
    }),
    ("DAS23_PROTOTYPE", |c, v| {
        lenient(&mut c.das23_prototype, &["true", "yes", "1"], v)
    }),
    ("SKIP_LOWCASE", |c, v| {
        lenient(&mut c.skip_lowercase, &["true", "yes", "1"], v)
    }),
    ("DATA_GZIP", |c, v| strict(&mut c.data_gzip, v)),
    ("CENTRAL_LOG", |c, v| strict(&mut c.central_log, v)),
];

/// Other spellings, from the user guide of das2-pyserver, and what they stand
/// for.
const SPELLINGS: &[(&str, &str)] = &[
    ("RESOURCE_ROOT", "RESOURCE_PATH"),
    ("SITE_PATH_URI", "SITE_PATHURI"),
    ("SKIP_LOWERCASE", "SKIP_LOWCASE"),
    ("MAIN_SERVER_URL", "MAIN_SRV_URL"),
];

/// Every keyword that sets something, in the spelling that is not another's.
pub fn names() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().map(|(name, _)| *name)
}

/// Other spellings, each with the keyword that it stands for.
pub fn spellings() -> &'static [(&'static str, &'static str)] {
    SPELLINGS
}

/// Whether `keyword` chooses or places a Python module of das2-pyserver, which
/// nothing here can load.
fn names_a_module(keyword: &str) -> bool {
    keyword == "MODULE_PATH" || keyword.starts_with("HANDLE_") || keyword.starts_with("TASK_")
}

/// The configuration that `parsed` makes, read from `origin` in a syntax in
/// which `written` shows a pair, with the warnings of the syntax; and every
/// error, those of the syntax first: values that are not of their keyword's
/// type, with line and what to write.
pub fn config_of(
    origin: &Path,
    parsed: Parsed,
    written: fn(&Pair) -> String,
) -> (Config, Vec<Finding>) {
    let Parsed {
        pairs,
        warnings,
        mut errors,
    } = parsed;
    let finding = |pair: &Pair, what: String, instead: String| Finding {
        file: origin.to_owned(),
        line: pair.line,
        what,
        instead,
    };
    let mut config = Config {
        origin: origin.to_owned(),
        warnings,
        ..Config::default()
    };
    config.keywords = pairs
        .iter()
        .map(|pair| (pair.keyword.clone(), pair.value.clone()))
        .collect();
    for pair in &pairs {
        // A value goes into headers, lists and environments.
        if pair.value.contains(['\0', '\n', '\r']) {
            let bare = written(&Pair {
                value: String::new(),
                ..pair.clone()
            });
            let name = bare.trim_end_matches(" = ");
            let what = format!("the value of {name} holds a line end or a NUL");
            errors.push(finding(pair, what, "write it in one line".to_owned()));
            continue;
        }
        let keyword = proper(&pair.keyword);
        if keyword != pair.keyword && config.keywords.contains_key(keyword) {
            let what = format!("{} is another spelling of {keyword}", pair.keyword);
            let instead = format!("remove it: the value of {keyword} counts");
            config.warnings.push(finding(pair, what, instead));
            continue;
        }
        let Some((_, set)) = KEYWORDS.iter().find(|(known, _)| *known == keyword) else {
            if let Some((what, instead)) = without_effect(&pair.keyword) {
                config.warnings.push(finding(pair, what, instead));
            }
            continue;
        };
        match set(&mut config, &pair.value) {
            Ok(None) => {}
            Ok(Some(advice)) => config.warnings.push(finding(pair, written(pair), advice)),
            Err(Wrong(instead)) => errors.push(finding(pair, written(pair), instead)),
        }
    }
    config.sample_range = sample_range(&config.keywords);
    relative::resolve(&mut config);
    (config, errors)
}

/// A pair as das2server.conf has it.
pub(super) fn written_in_conf(pair: &Pair) -> String {
    format!("{} = {}", pair.keyword, pair.value)
}

/// The spelling that is no other one's.
pub(super) fn proper(keyword: &str) -> &str {
    SPELLINGS
        .iter()
        .find(|(other, _)| *other == keyword)
        .map_or(keyword, |(_, proper)| proper)
}

/// For a keyword with no meaning of its own: what to say about it, if it is
/// more than a word for DSDFs to substitute.
fn without_effect(keyword: &str) -> Option<(String, String)> {
    let spellings = SPELLINGS.iter().map(|(other, _)| *other);
    let known = KEYWORDS.iter().map(|(known, _)| *known).chain(spellings);
    if let Some(meant) = known
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(keyword))
    {
        return Some((
            format!("{keyword} has no effect, keywords are case-sensitive"),
            format!("write {meant} if that is meant"),
        ));
    }
    names_a_module(keyword).then(|| {
        (
            format!("{keyword} has no effect: this server loads no Python modules"),
            "the line may stay".to_owned(),
        )
    })
}

fn sample_range(keywords: &BTreeMap<String, String>) -> Option<(String, String)> {
    let given = |keyword| keywords.get(keyword).filter(|text| !text.is_empty());
    Some((given("SAMPLE_START")?.clone(), given("SAMPLE_END")?.clone()))
}

/// An empty text is none.
fn text(field: &mut Option<String>, value: &str) -> Result<Option<String>, Wrong> {
    *field = Some(value.to_owned()).filter(|text| !text.is_empty());
    Ok(None)
}

/// A text with a default, which an empty one leaves.
fn name(field: &mut String, value: &str) -> Result<Option<String>, Wrong> {
    if !value.is_empty() {
        *field = value.to_owned();
    }
    Ok(None)
}

/// A program, or the word `None`, which das2-pyserver would run.
fn program_or_none(field: &mut Option<String>, value: &str) -> Result<Option<String>, Wrong> {
    let none = value.is_empty() || value.eq_ignore_ascii_case("none");
    *field = (!none).then(|| value.to_owned());
    Ok(None)
}

/// A path without final slashes: lists of sources measure names against it.
fn folder(field: &mut Option<PathBuf>, value: &str) -> Result<Option<String>, Wrong> {
    *field = path(value);
    Ok(None)
}

fn folders(field: &mut Vec<PathBuf>, value: &str) -> Result<Option<String>, Wrong> {
    *field = value
        .split(':')
        .filter_map(|part| path(part.trim()))
        .collect();
    Ok(None)
}

fn path(value: &str) -> Option<PathBuf> {
    let stripped = value.trim_end_matches('/');
    match (value.is_empty(), stripped.is_empty()) {
        (true, _) => None,
        (false, true) => Some(PathBuf::from("/")),
        (false, false) => Some(PathBuf::from(stripped)),
    }
}

fn addresses(field: &mut Vec<AddressRange>, value: &str) -> Result<Option<String>, Wrong> {
    let mut unknown = Vec::new();
    field.clear();
    for word in value
        .split([' ', '\t', ','])
        .filter(|word| !word.is_empty())
    {
        match AddressRange::parse(word) {
            Some(range) => field.push(range),
            None => unknown.push(word),
        }
    }
    Ok((!unknown.is_empty()).then(|| {
        format!(
            "`{}` is left out: write addresses such as 192.0.2.1, or ranges such as 192.0.2.0/24, with blanks between",
            unknown.join(" ")
        )
    }))
}

/// A switch of das2-pyserver: on with certain words, else off, without an
/// error for any. Words that do not mean off are worth a warning.
fn lenient(field: &mut bool, on: &[&str], value: &str) -> Result<Option<String>, Wrong> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    *field = is(on);
    let plain = *field || is(&["false", "0", "no", "off", ""]);
    Ok((!plain).then(|| "counts as off; write true or false".to_owned()))
}

/// A switch of this server.
fn strict(field: &mut bool, value: &str) -> Result<Option<String>, Wrong> {
    *field = match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => true,
        "false" | "no" | "off" | "0" => false,
        _ => return Err(Wrong("write true or false".to_owned())),
    };
    Ok(None)
}

fn count(value: &str, least: u32) -> Result<u32, Wrong> {
    let number = value.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| Wrong(format!("write a whole number, {least} or more")))
}

/// A number where 0 means that there is no limit.
fn limit(field: &mut Option<u32>, value: &str) -> Result<Option<String>, Wrong> {
    let number = value
        .parse()
        .map_err(|_| Wrong("write a whole number, 0 for no limit".to_owned()))?;
    *field = Some(number).filter(|number| *number > 0);
    Ok(None)
}

/// A time in seconds, fractions allowed.
fn seconds(value: &str) -> Result<Duration, Wrong> {
    let number = value.parse().ok();
    number
        .and_then(|number: f64| Duration::try_from_secs_f64(number).ok())
        .ok_or_else(|| Wrong("write a number of seconds, such as 30".to_owned()))
}

fn broker(config: &mut Config, value: &str) -> Result<Option<String>, Wrong> {
    let (broker, advice) = match value.to_ascii_lowercase().as_str() {
        "redis" => (Broker::Redis, None),
        "embedded" => (Broker::Embedded, None),
        "none" | "" => (Broker::None, None),
        _ => {
            let advice = "counts as none; write redis, embedded or none";
            (Broker::None, Some(advice.to_owned()))
        }
    };
    config.work_queue_broker = broker;
    Ok(advice)
}

fn connection(value: &str) -> Result<QueueConnection, Wrong> {
    QueueConnection::parse(value).ok_or_else(|| {
        let forms = "write HOST:PORT:DATABASE, such as localhost:6379:0, or an URL that begins \
                     with redis://, rediss://, unix:// or redis+sentinel://";
        Wrong(forms.to_owned())
    })
}
