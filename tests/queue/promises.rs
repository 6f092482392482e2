//! What a queue promises, tried on both keepers.

use std::time::{Duration, Instant};

use das2_server::config::Config;
use das2_server::queue::{
    Broker, Cancelled, Finish, Hold, LevelChoice, QueueError, Requester, Rules, Stage, StillOurs,
    Submitted, Task, TaskKey, Which, Work, WorkerId,
};

use crate::keeper::{Keeper, until};

/// Short enough to wait for, longer than a busy machine holds anybody up.
pub fn rules() -> Rules {
    Rules {
        lease: Duration::from_secs(3),
        ..Rules::of(&Config::default())
    }
}

/// Long enough for nobody to lose a task by being slow.
pub fn patient() -> Rules {
    Rules {
        lease: Duration::from_secs(60),
        ..rules()
    }
}

pub fn task(dataset: &str, begin: &str, end: &str, level: u32) -> Task {
    let work = Work::cache(dataset, begin, end, LevelChoice::Number(level)).unwrap();
    Requester::request("localhost", "/das/server", "127.0.0.1").task(work)
}

pub fn day(day: u32) -> Task {
    let (begin, end) = (
        format!("2020-01-{day:02}"),
        format!("2020-01-{:02}", day + 1),
    );
    task("A/b", &begin, &end, 1)
}

fn queued(broker: &mut dyn Broker, tasks: &[Task]) -> usize {
    broker.submit(tasks).unwrap().queued
}

fn done(status: &str) -> Finish {
    Finish::Done {
        status: status.to_owned(),
    }
}

fn failed(reason: &str) -> Finish {
    Finish::Failed {
        reason: reason.to_owned(),
    }
}

fn keys(broker: &mut dyn Broker, which: Which) -> Vec<TaskKey> {
    let all = broker.list(which).unwrap();
    all.into_iter()
        .map(|listed| listed.entry.unwrap().task.key())
        .collect()
}

const NOW: Duration = Duration::ZERO;

pub fn in_order_through_all_lists(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    assert_eq!(queued(broker, &[day(1), day(2)]), 2);
    assert_eq!(queued(broker, &[day(3)]), 1);
    // The newest first, as das2_todo has it.
    let keys_waiting = keys(broker, Which::Todo);
    assert_eq!(keys_waiting, [day(3).key(), day(2).key(), day(1).key()]);
    let worker = WorkerId::new(0);
    let lease = broker.take(&worker, NOW).unwrap().unwrap();
    assert_eq!(
        (lease.task.work.clone(), lease.attempt),
        (day(1).work.clone(), 1)
    );
    assert_eq!(
        broker.beat(&lease, "Writing: x", 0.256).unwrap(),
        StillOurs::Yes
    );
    let working = broker.list(Which::Working).unwrap();
    assert_eq!(working.len(), 1);
    assert!(matches!(working[0].hold, Hold::Leased(_)));
    assert_eq!(
        working[0].worker.as_deref(),
        Some(worker.to_string().as_str())
    );
    let Stage::Running {
        status, progress, ..
    } = &working[0].entry.as_ref().unwrap().stage
    else {
        panic!("{working:?}");
    };
    assert_eq!((status.as_str(), progress.as_str()), ("Writing: x", "0.26"));
    assert_eq!(
        broker.finish(&lease, &done("1 of 1")).unwrap(),
        StillOurs::Yes
    );
    assert_eq!(broker.list(Which::Working).unwrap(), []);
    let finished = broker.list(Which::Finished).unwrap();
    let entry = finished[0].entry.as_ref().unwrap();
    assert_eq!(entry.task, lease.task);
    let Stage::Ended { status, code, .. } = &entry.stage else {
        panic!("{entry:?}");
    };
    assert_eq!((status.as_str(), *code), ("1 of 1", 0));
    assert_eq!(keys(broker, Which::Todo).len(), 2);
}

