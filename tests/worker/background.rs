//! Workers in the background, and under a service manager.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use das2_server::queue::Which;
use rustix::process::{Pid, Signal, getpriority_process, kill_process, test_kill_process};

use crate::keeper::until;
use crate::site::{Site, day};

fn pid(site: &Site) -> Pid {
    Pid::from_raw(site.read("pid").trim().parse().unwrap()).unwrap()
}

#[test]
fn one_in_the_background() {
    let site = Site::embedded();
    let file = site.path("pid");
    let options = ["-D", file.to_str().unwrap()];
    // Of a worker that is gone.
    site.write("pid", "999999999\n");
    // It comes back when it works, and holds nothing of who started it.
    let output = site.command(&options).output().unwrap();
    assert!(output.status.success(), "{}", site.read("worker.log"));
    let pid = pid(&site);
    let own = getpriority_process(None).unwrap();
    assert_eq!(getpriority_process(Some(pid)).unwrap(), (own + 5).min(19));
    let folder = std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_pid()));
    assert_eq!(folder.unwrap().to_str(), Some("/"));

    let second = site.command(&options).status().unwrap();
    assert_eq!(second.code(), Some(1));
    let told = format!("which runs; end it with kill {}", pid.as_raw_pid());
    assert!(site.logged(&told), "{}", site.read("worker.log"));
    assert!(file.exists());

    site.queue(&[day("S", 20)]);
    until("it works", || site.list(Which::Finished).len() == 1);
    kill_process(pid, Signal::TERM).unwrap();
    until("it ends", || {
        test_kill_process(pid) == Err(rustix::io::Errno::SRCH) || is_zombie(pid)
    });
    assert!(!file.exists());
    let logs = std::fs::read_dir(site.path("log")).unwrap();
    let logs: Vec<_> = logs.map(|log| log.unwrap().path()).collect();
    let [log] = logs.as_slice() else {
        panic!("{logs:?}");
    };
    let name = log.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("das2.arbiter_"), "{name}");
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.contains("25 of 25 cache blocks"), "{text}");
}

/// Nobody may be there to wait for it.
fn is_zombie(pid: Pid) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
    text.is_ok_and(|text| text.contains(") Z "))
}

#[test]
fn what_keeps_it_from_starting() {
    let site = Site::embedded();
    let missing = site.path("missing/pid");
    let options = ["-D", missing.to_str().unwrap()];
    assert_eq!(site.command(&options).status().unwrap().code(), Some(1));
    assert!(site.logged("missing/pid cannot be written"));
    site.write("etc/das2server.conf", "WORK_QUEUE_BROKER = none\n");
    assert_eq!(site.command(&["--once"]).status().unwrap().code(), Some(1));
    assert!(site.logged("WORK_QUEUE_BROKER is none"));
    let help = site.command(&["--version"]).output().unwrap();
    assert!(help.stdout.starts_with(b"das2_srv_arbiter "));
}

#[test]
fn what_a_service_manager_hears() {
    let site = Site::embedded();
    let path = site.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut command = site.command(&[]);
    command.env("NOTIFY_SOCKET", &path);
    command.env("WATCHDOG_USEC", "300000");
    let worker = crate::site::Worker(command.spawn().unwrap());
    let heard = || {
        let mut text = [0; 200];
        let length = socket.recv(&mut text).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    assert_eq!(heard(), "READY=1");
    let mut signs = 0;
    while signs < 3 {
        signs += u32::from(heard() == "WATCHDOG=1");
    }
    worker.signal(Signal::TERM);
    while heard() != "STOPPING=1" {}
    assert!(worker.end().success());
}
