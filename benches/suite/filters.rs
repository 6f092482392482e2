//! Throughput of the filters, from a pipe, against `cat` in their place.

use crate::Setting;
use crate::measure::{medians, ratio, shell};
use crate::streams::{narrow, short, wide, wide_reals};
use crate::table::Row;

const AVERAGE: &str = env!("CARGO_BIN_EXE_das2_bin_avgsec");
const ASCII: &str = env!("CARGO_BIN_EXE_das2_ascii");
const CSV: &str = env!("CARGO_BIN_EXE_das2_csv");
const PEAK: &str = env!("CARGO_BIN_EXE_das2_bin_peakavgsec");

pub fn rows(setting: &Setting) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, file, limit) in [
        ("64-channel spectra", wide(&setting.folder), 0.45),
        ("one-value records", narrow(&setting.folder), 0.7),
    ] {
        let file = file.display().to_string();
        let line = |program: &str| format!("cat '{file}' | {program} >/dev/null");
        let mut lines = vec![
            line("cat"),
            line(&format!("'{AVERAGE}' 60")),
            line(&format!("'{PEAK}' 60")),
            line(&format!("DAS2_PIPE_SIZE=0 '{AVERAGE}' 60")),
            // What reading alone takes: the bound of every filter here.
            line("dd bs=256k of=/dev/null status=none"),
        ];
        if let Some(das2c) = &setting.das2c {
            for program in ["das2_bin_avgsec", "das2_bin_peakavgsec"] {
                lines.push(line(&format!("'{}' 60", das2c.join(program).display())));
            }
        }
        let mut jobs: Vec<_> = lines.into_iter().map(shell).collect();
        let times = medians(&mut jobs, setting.runs);
        let row = |what: &str, index: usize, limit, das2c: Option<usize>| Row {
            what: format!("{what}, {name}"),
            yardstick: "cat FILE | cat".into(),
            figure: format!("{:.0} ms", times[index].as_secs_f64() * 1e3),
            ratio: Some(ratio(times[index], times[0])),
            limit,
            over_das2c: das2c
                .and_then(|other| times.get(other))
                .map(|&other| ratio(other, times[index])),
        };
        rows.push(row("das2_bin_avgsec 60", 1, Some(limit), Some(5)));
        rows.push(row("das2_bin_peakavgsec 60", 2, Some(limit), Some(6)));
        rows.push(row("das2_bin_avgsec 60, default pipes", 3, Some(1.4), None));
        rows.push(row("dd, which only reads", 4, None, None));
    }
    rows.extend(text_rows(setting));
    rows
}

/// Programs that make text of numbers. das2C takes its time, so it is compared
/// over a shorter stream.
fn text_rows(setting: &Setting) -> Vec<Row> {
    let line = |file: &str, program: &str| format!("cat '{file}' | {program} >/dev/null");
    let short = short(&setting.folder).display().to_string();
    let mut rows = Vec::new();
    for (name, file) in [
        ("whole numbers", wide(&setting.folder)),
        ("reals", wide_reals(&setting.folder)),
    ] {
        let file = file.display().to_string();
        let (ascii, csv) = (format!("'{ASCII}'"), format!("'{CSV}'"));
        let mut lines = vec![
            line(&file, "cat"),
            line(&file, &ascii),
            line(&file, &csv),
            line(&short, &ascii),
            line(&short, &csv),
        ];
        if let Some(das2c) = &setting.das2c {
            for program in ["das2_ascii", "das3_csv"] {
                let program = format!("'{}'", das2c.join(program).display());
                lines.push(line(&short, &program));
            }
        }
        let mut jobs: Vec<_> = lines.into_iter().map(shell).collect();
        let times = medians(&mut jobs, setting.runs);
        for (what, ours, brief, theirs, limit) in
            [("das2_ascii", 1, 3, 5, 2.0), ("das2_csv", 2, 4, 6, 3.0)]
        {
            rows.push(Row {
                what: format!("{what}, 64 channels of {name}"),
                yardstick: "cat FILE | cat".into(),
                figure: format!("{:.0} ms", times[ours].as_secs_f64() * 1e3),
                ratio: Some(ratio(times[ours], times[0])),
                limit: Some(limit),
                over_das2c: times.get(theirs).map(|&other| ratio(other, times[brief])),
            });
        }
    }
    rows
}
