//! A real nginx on a private port, fcgiwrap behind it, an instance under them.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process, kill_process_group};

use crate::http::within;
use crate::instance::Instance;

/// The socket that etc/nginx.conf names; a test has one of its own.
const SOCKET: &str = "unix:/run/das2-fcgi/socket";

/// The account that a test's web server gives itself when root runs the test.
const ACCOUNT: &str = "www-data";

/// An instance under an nginx, all of it gone with this value.
pub struct Site {
    instance: Instance,
    nginx: Child,
    fcgi: Child,
    address: SocketAddr,
}

impl Deref for Site {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

impl Site {
    /// None where there is no nginx or no fcgiwrap.
    pub fn start() -> Option<Site> {
        let programs = Option::zip(found("nginx"), found("fcgiwrap"));
        let Some((nginx, fcgiwrap)) = programs else {
            use std::io::Write;
            // Past the capture of test output: this has to be seen.
            let _ = writeln!(std::io::stderr(), "skipped: no nginx with fcgiwrap");
            return None;
        };
        let instance = Instance::new();
        let run = instance.beside().join("run");
        fs::create_dir(&run).unwrap();
        if geteuid().is_root() {
            assert!(
                Command::new("chown")
                    .arg(ACCOUNT)
                    .arg(&run)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let mut fcgi = wrapper(&fcgiwrap, &instance);
        // Another program may take the port before nginx does.
        for _ in 0..5 {
            if let Some((nginx, address)) = attempt(&nginx, &instance) {
                return Some(Site {
                    instance,
                    nginx,
                    fcgi,
                    address,
                });
            }
        }
        end_group(&mut fcgi);
        panic!("nginx does not start: {}", log_of(&instance));
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What nginx has noted.
    pub fn logs(&self) -> String {
        log_of(&self.instance)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let pid = Pid::from_raw(self.nginx.id().try_into().unwrap()).unwrap();
        let _ = kill_process(pid, Signal::TERM);
        let _ = self.nginx.wait();
        end_group(&mut self.fcgi);
    }
}

/// fcgiwrap leaves its processes behind when only the first one is told to end.
fn end_group(fcgi: &mut Child) {
    let pid = Pid::from_raw(fcgi.id().try_into().unwrap()).unwrap();
    let _ = kill_process_group(pid, Signal::TERM);
    let _ = fcgi.wait();
}

fn log_of(instance: &Instance) -> String {
    fs::read_to_string(instance.beside().join("error.log")).unwrap_or_default()
}

fn found(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
}

fn socket(instance: &Instance) -> String {
    format!("unix:{}/run/socket", instance.beside().display())
}

fn wrapper(program: &Path, instance: &Instance) -> Child {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups"]);
    }
    command
        .arg(program)
        .args(["-f", "-c", "4", "-s", &socket(instance)]);
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let path = instance.beside().join("run/socket");
    within(Duration::from_secs(60), "fcgiwrap starts", || {
        assert!(child.try_wait().unwrap().is_none(), "fcgiwrap has ended");
        path.exists()
    });
    child
}

fn attempt(program: &Path, instance: &Instance) -> Option<(Child, SocketAddr)> {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let own = instance.beside().display();
    // What comes with the server, but for the socket.
    let shipped = instance.read("etc/nginx.conf");
    assert!(shipped.contains(SOCKET));
    let included = instance.beside().join("das2.conf");
    fs::write(&included, shipped.replace(SOCKET, &socket(instance))).unwrap();
    let user = if geteuid().is_root() {
        format!("user {ACCOUNT};\n")
    } else {
        String::new()
    };
    let conf = instance.beside().join("nginx.conf");
    let text = format!(
        "{user}daemon off;\nworker_processes 1;\npid {own}/nginx.pid;\nerror_log {own}/error.log;\n\
         events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {own}/run/body;\n\
         proxy_temp_path {own}/run/proxy;\nfastcgi_temp_path {own}/run/fastcgi;\n\
         uwsgi_temp_path {own}/run/uwsgi;\nscgi_temp_path {own}/run/scgi;\n\
         server {{\nlisten {address};\ninclude {};\n}}\n}}\n",
        included.display()
    );
    fs::write(&conf, text).unwrap();
    let mut process = Command::new(program)
        .arg("-c")
        .arg(&conf)
        .arg("-e")
        .arg(instance.beside().join("error.log"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ended = false;
    within(Duration::from_secs(60), "nginx starts", || {
        ended = process.try_wait().unwrap().is_some();
        ended || TcpStream::connect(address).is_ok()
    });
    (!ended).then_some((process, address))
}
