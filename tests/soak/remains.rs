//! What a site leaves behind: processes, files, sockets, descriptors, memory.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use das2_server::config::Config;
use das2_server::queue::{Which, connect};

use crate::site::Soaked;

/// So long programs may take to notice that their clients have gone, and the
/// worker to do what is queued.
const LONGEST: Duration = Duration::from_secs(60);

/// What a program may grow by after the first quarter, in KiB: less than one
/// leaked buffer.
const GROWTH: u64 = 4096;

/// A long-lived program, and its memory by the time.
struct Program {
    name: &'static str,
    pid: u32,
    /// KiB of its own.
    memory: Vec<u64>,
    /// Open at rest, before the first client.
    open: Vec<String>,
}

/// What there was before.
pub struct Watch {
    programs: Vec<Program>,
    files: BTreeSet<PathBuf>,
    most_processes: usize,
    most_sockets: usize,
    /// In all paths of the site and in the environment of its processes.
    mark: String,
    ports: Vec<u16>,
}

impl Watch {
    pub fn of(site: &Soaked) -> Watch {
        let program = |(name, pid)| Program {
            name,
            pid,
            memory: Vec::new(),
            open: open(pid),
        };
        Watch {
            programs: site.long_lived().into_iter().map(program).collect(),
            files: files(site.instance().beside()),
            most_processes: 0,
            most_sockets: 0,
            mark: site.instance().beside().display().to_string(),
            ports: site.doors.iter().map(|door| door.port()).collect(),
        }
    }

    /// Once in a while.
    pub fn look(&mut self) {
        for program in &mut self.programs {
            program.memory.push(memory(program.pid));
        }
        self.most_processes = self.most_processes.max(self.processes().len());
        self.most_sockets = self.most_sockets.max(self.sockets().len());
    }

    /// What does not go away by itself, one a line.
    pub fn what_is_left(&self, site: &Soaked) -> String {
        let start = Instant::now();
        loop {
            let left = self.left(site);
            if left.is_empty() || start.elapsed() > LONGEST {
                return left.join("\n");
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }

    fn left(&self, site: &Soaked) -> Vec<String> {
        let mut left = self.queued(site);
        left.extend(self.processes());
        left.extend(self.sockets());
        let now = files(site.instance().beside());
        let new = now.difference(&self.files);
        let new = new.filter(|path| !may_stay(path, &self.mark));
        left.extend(new.map(|path| format!("file {}", path.display())));
        for program in &self.programs {
            left.extend(program.opened());
        }
        left
    }

    /// Tasks that the worker has not done.
    fn queued(&self, site: &Soaked) -> Vec<String> {
        let conf = site.instance().prefix().join("etc/das2server.conf");
        let mut broker = connect(&Config::load(&conf).unwrap()).unwrap();
        let mut tasks = Vec::new();
        for which in [Which::Todo, Which::Working, Which::Failed] {
            let listed = broker.list(which).unwrap();
            tasks.extend(
                listed
                    .iter()
                    .map(|one| format!("task {which:?} {:?}", one.entry)),
            );
        }
        tasks
    }

    /// Processes of the site that are not meant to stay, those that have ended and
    /// that nobody has asked about too.
    fn processes(&self) -> Vec<String> {
        let mut kept: Vec<u32> = self.programs.iter().map(|program| program.pid).collect();
        kept.push(std::process::id());
        let apache = format!("{}/httpd.conf", self.mark);
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let read = |file: &str| fs::read(entry.path().join(file)).unwrap_or_default();
            let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            let environment = String::from_utf8_lossy(&read("environ")).into_owned();
            let stat = String::from_utf8_lossy(&read("stat")).into_owned();
            // The one that waits beside the worker ends when that does.
            let guard = command.contains("das2_srv_arbiter --guard ");
            if command.contains(&apache) || kept.contains(&pid) || guard {
                continue;
            }
            let parent = stat
                .rsplit(") ")
                .next()
                .and_then(|rest| rest.split(' ').nth(1));
            let parent = parent.and_then(|parent| parent.parse().ok()).unwrap_or(0);
            let child = kept[..self.programs.len()].contains(&parent);
            if child || command.contains(&self.mark) || environment.contains(&self.mark) {
                found.push(format!("process {} {command}", stat.trim()));
            }
        }
        found
    }

    /// Connections to the servers that are still there on either side.
    fn sockets(&self) -> Vec<String> {
        const TIME_WAIT: &str = "06";
        const LISTEN: &str = "0A";
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let ends: Vec<String> = self
            .ports
            .iter()
            .map(|port| format!(":{port:04X}"))
            .collect();
        let ours = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let state = fields[3];
            let is_end = |at: usize| ends.iter().any(|end| fields[at].ends_with(end.as_str()));
            (is_end(1) || is_end(2)) && state != TIME_WAIT && state != LISTEN
        };
        let lines = table.lines().skip(1).filter(ours);
        lines.map(|line| format!("socket {line}")).collect()
    }

