//! das2_srv_log.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::site::{RANGE, Site};

fn command(site: &Site, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_log"));
    command
        .arg("--config")
        .arg(site.path("das2server.conf"))
        .args(words);
    command
}

fn run(site: &Site, words: &[&str]) -> Output {
    command(site, words).output().unwrap()
}

fn lines(site: &Site, words: &[&str]) -> Vec<String> {
    let output = run(site, words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn asked_site() -> Site {
    let site = Site::new("");
    site.source("loud", "printf 'a \\033[31mcomplaint\\n' >&2; data", "");
    site.get("server=id");
    site.get(&format!("server=dataset&dataset=loud&{RANGE}"));
    site.get(&format!("server=dataset&dataset=nope&{RANGE}"));
    site.ask()
        .variable("REMOTE_ADDR", "2001:db8::1")
        .query("server=list")
        .answer();
    site.write(
        "log/das2.arbiter_host_0.log",
        "[Tue Nov 24 16:03:14 2026 1    0] a worker\n",
    );
    site.write("log/das2.central_2026-11-24.jsonl", "{}\n");
    site
}

#[test]
fn requests_oldest_first() {
    let site = asked_site();
    let all = lines(&site, &[]);
    assert_eq!(all.len(), 5, "{all:#?}");
    assert!(
        all.iter()
            .any(|line| line.ends_with("?server=list") && line.contains(" 2001:db8::1 "))
    );
    let own = lines(&site, &["192.0.2.7"]);
    for (line, parts) in own.iter().zip([
        &[" 200 ", "?server=id"][..],
        &[" 200 ", " ms reader ", "loud ?server=dataset&dataset=loud&"],
        &[" 404 ", "nope ?server"],
        &["    Answered 404 NoSuchDatasource"],
    ]) {
        assert!(
            parts.iter().all(|part| line.contains(part)),
            "{line} {parts:?}"
        );
    }
    for (words, count) in [
        (&["-n", "2", "192.0.2.7"][..], 3),
        (&["-n", "0"], 0),
        (&["--status", "404"], 2),
        (&["--status", "good"], 3),
        (&["--status", "stderr"], 1),
        (&["--dataset", "loud"], 1),
        (&["--text", "COMPLAINT"], 1),
        (&["--since", "2099-01-01"], 0),
        (&["--until", "1999-01-01"], 0),
        (&["--since", "1999-01-01", "--until", "2099-01-01"], 5),
        (&["198.51.100.9"], 0),
        (&["arbiter_host"], 1),
        (&["../../x"], 0),
    ] {
        let found = lines(&site, words);
        assert_eq!(found.len(), count, "{words:?}: {found:#?}");
    }
    // Whatever programs have said, the terminal is not told by them.
    let text = lines(&site, &["--lines", "--dataset", "loud"]).join("\n");
    assert!(
        text.contains("a \\x1b[31mcomplaint") && !text.contains('\u{1b}'),
        "{text}"
    );
    assert!(text.contains("    Exec Cmd: loud "));
}

#[test]
fn a_request_that_took_long_hides_none_that_began_after_it() {
    let site = Site::new("");
    let request = |minute: u32, pid: u32| {
        let line = |n: u32, text: &str| {
            format!("[Tue Nov 24 16:{minute:02}:14 2026 {pid} {n:4}] {text}\n")
        };
        line(0, "Input:") + &line(1, &format!("   Parameters: server=id&n={pid}"))
    };
    let busy: String = (10..30).map(|at| request(at, at)).collect();
    site.write("log/das2.192.0.2.1_0.log", &busy);
    // The last one to end began first.
    let long = request(28, 128) + &request(29, 129) + &request(1, 101);
    site.write("log/das2.192.0.2.2_0.log", &long);
    let time = |seconds| std::time::UNIX_EPOCH + Duration::from_secs(seconds);
    for (name, seconds) in [("192.0.2.1", 2_000_000_000), ("192.0.2.2", 1_900_000_000)] {
        let file = std::fs::File::options()
            .append(true)
            .open(site.path(&format!("log/das2.{name}_0.log")));
        file.unwrap().set_modified(time(seconds)).unwrap();
    }
    for count in ["4", "1"] {
        let shown = lines(&site, &["-n", count]).join("\n");
        let newest = ["n=129", "n=29", "n=128", "n=28"];
        let found = newest.iter().filter(|text| shown.contains(*text)).count();
        assert_eq!(found.to_string(), count, "{shown}");
    }
}

#[test]
fn clients_by_any_spelling_and_those_without_a_log() {
    let site = asked_site();
    for (client, count) in [
        ("::ffff:192.0.2.7", 4),
        ("2001:DB8:0::1", 1),
        ("192.0.2.8", 0),
    ] {
        let output = run(&site, &[client]);
        let said = String::from_utf8_lossy(&output.stderr);
        let shown = String::from_utf8_lossy(&output.stdout).lines().count();
        assert_eq!(shown, count, "{client}: {said}");
        assert_eq!(said.contains("no log of 192.0.2.8"), count == 0, "{said}");
    }
}

#[test]
fn json_and_totals() {
    let site = asked_site();
    let rows: Vec<serde_json::Value> = lines(&site, &["--json"])
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter()
            .any(|row| row["client"] == "2001:db8::1" && row["status"] == 200)
    );

    let text = lines(&site, &["--totals"]).join("\n");
    for title in ["dataset ", "client ", "hour ", "status "] {
        assert!(text.lines().any(|line| line.starts_with(title)), "{text}");
    }
    let totals = |by: &str| -> Vec<serde_json::Value> {
        let lines = lines(&site, &["--json", "--totals", by]);
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let by_client = totals("client");
    assert_eq!(by_client[0]["key"], "192.0.2.7");
    assert_eq!(
        (&by_client[0]["requests"], &by_client[0]["failed"]),
        (&3.into(), &1.into())
    );
    let by_dataset = totals("dataset");
    let keys: Vec<&str> = by_dataset
        .iter()
        .map(|row| row["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["(none)", "loud", "nope"]);
    assert!(by_dataset[1]["bytes"].as_u64().unwrap() > 100);
    for name in ["ms_p50", "ms_p90", "ms_p99", "ms_max"] {
        assert!(by_dataset[1][name].as_f64().unwrap() > 0.0);
    }
    assert_eq!(totals("status,hour").len(), 2 + 1);
    assert_eq!(lines(&site, &["--totals", "dataset", "-n", "1"]).len(), 3);
}

#[test]
fn wrong_words_and_no_logs() {
    let site = Site::new("");
    assert!(lines(&site, &[]).is_empty());
    for words in [
        &["--status", "x"][..],
        &["--since", "yesterday"],
        &["--totals", "x"],
    ] {
        assert_eq!(run(&site, words).status.code(), Some(2), "{words:?}");
    }
    let told = run(&site, &["--until", "tomorrow"]).stderr;
    assert!(String::from_utf8_lossy(&told).contains("write a day, such as"));
    let site = Site::new("LOG_PATH = /nonexistent");
    assert_eq!(run(&site, &[]).status.code(), Some(1));
    site.write("das2server.conf", "SITE_NAME = Test\n");
    assert_eq!(run(&site, &[]).status.code(), Some(2));
}

/// A program whose lines are waited for, ended with this value.
struct Following(Child, Receiver<String>);

impl Following {
    fn start(site: &Site, words: &[&str]) -> Following {
        let mut child = command(site, words).stdout(Stdio::piped()).spawn().unwrap();
        let (send, receive) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
                .ok()
        });
        Following(child, receive)
    }

    fn line(&self) -> String {
        self.1.recv_timeout(Duration::from_secs(60)).unwrap()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn following() {
    let site = asked_site();
    let following = Following::start(&site, &["--follow", "-n", "1", "192.0.2.7", "198.51.100.9"]);
    assert!(following.line().contains("nope"));
    assert!(following.line().contains("Answered 404"));
    site.get("server=id&new");
    assert!(following.line().ends_with("?server=id&new"));
    // A client that is new, and a request in two parts.
    let line = |n: u32, text: &str| format!("[Tue Nov 24 16:03:14 2026 77 {n:4}] {text}\n");
    let head = line(0, "Input:") + &line(1, "   Parameters: long");
    site.write("log/das2.198.51.100.9_0.log", &head);
    assert!(following.line().contains(" runs "));
    let tail = line(2, "Status 200, 5 bytes sent")
        + &line(3, "Query handled without error in 5.0 milliseconds.");
    // Not over it, which would be an empty file for a moment.
    let log = site.path("log/das2.198.51.100.9_0.log");
    let mut log = std::fs::File::options().append(true).open(log).unwrap();
    log.write_all(tail.as_bytes()).unwrap();
    let last = following.line();
    assert!(
        last.contains(" 200 ") && last.contains(" 5 B ") && last.ends_with("?long"),
        "{last}"
    );
    // A day begins: the file is emptied.
    site.write("log/das2.198.51.100.9_0.log", line(0, "   Parameters: x"));
    assert!(following.line().ends_with("?x"));
    // Again, and at once it is longer than before, or just as long.
    let line = |pid: u32, text: &str| format!("[Fri Nov 27 00:00:01 2026 {pid} {:4}] {text}\n", 0);
    let longer = line(78, "   Parameters: first") + &line(79, "   Parameters: again");
    site.write("log/das2.198.51.100.9_0.log", longer);
    assert!(following.line().ends_with("?first"));
    assert!(following.line().ends_with("?again"));
    let other = line(80, "   Parameters: third") + &line(81, "   Parameters: other");
    site.write("log/das2.198.51.100.9_0.log", other);
    assert!(following.line().ends_with("?third"));
    assert!(following.line().ends_with("?other"));
}
