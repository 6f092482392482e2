//! Closed sources: who gets in, and by what door.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::site::{Ask, RANGE, Site, stream, wait_until};

/// `test` for me, `x` for you.
const PASSWORDS: &str = "me:IueKZ7Ol6Qt7k\nyou:{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=\n";
const GROUPS: &str = "team::1:me\n";

/// A site with the source `closed`, for the group `team`; its reader leaves a
/// trace.
fn site() -> Site {
    let site = Site::new("");
    let conf = fs::read_to_string(site.path("das2server.conf")).unwrap();
    let root = site.path("").display().to_string();
    site.write(
        "das2server.conf",
        format!("{conf}USER_PASSWD = {root}/passwd\nUSER_GROUP = {root}/group\nSTATE_PATH = {root}/state\n"),
    );
    fs::create_dir(site.path("state")).unwrap();
    site.write("passwd", PASSWORDS);
    site.write("group", GROUPS);
    closed(&site, "closed", "readAccess = 'GROUP:team'");
    site
}

fn closed(site: &Site, name: &str, keywords: &str) {
    let script = format!("touch \"$(dirname \"$0\")/ran\"\nprintf '{}'\n", stream(3));
    site.source(name, &script, keywords);
}

/// Whether a reader has run since the last look.
fn has_run(site: &Site) -> bool {
    fs::remove_file(site.path("bin/ran")).is_ok()
}

fn ask(site: &Site, name: &str) -> Ask {
    site.ask()
        .query(&format!("server=dataset&dataset={name}&{RANGE}"))
}

fn status(site: &Site, who: &str) -> u16 {
    ask(site, "closed").user(who).answer().status()
}

