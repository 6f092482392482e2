//! QStreams out of the server.

use std::io::Read;

use crate::read::{read, read_any};
use crate::source::Source;

const DAY: (&str, &str) = ("2000-01-02", "2000-01-03");

#[test]
fn as_the_reader_writes_them() {
    let source = Source::new("", "");
    let answer = source.get(DAY.0, DAY.1, "");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.content_type(), "application/vnd.das2.qstream");
    let name = answer.header("Content-Disposition").unwrap();
    assert_eq!(name, "attachment; filename=\"Q_2000-01-02_2000-01-03.qds\"");
    let stream = read(&answer.body);
    assert_eq!(stream.records(1).len(), 144);
    assert_eq!(stream.records(3), [&vec![vec![1.5, 2.5]]]);
    // Without a reducer they are not reduced, and they are never deflated.
    let whole = answer.body;
    assert_eq!(
        source
            .get(DAY.0, DAY.1, "&resolution=3600&compress=true")
            .body,
        whole
    );
    let source = Source::new("reducer = not_reducible", "QDS_REDUCER = qds_bin_avgsec");
    assert_eq!(source.get(DAY.0, DAY.1, "&resolution=3600").body, whole);
}

#[test]
fn reduced_by_the_sites_or_the_sources_reducer() {
    for source in [
        Source::new("reducer = 'qds_bin_avgsec'", ""),
        Source::new("", "QDS_REDUCER = qds_bin_avgsec"),
    ] {
        let answer = source.get(DAY.0, DAY.1, "&resolution=3600&compress=1");
        assert_eq!(answer.content_type(), "application/vnd.das2.qstream");
        let stream = read(&answer.body);
        let records = stream.records(1);
        assert_eq!(records.len(), 24);
        assert_eq!(records[0][0], [86_400e6 + 1800e6]);
        assert_eq!(records[0][1], [146.5]);
        assert_eq!(records[0][2], [146.5, 293.0, 439.5]);
        let log = source.site.log();
        assert!(log.contains("| [qds_bin_avgsec 3600]"), "{log}");
    }
}

#[test]
fn as_text() {
    let source = Source::new("reducer = 'qds_bin_avgsec'", "");
    for more in ["&ascii=1", "&ascii=true&resolution=3600"] {
        let answer = source.get(DAY.0, DAY.1, more);
        assert_eq!(answer.content_type(), "text/vnd.das2.qstream");
        let name = answer.header("Content-Disposition").unwrap();
        assert!(
            name.starts_with("inline") && name.ends_with(".qdt\""),
            "{name}"
        );
        let stream = read(&answer.body);
        assert!(matches!(stream.records(1).len(), 144 | 24));
    }
    let browser = source.site.browse(&format!(
        "server=dataset&dataset=Q&start_time={}&end_time={}&ascii=1",
        DAY.0, DAY.1
    ));
    assert_eq!(browser.content_type(), "text/plain; charset=utf-8");
    // A site's own programs.
    source.site.reader("own_text", "tr a-z A-Z");
    for (keywords, conf) in [
        ("textConverter = 'own_text'", ""),
        ("", "QDS_TO_UTF8 = own_text"),
    ] {
        let source = Source::new(&format!("reducer = 'qds_bin_avgsec'\n{keywords}"), conf);
        source.site.reader("own_text", "tr a-z A-Z");
        let program = env!("CARGO_BIN_EXE_qds_bin_avgsec");
        std::os::unix::fs::symlink(program, source.site.path("bin/qds_bin_avgsec")).unwrap();
        let text = source.get(DAY.0, DAY.1, "&ascii=1&resolution=3600").text();
        assert!(
            text.contains("ENUMERATIONUNIT") && !text.contains("stream"),
            "{text}"
        );
        assert_eq!(text.matches(":01:").count(), 24);
    }
}