pub fn equal_tasks_are_queued_once(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    let again = Submitted {
        known: 1,
        ..Submitted::default()
    };
    assert_eq!(queued(broker, &[day(1), day(1)]), 1);
    assert_eq!(broker.submit(&[day(1)]).unwrap(), again);
    // The rest is queued although the first is known.
    assert_eq!(queued(broker, &[day(1), day(2), day(3)]), 2);
    let lease = broker.take(&WorkerId::new(0), NOW).unwrap().unwrap();
    assert_eq!(lease.task.key(), day(1).key());
    assert_eq!(broker.submit(&[day(1)]).unwrap(), again);
    broker.finish(&lease, &done("")).unwrap();
    assert_eq!(queued(broker, &[day(1)]), 1);
}

pub fn what_lies_in_a_known_range_is_known(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    assert_eq!(
        queued(broker, &[task("A/b", "2020-01-01", "2020-02-01", 1)]),
        1
    );
    for (dataset, begin, end, level, new) in [
        ("A/b", "2020-01-01", "2020-01-02", 1, 0),
        ("A/b", "2020-01-31", "2020-02-01", 1, 0),
        ("A/b", "2020-01-31T12", "2020-01-31T13", 1, 0),
        ("A/b", "2020-01-31", "2020-02-02", 1, 1),
        ("A/b", "2020-01-05", "2020-01-06", 2, 1),
        ("A/B", "2020-01-05", "2020-01-06", 1, 1),
    ] {
        let one = task(dataset, begin, end, level);
        assert_eq!(queued(broker, std::slice::from_ref(&one)), new, "{one}");
    }
    // However a time is written, and with more digits or fewer.
    for (dataset, begin, end) in [
        ("c", "2020-01-01T00:00:00", "2020-02-01T00:00:00"),
        ("d", "2020-01-01T00:00", "2020-02-01"),
        ("e", "2020-01-01T00:00:00.000Z", "2020-02-01Z"),
    ] {
        assert_eq!(queued(broker, &[task(dataset, begin, end, 12)]), 1);
        for (begin, end, level, new) in [
            ("2020-01-01", "2020-02-01", 12, 0),
            ("2020-01-01T00:00:00", "2020-02-01T00:00:00", 12, 0),
            ("2020-01-31T23:59:59", "2020-02-01T00:00:00", 12, 0),
            ("2020-01-31T23:59:59", "2020-02-01T00:00:00.1", 12, 1),
            ("2019-12-31T23:59", "2020-01-01T00:00", 12, 1),
            ("2020-01-02T00:00:00", "2020-01-03T00:00:00", 2, 1),
            ("2020-01-02T00:00:00", "2020-01-03T00:00:00", 112, 1),
        ] {
            let one = task(dataset, begin, end, level);
            assert_eq!(queued(broker, std::slice::from_ref(&one)), new, "{one}");
        }
    }
    let mut all = task("all", "2020-01-01", "2020-02-01", 1);
    all.work = Work::cache("all", "2020-01-01", "2020-02-01", LevelChoice::All).unwrap();
    assert_eq!(queued(broker, &[all]), 1);
    assert_eq!(
        queued(broker, &[task("all", "2020-01-03", "2020-01-04", 7)]),
        0
    );
}

