//! What becomes of tasks.

use das2_server::queue::{LevelChoice, Requester, Task, Which, Work};

use crate::keeper::until;
use crate::site::{Site, day};

pub fn once_through_the_queue(site: Site) {
    site.queue(&[day("S", 20), day("S", 21)]);
    let status = site.worker(&["--once", "-n", "2"]).end();
    assert_eq!(status.code(), Some(0));
    assert_eq!(site.missing("S", "2020-02-20", "2020-02-22"), 0);
    assert_eq!((site.blocks("S", 1), site.blocks("S", 2)), (48, 2));
    let well = "Successfully processed 25 of 25 cache blocks".to_owned();
    assert_eq!(site.ended(Which::Finished), [(well.clone(), 0), (well, 0)]);
    // One run of the reader for all levels of a task.
    assert_eq!(site.read("runs").lines().count(), 2);
    site.nothing_unfinished();
    // Nothing to do is no failure.
    assert_eq!(site.worker(&["--once"]).end().code(), Some(0));
}

pub fn what_is_there_is_not_built_again(site: Site) {
    site.queue(&[day("S", 20)]);
    assert!(site.worker(&["--once"]).end().success());
    let built = site.read("runs");
    let wide = Work::cache("S", "2020-02-20", "2020-02-22", LevelChoice::All).unwrap();
    site.queue(&[day("S", 20), Requester::tool("test").task(wide)]);
    assert!(site.worker(&["--once"]).end().success());
    let again = site.read("runs");
    assert_eq!(again.strip_prefix(&built).unwrap().lines().count(), 1);
    assert!(
        again.ends_with("2020-02-21T00:00 2020-02-22T00:00\n"),
        "{again}"
    );
    let ended = site.ended(Which::Finished);
    assert!(
        ended.contains(&("All blocks are there".to_owned(), 0)),
        "{ended:?}"
    );
}

pub fn a_failing_reader_parks_its_task(site: Site) {
    site.queue(&[day("Bad", 20), day("S", 20)]);
    assert_eq!(site.worker(&["--once"]).end().code(), Some(3));
    let failed = site.ended(Which::Failed);
    let [(reason, 13)] = failed.as_slice() else {
        panic!("{failed:?}");
    };
    assert!(reason.contains("0 of 25 cache blocks"), "{reason}");
    assert!(reason.contains("the disk is gone"), "{reason}");
    assert!(site.ended(Which::Finished).contains(&failed[0]));
    assert!(site.logged("attempt 3 of 3"));
    // The other one was not held up for good.
    assert_eq!(site.missing("S", "2020-02-20", "2020-02-21"), 0);
    site.nothing_unfinished();
}

pub fn what_cannot_be_done_is_parked_at_once(site: Site) {
    let task = |name: &str, begin: &str, level| Task {
        work: Work::Cache {
            dataset: name.to_owned(),
            begin: begin.to_owned(),
            end: "2020-02-21".to_owned(),
            level,
        },
        ..day("S", 20)
    };
    let other = Work::Other {
        category: "TASK_TEA".to_owned(),
        arguments: vec!["milk".to_owned()],
    };
    let info = Work::Other {
        category: "HAPI_INFO_CACHE".to_owned(),
        arguments: vec!["A".to_owned(), "b".to_owned()],
    };
    site.queue(&[
        task("Missing", "2020-02-20", LevelChoice::All),
        task("S", "yesterday", LevelChoice::All),
        task("S", "2020-02-20", LevelChoice::Number(9)),
        task("../etc", "2020-02-20", LevelChoice::All),
        task("S", "2021-02-20", LevelChoice::All),
        Requester::tool("test").task(other),
        Requester::tool("test").task(info),
    ]);
    assert_eq!(site.worker(&["--once"]).end().code(), Some(3));
    // That is none here, and no failure.
    let dropped = "Dropped: this server keeps no cache of HAPI info";
    assert!(
        site.logged(&format!("HAPI_INFO_CACHE|A|b: {dropped}")),
        "{}",
        site.read("worker.log")
    );
    assert!(
        site.ended(Which::Finished)
            .contains(&(dropped.to_owned(), 0))
    );
    let failed = site.ended(Which::Failed);
    for reason in [
        "Missing",
        "yesterday",
        "cacheLevel 9",
        "../etc",
        "2021-02-20",
        "TASK_TEA",
    ] {
        let told = |(status, code): &&(String, i32)| status.contains(reason) && *code == 13;
        assert_eq!(
            failed.iter().filter(told).count(),
            1,
            "{reason}: {failed:?}"
        );
    }
    assert_eq!(failed.len(), 6, "{failed:?}");
    assert_eq!(site.list(Which::Todo).len(), 0);
    assert!(!site.logged("attempt 2"));
}

