//! das2_srv_cache.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use das2_server::cache::{Form, Stamp};

use crate::site::*;

struct Said {
    status: i32,
    text: String,
    error: String,
}

fn command(site: &Site, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"));
    command.arg("-c").arg(site.path("etc/das2server.conf"));
    command.args(words);
    command
}

fn tool(site: &Site, words: &[&str]) -> Said {
    let output = command(site, words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        status: output.status.code().unwrap(),
        text: text(output.stdout),
        error: text(output.stderr),
    }
}

fn days() -> Site {
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
fn verify_names_what_is_wrong() {
    let site = days();
    site.build(&[1], "2020-02-20", "2020-02-26");
    let file = |day| {
        site.folder_of(1)
            .file_of(&site.wanted(1, day, "2020-03-01")[0])
    };
    let bytes = fs::read(file("2020-02-20")).unwrap();
    fs::write(file("2020-02-20"), &bytes[..bytes.len() - 5]).unwrap();
    // Data of another day; two records that changed places.
    fs::copy(file("2020-02-22"), file("2020-02-21")).unwrap();
    let mut swapped = fs::read(file("2020-02-22")).unwrap();
    let end = swapped.len();
    let length = record(1, time("2020-02-22")).len();
    let last = swapped.split_off(end - length);
    let before = swapped.split_off(end - 2 * length);
    swapped.extend([last, before].concat());
    fs::write(file("2020-02-22"), swapped).unwrap();
    let said = tool(&site, &["verify", "S"]);
    assert_eq!(said.status, 1);
    let of = |day: &str| -> Vec<&str> {
        said.text
            .lines()
            .filter(|line| line.contains(&format!("/{day}_")))
            .collect()
    };
    assert!(of("2020-02-20")[0].contains("not as long"), "{}", said.text);
    assert!(
        of("2020-02-21")[1].contains("2160 records lie outside"),
        "{}",
        said.text
    );
    assert!(
        of("2020-02-22")[0].contains("1 records are not in order"),
        "{}",
        said.text
    );
    assert!(of("2020-02-21")[0].contains("the block of another time"));
    assert!(of("2020-02-23").is_empty());
    assert!(
        said.text.ends_with("6 blocks, 3 with findings\n"),
        "{}",
        said.text
    );
    // They are mended once they are declared out of date.
    assert_eq!(tool(&site, &["verify", "S", "--expire"]).status, 1);
    let plan = tool(
        &site,
        &["plan", "S", "2020-02-20", "2020-02-24", "intrinsic"],
    );
    let lines: Vec<&str> = plan.text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "broken  2020-02-20 to 2020-02-21  1 blocks",
            "stale   2020-02-21 to 2020-02-23  2 blocks",
            "cached  2020-02-23 to 2020-02-24  1 blocks",
        ]
    );
    tool(
        &site,
        &[
            "build",
            "S",
            "2020-02-20",
            "2020-02-26",
            "--now",
            "--level",
            "1",
        ],
    );
    let said = tool(&site, &["verify", "S"]);
    assert_eq!(said.text, "6 blocks, 0 with findings\n");
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
fn folders_on_another_disk_count() {
    let site = days();
    site.build(&[1], "2020-02-20", "2020-02-25");
    let (place, elsewhere) = (site.path("cache/data/S"), site.path("elsewhere"));
    fs::rename(&place, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &place).unwrap();
    // The same once more, and the way back.
    std::os::unix::fs::symlink(&elsewhere, site.path("cache/data/T")).unwrap();
    std::os::unix::fs::symlink("..", elsewhere.join("up")).unwrap();
    std::os::unix::fs::symlink(".", elsewhere.join("here")).unwrap();
    let said = tool(&site, &["prune", "--max-size", "0"]);
    assert!(said.text.contains("\n5 blocks, "), "{}", said.text);
    assert!(tool(&site, &["status", "S"]).text.contains(" 5 "));
}

