//! bin/demo, from its start to Ctrl-C, with executables that are there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod http;
mod instance;

use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use http::{http10, within};
use instance::built;
use rustix::process::{Pid, Signal, kill_process};

struct Demo {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    said: String,
    address: SocketAddr,
}

impl Demo {
    /// A demo that has said that it works.
    fn start(folder: &Path, archive: &Path) -> Demo {
        // A shell cannot trap what was ignored when it began, and whoever runs the tests
        // in the background may ignore it.
        let mut process = Command::new("env")
            .arg("--default-signal=INT")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("bin/demo"))
            .arg("--dir")
            .arg(folder)
            .arg("--built")
            .arg(built())
            .arg("--voyager")
            .arg(archive)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        while !said.contains("Its folder") {
            said += &lines.next().unwrap_or_else(|| panic!("{said}")).unwrap();
            said.push('\n');
        }
        let address = said
            .split("http://")
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        Demo {
            address: address.parse().unwrap(),
            process,
            output: lines,
            said,
        }
    }

    fn stop(mut self) {
        let pid = Pid::from_raw(self.process.id().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let mut status = None;
        within(Duration::from_secs(60), "the demo ends", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        assert!(status.unwrap().success());
        let last = self.output.map_while(Result::ok).last();
        assert_eq!(last.as_deref(), Some("Stopped."));
        assert!(TcpStream::connect(self.address).is_err());
    }
}

#[test]
fn from_start_to_end_twice() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("demo");
    let archives = ["it's one", "another"].map(|name| folder.path().join(name));
    for archive in &archives {
        std::fs::create_dir(archive).unwrap();
        let demo = Demo::start(&prefix, archive);
        check_archive(&demo, archive, &prefix);
        let url = format!("http://{}/das/server", demo.address);
        let autoplot = format!("vap+das2server:{url}?dataset=Examples/Spectra&start_time=");
        assert!(demo.said.contains(&autoplot), "{}", demo.said);

        // What it says to type into a shell, without the shell.
        let curl = demo
            .said
            .split("curl '")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        let path = curl
            .strip_prefix(&format!("http://{}", demo.address))
            .unwrap();
        check_cache(&demo, path, &prefix);
        let answer = http10(demo.address, "GET", path, "");
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert!(
            answer.header("Content-Disposition").is_some(),
            "{}",
            answer.head
        );
        assert!(
            answer.text().contains(":01:2021-03-20"),
            "{}",
            answer.text()
        );

        check_password(&demo);

        let page = http10(demo.address, "GET", "/das/server", "Accept: text/html\r\n");
        assert_eq!(page.status(), 200);
        demo.stop();
    }
}

/// The closed source opens to the user that the demo names, and to nobody else.
fn check_password(demo: &Demo) {
    let (_, line) = demo.said.split_once("curl -u ").unwrap();
    let (user, rest) = line.split_once(' ').unwrap();
    let url = rest.split('\'').nth(1).unwrap();
    let path = url
        .strip_prefix(&format!("http://{}", demo.address))
        .unwrap();
    let status = |headers: &str| http10(demo.address, "GET", path, headers).status();
    let basic = |text: &str| {
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        status(&format!("Authorization: Basic {text}\r\n"))
    };
    assert_eq!(status(""), 401);
    assert_eq!(basic(user), 200);
    assert_eq!(basic(&format!("{user}x")), 401);
}

/// A request at a minute's resolution is not in the cache; the worker builds
/// its block, and the next one is answered from there.
fn check_cache(demo: &Demo, path: &str, prefix: &Path) {
    let path = path.replace("resolution=600", "resolution=60");
    let first = http10(demo.address, "GET", &path, "");
    assert_eq!(first.status(), 200, "{}", first.text());
    let folder = prefix.join("cache/data/Examples/Spectra/_noparam/bin-60s/2021/03");
    let block = folder.join("2021-03-20_bin-60s.d2s");
    within(Duration::from_secs(60), "the block is built", || {
        block.exists()
    });
    let cached = http10(demo.address, "GET", &path, "").text();
    assert!(cached.contains("xCacheResolution"), "{cached:.1000}");
}

/// The reader of Examples/Voyager looks where --voyager says, and nowhere that
/// a client says; clients are not told where.
fn check_archive(demo: &Demo, archive: &Path, prefix: &Path) {
    let range = "start_time=1979-03-01&end_time=1979-03-02";
    let query = format!("server=dataset&dataset=Examples/Voyager&{range}");
    let hostile = "&vgpws_data=/etc&readerFolder=/etc&readerfolder=/etc";
    let path = format!("/das/server?{query}{hostile}");
    let answer = http10(demo.address, "GET", &path, "").text();
    assert!(answer.contains("has no Voyager files yet"), "{answer}");
    let dsdf = "/das/server?server=dsdf&dataset=Examples/Voyager";
    let definition = http10(demo.address, "GET", dsdf, "").text();
    assert!(definition.contains("description="), "{definition}");
    let folder = archive.to_str().unwrap();
    assert!(!answer.contains(folder) && !definition.contains(folder));

    let mut logs = std::fs::read_dir(prefix.join("log")).unwrap();
    let complaint = format!("no file VG1_*.DAT in {folder}\n");
    let is_there = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        // One keyword is set once.
        assert!(!text.contains("SITE_NAME"), "{text}");
        text.contains(&complaint)
    };
    assert!(logs.any(|file| is_there(&file.unwrap().path())));
}
