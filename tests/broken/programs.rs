//! The programs that read streams, and how one is run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use das2_server::check::check_stream;

/// What comes out of a program.
#[derive(PartialEq, Eq)]
pub enum Makes {
    /// A das2 stream.
    Stream,
    /// A table, or something else.
    Bytes,
}

pub struct Program {
    pub words: &'static [&'static str],
    pub makes: Makes,
    /// It looks at all of a das2 stream.
    pub reads_data: bool,
    /// The records in its output, where each of the input is one.
    pub records: Option<fn(&[u8]) -> usize>,
}

const fn stream(words: &'static [&'static str], records: bool) -> Program {
    Program {
        words,
        makes: Makes::Stream,
        reads_data: true,
        records: if records { Some(of_a_stream) } else { None },
    }
}

const fn table(words: &'static [&'static str], records: fn(&[u8]) -> usize) -> Program {
    Program {
        words,
        makes: Makes::Bytes,
        reads_data: true,
        records: Some(records),
    }
}

pub const PROGRAMS: &[Program] = &[
    stream(&["das2_ascii"], true),
    stream(&["das2_binary"], true),
    stream(&["das2_bin_avgsec", "0.001"], false),
    stream(&["das2_bin_peakavgsec", "0.001"], false),
    stream(&["das2_deflate"], true),
    stream(&["das2_inflate"], true),
    stream(&["das2_bin_avg", "0.001"], false),
    stream(&["das2_bin_ratesec", "60"], false),
    stream(&["das2_histo"], false),
    // Too little for a spectrum.
    stream(&["das2_psd", "16", "2"], false),
    table(&["das2_csv"], rows_of_csv),
    // One packet type alone, and none without a time.
    Program {
        words: &["das2_hapi"],
        makes: Makes::Bytes,
        reads_data: true,
        records: None,
    },
];

pub const FOR_QSTREAMS: &[Program] = &[
    stream(&["qds_bin_avgsec", "1"], false),
    stream(&["qds_ascii"], false),
];

fn of_a_stream(bytes: &[u8]) -> usize {
    check_stream(bytes).summary.records as usize
}

/// Without the headings.
fn rows_of_csv(bytes: &[u8]) -> usize {
    String::from_utf8_lossy(bytes).lines().skip(1).count()
}

/// The executables that filter streams: no servers, no das2_check, which is
/// tested with the same streams, none that reads something else.
pub fn executables() -> Vec<String> {
    const OTHERS: [&str; 4] = [
        "das2_check",
        "das2_prtime",
        "das2_cache_rdr",
        "das2_from_das1",
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.trim_end_matches(".rs").to_owned()
    });
    let filters = names.filter(|name| !name.contains("_srv") && !name.starts_with("qds_"));
    filters
        .filter(|name| !OTHERS.contains(&name.as_str()))
        .collect()
}

/// Runs a program on an input; it ends in time.
pub fn run(program: &Program, input: &[u8]) -> Output {
    let folder = Path::new(env!("CARGO_BIN_EXE_das2_check"))
        .parent()
        .unwrap();
    let mut child = Command::new(folder.join(program.words[0]))
        .args(&program.words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program may end before it has read all.
        scope.spawn(move || drop(pipe.write_all(input)));
        let (done, output) = mpsc::channel();
        let id = child.id();
        scope.spawn(move || done.send(child.wait_with_output().unwrap()));
        output
            .recv_timeout(Duration::from_secs(60))
            .unwrap_or_else(|_| {
                let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
                panic!("{} did not end", program.words[0]);
            })
    })
}
