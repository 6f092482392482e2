//! Reader and writer together: whole streams in, whole streams out.

use std::io::{self, Write};

use super::*;

/// Hands bytes out in pieces of a given size.
struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl Input for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.size.min(into.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(count);
        into[..count].copy_from_slice(now);
        self.bytes = later;
        Ok(count)
    }
    fn would_wait(&mut self) -> bool {
        true
    }
}

fn tagged(tag: &str, body: &str) -> Vec<u8> {
    format!("[{tag}]{:06}{body}", body.len()).into_bytes()
}

const X_Y: &str = r#"<packet><x type="little_endian_real8" units="us2000"/><y type="ascii10" name="a" units="V"/></packet>"#;

/// Two packet types, interleaved, one redefined, with comments.
fn sample() -> Vec<u8> {
    let mut s = tagged(
        "00",
        r#"<stream version="2.2"><properties title="a &lt; b"/></stream>"#,
    );
    s.extend(tagged("01", X_Y));
    s.extend(tagged(
        "02",
        r#"<packet><x type="time24" units="us2000"/></packet>"#,
    ));
    for i in 0..50 {
        s.extend(b":01:");
        s.extend(f64::from(i).to_le_bytes());
        s.extend(format!("{:9} ", i * 3).into_bytes());
        if i % 7 == 0 {
            s.extend(b":02:2000-01-01T00:00:00.000\n");
        }
        if i == 20 {
            s.extend(tagged(
                "xx",
                r#"<comment type="taskProgress" value="5" source="r"/>"#,
            ));
        }
    }
    s.extend(tagged(
        "01",
        r#"<packet><x type="double" units="t2000"/></packet>"#,
    ));
    s.extend(b":01:[00]:01:"); // data that look like tags
    s.extend(tagged("xx", r#"<exception type="Odd" message="m"/>"#));
    s
}

fn copy_of(bytes: &[u8], size: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    Reader::new(Pieces { bytes, size }).pump(&mut writer)?;
    drop(writer);
    Ok(out)
}

#[test]
fn a_copy_of_a_copy_is_the_same_whatever_the_pieces() {
    let once = copy_of(&sample(), usize::MAX).unwrap();
    assert_eq!(copy_of(&once, usize::MAX).unwrap(), once);
    for size in [1, 2, 3, 7, 26, 100, 1000] {
        assert_eq!(copy_of(&sample(), size).unwrap(), once, "pieces of {size}");
    }
}

#[test]
fn data_are_untouched() {
    let out = copy_of(&sample(), 11).unwrap();
    let data = |s: &[u8]| {
        s.windows(4)
            .filter(|w| *w == b":02:" || *w == b":01:")
            .count()
    };
    assert_eq!(data(&out), data(&sample()));
    assert!(String::from_utf8_lossy(&out).contains(r#"title="a &lt; b""#));
    assert!(String::from_utf8_lossy(&out).contains(r#"type="Odd""#));
}

#[test]
fn any_prefix_ends_cleanly_or_with_an_error() {
    let whole = sample();
    for length in 0..whole.len() {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        let result = Reader::new(&whole[..length]).pump(&mut writer);
        drop(writer);
        match result {
            Ok(()) | Err(Error::CutOff { .. }) => {}
            Err(other) => panic!("at {length}: {other}"),
        }
    }
}

#[test]
fn deflated_streams_read_back_and_are_made() {
    let plain = copy_of(&sample(), usize::MAX).unwrap();
    let mut zipped = Vec::new();
    let mut writer = Writer::deflated(&mut zipped);
    Reader::new(&sample()[..]).pump(&mut writer).unwrap();
    drop(writer);
    assert!(String::from_utf8_lossy(&zipped).contains(r#"compression="deflate""#));
    assert!(zipped.len() < plain.len());
    for size in [1, 13, usize::MAX] {
        let back = copy_of(&zipped, size).unwrap();
        let text = String::from_utf8_lossy(&back).replace("compression=\"none\" ", "");
        let back_data = &back[back.len() - 500..];
        assert_eq!(back_data, &plain[plain.len() - 500..]);
        assert!(text.contains(r#"title="a &lt; b""#));
    }
    // Cut off or damaged compressed data are an error, after whole packets.
    assert!(copy_of(&zipped[..zipped.len() - 20], 5).is_err());
    let header = zipped.windows(9).position(|w| w == b"</stream>").unwrap() + 10;
    let mut damaged = zipped.clone();
    damaged[header] ^= 0xff;
    assert!(copy_of(&damaged, usize::MAX).is_err());
}

/// Every packet before the damage is handled, however the bytes arrive.
#[test]
fn damaged_data_are_used_up_to_the_damage() {
    let mut zipped = Vec::new();
    let mut writer = Writer::deflated(&mut zipped);
    Reader::new(&sample()[..]).pump(&mut writer).unwrap();
    drop(writer);
    let length = zipped.len();
    for place in (length / 2..length - 4).step_by(3) {
        let mut damaged = zipped.clone();
        damaged[place] ^= 0x55;
        let copied = |size| {
            let mut out = Vec::new();
            let mut writer = Writer::new(&mut out);
            let bytes = &damaged;
            let good = Reader::new(Pieces { bytes, size })
                .pump(&mut writer)
                .is_ok();
            writer.flush().unwrap();
            drop(writer);
            (good, out)
        };
        assert_eq!(copied(usize::MAX), copied(7), "{place}");
    }
}

#[test]
fn oddities_are_tolerated_and_noted() {
    let mut s = tagged("xx", r#"<comment type="log:info" value="early"/>"#);
    s.extend(b"\n");
    s.extend(b"[00]    17<stream></stream>\n");
    s.extend(tagged("01", X_Y));
    s.extend(tagged("00", "<stream></stream>"));
    s.extend(tagged("xx", "<marker>odd</marker>"));
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let mut reader = Reader::new(&s[..]);
    reader.pump(&mut writer).unwrap();
    assert!(reader.notes().1 >= 4);
    drop(writer);
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("[00]"), "{text}");
    assert_eq!(text.matches("<stream").count(), 1);
    assert!(text.contains("early") && text.contains("<marker>odd</marker>"));
}

#[test]
fn an_exception_alone_is_a_stream() {
    let s = tagged(
        "00",
        r#"<exception type="NoDataInInterval" message="none"/>"#,
    );
    let out = String::from_utf8(copy_of(&s, 4).unwrap()).unwrap();
    assert!(out.starts_with("[00]") && out.contains("NoDataInInterval"));
}

#[test]
fn broken_streams_are_refused_with_their_place() {
    let header = tagged("00", "<stream></stream>");
    let after = |more: &[u8]| [header.clone(), more.to_vec()].concat();
    let x = r#"<packet><x type="double"/></packet>"#;
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "nothing in it"),
        (b"hello".to_vec(), "byte 0"),
        (b"|Sx||10|<stream/>".to_vec(), "das3"),
        (tagged("01", x), "before the stream header"),
        (tagged("00", "<packet/>"), "wrong tag"),
        (tagged("00", "<stream dataset_id='a'/>"), "QStream"),
        (tagged("00", "<stream compression='lzma'/>"), "lzma"),
        (after(b":01:12345678"), "byte 27, packet 01: data before"),
        (after(b":00:12345678"), "packet ID 00"),
        (after(&tagged("01", "<packet></packet>")), "without planes"),
        (
            after(&[tagged("01", x), b":01:1234".to_vec()].concat()),
            "cut off",
        ),
        (
            after(&[tagged("01", x), b":01:12345678x".to_vec()].concat()),
            "a packet tag",
        ),
        (after(b"[01]999999<packet>"), "cut off"),
        (after(b"[01]0000xx"), "six digits"),
    ];
    for (bytes, words) in cases {
        let error = copy_of(&bytes, usize::MAX).unwrap_err().to_string();
        assert!(error.contains(words), "{error} / {words}");
    }
}

#[test]
fn a_header_that_promises_much_takes_no_memory() {
    let mut s = tagged("00", "<stream></stream>");
    s.extend(tagged(
        "01",
        r#"<packet><yscan type="double" nitems="2000000" yUnits="" zUnits=""/></packet>"#,
    ));
    s.extend(b":01:1234");
    let mut reader = Reader::new(&s[..]);
    assert!(reader.pump(&mut Writer::new(io::sink())).is_err());
}

/// What is written can be read again: text is several times as wide.
#[test]
fn packets_beyond_the_limit_are_not_written() {
    let xml = r#"<packet><yscan type="float" nitems="4000000" yUnits="" zUnits=""/></packet>"#;
    let element = Element::parse(xml.as_bytes()).unwrap();
    let mut header = PacketHeader::from_element(element).unwrap();
    let mut writer = Writer::new(io::sink());
    let id = PacketId::new(1).unwrap();
    assert!(
        writer
            .packet(id, &std::sync::Arc::new(header.clone()))
            .is_ok()
    );
    header.planes[0].set_encoding(Encoding::Ascii(14));
    let error = writer.packet(id, &std::sync::Arc::new(header)).unwrap_err();
    assert!(matches!(error, Error::Unfit(_)), "{error}");
}

#[test]
fn ninety_nine_packet_types_at_once() {
    let mut s = tagged("00", "<stream></stream>");
    for round in 0..2 {
        for id in 1..=99 {
            if round == 0 {
                s.extend(tagged(
                    &format!("{id:02}"),
                    r#"<packet><x type="float"/></packet>"#,
                ));
            }
            s.extend(format!(":{id:02}:1234").into_bytes());
        }
    }
    let out = copy_of(&s, usize::MAX).unwrap();
    assert_eq!(out.windows(4).filter(|w| *w == b"1234").count(), 198);
}

#[test]
fn a_gone_reader_is_told_from_other_errors() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = Reader::new(&sample()[..])
        .pump(&mut Writer::new(Gone))
        .unwrap_err();
    assert!(error.is_broken_pipe());
}
