//! What the request log says.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::site::{Answer, RANGE, Site};

#[test]
fn a_block_says_what_came_what_ran_and_how_it_ended() {
    let site = Site::new("");
    site.source("loud", "echo 'a complaint' >&2; data", "");
    let agent = "libdas2/2.3\r\n[Tue Nov 24 16:03:14 2026 1    0] forged";
    let query = format!("server=dataset&dataset=loud&{RANGE}&resolution=60&x=%20y");
    site.ask()
        .query(&query)
        .variable("HTTP_USER_AGENT", agent)
        .answer();
    let log = site.log();
    for part in [
        "] Input:\n",
        "Request URL: http://das.example.org/das/server?server=dataset&",
        "For Program: /das/server\n",
        &format!("Parameters: {query}\n"),
        "User Agent: libdas2/2.3",
        "Routing: data\n",
        "Exec Cmd: loud 2017-01-01 2017-01-02 | [das2_bin_avgsec 60]\n",
        "a complaint\n",
        "bytes sent\n",
        "Query handled without error in ",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
    let pid = log.split(' ').nth(5).unwrap();
    assert!(
        log.lines()
            .all(|line| line.starts_with('[') && line.contains(pid)),
        "{log}"
    );
}

#[test]
fn requests_are_answered_without_a_log() {
    for folder in ["", "LOG_PATH = /proc/nowhere", "LOG_PATH = /dev/full"] {
        let site = Site::new(folder);
        assert_eq!(site.get("server=id").text(), "Test Site\r\n", "{folder}");
    }
}

#[test]
fn errors_of_clients_are_logged_with_their_message() {
    let site = Site::new("");
    site.get("server=dataset&dataset=nope%0Ax&start_time=1");
    let log = site.log();
    assert!(
        log.contains("Answered 404 NoSuchDatasource") || log.contains("Answered 400 BadRequest"),
        "{log}"
    );
}

/// The folder, or what is called so: all that can be wrong with it.
#[test]
fn data_are_served_whatever_the_log_folder_is() {
    let site = Site::new("");
    site.write("a file", "");
    let root = site.path("").display().to_string();
    let full = full_folder(&site);
    let folders = [
        Some("/proc".to_owned()),
        Some(format!("{root}/a file")),
        Some(format!("{root}/none")),
        full.as_ref().map(|mount| mount.0.display().to_string()),
    ];
    for folder in folders.into_iter().flatten() {
        let conf = std::fs::read_to_string(site.path("das2server.conf")).unwrap();
        let other = format!("{conf}LOG_PATH = \"{folder}\"\n");
        site.write("other.conf", other);
        let query = format!("server=dataset&dataset=data&{RANGE}&ascii=1");
        let output = site
            .ask()
            .query(&query)
            .variable("DAS2_SERVER_CONF", site.path("other.conf"))
            .output();
        let answer = Answer::of(output.stdout);
        assert_eq!(answer.status(), 200, "{folder}");
        assert!(
            answer.text().ends_with(" 2\n"),
            "{folder}: {}",
            answer.text()
        );
        // It is not silent either: the web server's own log gets the lines.
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(&format!("Parameters: {query}\n")),
            "{folder}: {said}"
        );
        assert!(
            said.contains("Query handled without error"),
            "{folder}: {said}"
        );
    }
    assert_eq!(site.log(), "");
}

/// A disk with no room left, gone with this value.
struct Full(PathBuf);

/// None where this account cannot mount one.
fn full_folder(site: &Site) -> Option<Full> {
    let folder = site.path("full");
    std::fs::create_dir(&folder).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=4k,mode=777", "none"]);
    let mounted = mount.arg(&folder).stderr(Stdio::null()).status();
    if !mounted.is_ok_and(|status| status.success()) {
        // Past the capture of test output: this has to be seen.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: a full disk, which only root can mount"
        );
        return None;
    }
    let full = Full(folder);
    // It takes what it can, and then nothing more.
    let _ = std::fs::write(full.0.join("filler"), [0; 1 << 16]);
    Some(full)
}

impl Drop for Full {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
