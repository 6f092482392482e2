//! das2_srv_cache.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use das2_server::cache::Stamp;

use crate::site::*;

pub struct Said {
    pub status: i32,
    pub text: String,
    pub error: String,
}

pub fn command(site: &Site, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"));
    command.arg("-c").arg(site.path("etc/das2server.conf"));
    command.args(words);
    command
}

pub fn tool(site: &Site, words: &[&str]) -> Said {
    let output = command(site, words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        status: output.status.code().unwrap(),
        text: text(output.stdout),
        error: text(output.stderr),
    }
}

pub fn days() -> Site {
    Site::new(
        "cacheLevel_01 = 'intrinsic | daily'\ncacheLevel_02 = '60 s | daily'\n",
        HOURS,
    )
}

#[test]
fn build_status_plan_verify() {
    let site = days();
    let said = tool(&site, &["build", "S", "2020-02-22", "2020-02-26", "--now"]);
    assert_eq!(said.status, 0, "{}{}", said.text, said.error);
    assert!(said.text.contains("8 blocks built"), "{}", said.text);
    assert!(said.text.contains("1 reader runs"), "{}", said.text);
    // Nothing but what is missing, over the valid range.
    site.runs();
    let said = tool(&site, &["build", "S", "--now", "--level", "1"]);
    assert_eq!(said.status, 0, "{}{}", said.text, said.error);
    assert_eq!(
        site.runs(),
        ["2020-02-20 2020-02-22", "2020-02-26 2020-03-05"]
    );
    let said = tool(&site, &["build", "S", "--now", "--level", "1"]);
    assert!(said.text.contains("nothing is missing"), "{}", said.text);

    let said = tool(&site, &["status"]);
    assert_eq!(said.status, 0);
    let lines: Vec<Vec<&str>> = said
        .text
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(
        &lines[1][..6],
        ["S", "1", "intrinsic", "2020-02-20", "2020-03-05", "14"]
    );
    assert_eq!(
        &lines[2][..6],
        ["S", "2", "bin-60s", "2020-02-22", "2020-02-26", "4"]
    );
    let said = tool(&site, &["status", "S", "--json"]);
    let row: serde_json::Value = serde_json::from_str(said.text.lines().next().unwrap()).unwrap();
    assert_eq!(row["blocks"], 14);
    assert_eq!(row["stale"], 0);
    assert_eq!(row["range"][1], "2020-03-05");

    let said = tool(
        &site,
        &["plan", "S", "2020-02-25", "2020-02-27T12:00", "60"],
    );
    assert_eq!(said.status, 0);
    let lines: Vec<&str> = said.text.lines().collect();
    assert!(lines[0].starts_with("level 2, ") && lines[0].ends_with("/S/_noparam/bin-60s"));
    assert!(lines[1].starts_with("cached") && lines[1].ends_with("1 blocks"));
    assert!(lines[2].starts_with("reader") && lines[2].ends_with("2 blocks"));
    let said = tool(
        &site,
        &[
            "plan",
            "S",
            "2020-02-25",
            "2020-02-26",
            "60",
            "--params",
            "x",
        ],
    );
    assert!(said.text.contains("no level serves"), "{}", said.text);

    let said = tool(&site, &["verify"]);
    assert_eq!(
        (said.status, said.text.as_str()),
        (0, "18 blocks, 0 with findings\n")
    );
    site.check_all();
}

