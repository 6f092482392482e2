//! Runs of real programs.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::*;

/// Far above what anything here takes, far below what a person waits.
const PATIENCE: Duration = Duration::from_secs(30);

fn environment() -> Environment {
    Environment::new([("PATH".into(), "/usr/bin:/bin".into())], None, None)
}

fn start(commands: &[&str], limits: Limits) -> Running {
    let programs: Vec<_> = commands
        .iter()
        .map(|text| Program::from_command(text).unwrap())
        .collect();
    Running::start(&programs, &environment(), limits).unwrap()
}

fn read_all(running: &mut Running) -> std::io::Result<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        match running.read(&mut buffer, &mut || Ok(()))? {
            0 => return Ok(all),
            count => all.extend(&buffer[..count]),
        }
    }
}

fn run(commands: &[&str]) -> (String, Outcome) {
    let mut running = start(commands, Limits::default());
    let output = read_all(&mut running).unwrap();
    (String::from_utf8(output).unwrap(), running.finish())
}

fn output_of(program: Program) -> String {
    let mut running = Running::start(&[program], &environment(), Limits::default()).unwrap();
    let output = read_all(&mut running).unwrap();
    let outcome = running.finish();
    assert!(
        outcome.is_success(),
        "{outcome}: {}",
        outcome.complaints.text()
    );
    String::from_utf8(output).unwrap()
}

/// Reads until the output so far is this.
fn await_output(running: &mut Running, expected: &str) {
    let mut got = Vec::new();
    let mut buffer = [0; 100];
    while got != expected.as_bytes() {
        let count = running.read(&mut buffer, &mut || Ok(())).unwrap();
        assert!(count > 0, "ended after {:?}", String::from_utf8_lossy(&got));
        got.extend(&buffer[..count]);
    }
}

/// Whether a process is there and not just waiting to be reaped.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.trim().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// The client that goes when it is told to.
struct FakeClient(Rc<Cell<bool>>);

impl Watch for FakeClient {
    fn client_gone(&mut self) -> bool {
        self.0.get()
    }
}

const NASTY: &[&str] = &[
    "$(touch INJECTED)",
    "`touch INJECTED`",
    "; touch INJECTED",
    "&& touch INJECTED",
    "| cat",
    "> INJECTED",
    "a b",
    "  two  spaces ",
    "",
    "*",
    "?",
    "[a-z]",
    "{a,b}",
    "~",
    "$HOME",
    "${das2_req_1}",
    "'",
    "\"",
    "\\",
    "\\n",
    "\n",
    "a\ntouch INJECTED\n",
    "#",
    "!x",
    "-n",
    "--",
    "%s",
    "<x",
    "(",
    ")",
    "&",
    "\t",
    "\u{1b}[2J",
    "é",
    "\u{2028}",
];

#[test]
fn words_of_a_client_arrive_unharmed_and_nothing_is_executed() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("args");
    fs::write(
        &script,
        "#!/bin/sh\nfor a in \"$@\"; do printf '<%s>' \"$a\"; done\n",
    )
    .unwrap();
    make_executable(&script);
    let expected: String = NASTY.iter().map(|word| format!("<{word}>")).collect();
    let name = script.display();
    for command in [
        format!("{name}"),
        format!("cd {} && {name}", folder.path().display()),
        format!("A=b '{name}'"),
        format!("cd {}; exec {name}", folder.path().display()),
    ] {
        let mut program = Program::from_command(&command).unwrap();
        for word in NASTY {
            program.arg(word).unwrap();
        }
        assert_eq!(output_of(program), expected, "{command}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "something was executed"
    );
}

