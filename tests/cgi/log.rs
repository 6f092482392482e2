//! What the request log says.

use crate::site::{RANGE, Site};

#[test]
fn a_block_says_what_came_what_ran_and_how_it_ended() {
    let site = Site::new("");
    site.source("loud", "echo 'a complaint' >&2; data", "");
    let agent = "libdas2/2.3\r\n[Tue Nov 24 16:03:14 2026 1    0] forged";
    let query = format!("server=dataset&dataset=loud&{RANGE}&resolution=60&x=%20y");
    site.ask()
        .query(&query)
        .variable("HTTP_USER_AGENT", agent)
        .answer();
    let log = site.log();
    for part in [
        "] Input:\n",
        "Request URL: http://das.example.org/das/server?server=dataset&",
        "For Program: /das/server\n",
        &format!("Parameters: {query}\n"),
        "User Agent: libdas2/2.3",
        "Routing: data\n",
        "Exec Cmd: loud 2017-01-01 2017-01-02 | [das2_bin_avgsec 60]\n",
        "a complaint\n",
        "bytes sent\n",
        "Query handled without error in ",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
    let pid = log.split(' ').nth(5).unwrap();
    assert!(
        log.lines()
            .all(|line| line.starts_with('[') && line.contains(pid)),
        "{log}"
    );
}

#[test]
fn requests_are_answered_without_a_log() {
    for folder in ["", "LOG_PATH = /proc/nowhere", "LOG_PATH = /dev/full"] {
        let site = Site::new(folder);
        assert_eq!(site.get("server=id").text(), "Test Site\r\n", "{folder}");
    }
}

#[test]
fn errors_of_clients_are_logged_with_their_message() {
    let site = Site::new("");
    site.get("server=dataset&dataset=nope%0Ax&start_time=1");
    let log = site.log();
    assert!(
        log.contains("Answered 404 NoSuchDatasource") || log.contains("Answered 400 BadRequest"),
        "{log}"
    );
}
