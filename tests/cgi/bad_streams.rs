//! Readers whose streams are broken in every way: through the reducer, the
//! text form, the deflated form, and as they are. Whatever comes, the answer is
//! an answer, memory stays small, and the log has it.

use das2_server::check::check_stream;

use crate::site::{Answer, RANGE, Site, stream};

const FORMS: &[&str] = &[
    "",
    "&resolution=60",
    "&ascii=1",
    "&compress=1",
    "&resolution=60&ascii=1",
    "&resolution=60&compress=1",
    "&ascii=1&compress=1",
];

/// What the server may map in these tests, in KiB: its executable and a few
/// buffers, far less than what some streams say that they need.
const MEMORY: u64 = 192 << 10;

/// A header packet with the right length.
fn header(tag: &str, xml: &str) -> String {
    format!("[{tag}]{:06}{xml}", xml.len())
}

fn start(packet: &str) -> String {
    header("00", "<stream version=\"2.2\"></stream>") + &header("01", packet)
}

/// A packet with a scan of so many items, as its header says.
fn scan(nitems: &str) -> String {
    start(&format!(
        "<packet><x type=\"time20\" units=\"us2000\"></x><yscan type=\"sun_real4\" \
         nitems=\"{nitems}\" yTagInterval=\"1\" yTagMin=\"0\" yUnits=\"\" zUnits=\"\"></yscan></packet>"
    ))
}

/// A site whose source `broken` writes these bytes.
fn site(bytes: &[u8]) -> Site {
    let site = Site::new("");
    site.source("broken", "cat \"${0%/*}/stream\"", "");
    site.write("bin/stream", bytes);
    site
}

fn ask(site: &Site, form: &str) -> Answer {
    let query = format!("server=dataset&dataset=broken&{RANGE}{form}");
    site.ask().query(&query).within_memory(MEMORY).answer()
}

/// Asks for every form of a stream, and checks what holds of all answers. For
/// each form, whether the client was told of an error: by the status and an
/// exception, or by an exception behind what had been sent already.
fn told(what: &str, bytes: &[u8]) -> Vec<bool> {
    let site = site(bytes);
    let mut told = Vec::new();
    for form in FORMS {
        let answer = ask(&site, form);
        check(&site, &answer, &format!("{what}{form}"));
        // As they are, streams are the reader's; all others are the server's.
        let report = check_stream(answer.body.as_slice());
        let found = report.findings_text();
        assert!(
            form.is_empty() || report.is_conforming(),
            "{what}{form}: {found}"
        );
        if form.is_empty() {
            is_passed_on(what, &answer, bytes);
        }
        told.push(report.summary.exception_count > 0);
    }
    told
}

/// As it is, or, where it ends inside a packet, up to that and with an exception.
fn is_passed_on(what: &str, answer: &Answer, bytes: &[u8]) {
    if answer.body == bytes {
        assert_eq!(answer.status(), 200, "{what}");
        return;
    }
    let text = answer.text();
    assert!(
        text.contains("cut off, in what begins at byte"),
        "{what}: {text}"
    );
    if answer.status() != 500 {
        let at = answer
            .body
            .windows(4)
            .rposition(|tag| tag == b"[xx]")
            .unwrap();
        assert!(bytes.starts_with(&answer.body[..at]), "{what}");
    }
}

/// Nothing can be made of a stream, and the client knows.
fn is_refused(what: &str, bytes: &[u8]) {
    assert_eq!(told(what, bytes)[1..], [true; 6], "{what}");
}

fn check(site: &Site, answer: &Answer, what: &str) {
    let body = String::from_utf8_lossy(&answer.body);
    let root = site.path("").display().to_string();
    assert!(
        !body.contains(&root) && !body.contains("/bin/"),
        "{what}: {body}"
    );
    let log = site.log();
    let block = log.rsplit("] Input:").next().unwrap();
    assert!(block.contains("Exec End: "), "{what}: {block}");
    match answer.status() {
        200 => assert!(block.contains("bytes sent"), "{what}: {block}"),
        500 => {
            assert_eq!(answer.exception(), "InternalServerError", "{what}");
            let message = answer.text();
            let id = message.split("error ").nth(1).unwrap();
            let id = id.split(' ').next().unwrap();
            assert!(block.contains(&format!("Error {id}: ")), "{what}: {block}");
        }
        other => panic!("{what}: {other}"),
    }
}

