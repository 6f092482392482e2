//! What clients get.

use std::os::unix::fs::PermissionsExt;

use crate::http::{Answer, ask, http10};
use crate::server::{Passwords, Site};

const RANGE: &str = "start_time=2017-01-01&end_time=2017-01-02";

/// libdas2 holds all headers of an answer in so many bytes.
const LIBDAS2_HEADERS: usize = 2048;

/// Whether what every answer has to be is so: headers that old clients hold
/// and know by their case, no chunks for HTTP/1.0, leave for pages elsewhere.
fn conforms(answer: &Answer) {
    assert!(answer.head.len() <= LIBDAS2_HEADERS, "{}", answer.head);
    for name in [
        "Location",
        "Content-Type",
        "Content-Disposition",
        "WWW-Authenticate",
    ] {
        let lower = format!("\n{}: ", name.to_ascii_lowercase());
        let there = answer.head.to_ascii_lowercase().contains(&lower);
        assert_eq!(there, answer.header(name).is_some(), "{}", answer.head);
    }
    assert!(answer.header("Content-Type").is_some(), "{}", answer.head);
    assert_eq!(answer.header("Transfer-Encoding"), None);
    let origin = answer.header("Access-Control-Allow-Origin");
    assert_eq!(origin, Some("*"), "{}\n{}", answer.head, answer.text());
}

/// A das2 packet of the header kind, its length checked: its content.
fn header_packet(bytes: &[u8]) -> &str {
    let text = std::str::from_utf8(bytes).unwrap();
    let rest = text.strip_prefix("[00]").unwrap();
    let (length, content) = rest.split_at(6);
    assert_eq!(length.parse(), Ok(content.len()), "{text}");
    content
}

#[test]
fn who_is_there() {
    let Some(site) = Site::start() else { return };
    let answer = site.query("server=id");
    conforms(&answer);
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.header("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(answer.text(), "My Data Source Site\r\n");
    assert_eq!(
        site.get("/das/server/id", "").text(),
        "My Data Source Site\r\n"
    );
    let home = site.get("/das/", "");
    assert_eq!(home.status(), 302);
    assert!(home.header("Location").unwrap().ends_with("/das/server"));
}

#[test]
fn sources() {
    let Some(site) = Site::start() else { return };
    let list = site.query("server=list");
    conforms(&list);
    let text = list.text();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("Examples/|"), "{text}");
    assert!(lines.contains(&"Examples/Random|Produce random values between -10 and +10"));
    let names = lines.iter().map(|line| line.split('|').next());
    assert!(names.is_sorted(), "{text}");

    let dsdf = site.query("server=dsdf&dataset=Examples/Random");
    conforms(&dsdf);
    assert_eq!(
        dsdf.header("Content-Type"),
        Some("text/vnd.das2.das2stream")
    );
    let content = header_packet(&dsdf.body);
    assert!(
        content.contains("exampleRange_00=\"2017-01-01 to 2017-03-01 UTC\""),
        "{content}"
    );
    assert!(!content.contains("das2_ex_random"), "{content}");
}

