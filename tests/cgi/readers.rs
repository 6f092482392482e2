//! Readers that fail, say nothing, are slow, or outlive their client.

use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use crate::site::{RANGE, Site, is_alive, stream, takes_less_than, wait_until};

fn asked(name: &str) -> String {
    format!("server=dataset&dataset={name}&{RANGE}")
}

/// The records of the stream `data`, in a reader's script.
const DATA: &str = "\"${0%/*}/data\"";

#[test]
fn a_failure_before_the_first_byte_is_an_error_of_the_server() {
    let site = Site::new("");
    site.source("fails", "echo secret words >&2; exit 3", "");
    for more in ["", "&resolution=60", "&ascii=1", "&compress=1"] {
        let answer = site.get(&(asked("fails") + more));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (500, "InternalServerError"),
            "{more}"
        );
        let text = answer.text();
        assert!(
            !text.contains("secret") && !text.contains("exit") && !text.contains("2017"),
            "{text}"
        );
    }
    assert!(site.log().contains("fails: exit status 3") && site.log().contains("secret words"));
    let answer = site.browse(&asked("fails"));
    assert_eq!(
        (answer.status(), answer.content_type()),
        (500, "text/plain; charset=utf-8")
    );
}

#[test]
fn no_output_is_no_data() {
    let site = Site::new("");
    site.source("silent", "exit 0", "");
    for more in ["", "&resolution=60", "&ascii=1", "&compress=1"] {
        let answer = site.get(&(asked("silent") + more));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (200, "NoDataInInterval"),
            "{more}"
        );
    }
}

#[test]
fn a_failure_midway_is_an_exception_at_the_end_of_a_packet() {
    let site = Site::new("");
    let exception = "<exception type=\"InternalServerError\" message=\"";
    site.source("fails", &format!("{DATA}; exit 3"), "");
    let whole = site.get(&asked("fails"));
    assert_eq!(whole.status(), 200);
    let text = whole.text();
    let rest = text
        .strip_prefix(&stream(3))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(
        rest.starts_with("[xx]")
            && rest.contains("exception")
            && rest.contains("InternalServerError"),
        "{rest}"
    );
    // Half a record is left out.
    site.source(
        "cut",
        &format!("{DATA} | head -c {}; exit 3", stream(3).len() - 9),
        "",
    );
    let text = site.get(&asked("cut")).text();
    assert!(
        text.starts_with(&stream(2)) && text[stream(2).len()..].starts_with("[xx]"),
        "{text}"
    );
    for more in ["&resolution=60", "&ascii=1"] {
        let text = site.get(&(asked("fails") + more)).text();
        assert!(
            text.starts_with("[00]")
                && text.contains("[xx]")
                && text.contains("InternalServerError"),
            "{more}: {text}"
        );
    }
    let _ = exception;
    // What is not das2 gets nothing appended.
    site.source("other", "printf '|Sx||10|<stream/>'; exit 3", "");
    assert_eq!(site.get(&asked("other")).text(), "|Sx||10|<stream/>");
    assert!(site.log().contains("other: exit status 3"));
}

#[test]
fn a_failure_midway_ends_a_deflated_stream_well() {
    use das2_server::stream::{Reader, Writer};
    let site = Site::new("");
    site.source("fails", &format!("{DATA}; exit 3"), "");
    let answer = site.get(&(asked("fails") + "&compress=1"));
    let mut plain = Vec::new();
    Reader::new(answer.body.as_slice())
        .pump(&mut Writer::new(&mut plain))
        .unwrap();
    let text = String::from_utf8(plain).unwrap();
    assert!(
        text.contains(":01:") && text.contains("InternalServerError"),
        "{text}"
    );
}

#[test]
fn a_readers_own_exception_passes() {
    let site = Site::new("");
    let xml = "<exception type=\"NoDataInInterval\" message=\"none\"/>";
    let packet = format!("[00]{:06}{xml}", xml.len());
    site.source("excepts", &format!("printf '{packet}'"), "");
    let answer = site.get(&asked("excepts"));
    assert_eq!((answer.status(), answer.text()), (200, packet.clone()));
    site.source("excepts", &format!("printf '{packet}'; exit 1"), "");
    assert_eq!(site.get(&asked("excepts")).text(), packet);
    let reduced = site.get(&(asked("excepts") + "&resolution=60"));
    assert!(reduced.status() == 200 && reduced.text().contains("NoDataInInterval"));
}

#[test]
fn a_failure_before_a_reducer_is_reported() {
    let site = Site::new("");
    site.reader("eats", "cat >/dev/null\n");
    site.source("fails", "exit 3", "reducer = 'eats'");
    let answer = site.get(&(asked("fails") + "&resolution=60"));
    assert_eq!(
        (answer.status(), answer.exception().as_str()),
        (500, "InternalServerError")
    );
    site.source("works", &format!("exec {DATA}"), "reducer = 'eats'");
    assert_eq!(
        site.get(&(asked("works") + "&resolution=60")).exception(),
        "NoDataInInterval"
    );
    // A reducer that has enough is no failure of the reader.
    site.reader("first", "head -c 73\n");
    site.source(
        "long",
        "yes '[00]000017<stream></stream>' | head -c 10000000",
        "reducer = 'first'",
    );
    assert_eq!(site.get(&(asked("long") + "&resolution=60")).status(), 200);
    site.dsdf("nothing", "reader = 'no_such_program'\ndas2Stream = 1\n");
    let answer = site.get(&asked("nothing"));
    assert_eq!(answer.status(), 500);
    assert!(!answer.text().contains("no_such_program") && site.log().contains("no_such_program"));
}

