//! Redis killed, restarted empty, silent.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use das2_server::config::{Config, QueueConnection, QueuePlace};
use das2_server::log::RequestLog;
use das2_server::queue::redis::RedisBroker;
use das2_server::queue::{
    Broker, Finish, QueueError, Rules, StillOurs, Which, WorkerId, submit_miss,
};

use crate::keeper::{RedisServer, until};
use crate::promises::{day, patient, rules};

const NOW: Duration = Duration::ZERO;

/// Takes until there is something, as a worker does.
fn take(broker: &mut dyn Broker, worker: &WorkerId) -> das2_server::queue::Lease {
    let mut lease = None;
    until("there is a task", || {
        let wait = Duration::from_millis(100);
        lease = broker.take(worker, wait).ok().flatten();
        lease.is_some()
    });
    lease.unwrap()
}

#[test]
fn a_server_that_comes_back_empty_gets_the_running_task_again() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let broker = &mut server.broker(patient());
    let worker = WorkerId::new(0);
    broker.submit(&[day(1), day(2)]).unwrap();
    let lease = take(broker, &worker);
    server.kill();
    let error = broker.beat(&lease, "", 0.1).unwrap_err();
    assert!(matches!(error, QueueError::Unreachable { .. }), "{error}");
    assert!(broker.take(&WorkerId::new(1), NOW).is_err());
    server.restart();
    until("the worker is back", || {
        broker.beat(&lease, "x", 0.2).is_ok()
    });
    // Nobody else gets it meanwhile.
    let other = &mut server.broker(patient());
    assert_eq!(other.submit(&[day(1)]).unwrap().known, 1);
    assert_eq!(other.take(&WorkerId::new(1), NOW).unwrap(), None);
    let done = Finish::Done {
        status: String::new(),
    };
    assert_eq!(broker.finish(&lease, &done).unwrap(), StillOurs::Yes);
    assert_eq!(broker.list(Which::Finished).unwrap().len(), 1);
    // And it works on.
    other.submit(&[day(3)]).unwrap();
    assert_eq!(take(broker, &worker).task.key(), day(3).key());
}

#[test]
fn a_task_that_another_got_while_redis_was_away_is_not_ours() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let broker = &mut server.broker(patient());
    broker.submit(&[day(1)]).unwrap();
    let lease = take(broker, &WorkerId::new(0));
    server.kill();
    server.restart();
    let other = &mut server.broker(patient());
    other.submit(&[day(1)]).unwrap();
    let theirs = take(other, &WorkerId::new(1));
    let mut answer = None;
    until("the worker is back", || {
        answer = broker.beat(&lease, "", 0.5).ok();
        answer.is_some()
    });
    assert_eq!(answer, Some(StillOurs::TakenAway));
    assert_eq!(other.beat(&theirs, "", 0.5).unwrap(), StillOurs::Yes);
}

#[test]
fn a_waiting_worker_comes_back_by_itself() {
    let Some(mut server) = RedisServer::start(&[]) else {
        return;
    };
    let mut broker = server.broker(rules());
    let (at, events) = std::sync::mpsc::channel();
    let worker = std::thread::spawn(move || {
        let worker = WorkerId::new(0);
        loop {
            match broker.take(&worker, Duration::from_secs(1)) {
                Ok(Some(lease)) => return lease.task.key(),
                Ok(None) => at.send("waits").unwrap(),
                Err(_) => at.send("away").unwrap(),
            }
        }
    });
    assert_eq!(events.recv().unwrap(), "waits");
    server.kill();
    while events.recv().unwrap() != "away" {}
    server.restart();
    server.broker(rules()).submit(&[day(1)]).unwrap();
    assert_eq!(worker.join().unwrap(), day(1).key());
}

#[test]
fn a_finish_whose_answer_got_lost_may_be_said_again() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let broker = &mut server.broker(patient());
    broker.submit(&[day(1), day(2)]).unwrap();
    let worker = WorkerId::new(0);
    let lease = take(broker, &worker);
    let failed = Finish::Failed {
        reason: String::new(),
    };
    for _ in 0..2 {
        assert_eq!(broker.finish(&lease, &failed).unwrap(), StillOurs::Yes);
    }
    assert_eq!(broker.list(Which::Todo).unwrap().len(), 2);
    let lease = take(broker, &worker);
    let done = Finish::Done {
        status: String::new(),
    };
    for _ in 0..2 {
        assert_eq!(broker.finish(&lease, &done).unwrap(), StillOurs::Yes);
    }
    assert_eq!(broker.list(Which::Finished).unwrap().len(), 1);
}

