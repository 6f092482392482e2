//! The processes behind an answer, and where the programs find each other.

use std::process::Command;
use std::time::Duration;

use crate::http::{http10, read_until, runs, send, takes_less_than, time_until};
use crate::server::{Passwords, Site};

const RANGE: &str = "start_time=2017-01-01&end_time=2017-01-02";

#[test]
fn a_silent_reader_ends_when_its_client_goes() {
    let Some(site) = Site::start() else { return };
    let header = "printf '[00]000044<stream version=\"2.2\"><properties/></stream>'";
    for (what, before) in [("before the answer", ""), ("in the answer", header)] {
        let request =
            format!("GET /das/server?server=dataset&dataset=silent&{RANGE} HTTP/1.0\r\n\r\n");
        takes_less_than(Duration::from_secs(2), what, || {
            site.add_silent_source(before);
            let mut stream = send(site.address(), &request);
            let pids = site.silent_reader();
            assert_eq!(pids.len(), 2);
            if !before.is_empty() {
                read_until(&mut stream, |bytes| bytes.ends_with(b"</stream>"));
            }
            assert!(pids.iter().all(|&pid| runs(pid)), "{what}");
            drop(stream);
            time_until(what, || !pids.iter().any(|&pid| runs(pid)))
        });
    }
}

#[test]
fn requests_are_logged_by_the_web_servers_account() {
    let Some(site) = Site::start() else { return };
    site.query("server=id&marker=4711");
    assert!(site.logs().contains("marker=4711"), "{}", site.logs());
    let entries = std::fs::read_dir(site.prefix().join("log")).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    let log = names
        .iter()
        .find_map(|name| name.to_str()?.strip_prefix("das2.127.0.0.1_"));
    assert!(log.is_some_and(|rest| rest.ends_with(".log")), "{names:?}");
}

#[test]
fn links_may_have_other_names() {
    let Some(site) = Site::start() else { return };
    let cgi = site.prefix().join("cgi");
    std::fs::rename(cgi.join("server"), cgi.join("data")).unwrap();
    let answer = http10(site.address(), "GET", "/das/data?server=id", "");
    assert_eq!(answer.text(), "My Data Source Site\r\n");
}

#[test]
fn an_installed_tree_can_be_moved() {
    let instance = crate::instance::Instance::new();
    let elsewhere = instance.beside().join("elsewhere");
    std::fs::rename(instance.prefix(), &elsewhere).unwrap();
    let query = format!("server=dataset&dataset=Examples/Random&{RANGE}");
    let output = Command::new(elsewhere.join("cgi/server"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("REQUEST_METHOD", "GET")
        .env("SCRIPT_NAME", "/das/server")
        .env("SERVER_NAME", "localhost")
        .env("SERVER_PORT", "80")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("QUERY_STRING", query)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("Status: 200 OK\r\n"), "{text}");
    assert!(text.contains("[00]"), "{text}");
}

/// What etc/das2server.conf.example of das2-pyserver becomes at a site, with
/// the paths of this one.
const OLD_CONF: &str = r#"
SITE_NAME = "Old Site"
SERVER_ID = "old"
CONTACT_EMAIL = "someone&#64;example&#46;edu"
DSDF_ROOT = "PREFIX/datasets/"
USER_PASSWD = "PREFIX/etc/passwd"
USER_GROUP  = "PREFIX/etc/group"
MODULE_PATH = "PREFIX/lib:PREFIX/lib/python3.11"
BIN_PATH = "PREFIX/bin"
LIB_PATH = "PREFIX/lib"
LOG_PATH = "PREFIX/log"
VIEW_LOG_URL = "log"
VIEW_LOG_ALLOW = 127.0.0.1
IGNORE_REDIRECT = false
RESOURCE_PATH = "PREFIX/static"
PEERS_FILE = "PREFIX/etc/das2peers.ini"
D2S_REDUCER = "das2_bin_avgsec"
D2S_TO_UTF8 = "das2_ascii"
WORK_QUEUE_CONN = localhost:6379:0
"#;

#[test]
fn the_configuration_of_das2_pyserver_serves() {
    let lines = "SetEnv DAS2_SERVER_CONF PREFIX/old.conf";
    let Some(site) = Site::start_with(Passwords::Rewrite, lines) else {
        return;
    };
    let conf = OLD_CONF.replace("PREFIX", &site.prefix().display().to_string());
    site.write("old.conf", &conf);
    assert_eq!(site.query("server=id").text(), "Old Site\r\n");
    let query = format!("server=dataset&dataset=Examples/Random.dsdf&{RANGE}&ascii=1");
    let answer = site.query(&query);
    assert_eq!(answer.status(), 200);
    assert!(answer.text().contains(":01:"), "{}", answer.text());
    let logs = site.logs();
    assert!(logs.contains("MODULE_PATH has no effect"), "{logs}");
}
