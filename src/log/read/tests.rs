//! Logs as files, read from their ends.

use std::fs;
use std::path::Path;

use chrono::NaiveDate;

use super::*;
use crate::log::{RequestLog, file_name};

const CLIENT: &str = "192.0.2.7";

/// The lines of a request at a second of a day in November 2026.
fn block(day: u32, second: u32, pid: u32, lines: &[&str]) -> String {
    let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    let time = date.and_hms_opt(second / 3600, second / 60 % 60, second % 60);
    let time = time.unwrap().format("%a %b %e %H:%M:%S %Y");
    let line = |(number, text): (usize, &&str)| format!("[{time} {pid} {number:4}] {text}\n");
    lines.iter().enumerate().map(line).collect()
}

fn request(day: u32, second: u32, name: &str) -> String {
    let query = format!("   Parameters: server=dataset&dataset={name}");
    let lines = [
        "Input:",
        &query,
        "Exec Cmd: x",
        "      a complaint",
        "Status 200, 1234 bytes sent",
        "Query handled without error in 12.5 milliseconds.",
    ];
    block(day, second, 100 + second, &lines)
}

fn write(folder: &Path, number: u64, text: &str) {
    fs::write(folder.join(file_name(CLIENT, number)), text).unwrap();
}

/// All requests that are wanted, in pages of so many.
fn paged(folder: &Path, wanted: &Wanted, page: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut position = None;
    loop {
        let mut logs = ClientLogs::open(folder, CLIENT, position).unwrap();
        for _ in 0..page {
            match logs.next(wanted, &mut u64::MAX.clone()).unwrap() {
                Next::Entry(entry) => entries.push(*entry),
                Next::End => return entries,
                Next::Pause => panic!("a pause"),
            }
        }
        let text = logs.position().to_string();
        position = Some(text.parse().unwrap());
    }
}

fn all(folder: &Path) -> Vec<Entry> {
    paged(folder, &Wanted::default(), usize::MAX)
}

fn names(entries: &[Entry]) -> Vec<String> {
    let name = |entry: &Entry| entry.dataset().map(|name| name.into_owned());
    entries.iter().filter_map(name).collect()
}

