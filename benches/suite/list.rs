//! `server=list` of a large tree, against a C program that walks it and asks for
//! the state of each file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Setting;
use crate::checking::{large_site, walking_program};
use crate::measure::{median, ratio};
use crate::startup::{cgi, fresh_copy};
use crate::table::Row;

/// Every so many of the 10,000 sources is changed: 200 in all.
const EVERY: usize = 50;

/// An index says nothing of files that changed less than two seconds ago.
const OLD_ENOUGH: Duration = Duration::from_millis(3100);

pub fn rows(setting: &Setting) -> Vec<Row> {
    let Some(walk) = walking_program(&setting.folder) else {
        eprintln!("no C compiler: the list is not measured");
        return Vec::new();
    };
    let tree = large_site(&setting.folder).with_file_name("datasets");
    let conf = with_state(&tree);
    let program = fresh_copy(&setting.folder);
    let walk = || {
        let mut command = Command::new(&walk);
        command.arg(&tree);
        timed(command)
    };
    let list = || {
        let mut command = cgi(&program, &conf);
        command.env("QUERY_STRING", "server=list");
        timed(command)
    };
    std::thread::sleep(OLD_ENOUGH);
    list();
    let (mut walks, mut same, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..setting.runs {
        walks.push(walk());
        same.push(list());
        walks.push(walk());
        same.push(list());
        change(&tree, round);
        std::thread::sleep(OLD_ENOUGH);
        walk();
        changed.push(list());
    }
    let walked = median(walks);
    let row = |what: &str, took: Duration, limit| Row {
        what: format!("server=list, 10,000 DSDFs in 200 folders, {what}"),
        yardstick: "C: walk, stat each file".into(),
        figure: format!("{:.1} ms", took.as_secs_f64() * 1e3),
        ratio: Some(ratio(took, walked)),
        limit: Some(limit),
        over_das2c: None,
    };
    vec![
        row("none changed", median(same), 1.6),
        row("200 changed", median(changed), 3.0),
    ]
}

fn timed(mut command: Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    let begin = Instant::now();
    assert!(command.status().expect("it starts").success());
    begin.elapsed()
}

/// The configuration of the tree's server with a fresh STATE_PATH.
fn with_state(tree: &Path) -> PathBuf {
    let state = tree.with_file_name("state");
    let _ = std::fs::remove_dir_all(&state);
    std::fs::create_dir(&state).expect("a folder");
    let conf = tree.with_file_name("list.conf");
    let text = format!(
        "DSDF_ROOT = {}\nSTATE_PATH = {}\nWORK_QUEUE_BROKER = none\n",
        tree.display(),
        state.display()
    );
    std::fs::write(&conf, text).expect("a configuration");
    conf
}

/// Writes some of the sources anew, with another description.
fn change(tree: &Path, round: usize) {
    for folder in 0..200 {
        let source = (round * 7 + folder) % EVERY;
        let path = format!(
            "Mission{:02}/Set{folder:03}/Source{source:02}.dsdf",
            folder / 10
        );
        let path = tree.join(path);
        let text = std::fs::read_to_string(&path).expect("a source");
        let text = text.replacen("Spectra", "Changed spectra", 1);
        std::fs::write(path, text).expect("a source");
    }
}