#[test]
fn a_plan_says_what_a_request_comes_to() {
    let site = days();
    let plan = |begin, end| -> Vec<String> {
        let said = tool(&site, &["plan", "S", begin, end, "intrinsic"]);
        assert_eq!(said.status, 0, "{}", said.error);
        said.text.lines().skip(1).map(str::to_owned).collect()
    };
    let alone = "the reader runs once, as without a cache";
    let (wide, over) = ("reader  2020-02-20 to 2020-03-05  14 blocks", "2021-01-01");
    assert_eq!(plan("2019-01-01", over), [wide, alone]);
    // Too few to be worth the runs around them, and enough.
    site.build(&[1], "2020-02-21", "2020-02-22");
    let said = plan("2020-02-20", over);
    assert_eq!(said[0], wide);
    assert!(said[1].contains("too few blocks are there"), "{said:?}");
    assert_eq!(
        plan("2020-02-20", "2020-02-24"),
        [
            "reader  2020-02-20 to 2020-02-21  1 blocks",
            "cached  2020-02-21 to 2020-02-22  1 blocks",
            "reader  2020-02-22 to 2020-02-24  2 blocks",
        ]
    );
    let said = tool(&site, &["plan", "S", "2020-03-05", over, "intrinsic"]);
    assert_eq!(
        said.text,
        "there are no data then, by the source's validRange\n"
    );
}

#[test]
fn short_blocks_beside_long_ones_stay_within_the_range() {
    let site = Site::new(LEVELS, HOURS);
    let said = tool(&site, &["build", "S", "2020-02-22", "2020-02-24", "--now"]);
    assert_eq!(said.status, 0, "{}{}", said.text, said.error);
    assert_eq!(site.blocks(1), site.wanted(1, "2020-02-22", "2020-02-24"));
    assert_eq!(site.blocks(2).len(), 48);
    assert_eq!(site.blocks(3).len(), 1);
    assert_eq!(site.runs(), ["2020-02-01T00:00 2020-03-01T00:00"]);
}

#[test]
fn only_times_that_have_data_are_built() {
    let site = days();
    let said = tool(
        &site,
        &[
            "build",
            "S",
            "0001-01-01",
            "2020-02-21",
            "--now",
            "--level",
            "1",
        ],
    );
    assert!(said.text.contains("1 blocks built"), "{}", said.text);
    let said = tool(&site, &["build", "S", "1990-01-01", "2000-01-01"]);
    assert_eq!(said.status, 0);
    assert!(said.text.contains("no data in this range"), "{}", said.text);
}