#[test]
fn cut_off_at_every_byte() {
    let whole = stream(2);
    let headers = stream(0).len();
    let site = site(b"");
    // Behind the stream header, the packet header, and each record.
    let ends = [41, headers, stream(1).len(), whole.len()];
    // Each cut in one form, all forms in turn, and no cut twice in the same.
    for cut in 1..whole.len() {
        site.write("bin/stream", &whole.as_bytes()[..cut]);
        let form = FORMS[cut % FORMS.len()];
        let answer = ask(&site, form);
        let what = format!("{cut}{form}");
        check(&site, &answer, &what);
        let end = ends.iter().rfind(|end| **end <= cut).copied();
        if form.is_empty() {
            // Whole packets, then what tells of the damage.
            let whole = &whole.as_bytes()[..end.unwrap_or(0)];
            match end {
                Some(end) if end == cut => assert_eq!(answer.body, whole, "{what}"),
                Some(_) => assert!(answer.body.starts_with(whole), "{what}"),
                None => assert_eq!(answer.status(), 500, "{what}"),
            }
        }
        if cut > headers {
            assert_eq!(answer.status(), 200, "{what}");
            let report = check_stream(answer.body.as_slice());
            let found = report.findings_text();
            assert!(report.is_conforming(), "{what}: {found}");
            let exceptions = u64::from(end != Some(cut));
            assert_eq!(
                report.summary.exception_count, exceptions,
                "{what}: {report}"
            );
        }
        if end != Some(cut) {
            let packet = end.unwrap_or(0);
            if !form.contains("compress") {
                let wanted = format!("cut off, in what begins at byte {packet}.");
                assert!(answer.text().contains(&wanted), "{what}: {answer:?}");
            }
            let log = site.log();
            let block = log.rsplit("] Input:").next().unwrap();
            let told = format!("byte {packet}: the stream is cut off: it ends inside a packet");
            assert!(block.contains(&told), "{what}: {block}");
        }
    }
}

#[test]
fn cut_off_behind_a_large_packet() {
    // Larger than what is held back: its beginning has gone out.
    let record = b":01:2017-01-01T00:00:00 \x3f\x80\0\0";
    let head = scan("100000");
    let items = vec![b'x'; 300_000];
    let bytes = [head.as_bytes(), record, &items].concat();
    let site = site(&bytes);
    let answer = ask(&site, "");
    assert_eq!((answer.status(), &answer.body), (200, &bytes));
    let told = format!("byte {}: the stream is cut off", head.len());
    assert!(site.log().contains(&told), "{}", site.log());
}

#[test]
fn lengths_that_lie() {
    let good = stream(1);
    let body = good.get(10..).unwrap();
    for length in [
        "000000", "000001", "000030", "000032", "999999", "-00031", "+00031", "0x001f", "      ",
        "00003\0",
    ] {
        is_refused(length, format!("[00]{length}{body}").as_bytes());
    }
}

#[test]
fn ids_without_a_header() {
    for (what, text) in [
        ("data first", ":01:2017-01-01T00:00:00     1 ".to_owned()),
        ("another ID", stream(1) + ":02:2017-01-01T00:01:00     1 "),
        ("no ID", stream(1) + ":xy:2017-01-01T00:01:00     1 "),
        (
            "the ID of streams",
            stream(1) + ":00:2017-01-01T00:01:00     1 ",
        ),
    ] {
        is_refused(what, text.as_bytes());
    }
}

