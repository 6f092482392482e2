//! Hostile requests: none runs anything, shows a path, or is a server's error.

use crate::site::{Answer, RANGE, Site};

/// All that a shell might read, one by one and together.
const METACHARACTERS: &[&str] = &[
    "%60touch%20PWNED%60",
    "$(touch%20PWNED)",
    "${IFS}",
    "%3Btouch%20PWNED",
    "%7Ctouch%20PWNED",
    "%26touch%20PWNED",
    "%26%26touch%20PWNED",
    "%3EPWNED",
    "%3C/etc/passwd",
    "'%3Btouch%20PWNED%3B'",
    "%22%3Btouch%20PWNED%3B%22",
    "%5C",
    "%5C%22",
    "*",
    "?",
    "~",
    "[a-z]",
    "{a,b}",
    "!",
    "%23",
    "^",
    "-n",
    "--help",
    "$0",
    "%0Atouch%20PWNED%0A",
    "%0Dtouch%20PWNED",
    "a%09b",
    "%C3%A9",
    "%E2%80%A8",
];

const KEYS: &[&str] = &[
    "server",
    "dataset",
    "start_time",
    "end_time",
    "resolution",
    "interval",
    "params",
    "ascii",
    "compress",
    "reader.x.min",
    "time.max",
    "time.res",
    "key",
    "k",
    "devel",
    "x",
];

/// Whatever went wrong is the client's doing, and no secret was told.
fn check(site: &Site, answer: &Answer, what: &str) {
    assert!(answer.status() < 500, "{what}: {answer:?}");
    let body = String::from_utf8_lossy(&answer.body);
    let root = site.path("").display().to_string();
    assert!(
        !body.contains(&root) && !body.contains("/bin/"),
        "{what}: {body}"
    );
}

#[test]
fn metacharacters_in_every_key_reach_the_reader_or_nobody() {
    let site = Site::new("");
    site.dsdf("args", "reader = 'args $(k,none)'\ndas2Stream = 1\n");
    for key in KEYS {
        for value in METACHARACTERS {
            let query = format!("{key}={value}&server=dataset&dataset=args&{RANGE}&{key}={value}");
            let answer = site.get(&query);
            check(&site, &answer, &query);
        }
    }
    for found in std::fs::read_dir(".")
        .unwrap()
        .chain(std::fs::read_dir(site.path("")).unwrap())
    {
        assert_ne!(found.unwrap().file_name(), "PWNED");
    }
}

#[test]
fn every_metacharacter_arrives_unharmed() {
    let site = Site::new("");
    site.dsdf(
        "args",
        "reader = 'args $(k,none) \"$(k,none)\"'\ndas2Stream = 1\n",
    );
    for c in (b' '..=b'~').map(char::from) {
        let encoded = format!("%{:02x}", c as u32);
        let value = format!("a{encoded}b");
        let args = site.args(&format!("&k={value}&params={value}"));
        assert_eq!(args[0], format!("a{c}b"), "{c}");
        assert_eq!(args[1], format!("a{c}b"), "{c}");
        let params: Vec<String> = format!("a{c}b").split(' ').map(str::to_owned).collect();
        assert_eq!(args[4..], params, "{c}");
    }
}

#[test]
fn no_name_leads_out_of_its_tree() {
    let site = Site::new("");
    site.write("top.dsdf", "reader = 'args'\n");
    std::fs::create_dir(site.path("dsdf/sub")).unwrap();
    for name in [
        "../top",
        "sub/../../top",
        "..%2Ftop",
        "%2E%2E/top",
        "..%5Ctop",
        "/../top",
        "//top",
        "./data",
        "sub/..",
        "..",
        ".",
        "/",
        "sub/",
        "sub",
        "data%00",
        "data%0A",
        "../../etc/passwd",
        "_dirinfo_",
        "sub/_dirinfo_",
        "_dirinfo_.dsdf",
        "data/",
        "data/x",
        "%ff",
        "",
        "dsdf/../data",
        &"a/".repeat(3000),
        &"a".repeat(5000),
    ] {
        for server in ["dsdf", "dataset"] {
            let query = format!("server={server}&dataset={name}&{RANGE}");
            let answer = site.get(&query);
            assert!([400, 404].contains(&answer.status()), "{query}: {answer:?}");
            check(&site, &answer, &query);
        }
        let answer = site.get_path(&format!("/data/{}", name.replace("%00", "%")), RANGE);
        assert!([400, 404].contains(&answer.status()), "{name}: {answer:?}");
        assert!(
            [400, 404].contains(
                &site
                    .get_path(&format!("/static/{}", name.replace("%00", "%")), "")
                    .status()
            )
        );
    }
}

