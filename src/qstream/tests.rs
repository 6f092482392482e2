//! Whole QStreams in, whole QStreams out.

use super::*;
use crate::stream::{Error, Run, Writer};

fn tagged(tag: &str, body: &str) -> Vec<u8> {
    format!("[{tag}]{:06}{body}", body.len()).into_bytes()
}

const STREAM: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <stream dataset_id=\"v\" byte_order=\"little_endian\" version=\"1.1\" odd=\"kept\"/>\n";

const PACKET: &str = "<packet a=\"1\"><qdataset id=\"t\" rank=\"1\"><properties>\
    <property name=\"UNITS\" type=\"units\" value=\"us2000\"/>\
    <property name=\"USER\" type=\"map\"><map><property name=\"x\" type=\"String\" value=\"&lt;\"/>\
    </map></property><property name=\"T\" type=\"String\">text</property></properties>\
    <values encoding=\"double\" length=\"\"/></qdataset>\
    <qdataset id=\"v\" rank=\"3\"><properties index=\"0\">\
    <property name=\"UNITS\" type=\"units\" value=\"s\"/></properties>\
    <odd/><values encoding=\"int2\" length=\"3,2\"/></qdataset></packet>";

fn sample() -> Vec<u8> {
    let mut bytes = tagged("00", STREAM);
    let inline = "<packet><qdataset id=\"f\" rank=\"1\"><values values=\"1,2.5\" length=\"2\"/></qdataset></packet>";
    bytes.extend(tagged("02", inline));
    bytes.extend(tagged("01", PACKET));
    for i in 0..40u8 {
        bytes.extend(b":01:");
        bytes.extend(f64::from(i).to_le_bytes());
        bytes.extend([i; 12]);
        if i % 9 == 0 {
            let label = format!("<enumerationUnit name=\"e\" value=\"{i}\" label=\"l\"/>");
            bytes.extend(tagged("xx", &label));
        }
    }
    bytes.extend(tagged("00", STREAM));
    bytes.extend(tagged("01", PACKET));
    bytes.extend(b":01:");
    bytes.extend([0; 20]);
    bytes.extend(tagged(
        "xx",
        "<comment type=\"taskProgress\" message=\"0 of 100\"/>",
    ));
    bytes.extend(tagged(
        "xx",
        "<exception type=\"NoDataInInterval\" message=\"m\"/>",
    ));
    bytes
}

fn copied(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    reader(bytes).pump(&mut Writer::of_qstream(&mut out))?;
    Ok(out)
}

/// Tags and trees or data of a stream, without their layout.
fn pieces(mut bytes: &[u8]) -> Vec<(String, Option<Element>)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let text =
            |range: std::ops::Range<usize>| String::from_utf8_lossy(&bytes[range]).into_owned();
        let (piece, length) = match bytes[0] {
            b':' => ((text(0..24), None), 24),
            _ => {
                let length: usize = text(4..10).parse().unwrap();
                let tree = Element::parse(&bytes[10..10 + length]).unwrap();
                ((text(0..4), Some(tree)), 10 + length)
            }
        };
        all.push(piece);
        bytes = &bytes[length..];
    }
    all
}

#[test]
fn nothing_is_lost() {
    let bytes = sample();
    let out = copied(&bytes).unwrap();
    let mut before = pieces(&bytes);
    let repeated = before.iter().rposition(|(tag, _)| tag == "[00]").unwrap();
    before.remove(repeated);
    assert_eq!(pieces(&out), before);
    assert!(
        out.starts_with(b"[00]000125<?xml"),
        "{}",
        out.escape_ascii()
    );
    assert_eq!(copied(&out).unwrap(), out);
}

#[test]
fn any_piece_size_and_any_cut() {
    struct Pieces<'a>(&'a [u8], usize);
    impl Input for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(into.len()).min(self.0.len());
            let (now, later) = self.0.split_at(count);
            into[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
        fn would_wait(&mut self) -> bool {
            true
        }
    }
    let bytes = sample();
    let whole = copied(&bytes).unwrap();
    for size in [1, 7, 1000] {
        let mut out = Vec::new();
        let mut writer = Writer::of_qstream(&mut out);
        reader(Pieces(&bytes, size)).pump(&mut writer).unwrap();
        drop(writer);
        assert_eq!(out, whole, "{size}");
    }
    for cut in (0..bytes.len()).step_by(7) {
        let mut out = Vec::new();
        let mut writer = Writer::of_qstream(&mut out);
        let passed = reader(&bytes[..cut]).pump(&mut writer);
        drop(writer);
        assert!(whole.starts_with(&out), "{cut}");
        assert!(
            passed.is_ok() || matches!(passed, Err(Error::CutOff { .. })),
            "{cut}"
        );
    }
}

