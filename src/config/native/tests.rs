use super::*;
use crate::config::{Broker, Config, ConfigError};

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::from_toml(Path::new("/site/etc/das2server.toml"), text.as_bytes())
}

/// Every error of a text, without the name of the file.
fn errors(text: &str) -> Vec<String> {
    let file = Path::new("f");
    let (_, errors) = keywords::config_of(file, parse(file, text.as_bytes()), written);
    let shown = errors.iter().map(Finding::to_string);
    shown.map(|text| text.replacen("f, line ", "", 1)).collect()
}

#[test]
fn every_keyword_has_one_key() {
    let known: Vec<&str> = keywords::names().collect();
    for keyword in &known {
        let keys = KEYS.iter().filter(|key| key.keyword == *keyword);
        assert_eq!(keys.count(), 1, "{keyword} wants a row in KEYS");
    }
    assert_eq!(KEYS.len(), known.len());
    for (at, key) in KEYS.iter().enumerate() {
        let same = |other: &Key| (other.section, other.key) == (key.section, key.key);
        assert!(!KEYS.iter().skip(at + 1).any(same), "{key:?}");
        assert_ne!(key.section, OWN);
    }
}

#[test]
fn a_whole_file() {
    let config = load(
        "\u{feff}# The site.\r\n[site]\nname = \"The \\\"Institute\\\" # 1\"\nsample_begin = 2021-03-20\n\
         sample_end = 2021-03-21T00:00:00Z\n\
         [paths]\nsources = \"datasets/\"\nprograms = [\"bin\", \"/opt/a b\"] # more\n\
         [access]\nnever_ask = [\n  \"192.0.2.1\",\n  \"10.0.0.0/8\",\n]\n\
         [readers]\nmax = 0x10\ntime_limit = 1.5\nsilence_limit = 1_000\n\
         [answers]\ndata_gzip = true\n\
         [queue]\nbroker = \"none\"\n\
         [keywords]\nMY_DATA = '/data\\x'\nLEVEL = 3\n\"a b\" = 1.5\nON = true\n",
    )
    .unwrap();
    assert_eq!(config.site_name.as_deref(), Some("The \"Institute\" # 1"));
    let (begin, end) = config.sample_range.clone().unwrap();
    assert_eq!(
        (begin.as_str(), end.as_str()),
        ("2021-03-20", "2021-03-21T00:00:00Z")
    );
    assert_eq!(
        config.dsdf_root.as_deref(),
        Some(Path::new("/site/datasets"))
    );
    assert_eq!(
        config.bin_path,
        [Path::new("/site/bin"), Path::new("/opt/a b")]
    );
    assert_eq!(config.test_from.len(), 2);
    assert_eq!(config.reader_max, Some(16));
    assert_eq!(config.reader_time_limit.unwrap().as_millis(), 1500);
    assert_eq!(config.reader_silence_limit.unwrap().as_secs(), 1000);
    assert!(config.data_gzip);
    assert_eq!(config.work_queue_broker, Broker::None);
    for (keyword, value) in [
        ("MY_DATA", "/data\\x"),
        ("LEVEL", "3"),
        ("a b", "1.5"),
        ("ON", "true"),
        ("BIN_PATH", "/site/bin:/opt/a b"),
    ] {
        assert_eq!(config.keywords[keyword], value);
    }
    assert_eq!(config.warnings, []);
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = load("# nothing\n").unwrap();
    let defaults = Config {
        origin: config.origin.clone(),
        ..Config::default()
    };
    assert_eq!(config, defaults);
}