#[test]
fn the_exchange_as_clients_do_it() {
    let site = site();
    for agent in ["libdas2/2.3", "Java/17", "Mozilla/5.0 Firefox/120.0"] {
        let ask = || ask(&site, "closed").variable("HTTP_USER_AGENT", agent);
        let refused = ask().answer();
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.header("Status"), Some("401 Authorization Required"));
        let realm = refused.header("WWW-Authenticate");
        assert_eq!(realm, Some("Basic realm=\"/das/server/closed\""));
        assert!(!refused.content_type().is_empty());
        assert!(!has_run(&site));
        let answer = ask().user("me:test").answer();
        assert_eq!(answer.status(), 200);
        assert!(has_run(&site) && answer.text().contains(":01:2017-01-01"));
    }
    assert_eq!(status(&site, "you:x"), 401);
    assert_eq!(status(&site, "me:tes"), 401);
    let log = site.log();
    assert!(log.contains("Access: user me in group team"), "{log}");
    assert!(
        log.contains("Access: wrong user or password for user me"),
        "{log}"
    );
    for secret in ["me:tes", ":test", "Basic ", "bWU6"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn headers_come_in_several_ways() {
    let site = site();
    let header = "bAsIc bWU6dGVzdA==";
    for (name, value, expected) in [
        ("HTTP_AUTHORIZATION", header, 200),
        ("REDIRECT_HTTP_AUTHORIZATION", header, 200),
        ("REDIRECT_REDIRECT_HTTP_AUTHORIZATION", header, 200),
        ("AUTHORIZATION", header, 401),
        ("HTTP_PROXY_AUTHORIZATION", header, 401),
        ("HTTP_AUTHORIZATION", "Bearer bWU6dGVzdA==", 401),
        ("HTTP_AUTHORIZATION", "bWU6dGVzdA==", 401),
        ("HTTP_AUTHORIZATION", "Basic", 401),
        ("HTTP_AUTHORIZATION", "Basic %%%%", 401),
        ("REMOTE_USER", "me", 401),
    ] {
        let answer = ask(&site, "closed").variable(name, value).answer();
        assert_eq!(answer.status(), expected, "{name} {value}");
        assert_eq!(has_run(&site), expected == 200);
    }
    // What Apache would never let through.
    for hostile in [
        vec![b'a'; 75_000],
        b"\xff\xfe:\xff".to_vec(),
        b"me\n:test".to_vec(),
        b"me:test\0".to_vec(),
    ] {
        let answer = ask(&site, "closed").user(&hostile).answer();
        assert_eq!(answer.status(), 401);
    }
    assert!(!has_run(&site));
}

/// Every word that `server=` may have.
fn words(site: &Site) -> Vec<String> {
    let text = site.browse("server=nothing-of-the-kind").text();
    let (_, words) = text.split_once("use one of ").unwrap();
    words.trim().split(", ").map(str::to_owned).collect()
}

/// Answers without data of a source.
const OPEN: &[&str] = &[
    "list",
    "discovery",
    "dsdf",
    "id",
    "logo",
    "peers",
    "debug",
    "authenticator",
    "source",
];

#[test]
fn no_door_is_open() {
    let site = site();
    site.dsdf(
        "moved",
        "reader = 'closed'\ndas2Stream = 1\nrename = 'closed'\n",
    );
    fs::copy(site.path("dsdf/closed.dsdf"), site.path("dsdf/UPPER.DSDF")).unwrap();
    std::os::unix::fs::symlink("closed.dsdf", site.path("dsdf/linked.dsdf")).unwrap();
    let names = [
        "closed",
        "closed.dsdf",
        "/closed",
        "/closed.dsdf",
        "UPPER.DSDF",
        "linked",
        "clos%65d",
        // These are none.
        "//closed",
        "Closed",
        "closed/",
        "./closed",
        "closed.DSDF",
        "closed%00",
        "closed%0a",
        "closed.dsdf.dsdf",
    ];
    let more = [
        "",
        "&ascii=1",
        "&format=csv",
        "&compress=true",
        "&resolution=60",
        "&interval=60",
        "&params=x",
        "&readAccess=",
        "&read_access=",
        "&readaccess=USER:you",
        "&dataset=data",
        "&key=me:test",
    ];
    let mut asked = 0;
    let mut check = |ask: Ask, what: &str, may_be_open: bool| {
        let answer = ask.answer();
        let statuses = if may_be_open {
            [200, 400, 401, 403, 404, 501]
        } else {
            [400, 401, 404, 501, 501, 501]
        };
        assert!(statuses.contains(&answer.status()), "{what}: {answer:?}");
        assert!(!answer.text().contains(":01:2017"), "{what}: {answer:?}");
        assert!(!has_run(&site), "{what}");
        asked += usize::from(answer.status() == 401);
    };
    for name in names {
        for word in words(&site) {
            for more in more {
                let query = format!("server={word}&dataset={name}&{RANGE}{more}");
                check(
                    site.ask().query(&query),
                    &query,
                    OPEN.contains(&word.as_str()),
                );
            }
        }
        let query = format!("server=dataset&dataset={name}&{RANGE}");
        check(
            site.ask().query(&query).variable("REQUEST_METHOD", "HEAD"),
            "HEAD",
            false,
        );
        for door in ["data", "coverage", "hapi/data", "image", "csv"] {
            // A server decodes the path.
            let path = format!("/{door}/{}", name.replace("%65", "e"));
            let times = "time.min=2017-01-01&time.max=2017-01-02";
            check(
                site.ask().variable("PATH_INFO", &path).query(times),
                &path,
                false,
            );
        }
    }
    assert!(asked > 100, "{asked}");
    // Where a source is now is told to anybody; there it is closed.
    let moved = ask(&site, "moved").answer();
    assert_eq!(moved.status(), 301);
    assert!(
        moved
            .header("Location")
            .unwrap()
            .contains("dataset=closed&")
    );
    // What a source is may be seen.
    for query in ["server=dsdf&dataset=closed", "server=list"] {
        assert_eq!(site.get(query).status(), 200);
    }
    let dsdf = site.get("server=dsdf&dataset=closed").text();
    assert!(
        !dsdf.contains("readAccess") && !dsdf.contains("team"),
        "{dsdf}"
    );
}

#[test]
fn who_may_read_comes_before_what_there_is() {
    let site = site();
    closed(
        &site,
        "old",
        "readAccess = 'GROUP:team'\nvalidRange = '1990-01-01 to 1991-01-01'\n",
    );
    assert_eq!(ask(&site, "old").answer().status(), 401);
    assert_eq!(
        ask(&site, "old").user("me:test").answer().exception(),
        "NoDataInInterval"
    );
}

#[test]
fn old_data_are_open() {
    let site = site();
    closed(&site, "aged", "readAccess = 'AGE:1y | USER:you'");
    closed(&site, "young", "readAccess = 'AGE:1m2'");
    assert_eq!(ask(&site, "aged").answer().status(), 200);
    let now = "server=dataset&dataset=aged&start_time=2017-01-01&end_time=now";
    assert_eq!(site.get(now).status(), 401);
    assert_eq!(site.ask().query(now).user("you:x").answer().status(), 200);
    let broken = ask(&site, "young").answer();
    assert_eq!(broken.status(), 500);
    assert!(!broken.text().contains("1m2") && site.log().contains("`1m2` is no age"));
}

#[test]
fn hosts_that_test() {
    let site = site();
    let conf = fs::read_to_string(site.path("das2server.conf")).unwrap();
    site.write(
        "das2server.conf",
        format!("{conf}TEST_FROM = 198.51.100.7 2001:db8::/32\n"),
    );
    for (address, expected) in [
        ("198.51.100.7", 200),
        ("::ffff:198.51.100.7", 200),
        ("2001:db8:1::1", 200),
        ("198.51.100.70", 401),
        ("192.0.2.7", 401),
        ("2001:db9::1", 401),
        ("", 401),
        ("x", 401),
    ] {
        let answer = ask(&site, "closed")
            .variable("REMOTE_ADDR", address)
            .answer();
        assert_eq!(answer.status(), expected, "{address}");
        // Any page could have a browser at such an address ask.
        assert!(expected == 401 || answer.header("Access-Control-Allow-Origin").is_none());
    }
    let password = ask(&site, "closed").user("me:test").answer();
    assert!(password.header("Access-Control-Allow-Origin").is_some());
    let coverage = site.ask().variable("REMOTE_ADDR", "198.51.100.7");
    let coverage = coverage.variable("PATH_INFO", "/coverage/closed").answer();
    assert_eq!(coverage.status(), 200);
    assert_eq!(coverage.header("Access-Control-Allow-Origin"), None);
}

#[test]
fn a_proxy_on_the_same_machine_is_no_test_host() {
    let site = site();
    let conf = fs::read_to_string(site.path("das2server.conf")).unwrap();
    site.write(
        "das2server.conf",
        format!("{conf}TEST_FROM = 127.0.0.0/8\n"),
    );
    let here = || ask(&site, "closed").variable("REMOTE_ADDR", "127.0.0.1");
    assert_eq!(here().answer().status(), 200);
    for header in ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"] {
        let asked = here().variable(header, "192.0.2.7");
        assert_eq!(asked.answer().status(), 401, "{header}");
    }
}

