//! What a missed block costs a request, and what it costs when nobody answers.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use das2_server::config::{Broker, Config, QueueConnection, QueuePlace};
use das2_server::log::RequestLog;
use das2_server::queue::redis::RedisBroker;
use das2_server::queue::{
    Broker as _, LevelChoice, Requester, Rules, Task, WAITING_BOUND, Work, submit_miss,
};

use crate::Setting;
use crate::measure::median;
use crate::table::Row;

/// Misses in one run.
const MISSES: usize = 50;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let folder = setting.folder.join("queue");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("state")).expect("a folder");
    let mut rows = Vec::new();
    match RedisServer::start(&folder) {
        Some(server) => rows.extend(redis_rows(&server.connection(), setting)),
        None => eprintln!("no redis-server: it is not measured"),
    }
    let embedded = Config {
        work_queue_broker: Broker::Embedded,
        state_path: Some(folder.join("state")),
        ..Config::default()
    };
    let took = new_misses(&embedded, setting);
    rows.push(row(
        "a miss, embedded queue",
        took,
        Duration::from_millis(1),
    ));
    rows.push(silent_row(setting));
    rows
}

fn redis_rows(connection: &QueueConnection, setting: &Setting) -> Vec<Row> {
    let config = Config {
        work_queue_connection: connection.clone(),
        ..Config::default()
    };
    let limit = Duration::from_millis(1);
    let mut rows = vec![row("a miss, Redis", new_misses(&config, setting), limit)];
    let took = same_miss(&config, setting);
    rows.push(row("a miss that is known, Redis", took, limit));
    fill(connection);
    let took = same_miss(&config, setting);
    let what = "the same, as many tasks waiting as may, all of that source";
    rows.push(row(what, took, limit));
    rows
}

/// A server that accepts and says nothing.
fn silent_row(setting: &Setting) -> Row {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = Config {
        work_queue_connection: QueueConnection::tcp("127.0.0.1", port, 0),
        ..Config::default()
    };
    let took = median((0..setting.runs).map(|n| miss(&config, n)).collect());
    let limit = Duration::from_millis(50);
    row("a miss, Redis that never answers", took, limit)
}

fn row(what: &str, took: Duration, limit: Duration) -> Row {
    Row {
        what: what.into(),
        yardstick: format!("{} ms", limit.as_millis()),
        figure: format!("{:.0} us", took.as_secs_f64() * 1e6),
        ratio: Some(took.as_secs_f64() / limit.as_secs_f64()),
        limit: Some(1.0),
        over_das2c: None,
    }
}

/// The median of misses of which each is another.
fn new_misses(config: &Config, setting: &Setting) -> Duration {
    let all = 0..setting.runs * MISSES;
    median(all.map(|n| miss(config, n)).collect())
}

/// The median of one and the same miss.
fn same_miss(config: &Config, setting: &Setting) -> Duration {
    let all = 0..setting.runs * MISSES;
    median(all.map(|_| miss(config, 0)).collect())
}

fn miss(config: &Config, n: usize) -> Duration {
    let task = task(n);
    let mut log = RequestLog::begin(None, "127.0.0.1");
    let begin = Instant::now();
    submit_miss(config, &[task], &mut log);
    let took = begin.elapsed();
    log.discard();
    took
}

fn task(n: usize) -> Task {
    let (day, hour) = (1 + n / 20 % 28, n % 20);
    let (year, month) = (2000 + n / 6720, 1 + n / 560 % 12);
    let begin = format!("{year}-{month:02}-{day:02}T{hour:02}");
    let end = format!("{year}-{month:02}-{day:02}T{:02}", hour + 1);
    let level = LevelChoice::Number(1);
    let work = Work::cache("Bench/Spectra", &begin, &end, level).expect("a task");
    Requester::request("localhost", "/das/server", "127.0.0.1").task(work)
}

fn fill(connection: &QueueConnection) {
    let mut broker = RedisBroker::new(connection, Rules::of(&Config::default()));
    for n in 0.. {
        if broker.submit(&[task(n)]).is_err() {
            break;
        }
    }
    let waiting = broker.list(das2_server::queue::Which::Todo);
    assert_eq!(waiting.expect("a list").len(), WAITING_BOUND);
}

/// One that ends with the measuring.
struct RedisServer {
    socket: std::path::PathBuf,
    child: Child,
}

impl RedisServer {
    fn start(folder: &Path) -> Option<RedisServer> {
        let socket = folder.join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--dir")
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let server = RedisServer { socket, child };
        let limit = Instant::now() + Duration::from_secs(10);
        while std::os::unix::net::UnixStream::connect(&server.socket).is_err() {
            assert!(Instant::now() < limit, "redis-server does not answer");
            std::thread::yield_now();
        }
        Some(server)
    }

    fn connection(&self) -> QueueConnection {
        QueueConnection {
            place: QueuePlace::Unix(self.socket.clone()),
            ..QueueConnection::default()
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
