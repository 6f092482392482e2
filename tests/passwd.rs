//! das2_srv_passwd as a program, and Apache's htpasswd reading what it writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with a configuration that names the password file `passwd`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let conf = format!("USER_PASSWD = {}/passwd\n", folder.path().display());
        fs::write(folder.path().join("das2server.conf"), conf).unwrap();
        Folder(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("passwd")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    /// Runs the program with this at standard input.
    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut program = Command::new(env!("CARGO_BIN_EXE_das2_srv_passwd"))
            .args(arguments)
            .env("DAS2_SERVER_CONF", self.0.path().join("das2server.conf"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that reads nothing may have ended.
        let _ = program.stdin.take().unwrap().write_all(input.as_bytes());
        program.wait_with_output().unwrap()
    }

    fn code(&self, arguments: &[&str], input: &str) -> Option<i32> {
        self.run(arguments, input).status.code()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[test]
fn from_the_first_user_to_the_last() {
    let folder = Folder::new();
    let none = folder.run(&["me"], "secret\n");
    assert_eq!(none.status.code(), Some(1));
    assert!(said(&none).contains("-c makes it"), "{}", said(&none));
    assert!(!folder.file().exists());

    let made = folder.run(&["-c", "me"], "secret\n");
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    assert!(said(&made).contains("me is added"));
    let mode = fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
    assert!(folder.text().starts_with("me:$2y$10$"));

    // -c keeps what there is.
    assert_eq!(folder.code(&["-c", "-b", "you", "päss wörd"], ""), Some(0));
    assert_eq!(folder.text().lines().count(), 2);
    for (user, password, expected) in [
        ("me", "secret", 0),
        ("me", "Secret", 3),
        ("me", "", 3),
        ("you", "päss wörd", 0),
        ("nobody", "secret", 1),
    ] {
        let code = folder.code(&["--verify", user], &format!("{password}\n"));
        assert_eq!(code, Some(expected), "{user} {password}");
        let code = folder.code(&["--verify", "-b", user, password], "");
        assert_eq!(code, Some(expected), "{user} {password}");
    }
    let changed = folder.run(&["me"], "other\r\nmore\n");
    assert!(
        said(&changed).contains("new password"),
        "{}",
        said(&changed)
    );
    assert_eq!(folder.code(&["--verify", "me"], "other"), Some(0));
    assert_eq!(folder.code(&["--verify", "me"], "secret"), Some(3));

    assert_eq!(folder.code(&["-D", "me"], ""), Some(0));
    assert_eq!(folder.code(&["-D", "me"], ""), Some(1));
    assert_eq!(folder.text().lines().count(), 1);
}

#[test]
fn what_is_not_understood_stays() {
    let folder = Folder::new();
    let text = "# the old ones: careful\n\nnonsense\r\nold:IueKZ7Ol6Qt7k\nlocked:!\nsha:{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=";
    fs::write(folder.file(), text).unwrap();
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let added = folder.run(&["new"], "secret\n");
    assert!(added.status.success());
    assert!(
        said(&added).contains("passwords of old, sha"),
        "{}",
        said(&added)
    );
    assert!(folder.text().starts_with(&format!("{text}\nnew:$2y$10$")));
    assert_eq!(
        fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777,
        0o644
    );

    let list = folder.run(&["--list"], "");
    let rows = String::from_utf8(list.stdout.clone()).unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(rows[0], "old     DES, weak");
    assert!(rows[1].starts_with("locked  no hash"));
    assert_eq!(&rows[2..], ["sha     SHA-1, weak", "new     bcrypt"]);
    assert_eq!(folder.code(&["--verify", "old"], "test\n"), Some(0));

    assert_eq!(folder.code(&["old"], "test\n"), Some(0));
    assert_eq!(folder.code(&["-D", "new"], ""), Some(0));
    let kept: String = folder
        .text()
        .lines()
        .filter(|line| !line.starts_with("old:"))
        .collect();
    let expected: String = text
        .lines()
        .filter(|line| !line.starts_with("old:"))
        .collect();
    assert_eq!(kept, expected);
}

#[test]
fn what_cannot_be_leaves_the_file_alone() {
    let folder = Folder::new();
    fs::write(folder.file(), "me:x\n").unwrap();
    for (arguments, input, code) in [
        (&["a:b"][..], "secret\n", 1),
        (&["a\nb:c"], "secret\n", 1),
        (&[""], "secret\n", 1),
        (&["#a"], "secret\n", 1),
        (&["me"], "", 1),
        (&["me"], "\n", 1),
        (&["me"], "a\tb\n", 1),
        (&["me", "secret"], "", 2),
        (&["-b", "me"], "", 2),
        (&["-D", "-b", "me", "secret"], "", 2),
        (&["-c", "-D", "me"], "", 2),
        (&["--list", "me"], "", 2),
        (&[], "", 2),
        (&["--file", "/", "me"], "secret\n", 1),
        (&["--file", "/dev/null", "me"], "secret\n", 1),
        (&["--config", "/none", "me"], "secret\n", 1),
    ] {
        let output = folder.run(arguments, input);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?} {}",
            said(&output)
        );
        assert!(!said(&output).contains("secret\n"), "{}", said(&output));
    }
    let long = "x".repeat(73);
    assert_eq!(folder.code(&["me"], &long), Some(1));
    assert_eq!(folder.text(), "me:x\n");
}

#[test]
fn two_at_a_time_lose_nothing() {
    let folder = Folder::new();
    fs::write(folder.file(), "").unwrap();
    std::thread::scope(|scope| {
        for at in 0..12 {
            let folder = &folder;
            scope.spawn(move || {
                assert_eq!(
                    folder.code(&["-b", &format!("user{at}"), "secret"], ""),
                    Some(0)
                );
            });
        }
    });
    assert_eq!(folder.text().lines().count(), 12);
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 2);
}