#[test]
fn head_and_gzip() {
    let source = Source::new("", "");
    let query = format!(
        "server=dataset&dataset=Q&start_time={}&end_time={}",
        DAY.0, DAY.1
    );
    let head = source
        .site
        .ask()
        .variable("REQUEST_METHOD", "HEAD")
        .query(&query)
        .answer();
    assert_eq!((head.status(), head.body.len()), (200, 0));
    assert_eq!(head.content_type(), "application/vnd.das2.qstream");
    assert!(source.runs().is_empty());
    let text = source.get(DAY.0, DAY.1, "&ascii=1").body;
    let packed = source
        .site
        .ask()
        .variable("HTTP_ACCEPT_ENCODING", "gzip")
        .query(&format!("{query}&ascii=1"))
        .answer();
    assert_eq!(packed.header("Content-Encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, text);
}

#[test]
fn errors_before_and_within_the_stream() {
    // Before anything has gone out it is a status, and an exception alone.
    let source = Source::new("", "");
    source
        .site
        .reader("Q", "echo 'no disk /secret' >&2\nexit 3\n");
    let answer = source.get(DAY.0, DAY.1, "");
    assert_eq!(
        (answer.status(), answer.exception().as_str()),
        (500, "InternalServerError")
    );
    assert!(!answer.text().contains("secret"));
    source.site.reader("Q", "exit 0\n");
    let answer = source.get(DAY.0, DAY.1, "");
    assert_eq!(
        (answer.status(), answer.exception().as_str()),
        (200, "NoDataInInterval")
    );
    // In the middle it is a packet, whole packets before it, with filters and without.
    let descriptor = "<packet><qdataset id=\"v\" rank=\"1\"><properties><property name=\"UNITS\" type=\"units\" value=\"us2000\"/></properties><values encoding=\"time20\" length=\"\"/></qdataset></packet>";
    let script = format!(
        "printf '[00]000024<stream dataset_id=\"v\"/>[01]{:06}%s' '{descriptor}'\n\
         printf ':01:2000-01-01T00:00:00\\n:01:2000-01-01T02:00:00\\n:01:2000'\nexit 3\n",
        descriptor.len()
    );
    for more in ["", "&resolution=60", "&ascii=1"] {
        let source = Source::new("reducer = 'qds_bin_avgsec'", "");
        source.site.reader("Q", &script);
        let answer = source.get(DAY.0, DAY.1, more);
        assert_eq!(answer.status(), 200, "{more}");
        let stream = read(&answer.body);
        let last = stream.extras().last().unwrap().attr("type");
        assert_eq!(last, Some("InternalServerError"), "{more}");
        let complete = if more.contains("resolution") { 1 } else { 2 };
        assert_eq!(stream.records(1).len(), complete, "{more}");
    }
    // An exception of the reader passes, and stands alone where it came alone.
    let source = Source::new("reducer = 'qds_bin_avgsec'", "");
    let said = "<exception type=\"NoDataInInterval\" message=\"none today\"/>";
    source
        .site
        .reader("Q", &format!("printf '[xx]{:06}%s' '{said}'\n", said.len()));
    for more in ["", "&resolution=60", "&ascii=1"] {
        let answer = source.get(DAY.0, DAY.1, more);
        let stream = read_any(&answer.body);
        assert_eq!(
            stream.extras()[0].attr("message"),
            Some("none today"),
            "{more}"
        );
    }
}

#[test]
fn filters_of_the_other_kind_of_stream_are_told() {
    for (keywords, more, right) in [
        (
            "reducer = 'das2_bin_avgsec'",
            "&resolution=60",
            "write qds_bin_avgsec",
        ),
        (
            "textConverter = 'das2_ascii'",
            "&ascii=1",
            "write qds_ascii",
        ),
    ] {
        let source = Source::new(keywords, "");
        assert_eq!(source.get(DAY.0, DAY.1, more).status(), 500);
        assert!(source.site.log().contains(right), "{}", source.site.log());
        let check = std::process::Command::new(env!("CARGO_BIN_EXE_das2_srv_config"))
            .args(["check", "-c"])
            .arg(source.site.path("das2server.conf"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(said.contains(right), "{said}");
    }
    let source = Source::new("", "");
    source.site.dsdf(
        "data",
        "reader = 'data'\ndas2Stream = 1\nreducer = 'qds_bin_avgsec'\n",
    );
    let answer = source.site.get(&format!(
        "server=dataset&dataset=data&{}&resolution=60",
        crate::site::RANGE
    ));
    assert_eq!(answer.status(), 500);
    assert!(source.site.log().contains("write das2_bin_avgsec"));
    // A reader that writes the other kind than its definition says.
    source.site.dsdf(
        "data",
        "reader = 'data'\nqstream = 1\nreducer = 'qds_bin_avgsec'\n",
    );
    let answer = source.site.get(&format!(
        "server=dataset&dataset=data&{}&resolution=60",
        crate::site::RANGE
    ));
    assert_eq!(answer.status(), 500);
    assert!(source.site.log().contains("this is a das2 stream"));
}

#[test]
fn no_shell_reads_what_a_client_sends() {
    let source = Source::new("reducer = 'qds_bin_avgsec'", "");
    for params in [
        "$(touch+pwned)",
        "%60touch+pwned%60",
        "a;touch+pwned",
        "%0atouch+pwned",
    ] {
        let answer = source.get(
            DAY.0,
            DAY.1,
            &format!("&resolution=60&ascii=1&params={params}"),
        );
        assert!(answer.status() < 500, "{params}");
    }
    assert!(!source.site.path("pwned").exists() && !std::path::Path::new("pwned").exists());
}
