//! Workers of two hosts that share a queue and a cache.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

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
    site.configure("TASK_LEASE = 1");
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

/// A network of its own, with a cable to this one.
struct Network {
    name: String,
    cable: String,
    /// This end's address.
    hub: String,
}

fn ip(words: &str) -> bool {
    let output = Command::new("ip").args(words.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

impl Network {
    /// None where that needs rights that this account lacks.
    fn new() -> Option<Network> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        let at = format!("10.{}.{}", 64 + pid / 62 % 128, 4 * (pid % 62) + number);
        let network = Network {
            name: format!("das2-test-{pid}-{number}"),
            cable: format!("d{}n{number}", pid % 10_000_000),
            hub: format!("{at}.1"),
        };
        let (name, cable) = (&network.name, &network.cable);
        let made = [
            format!("netns add {name}"),
            format!("link add {cable} type veth peer name eth0 netns {name}"),
            format!("addr add {at}.1/24 dev {cable}"),
            format!("link set {cable} up"),
            format!("-n {name} addr add {at}.2/24 dev eth0"),
            format!("-n {name} link set eth0 up"),
        ];
        if made.iter().all(|words| ip(words)) {
            return Some(network);
        }
        println!("skipped: a network of its own needs root and ip");
        None
    }

    /// A worker that knows the queue by its address here.
    fn worker(&self, site: &Site, port: u16) -> Worker {
        let conf = format!("etc/{}.conf", self.name);
        let text = site.read("etc/das2server.conf");
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("WORK_QUEUE_CONN"));
        let lines: Vec<&str> = lines.collect();
        let more = format!("WORK_QUEUE_CONN = {}:{port}:0\n", self.hub);
        site.write(&conf, &format!("{}\n{more}", lines.join("\n")));
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]);
        command.args(["unshare", "--uts", "sh", "-c"]);
        command.arg(format!("hostname {} && exec \"$0\" \"$@\"", self.name));
        command.arg(env!("CARGO_BIN_EXE_das2_srv_arbiter"));
        command.arg("--config").arg(site.path(&conf));
        let log = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(site.path(&format!("{}.log", self.name)));
        command.stderr(log.unwrap());
        Worker(command.spawn().unwrap())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        ip(&format!("link del {}", self.cable));
        ip(&format!("netns del {}", self.name));
    }
}

#[test]
fn a_host_that_is_cut_off_loses_its_task_and_comes_back() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let at = port.to_string();
    let options = ["--port", &at, "--bind", "0.0.0.0", "--protected-mode", "no"];
    let Some(site) = Site::with_redis_at(&options) else {
        return;
    };
    let (Some(one), Some(two)) = (Network::new(), Network::new()) else {
        return;
    };
    let holds = |network: &Network| {
        let all = site.broker().list(Which::Working).unwrap();
        let workers: Vec<String> = all.into_iter().filter_map(|listed| listed.worker).collect();
        let name = network.name.replace('-', "_");
        workers
            .iter()
            .any(|worker| worker.replace('-', "_").starts_with(&name))
    };
    site.configure("TASK_LEASE = 1");
    site.queue(&[day("Held", 20)]);
    let first = one.worker(&site, port);
    site.reader();
    assert!(holds(&one));
    let second = two.worker(&site, port);
    assert!(ip(&format!("link set {} down", one.cable)));
    until("the other network takes over", || holds(&two));
    // Both readers go on now, and both workers build: the blocks are the same.
    site.write("go", "");
    until("it is done", || site.list(Which::Finished).len() == 1);
    assert_eq!(site.missing("Held", "2020-02-20", "2020-02-21"), 0);
    second.kill();
    assert!(ip(&format!("link set {} up", one.cable)));
    site.queue(&[day("S", 21)]);
    until("the first one is back", || {
        site.list(Which::Finished).len() == 2
    });
    assert_eq!(site.missing("S", "2020-02-21", "2020-02-22"), 0);
    assert_eq!(site.list(Which::Failed).len(), 0);
    drop(first);
    site.nothing_unfinished();
}
