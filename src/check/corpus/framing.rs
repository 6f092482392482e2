//! Breaches of framing, of compression, and of headers as XML.

use super::*;

pub(super) fn framing() -> Vec<Case> {
    let good = good();
    let s = stream("");
    let exception = header("xx", "<exception type=\"ServerError\" message=\"m\"/>");
    vec![
        case(Rule::Empty, "", ""),
        case(Rule::Das3, "", "|Sx||000010|<stream/>"),
        case(Rule::Tag, "", "<html>no stream</html>"),
        case(Rule::Tag, "", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0]),
        case(Rule::Tag, &good, "x1:2017-01-01"),
        case(Rule::Tag, &good, ":00:2017-01-01"),
        case(Rule::Tag, &good, "[1]000010<packet/>"),
        case(Rule::Length, &good, "[02]0000x1<packet/>"),
        case(Rule::Length, &good, "[xx]1 2   <comment/>"),
        case(Rule::LengthBlanks, "", "[00]    17<stream></stream>"),
        case(
            Rule::StrayNewline,
            &good,
            "\n \n".to_owned() + &record(9, "1"),
        ),
        case(
            Rule::UppercaseXx,
            &good,
            header("XX", "<comment type=\"a\" value=\"b\"/>"),
        ),
        case(Rule::CutOff, &good, ":01"),
        case(Rule::CutOff, &good, "[01]0000"),
        case(Rule::CutOff, &good, ":01:2017-01-01T00:00:"),
        case(Rule::CutOff, &good, "[02]000200<packet>"),
        case(Rule::UnknownId, &good, ":02:2017-01-01"),
        case(Rule::StreamFirst, "", y("name=\"a\"")),
        case(Rule::StreamFirst, "", exception.clone() + &s),
        case(
            Rule::SecondStreamHeader,
            &good,
            stream("") + &record(5, "2"),
        ),
        case(
            Rule::Exception00,
            &s,
            header("00", "<exception type=\"a\" message=\"b\"/>"),
        ),
        case(
            Rule::AfterException,
            &(numbers() + &exception),
            record(1, "1.0"),
        ),
    ]
}

pub(super) fn sizes() -> Vec<Case> {
    let s = stream("");
    let long = format!(
        "<packet><x type=\"sun_real8\" units=\"us2000\"/>{}</packet>",
        " ".repeat(300_000)
    );
    let many: String = (0..101)
        .map(|i| format!("<y name=\"y{i}\" type=\"sun_real4\" units=\"\"/>"))
        .collect();
    let scan = |items: u32| {
        packet(&format!(
            "<yscan name=\"s\" type=\"sun_real8\" yUnits=\"\" zUnits=\"\" nitems=\"{items}\"/>"
        ))
    };
    // Each of them could stand alone.
    let blanks = " ".repeat(900_000);
    let wide = |id: u8| {
        let planes = format!(
            "<x type=\"sun_real8\" units=\"us2000\"/><y name=\"y{id}\" type=\"sun_real4\" units=\"\"/>"
        );
        header(
            &format!("{id:02}"),
            &format!("<packet>{blanks}{planes}</packet>"),
        )
    };
    let four: String = (1..=4).map(wide).collect();
    vec![
        case(Rule::HeadersTogether, &(s.clone() + &four), wide(5)).also(&[Rule::HeaderLarge]),
        case(Rule::HeaderLarge, &s, header("01", &long)),
        case(Rule::PlaneCount, &s, packet(&many)),
        case(Rule::PacketLarge, &s, scan(40_000)),
        case(Rule::NitemsLarge, &s, scan(250_000)).also(&[Rule::PacketLarge]),
        case(Rule::PacketSize, &s, scan(3_000_000) + ":01:").also(&[Rule::NitemsLarge]),
    ]
}

/// Offsets count inflated bytes.
pub(super) fn compressed() -> Vec<Case> {
    let s = stream("compression=\"deflate\"");
    let body = good_body();
    let packed = zlib(body.as_bytes());
    let after = |rule, packed: Vec<u8>, seen: usize| Case {
        offset: (s.len() + seen) as u64,
        ..case(rule, &s, packed)
    };
    let mut trailing = packed.clone();
    trailing.push(b'\n');
    vec![
        case(
            Rule::Compression,
            "",
            stream("compression=\"gzip\"") + "abc",
        ),
        Case {
            offset: 0,
            ..case(
                Rule::CompressionName,
                &stream("compression=\"zlib\""),
                zlib(body.as_bytes()),
            )
        },
        after(Rule::Zlib, b"no zlib data".to_vec(), 0),
        after(Rule::Zlib, trailing, body.len()),
        after(Rule::CutOff, Vec::new(), 0),
        after(
            Rule::CutOff,
            packed[..packed.len() - 1].to_vec(),
            body.len(),
        ),
        after(
            Rule::CutOff,
            zlib(&body.as_bytes()[..body.len() - 5]),
            body.len() - 39,
        ),
        after(
            Rule::UnknownId,
            zlib((body.clone() + ":07:").as_bytes()),
            body.len(),
        ),
    ]
}

pub(super) fn headers() -> Vec<Case> {
    let s = stream("");
    let declaration = format!("<?xml version=\"1.0\" {}?><stream/>", "x=\"\" ".repeat(60));
    vec![
        case(Rule::Xml, "", header("00", "<stream>")),
        case(Rule::Xml, &s, header("01", "")),
        case(Rule::Xml, &s, header("01", "<packet></packet>:01")),
        case(Rule::Xml, &s, header("01", "<packet a=\"1\" a=\"2\"/>")),
        case(
            Rule::Xml,
            &s,
            header("xx", "<comment type=\"a&b\" value=\"\"/>"),
        ),
        case(
            Rule::Xml,
            &s,
            header("xx", "<comment type=\"log:info\" value=\"\u{1}\"/>"),
        ),
        case(
            Rule::Doctype,
            "",
            header("00", "<!DOCTYPE stream><stream/>"),
        ),
        case(Rule::XmlDeclaration, "", header("00", &declaration)),
        case(
            Rule::Utf8,
            "",
            &b"[00]000028<stream><!-- \xb0 --></stream> "[..],
        ),
        case(Rule::UnknownRoot, &s, header("02", "<plot/>")),
        case(
            Rule::UnknownRoot,
            &s,
            header("xx", "<enumerationUnit name=\"a\"/>"),
        ),
        case(Rule::WrongRoot, &s, header("01", "<stream/>")),
        case(Rule::WrongRoot, &s, header("xx", "<packet/>")),
        case(Rule::UnknownAttribute, "", stream("author=\"me\"")),
        case(Rule::UnknownAttribute, &s, y("name=\"a\" unit=\"V\"")),
        case(
            Rule::UnknownElement,
            "",
            header("00", "<stream><a/></stream>"),
        ),
        case(
            Rule::UnknownElement,
            &s,
            packet("<y name=\"a\" type=\"sun_real4\" units=\"\"><b/></y>"),
        ),
        case(
            Rule::PropertiesTwice,
            "",
            header(
                "00",
                "<stream><properties a=\"1\"/><properties b=\"1\"/></stream>",
            ),
        ),
        case(Rule::Version, "", stream("version=\"2.4\"")),
        case(Rule::Version, "", stream("version=\"two\"")),
    ]
}