#[test]
fn what_the_server_writes_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = RequestLog::begin(Some(folder.path()), CLIENT);
    for line in [
        "Input:",
        "   For Path: /data/a b",
        "   Parameters: start_time=1&x=%20+y",
        "   User Agent: curl\n[Tue Nov 24 16:03:14 2026 1    0] Input:",
        "Cache: level 1 (10 s), 3 blocks, 1 missing",
        "Cache: 3 blocks sent, 1 stretches read",
        "Exec Cmd: reader",
    ] {
        log.line(line);
    }
    log.text("no such file\n   Status 500, 1 bytes sent\n");
    log.line("Error 7GK2M0QX: it broke");
    log.line("Status 200, 77 bytes sent");
    log.line("Query handled without error in 12.5 milliseconds.");
    log.end();
    let entries = all(folder.path());
    let [entry] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(entry.pid, std::process::id());
    assert_eq!(
        (entry.status, entry.bytes, entry.milliseconds),
        (Some(200), Some(77), Some(12.5))
    );
    assert_eq!(
        (entry.outcome, entry.from()),
        (Outcome::Failed, Some(From::Both))
    );
    assert_eq!(entry.dataset().as_deref(), Some("a b"));
    assert_eq!(entry.key("x").as_deref(), Some("  y"));
    assert!(entry.agent().starts_with("curl\\n[Tue"));
    let complaints: Vec<&str> = entry.complaints().collect();
    assert_eq!(complaints, ["no such file", "   Status 500, 1 bytes sent"]);
    assert_eq!(
        entry.errors().collect::<Vec<_>>(),
        ["Error 7GK2M0QX: it broke"]
    );
    let json: serde_json::Value = serde_json::from_str(&json(CLIENT, entry, None)).unwrap();
    assert_eq!(json["status"], 200);
    assert_eq!(json["outcome"], "failed");
    assert_eq!(json["from"], "cache and reader");
    assert!(json["time"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn outcomes() {
    let folder = tempfile::tempdir().unwrap();
    for (lines, status, outcome) in [
        (&["Input:"][..], None, Outcome::Running),
        (
            &[
                "Answered 404 NoSuchDatasource: x",
                "5 bytes sent",
                "Error handling query, after 1.5 milliseconds.",
            ],
            Some(404),
            Outcome::Failed,
        ),
        (
            &[
                "Answered 200 NoDataInInterval: x",
                "Status 200, 5 bytes sent",
                "Error handling query, after 1.5 milliseconds.",
            ],
            Some(200),
            Outcome::Good,
        ),
        (
            &[
                "Ended early: the client has gone",
                "0 bytes sent",
                "Error handling query, after 1.5 milliseconds.",
            ],
            None,
            Outcome::Gone,
        ),
        (
            &[
                "Error ABCDEFGH: x",
                "50 bytes sent",
                "Error handling query, after 1.5 milliseconds.",
            ],
            Some(500),
            Outcome::Failed,
        ),
        // das2-pyserver's.
        (
            &[
                "Input",
                "   Routing",
                "Query handled without error in 393.8 milliseconds.",
            ],
            None,
            Outcome::Good,
        ),
        (
            &["Input", "Error handling query, return value = 17"],
            None,
            Outcome::Failed,
        ),
    ] {
        write(folder.path(), 0, &block(24, 0, 7, lines));
        let entry = all(folder.path()).pop().unwrap();
        assert_eq!(
            (entry.status, entry.outcome),
            (status, outcome),
            "{lines:?}"
        );
    }
}

#[test]
fn newest_first_whatever_the_file_and_the_page() {
    let folder = tempfile::tempdir().unwrap();
    // Files of das2-pyserver hold every third day.
    let mut files = [String::new(), String::new(), String::new()];
    let mut expected = Vec::new();
    for day in 1..10 {
        for n in 0..40 {
            let name = format!("d{day}/{n}");
            files[day % 3].push_str(&request(day as u32, n * 60, &name));
            expected.push(name);
        }
    }
    expected.reverse();
    for (number, text) in files.iter().enumerate() {
        write(folder.path(), number as u64, text);
    }
    for page in [17, 100, usize::MAX] {
        let entries = paged(folder.path(), &Wanted::default(), page);
        assert!(names(&entries) == expected, "{page}");
    }
    let day = NaiveDate::from_ymd_opt(2026, 11, 4).unwrap();
    let mut wanted = Wanted::default();
    wanted.days = Some((day, day));
    let found = names(&paged(folder.path(), &wanted, 50));
    assert_eq!(found.len(), 40);
    assert!(found.iter().all(|name| name.starts_with("d4/")));
    for (text, status, dataset, count) in [
        ("DATASET=D3/3&", "", None, 0),
        ("dataset=D3/3", "", None, 11),
        ("a complaint", "good", Some("d2"), 40),
        ("", "stderr", Some("d2/"), 40),
        ("", "200", Some("d2/3"), 1),
        ("", "4xx", None, 0),
        ("nowhere", "", None, 0),
    ] {
        let mut wanted = Wanted::default().with_text(text);
        wanted.status = StatusWanted::parse(status).unwrap();
        wanted.dataset = dataset.map(str::to_owned);
        let found = paged(folder.path(), &wanted, 30).len();
        assert_eq!(found, count, "{text} {status} {dataset:?}");
    }
}

#[test]
fn parts_of_a_request_find_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let whole = request(23, 86_390, "long");
    let (head, tail) = whole.split_at(whole.match_indices('\n').nth(1).unwrap().0 + 1);
    let others: String = (0..2000).map(|n| request(24, n, "other")).collect();
    // Within a file, and in that of the next day.
    write(folder.path(), 0, &format!("{head}{others}{tail}{others}"));
    let mut entries = all(folder.path());
    assert_eq!(entries.len(), 4001);
    entries.retain(|entry| entry.dataset().as_deref() == Some("long"));
    assert_eq!(entries[0].bytes, Some(1234));
    write(folder.path(), 0, &format!("{others}{head}"));
    write(folder.path(), 1, &format!("{tail}{others}"));
    for page in [100, usize::MAX] {
        let mut entries = paged(folder.path(), &Wanted::default(), page);
        assert_eq!(entries.len(), 4001);
        entries.retain(|entry| entry.dataset().as_deref() == Some("long"));
        assert_eq!(entries[0].bytes, Some(1234), "{page}");
    }
    // Lines of das2-pyserver, one by one.
    let (a, b) = (request(25, 1, "a"), request(25, 2, "b"));
    let mixed: Vec<&str> = a.lines().zip(b.lines()).flat_map(|(a, b)| [a, b]).collect();
    write(folder.path(), 2, &mixed.join("\n"));
    let entries = all(folder.path());
    assert_eq!(names(&entries[..2]), ["b", "a"]);
    assert!(entries[..2].iter().all(|entry| entry.bytes == Some(1234)));
}

#[test]
fn garbage_is_passed_over_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let good = request(24, 7, "good");
    let orphan: String = (0..20_000)
        .map(|n| format!("[Tue Nov 24 16:03:14 2026 {n}    1] x\n"))
        .collect();
    let long = "x".repeat(20 << 20);
    let zeros = "\0".repeat(5 << 20);
    let text =
        format!("{long}\n{good}{zeros}{orphan}\u{1}\n\n[\n{good}[Tue Nov 24 16:03:14 2026 1    0");
    write(folder.path(), 0, &text);
    fs::write(folder.path().join(file_name(CLIENT, 1)), [0xff; 1 << 20]).unwrap();
    let entries = all(folder.path());
    // The first good one stands behind zeros without a line end.
    assert_eq!(names(&entries), ["good", "good"]);
    write(folder.path(), 0, "");
    assert!(all(folder.path()).is_empty());
    // A position that has nothing to do with the files.
    let far = Some("99999999999999-3-18446744073709551615".parse().unwrap());
    let mut logs = ClientLogs::open(folder.path(), CLIENT, far).unwrap();
    let next = logs
        .next(&Wanted::default(), &mut u64::MAX.clone())
        .unwrap();
    assert!(matches!(next, Next::End));
    for text in [
        "",
        "1-2",
        "1-2-3-4",
        "1-2-x",
        "-1-2-3",
        "1-2-99999999999999999999",
        "+1-2-3",
    ] {
        assert!(text.parse::<Position>().is_err(), "{text}");
    }
}