#[test]
fn streams_that_are_none() {
    let site = Site::new("");
    site.source("words", "echo this is no stream", "");
    assert_eq!(site.get(&asked("words")).text(), "this is no stream\n");
    let noted = |at: u64| {
        site.log()
            .contains(&format!("No das2.2 packet at byte {at} of"))
    };
    assert!(noted(0), "{}", site.log());
    site.source("behind", &format!("{DATA}; echo words"), "");
    let length = site.get(&asked("behind")).text().find("words").unwrap();
    assert!(noted(length as u64), "{}", site.log());
    for more in ["&resolution=60", "&ascii=1", "&compress=1"] {
        let answer = site.get(&(asked("words") + more));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (500, "InternalServerError"),
            "{more}"
        );
    }
    // The same behind a good beginning.
    site.source("later", &format!("{DATA}; echo words"), "");
    let text = site.get(&(asked("later") + "&ascii=1")).text();
    assert!(text.contains(":01:") && text.contains("[xx]"), "{text}");
}

#[test]
fn the_first_bytes_do_not_wait_for_the_last() {
    let site = Site::new("");
    // It ends when a file appears, which the test makes when it has the bytes.
    site.source(
        "slow",
        &format!("{DATA}; while [ ! -e \"$0.go\" ]; do sleep 0.05; done"),
        "",
    );
    for more in ["", "&resolution=1", "&ascii=1", "&compress=1"] {
        let mut child = site.ask().query(&(asked("slow") + more)).start();
        let mut output = child.stdout.take().unwrap();
        let mut got = Vec::new();
        let mut piece = [0; 4096];
        // Everything but the last bin, which may still grow.
        wait_until("records before the end of the reader", || {
            let count = output.read(&mut piece).unwrap();
            got.extend_from_slice(&piece[..count]);
            let body = got
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
                .map(|at| at + 4);
            body.is_some_and(|at| got.len() > at + 100)
        });
        site.write("bin/slow.go", "");
        output.read_to_end(&mut got).unwrap();
        assert!(child.wait().unwrap().success());
        std::fs::remove_file(site.path("bin/slow.go")).unwrap();
    }
}

#[test]
fn a_client_that_closes_its_end_takes_the_reader_along() {
    let site = Site::new("");
    let script = format!("sleep 1000 & echo $! $$ >\"$0.pids\"; {DATA}; wait");
    site.source("waits", &script, "");
    let goes = |more: &str| {
        let mut child = site.ask().query(&(asked("waits") + more)).start();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "Status: 200 OK\r\n");
        let pids = std::fs::read_to_string(site.path("bin/waits.pids")).unwrap();
        assert!(pids.split_whitespace().all(is_alive));
        drop(output);
        let closed = Instant::now();
        wait_until("reader gone", || !pids.split_whitespace().any(is_alive));
        let took = closed.elapsed();
        assert!(child.wait().unwrap().success());
        took
    };
    for more in ["", "&resolution=1"] {
        takes_less_than(Duration::from_secs(2), "with the client", || goes(more));
    }
    assert!(site.log().contains("the client has gone"), "{}", site.log());
}

#[test]
fn limits_of_time_and_silence() {
    for limit in ["READER_SILENCE_LIMIT = 0.2", "READER_TIME_LIMIT = 0.2"] {
        let site = Site::new(limit);
        site.source("hangs", "sleep 1000", "");
        site.source("stops", &format!("{DATA}; sleep 1000"), "");
        let answer = site.get(&asked("hangs"));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (500, "InternalServerError")
        );
        assert!(answer.text().contains("shorter time range"));
        for more in ["", "&resolution=1"] {
            // On a busy machine the limit may be over before the first record.
            let mut text = String::new();
            wait_until("a record within the limit", || {
                text = site.get(&(asked("stops") + more)).text();
                text.contains(":01:")
            });
            assert!(text.contains("[xx]"), "{limit}{more}: {text}");
        }
    }
}

#[test]
fn readers_see_little_of_the_environment() {
    let site = Site::new("");
    site.source(
        "shows",
        "printf '[00]000017<stream></stream>'; env; cat",
        "",
    );
    let answer = site
        .ask()
        .query(&asked("shows"))
        .variable("HTTP_AUTHORIZATION", "Basic secret")
        .variable("HTTP_PROXY", "evil")
        .variable("LANG", "C")
        .answer();
    let text = answer.text();
    assert!(!text.contains("secret") && !text.contains("evil"), "{text}");
    for part in [
        "LANG=C",
        "REMOTE_ADDR=192.0.2.7",
        "SCRIPT_NAME=/das/server",
        "QUERY_STRING=server=dataset",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let path = text.lines().find(|line| line.starts_with("PATH=")).unwrap();
    assert!(
        path.starts_with(&format!("PATH={}:", site.path("bin").display())),
        "{path}"
    );
}