#[test]
fn no_proxy_keeps_what_is_closed_for_others() {
    let site = site();
    closed(&site, "aged", "readAccess = 'AGE:1y'");
    let kept = |answer: crate::site::Answer| {
        assert_eq!(answer.status(), 200);
        answer.header("Cache-Control").map(str::to_owned)
    };
    let private = Some("private, no-store".to_owned());
    assert_eq!(kept(ask(&site, "closed").user("me:test").answer()), private);
    assert_eq!(kept(ask(&site, "aged").answer()), private);
    assert_eq!(kept(ask(&site, "data").answer()), None);
}

/// Puts something in the place of a file.
type Change = fn(&Site, &str);

#[test]
fn files_that_are_none_are_the_sites_mistake_and_keep_nobody_waiting() {
    let site = site();
    let changes: &[(&str, Change)] = &[
        ("missing", |_, _| {}),
        ("a folder", |site, file| {
            fs::create_dir(site.path(file)).unwrap()
        }),
        ("a pipe", |site, file| {
            assert!(
                Command::new("mkfifo")
                    .arg(site.path(file))
                    .status()
                    .unwrap()
                    .success()
            );
        }),
        ("huge", |site, file| {
            site.write(file, vec![b'\n'; (8 << 20) + 1])
        }),
        ("a device", |site, file| {
            std::os::unix::fs::symlink("/dev/zero", site.path(file)).unwrap();
        }),
        ("a ring of links", |site, file| {
            std::os::unix::fs::symlink(site.path(file), site.path(file)).unwrap();
        }),
    ];
    for file in ["passwd", "group"] {
        let before = fs::read(site.path(file)).unwrap();
        for (what, change) in changes {
            let _ = fs::remove_file(site.path(file)).or_else(|_| fs::remove_dir(site.path(file)));
            change(&site, file);
            let answer = ask(&site, "closed").user("me:test").answer();
            assert_eq!(answer.status(), 500, "{file}, {what}");
            let root = site.path("").display().to_string();
            assert!(
                !answer.text().contains(&root),
                "{file}, {what}: {}",
                answer.text()
            );
            assert!(!has_run(&site), "{file}, {what}");
            // Who sends nothing does not even see that.
            assert_eq!(ask(&site, "closed").answer().status(), 401);
        }
        let _ = fs::remove_file(site.path(file)).or_else(|_| fs::remove_dir(site.path(file)));
        fs::write(site.path(file), "").unwrap();
        assert_eq!(status(&site, "me:test"), 401, "{file} empty");
        fs::write(site.path(file), before).unwrap();
        assert_eq!(status(&site, "me:test"), 200);
        assert!(has_run(&site));
    }
    let log = site.log();
    for words in ["No such file", "no plain file", "larger than 8 MiB"] {
        assert!(log.contains(words), "{words}");
    }
}

