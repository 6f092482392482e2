//! das2_srv_todo as people and scripts run it.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use das2_server::config::Config;
use das2_server::queue::{Broker, Finish, Lease, Which, WorkerId, connect};

use crate::keeper::{RedisServer, until};

/// A server's configuration with sources, and the queue.
struct Site {
    folder: tempfile::TempDir,
    redis: Option<RedisServer>,
}

impl Site {
    fn new(queue: &str, redis: Option<RedisServer>) -> Site {
        let folder = tempfile::tempdir().unwrap();
        for name in ["state", "datasets/A"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let site = Site { folder, redis };
        let conf = format!(
            "DSDF_ROOT = \"{0}/datasets\"\nSTATE_PATH = \"{0}/state\"\n{queue}\n",
            site.folder.path().display()
        );
        std::fs::write(site.conf(), conf).unwrap();
        let dsdf = "description = 'x'\nreader = 'x'\ndas2Stream = 1\n\
                    cacheLevel_01 = 'intrinsic | daily'\ncacheLevel_02 = '60 s | monthly'\n";
        std::fs::write(site.folder.path().join("datasets/A/b.dsdf"), dsdf).unwrap();
        let plain = "description = 'x'\nreader = 'x'\ndas2Stream = 1\n";
        std::fs::write(site.folder.path().join("datasets/A/plain.dsdf"), plain).unwrap();
        site
    }

    fn embedded() -> Site {
        Site::new("WORK_QUEUE_BROKER = embedded", None)
    }

    fn redis() -> Option<Site> {
        let server = RedisServer::start(&[])?;
        let url = format!("WORK_QUEUE_CONN = unix://{}", server.socket().display());
        Some(Site::new(&url, Some(server)))
    }

    fn conf(&self) -> PathBuf {
        self.folder.path().join("das2server.conf")
    }

    fn broker(&self) -> Box<dyn Broker> {
        connect(&Config::load(&self.conf()).unwrap()).unwrap()
    }

    fn run(&self, words: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_todo"));
        command.arg("-c").arg(self.conf()).args(words);
        Ran::of(command.output().unwrap())
    }

    /// What a good call prints.
    fn good(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!(ran.status, 0, "{words:?}: {}", ran.err);
        ran.out
    }

    fn json(&self, words: &[&str]) -> Vec<serde_json::Value> {
        let out = self.good(&[words, &["--json"]].concat());
        out.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        Ran {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn take(broker: &mut dyn Broker) -> Lease {
    let worker = WorkerId::new(0);
    broker.take(&worker, Duration::ZERO).unwrap().unwrap()
}

const BLOCKS: [&str; 5] = ["cache", "A/b", "2020-01-01", "2020-01-03", "1"];

#[test]
fn help_needs_no_configuration() {
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_todo"));
        command.env("DAS2_SERVER_CONF", "/nowhere").args(words);
        Ran::of(command.output().unwrap())
    };
    assert_eq!(run(&[]).out, "Type 'das2_srv_todo help' for usage.\n");
    assert!(run(&["help"]).out.contains("cache DATASET BEGIN END LEVEL"));
    for words in [["help", "cache"], ["cache", "help"], ["HELP", "CACHE"]] {
        assert!(run(&words).out.starts_with("Task:    CACHE\n"), "{words:?}");
    }
    let guide = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/programs/das2_srv_todo.md"
    ));
    let (guide, help) = (guide.unwrap(), run(&["help"]).out);
    let commands = help.lines().filter_map(|line| line.strip_prefix("  "));
    let commands: Vec<&str> = commands
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(commands.len(), 8, "{help}");
    for command in commands {
        assert!(guide.contains(&format!("| `{command} ")), "{command}");
    }
    assert!(run(&["help", "watch"]).out.contains("[ID]"));
    assert_eq!(run(&["help", "nosuch"]).status, 13);
    assert_eq!(run(&["nosuch"]).status, 13);
    let ran = run(&["list"]);
    assert_eq!((ran.status, ran.out.as_str()), (17, ""));
    assert!(ran.err.contains("/nowhere"), "{}", ran.err);
    assert_eq!(run(&["--nosuch"]).status, 2);
}

#[test]
fn the_tables_of_das2_pyserver() {
    let Some(site) = Site::redis() else {
        return;
    };
    let server = site.redis.as_ref().unwrap();
    for (option, list) in [
        ("-t", "das2_todo"),
        ("-w", "das2_working_*"),
        ("-d", "das2_finished"),
    ] {
        let ran = site.run(&[option]);
        assert_eq!((ran.status, ran.out.as_str()), (0, ""));
        let told = format!("{list} list contains no tasks\n");
        assert!(ran.err.ends_with(&told), "{}", ran.err);
    }
    let cache = "2026-11-24T16:04:12.686|127.0.0.1/das/server||127.0.0.1||nobody|TASK_CACHE|\
                 Examples/Spectra|1979-03-01|1979-03-02|10";
    let info = "2026-11-24T16:04:13.000|todo||||x|HAPI_INFO_CACHE|A|b";
    let _: i64 = server.ask(&["LPUSH", "das2_todo", cache, info]);
    let start = "2026-11-24T16:04:26.822";
    let running = format!("{cache}|{start}|Writing: x.d2s|0.50");
    let _: i64 = server.ask(&["LPUSH", "das2_working_7", &running]);
    let end = "2026-11-24T16:04:29.008";
    let good = format!("{cache}|{start}|Done|{end}|0");
    let bad = format!("{info}|{start}|No|{end}|13");
    let _: i64 = server.ask(&["LPUSH", "das2_finished", &good, &bad]);
    assert_eq!(
        site.good(&["-t"]),
        "Submitted On            Entered By           Job Type        Param 1          Param 2    Param 3    Param 4\n\
         ----------------------- -------------------- --------------- ---------------- ---------- ---------- -------\n\
         2026-11-24T16:04:13.000 todo                 hapi_info_cache A                b                            \n\
         2026-11-24T16:04:12.686 127.0.0.1/das/server cache           Examples/Spectra 1979-03-01 1979-03-02 10     \n"
    );
    assert_eq!(
        site.good(&["--list-working"]),
        "Submitted On            Entered By           Job Type Param 1          Param 2    Param 3    Param 4 Started On              Status         Progress\n\
         ----------------------- -------------------- -------- ---------------- ---------- ---------- ------- ----------------------- -------------- --------\n\
         2026-11-24T16:04:12.686 127.0.0.1/das/server cache    Examples/Spectra 1979-03-01 1979-03-02 10      2026-11-24T16:04:26.822 Writing: x.d2s 0.50    \n"
    );
    let done = site.good(&["-d"]);
    let lines: Vec<&str> = done.lines().collect();
    assert!(lines[0].starts_with("Status   Submitted On "), "{done}");
    assert!(
        lines[0].trim_end().ends_with("Param 4 Finished On"),
        "{done}"
    );
    assert!(lines[2].starts_with("ERROR 13 2026-11-24T16:04:13.000 todo "));
    assert!(lines[3].starts_with("OKAY     2026-11-24T16:04:12.686 "));
    assert!(lines[3].trim_end().ends_with(end), "{done}");
}

#[test]
fn blocks_are_queued_as_das2_pyserver_does() {
    let Some(site) = Site::redis() else {
        return;
    };
    let ran = site.run(&BLOCKS);
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));
    let queued: Vec<String> = site
        .redis
        .as_ref()
        .unwrap()
        .ask(&["LRANGE", "das2_todo", "0", "-1"]);
    let fields: Vec<&str> = queued[0].split('|').collect();
    assert_eq!(fields.len(), 11);
    assert_eq!(fields[0].len(), "2026-11-24T16:04:24.233".len());
    assert_eq!(fields[1], "das2_srv_todo");
    assert!(!fields[2].is_empty());
    assert_eq!((fields[3], fields[4]), ("", ""));
    assert_eq!(
        &fields[6..],
        ["TASK_CACHE", "A/b", "2020-01-01", "2020-01-03", "1"]
    );
    let mut err = ran.err.lines();
    let conf = format!("Server definition: {}", site.conf().display());
    assert_eq!(err.next(), Some(conf.as_str()));
    let told = err.next().unwrap();
    assert!(told.starts_with("Adding task '20") && told.ends_with("|2020-01-03|1'"));
    let again = site.run(&BLOCKS);
    assert_eq!(again.status, 0);
    assert!(
        again
            .err
            .ends_with("The same work is in the queue already\n")
    );
    let generic = site.run(&["-g", "list", "x y"]);
    assert!(generic.err.contains("|TASK_LIST|x y'"), "{}", generic.err);
    assert_eq!(site.json(&["list", "todo"]).len(), 2);
}

