//! A site with sources, a queue, and workers that end with the test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use das2_server::cache::{LevelFolder, missing_or_stale};
use das2_server::config::Config;
use das2_server::queue::{
    Broker, Entry, LevelChoice, Requester, Stage, Task, Which, Work, connect,
};
use das2_server::source::{Definition, Tree};
use das2_server::time::{Style, Time, parse_query};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::keeper::{RedisServer, until};

/// Two levels: 24 blocks and one for a day.
const LEVELS: &str = "cacheLevel_01 = 'intrinsic | hourly'\ncacheLevel_02 = '60 s | daily'\n";

/// The header, then the hours from $1 to before $2, slowly.
const SLOWLY: &str = r#"cat header
for hour in $(ls hours | awk -v b="$1" -v e="$2" '$0 "" >= b "" && $0 "" < e ""'); do
    cat "hours/$hour"; sleep 0.01
done"#;

/// As above, but waits for a file first, and tells its number.
const HELD: &str = r#"echo $$ > ../reader.pid
while [ ! -e ../go ]; do sleep 0.01; done
exec "$(dirname "$0")/S_reader" "$@""#;

pub struct Site {
    folder: tempfile::TempDir,
    pub redis: Option<RedisServer>,
}

impl Site {
    pub fn with_redis() -> Option<Site> {
        Some(Site::new(Some(RedisServer::start(&[])?)))
    }

    pub fn with_redis_at(options: &[&str]) -> Option<Site> {
        Some(Site::new(Some(RedisServer::start(options)?)))
    }

    pub fn embedded() -> Site {
        Site::new(None)
    }

    /// Four days of data, a record every 40 s.
    fn new(redis: Option<RedisServer>) -> Site {
        let site = Site {
            folder: tempfile::tempdir().unwrap(),
            redis,
        };
        for name in ["sets", "bin", "data/hours", "cache", "etc", "state", "log"] {
            fs::create_dir_all(site.path(name)).unwrap();
        }
        site.write("data/header", &header());
        for hour in 0..4 * 24 {
            let begin = time("2020-02-20").plus_seconds(hour * 3600).unwrap();
            let name = begin.iso(Style::Calendar, 0).to_string();
            site.write(&format!("data/hours/{}", &name[..16]), &records(begin));
        }
        site.source("S", SLOWLY);
        site.source("Held", HELD);
        site.source("Bad", "echo 'the disk is gone' >&2; exit 7");
        site.configure("");
        site
    }

    /// The configuration, with these lines more. Without TASK_LEASE among them no lease
    /// lapses because the machine is busy.
    pub fn configure(&self, more: &str) {
        let lease = match more.contains("TASK_LEASE") {
            true => "",
            false => "TASK_LEASE = 10\n",
        };
        let queue = match &self.redis {
            Some(redis) => format!(
                "redis\nWORK_QUEUE_CONN = \"unix://{}\"",
                redis.socket().display()
            ),
            None => "embedded".to_owned(),
        };
        self.write(
            "etc/das2server.conf",
            &format!(
                "DSDF_ROOT = sets\nCACHE_ROOT = cache\nBIN_PATH = bin\nSTATE_PATH = state\n\
                 LOG_PATH = log\nWORK_QUEUE_BROKER = {queue}\n{lease}{more}\n"
            ),
        );
    }

    pub fn source(&self, name: &str, script: &str) {
        let text = format!(
            "description = 'Test'\nreader = '{name}_reader'\ndas2Stream = 1\n\
             validRange = '2020-02-20 to 2020-02-24'\n{LEVELS}"
        );
        self.write(&format!("sets/{name}.dsdf"), &text);
        let reader = self.path(&format!("bin/{name}_reader"));
        let data = self.path("data");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {}\ncd {}\n{script}\n",
            self.path("runs").display(),
            data.display()
        );
        let text = self.path(&format!("{name}_reader.sh"));
        fs::write(&text, script).unwrap();
        fs::set_permissions(&text, PermissionsExt::from_mode(0o755)).unwrap();
        // By another process: what is open for writing here cannot be run meanwhile.
        let copied = std::process::Command::new("cp")
            .arg("-p")
            .args([&text, &reader])
            .status();
        assert!(copied.unwrap().success());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn config(&self) -> Config {
        Config::load(&self.path("etc/das2server.conf")).unwrap()
    }

    pub fn definition(&self, name: &str) -> Definition {
        let config = self.config();
        let tree = Tree::new(config.dsdf_root.as_ref().unwrap());
        tree.load(name, &|_| None, &config).unwrap()
    }

    pub fn broker(&self) -> Box<dyn Broker> {
        connect(&self.config()).unwrap()
    }

    pub fn queue(&self, tasks: &[Task]) {
        self.broker().insist(tasks).unwrap();
    }

