//! A disk without room.

use std::path::{Path, PathBuf};
use std::process::Command;

use das2_server::queue::Which;

use crate::keeper::until;
use crate::site::{Site, day};

/// A small file system in the place of the cache, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this account may not mount.
    fn at(place: &Path) -> Option<SmallDisk> {
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
        let mounted = mount.arg(place).output();
        match mounted.is_ok_and(|output| output.status.success()) {
            true => Some(SmallDisk(place.to_owned())),
            false => {
                println!("skipped: only root can make a small disk");
                None
            }
        }
    }
}

impl SmallDisk {
    fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-o", &options]).arg(&self.0).output();
        assert!(mounted.unwrap().status.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

pub fn a_full_disk_counts_as_no_attempt(site: Site) {
    let Some(_disk) = SmallDisk::at(&site.path("cache")) else {
        return;
    };
    // Room for some blocks of the day.
    site.write("cache/filler", &"x".repeat((1 << 20) - (64 << 10)));
    site.configure("TASK_ATTEMPTS = 1");
    site.queue(&[day("S", 20)]);
    assert_eq!(site.worker(&["--once"]).end().code(), Some(3));
    assert_eq!(site.list(Which::Todo).len(), 1);
    assert!(site.logged("put back: the cache cannot be written: "));
    let worker = site.worker(&[]);
    let waits = || {
        let working = site.list(Which::Working);
        working.iter().any(|entry| {
            let text = format!("{:?}", entry.stage);
            text.contains("Waits for room: the cache cannot be written: ")
        })
    };
    until("the list says why", waits);
    until("it is told", || site.logged("tries again in 1 s"));
    std::fs::remove_file(site.path("cache/filler")).unwrap();
    until("it is done", || site.list(Which::Finished).len() == 1);
    assert_eq!(site.ended(Which::Finished)[0].1, 0);
    assert_eq!(site.missing("S", "2020-02-20", "2020-02-21"), 0);
    assert!(!site.logged("attempt 2"));
    assert_eq!(site.list(Which::Failed).len(), 0);
    site.nothing_unfinished();
    drop(worker);
}

pub fn a_read_only_disk_counts_as_no_attempt(site: Site) {
    let Some(disk) = SmallDisk::at(&site.path("cache")) else {
        return;
    };
    site.configure("TASK_ATTEMPTS = 1");
    disk.remount("ro");
    site.queue(&[day("S", 20)]);
    assert_eq!(site.worker(&["--once"]).end().code(), Some(3));
    assert_eq!(site.list(Which::Todo).len(), 1);
    assert!(site.logged("put back: the cache cannot be written: "));
    disk.remount("rw");
    assert!(site.worker(&["--once"]).end().success());
    assert_eq!(site.missing("S", "2020-02-20", "2020-02-21"), 0);
    assert_eq!(site.list(Which::Failed).len(), 0);
}
