//! What programs give: output, complaints, exit statuses.

use super::*;

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
fn before_each_wait_what_there_is_can_be_sent_on() {
    // It goes on only when it has been waited for.
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let text = format!("echo a; until [ -e {} ]; do sleep 0.01; done", go.display());
    let mut running = start(&[&format!("{text}; echo b; true")], Limits::default());
    let (mut waits, mut reads, mut buffer) = (0, 0, [0; 100]);
    loop {
        let count = running
            .read(&mut buffer, &mut || {
                waits += 1;
                fs::write(&go, "")
            })
            .unwrap();
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

#[test]
fn a_reader_may_clean_up_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let cleaned = folder.path().join("cleaned");
    let command = format!("exec >&-; sleep 0.05; touch {}", cleaned.display());
    let patient = Limits {
        linger: PATIENCE,
        ..Limits::default()
    };
    let mut running = start(&[&format!("{command}; true")], patient);
    assert!(read_all(&mut running).unwrap().is_empty());
    let outcome = running.finish();
    assert!(outcome.is_success() && !outcome.lingered);
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
