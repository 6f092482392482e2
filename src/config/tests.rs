use super::*;

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::from_conf(Path::new("/site/etc/das2server.conf"), text.as_bytes())
}

fn value_of(text: &str) -> String {
    load(text).unwrap().keywords["A"].clone()
}

fn error_of(text: &str) -> String {
    let error = load(text).unwrap_err();
    let public = error.client_message();
    assert!(!public.contains("/site"), "{public}");
    assert!(!public.ends_with('.'), "whom to tell follows: {public}");
    error.to_string()
}

fn warnings_of(text: &str) -> Vec<String> {
    let config = load(text).unwrap();
    config.warnings.iter().map(Finding::to_string).collect()
}

#[test]
fn values() {
    let cases = [
        ("A=b", "b"),
        ("A=b\r\n", "b"),
        ("A = b\n", "b"),
        ("\tA\t=\tb\t\n", "b"),
        ("A = \"x\" y\"", "x\" y"),
        ("A = '\"x\"'", "x"),
        ("A==b", "=b"),
        ("A = \"\"", ""),
        ("A = \"b # c\"", "b # c"),
        ("A = \"b # c\" # d", "b # c"),
        ("A = 'b # c'", "b # c"),
        ("A = b # c", "b"),
        ("A = b#c", "b"),
        ("A = up&#45;x", "up&"),
        ("A = \"up&#45;x\"", "up&#45;x"),
        ("A = it's # c", "it's"),
        ("A = it's # isn't", "it's"),
        ("A = \"open # c", "open"),
        ("A = \"", ""),
        ("# A = c\n\n   # x = y\nA = b", "b"),
        ("A = a = b", "a = b"),
        ("\u{FEFF}A = b", "b"),
        ("A = b\nA = c", "c"),
        ("A = \"/a b\"", "/a b"),
        ("A = Universität", "Universität"),
    ];
    for (text, value) in cases {
        assert_eq!(value_of(text), value, "{text}");
    }
}

#[test]
fn lines_that_are_refused() {
    for text in [
        "A =",
        "A = # b",
        "A = \t",
        "=b",
        " = b",
        "no pair",
        "no # = pair",
    ] {
        let file = format!("B = 1\n\n{text}\nC = 2\n");
        let message = error_of(&file);
        assert!(
            message.starts_with("/site/etc/das2server.conf, line 3: `"),
            "{message}"
        );
        assert!(message.contains(text.trim()), "{message}");
        assert!(message.contains("write KEYWORD = \"VALUE\""), "{message}");
    }
}

#[test]
fn not_utf8_names_the_line() {
    let bytes = b"\xEF\xBB\xBFA = b\r\nB = c\r\n# caf\xE9\r\n";
    let error = Config::from_conf(Path::new("c"), bytes).unwrap_err();
    assert!(error.to_string().starts_with("c, line 3: "), "{error}");
    assert!(error.to_string().contains("UTF-8"), "{error}");
}

#[test]
fn bom_crlf_and_a_keyword_twice() {
    let text = "\u{FEFF}SITE_NAME = first\r\nSITE_NAME = \"second\"\r\nSERVER_ID = x\r\n";
    let config = load(text).unwrap();
    assert_eq!(config.site_name.as_deref(), Some("second"));
    assert_eq!(config.server_id.as_deref(), Some("x"));
    let warnings = warnings_of(text);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("line 2: SITE_NAME is already given in line 1"));
}

#[test]
fn case_counts() {
    let config = load("a = 1\nA = 2").unwrap();
    assert_eq!(config.keywords["a"], "1");
    assert_eq!(config.keywords["A"], "2");
    assert_eq!(config.warnings, []);
    let warnings = warnings_of("Site_Name = x");
    assert!(warnings[0].contains("write SITE_NAME"), "{warnings:?}");
    assert_eq!(load("Site_Name = x").unwrap().site_name, None);
}

#[test]
fn a_quote_in_the_comment() {
    let text = "A = \"b\" # not \"c\"";
    assert_eq!(value_of(text), "b\" # not \"c");
    assert!(warnings_of(text)[0].contains("last quote"));
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = load("").unwrap();
    let expected = Config {
        origin: config.origin.clone(),
        ..Config::default()
    };
    assert_eq!(config, expected);
    assert_eq!(config.das1_to_das2, "das2_from_das1");
    assert_eq!(config.d2s_reducer.as_deref(), Some("das2_bin_avgsec"));
    assert_eq!(config.d2s_cache_reader, "das2_cache_rdr");
    assert_eq!(config.qds_cache_reader, "qds_cache_rdr");
    assert_eq!(config.style_sheet, "das2server.css");
    assert_eq!(config.main_srv_url, "server");
    assert_eq!(config.work_queue_broker, Broker::Redis);
    assert_eq!(config.task_lease, Duration::from_secs(30));
    assert_eq!(config.task_attempts, 3);
    assert!(config.bin_path.is_empty() && config.lib_path.is_empty());
}

