//! What `bin/bench` runs: every figure beside its yardstick, both measured in
//! the same run, interleaved, as medians. Machines differ and are noisy, so
//! only the ratios mean something; the limits that the project set itself are
//! in the last column. Nothing here fails: it is a table to read.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod built;
mod cached;
mod checking;
mod filters;
mod guessing;
mod hapi;
mod list;
mod log_page;
mod measure;
mod queue;
mod request;
mod spectra;
mod startup;
mod streams;
mod table;
mod text_in;
mod through_apache;

use std::path::PathBuf;

/// Where a run keeps its files, and what it compares with.
pub struct Setting {
    /// Generated streams and scratch sites.
    pub folder: PathBuf,
    /// das2C's programs, where DAS2C_BIN names them.
    pub das2c: Option<PathBuf>,
    /// How often each command runs.
    pub runs: usize,
}

/// Measures one subject.
type Room = fn(&Setting) -> Vec<table::Row>;

impl Setting {
    fn from_environment() -> Setting {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench");
        std::fs::create_dir_all(&folder).expect("a folder for the streams");
        Setting {
            folder,
            das2c: std::env::var_os("DAS2C_BIN").map(PathBuf::from),
            runs: std::env::var("BENCH_RUNS")
                .ok()
                .and_then(|runs| runs.parse().ok())
                .unwrap_or(7),
        }
    }
}

fn main() {
    // `cargo test --benches` asks bench targets whether they work; that takes
    // no measuring.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let setting = Setting::from_environment();
    let rooms: [(&str, Room); 14] = [
        ("startup", startup::rows),
        ("apache", through_apache::rows),
        ("filters", filters::rows),
        ("text", text_in::rows),
        ("hapi", hapi::rows),
        ("spectra", spectra::rows),
        ("request", request::rows),
        ("cache", cached::rows),
        ("building", built::rows),
        ("queue", queue::rows),
        ("list", list::rows),
        ("log", log_page::rows),
        ("guessing", guessing::rows),
        ("check", checking::rows),
    ];
    let mut rows = Vec::new();
    for (name, room) in rooms {
        if wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())) {
            eprintln!("measuring {name} ...");
            rows.extend(room(&setting));
        }
    }
    table::print(&rows, &setting);
}
