//! What is compressed on its way, for whom.

use std::io::{Read, Write};

use crate::site::{Answer, RANGE, Site, stream, wait_until};

fn asked(name: &str) -> String {
    format!("server=dataset&dataset={name}&{RANGE}")
}

fn ask(site: &Site, accept: &str, query: &str) -> Answer {
    let ask = site.ask().query(query);
    ask.variable("HTTP_ACCEPT_ENCODING", accept).answer()
}

fn plain(answer: &Answer) -> String {
    assert_eq!(
        answer.header("Content-Encoding"),
        Some("gzip"),
        "{}",
        answer.head
    );
    assert_eq!(answer.header("Vary"), Some("Accept-Encoding"));
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(answer.body.as_slice());
    decoder.read_to_string(&mut text).unwrap();
    text
}

/// The text of a das2 stream that was asked for with `compress=true`.
fn inflated(answer: &Answer) -> String {
    use das2_server::stream::{Reader, Writer};
    let mut plain = Vec::new();
    let mut reader = Reader::new(answer.body.as_slice());
    reader.pump(&mut Writer::new(&mut plain)).unwrap();
    String::from_utf8(plain).unwrap()
}

/// A site whose list is longer than a packet.
fn site(more: &str) -> Site {
    let site = Site::new(more);
    for number in 0..100 {
        site.dsdf(
            &format!("Many/source{number:03}"),
            "description = 'One of many'\nreader = 'data'\ndas2Stream = 1\n",
        );
    }
    site
}

#[test]
fn text_is_compressed_for_who_takes_it() {
    let site = site("");
    let as_it_is = ask(&site, "", "server=list");
    assert_eq!(as_it_is.header("Content-Encoding"), None);
    assert_eq!(as_it_is.header("Vary"), Some("Accept-Encoding"));
    let compressed = ask(&site, "br, gzip;q=0.8", "server=list");
    assert_eq!(plain(&compressed), as_it_is.text());
    assert!(compressed.body.len() * 3 < as_it_is.body.len());
    for accept in [
        "gzip;q=0",
        "identity",
        "deflate",
        "*;q=0",
        "identity, gzip;q=0.1",
    ] {
        let answer = ask(&site, accept, "server=list");
        assert_eq!(answer.header("Content-Encoding"), None, "{accept}");
        assert_eq!(answer.body, as_it_is.body, "{accept}");
    }
    assert_eq!(ask(&site, "gzip", "server=id").text(), "Test Site\r\n");
    assert_eq!(
        plain(&ask(&site, "gzip, identity;q=0", "server=id")),
        "Test Site\r\n"
    );
    assert!(plain(&ask(&site, "gzip", "")).contains("<html"));
    // HEAD says what GET would.
    let head = site
        .ask()
        .query("server=list")
        .variable("REQUEST_METHOD", "HEAD");
    let head = head.variable("HTTP_ACCEPT_ENCODING", "gzip").answer();
    assert_eq!(head.head, compressed.head);
    assert!(head.body.is_empty());
}

#[test]
fn data_as_text_always_and_numbers_where_the_site_wants_it() {
    let text = Site::new("").get(&(asked("data") + "&ascii=1")).text();
    for (switch, binary) in [("", false), ("DATA_GZIP = on", true)] {
        let site = Site::new(switch);
        assert_eq!(
            plain(&ask(&site, "gzip", &(asked("data") + "&ascii=1"))),
            text
        );
        let answer = ask(&site, "gzip", &asked("data"));
        match binary {
            true => assert_eq!(plain(&answer), stream(3)),
            false => {
                assert_eq!(answer.text(), stream(3));
                assert_eq!(answer.header("Vary"), None);
            }
        }
        let reduced = asked("data") + "&resolution=60";
        let expected = site.get(&reduced).text();
        let answer = ask(&site, "gzip", &reduced);
        assert_eq!(
            if binary {
                plain(&answer)
            } else {
                answer.text()
            },
            expected
        );
        // What is deflated is not compressed once more.
        for more in ["&compress=true", "&compress=1&ascii=1"] {
            let answer = ask(&site, "gzip", &(asked("data") + more));
            assert_eq!(answer.header("Content-Encoding"), None, "{switch} {more}");
            // Where a flush falls hangs on the reader's pauses: it is the content that counts.
            let other = site.get(&(asked("data") + more));
            assert_eq!(inflated(&answer), inflated(&other));
            assert!(inflated(&answer).contains(":01:"));
        }
        let head = site
            .ask()
            .query(&asked("data"))
            .variable("REQUEST_METHOD", "HEAD");
        let head = head.variable("HTTP_ACCEPT_ENCODING", "gzip").answer();
        assert_eq!(head.header("Content-Encoding").is_some(), binary);
    }
}

