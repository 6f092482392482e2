//! An HTTP client that hides nothing: the tests look at bytes and at how
//! names are spelled.
#![allow(dead_code)] // each test program uses its part

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

#[path = "../answer/mod.rs"]
mod answer;

pub use answer::Answer;

/// No answer of a test takes longer.
const LONGEST: Duration = Duration::from_secs(60);

/// A connection on which `request`, written as it is, has been sent.
pub fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    // A server that refuses may close before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    stream
}

/// The answer to `request`, which has to make the server close the connection.
pub fn ask(address: SocketAddr, request: &str) -> Answer {
    let mut bytes = Vec::new();
    send(address, request).read_to_end(&mut bytes).unwrap();
    Answer::of(bytes)
}

/// As [`ask`], with a method, a path with its query, and HTTP/1.0: no chunks.
pub fn http10(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    ask(
        address,
        &format!("{method} {path} HTTP/1.0\r\n{headers}\r\n"),
    )
}

/// Reads until `bytes` hold what `enough` wants; the connection stays open.
pub fn read_until(stream: &mut TcpStream, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !enough(&bytes) {
        let length = stream.read(&mut buffer).unwrap();
        assert!(
            length > 0,
            "ended early: {}",
            String::from_utf8_lossy(&bytes)
        );
        bytes.extend_from_slice(&buffer[..length]);
    }
    bytes
}

/// Waits until `condition` holds, at most `bound`, and says how long it took.
pub fn within(bound: Duration, what: &str, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < bound, "not within {bound:?}: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(10));
    }
    start.elapsed()
}

/// Tries until one attempt takes less than `limit`: a busy machine delays any one, but
/// not each of them.
pub fn takes_less_than(limit: Duration, what: &str, mut attempt: impl FnMut() -> Duration) {
    let start = Instant::now();
    loop {
        let took = attempt();
        if took < limit {
            return;
        }
        assert!(start.elapsed() < LONGEST, "{what}: {took:?}, not {limit:?}");
    }
}

/// Waits until `condition` holds, and says how long it took.
pub fn time_until(what: &str, condition: impl FnMut() -> bool) -> Duration {
    within(LONGEST, what, condition)
}

/// Whether the process of this number is there; one that has ended and is not
/// yet reaped is not.
pub fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    status.is_ok_and(|status| {
        let state = status.rsplit(") ").next().unwrap();
        !state.starts_with('Z')
    })
}
