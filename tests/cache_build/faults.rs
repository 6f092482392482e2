//! Readers that fail, builds that are stopped, caches that cannot be written.

use das2_server::cache::build::{BuildError, Continue, Request, run};
use das2_server::cache::missing_or_stale;
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
fn a_stream_that_is_cut_off_makes_no_block() {
    // Inside the last packet, with exit status 0.
    let script = format!("({HOURS}) >all\nhead -c $(($(wc -c <all) - 5)) all");
    let site = Site::new(LEVELS, &script);
    let report = site.build(&[1], "2020-02-20", "2020-02-21");
    assert_eq!((report.blocks, report.failed_blocks), (0, 1), "{report:?}");
    let reason = &report.failed[0].reason;
    assert!(
        reason.contains("the stream is cut off: it ends inside a packet"),
        "{reason}"
    );
    assert!(reason.starts_with("byte "), "{reason}");
    assert!(site.blocks(1).is_empty());
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
        while !path.exists() && since.elapsed().as_secs() < 60 {
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

/// A file system of this size in the place of the cache, until it is dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// None where this account may not mount.
    fn new(site: &Site, size: &str) -> Option<SmallDisk> {
        let cache = site.path("cache");
        let disk = mount(&["-t", "tmpfs", "-o", size, "tmpfs"], &cache).then_some(SmallDisk(cache));
        if disk.is_none() {
            println!("skipped: only root can make a small disk");
        }
        disk
    }

    fn remount(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], &self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(words: &[&str], place: &std::path::Path) -> bool {
    let mounted = Command::new("mount").args(words).arg(place).output();
    mounted.is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let site = Site::new(LEVELS, HOURS);
    let Some(disk) = SmallDisk::new(&site, "size=400k") else {
        return;
    };
    let report = site.build(&[1], ALL.0, ALL.1);
    let full = matches!(&report.error, Some(BuildError::Write(error))
        if error.kind() == std::io::ErrorKind::StorageFull);
    assert!(full, "{report:?}");
    let blocks = site.blocks(1).len();
    assert!(blocks > 0 && blocks < 14);
    assert_eq!(blocks as u64, report.blocks);
    site.check_all();
    // With room again, what is missing is built.
    disk.remount("size=50m");
    let report = site.build(&[1], ALL.0, ALL.1);
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(site.blocks(1).len(), 14);
    site.check_all();
}

#[test]
fn a_cache_that_may_only_be_read() {
    let site = Site::new(LEVELS, HOURS);
    let Some(disk) = SmallDisk::new(&site, "size=50m") else {
        return;
    };
    site.build(&[1], ALL.0, "2020-02-25");
    let before = site.files();
    disk.remount("ro");
    let report = site.build(&[1, 2], ALL.0, ALL.1);
    assert!(
        matches!(&report.error, Some(BuildError::Write(error))
            if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem),
        "{report:?}"
    );
    assert_eq!(report.blocks, 0);
    assert!(site.files() == before);
    disk.remount("rw");
    assert!(site.build(&[1, 2], ALL.0, ALL.1).is_complete());
    site.check_all();
}

/// What can stand where a block should be, of the block as it was.
type Damage = fn(&std::path::Path, &[u8]);

const DAMAGE: [(&str, Damage); 7] = [
    ("cut short", |file, whole| {
        fs::write(file, &whole[..whole.len() / 2]).unwrap();
    }),
    ("garbage in the middle", |file, whole| {
        let mut bytes = whole.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 300].fill(b'?');
        fs::write(file, bytes).unwrap();
    }),
    ("another format", |file, _| {
        fs::write(file, b"CDF\x01\x02\x03 and more").unwrap();
    }),
    ("a QStream", |file, _| {
        fs::write(file, b"[00]000029<stream dataset_id=\"x\"></stream>").unwrap();
    }),
    ("nothing", |file, _| fs::write(file, "").unwrap()),
    ("a folder", |file, _| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
    }),
    ("a folder with something in it", |file, _| {
        fs::remove_file(file).unwrap();
        fs::create_dir(file).unwrap();
        fs::write(file.join("x"), "x").unwrap();
    }),
];