#[test]
fn ranges_that_are_none() {
    let site = Site::new("");
    for query in [
        "",
        "start_time=2017-01-01",
        "end_time=2017-01-01",
        "start_time=&end_time=",
        "start_time=x&end_time=y",
        "start_time=2017-01-02&end_time=2017-01-01",
        "start_time=2017-01-01&end_time=2017-01-01",
        "start_time=99999-01-01&end_time=999999-01-01",
        "start_time=-2017-01-01&end_time=2017-01-01",
        "start_time=2017-13-01&end_time=2018-01-01",
        "start_time=%ff&end_time=2018-01-01",
        "start_time=2017-01-01%00&end_time=2018-01-01",
        "start_time=01-01&end_time=2018-01-01",
        "start_time=2017-01-01&end_time=2018-01-01&params=%ff",
        "start_time=2017-01-01&end_time=2018-01-01&params=a%00b",
        "start_time=2017-01-01&end_time=2018-01-01&params=%1b",
        "start_time=2017-01-01&end_time=2018-01-01&ascii=%ff",
    ] {
        let answer = site.get(&format!("server=dataset&dataset=data&{query}"));
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (400, "BadRequest"),
            "{query}"
        );
        check(&site, &answer, query);
    }
    let all =
        "server=dataset&dataset=data&start_time=0001-01-01&end_time=9999-12-31T23:59:59.999999999";
    assert_eq!(site.get(all).status(), 200);
}

#[test]
fn bad_bytes_are_named_by_their_key() {
    let site = Site::new("");
    for (key, query) in [
        (
            "params",
            format!("server=dataset&dataset=data&{RANGE}&params=%C3"),
        ),
        ("dataset", format!("server=dataset&dataset=%ff&{RANGE}")),
        ("server", "server=%80".to_owned()),
    ] {
        let answer = site.get(&query);
        assert_eq!(answer.status(), 400);
        assert!(
            answer.text().contains(&format!("'{key}'")),
            "{}",
            answer.text()
        );
    }
}

#[test]
fn queries_of_a_hundred_kilobytes() {
    let site = Site::new("");
    let long = 100_000;
    for query in [
        "&".repeat(long),
        "=".repeat(long),
        "%".repeat(long),
        "a=%41&".repeat(long / 6),
        format!("server={}", "x".repeat(long)),
        format!("server=dsdf&dataset={}", "x/".repeat(long / 2)),
        format!(
            "server=dataset&dataset=data&start_time={}",
            "2".repeat(long)
        ),
        format!(
            "server=dataset&dataset=data&{RANGE}&resolution={}",
            "1".repeat(long)
        ),
        format!(
            "server=dataset&dataset=data&{RANGE}&interval=1{}",
            "0".repeat(long)
        ),
        format!(
            "server=dataset&dataset=args&{RANGE}&params={}",
            "x+".repeat(long / 2)
        ),
        format!(
            "server=dataset&dataset=args&{RANGE}&params={}",
            "%C3%A9".repeat(long / 6)
        ),
    ] {
        let answer = site.get(&query);
        check(&site, &answer, &query[..60.min(query.len())]);
        assert!(answer.body.len() < 2 * long);
    }
}

#[test]
fn an_odd_environment() {
    let site = Site::new("");
    use std::os::unix::ffi::OsStrExt;
    let garbled = std::ffi::OsStr::from_bytes(b"\xff\xfe<\"\r\n>");
    for variable in [
        "QUERY_STRING",
        "PATH_INFO",
        "SCRIPT_NAME",
        "SERVER_NAME",
        "SERVER_PORT",
        "HTTPS",
        "REMOTE_ADDR",
        "REMOTE_PORT",
        "HTTP_USER_AGENT",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
    ] {
        let answer = site.ask().variable(variable, garbled).answer();
        check(&site, &answer, variable);
        assert!(
            answer
                .head
                .split("\r\n")
                .all(|line| !line.contains(['\r', '\n'])),
            "{variable}"
        );
    }
    let answer = site
        .ask()
        .query(&format!("server=dataset&dataset=data&{RANGE}"))
        .variable("REMOTE_ADDR", "../../x")
        .answer();
    assert_eq!(answer.status(), 200);
    assert!(!site.path("x").exists());
}
