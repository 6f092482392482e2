//! What a request costs before any work: whole processes, fork to exit.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use das2_server::config::convert::to_toml;

use crate::Setting;
use crate::measure::{Job, medians, ratio};
use crate::table::Row;

pub const CGI: &str = env!("CARGO_BIN_EXE_das2_srvcgi_main");

/// Processes of each kind in one timing: one alone is too short to time, many
/// would each meet another load of the machine.
const BATCH: usize = 20;
/// How many timings one run is.
const TIMINGS: usize = 10;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let Some(empty) = empty_program(&setting.folder) else {
        eprintln!("no C compiler: startup is not measured");
        return Vec::new();
    };
    let conf = site(&setting.folder);
    let program = fresh_copy(&setting.folder);
    let mut jobs = vec![
        batch(Command::new(&empty), ""),
        batch(cgi(&program, &conf), "server=id"),
        batch(cgi(&program, &conf), "server=dsdf&dataset=Bench/Spectra"),
        batch(cgi(&program, &native(&conf)), "server=id"),
    ];
    let times = medians(&mut jobs, setting.runs * TIMINGS);
    let row = |what: &str, index: usize, limit| Row {
        what: what.into(),
        yardstick: "empty static C program".into(),
        figure: format!("{:.0} us", times[index].as_secs_f64() * 1e6 / BATCH as f64),
        ratio: Some(ratio(times[index], times[0])),
        limit: Some(limit),
        over_das2c: None,
    };
    vec![
        row("server=id, fork to exit", 1, 1.4),
        row("server=dsdf, fork to exit", 2, 1.54),
        row("server=id under das2server.toml", 3, 1.6),
    ]
}

/// The same configuration in TOML, in a folder of its own: beside the other it
/// would be read in its place.
fn native(conf: &Path) -> PathBuf {
    let text = std::fs::read(conf).expect("a configuration");
    let toml = to_toml(conf, &text).expect("the same in TOML");
    let folder = conf.with_file_name("native");
    std::fs::create_dir_all(&folder).expect("a folder");
    let native = folder.join("das2server.toml");
    std::fs::write(&native, toml).expect("a configuration");
    native
}

/// The CGI program as a new file, as the C program beside it is one: where the
/// kernel takes back pages of files that nobody used for minutes, an executable
/// that has lain there starts up to a third slower than one just written.
pub fn fresh_copy(folder: &Path) -> PathBuf {
    let copy = folder.join("das2_srvcgi_main");
    std::fs::copy(CGI, &copy).expect("room for a copy");
    copy
}

/// A CGI program under the environment that a web server would give it.
pub fn cgi(program: &Path, conf: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("DAS2_SERVER_CONF", conf)
        .env("REQUEST_METHOD", "GET")
        .env("SERVER_NAME", "localhost")
        .env("SERVER_PORT", "80")
        .env("SCRIPT_NAME", "/das/server")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("HTTP_USER_AGENT", "libdas2/2.3");
    command
}

fn batch<'a>(mut command: Command, query: &str) -> Job<'a> {
    command
        .env("QUERY_STRING", query)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Box::new(move || {
        for _ in 0..BATCH {
            assert!(command.status().expect("it starts").success());
        }
    })
}

/// A static C program that prints a header: the least that a CGI can be.
pub fn empty_program(folder: &Path) -> Option<PathBuf> {
    let text = "#include <unistd.h>\nint main(void) {\n  static const char h[] = \"Content-Type: text/plain\\r\\n\\r\\n\";\n  return write(1, h, sizeof h - 1) < 0;\n}\n";
    c_program(folder, "empty", text)
}

/// A static C program; none where there is no compiler.
pub fn c_program(folder: &Path, name: &str, text: &str) -> Option<PathBuf> {
    let (source, program) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&source, text).ok()?;
    let done = Command::new("cc")
        .args(["-O2", "-static", "-o"])
        .arg(&program)
        .arg(&source)
        .status()
        .ok()?;
    done.success().then_some(program)
}

/// A site with one source, made for measuring; its configuration.
pub fn site(folder: &Path) -> PathBuf {
    let root = folder.join("site");
    for part in ["etc", "log", "static", "cache", "datasets/Bench"] {
        std::fs::create_dir_all(root.join(part)).expect("a folder");
    }
    let at = |part: &str| root.join(part).display().to_string();
    let conf = root.join("etc/das2server.conf");
    let text = format!(
        "SITE_NAME = \"Bench\"\nSERVER_ID = bench\nDSDF_ROOT = {}\nLOG_PATH = {}\nRESOURCE_PATH = {}\nCACHE_ROOT = {}\nBIN_PATH = {}\nWORK_QUEUE_BROKER = none\n",
        at("datasets"),
        at("log"),
        at("static"),
        at("cache"),
        Path::new(CGI).parent().expect("a folder").display(),
    );
    std::fs::write(&conf, text).expect("a configuration");
    let wide = crate::streams::wide(folder);
    let dsdf = format!(
        "description = 'Spectra to measure with'\nreader = 'cat {} #'\ndas2Stream = 1\nexampleRange_00 = '2000-01-01 to 2000-01-03'\ntechContact = 'Nobody <nobody@example.org>'\nvalidRange = '2000-01-01 to 2001-01-01'\n",
        wide.display()
    );
    std::fs::write(root.join("datasets/Bench/Spectra.dsdf"), dsdf).expect("a source");
    conf
}