#[test]
fn pauses_come_and_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..5000).map(|n| request(24, n, "x")).collect();
    write(folder.path(), 0, &text);
    let wanted = Wanted::default().with_text("dataset=y");
    let mut position = None;
    let mut pauses = 0;
    loop {
        let mut logs = ClientLogs::open(folder.path(), CLIENT, position).unwrap();
        match logs.next(&wanted, &mut 100_000).unwrap() {
            Next::Entry(entry) => panic!("{entry:?}"),
            Next::Pause => pauses += 1,
            Next::End => break,
        }
        position = Some(logs.position());
    }
    let expected = text.len() / 100_000;
    assert!(
        (expected..expected + 5).contains(&pauses),
        "{pauses} {expected}"
    );
}

#[test]
fn a_file_that_is_emptied_while_it_is_read_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..5000).map(|n| request(24, n, "x")).collect();
    write(folder.path(), 0, &text);
    let mut logs = ClientLogs::open(folder.path(), CLIENT, None).unwrap();
    let mut next = || {
        logs.next(&Wanted::default(), &mut u64::MAX.clone())
            .unwrap()
    };
    assert!(matches!(next(), Next::Entry(_)));
    write(folder.path(), 0, "");
    let rest = std::iter::from_fn(|| matches!(next(), Next::Entry(_)).then_some(()));
    assert!(rest.count() < 4999);
}

#[test]
fn what_leads_out_of_the_folder_is_not_read() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, request(24, 7, "secret")).unwrap();
    let name = |number| folder.path().join(file_name(CLIENT, number));
    symlink(&secret, name(0)).unwrap();
    fs::hard_link(&secret, name(1)).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, name(2), rustix::fs::Mode::RWXU).unwrap();
    assert!(all(folder.path()).is_empty());
    assert_eq!(crate::log::remove(folder.path(), CLIENT).unwrap(), 3);
    assert_eq!(
        fs::read_to_string(&secret).unwrap(),
        request(24, 7, "secret")
    );
    assert_eq!(clients(folder.path()).unwrap(), []);
}
