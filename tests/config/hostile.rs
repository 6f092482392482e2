//! Trees that are made to trouble who looks at them.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::site::{Site, conf};

/// Waits for a check that must not hang.
fn ended(mut child: Child) -> Option<i32> {
    let begin = Instant::now();
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return status.code(),
            None if begin.elapsed() > Duration::from_secs(60) => {
                child.kill().unwrap();
                child.wait().unwrap();
                return None;
            }
            None => std::thread::yield_now(),
        }
    }
}

fn check(site: &Site) -> Option<i32> {
    let mut command = site.command(&["check"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    ended(command.spawn().unwrap())
}

fn fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[test]
fn pipes_folders_sockets_and_loops_in_the_tree() {
    let site = Site::new();
    fifo(&site.path("datasets/Pipe.dsdf"));
    symlink("/dev/zero", site.path("datasets/Zero.dsdf")).unwrap();
    symlink("/dev/tty", site.path("datasets/Terminal.dsdf")).unwrap();
    std::fs::create_dir(site.path("datasets/Folder.dsdf")).unwrap();
    fifo(&site.path("datasets/Folder.dsdf/_dirinfo_.dsdf"));
    symlink("Self.dsdf", site.path("datasets/Self.dsdf")).unwrap();
    symlink(".", site.path("datasets/Here")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(site.path("datasets/S.dsdf")).unwrap();
    std::fs::create_dir_all(site.path("datasets/A/B")).unwrap();
    symlink("../../A", site.path("datasets/A/B/C")).unwrap();
    let strange = std::ffi::OsStr::from_bytes(b"N\xFF.dsdf");
    std::fs::write(site.path("datasets").join(strange), "a = b").unwrap();
    std::fs::write(site.path("datasets").join("New\nline.dsdf"), "a = b").unwrap();
    std::fs::write(site.path("datasets").join("\u{1b}[2J.dsdf"), "a = b").unwrap();
    assert_eq!(check(&site), Some(1));
    let (lines, _) = site.check(&[]);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("ROOT/") && !line.contains('\u{1b}')),
        "{lines:#?}"
    );
    for name in ["Pipe.dsdf", "Zero.dsdf", "S.dsdf"] {
        let told = format!(
            "ROOT/datasets/{name}:1: error: this is no file, but a pipe, a socket or a device; remove it, or give it a name without .dsdf"
        );
        assert!(lines.contains(&told), "{lines:#?}");
    }
}

#[test]
fn files_that_are_huge_deep_or_no_text() {
    let site = Site::new();
    let root = |name: &str, bytes: &[u8]| site.write(&format!("datasets/{name}.dsdf"), bytes);
    root("Huge", &vec![b'a'; (1 << 20) + 1]);
    root("Lines", "x\n".repeat(500_000).as_bytes());
    root("Equal", "a = 'b'\n".repeat(100_000).as_bytes());
    root(
        "Keys",
        (0..40_000)
            .map(|n| format!("k{n} = {n}\n"))
            .collect::<String>()
            .as_bytes(),
    );
    root("Quotes", &vec![b'\''; 1 << 20]);
    root("Joined", "a = 'b' +$\n".repeat(90_000).as_bytes());
    root("Nul", &vec![0; 1 << 20]);
    root(
        "Bytes",
        &(0..1 << 20)
            .map(|n: u32| n.wrapping_mul(2_654_435_761) as u8)
            .collect::<Vec<_>>(),
    );
    root(
        "Twice",
        (0..60)
            .map(|n| format!("a{n} = '$(a{0})$(a{0})'\n", n + 1))
            .collect::<String>()
            .as_bytes(),
    );
    root(
        "Nested",
        format!("a = '{}'\n", "$(".repeat(200_000)).as_bytes(),
    );
    root(
        "Bars",
        format!(
            "cacheLevel_00 = '{}'\nparam_00 = '{0}'\nexampleRange = '{0}'\n",
            "|".repeat(300_000)
        )
        .as_bytes(),
    );
    root(
        "Words",
        format!(
            "param_00 = 'token | a'\nexampleRange = '2020 to 2021'\nexampleParams = '{}'\n",
            "tokem ".repeat(150_000)
        )
        .as_bytes(),
    );
    root(
        "Command",
        format!("reader = '{}'\n", "a; ".repeat(300_000)).as_bytes(),
    );
    root(
        "Params",
        (0..30_000)
            .map(|n| format!("param_{n} = 'p{n} | x'\n"))
            .collect::<String>()
            .as_bytes(),
    );
    root(
        "Levels",
        (0..30_000)
            .map(|n| format!("cacheLevel_{n} = '{} s | daily'\n", n + 1))
            .collect::<String>()
            .as_bytes(),
    );
    assert_eq!(check(&site), Some(1));
    let (lines, _) = site.check(&[]);
    assert!(lines.iter().all(|line| line.len() < 9_000));
    assert!(lines.contains(&"ROOT/datasets/Huge.dsdf:1: error: larger than 1 MiB, so no DSDF; make it a DSDF that the web server's account can read".to_owned()), "{lines:#?}");
}

#[test]
fn configurations_that_are_huge_or_no_text() {
    let site = Site::new();
    for (name, bytes) in [
        ("huge", vec![b'#'; (1 << 20) + 1]),
        ("lines", b"x\n".repeat(500_000)),
        (
            "keys",
            (0..40_000)
                .map(|n| format!("SITE_NAM{n} = {n}\n"))
                .collect::<String>()
                .into_bytes(),
        ),
        ("nul", vec![0; 1 << 20]),
        ("latin", b"SITE_NAME = \xE4\n".to_vec()),
    ] {
        site.write("etc/das2server.conf", &bytes);
        assert!(matches!(check(&site), Some(0 | 1)), "{name}");
        site.write("etc/das2server.toml", &bytes);
        assert_eq!(check(&site), Some(1), "{name}");
        std::fs::remove_file(site.path("etc/das2server.toml")).unwrap();
    }
    std::fs::remove_file(site.path("etc/das2server.conf")).unwrap();
    std::fs::create_dir(site.path("etc/das2server.conf")).unwrap();
    assert_eq!(check(&site), Some(1));
    site.write("etc/das2server.toml", conf(""));
    assert_eq!(check(&site), Some(1));
    assert!(site.root().exists());
}