#[test]
fn ninety_nine_kinds_of_packets() {
    let xml = "<packet><x type=\"time20\" units=\"us2000\"></x><y type=\"ascii6\" units=\"\"></y></packet>";
    let mut text = header("00", "<stream version=\"2.2\"></stream>");
    for id in 1..=99 {
        text += &header(&format!("{id:02}"), xml);
    }
    for record in 0..990 {
        let (id, hour, minute) = (record % 99 + 1, record / 60, record % 60);
        text += &format!(":{id:02}:2017-01-01T{hour:02}:{minute:02}:00 {record:5} ");
    }
    assert_eq!(told("99 kinds", text.as_bytes()), [false; 7]);
    let site = site(text.as_bytes());
    let report = check_stream(ask(&site, "&ascii=1").body.as_slice());
    assert_eq!(report.summary.records, 990);
}

#[test]
fn items_that_are_none_or_too_many() {
    let record = b":01:2017-01-01T00:00:00 \x3f\x80\0\0";
    for nitems in [
        "0",
        "-1",
        "",
        "x",
        "1e3",
        "4294967296",
        "99999999999999999999",
        "16777216",
    ] {
        let bytes = [scan(nitems).as_bytes(), record].concat();
        is_refused(&format!("nitems={nitems}"), &bytes);
    }
    // As many as a packet may have, of which none comes: nothing is made ready
    // for them that would not fit.
    let bytes = [scan("1000000").as_bytes(), record].concat();
    is_refused("1000000 items", &bytes);
}

#[test]
fn headers_that_are_none() {
    for (what, text) in [
        (
            "no packet",
            header("00", "<stream></stream>") + &header("01", "<y></y>"),
        ),
        (
            "no end",
            start("<packet><x type=\"time20\" units=\"us2000\">"),
        ),
        (
            "no type",
            start("<packet><x units=\"us2000\"></x></packet>"),
        ),
        (
            "no type that is known",
            start("<packet><x type=\"time0\" units=\"us2000\"></x></packet>"),
        ),
        (
            "a wide text",
            start("<packet><x type=\"ascii999999999\" units=\"\"></x></packet>"),
        ),
        ("no planes", start("<packet></packet>")),
        (
            "deep",
            start(&format!(
                "{}{}",
                "<a>".repeat(30_000),
                "</a>".repeat(30_000)
            )),
        ),
        (
            "entities",
            header(
                "00",
                "<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><stream>&d;</stream>",
            ),
        ),
        (
            "a file of the system",
            header(
                "00",
                "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><stream c=\"&b;\"></stream>",
            ),
        ),
        ("not UTF-8", start("<packet>\u{0}\u{1}</packet>")),
    ] {
        let site = site(text.as_bytes());
        for form in FORMS {
            let answer = ask(&site, form);
            check(&site, &answer, &format!("{what}{form}"));
            assert!(
                !String::from_utf8_lossy(&answer.body).contains("root:"),
                "{what}{form}"
            );
        }
    }
}

#[test]
fn deflated_streams_that_lie() {
    let deflate = header(
        "00",
        "<stream version=\"2.2\" compression=\"deflate\"></stream>",
    );
    // Blocks of stored bytes of the length 65535 that are not there; garbage;
    // and a good beginning of nothing.
    for (what, tail) in [
        ("cut", &b"\x78\x9c\x01\xff\xff\x00\x00"[..]),
        ("garbage", &[0xa5; 10_000][..]),
        ("nothing", b""),
    ] {
        let bytes = [deflate.as_bytes(), tail].concat();
        told(what, &bytes);
    }
    // A packet header as often as it can be: a small stream becomes a large one.
    let comment = header("xx", &format!("<comment>{}</comment>", " ".repeat(900_000)));
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..100 {
        std::io::Write::write_all(&mut encoder, comment.as_bytes()).unwrap();
    }
    let bomb = [deflate.as_bytes(), &encoder.finish().unwrap()].concat();
    assert!(bomb.len() < 200_000);
    let site = site(&bomb);
    for form in ["", "&resolution=60", "&compress=1"] {
        let answer = ask(&site, form);
        check(&site, &answer, form);
        assert_eq!(answer.status(), 200, "{form}");
    }
}