#[test]
fn request_values_are_never_shell_text() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "cd {}; printf '<%s>' \"${{das2_req_1}}\" x\"${{das2_req_2}}\"y",
        folder.path().display()
    );
    for word in NASTY {
        let mut program = Program::from_command(&text).unwrap();
        program
            .request_value(word)
            .unwrap()
            .request_value(word)
            .unwrap()
            .arg(word)
            .unwrap();
        assert_eq!(output_of(program), format!("<{word}><x{word}y><{word}>"));
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "something was executed"
    );
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn programs_see_the_given_environment_only_and_empty_input() {
    let own = [
        ("PATH", "/usr/bin:/bin"),
        ("HTTP_AUTHORIZATION", "Basic eDp5"),
        ("TZ", "UTC"),
    ];
    let own = own.map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::new(own, Some("/opt/x"), Some("/opt/lib"));
    let mut running =
        Running::start(&[Program::direct("env")], &environment, Limits::default()).unwrap();
    let seen = String::from_utf8(read_all(&mut running).unwrap()).unwrap();
    let mut lines: Vec<_> = seen.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "LD_LIBRARY_PATH=/opt/lib",
            "PATH=/opt/x:/usr/bin:/bin",
            "TZ=UTC"
        ]
    );
    assert_eq!(run(&["cat"]).0, "");
}

#[test]
fn scripts_without_an_interpreter_line_run() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "echo ran \"$1\"\n").unwrap();
    make_executable(&script);
    let mut program = Program::direct(&script);
    program.arg("a  b").unwrap();
    assert_eq!(output_of(program), "ran a  b\n");
}

#[test]
fn what_cannot_be_started_is_told() {
    let start =
        |programs: &[Program]| Running::start(programs, &environment(), Limits::default()).err();
    assert!(matches!(start(&[]), Some(ExecError::Empty)));
    let missing = [Program::direct("cat"), Program::direct("no-such-program")];
    let error = start(&missing).unwrap();
    assert!(matches!(&error, ExecError::NotFound(name) if name == "no-such-program"));
    assert!(!error.for_client().contains("no-such"));
    let mut long = Program::direct("echo");
    long.arg("x".repeat(5 << 20)).unwrap();
    assert!(matches!(start(&[long]), Some(ExecError::TooLong(_))));
}

#[test]
fn every_stage_of_a_pipeline_counts() {
    use Status::*;
    for (commands, output, statuses) in [
        (vec!["echo a"], "a\n", vec![Success]),
        (vec!["echo a", "cat", "tr a b"], "b\n", vec![Success; 3]),
        (
            vec!["echo a; exit 3; echo", "cat"],
            "a\n",
            vec![Failed(3), Success],
        ),
        (
            vec!["echo a", "cat; exit 4; echo"],
            "a\n",
            vec![Success, Failed(4)],
        ),
        (
            vec!["kill -9 $$; echo", "cat"],
            "",
            vec![Signal(9), Success],
        ),
        (vec!["yes", "head -n 1"], "y\n", vec![PipeClosed, Success]),
        (
            vec!["/bin/sh -c 'yes; exit $?'", "head -n 1"],
            "y\n",
            vec![PipeClosed, Success],
        ),
        (
            vec!["no-such-program; exit 127; echo"],
            "",
            vec![Failed(127)],
        ),
    ] {
        let (text, outcome) = run(&commands);
        assert_eq!(text, output, "{commands:?}");
        let seen: Vec<_> = outcome.stages.iter().map(|end| end.status).collect();
        assert_eq!(seen, statuses, "{commands:?}: {outcome}");
        let good = statuses
            .iter()
            .all(|status| matches!(status, Success | PipeClosed));
        assert_eq!(outcome.is_success(), good, "{commands:?}");
    }
}

#[test]
fn stages_are_one_group_apart_from_this_process() {
    let show = "cat; ps -o pgid= -p $$ #";
    let (text, _) = run(&[show, show, show]);
    let mut groups: Vec<_> = text.split_whitespace().collect();
    assert_eq!(groups.len(), 3, "{text}");
    groups.dedup();
    assert_eq!(groups.len(), 1, "{text}");
    let own = rustix::process::getpgrp().as_raw_nonzero().to_string();
    assert_ne!(groups, [own]);
}