#[test]
fn errors_name_line_and_key_and_say_what_to_write() {
    for (text, expected) in [
        (
            "\n[site]\nnam = 1",
            "3: site.nam is no key; write name if that is meant",
        ),
        (
            "[site]\ndata_gzip = true",
            "2: site.data_gzip is no key; write data_gzip below [answers]",
        ),
        (
            "[paths]\nDSDF_ROOT = 'x'",
            "2: paths.DSDF_ROOT is no key; write sources below [paths]",
        ),
        (
            "[site]\nfoo = 1",
            "2: site.foo is no key; remove it, or put it below [keywords] if DSDFs use it",
        ),
        (
            "\n[sites]",
            "2: [sites] is no section; write [site] if that is meant",
        ),
        (
            "[planets]",
            "1: [planets] is no section; write one of [site], [paths]",
        ),
        (
            "SITE_NAME = 'x'",
            "1: SITE_NAME is in no section; write name below [site]",
        ),
        (
            "x = 1",
            "1: x is in no section; write it below its section, or below [keywords]",
        ),
        ("site = 1", "1: site is in no section"),
        (
            "[site]\nname = 1",
            "2: site.name holds a value of type integer; write a string in \"quotes\"",
        ),
        (
            "[answers]\ndata_gzip = \"yes\"",
            "2: answers.data_gzip holds a value of type string; write true or false",
        ),
        (
            "[readers]\nmax = '3'",
            "2: readers.max holds a value of type string; write a whole number",
        ),
        (
            "[readers]\nmax = 1.5",
            "2: readers.max holds a value of type float; write a whole number",
        ),
        (
            "[readers]\nmax = -1",
            "2: readers.max = -1; write a whole number, 0 for no limit",
        ),
        (
            "[readers]\ntime_limit = nan",
            "2: readers.time_limit = nan; write a number of seconds",
        ),
        (
            "[readers]\ntime_limit = true",
            "2: readers.time_limit holds a value of type boolean",
        ),
        (
            "[paths]\nprograms = 'bin'",
            "2: paths.programs holds a value of type string; write an array",
        ),
        (
            "[paths]\nprograms = ['a:b']",
            "2: paths.programs holds a value of type array; write each folder",
        ),
        (
            "[paths]\nprograms = [1]",
            "2: paths.programs holds a value of type array; write each folder",
        ),
        (
            "[access]\nnever_ask = ['a b']",
            "2: access.never_ask holds a value of type array; write each address",
        ),
        (
            "[site]\nsample_begin = 2021",
            "2: site.sample_begin holds a value of type integer; write a time",
        ),
        (
            "[queue]\nconnection = 'h:x'",
            "2: queue.connection = h:x; write HOST:PORT:DATABASE",
        ),
        (
            "[keywords]\nSITE_NAME = 'x'",
            "2: keywords.SITE_NAME has a key of its own; write name below [site]",
        ),
        (
            "[keywords]\nRESOURCE_ROOT = 'x'",
            "2: keywords.RESOURCE_ROOT has a key of its own; write resources below [paths]",
        ),
        (
            "[keywords]\nx = [1]",
            "2: keywords.x holds a value of type array; write a string",
        ),
        (
            "[site]\nname = 'a'\nname = 'b'",
            "3: no TOML: duplicate key",
        ),
        ("[site]\nname = a b", "2: no TOML: "),
        ("[site\n", "1: no TOML: "),
        ("\u{0}", "1: no TOML: "),
    ] {
        let errors = errors(text);
        assert!(errors[0].starts_with(expected), "{text:?}: {errors:?}");
    }
}

#[test]
fn all_errors_of_a_file_in_order() {
    let lines: Vec<String> = errors("[readers]\nmax = -1\nwaiting = 'x'\n[site]\nfoo = 1\n");
    assert_eq!(lines.len(), 3, "{lines:?}");
    let many: String = (0..500).map(|at| format!("k{at} = []\n")).collect();
    assert_eq!(errors(&format!("[keywords]\n{many}")).len(), MOST_ERRORS);
}

#[test]
fn hostile_files() {
    let deep = format!("[keywords]\nx = {}", "[".repeat(100_000));
    assert!(load(&deep).is_err());
    let deep = format!("[keywords]\n{}x = 1", "a.".repeat(50_000));
    assert!(load(&deep).is_err());
    let huge = "[keywords]\nx = 999999999999999999999999999999999999";
    assert!(load(huge).is_err());
    assert!(Config::from_toml(Path::new("c"), b"[site]\nname = '\xFF'").is_err());
    let many: String = (0..40_000).map(|at| format!("k{at} = {at}\n")).collect();
    let config = load(&format!("[keywords]\n{many}")).unwrap();
    assert_eq!(config.keywords.len(), 40_000);
}

#[test]
fn no_bytes_make_it_panic() {
    let pieces = [
        "[site]", "[", "]", "=", "\"", "'", "\n", "name", " ", "{", "}", ".", "#", "1", "\\", "é",
    ];
    let mut state: u32 = 1;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(pieces[(state >> 16) as usize % pieces.len()]);
        }
        let _ = load(&text);
    }
}