#[test]
fn folders_that_cannot_be_read_are_told() {
    let site = days();
    site.build(&[1], "2020-02-20", "2020-02-22");
    // Not even root reads a chain of links that has no end.
    let folder = site.path("cache/data/S/_noparam/intrinsic/2020/03");
    std::os::unix::fs::symlink("03", folder).unwrap();
    // Nor makes anybody blocks below a file.
    fs::write(site.path("cache/data/S/_noparam/intrinsic/2020/04"), "").unwrap();
    for words in [&["status", "S"][..], &["verify", "S"]] {
        let said = tool(&site, words);
        assert_eq!(said.status, 1, "{}", said.text);
        assert!(said.text.contains("intrinsic/2020/03: "), "{}", said.text);
        assert!(said.text.contains("intrinsic/2020/04: "), "{}", said.text);
    }
    let said = tool(&site, &["status", "--json"]);
    assert_eq!(said.status, 1, "{}", said.text);
    let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let rows: Vec<serde_json::Value> = said.text.lines().map(parse).collect();
    let unreadable = |row: &serde_json::Value| match row["unreadable"].as_array() {
        Some(all) => all.iter().map(ToString::to_string).collect::<String>(),
        None => String::new(),
    };
    let first = rows.iter().find(|row| row["level"] == 1).unwrap();
    assert!(
        unreadable(first).contains("intrinsic/2020/03: "),
        "{}",
        said.text
    );
    assert_eq!(
        (&first["source"], &first["blocks"]),
        (&"S".into(), &2.into())
    );
    let others = rows.iter().filter(|row| *row != first);
    assert_eq!(
        others.map(unreadable).collect::<String>(),
        "",
        "{}",
        said.text
    );
    // So is a source that cannot be read.
    fs::write(site.path("sets/Wrong.dsdf"), "").unwrap();
    let said = tool(&site, &["status", "Wrong", "--json"]);
    assert_eq!(said.status, 1, "{}", said.text);
    let error = parse(said.text.trim());
    assert!(
        error["error"].as_str().unwrap().contains("Wrong.dsdf"),
        "{}",
        said.text
    );
}

#[test]
fn status_says_which_levels_make_no_sense() {
    let site = days();
    let dsdf = |name: &str, lines: &str| {
        let text = format!("reader = 'x'\ndas2Stream = 1\n{lines}\n");
        fs::write(site.path(&format!("sets/{name}.dsdf")), text).unwrap();
    };
    // What does not bin, nothing that reduces, no levels at all; one is left as it should be.
    dsdf(
        "Psd",
        "reducer = 'das2_psd 64 2'\ncacheLevel_01 = 'intrinsic | daily'\ncacheLevel_02 = '60 s | daily'",
    );
    dsdf(
        "Not",
        "reducer = not_reducible\ncacheLevel_01 = '60 s | daily'",
    );
    dsdf(
        "Odd",
        "cacheLevel_01 = '1 minute | daily'\ncacheLevel_02 = '60 s | weekly'",
    );
    dsdf("None", "");
    for (name, told) in [
        ("Psd", vec!["bin-60s", "cannot be built: das2_psd 64 2: "]),
        (
            "Not",
            vec!["cannot be built: nothing reduces the data of this source"],
        ),
        (
            "Odd",
            vec![
                "cacheLevel_01 = 1 minute | daily is no cache level",
                "cacheLevel_02 = 60 s | weekly",
            ],
        ),
    ] {
        for words in [&["status", name][..], &["status"]] {
            let said = tool(&site, words);
            assert_eq!(said.status, 1, "{}{}", said.text, said.error);
            let lines = said.text.lines();
            match name {
                "Odd" => {
                    for told in &told {
                        assert!(said.text.contains(told), "{}", said.text);
                    }
                }
                // On the one line of that level.
                _ => {
                    let of_level = |line: &&str| told.iter().all(|told| line.contains(told));
                    let found = lines.filter(of_level).count();
                    assert_eq!(found, 1, "{}", said.text);
                }
            }
        }
        let said = tool(&site, &["status", name, "--json"]);
        assert_eq!(said.status, 1);
        let rows = said
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let rows: Vec<serde_json::Value> = rows.collect();
        let has = |key: &str| rows.iter().filter(|row| row[key].is_string()).count();
        match name {
            "Odd" => assert_eq!(has("error"), 2, "{}", said.text),
            _ => assert_eq!(has("off"), 1, "{}", said.text),
        }
    }
    let said = tool(&site, &["status", "S"]);
    assert_eq!(
        (said.status, said.text.contains("cannot be built")),
        (0, false)
    );
    let all = tool(&site, &["status"]).text;
    assert!(!all.contains("None"), "{all}");
}