pub fn a_definition_edited_while_its_blocks_are_built(site: Site) {
    site.queue(&[day("Held", 20)]);
    let worker = site.worker(&[]);
    site.reader();
    let dsdf = site.read("sets/Held.dsdf");
    let edited = dsdf.replace("'Held_reader'", "'Held_reader '");
    assert_ne!(dsdf, edited);
    site.write("sets/Held.dsdf", &edited);
    site.write("go", "");
    until("it is done", || site.list(Which::Finished).len() == 1);
    // What was begun under the old definition is not taken for the new one's.
    assert_eq!(site.blocks("Held", 1), 24);
    assert_eq!(site.missing("Held", "2020-02-20", "2020-02-21"), 2);
    site.queue(&[day("Held", 20)]);
    until("it is done again", || site.list(Which::Finished).len() == 2);
    assert_eq!(site.missing("Held", "2020-02-20", "2020-02-21"), 0);
    assert_eq!(site.ended(Which::Finished)[0].1, 0);
    drop(worker);
    site.nothing_unfinished();
}

fn cache_tool(site: &Site, words: &[&str]) -> (i32, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"));
    command.arg("-c").arg(site.path("etc/das2server.conf"));
    let output = command.args(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn what_was_given_up_is_in_the_caches_status() {
    let Some(mut site) = Site::with_redis() else {
        return;
    };
    site.configure("TASK_ATTEMPTS = 1");
    site.queue(&[day("Bad", 20), day("S", 21)]);
    assert_eq!(site.worker(&["--once"]).end().code(), Some(3));
    let (code, text) = cache_tool(&site, &["status"]);
    assert_eq!(code, 1, "{text}");
    let line = text.lines().find(|line| line.starts_with("failed: Bad"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("2020-02-20 to 2020-02-21"), "{text}");
    assert!(line.contains("the disk is gone"), "{text}");
    assert!(!text.contains("failed: S"), "{text}");
    let (_, text) = cache_tool(&site, &["status", "Bad", "--json"]);
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&rows[0]["failed"], &rows[1]["failed"]),
        (&24.into(), &1.into())
    );
    assert_eq!(rows[0]["failures"][0]["blocks"], 24);
    // Whoever builds it: then it has not failed any more.
    site.source("Bad", "exec \"$(dirname \"$0\")/S_reader\" \"$@\"");
    let build = ["build", "Bad", "2020-02-20", "2020-02-21", "--now"];
    assert_eq!(cache_tool(&site, &build).0, 0);
    let (code, text) = cache_tool(&site, &["status"]);
    assert!(code == 0 && !text.contains("failed: "), "{text}");
    // A queue that is away is told.
    site.redis.as_mut().unwrap().kill();
    let (code, text) = cache_tool(&site, &["status"]);
    assert!(
        code == 0 && text.contains("what has failed is not known"),
        "{text}"
    );
}

#[test]
fn a_task_in_the_words_of_das2_pyserver() {
    let Some(site) = Site::with_redis() else {
        return;
    };
    let redis = site.redis.as_ref().unwrap();
    let text = "2026-11-24T16:04:24.233|das2_srv_todo|host1|||root|TASK_CACHE|S|2020-02-20T12|2020-02-20T14|1";
    let _: i64 = redis.ask(&["LPUSH", "das2_todo", text]);
    let odd = "2026-11-24T16:04:24.233|das2_srv_todo|host1|||root|TASK_CACHE|S|2020-02-20";
    let _: i64 = redis.ask(&["LPUSH", "das2_todo", odd, "no task at all"]);
    let worker = site.worker(&[]);
    let mut ended: Vec<String> = Vec::new();
    until("it is worked", || {
        ended = redis.ask(&["LRANGE", "das2_finished", "0", "-1"]);
        ended.iter().any(|entry| entry.starts_with(text))
    });
    let entry = ended.iter().find(|entry| entry.starts_with(text)).unwrap();
    let fields: Vec<&str> = entry.split('|').collect();
    assert_eq!(fields.len(), 15, "{entry}");
    assert_eq!(fields[12], "Successfully processed 2 of 2 cache blocks");
    assert_eq!(fields[14], "0");
    assert_eq!((site.blocks("S", 1), site.blocks("S", 2)), (2, 0));
    // What is no task does not go away without a trace, and holds nobody up.
    for odd in [odd, "no task at all"] {
        until("it is parked", || {
            let kept: Vec<String> = redis.ask(&["LRANGE", "das2-queue:failed", "0", "-1"]);
            let shown = format!("|INVALID|{}|", odd.replace('|', " "));
            kept.iter().any(|entry| entry.contains(&shown))
        });
    }
    drop(worker);
}

#[test]
fn redis_killed_while_a_task_is_worked() {
    let Some(mut site) = Site::with_redis() else {
        return;
    };
    site.queue(&[day("Held", 20)]);
    let _worker = site.worker(&[]);
    site.reader();
    site.redis.as_mut().unwrap().kill();
    until("it is noticed", || site.logged("cannot be reached"));
    site.write("go", "");
    until("the blocks are there", || {
        site.missing("Held", "2020-02-20", "2020-02-21") == 0
    });
    site.redis.as_mut().unwrap().restart();
    until("it is told", || site.list(Which::Finished).len() == 1);
    // And the worker works on.
    site.queue(&[day("S", 21)]);
    until("it works on", || site.list(Which::Finished).len() == 2);
}

pub fn two_at_the_same_blocks(site: Site) {
    let task = |begin: &str, end: &str| {
        let work = Work::cache("S", begin, end, LevelChoice::All).unwrap();
        Requester::tool("test").task(work)
    };
    // To the queue they have nothing in common, but both want the block of the second day.
    site.queue(&[
        task("2020-02-20", "2020-02-21T12:00"),
        task("2020-02-21T12:00", "2020-02-24"),
    ]);
    assert!(site.worker(&["--once", "-n", "2"]).end().success());
    let files = site.files();
    assert_eq!(files.len(), 4 * 25);
    site.nothing_unfinished();
    // One alone makes the same.
    std::fs::remove_dir_all(site.path("cache/data")).unwrap();
    site.queue(&[task("2020-02-20", "2020-02-24")]);
    assert!(site.worker(&["--once"]).end().success());
    assert!(files == site.files());
}

pub fn a_long_block_does_not_bring_all_short_ones(site: Site) {
    let dsdf = site.read("sets/S.dsdf");
    site.write("sets/S.dsdf", &dsdf.replace("daily", "yearly"));
    let work = Work::cache("S", "2020-02-20", "2020-02-21", LevelChoice::All).unwrap();
    site.queue(&[Requester::tool("test").task(work)]);
    assert!(site.worker(&["--once"]).end().success());
    assert_eq!((site.blocks("S", 1), site.blocks("S", 2)), (24, 1));
}

pub fn what_lies_outside_of_the_valid_range_is_not_built(site: Site) {
    let task = |begin: &str, end: &str| {
        let work = Work::cache("S", begin, end, LevelChoice::All).unwrap();
        Requester::tool("test").task(work)
    };
    site.queue(&[
        task("2020-02-18", "2020-02-21"),
        task("2020-02-23T12:00", "2020-02-26"),
    ]);
    site.queue(&[task("2020-03-01", "2020-03-03")]);
    assert!(site.worker(&["--once"]).end().success());
    let mut ended = site.ended(Which::Finished);
    ended.sort();
    let ended: Vec<&str> = ended.iter().map(|(told, _)| told.as_str()).collect();
    let nothing = "Nothing to do: S has no data then, by its validRange";
    let some = |count: u32| {
        format!("Successfully processed {count} of {count} cache blocks; trimmed to the validRange")
    };
    // Half a day has twelve hours and is part of one day.
    assert_eq!(ended, [nothing, &some(13), &some(25)]);
    let runs = site.read("runs");
    assert_eq!(
        runs.lines().collect::<Vec<_>>(),
        [
            "2020-02-20T00:00 2020-02-21T00:00",
            "2020-02-23T00:00 2020-02-24T00:00"
        ]
    );
}