#[test]
fn a_build_that_is_killed_leaves_whole_blocks_and_the_next_one_sweeps() {
    // A reader that waits in each hour for a line of its own.
    let script = r#"cat header
for h in $(ls hours | awk -v b="$1" -v e="$2" '$0 "" >= b "" && $0 "" < e ""'); do
  cat "hours/$h"; if [ "$h" = 2020-02-22T05:00 ] && [ -e ../wait ]; then echo $$ >../reader.pid; sleep 1000; fi
done"#;
    let site = days();
    site.reader(script);
    // Blocks above what is gathered in memory, so that files are open.
    site.write_hour(
        time("2020-02-22T04:00"),
        &records(time("2020-02-22T04:00")).repeat(40),
    );
    site.write("wait", "");
    let unfinished = |site: &Site| {
        let names = site.files().into_iter().map(|(path, _)| path);
        names
            .filter(|path| path.extension().is_some_and(|e| e == "tmp"))
            .count()
    };
    let mut build = command(&site, &["build", "S", "2020-02-20", "2020-02-26", "--now"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let since = Instant::now();
    while unfinished(&site) == 0 || site.blocks(1).is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    let reader = || fs::read_to_string(site.path("reader.pid")).unwrap_or_default();
    let waits = |what: &str, holds: &dyn Fn() -> bool| {
        while !holds() {
            assert!(since.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::yield_now();
        }
    };
    waits("the reader falls silent", &|| reader().ends_with('\n'));
    build.kill().unwrap();
    build.wait().unwrap();
    let process = format!("/proc/{}", reader().trim());
    waits("the reader is ended", &|| !fs::exists(&process).unwrap());
    assert!(unfinished(&site) > 0);
    for block in site.blocks(1) {
        let bytes = site.bytes(1, &block);
        assert_eq!(Stamp::find(&bytes).unwrap().size, bytes.len() as u64);
    }
    fs::remove_file(site.path("wait")).unwrap();
    let said = tool(&site, &["build", "S", "2020-02-20", "2020-02-26", "--now"]);
    assert_eq!(said.status, 0, "{}", said.text);
    assert_eq!(unfinished(&site), 0);
    assert_eq!(site.blocks(1).len() + site.blocks(2).len(), 12);
    site.check_all();
}

#[test]
fn without_now_it_is_queued() {
    let site = days();
    let conf = fs::read_to_string(site.path("etc/das2server.conf")).unwrap();
    fs::create_dir(site.path("state")).unwrap();
    let state = site.path("state");
    let more = format!(
        "WORK_QUEUE_BROKER = embedded\nSTATE_PATH = {}\n",
        state.display()
    );
    site.write("etc/das2server.conf", &(conf.clone() + &more));
    let said = tool(&site, &["build", "S", "2020-02-22", "2020-02-26"]);
    assert_eq!(said.status, 0, "{}{}", said.text, said.error);
    assert!(said.text.contains("2 tasks queued"), "{}", said.text);
    assert!(site.runs().is_empty());
    site.write(
        "etc/das2server.conf",
        &(conf + "WORK_QUEUE_BROKER = none\n"),
    );
    let said = tool(&site, &["build", "S", "2020-02-22", "2020-02-26"]);
    assert_eq!(said.status, 1);
    assert!(said.error.contains("--now"), "{}", said.error);
}

#[test]
fn very_many_gaps_are_few_tasks() {
    let site = Site::new("cacheLevel_01 = 'intrinsic | hourly'\n", HOURS);
    let conf = fs::read_to_string(site.path("etc/das2server.conf")).unwrap();
    let state = site.path("state");
    fs::create_dir(&state).unwrap();
    let queue = format!(
        "WORK_QUEUE_BROKER = embedded\nSTATE_PATH = {}\n",
        state.display()
    );
    site.write("etc/das2server.conf", &(conf + &queue));
    let range = ["2020-02-20", "2020-02-25"];
    site.build(&[1], range[0], range[1]);
    let blocks = site.blocks(1);
    assert_eq!(blocks.len(), 120);
    for block in blocks.iter().step_by(2) {
        fs::remove_file(site.folder_of(1).file_of(block)).unwrap();
    }
    let said = tool(&site, &["build", "S", range[0], range[1]]);
    assert!(said.text.contains("30 tasks queued"), "{}", said.text);
    // As the workers do with these tasks, it builds what is missing and nothing else.
    let said = tool(&site, &["build", "S", range[0], range[1], "--now"]);
    let built = said.text.matches("blocks built").count();
    assert!(
        built == 1 && said.text.starts_with("60 blocks built"),
        "{}",
        said.text
    );
}

#[test]
fn wrong_words_are_told() {
    let site = days();
    for words in [
        &["build", "S", "2020-02-22"][..],
        &["build", "S", "2020-02-22", "2020-02-21", "--now"],
        &["build", "S", "--level", "7", "--now"],
        &["build", "T", "--now"],
        &["plan", "S", "x", "2020", "0"],
        &["plan", "S", "2020-02-22", "2020-02-23", "x"],
        &["plan", "S", "2020-02-22", "2020-02-23", "nan"],
        &["plan", "S", "2020-02-22", "2020-02-23", "--", "-1"],
        &["status", "T"],
        &["shine"],
        &[],
    ] {
        let said = tool(&site, words);
        assert_eq!(said.status, 2, "{words:?} {}", said.text);
        assert!(!said.error.is_empty());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"));
    let output = command
        .args(["-c", "/no/such/file", "status"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    site.reader("exit 1");
    let said = tool(&site, &["build", "S", "2020-02-22", "2020-02-23", "--now"]);
    assert_eq!(said.status, 1);
    assert!(
        said.text.contains("failed: test_reader: exit status 1"),
        "{}",
        said.text
    );
}
