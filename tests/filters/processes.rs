//! The programs as processes of their own.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An executable of ours.
pub fn program(name: &str) -> Command {
    // They all lie in one folder.
    let path = Path::new(env!("CARGO_BIN_EXE_das2_ascii")).with_file_name(name);
    Command::new(path)
}

/// The one that a line names, with its arguments.
pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = program(words.next().unwrap());
    command.args(words);
    command
}

/// Runs to the end over this input.
pub fn fed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // It may end before it has read everything.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

/// A program whose input stays open, and what it has written so far.
pub struct Running {
    child: Child,
    pieces: Receiver<Vec<u8>>,
    pub got: Vec<u8>,
}

impl Running {
    pub fn start(line: &str) -> Running {
        let mut child = command(line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (send, pieces) = channel();
        std::thread::spawn(move || {
            let mut piece = vec![0; 1 << 16];
            while let Ok(count @ 1..) = stdout.read(&mut piece) {
                if send.send(piece[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Running {
            child,
            pieces,
            got: Vec::new(),
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Waits until the output fulfils a condition; it may only give up.
    pub fn wait_for(&mut self, what: &str, done: impl Fn(&[u8]) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(&self.got) {
            let left = end.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.got.extend(piece),
                Err(_) => panic!("no {what} in {} bytes", self.got.len()),
            }
        }
    }

    /// The most memory it has had, in bytes.
    pub fn peak(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            << 10
    }

    pub fn end(mut self) -> Vec<u8> {
        drop(self.child.stdin.take());
        while let Ok(piece) = self.pieces.recv() {
            self.got.extend(piece);
        }
        assert!(self.child.wait().unwrap().success());
        std::mem::take(&mut self.got)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
