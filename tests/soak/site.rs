//! The site: an instance under Apache, where there is one, and under
//! das2_srv_httpd, with a worker, and with sources of every kind of misbehaviour.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::data;
use crate::http::{http10, within};
use crate::instance::Instance;
use crate::server::Site;

/// Questions wait for silent readers to be ended, but a machine with much else to do
/// makes all readers silent for seconds. There are a few places too few.
const SETTINGS: &str = "READER_SILENCE_LIMIT = 8\nREADER_MAX = 20\nREADER_QUEUE = 6\n";

const LEVELS: &str = "cacheLevel_01 = 'intrinsic | hourly'\ncacheLevel_02 = '60 s | daily'";

/// Writes the hours from $1 to before $2, in a reader.
const DATA: &str = r#"hours() { ls hours | awk -v b="$1" -v e="$2" '
    BEGIN { b = substr(b, 1, 16); e = substr(e, 1, 16) }
    $0 "" >= b "" && $0 "" < e "" { print "hours/" $0 }' | xargs -r cat; }
"#;

/// Name, what its reader does, lines of its DSDF.
const SOURCES: &[(&str, &str, &str)] = &[
    ("plain", "cat header; hours \"$@\"", ""),
    ("cached", "cat header; hours \"$@\"", LEVELS),
    (
        "closed",
        "cat header; hours \"$@\"",
        "readAccess = 'GROUP:testgroup'\nsecurityRealm = 'Soak'",
    ),
    ("fails", "echo secret >&2; exit 3", ""),
    ("fails_later", "cat header; hours \"$@\"; exit 3", ""),
    ("killed", "cat header; hours \"$@\"; kill -9 $$", ""),
    (
        "floods",
        "head -c 5000000 /dev/zero | tr '\\0' x >&2; cat header; hours \"$@\"; \
         head -c 5000000 /dev/zero >&2",
        "",
    ),
    (
        "broken",
        "cat header; hours \"$@\"; echo these are no packets",
        "",
    ),
    ("hangs", "sleep 1000 & wait", ""),
    (
        "hangs_later",
        "cat header; hours \"$@\"; sleep 1000 & wait",
        "",
    ),
    (
        "stubborn",
        "trap '' TERM HUP INT PIPE; cat header; hours \"$@\"; sleep 1000; sleep 1000",
        "",
    ),
    (
        "lingers",
        "cat header; hours \"$@\"; exec >&-; sleep 1000",
        "",
    ),
    (
        "endless",
        "cat header; while cat hours/2020-02-20T00:00; do :; done",
        "",
    ),
    ("nothing", "exit 0", ""),
];

/// What runs, gone with this value.
pub struct Soaked {
    /// None where there is no Apache.
    apache: Option<Site>,
    /// The instance then.
    alone: Option<Instance>,
    httpd: Child,
    worker: Child,
    /// Where clients may ask.
    pub doors: Vec<SocketAddr>,
}

impl Soaked {
    pub fn start() -> Soaked {
        let apache = Site::start();
        let alone = apache.is_none().then(Instance::new);
        let instance = apache.as_deref().or(alone.as_ref()).unwrap();
        lay_out(instance);
        let (httpd, address) = start_httpd(instance);
        let worker = start_worker(instance);
        let doors = apache.iter().map(Site::address).chain([address]).collect();
        Soaked {
            apache,
            alone,
            httpd,
            worker,
            doors,
        }
    }

    pub fn instance(&self) -> &Instance {
        self.apache.as_deref().or(self.alone.as_ref()).unwrap()
    }

    pub fn cache(&self) -> PathBuf {
        self.instance().prefix().join("cache")
    }

