//! das2_srv_cache expire, prune and import: which blocks are kept.

use std::fs;
use std::time::{Duration, SystemTime};

use das2_server::cache::{Form, Stamp};

use crate::site::*;
use crate::tool::{days, tool};

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
    // Another source whose name begins with this one's keeps its blocks.
    let dsdf = fs::read_to_string(site.path("sets/S.dsdf")).unwrap();
    let sub = "cache/data/S/sub/_noparam/intrinsic/2020/02/2020-02-20_intrinsic.d2s";
    fs::create_dir(site.path("sets/S")).unwrap();
    fs::create_dir_all(site.path(sub).parent().unwrap()).unwrap();
    site.write("sets/S/sub.dsdf", &dsdf);
    site.write(sub, "x");
    tool(&site, &["prune", "--source", "S", "--yes"]);
    assert!(!site.path("cache/data/S/_noparam").exists() && site.path(sub).exists());
    tool(&site, &["prune", "--source", "S/sub", "--yes"]);
    assert!(site.files().is_empty());
    for wrong in [
        &["prune"][..],
        &["prune", "--max-size", "x"],
        &["prune", "--source", "../x"],
    ] {
        assert_eq!(tool(&site, wrong).status, 2, "{wrong:?}");
    }
}

/// A worker of another machine has died, and others have built its blocks.
#[test]
fn prune_removes_what_dead_workers_left() {
    let site = days();
    site.build(&[1], "2020-02-20", "2020-02-22");
    let folder = "cache/data/S/_noparam/intrinsic/2020";
    let unfinished = |month: &str, host: &str| {
        let file = format!("{folder}/{month}/.2020-02-20_intrinsic.d2s.{host}-999999999-0.tmp");
        fs::create_dir_all(site.path(&file).parent().unwrap()).unwrap();
        site.write(&file, "x");
        site.path(&file)
    };
    let here = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .replace('-', "_");
    let (dead, alone) = (unfinished("02", &here), unfinished("03", &here));
    let elsewhere = unfinished("02", "elsewhere");
    tool(&site, &["prune", "--max-size", "1G"]);
    assert!(dead.exists() && alone.exists());
    let said = tool(&site, &["prune", "--max-size", "1G", "--yes"]);
    assert_eq!(said.status, 0, "{}", said.error);
    assert!(said.text.contains("2 unfinished files"), "{}", said.text);
    assert!(!dead.exists() && !alone.exists() && elsewhere.exists());
    assert_eq!(site.blocks(1).len(), 2);
    assert!(!site.path(&format!("{folder}/03")).exists());
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
