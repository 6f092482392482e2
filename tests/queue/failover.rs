//! A master that dies, and Sentinels that put a replica in its place.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use das2_server::config::{Config, QueueConnection};
use das2_server::log::RequestLog;
use das2_server::queue::redis::RedisBroker;
use das2_server::queue::{Broker, Finish, Lease, StillOurs, Which, WorkerId, submit_miss};

use crate::keeper::{RedisServer, until};
use crate::promises::{day, patient};
use crate::reaching::{Sentinel, free_port};

fn replica(port: u16, master: u16) -> Option<RedisServer> {
    let (port, master) = (port.to_string(), master.to_string());
    RedisServer::start(&["--port", &port, "--replicaof", "127.0.0.1", &master])
}

fn broker(url: &str) -> RedisBroker {
    RedisBroker::new(&QueueConnection::parse(url).unwrap(), patient())
}

/// What a server says of itself.
fn info(server: &RedisServer) -> String {
    server.ask(&["INFO", "replication"])
}

fn sentinel(port: u16, conf: &std::path::Path, master: u16) -> Sentinel {
    let text = format!(
        "port {port}\nsentinel monitor das2 127.0.0.1 {master} 1\n\
         sentinel down-after-milliseconds das2 500\nsentinel failover-timeout das2 3000\n"
    );
    std::fs::write(conf, text).unwrap();
    let mut command = Command::new("redis-server");
    command.arg(conf).arg("--sentinel").stdout(Stdio::null());
    let child: Child = command.spawn().unwrap();
    Sentinel(child)
}

/// Whether the Sentinel has heard from the replica itself.
fn knows_the_replica(port: u16) -> bool {
    let Ok(client) = redis::Client::open(format!("redis://127.0.0.1:{port}")) else {
        return false;
    };
    let Ok(mut connection) = client.get_connection() else {
        return false;
    };
    let mut question = redis::cmd("SENTINEL");
    question.arg("replicas").arg("das2");
    let told: redis::RedisResult<Vec<Vec<String>>> = question.query(&mut connection);
    let value = |one: &[String], key: &str| {
        let at = one.iter().position(|word| word == key)?;
        one.get(at + 1).cloned()
    };
    told.is_ok_and(|all| {
        all.iter().any(|one| {
            value(one, "master-link-status").as_deref() == Some("ok")
                && value(one, "flags").as_deref() == Some("slave")
        })
    })
}

#[test]
fn a_replica_takes_the_masters_place() {
    let (first, second, at) = (free_port(), free_port(), free_port());
    let Some(mut master) = RedisServer::start(&["--port", &first.to_string()]) else {
        return;
    };
    let replica = replica(second, first).unwrap();
    until("the replica follows", || {
        info(&replica).contains("master_link_status:up")
    });
    let folder = tempfile::tempdir().unwrap();
    let _sentinel = sentinel(at, &folder.path().join("sentinel.conf"), first);
    until("the Sentinel knows both", || knows_the_replica(at));

    let url = format!("redis+sentinel://127.0.0.1:{at}/das2");
    let (mut worker, mut people) = (broker(&url), broker(&url));
    people.submit(&[day(1), day(2)]).unwrap();
    let id = WorkerId::new(0);
    let lease = worker.take(&id, Duration::ZERO).unwrap().unwrap();
    until("the replica has it all", || {
        let waiting: u64 = replica.ask(&["LLEN", "das2_todo"]);
        let working: Vec<String> = replica.ask(&["KEYS", "das2_working_*"]);
        waiting == 1 && working.len() == 1
    });
    master.kill();

    // The worker that was at it goes on, and nobody else is given its task.
    until("the worker is back", || {
        worker.beat(&lease, "x", 0.5).is_ok()
    });
    assert!(info(&replica).contains("role:master"));
    let mut again = None;
    until("others are back", || {
        again = people.submit(&[day(1)]).ok();
        again.is_some()
    });
    assert_eq!(again.unwrap().known, 1);
    let done = Finish::Done {
        status: String::new(),
    };
    assert_eq!(worker.finish(&lease, &done).unwrap(), StillOurs::Yes);
    // The task that waited was not lost.
    let next: Lease = worker.take(&id, Duration::ZERO).unwrap().unwrap();
    assert_eq!(next.task.key(), day(2).key());
    // Requests leave their misses there.
    let config = Config {
        work_queue_connection: QueueConnection::parse(&url).unwrap(),
        ..Config::default()
    };
    until("a request's miss is queued", || {
        let mut log = RequestLog::begin(None, "127.0.0.1");
        submit_miss(&config, &[day(3)], &mut log);
        log.discard();
        people.list(Which::Todo).unwrap().len() == 1
    });
    assert_eq!(people.list(Which::Finished).unwrap().len(), 1);
}