#[test]
fn errors_are_plain_before_the_first_byte_and_in_the_stream_after_it() {
    let site = Site::new("DATA_GZIP = on");
    site.source("silent", "exit 0", "");
    site.source("fails", "exit 3", "");
    for (name, exception) in [
        ("silent", "NoDataInInterval"),
        ("fails", "InternalServerError"),
    ] {
        for more in ["", "&ascii=1", "&resolution=60"] {
            let answer = ask(&site, "gzip", &(asked(name) + more));
            assert_eq!(answer.exception(), exception, "{name}{more}");
            assert_eq!(answer.header("Content-Encoding"), None);
        }
    }
    site.source("midway", "\"${0%/*}/data\"; exit 3", "");
    for more in ["", "&ascii=1", "&resolution=60"] {
        let text = plain(&ask(&site, "gzip", &(asked("midway") + more)));
        assert!(
            text.contains(":01:") && text.contains("InternalServerError"),
            "{text}"
        );
    }
}

#[test]
fn compressed_records_do_not_wait_for_later_ones() {
    let site = Site::new("DATA_GZIP = on");
    site.source(
        "slow",
        "\"${0%/*}/data\"; while [ ! -e \"$0.go\" ]; do sleep 0.05; done",
        "",
    );
    for more in ["", "&resolution=1", "&ascii=1"] {
        let ask = site.ask().query(&(asked("slow") + more));
        let mut child = ask.variable("HTTP_ACCEPT_ENCODING", "gzip").start();
        let mut output = child.stdout.take().unwrap();
        let mut got = Vec::new();
        let mut piece = [0; 4096];
        wait_until("records before the end of the reader", || {
            let count = output.read(&mut piece).unwrap();
            got.extend_from_slice(&piece[..count]);
            let head = got.windows(4).position(|four| four == b"\r\n\r\n");
            let mut decoder = flate2::write::GzDecoder::new(Vec::new());
            decoder.write_all(&got[head.unwrap() + 4..]).unwrap();
            decoder.flush().unwrap();
            String::from_utf8_lossy(decoder.get_ref()).contains(":01:")
        });
        site.write("bin/slow.go", "");
        output.read_to_end(&mut got).unwrap();
        assert!(child.wait().unwrap().success());
        assert!(plain(&Answer::of(got)).contains(":01:"));
        std::fs::remove_file(site.path("bin/slow.go")).unwrap();
    }
}

#[test]
fn files_have_a_tag_for_each_form() {
    let site = Site::new("");
    let css = "body { color: black }\n".repeat(200);
    site.write("static/a.css", &css);
    site.write("static/a.png", &css);
    let get = |path: &str, accept: &str, known: &str| {
        let ask = site.ask().variable("PATH_INFO", path);
        let ask = ask.variable("HTTP_ACCEPT_ENCODING", accept);
        ask.variable("HTTP_IF_NONE_MATCH", known).answer()
    };
    let as_it_is = get("/static/a.css", "", "");
    let compressed = get("/static/a.css", "gzip", "");
    assert_eq!(plain(&compressed), css);
    assert_eq!(as_it_is.text(), css);
    assert_eq!(as_it_is.header("Vary"), Some("Accept-Encoding"));
    assert_eq!(compressed.header("Content-Length"), None);
    let tag = |answer: &Answer| answer.header("ETag").unwrap().to_owned();
    assert_ne!(tag(&as_it_is), tag(&compressed));
    for (accept, sent) in [("", &as_it_is), ("gzip", &compressed)] {
        let known = get("/static/a.css", accept, &tag(sent));
        assert_eq!((known.status(), tag(&known)), (304, tag(sent)), "{accept}");
        assert_eq!(known.header("Vary"), Some("Accept-Encoding"));
        assert_eq!(known.header("Content-Encoding"), None);
    }
    let image = get("/static/a.png", "gzip", "");
    assert_eq!((image.text(), image.header("Vary")), (css, None));
}
