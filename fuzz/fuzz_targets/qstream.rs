//! Any bytes as a QStream: no panic, and what comes out of a filter is a QStream
//! that reader and checker accept where what went in was one.
#![no_main]

use das2_server::check::check_stream;
use das2_server::filter::{Chain, Step};
use das2_server::qstream;
use das2_server::stream::{Exception, Reader, Sink, Writer};
use libfuzzer_sys::fuzz_target;

const LINES: &[&str] = &[
    "qds_bin_avgsec 60",
    "qds_bin_avgsec 1e-3",
    "qds_bin_avgsec -b 2000-01-01T00:00:00.5 1e9",
    "qds_ascii",
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, data)) = data.split_first() else {
        return;
    };
    let line = LINES[usize::from(first) % LINES.len()];
    let words: Vec<&str> = line.split(' ').collect();
    let chain = Chain::of(Step::from_words(&words).unwrap().unwrap());
    let mut out = Vec::new();
    let mut stage = chain.sink(&mut out);
    let result = Reader::of(chain.dialect(), data).pump(&mut stage);
    if let Err(error) = &result {
        let exception = Exception::new(Exception::SERVER_ERROR, &error.to_string());
        stage.abort(&exception).unwrap();
    }
    drop(stage);
    let before = check_stream(data);
    let after = check_stream(&out[..]);
    if result.is_ok() {
        Reader::of(qstream::DIALECT, &out[..])
            .pump(&mut Writer::new(std::io::sink()))
            .expect("our own output is read");
        if before.is_conforming() {
            assert!(after.is_conforming(), "{line}: {:?}", after.findings);
        }
    }
});
