//! A site under mixed load: 32 clients, of which some leave midway, readers that
//! fail in every way, and a worker beside them. Every answer is right or a clear
//! error, and at the end nothing is left of it all.
//!
//! DAS2_TEST_SOAK=SECONDS says for how long, DAS2_TEST_SOAK_SEED=N repeats the
//! choices of a run (not the order in which the machine gets to them).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../http/mod.rs"]
mod http;
#[path = "../instance/mod.rs"]
mod instance;
#[allow(dead_code)] // tests/apache has more ways to start one
#[path = "../apache/server.rs"]
mod server;

mod client;
mod data;
mod questions;
mod random;
mod remains;
mod site;
mod tally;

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use client::Client;
use random::Random;
use remains::Watch;
use site::Soaked;
use tally::Tally;

const CLIENTS: u64 = 32;

/// Long enough for every kind of question, short enough for every run of the tests.
const SECONDS: u64 = 15;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}

/// Past the capture of test output: who waits for minutes wants to see something.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn mixed_requests_leave_nothing_behind() {
    let long = number("DAS2_TEST_SOAK");
    let length = Duration::from_secs(long.unwrap_or(SECONDS));
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let seed = number("DAS2_TEST_SOAK_SEED").unwrap_or(now.as_millis() as u64);
    let mut report = format!("soak: {} s, seed {seed}\n", length.as_secs());

    let site = Soaked::start();
    site.is_well();
    let mut watch = Watch::of(&site);
    let end = Instant::now() + length;
    let (done, ticks) = channel::<()>();
    let tally = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (site, done) = (&site, done.clone());
                scope.spawn(move || {
                    let random = Random::new(seed.wrapping_mul(1000) + number);
                    let tally = Client::new(site, number, random).ask_until(end);
                    drop(done);
                    tally
                })
            })
            .collect();
        drop(done);
        // A channel without senders is the end of the last client.
        while ticks.recv_timeout(length / 40) == Err(RecvTimeoutError::Timeout) {
            watch.look();
        }
        let mut sum = Tally::default();
        for client in clients {
            sum.add(client.join().unwrap());
        }
        sum
    });
    report.push_str(&tally.to_string());
    report.push_str(&watch.to_string());
    match long {
        Some(_) => say(&report),
        None => println!("{report}"),
    }

    tally.is_well(&site);
    let left = watch.what_is_left(&site);
    assert!(left.is_empty(), "left:\n{left}");
    site.is_well();
    watch.is_well();
    site.end();
}