#[test]
fn what_others_have_queued_does_nothing_to_a_terminal() {
    let Some(site) = Site::redis() else {
        return;
    };
    let text = "2026\u{1b}[2J|x||||\u{202e}y|TASK_CACHE|A/b|2020-01-01|2020-01-02|1";
    let redis = site.redis.as_ref().unwrap();
    let waiting: usize = redis.ask(&["LPUSH", "das2_todo", text]);
    assert_eq!(waiting, 1);
    let id = site.json(&["list"])[0]["id"].as_str().unwrap().to_owned();
    for words in [&["list"][..], &["-t"], &["show", &id]] {
        let out = site.good(words);
        let is_bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!out.contains(is_bad), "{words:?}: {out:?}");
        assert!(out.contains(r"2026\x1b[2J"), "{words:?}: {out:?}");
    }
}

#[test]
fn bad_tasks_are_refused() {
    let site = Site::embedded();
    for (words, told) in [
        (vec!["cache"], "cache takes DATASET BEGIN END LEVEL"),
        (
            vec!["cache", "A/b", "2020-01-01", "2020-01-03"],
            "cache takes",
        ),
        (vec!["cache", "A/b", "x", "2020-01-03", "1"], "begin 'x'"),
        (vec!["cache", "A/b", "2020-01-01", "x", "1"], "end 'x'"),
        (
            vec!["cache", "A/b", "2020-01-03", "2020-01-01", "1"],
            "not after",
        ),
        (
            vec!["cache", "A/b", "2020-01-01", "2020-01-03", "x"],
            "level 'x'",
        ),
        (
            vec!["cache", "A/b", "2020-01-01", "2020-01-03", "3"],
            "write one of 1, 2, or all",
        ),
        (vec!["cache", "A/c", "2020-01-01", "2020-01-03", "1"], "A/c"),
        (
            vec!["cache", "../b", "2020-01-01", "2020-01-03", "1"],
            "data set '../b'",
        ),
        (
            vec!["cache", "A/plain", "2020-01-01", "2020-01-03", "all"],
            "no cacheLevel",
        ),
        (vec!["-g", "x", "a|b"], "must not hold"),
        (vec!["-g", "cache", "x"], "TASK_CACHE with 1 arguments"),
        (vec!["list", "nosuch"], "write todo, working"),
        (vec!["purge"], "purge takes one list"),
        (vec!["show"], "show takes one ID"),
        (vec!["cancel"], "cancel takes"),
        (vec!["retry"], "retry takes"),
    ] {
        let ran = site.run(&words);
        assert_eq!((ran.status, ran.out.as_str()), (13, ""), "{words:?}");
        assert!(ran.err.contains(told), "{words:?}: {}", ran.err);
    }
    assert_eq!(site.broker().list(Which::Todo).unwrap(), []);
    for words in [["show", "ffff"], ["cancel", "ffff"], ["watch", "x"]] {
        let ran = site.run(&words);
        assert_eq!(ran.status, 1, "{words:?}");
        assert!(ran.err.contains("there is no task"), "{}", ran.err);
    }
}

