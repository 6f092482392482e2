//! Throughput of das2_psd, from a pipe, against `cat` in its place. It should
//! be at least three times as fast as das2C's for lengths that have small
//! factors, and no slower for twice a prime.

use crate::Setting;
use crate::measure::{medians, ratio, shell};
use crate::streams::waveform;
use crate::table::Row;

const SPECTRA: &str = env!("CARGO_BIN_EXE_das2_psd");

pub fn rows(setting: &Setting) -> Vec<Row> {
    let file = waveform(&setting.folder).display().to_string();
    let line = |program: &str| format!("cat '{file}' | {program} >/dev/null");
    let lengths = [
        (1584, "at least 3 x das2C"),
        (1594, "2 x 797, not below das2C"),
    ];
    let mut lines = vec![line("cat")];
    for (length, _) in lengths {
        lines.push(line(&format!("'{SPECTRA}' {length} 2")));
    }
    if let Some(das2c) = &setting.das2c {
        let theirs = das2c.join("das2_psd");
        for (length, _) in lengths {
            lines.push(line(&format!("'{}' {length} 2", theirs.display())));
        }
    }
    let mut jobs: Vec<_> = lines.into_iter().map(shell).collect();
    let times = medians(&mut jobs, setting.runs);
    let row = |(index, (length, aim)): (usize, (i32, &str))| Row {
        what: format!("das2_psd {length} 2, waveform ({aim})"),
        yardstick: "cat FILE | cat".into(),
        figure: format!("{:.0} ms", times[1 + index].as_secs_f64() * 1e3),
        ratio: Some(ratio(times[1 + index], times[0])),
        limit: None,
        over_das2c: times
            .get(1 + lengths.len() + index)
            .map(|&theirs| ratio(theirs, times[1 + index])),
    };
    lengths.into_iter().enumerate().map(row).collect()
}
