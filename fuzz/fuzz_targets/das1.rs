//! Any bytes as a das1 definition and, behind a zero, as its reader's records:
//! no panic, and what comes out is a stream that reader and checker accept.
#![no_main]

use std::path::Path;

use das2_server::check::check_stream;
use das2_server::config::Config;
use das2_server::reading::das1::records_to_stream;
use das2_server::source::{Definition, SourceName};
use das2_server::stream::{Exception, Reader, Sink, Writer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == 0);
    let (text, records) = data.split_at(end.unwrap_or(data.len()));
    let records = records.get(1..).unwrap_or_default();
    let name = SourceName::parse("Fuzz/Source").unwrap();
    let config = Config::default();
    let path = Path::new("/f/Source.dsdf");
    let Ok(definition) = Definition::read(name, path, text, &|_| None, &config) else {
        return;
    };
    for words in [&["1979-03-01", "1979-03-02"][..], &["60", "1979-03-01", "1979-03-02"]] {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        let Ok(result) = records_to_stream(&definition, &words, records, &mut writer) else {
            continue;
        };
        if let Err(error) = &result {
            let exception = Exception::new(Exception::SERVER_ERROR, &error.to_string());
            writer.abort(&exception).unwrap();
        }
        drop(writer);
        Reader::new(&out[..])
            .pump(&mut Writer::new(std::io::sink()))
            .expect("our own output is read");
        let report = check_stream(&out[..]);
        let odd = text.iter().any(|byte| !(b' '..=b'~').contains(byte) && *byte != b'\n');
        assert!(odd || report.is_conforming(), "{:?}", report.findings);
    }
});
