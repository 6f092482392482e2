use super::corpus::{cases, good, good_body, header, packet, record, stream, zlib};
use super::*;
use std::collections::BTreeSet;
use std::io::{self, Read};

fn check(text: impl AsRef<[u8]>) -> Report {
    check_stream(text.as_ref())
}

/// Fails after its bytes.
struct Failing<'a>(&'a [u8]);
impl Read for Failing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

/// Gives one byte a read.
struct Drip<'a>(&'a [u8]);
impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into.len().min(1);
        self.0.read(&mut into[..count])
    }
}

#[test]
fn how_the_bytes_arrive_makes_no_difference() {
    let short = |case: &super::corpus::Case| case.stream.len() < 10_000;
    let mut streams: Vec<Vec<u8>> = cases()
        .into_iter()
        .filter(short)
        .map(|c| c.stream)
        .collect();
    streams.push(good().into_bytes());
    for bytes in streams {
        let (whole, slow) = (check(&bytes), check_stream(Drip(&bytes)));
        assert_eq!(whole.to_json(), slow.to_json());
    }
}

#[test]
fn an_exception_as_a_beginning_is_the_whole_stream() {
    let alone = header("00", "<exception type=\"ServerError\" message=\"none\"/>");
    let report = check(alone.clone() + &header("xx", "<comment type=\"a\" value=\"b\"/>"));
    assert!(report.breaks(Rule::StreamFirst), "{report}");
    assert_eq!(report.findings[0].offset, alone.len() as u64);
}

#[test]
fn every_breach_is_found_in_its_place() {
    for case in cases() {
        let report = check(&case.stream);
        let what = format!(
            "{} in {}\n{report}",
            case.rule.name(),
            case.stream
                .get(..400)
                .unwrap_or(&case.stream)
                .escape_ascii()
        );
        let found = report.findings.iter().find(|f| f.rule == case.rule);
        assert_eq!(found.map(|f| f.offset), Some(case.offset), "{what}");
        let expected: BTreeSet<Rule> = case.also.iter().copied().chain([case.rule]).collect();
        let broken: BTreeSet<Rule> = report.counts.keys().copied().collect();
        assert_eq!(broken, expected, "{what}");
        let is_error = case.rule.severity() == Severity::Error;
        assert_eq!(report.is_conforming(), !is_error, "{what}");
    }
}

#[test]
fn every_rule_has_a_case() {
    let mut missing: BTreeSet<Rule> = Rule::ALL.iter().copied().collect();
    for case in cases() {
        missing.remove(&case.rule);
    }
    // An input that fails cannot be made of bytes; see below.
    assert_eq!(missing, BTreeSet::from([Rule::Input]));
    let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
}

#[test]
fn an_input_that_fails_is_a_finding() {
    let report = check_stream(Failing(good().as_bytes()));
    assert!(report.breaks(Rule::Input) && !report.is_conforming());
    assert_eq!(report.summary.records, 3);
    assert!(!report.summary.complete);
}

#[test]
fn a_good_stream_has_no_findings() {
    let report = check(good());
    assert!(report.findings.is_empty(), "{report}");
    let summary = &report.summary;
    assert!(summary.complete);
    assert_eq!(summary.kind, Kind::Das22);
    assert_eq!(summary.version.as_deref(), Some("2.2"));
    assert_eq!((summary.records, summary.bytes), (3, good().len() as u64));
    let range = summary.time_range.as_ref().unwrap();
    assert_eq!(range[0], "2017-01-01T00:00:00.000");
    assert_eq!(range[1], "2017-01-01T00:00:02.000");
    let x = summary.packets[0].x.as_ref().unwrap();
    assert_eq!(x.step, Some([1.0; 3]));
    assert!(x.is_monotonic && x.is_time);
}

#[test]
fn streams_without_data_are_good() {
    for text in [
        stream(""),
        stream("compression=\"none\""),
        header("00", "<?xml version=\"1.0\"?>\n<stream/>\n"),
        header(
            "00",
            "<exception type=\"NoDataInInterval\" message=\"none\"/>",
        ),
        stream("")
            + &header(
                "xx",
                "<exception type=\"NoDataInInterval\" message=\"none\"/>",
            ),
        stream("") + &header("xx", "<exception type=\"Whatever\" message=\"none\"/>"),
        stream("") + &header("xx", "<comment type=\"log:INFO\" value=\"hello\"/>"),
    ] {
        let report = check(&text);
        assert!(report.findings.is_empty(), "{text}\n{report}");
        assert!(report.summary.complete);
    }
    let alone = header(
        "00",
        "<exception type=\"NoDataInInterval\" message=\"none\"/>",
    );
    let summary = check(alone).summary;
    assert_eq!(summary.kind, Kind::Exception);
    assert_eq!(summary.exceptions[0].type_name, "NoDataInInterval");
}