#[test]
fn nothing_that_stands_in_a_blocks_place_is_waited_for() {
    let site = days();
    site.build(&[1], "2020-02-20", "2020-02-21");
    let file = |day| {
        site.folder_of(1)
            .file_of(&site.wanted(1, day, "2020-03-01")[0])
    };
    let made = Command::new("mkfifo").arg(file("2020-02-21")).status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", file("2020-02-22")).unwrap();
    std::os::unix::fs::symlink("nowhere", file("2020-02-23")).unwrap();
    for words in [
        &["status", "S"][..],
        &["verify", "S"],
        &["import", "S"],
        &["prune", "--max-size", "0"],
    ] {
        let mut child = command(&site, words).stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
                panic!("{words:?} waits");
            }
            std::thread::yield_now();
        }
    }
    let said = tool(
        &site,
        &[
            "build",
            "S",
            "2020-02-20",
            "2020-02-24",
            "--now",
            "--level",
            "1",
        ],
    );
    assert_eq!(said.status, 0, "{}{}", said.text, said.error);
    assert_eq!(tool(&site, &["verify", "S"]).status, 0);
}

#[test]
fn expire_makes_blocks_wanted_again() {
    let site = days();
    site.build(&[1, 2], "2020-02-20", "2020-02-26");
    let said = tool(&site, &["expire", "S", "2020-02-21", "2020-02-22T01:00"]);
    assert_eq!(said.status, 0, "{}", said.error);
    assert!(
        said.text.contains("level 1 (intrinsic): 2 blocks"),
        "{}",
        said.text
    );
    let said = tool(&site, &["status", "S"]);
    assert!(
        said.text.lines().nth(1).unwrap().contains("  2, 0, "),
        "{}",
        said.text
    );
    site.runs();
    let said = tool(&site, &["build", "S", "2020-02-20", "2020-02-26", "--now"]);
    assert!(said.text.contains("4 blocks built"), "{}", said.text);
    assert_eq!(site.runs(), ["2020-02-21 2020-02-23"]);
    assert_eq!(tool(&site, &["verify"]).status, 0);
}

#[test]
fn prune_only_tells_without_yes() {
    let site = days();
    site.build(&[1], "2020-02-20", "2020-03-05");
    let sizes: u64 = site
        .files()
        .iter()
        .map(|(_, bytes)| bytes.len() as u64)
        .sum();
    // The later the day, the longer ago it was written.
    for (n, block) in site.blocks(1).iter().enumerate() {
        let file = fs::File::options()
            .write(true)
            .open(site.folder_of(1).file_of(block))
            .unwrap();
        let ago = Duration::from_secs(86_400 * n as u64 + 60);
        file.set_modified(SystemTime::now() - ago).unwrap();
    }
    let said = tool(&site, &["prune", "--older-than", "10 days"]);
    assert_eq!(said.status, 0, "{}", said.error);
    assert!(
        said.text.contains("2020-03-01_intrinsic.d2s"),
        "{}",
        said.text
    );
    assert!(
        said.text.contains("4 blocks") && said.text.contains("--yes"),
        "{}",
        said.text
    );
    assert_eq!(site.blocks(1).len(), 14);
    tool(&site, &["prune", "--older-than", "10 days", "--yes"]);
    assert_eq!(site.blocks(1), site.wanted(1, "2020-02-20", "2020-03-01"));
    assert!(
        !site
            .path("cache/data/S/_noparam/intrinsic/2020/03")
            .exists()
    );
    let half = (sizes / 2).to_string();
    tool(&site, &["prune", "--max-size", &half, "--yes"]);
    let left: u64 = site
        .files()
        .iter()
        .map(|(_, bytes)| bytes.len() as u64)
        .sum();
    assert!(left <= sizes / 2 && left > sizes / 4);
    tool(&site, &["prune", "--source", "S", "--yes"]);
    assert!(site.files().is_empty());
    for wrong in [
        &["prune"][..],
        &["prune", "--max-size", "x"],
        &["prune", "--source", "../x"],
    ] {
        assert_eq!(tool(&site, wrong).status, 2, "{wrong:?}");
    }
}

