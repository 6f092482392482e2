//! Data as comma-separated values.

use std::io::Read;

use crate::site::{Answer, RANGE, Site, stream};

const HEADINGS: &str = "time (UTC),y\r\n";

fn query(more: &str) -> String {
    format!("server=dataset&dataset=data&{RANGE}&format=csv{more}")
}

/// The rows of `site::stream`.
fn rows(records: usize) -> String {
    (0..records)
        .map(|record| format!("2017-01-01T00:{record:02}:00.000,{record}\r\n"))
        .collect()
}

fn is_table(answer: &Answer) {
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.content_type(), "text/csv; charset=utf-8");
    assert_eq!(
        answer.header("Content-Disposition"),
        Some("attachment; filename=\"data_2017-01-01_2017-01-02.csv\"")
    );
}

/// A source that writes what is in a file of this name.
fn with_stream(bytes: &str) -> Site {
    let site = Site::new("");
    site.source("data", "cat \"${0%/*}/stream\"", "");
    site.write("bin/stream", bytes);
    site
}

fn exception(kind: &str, message: &str) -> String {
    let xml = format!("<exception type=\"{kind}\" message=\"{message}\"/>");
    format!("[xx]{:06}{xml}", xml.len())
}

fn headers() -> String {
    stream(0)
}

#[test]
fn under_both_addresses() {
    let site = Site::new("");
    let wanted = HEADINGS.to_owned() + &rows(3);
    let times = "time.min=2017-01-01&time.max=2017-01-02&format=csv";
    for answer in [
        site.get(&query("")),
        site.get(&query("&ascii=1&compress=true")),
        site.get_path("/data/data", times),
        site.browse(&query("")),
    ] {
        is_table(&answer);
        assert_eq!(answer.text(), wanted);
    }
    let reduced = site.get(&query("&resolution=120"));
    is_table(&reduced);
    assert_eq!(reduced.text().lines().count(), 3, "{}", reduced.text());
    assert!(site.log().contains("| [das2_csv]"));
    // A form that is not known here is left to the source.
    let other = site.get(&format!("server=dataset&dataset=data&{RANGE}&format=odd"));
    assert_eq!(other.text(), stream(3));
    let text = site.get(&format!("server=dataset&dataset=data&{RANGE}&format=text"));
    assert_eq!(
        text.content_type(),
        "text/vnd.das2.das2stream; charset=utf-8"
    );
}

#[test]
fn compressed_and_without_a_body() {
    let site = Site::new("");
    let answer = site
        .ask()
        .query(&query(""))
        .variable("HTTP_ACCEPT_ENCODING", "gzip")
        .answer();
    is_table(&answer);
    assert_eq!(answer.header("Content-Encoding"), Some("gzip"));
    assert_eq!(answer.header("Vary"), Some("Accept-Encoding"));
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(answer.body.as_slice());
    decoder.read_to_string(&mut text).unwrap();
    assert_eq!(text, HEADINGS.to_owned() + &rows(3));
    let head = site
        .ask()
        .query(&query(""))
        .variable("REQUEST_METHOD", "HEAD")
        .answer();
    is_table(&head);
    assert!(head.body.is_empty());
}

#[test]
fn no_data_is_a_table_without_rows() {
    // With headings where they are known.
    for (bytes, body) in [
        (headers() + &exception("NoDataInInterval", "none"), HEADINGS),
        (headers(), HEADINGS),
        (exception("NoDataInInterval", "none"), ""),
        (String::new(), ""),
    ] {
        let site = with_stream(&bytes);
        let answer = site.get(&query(""));
        is_table(&answer);
        assert_eq!(answer.text(), body, "{bytes}");
        assert_eq!(answer.header("Content-Encoding"), None);
    }
    let site = Site::new("");
    site.dsdf(
        "data",
        "reader = 'data'\ndas2Stream = 1\nvalidRange = '1990-01-01 to 1991-01-01'\n",
    );
    let answer = site
        .ask()
        .query(&query(""))
        .variable("HTTP_ACCEPT_ENCODING", "gzip")
        .answer();
    is_table(&answer);
    assert!(answer.body.is_empty() && answer.header("Content-Encoding").is_none());
}

#[test]
fn errors_are_text_with_a_status() {
    let site = Site::new("");
    for (query, status) in [
        (query("&resolution=x"), 400),
        (query("").replace("=data&", "=gone&"), 404),
        ("server=dataset&dataset=data&format=csv".to_owned(), 400),
    ] {
        let answer = site.get(&query);
        assert_eq!(answer.status(), status, "{query}");
        assert_eq!(answer.content_type(), "text/plain; charset=utf-8");
        assert!(!answer.text().contains("<exception"), "{answer:?}");
    }
    // What a reader tells. Rows before it have gone out, or have not.
    for count in [0, 3] {
        for (kind, status) in [("ServerError", 500), ("IllegalArgument", 400)] {
            let site = with_stream(&(stream(count) + &exception(kind, "why &lt;it&gt; fails")));
            let answer = site.get(&query(""));
            if count > 0 && answer.status() == 200 {
                assert_eq!(answer.text(), HEADINGS.to_owned() + &rows(count));
                continue;
            }
            assert_eq!(answer.status(), status, "{answer:?}");
            assert_eq!(answer.content_type(), "text/plain; charset=utf-8");
            assert!(answer.text().contains("why <it> fails"), "{answer:?}");
        }
    }
    for broken in ["garbage", "[00]000017<stream></stream>:01:abc"] {
        let answer = with_stream(broken).get(&query(""));
        assert_eq!(answer.status(), 500, "{broken}");
    }
    let site = Site::new("");
    site.source("data", "exit 3", "");
    assert_eq!(site.get(&query("")).status(), 500);
}

