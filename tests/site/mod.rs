//! A site in a folder of its own: configuration, sources, readers. Requests go
//! through the real executable under the environment that a web server makes.
#![allow(dead_code)] // each test program uses its part

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use tempfile::TempDir;

#[path = "../answer/mod.rs"]
mod answer;

pub use answer::Answer;

/// A range that all sources of tests have data for.
pub const RANGE: &str = "start_time=2017-01-01&end_time=2017-01-02";

/// Nothing of a test takes longer.
const LONGEST: Duration = Duration::from_secs(60);

/// A site.
pub struct Site {
    folder: TempDir,
}

impl Site {
    /// One with a source `args`, whose reader shows its arguments, and a source
    /// `data`, which has three records. `more` is added to the configuration.
    pub fn new(more: &str) -> Site {
        let site = Site {
            folder: tempfile::tempdir().unwrap(),
        };
        for folder in ["bin", "dsdf", "log", "static", "cache"] {
            fs::create_dir(site.path(folder)).unwrap();
        }
        let root = site.folder.path().display();
        site.write(
            "das2server.conf",
            format!(
                "SITE_NAME = \"Test Site\"\nDSDF_ROOT = {root}/dsdf\nBIN_PATH = {root}/bin\n\
                 RESOURCE_PATH = {root}/static\nLOG_PATH = {root}/log\nCACHE_ROOT = {root}/cache\n{more}\n"
            ),
        );
        // Each argument is a comment, in which nothing is lost.
        site.reader("args", "printf '[00]000017<stream></stream>'\nfor word in \"$@\"; do printf '<%s>' \"$word\"; done\n");
        site.dsdf(
            "args",
            "description = 'Arguments'\nreader = 'args'\ndas2Stream = 1\nreducer = not_reducible\n",
        );
        site.reader("data", &format!("printf '{}'\n", stream(3)));
        site.dsdf(
            "data",
            "description = 'Three records'\nreader = 'data'\ndas2Stream = 1\n",
        );
        site
    }

    /// A path below the site's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A source.
    pub fn dsdf(&self, name: &str, text: &str) {
        self.write(&format!("dsdf/{name}.dsdf"), text);
    }