#[test]
fn deflated_streams_are_read() {
    let mut packed = stream("version=\"2.2\" compression=\"deflate\"").into_bytes();
    packed.extend(zlib(good_body().as_bytes()));
    let report = check(&packed);
    assert!(report.findings.is_empty(), "{report}");
    assert_eq!(report.summary.compression, "deflate");
    assert_eq!(report.summary.records, 3);
}

#[test]
fn a_damaged_header_ends_the_check_at_its_data() {
    let bad = packet("<w/>") + ":01:data, [02]000002 and more";
    let report = check(stream("") + &bad);
    assert_eq!(report.errors(), 1);
    assert!(!report.summary.complete);
    // With another ID alone, the rest is checked all the same.
    let other = header("02", "<packet><w/></packet>") + &record(3, "1.0");
    let report = check(good() + &other);
    assert_eq!((report.errors(), report.summary.records), (1, 4));
    assert!(report.summary.complete);
}

#[test]
fn findings_are_bounded_and_counted() {
    let mut text = good();
    for second in 0..50 {
        text += &record(second, "none");
    }
    let report = check(text);
    assert_eq!(report.findings.len() as u64, SHOWN);
    assert_eq!(report.counts[&Rule::NumberField], 50);
    assert_eq!(report.warnings(), 50);
    assert!(
        report
            .to_string()
            .contains("number-field: 40 more, 50 in all")
    );
}

#[test]
fn redefinitions_are_counted_apart() {
    let first = packet("<y name=\"a\" type=\"ascii11\" units=\"V\"/>");
    let second = header(
        "01",
        "<packet><x type=\"sun_real8\" units=\"t2000\"/></packet>",
    );
    let mut text = stream("").into_bytes();
    for part in [
        &first,
        &record(1, "1.0"),
        &first,
        &record(2, "1.0"),
        &second,
    ] {
        text.extend(part.as_bytes());
    }
    text.extend(b":01:");
    text.extend(5.5f64.to_be_bytes());
    let report = check(&text);
    assert!(report.findings.is_empty(), "{report}");
    let [old, new] = &report.summary.packets[..] else {
        panic!("{report}");
    };
    assert_eq!((old.headers, old.records), (2, 2));
    assert_eq!((new.headers, new.records), (1, 1));
    let x = new.x.as_ref().unwrap();
    assert_eq!(x.range[0], "2000-01-01T00:00:05.500");
    let range = report.summary.time_range.unwrap();
    assert_eq!(
        range,
        ["2000-01-01T00:00:05.500", "2017-01-01T00:00:02.000"]
    );
}

#[test]
fn summaries_of_redefinitions_are_bounded() {
    let mut text = stream("");
    for number in 0..5000 {
        text += &packet(&format!(
            "<y name=\"a{number}\" type=\"ascii11\" units=\"V\"/>"
        ));
    }
    let summary = check(text).summary;
    assert!(summary.packets.len() < 2000);
    assert_eq!(
        summary.packets.len() as u64 + summary.packets_left_out,
        5000
    );
}

/// The share of fill of one y plane of these values, the fill value set in the
/// stream, the packet or the plane.
fn fill_share(levels: [&str; 3], values: &[f32]) -> f64 {
    let of = |text: &str| match text {
        "" => String::new(),
        text => format!("<properties {text}/>"),
    };
    let body = format!(
        "<packet>{}<x type=\"sun_real8\" units=\"us2000\"/>\
         <y name=\"a\" type=\"little_endian_real4\" units=\"V\">{}</y></packet>",
        of(levels[1]),
        of(levels[2])
    );
    let mut text = header("00", &format!("<stream>{}</stream>", of(levels[0]))).into_bytes();
    text.extend(header("01", &body).as_bytes());
    for value in values {
        text.extend(b":01:");
        text.extend(1f64.to_be_bytes());
        text.extend(value.to_le_bytes());
    }
    let report = check(&text);
    assert!(report.findings.is_empty(), "{report}");
    report.summary.packets[0].planes[1].fill_share.unwrap()
}