#[test]
fn data_of_every_open_example() {
    let Some(site) = Site::start() else { return };
    for (name, query) in [
        ("Random", RANGE),
        (
            "Waveform",
            "start_time=2021-03-20T12:00:00&end_time=2021-03-20T12:00:02",
        ),
        (
            "Spectra",
            "start_time=2021-03-20&end_time=2021-03-21&resolution=600",
        ),
        (
            "Orbit",
            "start_time=2021-03-20&end_time=2021-03-21&interval=600",
        ),
        (
            "Params",
            "start_time=2021-03-20&end_time=2021-03-21&params=mag%20unit%3DG",
        ),
        (
            "QStream",
            "start_time=2021-03-20&end_time=2021-03-21&resolution=600",
        ),
        ("Sunspots", "start_time=1700-01-01&end_time=2009-01-01"),
        (
            "Moons",
            "start_time=2021-01-01&end_time=2021-01-08&interval=3600",
        ),
    ] {
        for (form, kind) in [
            ("", "application/vnd.das2.das2stream"),
            ("&ascii=1", "text/vnd.das2.das2stream; charset=utf-8"),
            ("&format=csv", "text/csv; charset=utf-8"),
        ] {
            let query = format!("server=dataset&dataset=Examples/{name}&{query}{form}");
            let answer = site.query(&query);
            conforms(&answer);
            // Nothing of ours makes tables of QStreams.
            if name == "QStream" && form == "&format=csv" {
                assert_eq!(answer.status(), 501, "{query}");
                continue;
            }
            assert_eq!(answer.status(), 200, "{query}");
            let kind = match name {
                "QStream" => kind
                    .replace("das2stream", "qstream")
                    .replace("; charset=utf-8", ""),
                _ => kind.to_owned(),
            };
            assert_eq!(answer.header("Content-Type"), Some(&*kind), "{query}");
            let name = format!("filename=\"{name}_");
            assert!(
                answer
                    .header("Content-Disposition")
                    .unwrap()
                    .contains(&name)
            );
            match form {
                "&format=csv" => assert!(answer.text().contains(" (UTC),"), "{query}"),
                _ => assert!(answer.body.starts_with(b"[00]"), "{query}"),
            }
            assert!(
                !answer.text().contains("<exception"),
                "{query}: {}",
                answer.text()
            );
            // Two headers and more than a few records.
            assert!(answer.body.len() > 1500, "{query}: {}", answer.body.len());
        }
    }
}

#[test]
fn clients_of_http_1_1_get_chunks_on_a_kept_connection() {
    let Some(site) = Site::start() else { return };
    let request = format!(
        "GET /das/server?server=dataset&dataset=Examples/Random&{RANGE} HTTP/1.1\r\n\
         Host: localhost\r\nConnection: close\r\n\r\n"
    );
    let answer = ask(site.address(), &request);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("Transfer-Encoding"), Some("chunked"));
    assert!(answer.body.ends_with(b"\r\n0\r\n\r\n"));
}

#[test]
fn a_head_request_runs_no_reader() {
    let Some(site) = Site::start() else { return };
    site.add_source(
        "marks",
        "das2Stream = 1",
        ": >\"$(dirname \"$0\")/../state/ran\"",
    );
    let path = format!("/das/server?server=dataset&dataset=marks&{RANGE}");
    let answer = http10(site.address(), "HEAD", &path, "");
    assert_eq!(answer.status(), 200, "{}", answer.head);
    assert!(answer.body.is_empty());
    assert!(!site.prefix().join("state/ran").exists());
    // It does mark when it is run.
    assert_eq!(site.get(&path, "").status(), 200);
    assert!(site.prefix().join("state/ran").exists());
}

#[test]
fn what_is_not_there() {
    let Some(site) = Site::start() else { return };
    let answer = site.query(&format!("server=dataset&dataset=No/Such&{RANGE}"));
    conforms(&answer);
    assert_eq!(answer.status(), 404);
    let content = header_packet(&answer.body);
    assert!(
        content.starts_with("<exception type=\"NoSuchDatasource\" message=\""),
        "{content}"
    );

    let path = format!("/das/server?server=dataset&dataset=No/Such&{RANGE}");
    let browser = site.get(&path, "User-Agent: Mozilla/5.0 Firefox/130\r\n");
    assert_eq!(browser.status(), 404);
    assert_eq!(
        browser.header("Content-Type"),
        Some("text/plain; charset=utf-8")
    );

    assert_eq!(site.get("/das/server/nosuch", "").status(), 404);
    assert_eq!(site.query("server=nosuch").status(), 400);
    let post = http10(
        site.address(),
        "POST",
        "/das/server?server=id",
        "Content-Length: 0\r\n",
    );
    assert_eq!(post.status(), 405);
    assert!(post.header("Allow").unwrap().contains("GET"));
}

#[test]
fn long_requests_are_the_clients_mistake() {
    let Some(site) = Site::start() else { return };
    // Apache takes lines of 8 kB; up to there the server has to cope.
    for (length, statuses) in [(7_000, [400, 404]), (100_000, [414, 414])] {
        let long = "x/".repeat(length / 2);
        let query = format!("server=dataset&{RANGE}&dataset={long}");
        let answer = site.query(&query);
        assert!(statuses.contains(&answer.status()), "{}", answer.head);
    }
}