pub fn tasks_with_blocks_in_common_run_one_after_the_other(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    let days = |begin: u32, end: u32, level| {
        let text = |day: u32| format!("2020-01-{day:02}");
        task("A/b", &text(begin), &text(end), level)
    };
    let all = Work::cache("A/b", "2020-01-01", "2020-01-20", LevelChoice::All).unwrap();
    let all = Requester::tool("test").task(all);
    // Begins where the first one ends; another level; another data set.
    let free = [
        days(3, 5, 1),
        days(1, 9, 2),
        task("A", "2020-01-01", "2020-01-03", 1),
    ];
    let first = days(1, 3, 1);
    let held_up = [days(2, 4, 1), all];
    let in_order = [&first, &held_up[0]].into_iter().chain(&free);
    for one in in_order.chain(&held_up[1..]) {
        assert_eq!(queued(broker, std::slice::from_ref(one)), 1, "{one:?}");
    }
    let mut leases = Vec::new();
    for (slot, wanted) in [&first].into_iter().chain(&free).enumerate() {
        let worker = WorkerId::new(slot.try_into().unwrap());
        let lease = broker.take(&worker, NOW).unwrap().unwrap();
        assert_eq!(lease.task.key(), wanted.key());
        leases.push(lease);
    }
    // Waiting for one is no matter of asking without a pause.
    let other = WorkerId::new(9);
    let wait = Duration::from_millis(250);
    let begin = Instant::now();
    assert_eq!(broker.take(&other, wait).unwrap(), None);
    assert!(begin.elapsed() >= wait);
    assert_eq!(broker.list(Which::Todo).unwrap().len(), held_up.len());
    for wanted in &held_up {
        for lease in leases.drain(..) {
            broker.finish(&lease, &done("")).unwrap();
        }
        let lease = broker.take(&other, NOW).unwrap().unwrap();
        assert_eq!(lease.task.key(), wanted.key());
        assert_eq!(broker.take(&WorkerId::new(8), NOW).unwrap(), None);
        leases.push(lease);
    }
}

pub fn many_ask_for_the_same(keeper: &Keeper) {
    let asked: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..200)
            .map(|_| {
                scope.spawn(|| {
                    let broker = &mut *keeper.broker(patient());
                    queued(broker, &[day(1), day(2)])
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(asked, 2);
    let broker = &mut *keeper.broker(patient());
    assert_eq!(keys(broker, Which::Todo).len(), 2);
}

pub fn many_workers_share(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    let tasks: Vec<Task> = (0..60)
        .map(|n| task(&format!("d{n}"), "2020-01-01", "2020-01-02", 1))
        .collect();
    assert_eq!(queued(broker, &tasks), 60);
    let mut taken: Vec<TaskKey> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..6)
            .map(|slot| {
                scope.spawn(move || {
                    let broker = &mut *keeper.broker(patient());
                    let (worker, mut mine) = (WorkerId::new(slot), Vec::new());
                    while let Some(lease) = broker.take(&worker, NOW).unwrap() {
                        broker.beat(&lease, "", 0.5).unwrap();
                        mine.push(lease.task.key());
                        assert_eq!(broker.finish(&lease, &done("")).unwrap(), StillOurs::Yes);
                    }
                    mine
                })
            })
            .collect();
        all.into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    taken.sort();
    let mut wanted: Vec<TaskKey> = tasks.iter().map(Task::key).collect();
    wanted.sort();
    assert_eq!(taken, wanted);
}

pub fn a_waiting_worker_gets_a_task_at_once(keeper: &Keeper) {
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let broker = &mut *keeper.broker(patient());
            broker
                .take(&WorkerId::new(0), Duration::from_secs(60))
                .unwrap()
        });
        let broker = &mut *keeper.broker(patient());
        assert_eq!(queued(broker, &[day(1)]), 1);
        assert_eq!(waiting.join().unwrap().unwrap().task.key(), day(1).key());
    });
}

pub fn nothing_to_do_takes_as_long_as_asked(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    let wait = Duration::from_millis(150);
    // A busy machine delays any of them, but not each.
    until("it takes about as long", || {
        let begin = Instant::now();
        assert_eq!(broker.take(&WorkerId::new(0), wait).unwrap(), None);
        let took = begin.elapsed();
        assert!(took >= wait, "{took:?}");
        took < Duration::from_secs(5)
    });
}

