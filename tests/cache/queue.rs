//! What a request missed is left for the workers.

use das2_server::config::Config;
use das2_server::queue::{Which, connect};

use crate::minute::Minutes;
use crate::site::Site;

/// Newest first.
pub fn waiting(m: &Minutes) -> Vec<String> {
    waiting_at(&m.site)
}

pub fn waiting_at(site: &Site) -> Vec<String> {
    let config = Config::load(&site.path("das2server.conf")).unwrap();
    let mut broker = connect(&config).unwrap();
    let listed = broker.list(Which::Todo).unwrap();
    listed
        .iter()
        .map(|listed| {
            listed
                .entry
                .as_ref()
                .unwrap()
                .task
                .work
                .arguments()
                .join(" ")
        })
        .collect()
}

pub fn with_queue(levels: &str) -> Minutes {
    let m = Minutes::with(levels, "WORK_QUEUE_BROKER = embedded\nSTATE_PATH = state");
    std::fs::create_dir(m.site.path("state")).unwrap();
    m
}

#[test]
fn gaps_are_queued_once_in_whole_blocks() {
    let m = with_queue("cacheLevel_00 = 'intrinsic | daily'");
    m.fill_days(1..7);
    for day in [2, 3, 5] {
        let file = m.block(&format!("intrinsic/2017/01/2017-01-{day:02}_intrinsic.d2s"));
        std::fs::remove_file(file).unwrap();
    }
    for _ in 0..3 {
        m.records("2017-01-01", "2017-01-05T06:00", "");
    }
    assert_eq!(
        waiting(&m),
        ["M 2017-01-05 2017-01-06 0", "M 2017-01-02 2017-01-04 0"]
    );
}

#[test]
fn very_many_gaps_are_few_tasks() {
    let m = with_queue("cacheLevel_00 = 'intrinsic | hourly'");
    let hours: Vec<String> = (0..=180)
        .map(|hour| format!("2017-01-{:02}T{:02}", 1 + hour / 24, hour % 24))
        .collect();
    // Every third is missing.
    let there = hours.windows(2).enumerate().filter(|(at, _)| at % 3 > 0);
    for (_, pair) in there {
        let times = [0, 1].map(|n| format!("{}:00", pair[n]));
        let answer = m.get(&times[0], &times[1], "&params=uncached");
        let day = &pair[0][8..10];
        let file = m.block(&format!(
            "intrinsic/2017/01/{day}/{}_intrinsic.d2s",
            pair[0]
        ));
        std::fs::write(file, answer.body).unwrap();
    }
    m.runs();
    let records = m.records("2017-01-01", "2017-01-08T12:00", "");
    assert_eq!(records.len(), 180 * 6);
    assert_eq!(m.runs().len(), 60);
    let mut tasks = waiting(&m);
    tasks.sort();
    // Two gaps each, and none is left out.
    assert_eq!(tasks.len(), 30);
    assert_eq!(tasks[0], "M 2017-01-01T00:00 2017-01-01T04:00 0");
    assert_eq!(tasks[29], "M 2017-01-08T06:00 2017-01-08T10:00 0");
}

#[test]
fn a_whole_miss_is_queued_and_what_cannot_be_built_is_not() {
    let m = with_queue("cacheLevel_03 = '60 s | hourly'");
    m.records("2017-01-01T01:30", "2017-01-01T03:10", "&resolution=60");
    assert_eq!(waiting(&m), ["M 2017-01-01T01:00 2017-01-01T04:00 3"]);
    // No level serves it; nobody asked for data; times to come; everything.
    m.records("2017-01-01T01:30", "2017-01-01T03:10", "&resolution=30");
    m.get("2017-01-01T10:00", "2017-01-01T12:00", "&resolution=x");
    m.get("2199-01-01T10:00", "2199-01-01T12:00", "&resolution=60");
    m.get("1700-01-01", "2017-01-01", "&resolution=60");
    assert_eq!(waiting(&m).len(), 1);
}

#[test]
fn without_a_queue_nothing_is_queued_and_everything_is_served() {
    let m = Minutes::with(
        "cacheLevel_00 = 'intrinsic | daily'",
        "WORK_QUEUE_CONN = 127.0.0.1:1:0",
    );
    assert_eq!(m.records("2017-01-01", "2017-01-02", "").len(), 144);
    let log = m.site.log();
    assert_eq!(log.matches("not queued").count(), 1, "{log}");
}
