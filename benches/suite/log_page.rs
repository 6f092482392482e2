//! The log page over 100,000 requests of one day, through Apache, beside `wc -l`
//! and `cat` of that log through the same Apache.

use std::time::Duration;

use crate::Setting;
use crate::measure::{Job, medians, ratio};
use crate::startup::site;
use crate::table::Row;
use crate::through_apache::{Apache, get};

const REQUESTS: usize = 100_000;

/// What it may take at least, whatever the yardstick.
const ALWAYS: Duration = Duration::from_millis(150);
const LIMIT: f64 = 1.5;

/// What is asked, and for what.
const PAGES: &[(&str, &str)] = &[
    ("log page, 100,000 requests, newest", "/cgi/log"),
    ("log page, by status", "/cgi/log?status=5xx"),
    ("log page, by data set", "/cgi/log?dataset=Bench/Spectra7"),
    ("log page, by a text that is nowhere", "/cgi/log?q=nowhere"),
    ("log page, an empty day", "/cgi/log?day=2025-01-01"),
];

pub fn rows(setting: &Setting) -> Vec<Row> {
    let Some(apache) = Apache::start(setting) else {
        eprintln!("no Apache with mod_cgid, or no C compiler: not measured");
        return Vec::new();
    };
    let folder = site(&setting.folder).with_file_name("../log");
    let log = folder.join("das2.127.0.0.1_0.log");
    std::fs::write(&log, text()).expect("a log");
    let counted = format!("sh -c 'wc -l {0}; cat {0}'", log.display());
    apache.add_script(setting, "wc_cat", &counted);
    let ask = |path: &'static str| {
        let address = apache.address;
        let job: Job<'_> = Box::new(move || {
            let answer = get(address, path).expect("an answer");
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}");
        });
        job
    };
    let mut jobs = vec![ask("/cgi/wc_cat")];
    jobs.extend(PAGES.iter().map(|(_, path)| ask(path)));
    let times = medians(&mut jobs, setting.runs);
    let rows = PAGES.iter().zip(&times[1..]).map(|((what, _), time)| Row {
        what: (*what).into(),
        yardstick: "wc -l and cat of the log".into(),
        figure: format!("{:.1} ms", time.as_secs_f64() * 1e3),
        ratio: Some(ratio(*time, times[0])),
        limit: Some(ratio(ALWAYS, times[0]).max(LIMIT)),
        over_das2c: None,
    });
    let rows = rows.collect();
    let _ = std::fs::remove_file(log);
    rows
}

/// The log of a day, as the server writes it.
fn text() -> String {
    let mut text = String::with_capacity(150 << 20);
    for n in 0..REQUESTS {
        let second = n * 86_400 / REQUESTS;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let query = format!(
            "server=dataset&dataset=Bench/Spectra{}&start_time=2000-01-01T00:00:00.000Z&end_time=2000-01-02T00:00:00.000Z&resolution=43.2",
            n % 1000
        );
        let (status, ending) = match n % 500 {
            0 => (500, "Error handling query, after"),
            _ => (200, "Query handled without error in"),
        };
        let lines = [
            "Input:".to_owned(),
            format!("   Request URL: http://das.example.org/das/server?{query}"),
            "   On Host: das.example.org".to_owned(),
            "   For Program: /das/server".to_owned(),
            "   For Path: ".to_owned(),
            format!("   Parameters: {query}"),
            "   User Agent: Java/17.0.1 Autoplot-v2024a_10".to_owned(),
            "Routing: data".to_owned(),
            "Exec Cmd: spectra_reader 2000-01-01T00:00:00.000Z 2000-01-02T00:00:00.000Z | [das2_bin_avgsec 43.2]".to_owned(),
            "First bytes after 12.3 milliseconds".to_owned(),
            "Exec End: spectra_reader: exit status 0".to_owned(),
            format!("Status {status}, 1234567 bytes sent"),
            format!("{ending} 34.5 milliseconds."),
        ];
        for (number, line) in lines.iter().enumerate() {
            let line = format!(
                "[Tue Nov 24 {hour:02}:{minute:02}:{second:02} 2026 {} {number:4}] {line}\n",
                10_000 + n % 50_000
            );
            text.push_str(&line);
        }
    }
    text
}