#[test]
fn fill_by_the_cascade() {
    let default = [-1e31f32, 0.0, 5.0, f32::NAN];
    assert_eq!(fill_share(["", "", ""], &default), 0.5);
    assert_eq!(fill_share(["double:yFill=\"5\"", "", ""], &default), 0.5);
    assert_eq!(
        fill_share(["double:yFill=\"5\"", "double:yFill=\"7\"", ""], &default),
        0.25
    );
    assert_eq!(
        fill_share(["", "double:yFill=\"7\"", "fill=\"0\""], &default),
        0.25
    );
    assert_eq!(fill_share(["", "", "fill=\"0\""], &default), 0.5);
    // A zFill has no effect on a y.
    assert_eq!(fill_share(["double:zFill=\"5\"", "", ""], &default), 0.5);
    assert_eq!(
        fill_share(["fill=\"100\"", "", ""], &[100.0009, 100.002]),
        0.5
    );
}

#[test]
fn a_qstream_is_checked_too() {
    let dataset = |id: &str, units: &str, values: &str| {
        format!(
            "<qdataset id=\"{id}\" rank=\"1\"><properties>\
             <property name=\"UNITS\" type=\"units\" value=\"{units}\"/></properties>\
             <values encoding=\"{values}\" length=\"\"/></qdataset>"
        )
    };
    let planes = dataset("t", "us2000", "time20") + &dataset("v", "V", "ascii6");
    let mut text = header(
        "00",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><stream dataset_id=\"v\" \
         byte_order=\"little_endian\"/>",
    );
    text += &header("01", &format!("<packet>{planes}</packet>"));
    text += ":01:2017-01-01T00:00:00Z  1.5\n:01:2017-01-01T00:01:00Z  nan\n";
    text += ":01:****                  2.5\n";
    text += &header(
        "xx",
        "<enumerationUnit name=\"e\" value=\"1\" label=\"a\"/>",
    );
    text += &header(
        "xx",
        "<comment type=\"taskProgress\" message=\"0 of 100\"/>",
    );
    let report = check(&text);
    assert!(report.findings.is_empty(), "{report}");
    assert_eq!(report.summary.kind, Kind::QStream);
    let one = &report.summary.packets[0];
    assert_eq!(one.records, 3);
    assert_eq!(one.planes[1].fill, 1);
    assert_eq!(one.x.as_ref().unwrap().step, Some([60.0; 3]));
    assert!(
        report
            .to_string()
            .contains("not the links between datasets")
    );
}

#[test]
fn a_packet_promised_takes_no_memory() {
    let scan = "<yscan name=\"s\" type=\"sun_real8\" yUnits=\"\" zUnits=\"\" nitems=\"2000000\"/>";
    let report = check(stream("") + &packet(scan) + ":01:2017");
    assert_eq!(report.errors(), 1);
    assert!(report.breaks(Rule::CutOff));
}

/// Bytes pushed about at random: no panic, and an end.
#[test]
fn no_bytes_make_it_panic() {
    let mut seed = 7u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    let seeds: Vec<Vec<u8>> = cases().into_iter().map(|case| case.stream).collect();
    let mut conforming = 0;
    for _ in 0..3000 {
        let mut bytes = seeds[next(seeds.len())].clone();
        if bytes.is_empty() || bytes.len() > 20_000 {
            continue;
        }
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = next(256) as u8,
                1 => bytes.insert(at, b"0[:]<\"n-"[next(8)]),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        let report = check(&bytes);
        conforming += usize::from(report.is_conforming());
        assert!(
            report.summary.complete || !report.is_conforming(),
            "{report}"
        );
    }
    assert!(conforming > 0);
}

#[test]
fn json_holds_all_of_it() {
    let report = check(good() + ":02:");
    let json = report.to_json();
    assert_eq!(json["conforming"], false);
    assert_eq!(json["errors"], 1);
    assert_eq!(json["findings"][0]["rule"], "unknown-id");
    assert_eq!(json["findings"][0]["severity"], "error");
    assert_eq!(json["findings"][0]["packet"], "02");
    assert_eq!(json["findings"][0]["offset"], good().len());
    assert_eq!(json["counts"]["unknown-id"], 1);
    assert_eq!(json["summary"]["kind"], "das2.2");
    assert_eq!(json["summary"]["packets"][0]["planes"][0]["type"], "time24");
    assert_eq!(json["summary"]["packets"][0]["x"]["is_monotonic"], true);
}
