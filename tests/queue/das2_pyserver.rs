//! One queue for this server's programs and das2-pyserver's: its strings, its
//! commands, its lists as it leaves them.

use std::time::Duration;

use das2_server::queue::{Broker, Finish, Hold, Rules, Stage, StillOurs, Which, WorkerId};

use crate::keeper::RedisServer;
use crate::promises::{day, patient, rules, task};

const TODO: &str = "2026-11-24T16:04:24.233|das2_srv_todo|host1|||root|TASK_CACHE|\
                    Examples/Spectra|1979-03-01T12|1979-03-01T14|0";

fn list(server: &RedisServer, name: &str) -> Vec<String> {
    server.ask(&["LRANGE", name, "0", "-1"])
}

#[test]
fn its_task_is_worked_here() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let _: i64 = server.ask(&["LPUSH", "das2_todo", TODO]);
    let broker = &mut server.broker(patient());
    let worker = WorkerId::at("host.a", 3);
    let lease = broker.take(&worker, Duration::ZERO).unwrap().unwrap();
    assert_eq!(lease.task.to_text(), TODO);
    let name = format!("das2_working_{worker}");
    assert!(name.starts_with("das2_working_host.a_"), "{name}");
    assert_eq!(
        list(&server, &name),
        [format!("{TODO}|{}||0/100", lease.started)]
    );
    let status = "Writing: 1979-03-01_bin-1s.d2s";
    broker.beat(&lease, status, 0.256).unwrap();
    let text = format!("{TODO}|{}|{status}|0.26", lease.started);
    assert_eq!(list(&server, &name), [text]);
    // All that its programs look at are lists.
    for key in server.ask::<Vec<String>>(&["KEYS", "das2_*"]) {
        assert_eq!(server.ask::<String>(&["TYPE", &key]), "list", "{key}");
    }
    let outcome = Finish::Done {
        status: "Successfully processed 1 of 1 cache blocks".to_owned(),
    };
    assert_eq!(broker.finish(&lease, &outcome).unwrap(), StillOurs::Yes);
    assert_eq!(list(&server, &name), [""; 0]);
    let finished = list(&server, "das2_finished");
    let start = format!(
        "{TODO}|{}|Successfully processed 1 of 1 cache blocks|20",
        lease.started
    );
    assert!(finished[0].starts_with(&start) && finished[0].ends_with("|0"));
    assert_eq!(finished[0].split('|').count(), 15);
}

#[test]
fn its_arbiter_works_our_task() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let broker = &mut server.broker(patient());
    broker.submit(&[day(1), day(2)]).unwrap();
    // As the arbiter with process 71 does.
    let own = "das2_working_71";
    let text: String = server.ask(&["BRPOPLPUSH", "das2_todo", own, "1"]);
    assert!(text.ends_with("|TASK_CACHE|A/b|2020-01-01|2020-01-02|1"));
    assert_eq!(text.split('|').count(), 11);
    let begun = format!("{text}|2026-11-24T16:04:26.822||0/100");
    let _: String = server.ask(&["LSET", own, "0", &begun]);
    // It runs, so it is not queued again, not even a part of it.
    let hours = task("A/b", "2020-01-01T01", "2020-01-01T02", 1);
    assert_eq!(broker.submit(&[day(1), hours]).unwrap().known, 2);
    let working = broker.list(Which::Working).unwrap();
    assert_eq!((working.len(), working[0].hold), (1, Hold::Unleased));
    assert_eq!(working[0].worker.as_deref(), Some("71"));
    // Nor can it be cancelled, which would crash the arbiter.
    let cancelled = broker.cancel(&day(1).key()).unwrap();
    assert_eq!((cancelled.running, cancelled.beyond_reach), (0, 1));
    let ended = format!("{text}|2026-11-24T16:04:26.822|Done|2026-11-24T16:04:29.008|0");
    let _: String = server.ask(&["LSET", own, "0", &ended]);
    let _: String = server.ask(&["BRPOPLPUSH", own, "das2_finished", "1"]);
    let finished = broker.list(Which::Finished).unwrap();
    let entry = finished[0].entry.as_ref().unwrap();
    assert!(matches!(entry.stage, Stage::Ended { code: 0, .. }));
    assert_eq!(broker.submit(&[day(1)]).unwrap().queued, 1);
}