#[test]
fn texts_and_paths() {
    let config = load(concat!(
        "SITE_NAME = \"Site\"\nCONTACT_EMAIL = \"a&#64;b\"\nCONTACT_URL = ''\n",
        "DSDF_ROOT = \"/d/sets//\"\nBIN_PATH = /a: /b/ ::/c\nLIB_PATH = \"\"\n",
        "LOG_PATH = /\nSTYLE_SHEET = \"\"\nDAS1_TO_DAS2 = up\nPEERS_FILE = /p.ini\n",
    ))
    .unwrap();
    assert_eq!(config.contact_email.as_deref(), Some("a&#64;b"));
    assert_eq!(config.contact_url, None);
    assert_eq!(config.dsdf_root.as_deref(), Some(Path::new("/d/sets")));
    assert_eq!(config.bin_path, ["/a", "/b", "/c"].map(PathBuf::from));
    assert!(config.lib_path.is_empty());
    assert_eq!(config.log_path.as_deref(), Some(Path::new("/")));
    assert_eq!(config.style_sheet, "das2server.css");
    assert_eq!(config.das1_to_das2, "up");
    assert_eq!(config.keywords["DSDF_ROOT"], "/d/sets//");
}

#[test]
fn other_spellings() {
    let config = load("RESOURCE_ROOT = /r\nSITE_PATH_URI = u\nSKIP_LOWERCASE = yes").unwrap();
    assert_eq!(config.resource_path.as_deref(), Some(Path::new("/r")));
    assert_eq!(config.site_path_uri.as_deref(), Some("u"));
    assert!(config.skip_lowercase);
    assert_eq!(config.warnings, []);
    for text in [
        "RESOURCE_ROOT = /r\nRESOURCE_PATH = /s",
        "RESOURCE_PATH = /s\nRESOURCE_ROOT = /r",
    ] {
        let config = load(text).unwrap();
        assert_eq!(config.resource_path.as_deref(), Some(Path::new("/s")));
        assert_eq!(config.warnings.len(), 1);
    }
}

#[test]
fn switches() {
    let on = |text: &str| {
        let c = load(text).unwrap();
        c.ignore_redirect
            || c.enable_hapi
            || c.das23_prototype
            || c.skip_lowercase
            || c.data_gzip
            || c.central_log
    };
    let cases = [
        ("IGNORE_REDIRECT = TRUE", true),
        ("IGNORE_REDIRECT = 1", true),
        ("IGNORE_REDIRECT = yes", false),
        ("IGNORE_REDIRECT = false", false),
        ("ENABLE_HAPI_SUBSYS = Yes", true),
        ("ENABLE_HAPI_SUBSYS = maybe", false),
        ("DAS23_PROTOTYPE = 1", true),
        ("SKIP_LOWCASE = true", true),
        ("DATA_GZIP = on", true),
        ("DATA_GZIP = Off", false),
        ("CENTRAL_LOG = yes", true),
    ];
    for (text, expected) in cases {
        assert_eq!(on(text), expected, "{text}");
    }
    assert!(warnings_of("IGNORE_REDIRECT = yes")[0].contains("counts as off"));
    assert!(warnings_of("IGNORE_REDIRECT = no").is_empty());
}

#[test]
fn numbers_and_times() {
    let config = load(
        "READER_MAX = 4\nREADER_MAX_PER_ADDRESS = 0\nREADER_QUEUE = 0\nREADER_TIME_LIMIT = 0\n\
         READER_SILENCE_LIMIT = 1.5\nTASK_LEASE = 60\nTASK_ATTEMPTS = 5\nWORKER_TASKS = 2",
    )
    .unwrap();
    assert_eq!(config.reader_max, Some(4));
    assert_eq!(config.reader_max_per_address, None);
    assert_eq!(config.reader_queue, Some(0));
    assert_eq!(config.reader_time_limit, None);
    assert_eq!(
        config.reader_silence_limit,
        Some(Duration::from_millis(1500))
    );
    assert_eq!(config.task_lease, Duration::from_secs(60));
    assert_eq!((config.task_attempts, config.worker_tasks), (5, 2));
}

#[test]
fn wrong_types_name_line_and_remedy() {
    for (text, remedy) in [
        ("READER_MAX = abc", "write a whole number"),
        ("READER_MAX = -1", "write a whole number"),
        ("READER_QUEUE = 1.5", "write a whole number"),
        ("READER_TIME_LIMIT = soon", "write a number of seconds"),
        ("READER_TIME_LIMIT = -1", "write a number of seconds"),
        ("READER_TIME_LIMIT = nan", "write a number of seconds"),
        ("READER_TIME_LIMIT = 1e300", "write a number of seconds"),
        ("TASK_LEASE = 0", "1 or more"),
        ("TASK_ATTEMPTS = 0", "1 or more"),
        ("WORKER_TASKS = 99999999999999", "1 or more"),
        ("DATA_GZIP = maybe", "write true or false"),
        ("WORK_QUEUE_CONN = h:port:0", "write HOST:PORT:DATABASE"),
        ("WORK_QUEUE_CONN = h:1:2:3", "write HOST:PORT:DATABASE"),
        ("WORK_QUEUE_CONN = [::1", "write HOST:PORT:DATABASE"),
        ("WORK_QUEUE_CONN = [::1]x", "write HOST:PORT:DATABASE"),
    ] {
        let message = error_of(&format!("\n{text}"));
        let start = format!("/site/etc/das2server.conf, line 2: {text}; ");
        assert!(message.starts_with(&start), "{message}");
        assert!(message.contains(remedy), "{message}");
    }
}

