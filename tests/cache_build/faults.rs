//! Readers that fail, builds that are stopped, caches that cannot be written.

use das2_server::cache::build::{BuildError, Continue, Request, run};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::site::*;

const ALL: (&str, &str) = ("2020-02-20", "2020-03-05");

/// The reader of hours, that fails when it comes to one of them.
fn failing_at(hour: &str) -> String {
    format!(
        r#"cat header
for h in $(ls hours | awk -v b="$1" -v e="$2" '$0 "" >= b "" && $0 "" < e ""'); do
  if [ "$h" = {hour} ]; then echo "cannot read $h" >&2; exit 3; fi
  cat "hours/$h"
done"#
    )
}

#[test]
fn a_reader_that_fails_half_way_loses_one_block() {
    let site = Site::new(LEVELS, &failing_at("2020-02-27T07:00"));
    let report = site.build(&[1, 2], ALL.0, ALL.1);
    assert_eq!(report.blocks, 13 + 14 * 24 - 1, "{report:?}");
    assert_eq!(report.failed_blocks, 2);
    let failed: Vec<_> = report
        .failed
        .iter()
        .map(|f| (f.level, f.begin, f.end))
        .collect();
    assert!(failed.contains(&(1, time("2020-02-27"), time("2020-02-28"))));
    assert!(failed.contains(&(2, time("2020-02-27T07:00"), time("2020-02-27T08:00"))));
    for failed in &report.failed {
        assert!(
            failed.reason.contains("cannot read 2020-02-27T07:00"),
            "{failed:?}"
        );
        assert!(failed.reason.contains("exit status 3"), "{failed:?}");
    }
    assert!(report.runs < 40, "{}", report.runs);
    site.check_all();
    // What there is is what an undisturbed build makes.
    let good = Site::new(LEVELS, HOURS);
    good.build(&[1, 2], ALL.0, ALL.1);
    for level in [1, 2] {
        for block in site.blocks(level) {
            assert!(site.bytes(level, &block) == good.bytes(level, &block));
        }
    }
}

#[test]
fn a_reader_that_can_only_do_a_little_at_a_time_succeeds() {
    let script = format!(
        r#"n=$(ls hours | awk -v b="$1" -v e="$2" '$0 "" >= b "" && $0 "" < e ""' | wc -l)
if [ $n -gt 60 ]; then echo too much >&2; exit 1; fi
{HOURS}"#
    );
    let site = Site::new(LEVELS, &script);
    let report = site.build(&[1, 2], ALL.0, ALL.1);
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.blocks, 14 + 14 * 24);
    site.check_all();
}

#[test]
fn a_reader_that_never_works_is_not_run_for_every_block() {
    for script in [
        "exit 1",
        "echo no stream",
        "cat header; printf :01:",
        "kill -9 $$",
    ] {
        let site = Site::new(LEVELS, script);
        let report = site.build(&[2], ALL.0, ALL.1);
        assert_eq!(report.blocks, 0);
        assert_eq!(report.failed_blocks, 14 * 24, "{script}");
        assert!(report.runs < 40, "{script}: {}", report.runs);
        assert!(site.files().is_empty());
    }
    let site = Site::new(LEVELS, "");
    fs::remove_file(site.path("bin/test_reader")).unwrap();
    let report = site.build(&[2], ALL.0, ALL.1);
    assert!(
        matches!(report.error, Some(BuildError::Start(_))),
        "{report:?}"
    );
}

#[test]
fn an_exception_in_the_stream_is_a_failure() {
    let exception = "<exception type=\"ServerError\" message=\"disk gone\" />\n";
    let script = format!(
        "{HOURS}\nprintf '%s' '[xx]{:06}{exception}'",
        exception.len()
    );
    let site = Site::new(LEVELS, &script);
    let report = site.build(&[1], "2020-02-20", "2020-02-22");
    assert_eq!(report.failed_blocks, 2);
    assert!(report.failed[0].reason.contains("disk gone"), "{report:?}");
    site.check_all();
}

#[test]
fn a_build_that_is_stopped_leaves_whole_blocks_only() {
    let site = Site::new(LEVELS, HOURS);
    for after in [1, 2, 30, 200] {
        let report = site.build_while(&[1, 2, 3], ALL.0, ALL.1, &mut |progress| match progress
            .blocks
            >= after
        {
            true => Continue::Stop,
            false => Continue::Yes,
        });
        assert!(report.stopped && !report.is_complete());
        assert_eq!(report.failed_blocks, 0);
        site.check_all();
    }
}

#[test]
fn a_silent_reader_can_be_stopped() {
    let pid = "silent_pid";
    let site = Site::new(
        LEVELS,
        &format!("echo $$ > ../{pid}.new; mv ../{pid}.new ../{pid}; exec sleep 1000"),
    );
    let stop = Arc::new(AtomicBool::new(false));
    let path = site.path(pid);
    let flag = Arc::clone(&stop);
    let watcher = std::thread::spawn(move || {
        let since = std::time::Instant::now();
        while !path.exists() && since.elapsed().as_secs() < 20 {
            std::thread::yield_now();
        }
        flag.store(true, Ordering::Relaxed);
        fs::read_to_string(path).unwrap()
    });
    let (definition, config) = (site.definition(), site.config());
    let request = Request {
        definition: &definition,
        config: &config,
        levels: vec![site.level(1)],
        begin: time(ALL.0),
        end: time(ALL.1),
        now: site.now,
        stop: Some(stop),
    };
    let report = run(&request, &mut |_| Continue::Yes);
    assert!(report.stopped, "{report:?}");
    let pid = watcher.join().unwrap();
    assert!(!fs::exists(format!("/proc/{}", pid.trim())).unwrap());
    assert!(site.files().is_empty());
}

#[test]
fn a_cache_that_cannot_be_written_is_told() {
    let site = Site::new(LEVELS, HOURS);
    // A file where a folder has to be: not even root can write there.
    site.write("cache/data", "");
    let report = site.build(&[1, 2], ALL.0, ALL.1);
    assert!(
        matches!(report.error, Some(BuildError::Write(_))),
        "{report:?}"
    );
    assert_eq!(report.blocks, 0);
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let site = Site::new(LEVELS, HOURS);
    let cache = site.path("cache");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=400k", "tmpfs"])
        .arg(&cache)
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        return; // Only root can make a small disk.
    }
    let report = site.build(&[1], ALL.0, ALL.1);
    let full = matches!(&report.error, Some(BuildError::Write(error))
        if error.kind() == std::io::ErrorKind::StorageFull);
    let blocks = site.blocks(1).len();
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| site.check_all()));
    let _ = Command::new("umount").arg(&cache).status();
    assert!(full, "{report:?}");
    assert!(blocks > 0 && blocks < 14);
    assert_eq!(blocks as u64, report.blocks);
    checked.unwrap();
}
