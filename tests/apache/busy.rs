//! More clients than readers may run.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::http::{runs, send, within};
use crate::server::Site;

const RANGE: &str = "start_time=2017-01-01&end_time=2017-01-02";
const CLIENTS: usize = 100;

/// Hundreds of slow clients keep their readers, and nobody else waiting.
#[test]
fn slow_clients_by_the_hundred() {
    let Some(site) = Site::start() else { return };
    let conf = site.read("etc/das2server.conf");
    let limits = "READER_MAX = 6\nREADER_MAX_PER_ADDRESS = 0\nREADER_QUEUE = 10\n";
    site.write("etc/das2server.conf", &(conf + limits));
    // A stream without end.
    let script = "echo $$ >>\"$(dirname \"$0\")/../state/endless\"\n\
                  printf '[00]000044<stream version=\"2.2\"><properties/></stream>'\nexec yes";
    site.add_source("endless", "das2Stream = 1\nreducer = not_reducible", script);
    let pids = || -> Vec<u32> {
        let text = std::fs::read_to_string(site.prefix().join("state/endless"));
        let text = text.unwrap_or_default();
        text.lines().map(|pid| pid.parse().unwrap()).collect()
    };
    let request =
        format!("GET /das/server?server=dataset&dataset=endless&{RANGE} HTTP/1.0\r\n\r\n");
    let mut clients: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| send(site.address(), &request))
        .collect();
    within(Duration::from_secs(60), "all places are taken", || {
        pids().len() == 6 && site.logs().matches("Answered 503 ServerBusy").count() >= 84
    });
    for client in &clients {
        client.set_nonblocking(true).unwrap();
    }
    let mut byte = [0];
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..10 {
        for client in &mut clients {
            // Those that wait have none yet.
            let _ = client.read(&mut byte);
        }
        for (at, (query, text)) in [
            ("server=id", "My Data Source Site"),
            ("server=list", "Examples/"),
        ]
        .into_iter()
        .enumerate()
        {
            let began = Instant::now();
            let answer = site.query(query);
            assert!(answer.status() == 200 && answer.text().contains(text));
            fastest[at] = fastest[at].min(began.elapsed());
        }
    }
    // A busy machine delays any of them, but not each.
    let limit = Duration::from_secs(5);
    assert!(fastest.iter().all(|time| *time < limit), "{fastest:?}");
    let running = pids().into_iter().filter(|&pid| runs(pid)).count();
    assert!(running <= 6, "{running}");
    drop(clients);
    within(Duration::from_secs(60), "all readers end", || {
        !pids().into_iter().any(runs)
    });
    // Who waited has gone too: there are places again.
    within(Duration::from_secs(60), "a place", || {
        let query = format!("server=dataset&dataset=Examples/Random&{RANGE}");
        site.query(&query).status() == 200
    });
}

/// What is compressed comes through as it is, once.
#[test]
fn compressed_answers() {
    let Some(site) = Site::start() else { return };
    let paths = [
        "/das/server",
        "/das/server/static/das2server.css",
        &format!("/das/server?server=dataset&dataset=Examples/Random&{RANGE}&ascii=1"),
    ];
    for path in paths {
        let plain = site.get(path, "");
        assert_eq!(plain.header("Content-Encoding"), None);
        let headers = "Accept-Encoding: gzip, deflate\r\n";
        let answer = site.get(path, headers);
        assert_eq!(answer.header("Content-Encoding"), Some("gzip"), "{path}");
        assert_eq!(answer.header("Vary"), Some("Accept-Encoding"), "{path}");
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(answer.body.as_slice());
        decoder.read_to_string(&mut text).unwrap();
        // The example's numbers are random: of that only the form is the same.
        match path.contains("Random") {
            true => assert!(text.starts_with(&plain.text()[..30])),
            false => assert_eq!(text, plain.text()),
        }
        if let Some(tag) = answer.header("ETag") {
            let known = site.get(path, &format!("{headers}If-None-Match: {tag}\r\n"));
            assert_eq!((known.status(), known.body.len()), (304, 0));
        }
        let head = crate::http::http10(site.address(), "HEAD", path, headers);
        assert_eq!(head.header("Content-Encoding"), Some("gzip"), "{path}");
        assert!(head.body.is_empty());
    }
}