/// A stream header without the properties of a stamp.
fn without_stamp(header: &str) -> String {
    let mut text = header.to_owned();
    while let Some(at) = text.find("String:cache") {
        let end = at + text[at..].match_indices('"').nth(1).unwrap().0;
        text.replace_range(at..=end, "");
    }
    text
}

#[test]
fn import_keeps_data_and_says_when_they_were_made() {
    let site = days();
    site.build(&[1, 2], "2020-02-20", "2020-02-26");
    let ours: Vec<Vec<u8>> = site.files().into_iter().map(|(_, bytes)| bytes).collect();
    // As das2-pyserver leaves them: no stamp, comments in between.
    for (path, bytes) in site.files() {
        let text = String::from_utf8(bytes).unwrap();
        let (stream, rest) = text[10..].split_at(text[4..10].parse().unwrap());
        let stream = without_stamp(stream);
        let comment = "<comment type=\"taskSize\" value=\"5\" source=\"x\" />";
        let text = format!(
            "[00]{:06}{stream}[xx]{:06}{comment}{rest}",
            stream.len(),
            comment.len()
        );
        fs::write(&path, text).unwrap();
    }
    let bad = site.folder_of(1).file_of(&site.blocks(1)[1]);
    fs::write(&bad, "nonsense").unwrap();
    let dsdf = fs::read_to_string(site.path("sets/S.dsdf")).unwrap();
    site.write("sets/S.dsdf", &dsdf);
    // A file system's clock may not have moved on since the blocks.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
    let file = fs::File::options()
        .write(true)
        .open(site.path("sets/S.dsdf"));
    file.unwrap().set_modified(later).unwrap();
    let said = tool(&site, &["import", "S"]);
    assert_eq!(said.status, 1);
    assert!(said.text.contains("0 blocks imported"), "{}", said.text);
    assert!(
        said.text.contains("the definition is newer"),
        "{}",
        said.text
    );
    let said = tool(&site, &["import", "S", "--trust"]);
    assert_eq!(said.status, 1, "{}", said.error);
    assert!(
        said.text
            .contains("11 blocks imported, 0 known already, 1 left"),
        "{}",
        said.text
    );
    assert_eq!(fs::read(&bad).unwrap(), b"nonsense");
    for ((path, bytes), ours) in site.files().iter().zip(&ours) {
        if *path == bad {
            continue;
        }
        assert!(data_of(bytes) == data_of(ours));
        let stamp = Stamp::find(bytes).unwrap();
        assert_eq!(stamp.form, Form::Sorted);
        assert_eq!(stamp.origin, Stamp::find(ours).unwrap().origin);
        assert!(stamp.made > time("2026-01-01"));
    }
    let said = tool(&site, &["import", "S", "--trust"]);
    assert!(
        said.text.contains("0 blocks imported, 11 known"),
        "{}",
        said.text
    );
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
        assert!(since.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    let reader = || fs::read_to_string(site.path("reader.pid")).unwrap_or_default();
    let waits = |what: &str, holds: &dyn Fn() -> bool| {
        while !holds() {
            assert!(since.elapsed() < Duration::from_secs(20), "{what}");
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
