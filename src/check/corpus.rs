//! Streams made to break one rule each, with the place where it is broken.

use std::io::Write;

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
    let mut all = framing();
    all.extend(sizes());
    all.extend(compressed());
    all.extend(headers());
    all.extend(packets());
    all.extend(planes());
    all.extend(tags());
    all.extend(property_cases());
    all.extend(values());
    all.extend(extras());
    all.extend(qstreams());
    all
}

fn framing() -> Vec<Case> {
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

fn sizes() -> Vec<Case> {
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
    vec![
        case(Rule::HeaderLarge, &s, header("01", &long)),
        case(Rule::PlaneCount, &s, packet(&many)),
        case(Rule::PacketLarge, &s, scan(40_000)),
        case(Rule::NitemsLarge, &s, scan(250_000)).also(&[Rule::PacketLarge]),
        case(Rule::PacketSize, &s, scan(3_000_000) + ":01:").also(&[Rule::NitemsLarge]),
    ]
}

/// Offsets count inflated bytes.
fn compressed() -> Vec<Case> {
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

fn headers() -> Vec<Case> {
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

fn packets() -> Vec<Case> {
    let s = stream("");
    let of = |planes: &str| header("01", &format!("<packet>{planes}</packet>"));
    let x = "<x name=\"t\" type=\"sun_real8\" units=\"us2000\"/>";
    let (y, z) = (
        "<y name=\"a\" type=\"sun_real4\" units=\"V\"/>",
        "<z name=\"b\" type=\"sun_real4\" units=\"V\"/>",
    );
    let scan = "<yscan name=\"s\" type=\"sun_real4\" yUnits=\"Hz\" zUnits=\"V\" nitems=\"2\"/>";
    let body = format!("<packet>{x}{y}</packet>");
    vec![
        case(
            Rule::UnknownChild,
            &s,
            of(&format!("{x}<w/>")) + ":01:abcdefgh",
        ),
        case(Rule::UnknownChild, &s, of(&format!("{x}<qdataset/>"))),
        case(
            Rule::PropertiesPlace,
            &s,
            of(&format!("{x}<properties a=\"1\"/>{y}")),
        ),
        case(
            Rule::PacketGroup,
            &s,
            header("01", &format!("<packet group=\"g\">{x}</packet>")),
        ),
        case(
            Rule::DuplicateHeader,
            &(s.clone() + &header("01", &body)),
            header("02", &body),
        ),
        case(Rule::NoPlanes, &s, of("")),
        case(Rule::XMissing, &s, of(y)),
        case(Rule::XSeveral, &s, of(&(x.replace("\"t\"", "\"u\"") + x))),
        case(Rule::XNotFirst, &s, of(&(y.to_owned() + x))),
        case(Rule::ZWithoutXY, &s, of(&(x.to_owned() + z))),
        case(Rule::YscanWithZ, &s, of(&[x, y, scan, z].concat())),
        case(
            Rule::DuplicatePlaneName,
            &s,
            of(&[x, y, &scan.replace("\"s\"", "\"a\"")].concat()),
        ),
        case(
            Rule::DuplicatePlaneName,
            &s,
            packet("<y type=\"sun_real4\" units=\"V\"/>"),
        ),
        case(
            Rule::Das23,
            &s,
            of(
                "<xscan name=\"w\" type=\"sun_real4\" xUnits=\"s\" yUnits=\"V\" nitems=\"2\" \
                xOffsets=\"0,1\"/>",
            ),
        )
        .also(&[Rule::XMissing]),
    ]
}

fn planes() -> Vec<Case> {
    let s = stream("");
    let of = |kind: &str| packet(&format!("<y name=\"a\" units=\"V\" type=\"{kind}\"/>"));
    let scan = |items: &str| {
        packet(&format!(
            "<yscan name=\"s\" type=\"sun_real4\" yUnits=\"Hz\" zUnits=\"V\" {items}/>"
        ))
    };
    vec![
        case(Rule::PlaneType, &s, of("real4")),
        case(Rule::PlaneType, &s, of("ascii128")),
        case(
            Rule::PlaneType,
            &s,
            packet("<y name=\"a\" units=\"V\"/>") + ":01:x",
        ),
        case(Rule::TypeName, &s, of("float")),
        case(Rule::TypeName, &s, of("double")),
        case(Rule::IntType, &s, of("little_endian_int4")),
        case(Rule::AsciiWidth, &s, of("ascii100")),
        case(Rule::TimeWidth, &s, x("type=\"time40\" units=\"us2000\"")),
        case(Rule::Nitems, &s, scan("")),
        case(Rule::Nitems, &s, scan("nitems=\"0\"")),
        case(Rule::Nitems, &s, scan("nitems=\"-1\"")),
        case(Rule::Nitems, &s, scan("nitems=\"99999999999999999999\"")),
        case(
            Rule::UnitsMissing,
            &s,
            packet("<y name=\"a\" type=\"sun_real4\"/>"),
        ),
        case(
            Rule::UnitsMissing,
            &s,
            packet("<yscan name=\"a\" type=\"sun_real4\" zUnits=\"V\" nitems=\"1\"/>"),
        ),
        case(Rule::TimeUnits, &s, x("type=\"time24\" units=\"km\"")),
        case(Rule::XReal4, &s, x("type=\"sun_real4\" units=\"us2000\"")),
        case(
            Rule::Base,
            &s,
            x("type=\"sun_real4\" units=\"s\" base=\"noon\""),
        )
        .also(&[Rule::BaseIgnored]),
        case(
            Rule::Base,
            &s,
            x("type=\"sun_real4\" units=\"km\" base=\"2010-01-01\""),
        )
        .also(&[Rule::BaseIgnored]),
        case(
            Rule::BaseIgnored,
            &s,
            x("type=\"sun_real4\" units=\"s\" base=\"2010-01-01\""),
        ),
        case(Rule::PlaneName, &s, y("name=\"amp.max\"")),
        case(Rule::PlaneName, &s, y("name=\"2nd\"")),
    ]
}

fn tags() -> Vec<Case> {
    let s = stream("");
    vec![
        case(Rule::YtagsCount, &s, yscan("yTags=\"1\"")),
        case(Rule::YtagsCount, &s, yscan("yTags=\"1,2,3\"")),
        case(Rule::YtagsNumber, &s, yscan("yTags=\"1,x\"")),
        case(Rule::YtagsNumber, &s, yscan("yTags=\"2010-01-01,2\"")),
        case(Rule::YtagsFinite, &s, yscan("yTags=\"1,nan\"")),
        case(Rule::YtagsInterval, &s, yscan("yTagInterval=\"0\"")),
        case(Rule::YtagsInterval, &s, yscan("yTagInterval=\"-1\"")),
        case(Rule::YtagsInterval, &s, yscan("yTagInterval=\"a\"")),
        case(
            Rule::YtagsBoth,
            &s,
            yscan("yTags=\"1,2\" yTagInterval=\"1\""),
        ),
        case(
            Rule::YtagsMax,
            &s,
            yscan("yTagInterval=\"1\" yTagMax=\"5\""),
        ),
        case(Rule::YtagsMin, &s, yscan("yTagMin=\"5\"")),
    ]
}

fn property_cases() -> Vec<Case> {
    let s = stream("");
    vec![
        case(Rule::PropertyType, "", properties("float:a=\"1\"")),
        case(Rule::PropertyType, "", properties("Double:a=\"1\"")),
        case(Rule::PropertyName, "", properties("a-b=\"1\"")),
        case(Rule::PropertyName, "", properties("String:=\"1\"")),
        case(Rule::PropertyValue, "", properties("double:a=\"b\"")),
        case(Rule::PropertyValue, "", properties("DatumRange:a=\"1 Hz\"")),
        case(Rule::PropertyTwice, "", properties("a=\"1\" int:a=\"1\"")),
        case(Rule::XTagWidthDatum, "", properties("xTagWidth=\"60 s\"")),
        case(
            Rule::XTagWidthDatum,
            &properties("Datum:xTagWidth=\"60 V\""),
            y("name=\"a\""),
        ),
        case(
            Rule::CacheProperty,
            "",
            properties("TimeRange:xCacheRange=\"2010-01-01 to 2010-01-02\""),
        ),
        case(
            Rule::CacheProperty,
            "",
            properties("double:xCacheResolution=\"60\""),
        ),
        case(
            Rule::MonotonicType,
            "",
            properties("boolean:monotonicXTags=\"true\""),
        ),
        case(Rule::FillNumber, "", properties("zFill=\"none\"")),
        case(
            Rule::PropertyValue,
            &s,
            packet(
                "<y name=\"a\" type=\"sun_real4\" units=\"V\">\
                 <properties boolean:b=\"1\"/></y>",
            ),
        ),
    ]
}

/// Each value is found at its own place, not at that of its packet.
fn values() -> Vec<Case> {
    let numbers = numbers();
    let number_at = numbers.clone() + ":01:2017-01-01T00:00:00.000 ";
    let x8 = stream("") + &x("type=\"sun_real8\" units=\"us2000\"") + ":01:";
    let claim = properties("monotonicXTags=\"true\"")
        + &packet("<y name=\"a\" type=\"ascii11\" units=\"V\"/>")
        + &record(5, "1.0")
        + ":01:";
    let last = record(6, "1.0");
    vec![
        case(
            Rule::TimeField,
            &(numbers.clone() + ":01:"),
            "2017-13-01T25:00:00.000        1.0\n".to_owned() + &last,
        ),
        case(
            Rule::TimeField,
            &(numbers.clone() + ":01:"),
            "                               1.0\n",
        ),
        case(
            Rule::TimeForm,
            &(numbers.clone() + ":01:"),
            "1 Mar 2017 12:30               1.0\n".to_owned() + &last,
        ),
        case(
            Rule::NumberField,
            &number_at,
            "       one\n".to_owned() + &last,
        ),
        case(
            Rule::NumberField,
            &number_at,
            "          \n".to_owned() + &last,
        ),
        case(
            Rule::FieldSeparator,
            &number_at,
            "       1.0\t".to_owned() + &last,
        ),
        case(
            Rule::FieldSeparator,
            &number_at,
            "1.00000e+00".to_owned() + &last,
        ),
        case(Rule::XValue, &x8, f64::NAN.to_be_bytes()),
        case(Rule::XValue, &x8, f64::INFINITY.to_be_bytes()),
        case(
            Rule::MonotonicClaim,
            &claim,
            record(4, "1.0").trim_start_matches(":01:"),
        ),
    ]
}

fn extras() -> Vec<Case> {
    let s = stream("");
    let comment = |kind: &str, value: &str| {
        header(
            "xx",
            &format!("<comment type=\"{kind}\" value=\"{value}\"/>"),
        )
    };
    let sized = s.clone() + &comment("taskSize", "100");
    vec![
        case(
            Rule::CommentAttribute,
            &s,
            header("xx", "<comment value=\"a\"/>"),
        ),
        case(Rule::TaskSize, &s, comment("taskSize", "0")),
        case(Rule::TaskProgress, &s, comment("taskProgress", "1")),
        case(Rule::TaskProgress, &sized, comment("taskprogress", "101")),
        case(Rule::LogLevel, &s, comment("log:loud", "a")),
        case(
            Rule::ExceptionAttribute,
            &s,
            header("xx", "<exception>text</exception>"),
        ),
    ]
}

fn qstreams() -> Vec<Case> {
    let values = "<values encoding=\"double\" length=\"\"/>";
    let of = |rule, dataset: &str| {
        let (s, p) = qstream(dataset);
        case(rule, &s, p)
    };
    let one = format!("<qdataset id=\"a\" rank=\"1\">{values}</qdataset>");
    let inline = "<qdataset id=\"b\" rank=\"1\"><values values=\"1,2\"/></qdataset>";
    let (s, p) = qstream(&one);
    let (_, inlined) = qstream(inline);
    vec![
        case(
            Rule::StreamDiffers,
            &(s.clone() + &p),
            stream("dataset_id=\"other\""),
        ),
        case(
            Rule::ByteOrder,
            "",
            stream("dataset_id=\"a\" byte_order=\"pdp\""),
        ),
        of(Rule::Qdataset, "<qdataset rank=\"1\"/>"),
        of(Rule::Qdataset, &one.replace("rank=\"1\"", "rank=\"3\"")),
        of(Rule::Qdataset, &one.replace("length=\"\"", "length=\"a\"")),
        of(Rule::Qdataset, "<qdataset id=\"a\" rank=\"1\"/>"),
        of(Rule::PlaneType, &one.replace("double", "sun_real8")),
        of(Rule::UnknownChild, "<y/>"),
        of(Rule::NoPlanes, ""),
        of(Rule::InlineMixed, &(one.clone() + inline)),
        case(Rule::InlineData, &(s.clone() + &inlined), ":01:"),
        of(
            Rule::PacketLarge,
            &one.replace("rank=\"1\"", "rank=\"2\"")
                .replace("length=\"\"", "length=\"200000\""),
        ),
        of(
            Rule::PropertyType,
            &one.replace(
                "<values",
                "<properties><property name=\"A\" type=\"float\" value=\"1\"/></properties><values",
            ),
        ),
        case(
            Rule::UnknownAttribute,
            "",
            stream("dataset_id=\"a\" compression=\"deflate\""),
        ),
    ]
}
