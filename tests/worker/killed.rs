//! Workers killed at random moments.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use das2_server::cache::build::sweep;
use das2_server::queue::Which;

use crate::site::{Site, Worker, day};

const DAYS: std::ops::Range<u32> = 20..24;

/// So many kills, unless DAS2_TEST_KILLS says how many.
const KILLS: u32 = 20;

/// The longest that a round may take: four tasks, each killed a few times. On a busy
/// machine so many times what it takes undisturbed.
const ROUND: Duration = Duration::from_secs(120);
const TIMES: u32 = 60;

fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

pub fn killed_at_random_moments(site: Site) {
    let kills = std::env::var("DAS2_TEST_KILLS").ok();
    let kills = kills.map_or(KILLS, |text| text.parse().unwrap());
    // A task that killed its workers would be parked.
    site.configure("TASK_LEASE = 1\nTASK_ATTEMPTS = 100000\nWORKER_TASKS = 2");
    let begin = Instant::now();
    let undisturbed = built_undisturbed(&site);
    // Some workers have to live as long as a task takes, whatever the machine.
    let pause = begin.elapsed().as_millis() as u64;
    let mut killed = 0;
    while killed < kills {
        killed += round(&site, kills - killed, pause, &undisturbed);
    }
    let again = site.read("worker.log");
    let again =
        again.matches("begun, attempt ").count() - again.matches("begun, attempt 1 ").count();
    println!("{killed} workers killed, {again} tasks begun again");
    assert!(again > 0, "no worker was killed at a task");
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn built_undisturbed(site: &Site) -> Files {
    queue_all(site);
    assert!(site.worker(&["--once"]).end().success());
    let files = site.files();
    assert_eq!(files.len(), 4 * 25);
    files
}

fn queue_all(site: &Site) {
    let tasks: Vec<_> = DAYS.map(|number| day("S", number)).collect();
    site.queue(&tasks);
}

/// An empty cache is filled by two workers, one of which is killed every now
/// and then, after a pause of so many milliseconds at most; how many were.
fn round(site: &Site, most: u32, pause: u64, undisturbed: &Files) -> u32 {
    std::fs::remove_dir_all(site.path("cache")).unwrap();
    std::fs::create_dir(site.path("cache")).unwrap();
    let mut broker = site.broker();
    broker.purge(Which::Finished).unwrap();
    queue_all(site);
    let start = || Some(site.worker(&[]));
    let mut workers: [Option<Worker>; 2] = [start(), start()];
    let mut killed = 0;
    let longest = ROUND.max(Duration::from_millis(pause) * TIMES);
    let begin = Instant::now();
    let mut moment = begin;
    while broker.list(Which::Finished).unwrap().len() < DAYS.len() {
        assert!(begin.elapsed() < longest, "{}", site.read("worker.log"));
        if killed == most || Instant::now() < moment {
            std::thread::yield_now();
            continue;
        }
        moment = Instant::now() + Duration::from_millis(20 + random(pause));
        let worker = &mut workers[random(2) as usize];
        if let Some(worker) = worker.take() {
            worker.kill();
            killed += 1;
        }
        *worker = start();
    }
    drop(workers);
    let done: Vec<_> = site.ended(Which::Finished);
    assert!(done.iter().all(|(_, code)| *code == 0), "{done:?}");
    for which in [Which::Todo, Which::Failed] {
        assert_eq!(site.list(which).len(), 0);
    }
    swept(site);
    assert_eq!(site.missing("S", "2020-02-20", "2020-02-24"), 0);
    assert!(
        site.files() == *undisturbed,
        "other blocks than undisturbed"
    );
    killed
}

/// What killed workers left goes when its folder is built in again. Where one was so slow
/// that another had done its task before it was killed, nothing is: `das2_srv_cache prune`
/// sweeps there.
fn swept(site: &Site) {
    let unfinished = || {
        let files = site.files().into_iter().map(|(path, _)| path);
        let of_writers = |path: &PathBuf| path.to_str().unwrap().ends_with(".tmp");
        files.filter(of_writers).collect::<Vec<_>>()
    };
    for path in unfinished() {
        sweep(path.parent().unwrap());
    }
    assert_eq!(unfinished(), [""; 0].map(PathBuf::from));
}