pub fn the_task_of_a_dead_worker_goes_to_another(keeper: &Keeper) {
    let broker = &mut *keeper.broker(rules());
    assert_eq!(queued(broker, &[day(1), day(2)]), 2);
    let begin = Instant::now();
    let dead = broker.take(&WorkerId::at("one", 0), NOW).unwrap().unwrap();
    let other = &mut *keeper.broker(patient());
    let worker = WorkerId::at("two", 0);
    let second = other.take(&worker, NOW).unwrap().unwrap();
    assert_eq!(second.task.key(), day(2).key());
    other.finish(&second, &done("")).unwrap();
    let wait = Duration::from_secs(60);
    let again = other.take(&worker, wait).unwrap().unwrap();
    let took = begin.elapsed();
    assert_eq!((again.task.key(), again.attempt), (day(1).key(), 2));
    // Held for most of the lease and free within it, with room for a machine
    // that is busy with other tests.
    let lease = rules().lease;
    assert!(took > lease / 2 && took < lease * 10, "{took:?}");
    // The dead one was only slow. What it says now changes nothing.
    assert_eq!(broker.beat(&dead, "", 0.5).unwrap(), StillOurs::TakenAway);
    assert_eq!(
        broker.finish(&dead, &failed("late")).unwrap(),
        StillOurs::TakenAway
    );
    assert_eq!(other.beat(&again, "", 0.5).unwrap(), StillOurs::Yes);
    assert_eq!(other.finish(&again, &done("")).unwrap(), StillOurs::Yes);
    assert_eq!(keys(broker, Which::Finished).len(), 2);
    assert_eq!(broker.list(Which::Working).unwrap(), []);
}

pub fn a_beating_worker_keeps_its_task(keeper: &Keeper) {
    let broker = &mut *keeper.broker(rules());
    let other = &mut *keeper.broker(rules());
    assert_eq!(queued(broker, &[day(1)]), 1);
    let lease = broker.take(&WorkerId::new(0), NOW).unwrap().unwrap();
    let begin = Instant::now();
    while begin.elapsed() < rules().lease * 2 {
        assert_eq!(broker.beat(&lease, "", 0.1).unwrap(), StillOurs::Yes);
        let wait = rules().beat_every();
        assert_eq!(other.take(&WorkerId::new(1), wait).unwrap(), None);
    }
    broker.finish(&lease, &done("")).unwrap();
}

pub fn a_task_that_kills_workers_is_parked(keeper: &Keeper) {
    let broker = &mut *keeper.broker(rules());
    assert_eq!(queued(broker, &[day(1)]), 1);
    for attempt in 1..=rules().attempts {
        let wait = Duration::from_secs(60);
        let lease = broker.take(&WorkerId::new(attempt), wait).unwrap();
        assert_eq!(lease.unwrap().attempt, attempt);
    }
    let worker = WorkerId::new(9);
    until("the task is parked", || {
        assert_eq!(broker.take(&worker, NOW).unwrap(), None);
        !broker.list(Which::Failed).unwrap().is_empty()
    });
    let parked = broker.list(Which::Failed).unwrap();
    let Stage::Ended { status, code, .. } = &parked[0].entry.as_ref().unwrap().stage else {
        panic!("{parked:?}");
    };
    assert!(status.contains("without a word, 3 times"), "{status}");
    assert_eq!(*code, 13);
}

pub fn failing_tasks_are_parked_and_marked(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    let worker = WorkerId::new(0);
    assert_eq!(queued(broker, &[day(1), day(2)]), 2);
    let mut order = Vec::new();
    for _ in 0..4 {
        let lease = broker.take(&worker, NOW).unwrap().unwrap();
        order.push((lease.task.key(), lease.attempt));
        let outcome = match lease.task.key() == day(1).key() {
            true => failed("the disk | is\nfull"),
            false => done(""),
        };
        assert_eq!(broker.finish(&lease, &outcome).unwrap(), StillOurs::Yes);
    }
    // One that failed waits behind the others.
    let (first, second) = (day(1).key(), day(2).key());
    let wanted = [
        (first.clone(), 1),
        (second, 1),
        (first.clone(), 2),
        (first.clone(), 3),
    ];
    assert_eq!(order, wanted);
    assert_eq!(broker.take(&worker, NOW).unwrap(), None);
    let parked = broker.list(Which::Failed).unwrap();
    let entry = parked[0].entry.as_ref().unwrap();
    assert_eq!((parked.len(), entry.task.key()), (1, first.clone()));
    let Stage::Ended { status, .. } = &entry.stage else {
        panic!("{entry:?}");
    };
    assert_eq!(status, "the disk   is full");
    // No request asks for it now; a person may.
    assert!(broker.is_marked(&first).unwrap());
    let submitted = broker.submit(&[day(1), day(2)]).unwrap();
    assert_eq!((submitted.queued, submitted.marked), (1, 1));
    assert_eq!(broker.insist(&[day(1)]).unwrap().queued, 1);
    assert_eq!(broker.list(Which::Failed).unwrap(), []);
}

