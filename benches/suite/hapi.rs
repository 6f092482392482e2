//! Throughput of das2_hapi over spectra, from a pipe, against `cat` in its place.

use crate::Setting;
use crate::measure::{medians, ratio, shell};
use crate::streams::wide;
use crate::table::Row;

const HAPI: &str = env!("CARGO_BIN_EXE_das2_hapi");

/// das2C's takes a quarter of a minute for the stream.
const MOST_RUNS: usize = 3;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let file = wide(&setting.folder).display().to_string();
    let line = |program: &str| format!("cat '{file}' | {program} >/dev/null");
    let forms = [("csv", Some(3.2)), ("binary", None), ("json", None)];
    let mut lines = vec![line("cat")];
    lines.extend(forms.map(|(form, _)| line(&format!("'{HAPI}' -f {form}"))));
    if let Some(das2c) = &setting.das2c {
        lines.push(line(&format!("'{}'", das2c.join("das2_hapi").display())));
    }
    let mut jobs: Vec<_> = lines.into_iter().map(shell).collect();
    let times = medians(&mut jobs, setting.runs.min(MOST_RUNS));
    let row = |(index, (form, limit)): (usize, (&str, Option<f64>))| {
        let time = times[index + 1];
        let theirs = times.get(forms.len() + 1).filter(|_| form == "csv");
        Row {
            what: format!("das2_hapi -f {form}, 64-channel spectra"),
            yardstick: "cat FILE | cat".into(),
            figure: format!("{:.0} ms", time.as_secs_f64() * 1e3),
            ratio: Some(ratio(time, times[0])),
            limit,
            over_das2c: theirs.map(|&theirs| ratio(theirs, time)),
        }
    };
    forms.into_iter().enumerate().map(row).collect()
}
