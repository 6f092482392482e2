//! A whole dataset request: how soon it answers, how long it takes, how much
//! memory it needs.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Setting;
use crate::measure::{median, medians, ratio, shell};
use crate::startup::{CGI, site};
use crate::streams::wide;
use crate::table::Row;

const AVERAGE: &str = env!("CARGO_BIN_EXE_das2_bin_avgsec");
const REDUCED: &str =
    "server=dataset&dataset=Bench/Spectra&start_time=2000-01-01&end_time=2000-01-04&resolution=60";

pub fn rows(setting: &Setting) -> Vec<Row> {
    let conf = site(&setting.folder);
    vec![
        whole_request(setting, &conf),
        first_byte(setting, &conf),
        peak_memory(&conf),
    ]
}

/// The request against the slower of its parts, each alone.
fn whole_request(setting: &Setting, conf: &Path) -> Row {
    let file = wide(&setting.folder).display().to_string();
    let mut jobs = vec![
        shell(format!("cat '{file}' | cat >/dev/null")),
        shell(format!("'{AVERAGE}' 60 '{file}' >/dev/null")),
        Box::new(|| {
            let mut child = start(conf, REDUCED);
            let mut answer = child.stdout.take().expect("a pipe");
            std::io::copy(&mut answer, &mut std::io::sink()).expect("an answer");
            assert!(child.wait().expect("an end").success());
        }) as crate::measure::Job<'_>,
    ];
    let times = medians(&mut jobs, setting.runs);
    let slower = times[0].max(times[1]);
    Row {
        what: "dataset request with a reducer, 500 MB".into(),
        yardstick: "slower of reader and filter".into(),
        figure: format!("{:.0} ms", times[2].as_secs_f64() * 1e3),
        ratio: Some(ratio(times[2], slower)),
        limit: Some(1.1),
        over_das2c: None,
    }
}

/// From a reader's first packets to the client's first byte. The reader
/// writes the moment into a file and goes on after a second.
fn first_byte(setting: &Setting, conf: &Path) -> Row {
    let datasets = conf.with_file_name("../datasets/Bench");
    let stamp = setting.folder.join("stamp");
    let text = format!(
        "description = 'Pauses'\nreader = 'date +%s.%N > {}; head -c 3000 {}; exec sleep 1 #'\ndas2Stream = 1\n",
        stamp.display(),
        wide(&setting.folder).display(),
    );
    std::fs::write(datasets.join("Pause.dsdf"), text).expect("a source");
    let query = "server=dataset&dataset=Bench/Pause&start_time=2000-01-01&end_time=2000-01-02&resolution=0.1";
    let mut waits = Vec::new();
    for _ in 0..setting.runs {
        let mut child = start(conf, query);
        let mut byte = [0];
        let mut answer = child.stdout.take().expect("a pipe");
        answer.read_exact(&mut byte).expect("a first byte");
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_secs_f64();
        let written: f64 = std::fs::read_to_string(&stamp)
            .expect("a stamp")
            .trim()
            .parse()
            .expect("seconds");
        waits.push(Duration::from_secs_f64((now - written).max(0.0)));
        drop(answer);
        let _ = child.wait();
    }
    let wait = median(waits).as_secs_f64() * 1e3;
    Row {
        what: "first byte after the reader's first packet".into(),
        yardstick: "10 ms".into(),
        figure: format!("{wait:.1} ms"),
        ratio: Some(wait / 10.0),
        limit: Some(1.0),
        over_das2c: None,
    }
}

fn peak_memory(conf: &Path) -> Row {
    let mut child = start(conf, REDUCED);
    let mut answer = child.stdout.take().expect("a pipe");
    let mut buffer = [0; 4096];
    let mut most = 0;
    let begin = Instant::now();
    while answer.read(&mut buffer).expect("an answer") > 0 {
        most = most.max(high_water(&child));
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
    let _ = child.wait();
    Row {
        what: "peak memory of that request".into(),
        yardstick: "16 MB".into(),
        figure: format!("{:.1} MB", most as f64 / 1e6),
        ratio: Some(most as f64 / 16e6),
        limit: Some(1.0),
        over_das2c: None,
    }
}

/// VmHWM in bytes.
pub fn high_water(child: &Child) -> u64 {
    let mut text = String::new();
    if let Ok(mut file) = File::open(format!("/proc/{}/status", child.id())) {
        let _ = file.read_to_string(&mut text);
    }
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| {
            line.trim()
                .trim_end_matches(" kB")
                .trim()
                .parse::<u64>()
                .ok()
        })
        .map_or(0, |kilobytes| kilobytes * 1024)
}

fn start(conf: &Path, query: &str) -> Child {
    Command::new(CGI)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("DAS2_SERVER_CONF", conf)
        .env("REQUEST_METHOD", "GET")
        .env("SERVER_NAME", "localhost")
        .env("SERVER_PORT", "80")
        .env("SCRIPT_NAME", "/das/server")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("HTTP_USER_AGENT", "libdas2/2.3")
        .env("QUERY_STRING", query)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts")
}