pub fn a_hopeless_task_is_parked_at_once_and_can_be_retried(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    let worker = WorkerId::new(0);
    assert_eq!(queued(broker, &[day(1), day(2)]), 2);
    let outcome = Finish::Hopeless {
        reason: "no such source".to_owned(),
    };
    for _ in 0..2 {
        let lease = broker.take(&worker, NOW).unwrap().unwrap();
        broker.finish(&lease, &outcome).unwrap();
    }
    assert_eq!(keys(broker, Which::Failed).len(), 2);
    assert_eq!(broker.retry(Some(&day(2).key())).unwrap(), 1);
    assert_eq!(broker.retry(Some(&day(2).key())).unwrap(), 0);
    assert_eq!(broker.retry(None).unwrap(), 1);
    assert_eq!(broker.list(Which::Failed).unwrap(), []);
    assert!(!broker.is_marked(&day(1).key()).unwrap());
    let lease = broker.take(&worker, NOW).unwrap().unwrap();
    assert_eq!((lease.task.key(), lease.attempt), (day(2).key(), 1));
    broker.finish(&lease, &done("")).unwrap();
}

pub fn put_back_is_next_and_no_attempt(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    assert_eq!(queued(broker, &[day(1), day(2)]), 2);
    let worker = WorkerId::new(0);
    let lease = broker.take(&worker, NOW).unwrap().unwrap();
    assert_eq!(
        broker.finish(&lease, &Finish::PutBack).unwrap(),
        StillOurs::Yes
    );
    broker.leave(&worker).unwrap();
    // A worker that leaves without a word on its task.
    let worker = WorkerId::new(1);
    let next = broker.take(&worker, NOW).unwrap().unwrap();
    assert_eq!((next.task.key(), next.attempt), (day(1).key(), 1));
    broker.leave(&worker).unwrap();
    assert_eq!(keys(broker, Which::Todo), [day(2).key(), day(1).key()]);
    assert_eq!(broker.list(Which::Working).unwrap(), []);
}

pub fn cancelled_waiting_and_running(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    assert_eq!(queued(broker, &[day(1), day(2)]), 2);
    let worker = WorkerId::new(0);
    let lease = broker.take(&worker, NOW).unwrap().unwrap();
    let other = &mut *keeper.broker(patient());
    let cancelled = |waiting, running| Cancelled {
        waiting,
        running,
        beyond_reach: 0,
    };
    assert_eq!(other.cancel(&day(2).key()).unwrap(), cancelled(1, 0));
    assert_eq!(other.cancel(&day(1).key()).unwrap(), cancelled(0, 1));
    assert_eq!(other.cancel(&day(1).key()).unwrap(), cancelled(0, 0));
    for _ in 0..2 {
        assert_eq!(broker.beat(&lease, "", 0.5).unwrap(), StillOurs::Cancelled);
    }
    assert_eq!(
        broker.finish(&lease, &done("")).unwrap(),
        StillOurs::Cancelled
    );
    let finished = broker.list(Which::Finished).unwrap();
    let Stage::Ended { status, code, .. } = &finished[0].entry.as_ref().unwrap().stage else {
        panic!("{finished:?}");
    };
    assert_eq!((status.as_str(), *code), ("Cancelled", 13));
    // And on it goes.
    assert_eq!(queued(broker, &[day(1)]), 1);
    let lease = broker.take(&worker, NOW).unwrap().unwrap();
    assert_eq!(broker.beat(&lease, "", 0.5).unwrap(), StillOurs::Yes);
}

