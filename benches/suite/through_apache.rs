//! Requests a second through a real Apache with mod_cgid, eight clients.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Setting;
use crate::measure::median;
use crate::startup::{empty_program, fresh_copy, site};
use crate::table::Row;

const CLIENTS: usize = 8;
/// Requests of one client in one timing.
const REQUESTS: usize = 50;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let Some(apache) = Apache::start(setting) else {
        eprintln!("no Apache with mod_cgid, or no C compiler: not measured");
        return Vec::new();
    };
    let paths = [
        "/cgi/empty",
        "/cgi/server?server=id",
        "/cgi/server?server=dsdf&dataset=Bench/Spectra",
    ];
    let mut times = vec![Vec::new(); paths.len()];
    for round in 0..=setting.runs {
        for (path, times) in paths.iter().zip(&mut times) {
            let took = load(apache.address, path);
            if round > 0 {
                times.push(took);
            }
        }
    }
    let times: Vec<Duration> = times.into_iter().map(median).collect();
    let row = |what: &str, index: usize, limit| Row {
        what: what.into(),
        yardstick: "empty static C program".into(),
        figure: format!(
            "{:.2} ms",
            times[index].as_secs_f64() * 1e3 / (CLIENTS * REQUESTS) as f64
        ),
        ratio: Some(crate::measure::ratio(times[index], times[0])),
        limit: Some(limit),
        over_das2c: None,
    };
    vec![
        row("server=id through Apache, 8 clients", 1, 1.2),
        row("server=dsdf through Apache, 8 clients", 2, 1.32),
    ]
}

/// How long all clients take for all their requests.
fn load(address: SocketAddr, path: &str) -> Duration {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..REQUESTS {
                    let body = get(address, path).expect("an answer");
                    assert!(body.starts_with(b"HTTP/1.1 200"), "{path}");
                }
            });
        }
    });
    begin.elapsed()
}

pub fn get(address: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    get_with(address, path, "")
}

/// The answer to a request with further headers.
pub fn get_with(address: SocketAddr, path: &str, headers: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

pub struct Apache {
    process: Child,
    pub address: SocketAddr,
}

impl Apache {
    pub fn start(setting: &Setting) -> Option<Apache> {
        Apache::start_with(setting, &site(&setting.folder))
    }

    /// With this configuration of the server; None where there is no Apache.
    pub fn start_with(setting: &Setting, conf: &Path) -> Option<Apache> {
        let modules = Path::new("/usr/lib/apache2/modules");
        if !modules.join("mod_cgid.so").exists() {
            return None;
        }
        let root = setting.folder.join("apache");
        let _ = std::fs::remove_dir_all(&root);
        let cgi = root.join("cgi");
        std::fs::create_dir_all(&cgi).ok()?;
        std::fs::copy(empty_program(&setting.folder)?, cgi.join("empty")).ok()?;
        std::fs::rename(fresh_copy(&setting.folder), cgi.join("server")).ok()?;
        let program = env!("CARGO_BIN_EXE_das2_srvcgi_logrdr");
        std::os::unix::fs::symlink(program, cgi.join("log")).ok()?;
        let address = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?;
        let text = format!(
            "ServerRoot {root}\nServerName localhost\nListen {address}\nPidFile {root}/pid\n\
             ErrorLog {root}/error.log\nUser nobody\nGroup nogroup\n\
             LoadModule mpm_event_module {modules}/mod_mpm_event.so\n\
             LoadModule authz_core_module {modules}/mod_authz_core.so\n\
             LoadModule alias_module {modules}/mod_alias.so\n\
             LoadModule env_module {modules}/mod_env.so\n\
             LoadModule cgid_module {modules}/mod_cgid.so\n\
             ScriptSock {root}/cgisock\nScriptAlias /cgi/ {root}/cgi/\n\
             SetEnv DAS2_SERVER_CONF {conf}\n\
             <Directory {root}/cgi>\nOptions +ExecCGI +FollowSymLinks\nCGIPassAuth On\nRequire all granted\n</Directory>\n",
            root = root.display(),
            modules = modules.display(),
            conf = conf.display(),
        );
        std::fs::write(root.join("httpd.conf"), text).ok()?;
        let process = Command::new("apache2")
            .args(["-D", "FOREGROUND", "-f"])
            .arg(root.join("httpd.conf"))
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let apache = Apache { process, address };
        let limit = Instant::now() + Duration::from_secs(10);
        while Instant::now() < limit {
            if get(address, "/cgi/empty").is_ok() {
                return Some(apache);
            }
            std::thread::yield_now();
        }
        None
    }
}

impl Apache {
    /// Adds a CGI program that is a shell's `exec COMMAND`, as `/cgi/NAME`.
    pub fn add_script(&self, setting: &Setting, name: &str, command: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = setting.folder.join("apache/cgi").join(name);
        let text = format!(
            "#!/bin/sh\nprintf 'Content-Type: application/octet-stream\\n\\n'\nexec {command}\n"
        );
        std::fs::write(&path, text).expect("a script");
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("a script");
    }
}

/// Takes an answer and throws it away; how many bytes it was.
pub fn swallow(address: SocketAddr, path: &str) -> std::io::Result<u64> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let (mut buffer, mut total) = (vec![0; 1 << 20], 0);
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.process.id().to_string())
            .status();
        let _ = self.process.wait();
    }
}
