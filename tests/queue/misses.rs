//! What requests leave, by way of both keepers.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use das2_server::config::{self, Config};
use das2_server::log::RequestLog;
use das2_server::queue::spool::Spool;
use das2_server::queue::{QueueError, Task, WAITING_BOUND, Which, WorkerId, connect, submit_miss};

use crate::keeper::{RedisServer, until};
use crate::promises::{day, task};

fn embedded(state: Option<&Path>) -> Config {
    Config {
        work_queue_broker: config::Broker::Embedded,
        state_path: state.map(Path::to_owned),
        ..Config::default()
    }
}

fn miss(config: &Config, tasks: &[Task]) {
    let mut log = RequestLog::begin(None, "127.0.0.1");
    submit_miss(config, tasks, &mut log);
    log.discard();
}

fn spooled(state: &Path) -> usize {
    std::fs::read_dir(state.join("queue/spool")).map_or(0, Iterator::count)
}

#[test]
fn two_hundred_requests_leave_one_task() {
    let state = tempfile::tempdir().unwrap();
    let mut configs = vec![embedded(Some(state.path()))];
    let server = RedisServer::start(&[]);
    configs.extend(server.as_ref().map(|server| Config {
        work_queue_connection: server.connection(),
        ..Config::default()
    }));
    for config in &configs {
        std::thread::scope(|scope| {
            for _ in 0..200 {
                scope.spawn(|| miss(config, &[day(1), day(2)]));
            }
        });
        // On a busy machine the time limit may have been too short for all of
        // them: that is what it is for.
        let mut broker = connect(config).unwrap();
        let mut waiting = Vec::new();
        until("a request is heard", || {
            miss(config, &[day(1), day(2)]);
            waiting = broker.list(Which::Todo).unwrap();
            !waiting.is_empty()
        });
        assert_eq!(waiting.len(), 2, "{waiting:?}");
    }
    assert_eq!(spooled(state.path()), 0);
}

#[test]
fn a_miss_reaches_a_waiting_worker() {
    let state = tempfile::tempdir().unwrap();
    let config = embedded(Some(state.path()));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut broker = connect(&config).unwrap();
            broker
                .take(&WorkerId::new(0), Duration::from_secs(60))
                .unwrap()
        });
        miss(&config, &[day(1)]);
        let lease = waiting.join().unwrap().unwrap();
        assert_eq!(lease.task.key(), day(1).key());
        // While it runs, the same miss adds nothing.
        miss(&config, &[day(1)]);
        let mut broker = connect(&config).unwrap();
        assert_eq!(broker.list(Which::Todo).unwrap(), []);
        assert_eq!(spooled(state.path()), 0);
    });
}

#[test]
fn the_order_is_that_of_the_requests() {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::under(state.path());
    let mut tasks: Vec<Task> = (1..=9).map(day).collect();
    for (n, task) in tasks.iter_mut().enumerate() {
        task.submitted = format!("2026-11-24T16:04:0{n}.000");
    }
    spool.leave(&tasks).unwrap();
    let mut broker = connect(&embedded(Some(state.path()))).unwrap();
    let waiting = broker.list(Which::Todo).unwrap();
    let found: Vec<Task> = waiting
        .into_iter()
        .rev()
        .map(|one| one.entry.unwrap().task)
        .collect();
    assert_eq!(found, tasks);
}

#[test]
fn the_spool_has_a_bound() {
    let state = tempfile::tempdir().unwrap();
    let spool = Spool::under(state.path());
    let many: Vec<Task> = (0..WAITING_BOUND)
        .map(|n| task(&format!("d{n}"), "2020-01-01", "2020-01-02", 1))
        .collect();
    assert_eq!(spool.leave(&many).unwrap().queued, WAITING_BOUND);
    let error = spool.leave(&[day(1)]).unwrap_err();
    assert!(matches!(error, QueueError::Full { .. }), "{error}");
    assert_eq!(spooled(state.path()), WAITING_BOUND);
}

#[test]
fn strange_things_in_the_spool_do_no_harm() {
    let state = tempfile::tempdir().unwrap();
    Spool::under(state.path()).leave(&[day(1)]).unwrap();
    let folder = state.path().join("queue/spool");
    let secret = state.path().join("secret");
    let text = format!("{}\n", day(2));
    std::fs::write(&secret, &text).unwrap();
    std::os::unix::fs::symlink(&secret, folder.join("link")).unwrap();
    std::fs::create_dir(folder.join("folder")).unwrap();
    std::fs::write(folder.join("nonsense"), "nonsense\n").unwrap();
    std::fs::write(folder.join("half"), text.trim_end()).unwrap();
    std::fs::write(folder.join("long"), "x".repeat(1 << 20)).unwrap();
    std::fs::write(folder.join("binary"), b"\xff\n").unwrap();
    let mut broker = connect(&embedded(Some(state.path()))).unwrap();
    let waiting = broker.list(Which::Todo).unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(!folder.join("nonsense").exists());
    // Its writer may still be at it.
    assert!(folder.join("half").exists());
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), text);
}