pub fn lists_have_bounds(keeper: &Keeper) {
    let bounded = Rules {
        waiting: 5,
        finished: 3,
        ..patient()
    };
    let broker = &mut *keeper.broker(bounded);
    let days: Vec<Task> = (1..=5).map(day).collect();
    assert_eq!(queued(broker, &days[..4]), 4);
    let error = broker.submit(&[day(5), day(6)]).unwrap_err();
    assert!(matches!(
        error,
        QueueError::Full {
            waiting: 4,
            bound: 5
        }
    ));
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(keys(broker, Which::Todo).len(), 4);
    assert_eq!(queued(broker, &days), 1);
    // Known tasks need no room.
    assert_eq!(queued(broker, &days), 0);
    let worker = WorkerId::new(0);
    while let Some(lease) = broker.take(&worker, NOW).unwrap() {
        let outcome = Finish::Hopeless {
            reason: String::new(),
        };
        broker.finish(&lease, &outcome).unwrap();
    }
    for which in [Which::Failed, Which::Finished] {
        let kept = keys(broker, which);
        assert_eq!(kept, [day(5).key(), day(4).key(), day(3).key()]);
    }
    assert_eq!(broker.purge(Which::Failed).unwrap(), 3);
    assert_eq!(broker.purge(Which::Finished).unwrap(), 3);
    assert_eq!(broker.insist(&days).unwrap().queued, 5);
    assert_eq!(broker.purge(Which::Todo).unwrap(), 5);
    for which in [Which::Failed, Which::Finished, Which::Todo, Which::Working] {
        assert_eq!(broker.list(which).unwrap(), []);
    }
}

pub fn marks_cover_what_they_join_to(keeper: &Keeper) {
    let broker = &mut *keeper.broker(patient());
    let long = Duration::from_secs(100);
    for n in [1, 2, 4] {
        broker.mark(&day(n).key(), long).unwrap();
    }
    let range = |begin: &str, end: &str| task("A/b", begin, end, 1).key();
    let asked = [
        range("2020-01-01", "2020-01-03"),
        range("2020-01-01T12:00", "2020-01-02T12:00"),
        range("2020-01-01", "2020-01-04"),
        range("2020-01-01", "2020-01-05"),
        task("A/b", "2020-01-01", "2020-01-02", 2).key(),
        day(4).key(),
    ];
    let wanted = [true, true, false, false, false, true];
    assert_eq!(broker.marked(&asked).unwrap(), wanted);
    assert_eq!(
        queued(broker, &[task("A/b", "2020-01-01", "2020-01-03", 1)]),
        0
    );
    broker.unmark(&day(1).key()).unwrap();
    assert!(!broker.is_marked(&day(1).key()).unwrap());
    // A mark ends by itself.
    broker
        .mark(&day(1).key(), Duration::from_millis(30))
        .unwrap();
    until("the mark ends", || {
        !broker.is_marked(&day(1).key()).unwrap()
    });
    assert_eq!(queued(broker, &[day(1)]), 1);
    // Other categories have marks too.
    let mut info = day(1);
    info.work = Work::HapiInfo {
        id: "A/b".to_owned(),
        parameters: "x".to_owned(),
    };
    assert!(!broker.is_marked(&info.key()).unwrap());
    broker.mark(&info.key(), long).unwrap();
    assert!(broker.is_marked(&info.key()).unwrap());
}

pub fn the_same_worker_asks_again(keeper: &Keeper) {
    // Its answer got lost: what it holds unknowingly is not lost.
    let broker = &mut *keeper.broker(patient());
    assert_eq!(queued(broker, &[day(1), day(2)]), 2);
    let worker = WorkerId::new(0);
    let lost = broker.take(&worker, NOW).unwrap().unwrap();
    let lease = broker.take(&worker, NOW).unwrap().unwrap();
    assert_eq!(
        (lease.task.key(), lease.attempt),
        (lost.task.key(), lost.attempt)
    );
    broker.finish(&lease, &done("")).unwrap();
    assert_eq!(keys(broker, Which::Todo), [day(2).key()]);
}