#[test]
fn whatever_breaks_a_block_is_told_and_mended() {
    let site = Site::new(LEVELS, HOURS);
    site.write(
        "etc/das2server.conf",
        &(site_conf(&site) + "WORK_QUEUE_BROKER = none\n"),
    );
    let report = site.build(&[1], ALL.0, ALL.1);
    assert!(report.is_complete(), "{report:?}");
    let good = site.files();
    let tool = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"));
        command.arg("-c").arg(site.path("etc/das2server.conf"));
        let output = command.args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for (what, damage) in DAMAGE {
        let block = site.blocks(1)[5];
        let file = site.folder_of(1).file_of(&block);
        damage(&file, &fs::read(&file).unwrap());
        let said = tool(&["verify", "S", "--expire"]);
        let name = file.display().to_string();
        assert!(said.contains(&name), "{what}: {said}");
        assert!(
            said.contains("14 blocks, 1 with findings"),
            "{what}: {said}"
        );
        let said = tool(&["build", "S", ALL.0, ALL.1, "--now", "--level", "1"]);
        assert!(said.contains("1 blocks built"), "{what}: {said}");
        let said = tool(&["verify", "S"]);
        assert!(
            said.contains("14 blocks, 0 with findings"),
            "{what}: {said}"
        );
        let _ = fs::remove_file(site.folder_of(1).path().join("expired"));
        let aside = file.with_file_name(format!(
            "{}.aside-1",
            file.file_name().unwrap().to_str().unwrap()
        ));
        let _ = fs::remove_dir_all(aside);
        let files = site.files();
        assert_eq!(files.len(), good.len(), "{what}");
        for ((path, bytes), (_, before)) in files.iter().zip(&good) {
            assert!(
                data_of(bytes) == data_of(before),
                "{what}: {}",
                path.display()
            );
        }
    }
}

fn site_conf(site: &Site) -> String {
    fs::read_to_string(site.path("etc/das2server.conf")).unwrap()
}

#[test]
fn two_builders_of_the_same_blocks() {
    let [site, alone] = [(); 2].map(|()| Site::new(LEVELS, HOURS));
    alone.build(&[1, 2, 3], ALL.0, ALL.1);
    std::thread::scope(|scope| {
        let build = || {
            let report = site.build(&[1, 2, 3], ALL.0, ALL.1);
            assert!(report.is_complete(), "{report:?}");
        };
        for _ in 0..3 {
            scope.spawn(build);
        }
    });
    site.check_all();
    for level in [1, 2, 3] {
        assert_eq!(site.blocks(level), alone.blocks(level));
        for block in alone.blocks(level) {
            assert!(site.bytes(level, &block) == alone.bytes(level, &block));
        }
    }
}

#[test]
fn a_block_with_more_headers_than_can_be_used_fails() {
    let site = Site::new(LEVELS, HOURS);
    let wide = |bytes: usize| {
        let header = |id: u8| {
            let text = packet_header(id);
            let (_, xml) = text.split_at(10);
            let wide = format!("<packet note=\"{}\"", "x".repeat(bytes));
            let xml = xml.replace("<packet", &wide);
            format!("[{id:02}]{:06}{xml}", xml.len())
        };
        header_of_stream() + &(1..=99).map(header).collect::<String>()
    };
    let begin = time("2020-02-20T05:00");
    site.write_hour(
        begin,
        &(1..=99).map(|id| record(id, begin)).collect::<String>(),
    );
    site.write("data/header", &wide(41_000));
    let report = site.build(&[1], "2020-02-20", "2020-02-22");
    // The day after has one packet type.
    assert_eq!((report.blocks, report.failed_blocks), (1, 1), "{report:?}");
    let failed = &report.failed[0];
    assert_eq!(failed.begin, time("2020-02-20"));
    assert!(
        failed.reason.contains("its headers are more than 4 MB"),
        "{failed:?}"
    );
    assert_eq!(site.blocks(1).len(), 1);
    assert_eq!(site.files().len(), 1);
    // What is within is used as it was built.
    site.write("data/header", &wide(30_000));
    let report = site.build(&[1], "2020-02-20", "2020-02-21");
    assert!(report.is_complete(), "{report:?}");
    let (definition, config) = (site.definition(), site.config());
    let now = das2_server::time::Time::now();
    let (begin, end) = (time("2020-02-20"), time("2020-02-22"));
    let wanted = missing_or_stale(&definition, &config, &site.level(1), begin, end, now);
    assert_eq!(wanted, []);
}
