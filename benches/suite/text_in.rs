//! Throughput of filters that read text, from a pipe. Where das2C's programs are
//! at hand they are the yardstick: its das2_bin_avgsec on the same stream, also
//! for das2_binary, which does not build in it.

use crate::Setting;
use crate::measure::{medians, ratio, shell};
use crate::streams::text;
use crate::table::Row;

const AVERAGE: &str = env!("CARGO_BIN_EXE_das2_bin_avgsec");
const BINARY: &str = env!("CARGO_BIN_EXE_das2_binary");

/// A twentieth of the time that das2C takes.
const LIMIT: f64 = 0.05;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let file = text(&setting.folder).display().to_string();
    let line = |program: &str| format!("cat '{file}' | {program} >/dev/null");
    let mut lines = vec![
        line("cat"),
        line(&format!("'{BINARY}'")),
        line(&format!("'{AVERAGE}' 60")),
    ];
    if let Some(das2c) = &setting.das2c {
        let program = das2c.join("das2_bin_avgsec");
        lines.push(line(&format!("'{}' 60", program.display())));
    }
    let mut jobs: Vec<_> = lines.into_iter().map(shell).collect();
    let times = medians(&mut jobs, setting.runs);
    let das2c = times.get(3).copied();
    let row = |what: &str, index: usize| Row {
        what: format!("{what}, time24 and ascii11"),
        yardstick: match das2c {
            Some(_) => "das2C's das2_bin_avgsec".into(),
            None => "cat FILE | cat".into(),
        },
        figure: format!("{:.0} ms", times[index].as_secs_f64() * 1e3),
        ratio: Some(ratio(times[index], das2c.unwrap_or(times[0]))),
        limit: das2c.map(|_| LIMIT),
        over_das2c: das2c.map(|theirs| ratio(theirs, times[index])),
    };
    vec![row("das2_binary", 1), row("das2_bin_avgsec 60", 2)]
}
