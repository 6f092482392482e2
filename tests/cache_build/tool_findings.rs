//! What das2_srv_cache tells of blocks, folders and levels that are not as they should be.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::site::*;
use crate::tool::{command, days, tool};

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
            if begun.elapsed() > Duration::from_secs(60) {
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
fn what_a_definition_holds_does_nothing_to_a_terminal() {
    let site = days();
    site.dsdf("cacheLevel_01 = '60 s | daily | \u{1b}[2J'");
    let said = tool(&site, &["status"]);
    assert!(said.text.contains("daily | \\x1b[2J"), "{}", said.text);
    let said = tool(&site, &["status", "\u{1b}[2J"]);
    assert!(said.error.contains("\\x1b[2J"), "{}", said.error);
}