#[test]
fn rows_that_went_out_stay_the_only_ones() {
    let site = with_stream(&(stream(60) + &rows_as_stream(20_000) + "garbage"));
    let answer = site.get(&query(""));
    is_table(&answer);
    let text = answer.text();
    assert!(text.starts_with(HEADINGS) && text.ends_with("\r\n"));
    assert_eq!(text.lines().count(), 1 + 60 + 20_000);
    assert!(site.log().contains("Error "));
}

fn rows_as_stream(records: usize) -> String {
    let all = stream(records.min(60));
    let data = &all[all.find(":01:").unwrap()..];
    data.repeat(records / 60 + 1)[..records * data.len() / 60].to_owned()
}

#[test]
fn by_the_sites_own_programs() {
    let site = Site::new("D2S_CSV_CONVERTER = 'das2_csv -d semicolon -s 0'");
    let answer = site.get(&query(""));
    is_table(&answer);
    assert!(
        answer
            .text()
            .starts_with("time (UTC);y\r\n2017-01-01T00:00:00;0\r\n"),
        "{answer:?}"
    );
    site.reader("to_table", "printf '%s,%s\\r\\n' \"$*\" \"$(wc -c)\"\n");
    site.dsdf(
        "data",
        "reader = 'data'\ndas2Stream = 1\ncsvConverter = 'to_table own'\n",
    );
    // The deflated form is of streams alone.
    let answer = site.get(&query("&compress=true"));
    is_table(&answer);
    assert_eq!(answer.text(), format!("own,{}\r\n", stream(3).len()));
    site.dsdf("data", "reader = 'data'\nqstream = 1\n");
    let answer = site.get(&query(""));
    assert_eq!(answer.status(), 501);
    assert!(answer.text().contains("QStreams"));
    site.dsdf(
        "data",
        "reader = 'data'\nqstream = 1\ncsvConverter = 'to_table q'\n",
    );
    is_table(&site.get(&query("")));
    // Options that das2_csv does not have.
    site.dsdf(
        "data",
        "reader = 'data'\ndas2Stream = 1\ncsvConverter = 'das2_csv -q'\n",
    );
    assert_eq!(site.get(&query("")).status(), 500);
}

#[test]
fn head_has_the_status_of_get_where_no_reader_tells() {
    let site = Site::new("");
    site.dsdf("q", "reader = 'data'\nqstream = 1\n");
    let own = "reader = 'data'\ndas2Stream = 1\n";
    site.dsdf("options", &format!("{own}csvConverter = 'das2_csv -q'\n"));
    site.dsdf(
        "nothing",
        &format!("{own}csvConverter = 'no_such_program'\n"),
    );
    site.dsdf("unread", "reader = 'no_such_program'\ndas2Stream = 1\n");
    site.dsdf(
        "early",
        &format!("{own}validRange = '1990-01-01 to 1991-01-01'\n"),
    );
    for (name, more, status) in [
        ("data", "", 200),
        ("data", "&resolution=x", 400),
        ("gone", "", 404),
        ("q", "", 501),
        ("options", "", 500),
        ("nothing", "", 500),
        ("unread", "", 500),
        ("early", "", 200),
    ] {
        let query = query(more).replace("dataset=data", &format!("dataset={name}"));
        let ask = |method: &str| {
            let ask = site.ask().query(&query);
            ask.variable("REQUEST_METHOD", method).answer()
        };
        let (get, head) = (ask("GET"), ask("HEAD"));
        assert_eq!(get.status(), status, "{query}: {get:?}");
        assert_eq!(head.status(), status, "{query}: {head:?}");
        assert_eq!(head.content_type(), get.content_type(), "{query}");
        assert!(head.body.is_empty(), "{query}: {head:?}");
    }
}

#[test]
fn a_stream_that_is_cut_off() {
    let long = stream(60) + &rows_as_stream(20_000);
    for bytes in [stream(1), stream(3), long] {
        let record = stream(1).len() - stream(0).len();
        let last = bytes.len() - record;
        let site = with_stream(&bytes[..bytes.len() - 7]);
        let answer = site.get(&query(""));
        // Rows that are out when the end comes stay; else there is a status.
        let whole = (last - stream(0).len()) / record;
        if answer.status() == 200 {
            assert!(whole > 0, "{answer:?}");
            is_table(&answer);
            assert_eq!(answer.text().lines().count(), 1 + whole);
            assert!(answer.text().ends_with("\r\n"));
        } else {
            assert!(answer.status() == 500 && whole < 60, "{answer:?}");
            let told = format!("cut off, in what begins at byte {last}.");
            assert!(answer.text().contains(&told), "{answer:?}");
        }
        let told = format!("byte {last}: the stream is cut off");
        assert!(site.log().contains(&told), "{}", site.log());
    }
}