#[test]
fn from_queued_to_done() {
    let site = Site::embedded();
    let added = site.json(&BLOCKS);
    let id = added[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(added[0]["queued"], true);
    assert_eq!(site.json(&BLOCKS)[0]["queued"], false);
    let listed = &site.json(&["list"])[0];
    assert_eq!(
        (&listed["id"], &listed["list"]),
        (&added[0]["id"], &"todo".into())
    );
    assert_eq!(
        (&listed["dataset"], &listed["level"]),
        (&"A/b".into(), &1.into())
    );
    let mut broker = site.broker();
    let lease = take(&mut *broker);
    broker.beat(&lease, "Writing: x", 0.5).unwrap();
    let shown = &site.json(&["show", &id[..6]])[0];
    assert_eq!(
        (&shown["list"], &shown["hold"]),
        (&"working".into(), &"leased".into())
    );
    assert_eq!(
        (&shown["progress"], &shown["attempts"]),
        (&"0.50".into(), &1.into())
    );
    let text = site.good(&["show", &id]);
    assert!(text.contains("\nstatus      Writing: x\n"), "{text}");
    let text = site.good(&["list"]);
    assert!(
        text.contains("cache A/b 2020-01-01 2020-01-03 1 1     0.50"),
        "{text}"
    );
    let watching = Command::new(env!("CARGO_BIN_EXE_das2_srv_todo"))
        .arg("-c")
        .arg(site.conf())
        .args(["watch", &id, "--every", "0.01"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let status = "1 of 1".to_owned();
    broker.finish(&lease, &Finish::Done { status }).unwrap();
    let watched = Ran::of(watching.wait_with_output().unwrap());
    assert_eq!(watched.status, 0);
    assert!(
        watched.out.ends_with(&format!("{id} finished 0: 1 of 1\n")),
        "{}",
        watched.out
    );
    let finished = &site.json(&["-d"])[0];
    assert_eq!(
        (&finished["code"], &finished["status"]),
        (&0.into(), &"1 of 1".into())
    );
}

#[test]
fn cancel_retry_purge() {
    let site = Site::embedded();
    let id = site.json(&BLOCKS)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(site.json(&["cancel", &id])[0]["waiting"], 1);
    site.good(&BLOCKS);
    let mut broker = site.broker();
    let hopeless = Finish::Hopeless {
        reason: "no reader".to_owned(),
    };
    let lease = take(&mut *broker);
    broker.finish(&lease, &hopeless).unwrap();
    let watched = site.run(&["watch", &id]);
    assert_eq!(watched.status, 1);
    assert!(
        watched.out.contains("failed 13: no reader"),
        "{}",
        watched.out
    );
    assert_eq!(site.good(&["retry", &id]), "1 queued again\n");
    assert_eq!(site.json(&["retry", "all"])[0]["queued"], 0);
    let lease = take(&mut *broker);
    broker.finish(&lease, &hopeless).unwrap();
    // Marked as failing; a person may try all the same.
    site.good(&BLOCKS);
    assert_eq!(site.good(&["purge", "todo"]), "1 purged from todo\n");
    assert_eq!(site.json(&["purge", "finished"])[0]["purged"], 2);
}

#[test]
fn no_queue_to_talk_to() {
    let site = Site::new("WORK_QUEUE_CONN = unix:///nowhere/socket", None);
    let ran = site.run(&["-t"]);
    assert_eq!((ran.status, ran.out.as_str()), (21, ""));
    assert!(
        ran.err.contains("/nowhere/socket cannot be reached"),
        "{}",
        ran.err
    );
    let site = Site::new("WORK_QUEUE_BROKER = none", None);
    let ran = site.run(&["list"]);
    assert_eq!(ran.status, 21);
    assert!(ran.err.contains("the work queue is off"), "{}", ran.err);
}

/// The state of a process: S while it sleeps, T while it is stopped.
fn state_of(child: &std::process::Child) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn an_interrupted_wait_for_an_answer_is_no_error() {
    let Some(site) = Site::redis() else {
        return;
    };
    let redis = site.redis.as_ref().unwrap();
    redis.hang(true);
    let mut waiting = Command::new(env!("CARGO_BIN_EXE_das2_srv_todo"));
    waiting.arg("-c").arg(site.conf()).arg("list");
    let waiting = waiting.stdout(std::process::Stdio::piped());
    let child = waiting
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let signal = |signal| rustix::process::kill_process(pid, signal).unwrap();
    until("it waits for Redis", || state_of(&child) == Some('S'));
    // Twice, as the second attempt may be interrupted as well.
    for _ in 0..2 {
        signal(rustix::process::Signal::STOP);
        until("it is stopped", || state_of(&child) == Some('T'));
        signal(rustix::process::Signal::CONT);
        until("it waits again", || state_of(&child) != Some('T'));
    }
    redis.hang(false);
    let ran = Ran::of(child.wait_with_output().unwrap());
    let said = format!("Server definition: {}\n", site.conf().display());
    assert_eq!((ran.status, ran.err), (0, said), "{}", ran.out);
}

#[test]
fn what_lies_outside_of_the_valid_range_is_not_queued() {
    let site = Site::embedded();
    let file = site.folder.path().join("datasets/A/b.dsdf");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = format!("{text}validRange = '2020-01-02T12:26:11 to 2020-02-01'\n");
    std::fs::write(file, text).unwrap();
    let queued = |begin: &str, end: &str| {
        let ran = site.run(&["cache", "A/b", begin, end, "all"]);
        (ran.status, ran.err)
    };
    let (status, said) = queued("2020-01-01", "2020-01-05");
    assert_eq!(status, 0, "{said}");
    assert!(
        said.contains("Trimmed to 2020-01-02T12:26:11 to 2020-01-05T00:00:00: A/b"),
        "{said}"
    );
    let (status, said) = queued("2020-01-03", "2020-01-04");
    assert!(status == 0 && !said.contains("Trimmed"), "{said}");
    for (begin, end) in [("2019-01-01", "2020-01-02"), ("2020-02-01", "2020-03-01")] {
        let (status, said) = queued(begin, end);
        assert_eq!(status, 13, "{said}");
        assert!(said.contains("A/b has no data in this range"), "{said}");
    }
    let listed = site.good(&["list", "todo"]);
    assert!(listed.contains("2020-01-02T12:26:11"), "{listed}");
    assert!(!listed.contains("2020-01-01"), "{listed}");
    assert_eq!(
        site.broker().list(Which::Todo).unwrap().len(),
        1,
        "{listed}"
    );
}
