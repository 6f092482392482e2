//! Any stream through the filters: no panic, and what comes out is a stream
//! that reader and checker accept, or a table. The target `filter` takes all of
//! them, the first byte says which; a target of a program's name that one alone.
#![no_main]

use std::sync::LazyLock;

use das2_server::check::check_stream;
use das2_server::filter::{Chain, Step};
use das2_server::stream::{Exception, Reader, Sink, Writer};
use libfuzzer_sys::fuzz_target;

const LINES: &[&str] = &[
    "das2_bin_avgsec 1",
    "das2_bin_avgsec -r -s 60",
    "das2_bin_avgsec -b 2000-01-01 1e-3",
    "das2_bin_avgsec -p 1e12",
    "das2_bin_peakavgsec 10",
    "das2_ascii",
    "das2_ascii -r 2 -s 0",
    "das2_ascii -r 18 -s 9 -c",
    "das2_binary",
    "das2_deflate",
    "das2_inflate",
    "das2_hapi -i",
    "das2_hapi -f json -b 1900-01-01 -e 2100-01-01",
    "das2_hapi -f binary",
    "das2_psd 16 2",
    "das2_psd -d -x -j 0.5 32 3",
    "das2_psd -n 18 1",
    "das2_bin_avg 0.5",
    "das2_bin_ratesec 60",
    "das2_bin_ratesec -m -e 1",
    "das2_bin_ratesec --volume=kB -b 2000-01-01 3600",
    "das2_histo",
    "das2_histo -b",
    "das2_csv",
    "das2_csv -p 7 -s 0 -i -d ; --fill \"",
];

/// Those of the program that this target is named for.
static MINE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let name = env!("CARGO_BIN_NAME");
    let of = |line: &str| line.split(' ').next() == Some(name);
    let mine = LINES.iter().copied().filter(|line| name == "filter" || of(line));
    mine.collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((&first, data)) = data.split_first() else {
        return;
    };
    let words: Vec<&str> = MINE[usize::from(first) % MINE.len()].split(' ').collect();
    let chain = Chain::of(Step::from_words(&words).unwrap().unwrap());
    let mut out = Vec::new();
    let mut stage = chain.sink(&mut out);
    let result = Reader::new(data).pump(&mut stage);
    if let Err(error) = &result {
        let exception = Exception::new(Exception::SERVER_ERROR, &error.to_string());
        stage.abort(&exception).unwrap();
    }
    drop(stage);
    if chain.end().has_exceptions() && result.is_ok() {
        Reader::new(&out[..])
            .pump(&mut Writer::new(std::io::sink()))
            .expect("our own output is read");
    }
    let _ = check_stream(&out[..]);
    let _ = check_stream(data);
});
