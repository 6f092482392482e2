//! Configurations with one mistake each, in either form.

use crate::site::{Site, conf};

/// Lines behind a good configuration, the first of which is line 8, and what
/// is told about them.
const MORE: &[(&str, &[&str])] = &[
    ("", &[]),
    (
        "no equals sign",
        &[
            "8: error: `no equals sign` has no =; write KEYWORD = \"VALUE\", or put # in front of the line",
        ],
    ),
    (
        "READER_MAX = many\nTASK_LEASE = 0\nnonsense",
        &[
            "8: error: READER_MAX = many; write a whole number, 0 for no limit",
            "9: error: TASK_LEASE = 0; write a number of seconds, 1 or more",
            "10: error: `nonsense` has no =",
        ],
    ),
    (
        "SITE_NAME = again",
        &[
            "8: warning: SITE_NAME is already given in line 1; remove one of them: the last one counts",
        ],
    ),
    (
        "STIE_NAME = x",
        &["8: warning: STIE_NAME is no keyword of the server; write SITE_NAME if that is meant"],
    ),
    (
        "site_name = x",
        &[
            "8: warning: site_name has no effect, keywords are case-sensitive; write SITE_NAME if that is meant",
        ],
    ),
    ("MY_DATA = x", &[]),
    (
        "READER_MAX = 4\nREADER_MAX_PER_ADDRESS = 0",
        &["8: warning: READER_MAX has no effect without STATE_PATH; set STATE_PATH to a folder"],
    ),
    ("READER_MAX = 4\nSTATE_PATH = .", &[]),
    (
        "READER_MAX = 500\nREADER_QUEUE = 401\nSTATE_PATH = .",
        &[
            "8: warning: READER_MAX counts as 400; write 400 or less, or 0 for no limit",
            "9: warning: READER_QUEUE counts as 400; write 400 or less",
        ],
    ),
    (
        "SITE_NAME = a\0b",
        &[
            "8: warning: SITE_NAME is already",
            "8: error: the value of SITE_NAME holds a line end or a NUL; write it in one line",
        ],
    ),
    // Of two spellings the proper one counts, and its line is told.
    (
        "RESOURCE_ROOT = static",
        &[
            "8: warning: RESOURCE_ROOT is another spelling of RESOURCE_PATH; remove it: the value of RESOURCE_PATH counts",
        ],
    ),
    (
        "STYLE_SHEET = gone.css\nRESOURCE_PATH = nowhere\nRESOURCE_ROOT = static",
        &[
            "9: warning: RESOURCE_PATH is already",
            "9: warning: RESOURCE_PATH names ROOT/nowhere, which is no folder",
            "10: warning: RESOURCE_ROOT is another spelling",
        ],
    ),
    (
        "MODULE_PATH = x",
        &["8: warning: MODULE_PATH has no effect"],
    ),
    (
        "DSDF_ROOT = gone",
        &[
            "8: warning: DSDF_ROOT is already",
            "8: error: DSDF_ROOT names ROOT/gone: No such file",
        ],
    ),
    (
        "LIB_PATH = gone",
        &["8: warning: LIB_PATH names ROOT/gone, which is no folder; make it, or leave it out"],
    ),
    (
        "STATE_PATH = gone\nWORK_QUEUE_BROKER = embedded",
        &[
            "9: warning: WORK_QUEUE_BROKER is already",
            "8: error: STATE_PATH names ROOT/gone, which is no folder: what requests miss is not queued; make it",
        ],
    ),
    (
        "WORK_QUEUE_BROKER = embedded",
        &[
            "8: warning: WORK_QUEUE_BROKER is already",
            "1: error: STATE_PATH is not set, and the embedded queue needs it; name a folder",
        ],
    ),
    (
        "PEERS_FILE = gone",
        &["8: warning: PEERS_FILE names ROOT/gone: No such file"],
    ),
    (
        "STYLE_SHEET = gone.css",
        &["8: warning: STYLE_SHEET names gone.css, which is not in RESOURCE_PATH; put it there"],
    ),
    (
        "RESOURCE_PATH = gone",
        &[
            "8: warning: RESOURCE_PATH is already",
            "8: warning: RESOURCE_PATH names ROOT/gone, which is no folder: pages have no style sheet and no logo; make it",
        ],
    ),
    (
        "SAMPLE_DSDF = Gone",
        &[
            "8: warning: SAMPLE_DSDF names Gone, which is no source of this server; write a name as in server=list",
        ],
    ),
    (
        "SAMPLE_START = 2020-01-01",
        &["8: warning: SAMPLE_START has no effect without SAMPLE_END; write SAMPLE_END too"],
    ),
    (
        "SAMPLE_START = 2020-01-01\nSAMPLE_END = soon",
        &["9: warning: SAMPLE_END is no time:"],
    ),
    (
        "SAMPLE_START = 2020-01-02\nSAMPLE_END = 2020-01-01",
        &["9: warning: SAMPLE_END is not later than SAMPLE_START; write the end of the range"],
    ),
    (
        "TEST_FROM = host 0.0.0.0/0",
        &[
            "8: warning: TEST_FROM = host 0.0.0.0/0; `host` is left out:",
            "8: warning: TEST_FROM holds the whole Internet; name the addresses that are meant",
        ],
    ),
    (
        "D2S_TO_UTF8 = gone",
        &[
            "8: warning: D2S_TO_UTF8 may not run: gone is no program in any folder of BIN_PATH or PATH; put it there",
        ],
    ),
    (
        "D2S_REDUCER = gone",
        &[
            "8: error: D2S_REDUCER cannot run: gone is no program in any folder of BIN_PATH or PATH; ROOT/datasets/x.dsdf needs it; put it there",
        ],
    ),
    (
        "D2S_REDUCER = 'das2_bin_avgsec --what'",
        &["8: error: D2S_REDUCER cannot run: das2_bin_avgsec --what:"],
    ),
];

