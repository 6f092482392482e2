//! What comes with the server for systemd and logrotate, as these read it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod http;
mod instance;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use instance::Instance;

const UNITS: &[&str] = &[
    "das2-arbiter.service",
    "das2-fcgi.service",
    "das2-prune.service",
    "das2-prune.timer",
];

fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        // Past the capture of test output: this has to be seen.
        let _ = writeln!(std::io::stderr(), "skipped: no {program}");
    }
    is_there
}

#[test]
fn systemd_understands_every_line() {
    if !is_there("systemd-analyze") {
        return;
    }
    let instance = Instance::new();
    let mut verify = Command::new("systemd-analyze");
    // Units of the machine that are named in these are not looked for.
    verify.args(["verify", "--man=no", "--recursive-errors=no"]);
    let etc = instance.prefix().join("etc");
    verify.args(UNITS.iter().map(|unit| etc.join(unit)));
    let output = verify.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let ours = |line: &&str| line.contains("das2-") && !line.contains("fcgiwrap is not executable");
    let complaints: Vec<&str> = said.lines().filter(ours).collect();
    assert_eq!(complaints, Vec::<&str>::new(), "{said}");
    // It does find mistakes in them.
    let unit = instance.read("etc/das2-prune.service");
    instance.write(
        "etc/das2-prune.service",
        &unit.replace("ProtectHome=", "ProtectHouse="),
    );
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "--recursive-errors=no"]);
    let output = verify.arg(etc.join("das2-prune.service")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("ProtectHouse"), "{said}");
}

/// The command that a unit starts, as systemd would split it.
fn command(unit: &str) -> Vec<String> {
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let options = unit
        .lines()
        .find_map(|line| line.strip_prefix("Environment=\"DAS2_PRUNE="))
        .map(|rest| rest.trim_end_matches('"'));
    let line = line
        .unwrap()
        .replace("$DAS2_PRUNE", options.unwrap_or_default());
    line.split_whitespace()
        .map(|word| word.trim_matches('"').to_owned())
        .collect()
}

#[test]
fn the_pruning_unit_prunes() {
    let instance = Instance::new();
    let unit = instance.read("etc/das2-prune.service");
    let words = command(&unit);
    let output = Command::new(&words[0]).args(&words[1..]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("removed"));
    // As its comment says.
    let larger = unit.replace("--max-size 100G\"", "--max-size 500G --older-than 400d\"");
    assert_ne!(larger, unit);
    let words = command(&larger);
    let output = Command::new(&words[0]).args(&words[1..]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn old_central_logs_go() {
    if !is_there("logrotate") || !rustix::process::geteuid().is_root() {
        return;
    }
    let instance = Instance::new();
    let log = |day: u32| {
        instance
            .prefix()
            .join(format!("log/das2.central_2026-01-{day:02}.jsonl"))
    };
    let day = Duration::from_secs(86_400);
    for (at, age) in [(1, 40), (2, 31), (3, 29), (4, 0)] {
        let file = std::fs::File::create(log(at)).unwrap();
        writeln!(&file, "{{}}").unwrap();
        file.set_modified(SystemTime::now() - day * age).unwrap();
        std::fs::set_permissions(log(at), PermissionsExt::from_mode(0o644)).unwrap();
    }
    let other = instance.prefix().join("log/das2.192.0.2.1_0.log");
    std::fs::write(&other, "x\n").unwrap();
    let owner = format!("--reference={}", instance.prefix().join("log").display());
    let mut chown = Command::new("chown");
    chown.arg(owner).args((1..=4).map(log));
    assert!(chown.status().unwrap().success());
    // It has seen them yesterday.
    let state = instance.beside().join("logrotate.state");
    let rotate = || {
        let mut logrotate = Command::new("logrotate");
        logrotate
            .arg("-s")
            .arg(&state)
            .arg(instance.prefix().join("etc/logrotate.conf"));
        let output = logrotate.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    rotate();
    let seen = std::fs::read_to_string(&state).unwrap();
    assert!(seen.contains("2026-01-01"), "{seen}");
    let lines = seen.lines().map(|line| match line.rsplit_once(' ') {
        Some((file, _)) if file.starts_with('"') => format!("{file} 2026-1-1-0:0:0\n"),
        _ => format!("{line}\n"),
    });
    std::fs::write(&state, lines.collect::<String>()).unwrap();
    rotate();
    let left = |at: u32| Path::exists(&log(at));
    assert_eq!([1, 2, 3, 4].map(left), [false, false, true, true]);
    assert!(other.exists());
}