#[test]
fn work_queue() {
    let cases = [
        ("redis", Broker::Redis),
        ("Redis", Broker::Redis),
        ("embedded", Broker::Embedded),
        ("none", Broker::None),
        ("beanstalk", Broker::None),
        ("\"\"", Broker::None),
    ];
    for (value, broker) in cases {
        let config = load(&format!("WORK_QUEUE_BROKER = {value}")).unwrap();
        assert_eq!(config.work_queue_broker, broker, "{value}");
    }
    assert_eq!(warnings_of("WORK_QUEUE_BROKER = beanstalk").len(), 1);
    let config = load("WORK_QUEUE_CONN = host::3").unwrap();
    let connection = QueueConnection::tcp("host", 6379, 3);
    assert_eq!(config.work_queue_connection, connection);
    let error = load("WORK_QUEUE_CONN = host:x").unwrap_err();
    assert!(error.to_string().contains("redis://"), "{error}");
}

#[test]
fn reducers_may_be_the_word_none() {
    let config = load("QDS_REDUCER = None\nD2S_REDUCER = mine").unwrap();
    assert_eq!(config.qds_reducer, None);
    assert_eq!(config.d2s_reducer.as_deref(), Some("mine"));
    assert_eq!(
        load("QDS_REDUCER = qds_bin")
            .unwrap()
            .qds_reducer
            .as_deref(),
        Some("qds_bin")
    );
}

#[test]
fn address_lists() {
    let config = load("TEST_FROM = 127.0.0.1  10.0.0.0/8 host\nVIEW_LOG_ALLOW = ::1").unwrap();
    assert_eq!(config.test_from.len(), 2);
    assert!(config.test_from[1].contains("10.9.8.7".parse().unwrap()));
    assert_eq!(config.view_log_allow.len(), 1);
    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].instead.contains("`host` is left out"));
}

#[test]
fn the_sample_range_counts_only_whole() {
    let range = |text: &str| load(text).unwrap().sample_range;
    assert_eq!(range("SAMPLE_START = 1979"), None);
    assert_eq!(range("SAMPLE_START = 1979\nSAMPLE_END = ''"), None);
    assert_eq!(
        range("SAMPLE_START = 1979\nSAMPLE_END = 1980"),
        Some(("1979".to_owned(), "1980".to_owned()))
    );
}

#[test]
fn python_modules_are_reported_and_unknown_words_are_not() {
    let text = "MODULE_PATH = /x\nHANDLE_list = a\nTASK_CACHE = b\nMY_DATA = /y\nTASK_LEASE = 9";
    let warnings = warnings_of(text);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings.iter().all(|w| w.contains("has no effect")));
    assert_eq!(load(text).unwrap().keywords["MY_DATA"], "/y");
}

#[test]
fn every_keyword_of_the_example_of_das2_pyserver_is_known() {
    let text = "SITE_NAME = a\nSERVER_ID = a\nCONTACT_EMAIL = a\nCONTACT_URL = a\nDSDF_ROOT = a\n\
        USER_PASSWD = a\nUSER_GROUP = a\nBIN_PATH = a\nLIB_PATH = a\nLOG_PATH = a\nVIEW_LOG_URL = log\n\
        MAIN_SRV_URL = server\nVIEW_LOG_ALLOW = 127.0.0.1\nSAMPLE_DSDF = a\nSAMPLE_START = a\n\
        SAMPLE_END = a\nIGNORE_REDIRECT = false\nRESOURCE_PATH = a\nPEERS_FILE = a\nDAS1_TO_DAS2 = a\n\
        CACHE_ROOT = a\nD2S_REDUCER = a\nD2S_CACHE_RDR = a\nD2S_CSV_CONVERTER = a\nD2S_TO_UTF8 = a\n\
        TEST_FROM = 127.0.0.1\nWORK_QUEUE_BROKER = redis\nWORK_QUEUE_CONN = localhost:6379:0\n";
    assert_eq!(load(text).unwrap().warnings, []);
    // In another case each of them would be a misspelling.
    let lower: Vec<_> = warnings_of(&text.to_lowercase());
    assert_eq!(lower.len(), text.lines().count());
}

#[test]
fn no_bytes_make_it_panic() {
    let pieces: [&[u8]; 9] = [b"=", b"#", b"\"", b"'", b"A", b"\n", b"\r", b" ", b"\xFF"];
    let mut state: u32 = 1;
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.extend_from_slice(pieces[(state >> 16) as usize % pieces.len()]);
        }
        let _ = Config::from_conf(Path::new("c"), &text);
    }
}
