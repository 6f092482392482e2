//! A real Apache on a private port, with an instance under it.

use std::fmt::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::http::{Answer, http10, within};
use crate::instance::Instance;

/// Modules that etc/apache.conf and a private server need.
const MODULES: &[&str] = &["mpm_event", "authz_core", "alias", "cgid", "env"];

/// The Apache of this machine.
struct Installed {
    program: PathBuf,
    modules: PathBuf,
}

static INSTALLED: LazyLock<Option<Installed>> = LazyLock::new(|| {
    let first = |paths: &[&str]| {
        let paths = paths.iter().map(PathBuf::from);
        paths.into_iter().find(|path| path.exists())
    };
    let found = Option::zip(
        first(&["/usr/sbin/apache2", "/usr/sbin/httpd", "/usr/bin/httpd"]),
        first(&[
            "/usr/lib/apache2/modules",
            "/usr/lib64/httpd/modules",
            "/usr/lib/httpd/modules",
        ]),
    );
    if found.is_none() {
        // Past the capture of test output: this has to be seen.
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "skipped: no apache2");
    }
    found.map(|(program, modules)| Installed { program, modules })
});

/// How the client's password gets to the programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Passwords {
    Rewrite,
    CgiPassAuth,
}

/// An instance under an Apache, both gone with this value.
pub struct Site {
    instance: Instance,
    process: Child,
    address: SocketAddr,
}

impl Deref for Site {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

impl Site {
    /// None where there is no Apache.
    pub fn start() -> Option<Site> {
        Site::start_with(Passwords::Rewrite, "")
    }

    /// With further lines of configuration; PREFIX and MODULES in them
    /// become the folders of the instance and of Apache's modules.
    pub fn start_with(passwords: Passwords, lines: &str) -> Option<Site> {
        let installed = INSTALLED.as_ref()?;
        let instance = Instance::new();
        // Another program may take the port before Apache does.
        for _ in 0..5 {
            if let Some((process, address)) = attempt(installed, &instance, passwords, lines) {
                return Some(Site {
                    instance,
                    process,
                    address,
                });
            }
        }
        panic!("Apache does not start: {}", apache_log(&instance));
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The answer to `GET /das/server` with this query, as libdas2 asks.
    pub fn query(&self, query: &str) -> Answer {
        self.get(
            &format!("/das/server?{query}"),
            "User-Agent: libdas2/2.3\r\n",
        )
    }

    /// The answer to a GET of this path, with further headers.
    pub fn get(&self, path: &str, headers: &str) -> Answer {
        let answer = http10(self.address, "GET", path, headers);
        assert!(
            answer.status() != 500,
            "{}{}\n{}",
            answer.head,
            answer.text(),
            self.logs()
        );
        answer
    }

    /// What Apache and the server have noted.
    pub fn logs(&self) -> String {
        let mut text = apache_log(&self.instance);
        for entry in std::fs::read_dir(self.instance.prefix().join("log")).unwrap() {
            let path = entry.unwrap().path();
            let content = std::fs::read_to_string(&path).unwrap_or_default();
            let _ = writeln!(text, "-- {}\n{content}", path.display());
        }
        text
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let pid = Pid::from_raw(self.process.id().try_into().unwrap()).unwrap();
        let _ = kill_process(pid, Signal::TERM);
        let _ = self.process.wait();
    }
}

fn apache_log(instance: &Instance) -> String {
    std::fs::read_to_string(instance.beside().join("error.log")).unwrap_or_default()
}

fn attempt(
    installed: &Installed,
    instance: &Instance,
    passwords: Passwords,
    lines: &str,
) -> Option<(Child, SocketAddr)> {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let conf = instance.beside().join("httpd.conf");
    let text = configuration(installed, instance, passwords, port);
    let prefix = instance.prefix().display().to_string();
    let modules = installed.modules.display().to_string();
    let lines = lines
        .replace("PREFIX", &prefix)
        .replace("MODULES", &modules);
    std::fs::write(
        &conf,
        format!(
            "{text}{lines}
"
        ),
    )
    .unwrap();
    let mut process = Command::new(&installed.program)
        .args(["-DFOREGROUND", "-f"])
        .arg(&conf)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ended = false;
    within(Duration::from_secs(60), "Apache starts", || {
        ended = process.try_wait().unwrap().is_some();
        let file = |start: &str| {
            let entries = std::fs::read_dir(instance.beside()).unwrap().flatten();
            let mut paths = entries.map(|entry| entry.path());
            paths.find(|path| {
                path.file_name()
                    .unwrap()
                    .as_bytes()
                    .starts_with(start.as_bytes())
            })
        };
        // Apache listens before its process for CGI programs does, which puts a number
        // behind the name of its socket, and listens there a moment after it has made it.
        let runs_programs = || UnixStream::connect(file("cgid.sock")?).ok();
        ended
            || file("httpd.pid").is_some()
                && runs_programs().is_some()
                && TcpStream::connect(port).is_ok()
    });
    (!ended).then_some((process, port))
}

fn configuration(
    installed: &Installed,
    instance: &Instance,
    passwords: Passwords,
    address: SocketAddr,
) -> String {
    let mut conf = String::new();
    let own = instance.beside().display();
    let mut modules = MODULES.to_vec();
    if passwords == Passwords::Rewrite {
        modules.push("rewrite");
    }
    for module in modules {
        let file = installed.modules.join(format!("mod_{module}.so"));
        let _ = writeln!(conf, "LoadModule {module}_module \"{}\"", file.display());
    }
    if geteuid().is_root() {
        let account = if is_account("www-data") {
            "www-data"
        } else {
            "nobody"
        };
        let group = if is_account("www-data") {
            "www-data"
        } else {
            "nogroup"
        };
        let _ = writeln!(conf, "User {account}\nGroup {group}");
    }
    let _ = write!(
        conf,
        "Listen {address}\n\
         ServerName localhost\n\
         ServerRoot \"{own}\"\n\
         DefaultRuntimeDir \"{own}\"\n\
         PidFile \"{own}/httpd.pid\"\n\
         ScriptSock \"{own}/cgid.sock\"\n\
         ErrorLog \"{own}/error.log\"\n\
         Include \"{}/etc/apache.conf\"\n",
        instance.prefix().display()
    );
    conf
}

fn is_account(name: &str) -> bool {
    let accounts = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    accounts
        .lines()
        .any(|line| line.split(':').next() == Some(name))
}
