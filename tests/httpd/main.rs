//! The small web server, with shell scripts in the place of the CGI programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../http/mod.rs"]
mod http;
#[path = "../instance/mod.rs"]
mod instance;

mod busy;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::{ask, http10, read_until, runs, send, takes_less_than, time_until};
use instance::Instance;
use rustix::process::{Pid, Signal, kill_process};

/// What the program answers, by query.
const PROGRAM: &str = r#"#!/bin/sh
case "$QUERY_STRING" in
closed) printf 'Status: 401 Authorization Required\r\nWWW-Authenticate: Basic realm="R"\r\nETag: "e"\r\n\r\n' ;;
silent) printf 'Content-Type: text/plain\r\n\r\npid=%d.' $$; trap 'rm -f "$0.runs"; exit' TERM
        : >"$0.runs"; while :; do read -r x <"$0.fifo"; done ;;
flood) printf 'Content-Type: text/plain\r\n\r\npid=%d.' $$; exec yes ;;
stubborn) trap '' TERM; printf 'A: b\r\n\r\npid=%d.' $$; while :; do read -r x <"$0.fifo"; done ;;
headless) printf '%d.' $$ >"$0.pid"; read -r x <"$0.fifo" ;;
nothing) ;;
echo) printf 'Content-Type: text/plain\r\n\r\n'; cat ;;
big) printf 'Content-Type: text/plain\r\n\r\n'; head -c 50000000 /dev/zero ;;
*) printf 'Content-Type: text/plain\r\n\r\n'; env ;;
esac
"#;

