//! `das2_srv_config check` over a large tree, against a C program that walks it
//! and asks for the state of each file.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Setting;
use crate::measure::{medians, ratio, shell};
use crate::table::Row;

const TOOL: &str = env!("CARGO_BIN_EXE_das2_srv_config");

const FOLDERS: usize = 200;
const OF_EACH: usize = 50;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let Some(walk) = walking_program(&setting.folder) else {
        eprintln!("no C compiler: checking is not measured");
        return Vec::new();
    };
    let conf = large_site(&setting.folder);
    let tree = conf.with_file_name("datasets");
    let mut jobs = vec![
        shell(format!("{} {}", walk.display(), tree.display())),
        shell(format!("{TOOL} --config {} check", conf.display())),
    ];
    let times = medians(&mut jobs, setting.runs);
    vec![Row {
        what: "das2_srv_config check, 10,000 DSDFs in 200 folders".into(),
        yardstick: "C: walk, stat each file".into(),
        figure: format!("{:.0} ms", times[1].as_secs_f64() * 1e3),
        ratio: Some(ratio(times[1], times[0])),
        limit: Some(20.0),
        over_das2c: None,
    }]
}

/// Walks a tree and asks for the state of every file.
pub fn walking_program(folder: &Path) -> Option<PathBuf> {
    let (source, program) = (folder.join("walk.c"), folder.join("walk"));
    let text = r#"#define _DEFAULT_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
static long bytes;
static void walk(const char *path) {
  char below[4096];
  struct dirent *entry;
  struct stat state;
  DIR *folder = opendir(path);
  if (!folder) return;
  while ((entry = readdir(folder))) {
    if (entry->d_name[0] == '.') continue;
    snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
    if (stat(below, &state)) continue;
    bytes += state.st_size;
    if (S_ISDIR(state.st_mode)) walk(below);
  }
  closedir(folder);
}
int main(int count, char **words) {
  if (count > 1) walk(words[1]);
  return printf("%ld\n", bytes) < 0;
}
"#;
    std::fs::write(&source, text).ok()?;
    let done = Command::new("cc")
        .args(["-O2", "-static", "-o"])
        .arg(&program)
        .arg(&source)
        .status()
        .ok()?;
    done.success().then_some(program)
}

/// A site of many sources that nothing is wrong with; its configuration.
pub fn large_site(folder: &Path) -> PathBuf {
    let root = folder.join("many");
    let conf = root.join("das2server.conf");
    let text = format!(
        "DSDF_ROOT = {}\nWORK_QUEUE_BROKER = none\n",
        root.join("datasets").display()
    );
    for number in 0..FOLDERS {
        let folder = root.join(format!("datasets/Mission{:02}/Set{number:03}", number / 10));
        std::fs::create_dir_all(&folder).expect("a folder");
        for source in 0..OF_EACH {
            let dsdf = format!(
                "; A source to measure with.\n\ndescription = 'Spectra {source} of set {number}'\n\
                 summary = 'What the receiver of set {number} has measured, '+$\n          'in two lines.'\n\
                 reader = '/bin/cat /data/set{number}/{source} --level 2'\ndas2Stream = 1\n\
                 techContact = 'Somebody <somebody@example.edu>'\n\
                 validRange = '2000-01-01 to now'\n\
                 exampleRange_00 = '2010-01-01 to 2010-01-02 | A day'\nexampleParams_00 = 'mag'\n\
                 param_00 = 'mag | The magnitude'\nparam_01 = 'raw | As it was received'\n\
                 cacheLevel_00 = 'intrinsic | daily'\ncacheLevel_01 = '60 s | monthly'\n"
            );
            std::fs::write(folder.join(format!("Source{source:02}.dsdf")), dsdf).expect("a source");
        }
    }
    std::fs::create_dir_all(&root).expect("a folder");
    std::fs::write(&conf, text).expect("a configuration");
    conf
}
