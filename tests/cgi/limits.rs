//! How many readers run at once.

use std::process::Child;

use crate::site::{RANGE, Site, is_alive, stream, wait_until};

fn asked(name: &str) -> String {
    format!("server=dataset&dataset={name}&{RANGE}")
}

/// A site with STATE_PATH and a source `held` whose reader runs until a file
/// `go` appears.
fn site(more: &str) -> Site {
    let site = Site::new("");
    let state = site.path("state");
    std::fs::create_dir(&state).unwrap();
    let conf = std::fs::read_to_string(site.path("das2server.conf")).unwrap();
    let conf = format!("{conf}STATE_PATH = {}\n{more}\n", state.display());
    site.write("das2server.conf", conf);
    let go = site.path("go");
    let script = format!(
        "echo $$ >>\"$0.pids\"; while [ ! -e '{}' ]; do sleep 0.05; done; printf '{}'",
        go.display(),
        stream(1)
    );
    site.source("held", &script, "");
    site
}

/// Starts so many requests for `held`, one after the other, from an address.
fn hold(site: &Site, count: usize, address: &str) -> Vec<Child> {
    let started = || {
        let pids = std::fs::read_to_string(site.path("bin/held.pids")).unwrap_or_default();
        pids.lines().count()
    };
    let before = started();
    let ask = |_| {
        let ask = site.ask().query(&asked("held"));
        ask.variable("REMOTE_ADDR", address).start()
    };
    let children = (0..count).map(ask).collect();
    wait_until("readers that run", || started() == before + count);
    children
}

fn chair_is_taken(site: &Site) -> bool {
    let chair = std::fs::File::open(site.path("state/readers/chair.1"));
    chair.is_ok_and(|file| file.try_lock().is_err())
}

/// Starts a request that waits on the one chair. Who looks whether it is taken sits on it
/// for a moment, and the request may be sent away meanwhile.
fn one_that_waits(site: &Site) -> Child {
    loop {
        let mut child = site.ask().query(&asked("data")).start();
        let mut waits = false;
        wait_until("one that waits, or not", || {
            waits = chair_is_taken(site);
            waits || child.try_wait().unwrap().is_some()
        });
        if waits {
            return child;
        }
    }
}

fn let_go(site: &Site, children: Vec<Child>) {
    site.write("go", "");
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("Status: 200 OK"));
    }
}

#[test]
fn a_full_house_of_readers_stops_nothing_that_needs_none() {
    let site = site("READER_MAX = 2\nREADER_QUEUE = 0");
    let held = hold(&site, 2, "192.0.2.1");
    for more in ["", "&resolution=60", "&ascii=1"] {
        let answer = site.get(&(asked("data") + more));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (503, "ServerBusy"),
            "{more}"
        );
        let seconds: u32 = answer.header("Retry-After").unwrap().parse().unwrap();
        assert!((1..100).contains(&seconds));
    }
    assert_eq!(site.browse(&asked("data")).status(), 503);
    for query in ["server=id", "server=list", "server=dsdf&dataset=data"] {
        assert_eq!(site.get(query).status(), 200, "{query}");
    }
    let head = site.ask().variable("REQUEST_METHOD", "HEAD");
    assert_eq!(head.query(&asked("data")).answer().status(), 200);
    // What is wrong with a request is told all the same.
    assert_eq!(site.get(&asked("no_such")).status(), 404);
    let_go(&site, held);
    assert_eq!(site.get(&asked("data")).status(), 200);
    let log = site.log();
    // Both began at once, so either may have been first at the address.
    for said in ["Readers: place 2 of 2, ", ", 2 of 8 for the address"] {
        assert!(log.contains(said), "{said}: {log}");
    }
    assert!(
        log.contains("Answered 503 ServerBusy: All readers"),
        "{log}"
    );
}

#[test]
fn who_waits_gets_the_next_place() {
    let site = site("READER_MAX = 1\nREADER_QUEUE = 1");
    let held = hold(&site, 1, "192.0.2.1");
    let waiting = one_that_waits(&site);
    // The one chair is taken: others are sent away without waiting.
    assert_eq!(site.get(&asked("data")).status(), 503);
    let_go(&site, held);
    let output = waiting.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Status: 200 OK"));
    assert!(
        site.log()
            .contains("Readers: place 1 of 1, 1 of 8 for the address, after waiting ")
    );
}

#[test]
fn an_address_has_so_many_and_others_go_on() {
    let site = site("READER_MAX_PER_ADDRESS = 2\nREADER_QUEUE = 0");
    let held = hold(&site, 2, "192.0.2.1");
    let from = |address: &str| {
        let ask = site.ask().query(&asked("data"));
        ask.variable("REMOTE_ADDR", address).answer()
    };
    let refused = from("192.0.2.1");
    assert_eq!(refused.status(), 503);
    assert!(
        refused.text().contains("from your address"),
        "{}",
        refused.text()
    );
    assert_eq!(from("192.0.2.2").status(), 200);
    let_go(&site, held);
    assert_eq!(from("192.0.2.1").status(), 200);
}

#[test]
fn a_place_of_a_process_that_was_killed_is_free() {
    let site = site("READER_MAX = 1\nREADER_QUEUE = 0");
    let mut held = hold(&site, 1, "192.0.2.1");
    assert_eq!(site.get(&asked("data")).status(), 503);
    for child in &mut held {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(site.get(&asked("data")).status(), 200);
    site.write("go", "");
    let pids = std::fs::read_to_string(site.path("bin/held.pids")).unwrap();
    wait_until("the reader's end", || !pids.lines().any(is_alive));
}

#[test]
fn where_there_can_be_no_places_nothing_is_limited() {
    let unlimited = |site: &Site| {
        assert_eq!(site.get(&asked("data")).status(), 200);
        site.log().contains("Readers: not limited in number: ")
    };
    assert!(unlimited(&Site::new("READER_MAX = 1")));
    let site = site("READER_MAX = 1");
    site.write("state/readers", "no folder");
    assert!(unlimited(&site));
    assert!(!unlimited(&Site::new(
        "READER_MAX = 0\nREADER_MAX_PER_ADDRESS = 0"
    )));
}

#[test]
fn who_waits_ends_when_told_to() {
    use rustix::process::{Pid, Signal, kill_process};
    let site = site("READER_MAX = 1\nREADER_QUEUE = 1");
    let held = hold(&site, 1, "192.0.2.1");
    let mut waiting = one_that_waits(&site);
    let pid = Pid::from_raw(waiting.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    wait_until("its end", || waiting.try_wait().unwrap().is_some());
    assert!(!chair_is_taken(&site));
    wait_until("a line in the log", || site.log().contains("told to end: "));
    // So does one whose client closes its end.
    let mut waiting = one_that_waits(&site);
    drop(waiting.stdout.take());
    wait_until("its end", || waiting.try_wait().unwrap().is_some());
    assert!(site.log().contains("the client has gone"));
    let_go(&site, held);
}
