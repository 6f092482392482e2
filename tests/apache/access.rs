//! Closed sources, as clients come to them.

use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::{Answer, http10};
use crate::server::{Passwords, Site};

const CLOSED: &str = "/das/server?server=dataset&dataset=Examples/Auth&\
                      start_time=2017-01-01&end_time=2017-01-02";

fn basic(text: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(text))
}

fn ask(site: &Site, who: &str) -> Answer {
    http10(site.address(), "GET", CLOSED, &basic(who))
}

#[test]
fn the_exchange_with_either_way_of_handing_passwords_on() {
    for passwords in [Passwords::Rewrite, Passwords::CgiPassAuth] {
        let Some(site) = Site::start_with(passwords, "") else {
            return;
        };
        let refused = http10(site.address(), "GET", CLOSED, "");
        assert_eq!(refused.status(), 401, "{}", site.logs());
        assert!(refused.head.contains("401 Authorization Required\r\n"));
        let realm = refused.header("WWW-Authenticate");
        assert_eq!(
            realm,
            Some("Basic realm=\"My Random Data Realm\""),
            "{}",
            refused.head
        );
        let answer = ask(&site, "testuser:test");
        assert_eq!(answer.status(), 200, "{}", site.logs());
        assert!(
            answer.text().contains(":01:2017-01-01"),
            "{}",
            answer.text()
        );
        for wrong in ["testuser:tes", "testuser:", "testgroup:test", "nocolon"] {
            assert_eq!(ask(&site, wrong).status(), 401, "{wrong}");
        }
        let begin = Instant::now();
        assert_eq!(ask(&site, "testuser:wrong").status(), 401);
        assert!(begin.elapsed() >= Duration::from_secs(1));
        // The turns are in the folder for that, which the web server's account
        // can write.
        let state = site.prefix().join("state/access");
        assert!(std::fs::read_dir(&state).unwrap().count() > 0);
        let logs = site.logs();
        assert!(
            logs.contains("Access: user testuser in group testgroup"),
            "{logs}"
        );
        assert!(!logs.contains(&STANDARD.encode("testuser:test")), "{logs}");
    }
}

#[test]
fn curl_asks_again_when_it_is_told_to() {
    let Some(site) = Site::start() else { return };
    if Command::new("curl").arg("--version").output().is_err() {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "skipped: no curl");
        return;
    }
    let url = format!("http://{}{CLOSED}", site.address());
    let curl = |options: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args([
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code} %{num_connects}",
        ]);
        let output = curl.args(options).arg(&url).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.split(' ').next().unwrap().to_owned()
    };
    assert_eq!(curl(&[]), "401");
    assert_eq!(curl(&["-u", "testuser:test"]), "200");
    // Without a password first, then what the answer asks for.
    assert_eq!(curl(&["--anyauth", "-u", "testuser:test"]), "200");
    assert_eq!(curl(&["--anyauth", "-u", "testuser:wrong"]), "401");
}

/// A hundred connections try passwords; the others are served meanwhile.
#[test]
fn many_guesses_keep_nobody_waiting() {
    let Some(site) = Site::start() else { return };
    // Known from this address, which is the guessers' too.
    assert_eq!(ask(&site, "testuser:test").status(), 200);
    let started = Instant::now();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let site = &site;
        let guesses: Vec<_> = (0..100)
            .map(|at| scope.spawn(move || ask(site, &format!("user{at}:wrong")).status()))
            .collect();
        // A busy machine delays any of them, but not each.
        let times = (0..5).map(|_| {
            let begin = Instant::now();
            assert_eq!(ask(site, "testuser:test").status(), 200);
            assert_eq!(site.query("server=id").status(), 200);
            begin.elapsed()
        });
        assert!(times.min().unwrap() < Duration::from_secs(15));
        guesses
            .into_iter()
            .map(|guess| guess.join().unwrap())
            .collect()
    });
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(401) + count(503), 100, "{statuses:?}");
    // A machine so slow that they come one after the other has a place for each: four, for
    // a second each time.
    let one_by_one = started.elapsed() >= Duration::from_secs(25);
    assert!(count(503) > 0 || one_by_one, "{statuses:?}");
    // What is refused says when to come again, and nothing is left running.
    assert_eq!(ask(&site, "testuser:test").status(), 200);
}

#[test]
fn headers_that_are_too_long() {
    let Some(site) = Site::start() else { return };
    for length in [6_000, 100_000] {
        let answer = http10(site.address(), "GET", CLOSED, &basic(&"x".repeat(length)));
        assert!(
            [400, 401, 431].contains(&answer.status()),
            "{}",
            answer.head
        );
    }
}