    /// The programs' memory does not grow with the requests; and what is found to
    /// be gone at the end was seen before.
    pub fn is_well(&self) {
        assert!(self.most_processes > 0 && self.most_sockets > 0, "{self}");
        for program in &self.programs {
            let (early, late) = program.early_and_late();
            assert!(late <= early + GROWTH, "{self}");
        }
    }
}

impl Program {
    /// The most memory in the second quarter of the time, and in the last one.
    fn early_and_late(&self) -> (u64, u64) {
        let quarter = self.memory.len() / 4;
        let most = |part: &[u64]| part.iter().max().copied().unwrap_or_default();
        (
            most(&self.memory[quarter..2 * quarter]),
            most(&self.memory[3 * quarter..]),
        )
    }

    /// What is open now and was not before.
    fn opened(&self) -> Vec<String> {
        let mut more = open(self.pid);
        for before in &self.open {
            if let Some(at) = more.iter().position(|now| now == before) {
                more.swap_remove(at);
            }
        }
        let (name, now) = (self.name, more.into_iter());
        now.map(|what| format!("{name} has {what} open")).collect()
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for program in &self.programs {
            let (early, late) = program.early_and_late();
            let (name, first) = (program.name, program.memory.first().unwrap_or(&0));
            let (before, now) = (program.open.len(), open(program.pid).len());
            writeln!(
                f,
                "{name}: {first} KiB at first, {early} in the second quarter, {late} in the last; \
                 {before} descriptors before, {now} after"
            )?;
        }
        let (processes, sockets) = (self.most_processes, self.most_sockets);
        writeln!(
            f,
            "at most {processes} processes and {sockets} ends of connections at a time"
        )
    }
}

/// What a process has open, a number of a kernel's object left out.
fn open(pid: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    let links = entries
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok());
    let mut names: Vec<String> = links
        .map(|link| {
            let text = link.display().to_string();
            match text.split_once(":[") {
                Some((kind, _)) => kind.to_owned(),
                None => text,
            }
        })
        .collect();
    names.sort();
    names
}

/// KiB of memory that no file backs.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// Everything below a folder that is no folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => found.append(&mut files(&entry.path())),
            false => _ = found.insert(entry.path()),
        }
    }
    found
}

/// What a site is meant to gather: its logs, finished blocks, the index of its list,
/// and locks that nobody holds, whose number is bounded.
fn may_stay(full: &Path, mark: &str) -> bool {
    let name = full.file_name().unwrap().to_str().unwrap();
    let path = full.strip_prefix(mark).unwrap();
    let Ok(path) = path.strip_prefix("site") else {
        return ["error.log", "worker.log"].contains(&name);
    };
    let is_in = |folder: &str| path.starts_with(folder);
    is_in("log") && name.ends_with(".log")
        || is_in("cache") && name.ends_with(".d2s") && !name.starts_with('.')
        || path == Path::new("state/list/index")
        || (is_in("state/access") || is_in("state/readers")) && is_free(full)
}

/// Whether a file is a lock that can be had. What is in one of a turn is a mark of whose
/// it was, of eight bytes.
fn is_free(path: &Path) -> bool {
    let Ok(file) = fs::File::open(path) else {
        return false;
    };
    file.metadata().unwrap().len() <= 8 && file.try_lock().is_ok()
}
