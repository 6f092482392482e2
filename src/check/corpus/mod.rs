//! Streams made to break one rule each, with the place where it is broken.

use std::io::Write;

mod content;
mod framing;

use super::Rule;

/// A stream that breaks `rule` at byte `offset`, and nothing else but what
/// follows from it.
pub(super) struct Case {
    pub rule: Rule,
    pub stream: Vec<u8>,
    pub offset: u64,
    pub also: &'static [Rule],
}

/// `good`, then what is wrong.
fn case(rule: Rule, good: &str, bad: impl AsRef<[u8]>) -> Case {
    let mut stream = good.as_bytes().to_vec();
    stream.extend(bad.as_ref());
    Case {
        rule,
        stream,
        offset: good.len() as u64,
        also: &[],
    }
}

impl Case {
    fn also(mut self, also: &'static [Rule]) -> Case {
        self.also = also;
        self
    }
}

/// A header packet.
pub(super) fn header(tag: &str, body: &str) -> String {
    format!("[{tag}]{:06}{body}", body.len())
}

/// A stream header with these attributes.
pub(super) fn stream(attributes: &str) -> String {
    header("00", &format!("<stream {attributes}></stream>\n"))
}

/// A packet header with x as text times, and these further planes.
pub(super) fn packet(planes: &str) -> String {
    header(
        "01",
        &format!("<packet><x type=\"time24\" units=\"us2000\"/>{planes}</packet>"),
    )
}

/// A y plane of four bytes and these attributes.
fn y(attributes: &str) -> String {
    packet(&format!("<y type=\"sun_real4\" units=\"V\" {attributes}/>"))
}

/// A yscan of two items and these attributes.
fn yscan(attributes: &str) -> String {
    packet(&format!(
        "<yscan name=\"s\" type=\"sun_real4\" yUnits=\"Hz\" zUnits=\"V\" nitems=\"2\" {attributes}/>"
    ))
}

/// A packet header of a single x plane.
fn x(attributes: &str) -> String {
    header(
        "01",
        &format!("<packet><x name=\"t\" {attributes}/></packet>"),
    )
}

/// Properties of the stream.
fn properties(attributes: &str) -> String {
    header(
        "00",
        &format!("<stream><properties {attributes}/></stream>"),
    )
}

/// Headers of one text number a packet.
fn numbers() -> String {
    stream("version=\"2.2\"") + &packet("<y name=\"a\" type=\"ascii11\" units=\"V\"/>")
}

/// A record of [`numbers`].
pub(super) fn record(second: u32, value: &str) -> String {
    format!(":01:2017-01-01T00:00:{second:02}.000 {value:>10}\n")
}

/// A stream without a fault: text numbers, three records.
pub(super) fn good() -> String {
    let records: String = (0..3).map(|s| record(s, "1.5e+00")).collect();
    numbers() + &records
}

/// What follows the stream header of [`good`].
pub(super) fn good_body() -> String {
    good().split_off(stream("version=\"2.2\"").len())
}

/// A QStream header, and a packet descriptor with these qdatasets.
fn qstream(datasets: &str) -> (String, String) {
    (
        stream("dataset_id=\"ds\""),
        header("01", &format!("<packet>{datasets}</packet>")),
    )
}

/// Bytes as a zlib stream, with which a deflated stream goes on.
pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// All cases, each rule at least once.
pub(super) fn cases() -> Vec<Case> {
    let mut all = framing::framing();
    all.extend(framing::sizes());
    all.extend(framing::compressed());
    all.extend(framing::headers());
    all.extend(content::packets());
    all.extend(content::planes());
    all.extend(content::tags());
    all.extend(content::property_cases());
    all.extend(content::values());
    all.extend(content::extras());
    all.extend(content::qstreams());
    all
}
