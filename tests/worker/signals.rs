//! Words to a worker while it works.

use das2_server::queue::{Stage, Which};
use rustix::process::Signal;

use crate::keeper::until;
use crate::site::{Site, Worker, day};

/// A worker that is at a task whose reader waits.
fn at_work(site: &Site, options: &[&str]) -> Worker {
    site.queue(&[day("Held", 20)]);
    let worker = site.worker(options);
    site.reader();
    worker
}

pub fn one_word_and_it_finishes_its_task(site: Site) {
    let worker = at_work(&site, &[]);
    site.queue(&[day("S", 21)]);
    worker.signal(Signal::TERM);
    until("it hears", || site.logged("Ending: no new tasks, 30 s"));
    // It goes on showing signs of life.
    site.write("go", "");
    assert_eq!(worker.end().code(), Some(0));
    assert_eq!(site.missing("Held", "2020-02-20", "2020-02-21"), 0);
    assert_eq!(site.ended(Which::Finished).len(), 1);
    let waiting = site.list(Which::Todo);
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].task.key(), day("S", 21).key());
}

pub fn two_words_and_it_puts_its_task_back(site: Site) {
    let worker = at_work(&site, &[]);
    worker.signal(Signal::INT);
    until("it hears", || site.logged("Ending"));
    worker.signal(Signal::TERM);
    put_back(&site, worker);
}

pub fn the_end_of_grace_puts_back(site: Site) {
    let worker = at_work(&site, &["--grace", "0.2"]);
    worker.signal(Signal::TERM);
    put_back(&site, worker);
}

fn put_back(site: &Site, worker: Worker) {
    assert_eq!(worker.end().code(), Some(0));
    site.reader_is_gone();
    let waiting = site.list(Which::Todo);
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].stage, Stage::Waiting);
    assert_eq!(site.list(Which::Working).len(), 0);
    site.nothing_unfinished();
}

pub fn a_cancelled_task_ends_its_reader(site: Site) {
    let worker = at_work(&site, &[]);
    site.broker().cancel(&day("Held", 20).key()).unwrap();
    site.reader_is_gone();
    site.queue(&[day("S", 21)]);
    until("it works on", || {
        let ended = site.ended(Which::Finished);
        ended
            .iter()
            .any(|(status, code)| status.contains("25 of 25") && *code == 0)
    });
    assert_eq!(site.list(Which::Todo).len(), 0);
    drop(worker);
}

pub fn new_settings_on_sighup(site: Site) {
    let worker = at_work(&site, &[]);
    site.configure("WORKER_TASKS = many");
    worker.signal(Signal::HUP);
    until("they are refused", || {
        site.logged("The settings stay as they were")
    });
    // As at the start. The log stays where it is.
    site.write("etc/das2server.conf", "WORK_QUEUE_BROKER = none\n");
    worker.signal(Signal::HUP);
    until("a queue that is none is refused", || {
        site.logged("The settings stay as they were: the work queue is off: WORK_QUEUE_BROKER")
    });
    site.configure("WORKER_TASKS = 2");
    worker.signal(Signal::HUP);
    until("they are taken", || {
        site.logged("New settings; 2 tasks at a time")
    });
    site.queue(&[day("S", 21)]);
    until("a second place works", || {
        site.list(Which::Finished).len() == 1
    });
    assert_eq!(site.list(Which::Working).len(), 1);
    site.write("go", "");
    worker.signal(Signal::TERM);
    assert!(worker.end().success());
    assert_eq!(site.list(Which::Finished).len(), 2);
}

pub fn a_killed_worker_leaves_no_silent_reader(site: Site) {
    site.configure("TASK_LEASE = 1");
    site.queue(&[day("Held", 20)]);
    let worker = site.worker(&[]);
    site.reader();
    worker.kill();
    site.reader_is_gone();
    // Another one has the task.
    site.write("go", "");
    let _another = site.worker(&[]);
    until("it is done", || site.list(Which::Finished).len() == 1);
    assert_eq!(site.ended(Which::Finished)[0].1, 0);
}