    /// The programs that run as long as the site does.
    pub fn long_lived(&self) -> [(&'static str, u32); 2] {
        [
            ("das2_srv_httpd", self.httpd.id()),
            ("das2_srv_arbiter", self.worker.id()),
        ]
    }

    /// Both doors give the data of a plain question.
    pub fn is_well(&self) {
        for door in &self.doors {
            let query = format!(
                "/das/server?server=dataset&dataset=plain&start_time={}&end_time={}",
                data::time(3),
                data::time(5)
            );
            let answer = http10(*door, "GET", &query, "User-Agent: libdas2/2.3\r\n");
            assert_eq!(answer.status(), 200, "{}{}", answer.head, answer.text());
            assert_eq!(answer.text(), data::stream(3..5));
        }
    }

    /// What the servers and the worker have complained of.
    pub fn complaints(&self) -> String {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let mut text = read(self.instance().beside().join("error.log"));
        text += &read(self.instance().beside().join("worker.log"));
        text += &read(self.instance().prefix().join("log/httpd.log"));
        let end = text.len();
        let begin = (end.saturating_sub(4_000)..=end).find(|at| text.is_char_boundary(*at));
        text.split_off(begin.unwrap())
    }

    /// Everything ends when it is told to.
    pub fn end(mut self) {
        for process in [&mut self.httpd, &mut self.worker] {
            tell(process);
            let status = process.wait().unwrap();
            assert!(status.success(), "{status}");
        }
    }
}

impl Drop for Soaked {
    fn drop(&mut self) {
        for process in [&mut self.httpd, &mut self.worker] {
            // Once reaped, its number may be another's.
            if process.try_wait().unwrap().is_none() {
                tell(process);
                let _ = process.wait();
            }
        }
    }
}

fn tell(process: &Child) {
    let pid = Pid::from_raw(process.id().try_into().unwrap()).unwrap();
    let _ = kill_process(pid, Signal::TERM);
}

fn lay_out(instance: &Instance) {
    let folder = instance.beside().join("data");
    std::fs::create_dir_all(folder.join("hours")).unwrap();
    std::fs::write(folder.join("header"), data::header()).unwrap();
    for hour in 0..data::HOURS {
        let file = folder.join("hours").join(data::time(hour));
        std::fs::write(file, data::hour(hour)).unwrap();
    }
    for (name, script, lines) in SOURCES {
        // By the variable a process is known as one of ours, whatever it runs.
        let script = format!(
            "export SOAK={0}; cd {0}/data || exit 99\n{DATA}{script}",
            instance.beside().display()
        );
        let lines = format!(
            "das2Stream = 1\nvalidRange = '2020-02-20 to 2020-02-24'\n\
             exampleRange_00 = '2020-02-20 to 2020-02-21'\n{lines}"
        );
        instance.add_source(name, &lines, &script);
    }
    let conf = instance.read("etc/das2server.conf");
    instance.write("etc/das2server.conf", &format!("{conf}\n{SETTINGS}"));
    // Programs that leave something behind leave it here.
    let scratch = instance.beside().join("tmp");
    std::fs::create_dir(&scratch).unwrap();
    std::fs::set_permissions(&scratch, PermissionsExt::from_mode(0o777)).unwrap();
}

/// As the account that Apache runs programs in: they share logs and state.
fn start_httpd(instance: &Instance) -> (Child, SocketAddr) {
    let prefix = instance.prefix();
    let mut command = Command::new(prefix.join("bin/das2_srv_httpd"));
    command
        .args(["--port", "0", "--log"])
        .arg(prefix.join("log/httpd.log"))
        .env("TMPDIR", instance.beside().join("tmp"))
        .stdout(Stdio::piped());
    if let Some((user, group)) = web_account().filter(|_| geteuid().is_root()) {
        command.uid(user).gid(group);
    }
    let mut process = command.spawn().unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(process.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    let address = line.strip_prefix("http://").unwrap();
    (process, address.split('/').next().unwrap().parse().unwrap())
}

/// The numbers of www-data and its group.
fn web_account() -> Option<(u32, u32)> {
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut lines = accounts.lines().map(|line| line.split(':'));
    let mut fields = lines.find_map(|mut line| (line.next()? == "www-data").then_some(line))?;
    fields.next();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn start_worker(instance: &Instance) -> Child {
    let path = instance.beside().join("worker.log");
    let log: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap();
    let worker = Command::new(instance.prefix().join("bin/das2_srv_arbiter"))
        .args(["--grace", "0", "--config"])
        .arg(instance.prefix().join("etc/das2server.conf"))
        .env("TMPDIR", instance.beside().join("tmp"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    within(Duration::from_secs(60), "the worker starts", || {
        std::fs::metadata(&path).is_ok_and(|file| file.len() > 0)
    });
    worker
}