    /// A program of the site, as text for a shell.
    pub fn reader(&self, name: &str, script: &str) {
        let (text, file) = (
            self.path(&format!("{name}.sh")),
            self.path("bin").join(name),
        );
        fs::write(&text, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // Copied by another process: while this one has a file open for
        // writing, so has whatever another thread is starting, and nobody can
        // run it.
        let copied = Command::new("cp").arg("-p").arg(&text).arg(file).status();
        assert!(copied.unwrap().success());
    }

    /// A source whose reader is this script, and its keywords otherwise.
    pub fn source(&self, name: &str, script: &str, keywords: &str) {
        self.reader(name, script);
        self.dsdf(
            name,
            &format!("reader = '{name}'\ndas2Stream = 1\n{keywords}\n"),
        );
    }

    /// The program, with nothing asked yet.
    pub fn ask(&self) -> Ask {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srvcgi_main"));
        let variables = [
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("REQUEST_METHOD", "GET"),
            ("SERVER_NAME", "das.example.org"),
            ("SERVER_PORT", "80"),
            ("SCRIPT_NAME", "/das/server"),
            ("REMOTE_ADDR", "192.0.2.7"),
            ("PATH", "/usr/bin:/bin"),
        ];
        command.env_clear().envs(variables);
        command.env("DAS2_SERVER_CONF", self.path("das2server.conf"));
        Ask(command)
    }

    /// The program that shows the logs, asked by a person's browser.
    pub fn ask_log(&self) -> Ask {
        let Ask(asked) = self.ask();
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srvcgi_logrdr"));
        let variables = asked.get_envs();
        command.env_clear();
        command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        command.env("SCRIPT_NAME", "/das/log");
        command.env("HTTP_HOST", "das.example.org");
        command.env("HTTP_USER_AGENT", "Mozilla/5.0 Firefox/120.0");
        Ask(command)
    }

    /// The answer to a query, as a das2 client.
    pub fn get(&self, query: &str) -> Answer {
        self.ask().query(query).answer()
    }

    /// The answer to a path with its query, as a das2 client.
    pub fn get_path(&self, path: &str, query: &str) -> Answer {
        self.ask().variable("PATH_INFO", path).query(query).answer()
    }

    /// The answer to a query, as a person's browser.
    pub fn browse(&self, query: &str) -> Answer {
        self.ask()
            .variable("HTTP_USER_AGENT", "Mozilla/5.0 Firefox/120.0")
            .query(query)
            .answer()
    }

    /// The arguments of the reader of `args` for a query after its name and
    /// range.
    pub fn args(&self, more: &str) -> Vec<String> {
        let answer = self.get(&format!("server=dataset&dataset=args&{RANGE}{more}"));
        assert_eq!(answer.status(), 200, "{answer:?}");
        let text = answer.text();
        let words = text.strip_prefix("[00]000017<stream></stream>").unwrap();
        let words = words
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'))
            .unwrap();
        words.split("><").map(str::to_owned).collect()
    }

    /// All lines of the request logs.
    pub fn log(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(self.path("log")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
        text
    }
}

/// A request that is being made up.
pub struct Ask(Command);

impl Ask {
    pub fn variable(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Ask {
        self.0.env(name, value);
        self
    }

    /// With user and password, as `user:password`.
    pub fn user(self, text: impl AsRef<[u8]>) -> Ask {
        let value = format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(text)
        );
        self.variable("HTTP_AUTHORIZATION", value)
    }

    pub fn query(self, query: &str) -> Ask {
        self.variable("QUERY_STRING", query)
    }

    /// The program and all that it starts may map so many KiB each. To be
    /// called last.
    pub fn within_memory(self, most: u64) -> Ask {
        self.by_shell(&format!("ulimit -v {most} && exec \"$0\""))
    }

    /// Started by a shell script that knows the program as `$0`. To be called
    /// last.
    pub fn by_shell(self, script: &str) -> Ask {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command.arg(self.0.get_program()).env_clear();
        let variables = self.0.get_envs();
        command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        Ask(command)
    }

    /// Posts a form.
    pub fn post(mut self, form: &str) -> Answer {
        self.0.env("REQUEST_METHOD", "POST");
        self.0.env("CONTENT_LENGTH", form.len().to_string());
        self.0
            .env("CONTENT_TYPE", "application/x-www-form-urlencoded");
        self.0.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = self.0.spawn().unwrap();
        // A program that refuses may not read it.
        let _ = child.stdin.take().unwrap().write_all(form.as_bytes());
        Answer::of(child.wait_with_output().unwrap().stdout)
    }

    /// Runs the program to its end.
    pub fn answer(self) -> Answer {
        Answer::of(self.output().stdout)
    }

    /// As [`Ask::answer`], with what was written to standard error.
    pub fn output(mut self) -> Output {
        let output = self.0.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", output.status);
        assert!(!said.contains("panicked"), "{said}");
        output
    }

    /// Starts the program, its output a pipe.
    pub fn start(mut self) -> Child {
        self.0
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        self.0.spawn().unwrap()
    }
}

/// A das2 stream of so many records, one a minute, each with its number. It
/// holds nothing that a shell's printf would read.
pub fn stream(records: usize) -> String {
    let packet = "<packet><x type=\"time20\" units=\"us2000\"></x><y type=\"ascii6\" group=\"n\" units=\"\"></y></packet>";
    let mut text = format!(
        "[00]000031<stream version=\"2.2\"></stream>[01]{:06}{packet}",
        packet.len()
    );
    for record in 0..records {
        text.push_str(&format!(":01:2017-01-01T00:{record:02}:00 {record:5} "));
    }
    text
}

/// Waits until something holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < LONGEST, "in vain: {what}");
        std::thread::yield_now();
    }
}

/// Tries until one attempt takes less than `limit`: a busy machine delays any one, but
/// not each of them.
pub fn takes_less_than(limit: Duration, what: &str, mut attempt: impl FnMut() -> Duration) {
    let started = Instant::now();
    loop {
        let took = attempt();
        if took < limit {
            return;
        }
        assert!(
            started.elapsed() < LONGEST,
            "{what}: {took:?}, not {limit:?}"
        );
    }
}

/// Whether a process is there, and no mere entry in the process table.
pub fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit(") ")
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}
