//! Workers of two hosts that share a queue and a cache.

use std::process::Command;

use das2_server::queue::Which;

use crate::keeper::until;
use crate::site::{Site, Worker, day};

/// A worker on a host of this name; None where that needs rights that this
/// account lacks.
fn on_host(site: &Site, name: &str) -> Option<Worker> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--uts", "sh", "-c"]);
        command
    };
    let allowed = unshare().arg("hostname das2-test").output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        println!("skipped: a host name of its own needs root and unshare");
        return None;
    }
    let worker = site.command(&[]);
    let log = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(site.path("worker.log"));
    let mut command = unshare();
    command
        .arg(format!("hostname {name} && exec \"$@\""))
        .arg("sh")
        .arg(worker.get_program())
        .args(worker.get_args())
        .stderr(log.unwrap());
    Some(Worker(command.spawn().unwrap()))
}

#[test]
fn the_task_of_a_dead_host_is_taken_over() {
    let Some(site) = Site::with_redis() else {
        return;
    };
    site.queue(&[day("Held", 20)]);
    let Some(one) = on_host(&site, "one") else {
        return;
    };
    site.reader();
    let workers = |site: &Site| -> Vec<String> {
        let all = site.broker().list(Which::Working).unwrap();
        all.into_iter().filter_map(|listed| listed.worker).collect()
    };
    assert!(
        workers(&site)[0].starts_with("one_"),
        "{:?}",
        workers(&site)
    );
    let _two = on_host(&site, "two").unwrap();
    one.kill();
    until("the other takes over", || {
        workers(&site)
            .first()
            .is_some_and(|name| name.starts_with("two_"))
    });
    site.write("go", "");
    until("it is done", || site.list(Which::Finished).len() == 1);
    assert_eq!(site.missing("Held", "2020-02-20", "2020-02-21"), 0);
    site.nothing_unfinished();
}