#[test]
fn the_password_reaches_the_programs() {
    for passwords in [Passwords::Rewrite, Passwords::CgiPassAuth] {
        let Some(site) = Site::start_with(passwords, "") else {
            return;
        };
        // The names in the folder are the addresses.
        let program = site.prefix().join("cgi/env");
        let text = site.prefix().join("env.sh");
        let script = "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv\n";
        std::fs::write(&text, script).unwrap();
        std::fs::set_permissions(&text, PermissionsExt::from_mode(0o755)).unwrap();
        // By another process: what is open for writing here cannot be run meanwhile.
        let mut copy = std::process::Command::new("cp");
        let copied = copy.arg("-p").args([&text, &program]).status();
        assert!(copied.unwrap().success());
        let answer = site.get("/das/env", "Authorization: Basic dXNlcjpwYXNz\r\n");
        let line = "HTTP_AUTHORIZATION=Basic dXNlcjpwYXNz";
        assert!(
            answer.text().lines().any(|found| found == line),
            "{}{}",
            answer.text(),
            site.logs()
        );
    }
}

#[test]
fn shell_text_from_clients_stays_text() {
    let Some(site) = Site::start() else { return };
    site.add_source(
        "args",
        "das2Stream = 1",
        "for word; do echo \"$word\" >&2; printf '<%s>' \"$word\"; done",
    );
    let words = ["`id`", "$(id)", "a&b|c", "x;y", "\"q'", "*", "-rf"];
    let params: String = words
        .iter()
        .map(|word| {
            word.bytes()
                .map(|b| format!("%{b:02X}"))
                .collect::<String>()
                + "%20"
        })
        .collect();
    let answer = site.query(&format!(
        "server=dataset&dataset=args&{RANGE}&params={params}"
    ));
    let expected: String = ["2017-01-01", "2017-01-02"]
        .iter()
        .chain(&words)
        .map(|word| format!("<{word}>"))
        .collect();
    assert!(answer.text().contains(&expected), "{}", answer.text());
}

#[test]
fn the_log_page() {
    let Some(site) = Site::start() else { return };
    let front = site.get("/das/server", "").text();
    assert!(
        front.contains("<a href=\"/das/log\">Your requests</a>"),
        "{front}"
    );
    site.query(&format!("server=dataset&dataset=Examples/Random&{RANGE}"));
    let page = site.get("/das/log", "");
    assert_eq!(
        (page.status(), page.header("Access-Control-Allow-Origin")),
        (200, None)
    );
    let text = page.text();
    assert_eq!(text.matches("class=\"request ").count(), 2, "{text}");
    assert!(text.contains("<b>Examples/Random</b>") && text.contains(" · reader</span>"));
    assert_eq!(
        site.get("/das/server/static/das2server.css", "").status(),
        200
    );
    assert_eq!(site.get("/das/log?ip=198.51.100.9", "").status(), 200);
    assert_eq!(site.get("/das/log?ip=../x", "").status(), 400);
    assert_eq!(site.get("/das/log?action=deleteAll", "").status(), 405);

    let cookie = page
        .header("Set-Cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let form = format!("action=delete&token={}", cookie.rsplit('=').next().unwrap());
    let post = |origin: &str| {
        let headers = format!(
            "Host: {}\r\nCookie: {cookie}\r\nOrigin: {origin}\r\nContent-Length: {}\r\n",
            site.address(),
            form.len()
        );
        ask(
            site.address(),
            &format!("POST /das/log HTTP/1.0\r\n{headers}\r\n{form}"),
        )
    };
    assert_eq!(post("http://evil.example").status(), 403);
    let answer = post(&format!("http://{}", site.address()));
    assert_eq!(answer.status(), 303, "{}{}", answer.head, site.logs());
    assert!(
        answer
            .header("Location")
            .unwrap()
            .ends_with("/das/log?deleted=1")
    );
    // The deletion is the first line of the new log.
    let text = site.get("/das/log", "").text();
    assert!(!text.contains("Examples/Random") && text.contains("Deleted the log of 127.0.0.1"));
}