fn tcp(listener: &TcpListener) -> QueueConnection {
    QueueConnection::tcp("127.0.0.1", listener.local_addr().unwrap().port(), 3)
}

/// Far above the 40 ms that it takes, far below any other time limit.
const MUCH: Duration = Duration::from_millis(500);

#[test]
fn a_server_that_never_answers_holds_no_request_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut connection = tcp(&listener);
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _unix = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for (place, tls) in [
        (connection.place.clone(), false),
        (connection.place.clone(), true),
        (QueuePlace::Unix(socket), false),
    ] {
        connection.place = place;
        connection.tls = tls;
        let config = Config {
            work_queue_connection: connection.clone(),
            ..Config::default()
        };
        // A busy machine delays any of them, but not each.
        until("it takes little", || {
            let logs = tempfile::tempdir().unwrap();
            let mut log = RequestLog::begin(Some(logs.path()), "127.0.0.1");
            let begin = Instant::now();
            submit_miss(&config, &[day(1)], &mut log);
            let took = begin.elapsed();
            log.end();
            assert_eq!(logged(logs.path()).len(), 1);
            took < MUCH
        });
    }
}

#[test]
fn a_miss_without_an_answer_is_asked_for_again() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let logs = tempfile::tempdir().unwrap();
    let config = Config {
        work_queue_connection: server.connection(),
        ..Config::default()
    };
    let miss = || {
        let mut log = RequestLog::begin(Some(logs.path()), "127.0.0.1");
        submit_miss(&config, &[day(1)], &mut log);
        log.end();
    };
    server.hang(true);
    miss();
    assert!(logged(logs.path())[0].contains("no answer in time"));
    server.hang(false);
    let mut broker = server.broker(rules());
    // This machine may be busy too.
    until("a later request is heard", || {
        miss();
        !broker.list(Which::Todo).unwrap().is_empty()
    });
    miss();
    assert_eq!(broker.list(Which::Todo).unwrap().len(), 1);
}

/// The lines of the only log.
fn logged(folder: &std::path::Path) -> Vec<String> {
    let mut all = std::fs::read_dir(folder).unwrap();
    let text = std::fs::read_to_string(all.next().unwrap().unwrap().path()).unwrap();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

#[test]
fn a_server_that_is_away_is_one_line_of_the_log() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = tcp(&listener);
    drop(listener);
    let logs = tempfile::tempdir().unwrap();
    let config = Config {
        work_queue_connection: connection,
        ..Config::default()
    };
    let mut log = RequestLog::begin(Some(logs.path()), "127.0.0.1");
    submit_miss(&config, &[day(1), day(2)], &mut log);
    log.end();
    let lines = logged(logs.path());
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("Cache miss not queued: the work queue at 127.0.0.1:"));
}

#[test]
fn a_worker_is_not_held_for_ever_by_silence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let limit = Duration::from_millis(50);
    let mut broker = RedisBroker::hasty(&tcp(&listener), patient(), limit);
    until("it takes little", || {
        let begin = Instant::now();
        assert!(broker.take(&WorkerId::new(0), NOW).is_err());
        assert!(broker.list(Which::Todo).is_err());
        begin.elapsed() < MUCH
    });
}

#[test]
fn without_a_queue_no_socket_is_opened() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let config = Config {
        work_queue_connection: tcp(&listener),
        work_queue_broker: das2_server::config::Broker::None,
        ..Config::default()
    };
    let mut log = RequestLog::begin(None, "127.0.0.1");
    submit_miss(&config, &[day(1)], &mut log);
    log.discard();
    let accepted = listener.accept();
    assert_eq!(accepted.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let error = das2_server::queue::connect(&config).err().unwrap();
    assert!(matches!(error, QueueError::Off(_)));
    let _ = Rules::of(&config);
}
