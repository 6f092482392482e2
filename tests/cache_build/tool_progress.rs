//! das2_srv_cache at a terminal: long work shows how far it has come.

use std::fs;
use std::process::Command;

use crate::site::*;
use crate::tool::{command, days, tool};

/// Runs a program at a terminal of its own. Prints what the terminal was sent; what the
/// program writes past it goes to standard error.
const WATCHER: &str = r#"
import fcntl, os, pty, struct, subprocess, sys, termios
there, here = pty.openpty()
fcntl.ioctl(here, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
out = here if 'out' in sys.argv[1] else 2
err = here if 'err' in sys.argv[1] else 2
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
os.close(here)
while True:
    try:
        more = os.read(there, 65536)
    except OSError:
        break
    if not more:
        break
    sys.stdout.buffer.write(more)
sys.exit(child.wait())
"#;

struct Seen {
    status: i32,
    /// What the terminal was sent.
    sent: String,
    /// What went past it.
    past: String,
}

/// Its output, its errors or both go to a terminal: `out`, `err`, `out+err`.
fn watched(site: &Site, which: &str, words: &[&str]) -> Seen {
    let command = command(site, words);
    let mut python = Command::new("python3");
    python.args(["-c", WATCHER, which]);
    python.arg(command.get_program()).args(command.get_args());
    let output = python.env("TERM", "xterm").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Seen {
        status: output.status.code().unwrap(),
        sent: text(output.stdout),
        past: text(output.stderr),
    }
}

fn no_python() -> bool {
    let none = Command::new("python3").arg("--version").output().is_err();
    if none {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "skipped: no python3");
    }
    none
}

/// What a terminal shows in the end of what it was sent.
fn screen(sent: &str) -> String {
    let mut lines = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut chars = sent.chars();
    while let Some(c) = chars.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                assert_eq!(chars.next(), Some('['));
                let digits: String = chars.by_ref().take_while(|c| c.is_ascii_digit()).collect();
                // The letter behind the digits is taken, too: a line is cleared (K), or
                // the cursor goes up (A).
                match digits.as_str() {
                    "2" => lines[row].clear(),
                    other => panic!("unknown: {other} in {sent:?}"),
                }
            }
            c => {
                let line: &mut Vec<char> = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = c;
                column += 1;
            }
        }
        while lines.len() <= row {
            lines.push(Vec::new());
        }
    }
    let lines = lines.into_iter().map(String::from_iter);
    let text: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    text.join("\n")
}

#[test]
fn many_gaps_are_one_bar_and_one_summary() {
    if no_python() {
        return;
    }
    let site = Site::new("cacheLevel_01 = 'intrinsic | hourly'\n", HOURS);
    let range = ["2020-02-20", "2020-02-22"];
    site.build(&[1], range[0], range[1]);
    for block in site.blocks(1).iter().step_by(2) {
        fs::remove_file(site.folder_of(1).file_of(block)).unwrap();
    }
    let build = ["build", "S", range[0], range[1], "--now"];
    let seen = watched(&site, "out+err", &build);
    assert_eq!(seen.status, 0, "{}", seen.sent);
    let sent = &seen.sent;
    assert!(sent.contains(" 0/24 blocks"), "{sent:?}");
    assert!(sent.contains("2020-02-2"), "{sent:?}");
    assert!(!sent.contains("/1 blocks"), "{sent:?}");
    let screen = screen(sent);
    assert!(screen.starts_with("24 blocks built, "), "{screen}");
    assert!(screen.ends_with(", 0 failed, 24 reader runs\n"), "{screen}");
    assert_eq!(screen.lines().count(), 1, "{screen}");
}

#[test]
fn a_bar_on_standard_error_and_results_beside_it() {
    if no_python() {
        return;
    }
    let site = days();
    site.build(&[1, 2], "2020-02-20", "2020-02-26");
    for block in &site.blocks(1)[1..4] {
        fs::write(site.folder_of(1).file_of(block), "nonsense").unwrap();
    }
    let dry = ["prune", "--max-size", "0"];
    for (words, bar) in [
        (&["verify"][..], " 0/12 blocks"),
        (&["import", "S"], " 0/12 blocks"),
        (&dry, "0 blocks"),
    ] {
        let plain = tool(&site, words);
        assert_eq!(plain.error, "", "{words:?}");
        // No escape sequence where standard error is no terminal.
        let seen = watched(&site, "out", words);
        assert_eq!(seen.past, "", "{words:?}");
        assert_eq!(seen.sent, plain.text.replace('\n', "\r\n"), "{words:?}");
        let seen = watched(&site, "err", words);
        assert_eq!(seen.status, plain.status, "{words:?}");
        assert_eq!(seen.past, plain.text, "{words:?}");
        assert!(seen.sent.contains(bar), "{words:?} {:?}", seen.sent);
        assert_eq!(screen(&seen.sent), "", "{words:?} {:?}", seen.sent);
        let seen = watched(&site, "out+err", words);
        assert!(seen.sent.contains(bar), "{words:?} {:?}", seen.sent);
        assert_eq!(screen(&seen.sent), plain.text, "{words:?}");
    }
    let seen = watched(&site, "out+err", &["status", "--json"]);
    assert!(seen.sent.starts_with('{') && !seen.sent.contains('\u{1b}'));
    let seen = watched(&site, "out+err", &[&dry[..], &["--yes"]].concat());
    assert!(seen.sent.contains(" 0/12 blocks"), "{:?}", seen.sent);
    let screen = screen(&seen.sent);
    assert!(screen.starts_with("12 blocks, "), "{screen}");
    assert_eq!(screen.lines().count(), 1, "{screen}");
    assert!(site.files().is_empty());
}
