//! The two keepers of a queue, made for one test each.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use das2_server::config::{QueueConnection, QueuePlace};
use das2_server::queue::embedded::EmbeddedBroker;
use das2_server::queue::redis::RedisBroker;
use das2_server::queue::{Broker, Rules};

/// Waits until something holds, for at most a minute.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < limit, "in 60 s not yet: {what}");
        std::thread::yield_now();
    }
}

/// A Redis server of the test's own, at a Unix socket.
pub struct RedisServer {
    folder: tempfile::TempDir,
    options: Vec<String>,
    child: Child,
}

impl RedisServer {
    /// None where there is no redis-server; then the test is skipped.
    pub fn start(options: &[&str]) -> Option<RedisServer> {
        let found = Command::new("redis-server").arg("--version").output();
        if found.is_err() {
            println!("skipped: there is no redis-server");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let options: Vec<String> = options.iter().map(|text| text.to_string()).collect();
        let child = spawn(folder.path(), &options);
        let mut server = RedisServer {
            folder,
            options,
            child,
        };
        server.wait();
        Some(server)
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    pub fn connection(&self) -> QueueConnection {
        QueueConnection {
            place: QueuePlace::Unix(self.socket()),
            ..QueueConnection::default()
        }
    }

    pub fn broker(&self, rules: Rules) -> RedisBroker {
        RedisBroker::new(&self.connection(), rules)
    }

    /// A plain connection, as das2-pyserver's programs have.
    pub fn plain(&self) -> redis::Connection {
        let url = format!("unix://{}", self.socket().display());
        redis::Client::open(url).unwrap().get_connection().unwrap()
    }

    /// What `command` answers.
    pub fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let (name, rest) = words.split_first().unwrap();
        let mut command = redis::cmd(name);
        command.arg(rest);
        command.query(&mut self.plain()).unwrap()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it hang, or go on.
    #[allow(dead_code)] // not for the tests of workers
    pub fn hang(&self, hangs: bool) {
        let signal = match hangs {
            true => rustix::process::Signal::STOP,
            false => rustix::process::Signal::CONT,
        };
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Starts again, knowing nothing.
    pub fn restart(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.child = spawn(self.folder.path(), &self.options);
        self.wait();
    }

    fn wait(&mut self) {
        let socket = self.socket();
        until("redis-server answers", || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        });
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, options: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "no"])
        .args(["--unixsocket", "redis.sock", "--dir"])
        .arg(folder)
        .args(options)
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whatever keeps a queue.
pub enum Keeper {
    Redis(RedisServer),
    Embedded(tempfile::TempDir),
}

impl Keeper {
    pub fn redis() -> Option<Keeper> {
        RedisServer::start(&[]).map(Keeper::Redis)
    }

    pub fn embedded() -> Option<Keeper> {
        Some(Keeper::Embedded(tempfile::tempdir().unwrap()))
    }

    pub fn broker(&self, rules: Rules) -> Box<dyn Broker> {
        match self {
            Keeper::Redis(server) => Box::new(server.broker(rules)),
            Keeper::Embedded(state) => Box::new(EmbeddedBroker::open(state.path(), rules).unwrap()),
        }
    }
}
