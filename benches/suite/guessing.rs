//! What somebody who keeps trying passwords costs the others.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use das2_server::access::hash;

use crate::Setting;
use crate::measure::{median, ratio};
use crate::startup::site;
use crate::table::Row;
use crate::through_apache::{Apache, get_with};

/// The others, and what each of them asks in one timing: some guesses long.
const CLIENTS: usize = 8;
const REQUESTS: usize = 400;

pub fn rows(setting: &Setting) -> Vec<Row> {
    let Some(apache) = Apache::start_with(setting, &closed_site(&setting.folder)) else {
        eprintln!("no Apache with mod_cgid: not measured");
        return Vec::new();
    };
    let address = apache.address;
    let answer = guess(address);
    assert!(
        answer.starts_with(b"HTTP/1.1 401"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 0..=setting.runs {
        let quiet = percentile(address);
        let ended = AtomicBool::new(false);
        let busy = std::thread::scope(|scope| {
            let guesser = scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    guess(address);
                }
            });
            let busy = percentile(address);
            ended.store(true, Ordering::Relaxed);
            guesser.join().expect("the guesser");
            busy
        });
        if round > 0 {
            alone.push(quiet);
            beside.push(busy);
        }
    }
    let (alone, beside) = (median(alone), median(beside));
    vec![Row {
        what: "server=dsdf, p95 of 8 clients beside one who tries passwords (bcrypt, cost 10)"
            .into(),
        yardstick: "without that one".into(),
        figure: format!("{:.2} ms", beside.as_secs_f64() * 1e3),
        ratio: Some(ratio(beside, alone)),
        limit: Some(1.5),
        over_das2c: None,
    }]
}

/// The site of the other measurements, with a closed source and a user.
fn closed_site(folder: &Path) -> PathBuf {
    let conf = site(folder);
    let text = std::fs::read_to_string(&conf).expect("the configuration");
    let root = folder.join("site");
    let state = root.join("state");
    std::fs::create_dir_all(&state).expect("a folder");
    // Apache runs as another account.
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o777)).expect("its mode");
    let passwords = root.join("etc/passwd");
    let hash = hash::make(b"secret").expect("a hash");
    std::fs::write(&passwords, format!("me:{hash}\n")).expect("passwords");
    let dsdf = "reader = 'cat'\ndas2Stream = 1\nreadAccess = 'USER:me'\n";
    std::fs::write(root.join("datasets/Bench/Closed.dsdf"), dsdf).expect("a source");
    let closed = root.join("etc/closed.conf");
    let (passwords, state) = (passwords.display(), state.display());
    let text = format!("{text}USER_PASSWD = {passwords}\nSTATE_PATH = {state}\n");
    std::fs::write(&closed, text).expect("a configuration");
    closed
}

/// Tries a wrong password.
fn guess(address: SocketAddr) -> Vec<u8> {
    let path =
        "/cgi/server?server=dataset&dataset=Bench/Closed&start_time=2000-01-01&end_time=2000-01-02";
    // me:guess
    get_with(address, path, "Authorization: Basic bWU6Z3Vlc3M=\r\n").expect("an answer")
}

/// What 95 of 100 requests of the others take at most.
fn percentile(address: SocketAddr) -> Duration {
    let client = || {
        let mut times = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let begin = Instant::now();
            let path = "/cgi/server?server=dsdf&dataset=Bench/Spectra";
            let answer = get_with(address, path, "").expect("an answer");
            times.push(begin.elapsed());
            assert!(answer.starts_with(b"HTTP/1.1 200"));
        }
        times
    };
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let each = clients
            .into_iter()
            .map(|client| client.join().expect("a client"));
        each.flatten().collect()
    });
    times.sort();
    times[times.len() * 95 / 100]
}
