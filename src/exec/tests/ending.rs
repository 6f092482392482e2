//! What ends runs before their own end.

use std::cell::Cell;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::*;

/// Whether a process is there and not just waiting to be reaped.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.trim().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// Tries until one attempt takes less than this: a busy machine delays any one, but not
/// each of them.
fn takes_less_than(limit: Duration, mut attempt: impl FnMut() -> Duration) {
    let started = Instant::now();
    loop {
        let took = attempt();
        if took < limit {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{took:?}, not {limit:?}");
    }
}

/// The client that goes when it is told to.
struct FakeClient(Arc<AtomicBool>);

impl Watch for FakeClient {
    fn client_gone(&mut self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Starts a reader that says its own and a child's process id, and is silent.
/// Both ignore SIGTERM if asked to.
fn silent_family(stubborn: bool, limits: Limits) -> (Running, Vec<String>) {
    let trap = if stubborn { "trap '' TERM;" } else { "" };
    let command = format!("{trap} sleep 1000 & echo $$ $! ready; wait; sleep 1000; true");
    let mut running = start(&[&command], limits);
    let mut text = String::new();
    while !text.ends_with("ready \n") && !text.ends_with("ready\n") {
        let mut buffer = [0; 100];
        let count = running.read(&mut buffer, &mut || Ok(())).unwrap();
        assert!(count > 0);
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    let pids: Vec<_> = text.split_whitespace().take(2).map(String::from).collect();
    assert!(pids.iter().all(|pid| is_alive(pid)), "{text}");
    (running, pids)
}

fn assert_gone(pids: &[String]) {
    let started = Instant::now();
    while pids.iter().any(|pid| is_alive(pid)) {
        // The kernel takes a moment to end a process that it has told to.
        assert!(started.elapsed() < PATIENCE, "{pids:?} are still there");
    }
}

#[test]
fn a_silent_reader_and_its_children_go_with_their_client() {
    let goes = |stubborn| {
        let (mut running, pids) = silent_family(stubborn, Limits::default());
        let gone = Arc::new(AtomicBool::new(false));
        running.watch(Box::new(FakeClient(gone.clone())));
        let since = Cell::new(Instant::now());
        let error = running.read(&mut [0; 10], &mut || {
            if !gone.swap(true, Ordering::SeqCst) {
                since.set(Instant::now());
            }
            Ok(())
        });
        let took = since.get().elapsed();
        assert_eq!(Stop::of(&error.unwrap_err()), Some(Stop::ClientGone));
        assert_gone(&pids);
        let outcome = running.finish();
        assert_eq!(outcome.stop, Some(Stop::ClientGone));
        assert_eq!(outcome.stages[0].status, Status::Killed);
        took
    };
    for stubborn in [false, true] {
        takes_less_than(Duration::from_secs(2), || goes(stubborn));
    }
}

#[test]
fn a_closed_pipe_to_the_client_is_seen_at_once() {
    struct Output(rustix::fd::OwnedFd);
    impl Watch for Output {
        fn client_gone(&mut self) -> bool {
            false
        }
        fn output(&self) -> Option<rustix::fd::BorrowedFd<'_>> {
            use rustix::fd::AsFd;
            Some(self.0.as_fd())
        }
    }
    let (mine, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    for (theirs, mine) in [
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap(),
        (theirs.into(), mine.into()),
    ] {
        let (mut running, pids) = silent_family(false, Limits::default());
        running.watch(Box::new(Output(mine)));
        let (mut theirs, mut waits) = (Some(theirs), 0);
        let error = running.read(&mut [0; 10], &mut || {
            theirs.take();
            waits += 1;
            Ok(())
        });
        assert_eq!(Stop::of(&error.unwrap_err()), Some(Stop::ClientGone));
        assert_eq!(waits, 1, "at the next look for the client only");
        assert_gone(&pids);
    }
}

#[test]
fn limits_end_the_whole_group() {
    let limit = Duration::from_millis(60);
    for stubborn in [false, true] {
        for (limits, stop) in [
            (
                Limits {
                    time: Some(limit),
                    ..Limits::default()
                },
                Stop::Time(limit),
            ),
            (
                Limits {
                    silence: Some(limit),
                    ..Limits::default()
                },
                Stop::Silence(limit),
            ),
        ] {
            let mut running = start(&["sleep 1000"], limits);
            let error = read_all(&mut running).unwrap_err();
            assert_eq!(Stop::of(&error), Some(stop));
            let again = running.read(&mut [0; 10], &mut || Ok(())).unwrap_err();
            assert_eq!(Stop::of(&again), Some(stop), "the same again");

            let (mut running, pids) = silent_family(
                stubborn,
                Limits {
                    linger: limit,
                    ..Limits::default()
                },
            );
            running.kill();
            assert_gone(&pids);
            assert_eq!(running.finish().stages[0].status, Status::Killed);
        }
    }
}

#[test]
fn a_reader_that_never_stops_writing_meets_the_time_limit() {
    let limit = Duration::from_millis(60);
    let mut running = start(
        &["yes"],
        Limits {
            time: Some(limit),
            ..Limits::default()
        },
    );
    let mut buffer = vec![0; 1 << 20];
    let started = Instant::now();
    let error = loop {
        assert!(started.elapsed() < PATIENCE);
        match running.read(&mut buffer, &mut || Ok(())) {
            Ok(count) => assert!(count > 0),
            Err(error) => break error,
        }
    };
    assert_eq!(Stop::of(&error), Some(Stop::Time(limit)));
}

#[test]
fn endless_complaints_meet_the_limits() {
    let limits = Limits {
        silence: Some(Duration::from_millis(50)),
        ..Limits::default()
    };
    let mut running = start(&["yes >&2; true"], limits);
    let error = read_all(&mut running).unwrap_err();
    assert_eq!(
        Stop::of(&error),
        Some(Stop::Silence(Duration::from_millis(50)))
    );
}

#[test]
fn a_dropped_run_leaves_nothing() {
    // No waiting for those who obey.
    takes_less_than(Duration::from_millis(700), || {
        let (running, pids) = silent_family(false, Limits::default());
        let since = Instant::now();
        drop(running);
        let took = since.elapsed();
        assert_gone(&pids);
        took
    });
}

/// What a CGI program does, in a process of its own for the test below.
#[test]
#[ignore = "the test of signals runs it as a program"]
fn role_of_a_cgi_program() {
    end_readers_on_signals().unwrap();
    let (mut running, pids) = silent_family(true, Limits::default());
    println!("\nreaders {} {}", pids[0], pids[1]);
    let error = running.read(&mut [0; 10], &mut || Ok(())).unwrap_err();
    assert_eq!(Stop::of(&error), Some(Stop::Terminated));
    let (_theirs, mine) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
    let error = ClientPipe::new(mine)
        .unwrap()
        .write_all(&vec![0; 8 << 20])
        .unwrap_err();
    assert_eq!(Stop::of(&error), Some(Stop::Terminated));
    drop(running);
    println!("\nended");
    // Without a reader, a signal does what it always does.
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)
        .unwrap();
    // It may come to another thread of the test's own program.
    std::thread::park_timeout(PATIENCE);
}

#[test]
fn a_server_told_to_end_ends_its_readers_first() {
    takes_less_than(Duration::from_secs(2), a_server_is_told_to_end);
}

fn a_server_is_told_to_end() -> Duration {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    let mut server = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "exec::tests::ending::role_of_a_cgi_program",
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let readers = lines.find(|line| line.starts_with("readers ")).unwrap();
    let pids: Vec<_> = readers.split(' ').skip(1).map(String::from).collect();
    assert!(pids.iter().all(|pid| is_alive(pid)));
    let pid = rustix::process::Pid::from_raw(server.id().cast_signed()).unwrap();
    let since = Instant::now();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let rest: Vec<_> = lines.collect();
    let took = since.elapsed();
    assert!(rest.contains(&"ended".to_string()), "{rest:?}");
    assert_gone(&pids);
    assert_eq!(server.wait().unwrap().signal(), Some(15));
    took
}