    pub fn list(&self, which: Which) -> Vec<Entry> {
        let all = self.broker().list(which).unwrap();
        all.into_iter().map(|one| one.entry.unwrap()).collect()
    }

    /// Status and code of ended tasks, the newest first.
    pub fn ended(&self, which: Which) -> Vec<(String, i32)> {
        let all = self.list(which).into_iter();
        all.map(|entry| match entry.stage {
            Stage::Ended { status, code, .. } => (status, code),
            other => panic!("{other:?}"),
        })
        .collect()
    }

    /// Every file below the cache, with its bytes, but for the time of each
    /// block's making.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        gather(&self.path("cache"), &mut files);
        files.sort();
        files
    }

    /// What nobody has built of these days.
    pub fn missing(&self, name: &str, begin: &str, end: &str) -> usize {
        let (definition, config) = (self.definition(name), self.config());
        let levels = definition.cache_levels.iter();
        let missing = levels.map(|level| {
            let (begin, end) = (time(begin), time(end));
            missing_or_stale(&definition, &config, level, begin, end, Time::now()).len()
        });
        missing.sum()
    }

    /// The blocks that exist of a source's level.
    pub fn blocks(&self, name: &str, number: u32) -> usize {
        let (definition, config) = (self.definition(name), self.config());
        let level = definition.cache_levels.iter().find(|l| l.number == number);
        let root = config.cache_root.unwrap();
        LevelFolder::new(&root, &definition.name, level.unwrap())
            .all()
            .len()
    }

    pub fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_das2_srv_arbiter"));
        let log = self.path("worker.log");
        let log = fs::OpenOptions::new().create(true).append(true).open(log);
        command
            .args([
                "--config".as_ref(),
                self.path("etc/das2server.conf").as_os_str(),
            ])
            .args(options)
            .stderr(log.unwrap());
        command
    }

    pub fn worker(&self, options: &[&str]) -> Worker {
        Worker(self.command(options).spawn().unwrap())
    }

    pub fn logged(&self, text: &str) -> bool {
        self.read("worker.log").contains(text)
    }

    /// The number of the held source's reader, once it runs.
    pub fn reader(&self) -> i32 {
        let mut number = None;
        until("the reader runs", || {
            number = self.read("reader.pid").trim().parse().ok();
            number.is_some()
        });
        number.unwrap()
    }

    pub fn reader_is_gone(&self) {
        let pid = Pid::from_raw(self.reader()).unwrap();
        until("the reader is gone", || {
            test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
        });
    }

    pub fn nothing_unfinished(&self) {
        for (path, _) in self.files() {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(name.ends_with(".d2s") && !name.starts_with('.'), "{name}");
        }
    }
}

pub struct Worker(pub Child);

impl Worker {
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.0.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// How it ended, which it does soon.
    pub fn end(mut self) -> ExitStatus {
        let mut status = None;
        until("the worker ends", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All blocks of a source for a day of February 2020.
pub fn day(name: &str, day: u32) -> Task {
    let (begin, end) = (format!("2020-02-{day}"), format!("2020-02-{}", day + 1));
    let work = Work::cache(name, &begin, &end, LevelChoice::All).unwrap();
    Requester::tool("test").task(work)
}

pub fn time(text: &str) -> Time {
    parse_query(text, None).unwrap()
}

fn gather(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => gather(&path, files),
            // An unfinished one may go at any time.
            false => files.extend(fs::read(&path).ok().map(|bytes| (path, masked(bytes)))),
        }
    }
}

fn masked(mut bytes: Vec<u8>) -> Vec<u8> {
    let made = b"cacheMade=\"";
    let at = bytes.windows(made.len()).position(|part| part == made);
    if let Some(at) = at {
        let value = bytes[at + made.len()..].iter_mut();
        value
            .take_while(|byte| **byte != b'"')
            .for_each(|byte| *byte = b'-');
    }
    bytes
}

/// A stream header and a packet header.
fn header() -> String {
    let stream = "<stream version=\"2.2\">\n<properties String:title=\"T\" />\n</stream>\n";
    let packet = "<packet>\n  <x type=\"time24\" units=\"us2000\"></x>\n  <y type=\"ascii10\" name=\"amp\" units=\"V\"></y>\n</packet>\n";
    format!(
        "[00]{:06}{stream}[01]{:06}{packet}",
        stream.len(),
        packet.len()
    )
}

/// An hour of records.
fn records(begin: Time) -> String {
    let record = |n: i64| {
        let time = begin.plus_seconds(n * 40).unwrap();
        let value = (time.us2000() / 1e6) % 1009.0;
        format!(":01:{} {value:9.3e}\n", time.iso(Style::Calendar, 3))
    };
    (0..90).map(record).collect()
}