#[test]
fn each_finding() {
    for (more, expected) in MORE {
        let site = Site::new();
        site.write("etc/das2server.conf", conf(more));
        site.write(
            "datasets/x.dsdf",
            "description = 'A'\nreader = 'reader'\ndas2Stream = 1\n",
        );
        let (lines, status) = site.check(&[]);
        let told: Vec<&str> = lines
            .iter()
            .map(|line| line.strip_prefix("ROOT/etc/das2server.conf:").expect(line))
            .collect();
        let found = |expected: &&str| told.iter().any(|told| told.starts_with(*expected));
        assert!(expected.iter().all(found), "{more}: {told:#?}");
        assert_eq!(told.len(), expected.len(), "{more}: {told:#?}");
        let error = expected.iter().any(|line| line.contains(": error: "));
        assert_eq!(status, i32::from(error), "{more}");
    }
}

#[test]
fn the_default_of_what_a_source_needs() {
    let site = Site::new();
    site.write(
        "datasets/x.dsdf",
        "description = 'A'\nreader = 'reader'\nitems = 1\n",
    );
    site.write(
        "datasets/y.dsdf",
        "description = 'A'\nreader = 'reader'\ndas2Stream = 1\ncacheLevel = '1 s | daily'\n",
    );
    let of = |more: &str| conf(more).replace("CACHE_ROOT = cache\n", "");
    let no_cache = |lines: &[String]| {
        lines.iter().any(|line| {
            line.contains(
                "CACHE_ROOT is not set, so the cacheLevel of ROOT/datasets/y.dsdf has no effect",
            )
        })
    };
    // das2_from_das1 comes with the server.
    site.write("etc/das2server.conf", of(""));
    let (lines, status) = site.check(&[]);
    assert_eq!((lines.len(), status), (1, 0), "{lines:#?}");
    assert!(no_cache(&lines), "{lines:#?}");
    // A site's own has to be there.
    site.write("etc/das2server.conf", of("DAS1_TO_DAS2 = old_converter\n"));
    let (lines, status) = site.check(&[]);
    assert_eq!((lines.len(), status), (2, 1), "{lines:#?}");
    assert!(no_cache(&lines), "{lines:#?}");
    let missing = "error: DAS1_TO_DAS2 cannot run: old_converter is no program in any folder of BIN_PATH or PATH";
    assert!(
        lines.iter().any(|line| line.contains(missing)),
        "{lines:#?}"
    );
}