#[test]
fn a_descriptor_says_where_values_are() {
    let element = Element::parse(PACKET.as_bytes()).unwrap();
    let packet = Packet::of_element(&element, false).unwrap();
    assert_eq!(packet.size(), 8 + 12);
    assert_eq!(packet.tag().unwrap().1, 0);
    let columns: Vec<_> = packet.columns().map(|(index, at, _)| (index, at)).collect();
    assert_eq!(columns, [(0, 0), (1, 8)]);
    assert_eq!(packet.datasets[1].units, "");
    assert!(!packet.is_joined());
    let of = |text: &str| Packet::of_element(&Element::parse(text.as_bytes()).unwrap(), true);
    let dataset = |rank: &str, length: &str| {
        of(&format!(
            "<packet><qdataset id=\"a\" rank=\"{rank}\"><values encoding=\"time24\" \
             length=\"{length}\"/></qdataset></packet>"
        ))
    };
    assert!(dataset("2", "").unwrap().is_joined());
    // As Autoplot writes bundles, and a dataset that is whole in one packet.
    assert!(dataset("1", "1").unwrap().tag().is_some());
    assert!(dataset("1", "8").unwrap().tag().is_none());
    let bundle =
        of("<packet><qdataset id=\"b\" rank=\"2\"><values bundle=\"x, y\"/></qdataset></packet>");
    let bundle = bundle.unwrap();
    assert_eq!(
        (bundle.size(), bundle.composed().next().unwrap().1),
        (0, &["x".to_owned(), "y".to_owned()][..])
    );
    for (rank, length) in [
        ("1", "a"),
        ("1", "0"),
        ("1", "2,2"),
        ("4", "2"),
        ("x", ""),
        ("", ""),
    ] {
        assert!(dataset(rank, length).is_err(), "{rank} {length}");
    }
    for bad in [
        "<packet/>",
        "<packet><y type=\"float\"/></packet>",
        "<packet><qdataset id=\"a\" rank=\"1\"/></packet>",
        "<packet><qdataset rank=\"1\"><values encoding=\"double\"/></qdataset></packet>",
        "<packet><qdataset id=\"a\" rank=\"1\"><values encoding=\"real9\"/></qdataset></packet>",
    ] {
        assert!(of(bad).is_err(), "{bad}");
    }
}

#[test]
fn properties_are_changed_where_they_stand() {
    let mut element = Element::parse(PACKET.as_bytes()).unwrap();
    let dataset = &mut element.children[0];
    set_property(dataset, "UNITS", "t1970");
    set_property(dataset, "T", "other");
    set_property(dataset, "NEW", "1");
    assert_eq!(property(dataset, "UNITS"), Some("t1970"));
    assert_eq!(property(dataset, "T"), Some("other"));
    assert_eq!(property(dataset, "NEW"), None);
}

#[test]
fn broken_streams_are_refused_with_their_place() {
    let begun = tagged("00", STREAM);
    let at = begun.len();
    let after = |tag: &str, body: &str| [begun.clone(), tagged(tag, body)].concat();
    let data = |descriptor: &str| [after("01", descriptor), b":01:".to_vec()].concat();
    let inline =
        "<packet><qdataset id=\"f\" rank=\"1\"><values values=\"1,2\"/></qdataset></packet>";
    let large = PACKET
        .replace("3,2", "30000,3000")
        .replace("double", "float");
    for (bytes, what) in [
        (tagged("00", "<stream/>"), "this is a das2 stream"),
        (b"|Sx||10|<stream/>".to_vec(), "das3"),
        (begun[..20].to_vec(), "byte 0: the stream is cut off"),
        (
            after("01", "<packet><y/></packet>"),
            &format!("byte {at}, packet 01: <y> is no qdataset"),
        ),
        (after("01", &large), "above the limit"),
        (
            after("00", "<stream dataset_id=\"other\"/>"),
            &format!("byte {at}: the stream descriptor is repeated"),
        ),
        (
            [begun.clone(), b":01:".to_vec()].concat(),
            &format!("byte {at}, packet 01: data before"),
        ),
        (
            data(inline),
            "packet 01: data of a packet ID whose values are in its header",
        ),
        (data(PACKET), "cut off"),
        (
            [
                tagged("00", "<stream dataset_id=\"a\" byte_order=\"pdp\"/>"),
                tagged("01", PACKET),
            ]
            .concat(),
            "the byte order 'pdp'",
        ),
    ] {
        let error = copied(&bytes).unwrap_err().to_string();
        assert!(error.contains(what), "{error}; {what}");
    }
}

#[test]
fn an_exception_may_be_all_there_is() {
    for tag in ["00", "xx"] {
        let alone = tagged(
            tag,
            "<exception type=\"NoDataInInterval\" message=\"none\"/>",
        );
        let out = copied(&alone).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("[00]") && text.contains("NoDataInInterval"),
            "{text}"
        );
    }
    let mut out = Vec::new();
    let mut writer = Writer::of_qstream(&mut out);
    let exception = crate::stream::Exception::new("ServerError", "m");
    crate::stream::Sink::abort(&mut writer, &exception).unwrap();
    drop(writer);
    assert!(out.starts_with(b"[00]") && Run::TAG == 4);
}