#[test]
fn apache_reads_what_is_written() {
    let htpasswd = Path::new("/usr/bin/htpasswd");
    if !htpasswd.exists() {
        let _ = writeln!(std::io::stderr(), "skipped: no htpasswd");
        return;
    }
    let folder = Folder::new();
    assert_eq!(folder.code(&["-c", "-b", "me", "päss wörd"], ""), Some(0));
    let verify = |password: &str| {
        let mut command = Command::new(htpasswd);
        command.arg("-vb").arg(folder.file()).args(["me", password]);
        command.output().unwrap().status.success()
    };
    assert!(verify("päss wörd") && !verify("other"));
    // And the other way round.
    let mut command = Command::new(htpasswd);
    command
        .arg("-Bb")
        .arg(folder.file())
        .args(["you", "secret"]);
    assert!(command.output().unwrap().status.success());
    assert_eq!(
        folder.code(&["--verify", "-b", "you", "secret"], ""),
        Some(0)
    );
}

/// Runs a program at a terminal of its own, and types a line after each question
/// once the terminal shows nothing of what is typed. Prints what it showed.
const TYPIST: &str = r#"
import os, pty, sys, termios, time
program, lines = sys.argv[1:6], sys.argv[6:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(program[0], program)
shown = b''
def read():
    global shown
    try:
        more = os.read(terminal, 1024)
    except OSError:
        more = b''
    shown += more
    return more
for question, line in zip((b'New password of me: ', b'Once more: '), lines):
    while question not in shown and read():
        pass
    end = time.time() + 60
    while termios.tcgetattr(terminal)[3] & termios.ECHO and time.time() < end:
        time.sleep(0.005)
    os.write(terminal, line.encode() + b'\n')
while read():
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn a_terminal_does_not_show_it() {
    if Command::new("python3").arg("--version").output().is_err() {
        let _ = writeln!(std::io::stderr(), "skipped: no python3");
        return;
    }
    let folder = Folder::new();
    let typed = |lines: [&str; 2]| {
        let mut python = Command::new("python3");
        python.args(["-c", TYPIST, env!("CARGO_BIN_EXE_das2_srv_passwd")]);
        python.args(["-c", "--file"]).arg(folder.file()).arg("me");
        // The typist takes five words for the program.
        let output = python.args(lines).output().unwrap();
        (output.status.code(), said(&output))
    };
    let (code, shown) = typed(["secret", "secrex"]);
    assert!(
        shown.contains("differ") && !shown.contains("secre"),
        "{shown}"
    );
    assert_eq!(code, Some(1));
    assert!(!folder.file().exists());
    let (code, shown) = typed(["secret", "secret"]);
    assert!(
        shown.contains("is added") && !shown.contains("secret"),
        "{shown}"
    );
    assert_eq!(code, Some(0));
    assert_eq!(folder.code(&["--verify", "me"], "secret\n"), Some(0));
}