#[test]
fn wrong_passwords_wait_and_others_do_not() {
    let site = site();
    // Known from this address, so that a stranger there does not matter.
    assert_eq!(status(&site, "me:test"), 200);
    let wrong = || ask(&site, "closed").user("me2:wrong").start();
    let begin = Instant::now();
    let mut guesses: Vec<_> = (0..30).map(|_| wrong()).collect();
    for address in ["192.0.2.8", "192.0.2.7"] {
        let begin = Instant::now();
        let answer = ask(&site, "closed")
            .user("me:test")
            .variable("REMOTE_ADDR", address)
            .answer();
        assert_eq!(answer.status(), 200, "{address}");
        // Thirty seconds of waiting would be due.
        assert!(begin.elapsed() < Duration::from_secs(25), "{address}");
    }
    let mut statuses = Vec::new();
    for guess in &mut guesses {
        let output = std::io::read_to_string(guess.stdout.take().unwrap()).unwrap();
        guess.wait().unwrap();
        statuses.push(output.split(' ').nth(1).unwrap().to_owned());
    }
    let count = |status: &str| statuses.iter().filter(|s| *s == status).count();
    assert_eq!(count("401") + count("503"), 30, "{statuses:?}");
    // A machine so slow that they come one after the other has a place for each: two for
    // the name, for a second each time.
    let one_by_one = begin.elapsed() >= Duration::from_secs(15);
    let refused = count("503") > 0 || one_by_one;
    assert!(count("401") >= 4 && refused, "{statuses:?}");
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

/// While somebody tries passwords of a name, as fast as they are let.
#[test]
fn another_name_at_the_address_and_the_name_elsewhere_are_served_meanwhile() {
    let site = site();
    closed(&site, "yours", "readAccess = 'USER:you'");
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(|| {
                    let mut statuses = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        statuses.push(status(&site, "me:wrong"));
                    }
                    statuses
                })
            })
            .collect();
        let places = || {
            let entries = fs::read_dir(site.path("state/access"))
                .into_iter()
                .flatten();
            let names = entries.map(|entry| entry.unwrap());
            names
                .filter(|entry| entry.file_name().to_string_lossy().starts_with("from-"))
                .filter(|entry| {
                    let file = fs::File::open(entry.path()).unwrap();
                    file.try_lock().is_err()
                })
                .count()
        };
        // Both places of one name, and both its chairs.
        wait_until("guesses", || places() >= 4);
        for _ in 0..3 {
            // Never seen at this address before; later known there.
            assert_eq!(ask(&site, "yours").user("you:x").answer().status(), 200);
            for address in ["192.0.2.8", "2001:db8::1"] {
                let elsewhere = ask(&site, "closed").user("me:test");
                let answer = elsewhere.variable("REMOTE_ADDR", address).answer();
                assert_eq!(answer.status(), 200, "{address}");
            }
        }
        over.store(true, Ordering::Relaxed);
        let statuses = guesses.into_iter().flat_map(|guess| guess.join().unwrap());
        let statuses: Vec<u16> = statuses.collect();
        assert!(statuses.iter().all(|status| [401, 503].contains(status)));
        assert!(statuses.contains(&401) && statuses.contains(&503));
    });
    let log = site.log();
    assert!(log.contains("Access: wrong user or password for user me"));
    assert!(log.contains("Answered 503"), "{log}");
    // Afterwards the name is served here too.
    assert_eq!(status(&site, "me:test"), 200);
}