#[test]
fn what_its_dead_arbiter_left_is_shown_and_left_alone() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let left = format!("{TODO}|2026-11-24T16:04:26.822|Writing: x|0.50");
    let _: i64 = server.ask(&["LPUSH", "das2_working_4711", &left]);
    let broker = &mut server.broker(rules());
    let worker = WorkerId::new(0);
    // Longer than a lease.
    assert_eq!(broker.take(&worker, rules().lease * 2).unwrap(), None);
    assert_eq!(list(&server, "das2_working_4711"), [left]);
    assert_eq!(broker.list(Which::Working).unwrap()[0].hold, Hold::Unleased);
    assert_eq!(broker.purge(Which::Working).unwrap(), 1);
    assert_eq!(broker.list(Which::Working).unwrap(), []);
}

#[test]
fn its_duplicates_are_worked_once() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let [later, latest] = ["2027", "2028"].map(|year| TODO.replace("2026", year));
    let _: i64 = server.ask(&["LPUSH", "das2_todo", TODO, &later]);
    let broker = &mut server.broker(patient());
    let lease = broker.take(&WorkerId::new(0), Duration::ZERO).unwrap();
    assert_eq!(lease.unwrap().task.to_text(), TODO);
    assert_eq!(list(&server, "das2_todo"), [""; 0]);
    // One that comes while it runs.
    let _: i64 = server.ask(&["LPUSH", "das2_todo", &latest]);
    let other = WorkerId::new(1);
    assert_eq!(broker.take(&other, Duration::ZERO).unwrap(), None);
    assert_eq!(list(&server, "das2_todo"), [""; 0]);
}

#[test]
fn what_is_no_task_is_parked_with_its_text() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    for text in ["nonsense", "||||||TASK_CACHE|x", TODO] {
        let _: i64 = server.ask(&["LPUSH", "das2_todo", text]);
    }
    let mut plain = server.plain();
    let binary: &[u8] = b"\xff\xfe|a";
    let push = redis::cmd("RPUSH")
        .arg("das2_todo")
        .arg(binary)
        .exec(&mut plain);
    push.unwrap();
    let broker = &mut server.broker(patient());
    let worker = WorkerId::new(0);
    let lease = broker.take(&worker, Duration::ZERO).unwrap().unwrap();
    assert_eq!(lease.task.to_text(), TODO);
    let parked = broker.list(Which::Failed).unwrap();
    let told: Vec<String> = parked
        .iter()
        .map(|one| one.entry.as_ref().unwrap().to_text())
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("|INVALID|      TASK_CACHE x|"), "{told:?}");
    assert!(told[0].contains("|No task: TASK_CACHE with 1 arguments"));
    assert!(told[1].contains("|INVALID|nonsense|"), "{told:?}");
    // A list that holds such things can be shown.
    let _: i64 = server.ask(&["LPUSH", "das2_finished", "garbage"]);
    let finished = broker.list(Which::Finished).unwrap();
    assert_eq!(finished[0].entry, Err("garbage".to_owned()));
}

#[test]
fn an_endless_finished_list_gets_its_bound() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    for _ in 0..30 {
        let _: i64 = server.ask(&["LPUSH", "das2_finished", "old"]);
    }
    let bounded = Rules {
        finished: 10,
        ..patient()
    };
    let broker = &mut server.broker(bounded);
    broker.submit(&[day(1)]).unwrap();
    let worker = WorkerId::new(0);
    let lease = broker.take(&worker, Duration::ZERO).unwrap().unwrap();
    let outcome = Finish::Done {
        status: String::new(),
    };
    broker.finish(&lease, &outcome).unwrap();
    assert_eq!(list(&server, "das2_finished").len(), 10);
}
