//! An instance as bin/install lays it out, under a real nginx and fcgiwrap with
//! the configuration that comes with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../http/mod.rs"]
mod http;
#[path = "../instance/mod.rs"]
mod instance;

mod server;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::{ask, http10, read_until, runs, send, takes_less_than, time_until};
use crate::server::Site;

const RANGE: &str = "start_time=2017-01-01&end_time=2017-01-02";

#[test]
fn answers() {
    let Some(site) = Site::start() else { return };
    let get = |path: &str| http10(site.address(), "GET", path, "Host: das.example.org\r\n");
    let id = get("/das/server?server=id");
    assert_eq!(
        (id.status(), id.text().as_str()),
        (200, "My Data Source Site\r\n")
    );
    for path in ["/das/server/id", "/das/server//id/"] {
        assert_eq!(get(path).text(), "My Data Source Site\r\n", "{path}");
    }
    for path in ["/das", "/das/"] {
        let moved = get(path);
        assert_eq!(moved.status(), 301, "{path}");
        assert!(moved.header("Location").unwrap().ends_with("/das/server"));
    }
    // Its own address is the one that the client used, and names are decoded.
    let page = get("/das/server").text();
    assert!(
        page.contains("vap+das2server:http://das.example.org:"),
        "{page}"
    );
    assert_eq!(get("/das/server/static/das2server%2ecss").status(), 200);
    assert_eq!(get("/das/../etc/passwd").status(), 404);
    for path in [
        "/das/nosuch",
        "/das/server/static/..%2f..%2fetc/passwd",
        "/das/.hidden",
        "/das/%2e%2e/etc/passwd",
    ] {
        assert!([403, 404].contains(&get(path).status()), "{path}");
    }
    let head = ask(
        site.address(),
        "HEAD /das/server?server=id HTTP/1.0\r\n\r\n",
    );
    assert_eq!((head.status(), head.text().as_str()), (200, ""));
    // The log page, and what it logs of the client.
    let log = get("/das/log");
    assert_eq!(log.status(), 200, "{}", log.text());
    assert!(log.text().contains("server=id"), "{}", log.text());
}

#[test]
fn data_and_errors() {
    let Some(site) = Site::start() else { return };
    let get = |path: &str, headers: &str| http10(site.address(), "GET", path, headers);
    let data = get(
        &format!("/das/server?server=dataset&dataset=Examples/Random&{RANGE}"),
        "User-Agent: libdas2/2.3\r\n",
    );
    assert_eq!(
        data.header("Content-Type"),
        Some("application/vnd.das2.das2stream")
    );
    assert_eq!(data.text().matches(":01:2017-01-01").count(), 200);
    let none = get(
        &format!("/das/server?server=dataset&dataset=nosuch&{RANGE}"),
        "User-Agent: libdas2/2.3\r\n",
    );
    assert_eq!(none.status(), 404);
    assert!(none.text().contains("NoSuchDatasource"));
}

#[test]
fn passwords() {
    let Some(site) = Site::start() else { return };
    let get = |user: &str| {
        let header = format!("Authorization: Basic {}\r\n", STANDARD.encode(user));
        let path = format!("/das/server?server=dataset&dataset=Examples/Auth&{RANGE}&ascii=1");
        http10(
            site.address(),
            "GET",
            &path,
            if user.is_empty() { "" } else { &header },
        )
    };
    let refused = get("");
    assert_eq!(refused.status(), 401);
    assert!(
        refused
            .header("WWW-Authenticate")
            .unwrap()
            .starts_with("Basic realm=")
    );
    assert_eq!(get("testuser:wrong").status(), 401);
    assert_eq!(get("testuser:test").status(), 200, "{}", site.logs());
}

#[test]
fn a_header_is_no_proxy() {
    let Some(site) = Site::start() else { return };
    let script = "text=\"proxy=${HTTP_PROXY:-none}\"; printf '[00]%06d%s' $((${#text} + 17)) \"<stream>$text</stream>\"";
    site.add_source("proxy", "das2Stream = 1\nreducer = not_reducible", script);
    let path = format!("/das/server?server=dataset&dataset=proxy&{RANGE}");
    let answer = http10(site.address(), "GET", &path, "Proxy: evil.example.org\r\n");
    assert!(
        answer.text().contains("proxy=none"),
        "{}{}",
        answer.text(),
        site.logs()
    );
}

#[test]
fn streams_flow_and_readers_end_with_their_clients() {
    let Some(site) = Site::start() else { return };
    let header = "printf '[00]000044<stream version=\"2.2\"><properties/></stream>'";
    let request = format!("GET /das/server?server=dataset&dataset=silent&{RANGE} HTTP/1.0\r\n\r\n");
    takes_less_than(Duration::from_secs(5), "the reader ends", || {
        site.add_silent_source(header);
        let mut stream = send(site.address(), &request);
        // What the reader has written arrives while it lives.
        read_until(&mut stream, |bytes| bytes.ends_with(b"</stream>"));
        let pids = site.silent_reader();
        assert!(pids.iter().all(|&pid| runs(pid)));
        drop(stream);
        time_until("the reader ends", || !pids.iter().any(|&pid| runs(pid)))
    });
}