#[test]
fn a_flood_of_complaints_neither_blocks_nor_fills_memory() {
    let (text, outcome) = run(&["head -c 100000000 /dev/zero | tr '\\0' x >&2; echo done; true"]);
    assert_eq!(text, "done\n");
    assert!(outcome.is_success());
    assert_eq!(outcome.complaints.dropped(), 100_000_000 - (64 << 10));
    assert!(outcome.complaints.text().len() < 66 << 10);
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
fn before_each_wait_what_there_is_can_be_sent_on() {
    let mut running = start(
        &["echo a; cat /dev/zero | head -c 0; echo b; true"],
        Limits::default(),
    );
    let (mut waits, mut reads, mut buffer) = (0, 0, [0; 100]);
    loop {
        let before = waits;
        let count = running
            .read(&mut buffer, &mut || {
                waits += 1;
                Ok(())
            })
            .unwrap();
        assert!(waits <= before + 1, "once a wait");
        if count == 0 {
            break;
        }
        reads += 1;
    }
    assert!(reads >= 1 && waits >= 1);
    let mut running = start(&["sleep 1000"], Limits::default());
    let error = running.read(&mut buffer, &mut || {
        Err(std::io::ErrorKind::BrokenPipe.into())
    });
    assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
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
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "{pids:?} are still there"
        );
    }
}

#[test]
fn a_silent_reader_and_its_children_go_with_their_client() {
    for stubborn in [false, true] {
        let (mut running, pids) = silent_family(stubborn, Limits::default());
        let gone = Rc::new(Cell::new(false));
        running.watch(Box::new(FakeClient(gone.clone())));
        let since = Cell::new(Instant::now());
        let error = running.read(&mut [0; 10], &mut || {
            gone.set(true);
            since.set(Instant::now());
            Ok(())
        });
        assert_eq!(Stop::of(&error.unwrap_err()), Some(Stop::ClientGone));
        assert!(
            since.get().elapsed() < Duration::from_secs(2),
            "{:?}",
            since.get().elapsed()
        );
        assert_gone(&pids);
        let outcome = running.finish();
        assert_eq!(outcome.stop, Some(Stop::ClientGone));
        assert_eq!(outcome.stages[0].status, Status::Killed);
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
        let mut theirs = Some(theirs);
        let since = Instant::now();
        let error = running.read(&mut [0; 10], &mut || {
            theirs.take();
            Ok(())
        });
        assert_eq!(Stop::of(&error.unwrap_err()), Some(Stop::ClientGone));
        assert!(since.elapsed() < Duration::from_secs(2));
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
fn a_dropped_run_leaves_nothing() {
    let (running, pids) = silent_family(false, Limits::default());
    let since = Instant::now();
    drop(running);
    assert!(
        since.elapsed() < Duration::from_millis(900),
        "no waiting for those who obey"
    );
    assert_gone(&pids);
}

#[test]
fn a_reader_may_clean_up_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let cleaned = folder.path().join("cleaned");
    let command = format!("exec >&-; sleep 0.05; touch {}", cleaned.display());
    let (text, outcome) = run(&[&format!("{command}; true")]);
    assert!(text.is_empty() && outcome.is_success() && !outcome.lingered);
    assert!(cleaned.exists());

    let limits = Limits {
        linger: Duration::from_millis(60),
        ..Limits::default()
    };
    let mut running = start(&["echo a; exec >&-; sleep 1000; true"], limits);
    assert_eq!(read_all(&mut running).unwrap(), b"a\n");
    let outcome = running.finish();
    assert!(outcome.lingered && outcome.is_success(), "{outcome}");
    assert_eq!(outcome.stages[0].status, Status::Killed);
}

#[test]
fn output_held_open_by_a_child_is_waited_for() {
    let (text, outcome) = run(&["(sleep 0.05; echo late) & echo early; true"]);
    assert_eq!(text, "early\nlate\n");
    assert!(outcome.is_success());
}

#[test]
fn a_server_that_has_enough_is_no_failure_of_the_reader() {
    let mut running = start(&["yes"], Limits::default());
    await_output(&mut running, &"y\n".repeat(50));
    let outcome = running.finish();
    assert!(outcome.is_success(), "{outcome}");
    assert_eq!(outcome.stages[0].status, Status::PipeClosed);
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
    println!("\nstill here");
}

#[test]
fn a_server_told_to_end_ends_its_readers_first() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    let mut server = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "exec::tests::role_of_a_cgi_program",
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
    assert!(since.elapsed() < Duration::from_secs(2));
    assert!(rest.contains(&"ended".to_string()), "{rest:?}");
    assert!(!rest.contains(&"still here".to_string()), "{rest:?}");
    assert_gone(&pids);
    assert_eq!(server.wait().unwrap().signal(), Some(15));
}
