//! Building blocks, against what a reader and a disk need by themselves.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Setting;
use crate::measure::{Job, median, ratio, shell};
use crate::startup::site;
use crate::table::Row;

/// 30 days of three levels in one task; the reader copies a file.
///
/// Disks are uneven, so each part of the yardstick is timed beside each build.
pub fn rows(setting: &Setting) -> Vec<Row> {
    let conf = site(&setting.folder);
    let stream = month(setting);
    let name = stream.display().to_string();
    let dsdf = format!(
        "description = 'A month'\nreader = 'cat {name} #'\ndas2Stream = 1\n\
         validRange = '2000-01-01 to 2000-01-31'\ncacheLevel_00 = 'intrinsic | daily'\n\
         cacheLevel_01 = '10 s | daily'\ncacheLevel_02 = '60 s | daily'\n"
    );
    let datasets = conf.with_file_name("../datasets/Bench");
    std::fs::write(datasets.join("Month.dsdf"), dsdf).expect("a source");
    let cache = conf.with_file_name("../cache/data/Bench/Month");
    let copy = setting.folder.join("copy");
    let mut build = shell(format!(
        "exec {} -c '{}' build Bench/Month --now",
        env!("CARGO_BIN_EXE_das2_srv_cache"),
        conf.display()
    ));
    let mut reader = shell(format!("cat '{name}' | cat >/dev/null"));
    let mut disk = shell(format!(
        "dd if='{name}' of='{}' bs=1M conv=fsync",
        copy.display()
    ));
    let (mut built, mut parts) = (Vec::new(), Vec::new());
    for round in 0..=setting.runs.min(5) {
        let _ = std::fs::remove_dir_all(&cache);
        let _ = std::fs::remove_file(&copy);
        let (one, other) = (time(&mut build), time(&mut reader) + time(&mut disk));
        assert_eq!(blocks(&cache), 90);
        if round > 0 {
            built.push(one);
            parts.push(other);
        }
    }
    let _ = std::fs::remove_dir_all(&cache);
    let _ = std::fs::remove_file(&copy);
    let (built, parts) = (median(built), median(parts));
    vec![Row {
        what: "building 30 days x 3 levels".into(),
        yardstick: "reader to cat, then dd conv=fsync".into(),
        figure: format!("{:.0} ms", built.as_secs_f64() * 1e3),
        ratio: Some(ratio(built, parts)),
        limit: Some(1.5),
        over_das2c: None,
    }]
}

fn time(job: &mut Job<'_>) -> Duration {
    let begin = Instant::now();
    job();
    begin.elapsed()
}

/// 30 days of 64 channels, a record a second: 23 MB a day.
fn month(setting: &Setting) -> PathBuf {
    crate::streams::seconds(&setting.folder, 30 * 86_400, 64)
}

fn blocks(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return usize::from(folder.is_file());
    };
    entries.flatten().map(|entry| blocks(&entry.path())).sum()
}
