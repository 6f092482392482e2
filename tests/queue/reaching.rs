//! The ways to a Redis server: user and password, TLS, Sentinel, a port.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use das2_server::config::QueueConnection;
use das2_server::queue::redis::RedisBroker;
use das2_server::queue::{Broker, Finish, QueueError, StillOurs, Which, WorkerId};

use crate::keeper::{RedisServer, until};
use crate::promises::{day, patient};

/// A port that nobody has: below those that the system gives to whoever asks for any,
/// which could go to somebody else before its server listens.
pub fn free_port() -> u16 {
    let random = || RandomState::new().build_hasher().finish();
    let mut ports = std::iter::repeat_with(|| 10_000 + (random() % 20_000) as u16);
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).unwrap()
}

fn broker(url: &str) -> RedisBroker {
    RedisBroker::new(&QueueConnection::parse(url).unwrap(), patient())
}

/// A server before 6.2 has no BLMOVE.
#[test]
fn an_older_redis() {
    let Some(server) = RedisServer::start(&["--rename-command", "BLMOVE", ""]) else {
        return;
    };
    let mut waiting = server.broker(patient());
    let task = std::thread::spawn(move || waiting.take(&WorkerId::new(0), Duration::from_secs(60)));
    server.broker(patient()).submit(&[day(1)]).unwrap();
    let lease = task.join().unwrap().unwrap().unwrap();
    assert_eq!(lease.task.key(), day(1).key());
}

#[test]
fn a_user_a_password_a_database() {
    let port = free_port().to_string();
    let Some(server) = RedisServer::start(&["--port", &port]) else {
        return;
    };
    // As docs/queue.md says.
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/queue.md"));
    let guide = guide.unwrap();
    let line = guide
        .lines()
        .find(|line| line.starts_with("    ACL SETUSER"));
    let rules: Vec<&str> = line.unwrap().split_whitespace().skip(4).collect();
    let rules = [&[">p@ss"], rules.as_slice()].concat();
    let _: String = server.ask(&[&["ACL", "SETUSER", "worker"], &rules[..]].concat());
    let _: String = server.ask(&["CONFIG", "SET", "requirepass", "other"]);
    let url = format!("redis://worker:p%40ss@127.0.0.1:{port}/4");
    let submitted = broker(&url).submit(&[day(1)]).unwrap();
    assert_eq!(submitted.queued, 1);
    let (mut broker_of_worker, worker) = (broker(&url), WorkerId::new(0));
    let wait = Duration::from_millis(50);
    let lease = broker_of_worker.take(&worker, wait).unwrap().unwrap();
    assert_eq!(
        broker_of_worker.take(&WorkerId::new(1), wait).unwrap(),
        None
    );
    assert_eq!(broker_of_worker.list(Which::Working).unwrap().len(), 1);
    let back = broker_of_worker.finish(&lease, &Finish::PutBack).unwrap();
    assert_eq!(back, StillOurs::Yes);
    let socket = server.socket();
    let url = format!(
        "unix://{}?db=4&user=worker&password=p%40ss",
        socket.display()
    );
    assert_eq!(broker(&url).list(Which::Todo).unwrap().len(), 1);
    let url = format!("redis://:other@localhost:{port}/0");
    assert_eq!(broker(&url).list(Which::Todo).unwrap(), []);
    for account in ["worker:wrong@", ":wrong@", ""] {
        let url = format!("redis://{account}127.0.0.1:{port}");
        let error = broker(&url).submit(&[day(1)]).unwrap_err();
        assert!(matches!(error, QueueError::Refused { .. }), "{error}");
        assert!(!error.to_string().contains(":wrong"), "{error}");
    }
}

fn openssl(folder: &Path, words: &str) -> bool {
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).current_dir(folder);
    let run = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

#[test]
fn tls() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let made = openssl(
        path,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=TestCA",
    ) && openssl(
        path,
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost \
         -addext subjectAltName=DNS:localhost,IP:127.0.0.1",
    ) && openssl(
        path,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem \
         -days 2 -copy_extensions copy",
    );
    if !made {
        println!("skipped: there is no openssl that makes certificates");
        return;
    }
    let port = free_port().to_string();
    let file = |name: &str| path.join(name).display().to_string();
    let Some(_server) = RedisServer::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &file("server.pem"),
        "--tls-key-file",
        &file("server.key"),
        "--tls-ca-cert-file",
        &file("ca.pem"),
        "--tls-auth-clients",
        "no",
    ]) else {
        return;
    };
    let ca = file("ca.pem");
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("rediss://{host}:{port}?cacert={ca}");
        broker(&url).submit(&[day(1)]).unwrap();
    }
    // Nobody vouches for this certificate.
    let error = broker(&format!("rediss://localhost:{port}")).submit(&[day(1)]);
    assert!(error.is_err());
}

/// A Sentinel that ends with the test.
pub struct Sentinel(pub Child);

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sentinels() {
    let port = free_port();
    let Some(_server) = RedisServer::start(&["--port", &port.to_string()]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (at, nobody) = (free_port(), free_port());
    let conf = folder.path().join("sentinel.conf");
    let text = format!("port {at}\nsentinel monitor das2 127.0.0.1 {port} 1\n");
    std::fs::write(&conf, text).unwrap();
    let mut command = Command::new("redis-server");
    command.arg(&conf).arg("--sentinel").stdout(Stdio::null());
    let _sentinel = Sentinel(command.spawn().unwrap());
    until("the Sentinel answers", || {
        std::net::TcpStream::connect(("127.0.0.1", at)).is_ok()
    });
    // The first one is down.
    let url = format!("redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{at}/das2");
    let mut found = broker(&url);
    assert_eq!(found.submit(&[day(1)]).unwrap().queued, 1);
    let direct = broker(&format!("redis://127.0.0.1:{port}")).list(Which::Todo);
    assert_eq!(direct.unwrap().len(), 1);
    let url = format!("redis+sentinel://127.0.0.1:{at}/other");
    let error = broker(&url).submit(&[day(1)]).unwrap_err();
    assert!(
        error.to_string().contains("no master of this name"),
        "{error}"
    );
}
