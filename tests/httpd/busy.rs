//! More clients than readers may run, and clients that take a byte at a time.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use super::Server;
use crate::http::{http10, runs, send, within};
use crate::instance::Instance;

const RANGE: &str = "start_time=2017-01-01&end_time=2017-01-02";
const CLIENTS: usize = 150;

fn serve(instance: &Instance) -> Server {
    let programs = instance.prefix().join("bin");
    Server::of(&programs, tempfile::tempdir().unwrap(), &[])
}

fn logs(instance: &Instance) -> String {
    let files = std::fs::read_dir(instance.prefix().join("log")).unwrap();
    let files = files
        .map(|file| file.unwrap().path())
        .filter(|file| file.is_file());
    files
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}

/// A byte for each client that has one, and everybody else is served.
fn a_byte_each(server: &Server, clients: &mut [TcpStream], times: usize) {
    let mut byte = [0];
    for client in clients.iter() {
        client.set_nonblocking(true).unwrap();
    }
    for _ in 0..times {
        for client in clients.iter_mut() {
            let _ = client.read(&mut byte);
        }
        for query in ["server=id", "server=list", "server=dsdf&dataset=endless"] {
            let answer = http10(server.address, "GET", &format!("/das/server?{query}"), "");
            assert_eq!(answer.status(), 200, "{query}");
        }
    }
}

#[test]
fn slow_clients_by_the_hundred() {
    let instance = Instance::new();
    let conf = instance.read("etc/das2server.conf");
    let limits = "READER_MAX = 6\nREADER_MAX_PER_ADDRESS = 0\nREADER_QUEUE = 10\n";
    instance.write("etc/das2server.conf", &(conf + limits));
    let script = "echo $$ >>\"$(dirname \"$0\")/../state/endless\"\n\
                  printf '[00]000044<stream version=\"2.2\"><properties/></stream>'\nexec yes";
    instance.add_source("endless", "das2Stream = 1\nreducer = not_reducible", script);
    let server = serve(&instance);
    let pids = || -> Vec<u32> {
        let text = std::fs::read_to_string(instance.prefix().join("state/endless"));
        let text = text.unwrap_or_default();
        text.lines().map(|pid| pid.parse().unwrap()).collect()
    };
    let query = format!("/das/server?server=dataset&dataset=endless&{RANGE}");
    let request = format!("GET {query} HTTP/1.0\r\n\r\n");
    let mut clients: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| send(server.address, &request))
        .collect();
    within(Duration::from_secs(60), "all places are taken", || {
        pids().len() == 6 && logs(&instance).matches("Answered 503 ServerBusy").count() >= 134
    });
    a_byte_each(&server, &mut clients, 5);
    let refused = http10(server.address, "GET", &query, "");
    assert_eq!(refused.status(), 503);
    assert!(refused.header("Retry-After").is_some(), "{}", refused.head);
    let running = pids().into_iter().filter(|&pid| runs(pid)).count();
    assert!(running <= 6, "{running}");
    drop(clients);
    within(Duration::from_secs(60), "all readers end", || {
        !pids().into_iter().any(runs)
    });
    within(Duration::from_secs(60), "their lines in the log", || {
        logs(&instance).contains("Readers: place 6 of 6")
    });
    within(Duration::from_secs(60), "a place", || {
        let query = format!("/das/server?server=dataset&dataset=Examples/Random&{RANGE}");
        http10(server.address, "GET", &query, "").status() == 200
    });
}

/// What needs no reader needs no place, and a hundred of it are no full house.
#[test]
fn slow_clients_of_what_is_there() {
    let instance = Instance::new();
    instance.add_source("endless", "das2Stream = 1", "exit 1");
    instance.write("site/large.txt", &"0123456789abcde\n".repeat(1 << 20));
    let server = serve(&instance);
    let request = "GET /das/server/static/large.txt HTTP/1.0\r\n\r\n";
    let mut clients: Vec<TcpStream> = (0..CLIENTS)
        .map(|_| send(server.address, request))
        .collect();
    a_byte_each(&server, &mut clients, 3);
    let query = format!("/das/server?server=dataset&dataset=Examples/Random&{RANGE}");
    assert_eq!(http10(server.address, "GET", &query, "").status(), 200);
    // Each of them has a whole answer before it.
    let mut first = clients.swap_remove(0);
    first.set_nonblocking(false).unwrap();
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).unwrap();
    assert!(
        rest.len() > 16 << 20 && rest.ends_with(b"abcde\n"),
        "{}",
        rest.len()
    );
}

/// What is compressed comes through as it is, once.
#[test]
fn compressed_answers() {
    let instance = Instance::new();
    let server = serve(&instance);
    let get = |path: &str, headers: &str| http10(server.address, "GET", path, headers);
    let data = format!("/das/server?server=dataset&dataset=Examples/Random&{RANGE}");
    for path in [
        "/das/server",
        "/das/server/static/das2server.css",
        &format!("{data}&ascii=1"),
    ] {
        assert_eq!(get(path, "").header("Content-Encoding"), None, "{path}");
        let answer = get(path, "Accept-Encoding: gzip\r\n");
        assert_eq!(answer.header("Content-Encoding"), Some("gzip"), "{path}");
        assert_eq!(answer.header("Vary"), Some("Accept-Encoding"), "{path}");
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(answer.body.as_slice());
        decoder.read_to_string(&mut text).unwrap();
        assert!(text.len() > answer.body.len(), "{path}");
        let head = http10(server.address, "HEAD", path, "Accept-Encoding: gzip\r\n");
        assert_eq!(head.header("Content-Encoding"), Some("gzip"), "{path}");
        assert!(head.body.is_empty());
    }
    for path in [&data, &format!("{data}&compress=true")] {
        let answer = get(path, "Accept-Encoding: gzip\r\n");
        assert_eq!(answer.header("Content-Encoding"), None, "{path}");
        assert!(answer.body.starts_with(b"[00]"), "{path}");
    }
}