struct Server {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        Server::with(&[])
    }

    fn with(options: &[&str]) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("das2_srvcgi_main");
        let text = folder.path().join("program.sh");
        std::fs::write(&text, PROGRAM).unwrap();
        std::fs::set_permissions(&text, PermissionsExt::from_mode(0o755)).unwrap();
        // By another process: what is open for writing here cannot be run meanwhile.
        let copied = Command::new("cp")
            .arg("-p")
            .args([&text, &program])
            .status();
        assert!(copied.unwrap().success());
        // A pipe that nobody writes to: reading it is what a silent program does.
        let fifo = folder.path().join("das2_srvcgi_main.fifo");
        assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
        let programs = folder.path().to_owned();
        Server::of(&programs, folder, options)
    }

    /// A server with the programs of this folder.
    fn of(programs: &Path, folder: tempfile::TempDir, options: &[&str]) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_das2_srv_httpd"))
            .args(["--port", "0", "--programs"])
            .arg(programs)
            .args(options)
            .arg("--log")
            .arg(folder.path().join("httpd.log"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .strip_prefix("http://")
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        Server {
            address: address.parse().unwrap(),
            process,
            folder,
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.process.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Once reaped, its number may be another's.
        if self.process.try_wait().unwrap().is_none() {
            self.signal(Signal::TERM);
            self.process.wait().unwrap();
        }
    }
}

/// The number in `pid=NNN.`, which ends what a program that runs on has said.
fn pid(said: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(said);
    text.split("pid=")
        .nth(1)
        .unwrap()
        .split('.')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

fn said_pid(said: &[u8]) -> bool {
    String::from_utf8_lossy(said)
        .split("pid=")
        .nth(1)
        .is_some_and(|rest| rest.contains('.'))
}

#[test]
fn header_names_are_those_of_the_program() {
    let server = Server::start();
    for (method, version) in [("GET", "1.0"), ("GET", "1.1"), ("HEAD", "1.1")] {
        let request = format!(
            "{method} /das/server?closed HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        let answer = ask(server.address, &request);
        assert_eq!(answer.status(), 401);
        assert!(
            answer.head.contains("401 Authorization Required\r\n"),
            "{}",
            answer.head
        );
        assert_eq!(answer.header("WWW-Authenticate"), Some("Basic realm=\"R\""));
        assert_eq!(answer.header("ETag"), Some("\"e\""));
        assert!(answer.header("Date").is_some());
    }
}

#[test]
fn old_clients_get_no_chunks() {
    let server = Server::start();
    let answer = http10(server.address, "GET", "/das/server?big", "");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("Transfer-Encoding"), None);
    assert_eq!(answer.body.len(), 50_000_000);
}

#[test]
fn a_connection_serves_several_requests() {
    let server = Server::start();
    let one = "GET /das/server?closed HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = send(server.address, one);
    read_until(&mut stream, |bytes| bytes.ends_with(b"0\r\n\r\n"));
    std::io::Write::write_all(&mut stream, one.as_bytes()).unwrap();
    let second = read_until(&mut stream, |bytes| bytes.ends_with(b"0\r\n\r\n"));
    assert!(second.starts_with(b"HTTP/1.1 401 "));
}

#[test]
fn the_environment_and_the_body_reach_the_program() {
    let server = Server::start();
    let answer = http10(
        server.address,
        "GET",
        "/das/server/a%20b?x=%20",
        "X-Y: z\r\n",
    );
    for line in [
        "PATH_INFO=/a b",
        "QUERY_STRING=x=%20",
        "HTTP_X_Y=z",
        "REMOTE_ADDR=127.0.0.1",
    ] {
        assert!(answer.text().lines().any(|found| found == line), "{line}");
    }
    let request = "POST /das/server?echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(ask(server.address, request).text(), "hello");
    let request = "POST /das/server?echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\
        Connection: close\r\n\r\n0\r\n\r\n";
    assert_eq!(ask(server.address, request).status(), 411);
}

#[test]
fn bodies_that_never_come_keep_no_place() {
    let server = Server::with(&["--at-once", "2"]);
    let slow = "POST /das/server?echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhel";
    let clients: Vec<_> = (0..5).map(|_| send(server.address, slow)).collect();
    for _ in 0..5 {
        assert_eq!(
            http10(server.address, "GET", "/das/server", "").status(),
            200
        );
    }
    // Who goes on is answered.
    for mut client in clients {
        std::io::Write::write_all(&mut client, b"lo you").unwrap();
        read_until(&mut client, |bytes| {
            bytes.ends_with(b"hello you\r\n0\r\n\r\n")
        });
    }
    let long = "POST /das/server?echo HTTP/1.0\r\nContent-Length: 100000\r\n\r\n";
    let long = long.to_owned() + &"x".repeat(100_000);
    assert_eq!(ask(server.address, &long).status(), 413);
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let server = Server::with(&["--client-timeout", "1"]);
    let mut stream = send(server.address, "GET /das/server?flood HTTP/1.0\r\n\r\n");
    let pid = pid(&read_until(&mut stream, said_pid));
    time_until("the program ends", || !runs(pid));
    // One that takes something now and then is not.
    let mut stream = send(server.address, "GET /das/server?silent HTTP/1.0\r\n\r\n");
    let pid = self::pid(&read_until(&mut stream, said_pid));
    assert!(runs(pid));
}

#[test]
fn addresses_without_a_program() {
    let server = Server::start();
    let home = http10(server.address, "GET", "/", "");
    assert_eq!(
        (home.status(), home.header("Location")),
        (302, Some("/das/server"))
    );
    assert_eq!(http10(server.address, "GET", "/nothing", "").status(), 404);
    // There is no such executable in the folder, and the log says so.
    assert_eq!(http10(server.address, "GET", "/das/log", "").status(), 500);
    let answer = http10(server.address, "GET", "/das/server?nothing", "");
    assert_eq!(answer.status(), 500);
    assert!(!answer.text().contains('/'), "{}", answer.text());
    let log = std::fs::read_to_string(server.folder.path().join("httpd.log")).unwrap();
    assert!(
        log.contains("das2_srvcgi_main: it wrote no headers"),
        "{log}"
    );
    assert!(log.contains("/das/log will not work"), "{log}");
}

#[test]
fn a_log_that_cannot_be_written_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_das2_srv_httpd"))
        .args(["--port", "0", "--log", "/nonexistent/httpd.log"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("/nonexistent/httpd.log: No such file"),
        "{said}"
    );
}

/// Who does not say whom the request is for, or says it twice, gets no answer from
/// HTTP/1.1.
#[test]
fn requests_say_which_host_they_are_for() {
    let server = Server::start();
    let get = |version: &str, hosts: &str| {
        let request = format!("GET /das/server HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        ask(server.address, &request)
    };
    for hosts in ["", "Host: a\r\nHost: b\r\n", "Host: a b\r\n"] {
        let answer = get("1.1", hosts);
        assert_eq!(answer.status(), 400, "{hosts}");
        assert!(answer.text().contains("Host"), "{}", answer.text());
    }
    for hosts in ["Host:\r\n", "Host: a:81\r\n"] {
        assert_eq!(get("1.1", hosts).status(), 200, "{hosts}");
    }
    assert_eq!(get("1.0", "").status(), 200);
}

#[test]
fn folders_without_the_programs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |programs: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_das2_srv_httpd"))
            .args(["--port", "0", "--programs"])
            .arg(programs)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", programs.display());
        assert_eq!(output.stdout, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("--programs FOLDER"), "{said}");
        said
    };
    let said = refused(&folder.path().join("nothing"));
    assert!(said.contains("nothing: No such file"), "{said}");
    let main = folder.path().join("das2_srvcgi_main");
    assert!(refused(folder.path()).contains("no das2_srvcgi_main in "));
    std::fs::write(&main, PROGRAM).unwrap();
    // Nobody may start it.
    assert!(refused(folder.path()).contains("no das2_srvcgi_main in "));
    assert!(refused(&main).contains("is no folder"));
}

#[test]
fn long_heads_are_refused() {
    let server = Server::start();
    let long = "x".repeat(200_000);
    let path = http10(server.address, "GET", &format!("/das/server?{long}"), "");
    assert!(matches!(path.status(), 414 | 431), "{}", path.head);
    let header = http10(
        server.address,
        "GET",
        "/das/server",
        &format!("A: {long}\r\n"),
    );
    assert_eq!(header.status(), 431);
}

#[test]
fn a_program_ends_when_its_client_goes() {
    let server = Server::start();
    // Who does not listen has time to end what it has started.
    for (query, bound) in [("silent", 2), ("stubborn", 8)] {
        let request = format!("GET /das/server?{query} HTTP/1.0\r\n\r\n");
        takes_less_than(Duration::from_secs(bound), query, || {
            let mut stream = send(server.address, &request);
            let pid = pid(&read_until(&mut stream, said_pid));
            assert!(runs(pid));
            drop(stream);
            time_until(query, || !runs(pid))
        });
    }
    // The silent one was asked to end, and did so in its own way.
    assert!(!server.folder.path().join("das2_srvcgi_main.runs").exists());
}

#[test]
fn a_program_ends_when_its_client_goes_before_the_answer() {
    let server = Server::start();
    let file = server.folder.path().join("das2_srvcgi_main.pid");
    let written = || std::fs::read_to_string(&file).unwrap_or_default();
    takes_less_than(Duration::from_secs(2), "with the client", || {
        let _ = std::fs::remove_file(&file);
        let stream = send(server.address, "GET /das/server?headless HTTP/1.0\r\n\r\n");
        time_until("the program starts", || written().ends_with('.'));
        let pid = written().trim_end_matches('.').parse().unwrap();
        assert!(runs(pid));
        drop(stream);
        time_until("the program ends", || !runs(pid))
    });
}

#[test]
fn programs_end_with_the_server() {
    takes_less_than(Duration::from_secs(4), "the server ends", || {
        let mut server = Server::start();
        let mut stream = send(server.address, "GET /das/server?silent HTTP/1.0\r\n\r\n");
        let pid = pid(&read_until(&mut stream, said_pid));
        server.signal(Signal::INT);
        let mut status = None;
        let took = time_until("the server ends", || {
            status = server.process.try_wait().unwrap();
            status.is_some()
        });
        assert!(status.unwrap().success());
        assert!(!runs(pid));
        took
    });
}

#[test]
fn a_silent_reader_ends_with_its_client_and_with_the_server() {
    let instance = Instance::new();
    let programs = instance.prefix().join("bin");
    let start = || Server::of(&programs, tempfile::tempdir().unwrap(), &[]);
    let server = start();
    let request = "GET /das/server?server=dataset&dataset=silent&start_time=2017-01-01\
        &end_time=2017-01-02 HTTP/1.0\r\n\r\n";
    let gone = |pids: [u32; 2]| !pids.iter().any(|&pid| runs(pid));

    takes_less_than(Duration::from_secs(2), "with the client", || {
        instance.add_silent_source("");
        let stream = send(server.address, request);
        let pids = instance.silent_reader();
        assert!(pids.iter().all(|&pid| runs(pid)));
        drop(stream);
        time_until("with the client", || gone(pids))
    });

    takes_less_than(Duration::from_secs(4), "with the server", || {
        let server = start();
        instance.add_silent_source("");
        let _stream = send(server.address, request);
        let pids = instance.silent_reader();
        server.signal(Signal::INT);
        time_until("with the server", || gone(pids))
    });
}