#[test]
fn toml_is_told_in_its_own_words() {
    let site = Site::new();
    site.write(
        "etc/das2server.toml",
        "[paths]\nsources = \"datasets\"\nresources = \"gone\"\n[queue]\nbroker = \"embedded\"\n\
         lease = 0\n[site]\nnmae = \"x\"\n[keywords]\nSITE_NAEM = \"x\"\n",
    );
    let (lines, status) = site.check(&[]);
    assert_eq!(status, 1);
    let expected = [
        "ROOT/etc/das2server.toml:1: error: paths.state is not set, and the embedded queue needs it; name",
        "ROOT/etc/das2server.toml:3: warning: paths.resources names ROOT/gone, which is no folder",
        "ROOT/etc/das2server.toml:6: error: queue.lease = 0; write a number of seconds, 1 or more",
        "ROOT/etc/das2server.toml:8: error: site.nmae is no key; write name if that is meant",
        "ROOT/etc/das2server.toml:10: warning: SITE_NAEM is no keyword of the server; write site.name if that is meant",
        "ROOT/etc/das2server.conf:1: warning: this file is not read: das2server.toml beside it counts; remove one",
    ];
    for expected in expected {
        assert!(
            lines.iter().any(|line| line.starts_with(expected)),
            "{expected}: {lines:#?}"
        );
    }
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
}

/// TOML that cannot be taken, and all that is told about it.
#[test]
fn toml_that_is_none_is_told_and_nothing_else() {
    let syntax = "write KEY = VALUE below a [SECTION], texts in \"quotes\"";
    let site = Site::new();
    std::fs::remove_file(site.path("etc/das2server.conf")).unwrap();
    let deep = format!("x = {}", "[".repeat(1000));
    for (text, expected) in [
        (
            "[paths]\nsources = \"datasets\"\nsources = \"x\"\n",
            vec![format!("3: error: no TOML: duplicate key; {syntax}")],
        ),
        (
            "[paths]\r\nsources = \"datasets\"\r\n\r\n[site\r\n",
            vec![format!("4: error: no TOML: unclosed table, expected `]`; {syntax}")],
        ),
        (
            &deep,
            vec![
                format!("1: error: no TOML: cannot recurse further; max recursion depth met; {syntax}"),
                format!("1: error: no TOML: unclosed array, expected `]`; {syntax}"),
            ],
        ),
        (
            "[[paths]]\nsources = \"datasets\"\n",
            vec![
                "1: error: [[paths]] begins a list, and sections are none; write [paths]".to_owned(),
            ],
        ),
        (
            "[paths]\nsources = \"datasets\"\n[site]\n\nname = \"\"\"a\nb\"\"\"\n[access]\nrealm = \"a\\r\\nb\"\n[keywords]\nMINE = \"\\u0000\"\n",
            vec![
                "5: error: the value of site.name holds a line end or a NUL; write it in one line".to_owned(),
                "8: error: the value of access.realm holds a line end or a NUL; write it in one line".to_owned(),
                "10: error: the value of keywords.MINE holds a line end or a NUL; write it in one line".to_owned(),
            ],
        ),
    ] {
        site.write("etc/das2server.toml", text);
        let (lines, status) = site.check(&["--config", site.path("etc/das2server.toml").to_str().unwrap()]);
        let expected: Vec<String> =
            expected.iter().map(|line| format!("ROOT/etc/das2server.toml:{line}")).collect();
        assert_eq!((lines, status), (expected, 1), "{text:.100}");
    }
}

#[test]
fn no_configuration_and_no_tree() {
    let site = Site::new();
    std::fs::remove_dir(site.path("datasets")).unwrap();
    let (lines, status) = site.check(&[]);
    assert_eq!((lines.len(), status), (1, 1), "{lines:?}");
    std::fs::remove_file(site.path("etc/das2server.conf")).unwrap();
    let (lines, status) = site.check(&[]);
    assert_eq!(status, 1);
    assert!(
        lines[0]
            .starts_with("ROOT/etc/das2server.conf:1: error: there is no such file; bin/install"),
        "{lines:?}"
    );
    let shown = site.run(&["show"]);
    assert_eq!(shown.status.code(), Some(2));
}