/// The web server's account could put a link in the place of what it may write, and
/// the worker, or root with das2_srv_todo, would follow it to what only they may.
#[test]
fn links_below_the_state_folder_are_not_followed() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().unwrap();
    let theirs = elsewhere.path().join("theirs");
    std::fs::write(&theirs, "").unwrap();
    std::fs::set_permissions(&theirs, PermissionsExt::from_mode(0o600)).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = std::fs::File::options().write(true).open(&theirs).unwrap();
    file.set_modified(long_ago).unwrap();
    let refused = |state: &Path, what: &str| {
        let error = connect(&embedded(Some(state))).err();
        let error = error.expect("it was opened").to_string();
        assert!(error.contains(what), "{error}");
        let data = std::fs::metadata(&theirs).unwrap();
        assert_eq!((data.len(), data.permissions().mode() & 0o777), (0, 0o600));
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    };
    let fresh = || {
        let state = tempfile::tempdir().unwrap();
        std::fs::set_permissions(state.path(), PermissionsExt::from_mode(0o2770)).unwrap();
        state
    };
    let links = "links below STATE_PATH are not followed";
    let state = fresh();
    symlink(elsewhere.path(), state.path().join("queue")).unwrap();
    refused(state.path(), links);
    let left = Spool::under(state.path()).leave(&[day(1)]);
    assert!(left.unwrap_err().to_string().contains(links));

    let state = fresh();
    std::fs::create_dir(state.path().join("queue")).unwrap();
    symlink(elsewhere.path(), state.path().join("queue/spool")).unwrap();
    refused(state.path(), links);

    let state = fresh();
    Spool::under(state.path()).leave(&[day(1)]).unwrap();
    symlink(&theirs, state.path().join("queue/queue.sqlite")).unwrap();
    refused(state.path(), "queue.sqlite in it is no plain file");
    std::fs::remove_file(state.path().join("queue/queue.sqlite")).unwrap();
    std::fs::hard_link(&theirs, state.path().join("queue/queue.sqlite")).unwrap();
    refused(state.path(), "queue.sqlite in it is no plain file");

    // With the queue open, too.
    std::fs::remove_file(state.path().join("queue/queue.sqlite")).unwrap();
    let mut broker = connect(&embedded(Some(state.path()))).unwrap();
    std::fs::rename(
        state.path().join("queue/spool"),
        state.path().join("queue/away"),
    )
    .unwrap();
    symlink(elsewhere.path(), state.path().join("queue/spool")).unwrap();
    assert!(broker.list(Which::Todo).unwrap().is_empty());
    assert!(theirs.exists());

    // STATE_PATH itself may be a link.
    let link = elsewhere.path().join("state");
    symlink(state.path(), &link).unwrap();
    std::fs::remove_file(state.path().join("queue/spool")).unwrap();
    let mut broker = connect(&embedded(Some(&link))).unwrap();
    Spool::under(&link).leave(&[day(1)]).unwrap();
    assert_eq!(broker.list(Which::Todo).unwrap().len(), 1);
}

#[test]
fn both_accounts_of_the_folder_can_use_it() {
    let state = tempfile::tempdir().unwrap();
    let mode = |path: &str| {
        let data = std::fs::metadata(state.path().join(path)).unwrap();
        data.permissions().mode() & 0o7777
    };
    std::fs::set_permissions(state.path(), PermissionsExt::from_mode(0o2775)).unwrap();
    Spool::under(state.path()).leave(&[day(1)]).unwrap();
    let mut broker = connect(&embedded(Some(state.path()))).unwrap();
    broker.submit(&[day(2)]).unwrap();
    assert_eq!((mode("queue"), mode("queue/spool")), (0o2775, 0o2775));
    assert_eq!(mode("queue/queue.sqlite") & 0o664, 0o664);
    assert_eq!(mode("queue/queue.sqlite-wal") & 0o664, 0o664);
}

#[test]
fn what_root_makes_belongs_to_the_worker() {
    let state = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(state.path(), Some(4711), Some(4712)).is_err() {
        println!("skipped: only root can try this");
        return;
    }
    // A web server under another account than the folder's makes no folders.
    let left = Spool::under(state.path()).leave(&[day(1)]);
    assert!(left.unwrap_err().to_string().contains("first worker"));
    let mut broker = connect(&embedded(Some(state.path()))).unwrap();
    broker.submit(&[day(2)]).unwrap();
    Spool::under(state.path()).leave(&[day(1)]).unwrap();
    for file in [
        "queue",
        "queue/spool",
        "queue/queue.sqlite",
        "queue/queue.sqlite-wal",
    ] {
        let data = std::fs::metadata(state.path().join(file)).unwrap();
        assert_eq!((data.uid(), data.gid()), (4711, 4712), "{file}");
    }
    assert_eq!(broker.list(Which::Todo).unwrap().len(), 2);
}

#[test]
fn without_a_state_path_the_embedded_queue_is_off() {
    let config = embedded(None);
    let error = connect(&config).err().unwrap();
    assert!(error.to_string().contains("STATE_PATH is not set"));
    miss(&config, &[day(1)]);
    // Nor does a folder that is not there stop a request.
    let state = tempfile::tempdir().unwrap();
    let gone = state.path().join("gone");
    miss(&embedded(Some(&gone)), &[day(1)]);
    assert!(connect(&embedded(Some(&gone))).is_err());
}

#[test]
fn the_cgi_programs_have_no_sqlite_in_them() {
    for (program, wanted) in [
        (env!("CARGO_BIN_EXE_das2_srvcgi_main"), false),
        (env!("CARGO_BIN_EXE_das2_srvcgi_logrdr"), false),
        (env!("CARGO_BIN_EXE_das2_srv_todo"), true),
    ] {
        let bytes = std::fs::read(program).unwrap();
        // Texts of SQLite's own code; names of functions are in debug
        // information, whether they are linked or not.
        let found = ["SQLite format 3", "database disk image is malformed"]
            .iter()
            .any(|text| holds(&bytes, text.as_bytes()));
        assert_eq!(found, wanted, "{program}");
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
