//! A client: asks one thing after the other from an address of its own, and does
//! not always wait for the answer.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket, sockopt};

use crate::http::Answer;
use crate::questions::{GAP, QUESTIONS, Question, is_busy};
use crate::random::Random;
use crate::site::Soaked;
use crate::tally::{Came, Tally};

/// No answer takes longer, on a machine with much else to do.
const LONGEST: Duration = Duration::from_secs(60);

pub struct Client<'a> {
    site: &'a Soaked,
    number: u64,
    random: Random,
    tally: Tally,
}

impl<'a> Client<'a> {
    pub fn new(site: &'a Soaked, number: u64, random: Random) -> Client<'a> {
        Client {
            site,
            number,
            random,
            tally: Tally::default(),
        }
    }

    /// Each client begins with another question and waits for that answer, so a
    /// short run too has them all.
    pub fn ask_until(mut self, end: Instant) -> Tally {
        let own = QUESTIONS.iter().skip(self.number as usize);
        for question in own.step_by(crate::CLIENTS as usize) {
            while self.ask(question, true) == Came::Busy && Instant::now() < end {}
        }
        while Instant::now() < end {
            let question = self.random.of(QUESTIONS);
            if !question.rare || self.random.one_in(4) {
                self.ask(question, false);
            }
        }
        self.tally
    }

    fn ask(&mut self, question: &'static Question, waits: bool) -> Came {
        let came = self.came_of(question, waits);
        self.tally.add_one(question.name, &came);
        came
    }

    fn came_of(&mut self, question: &'static Question, waits: bool) -> Came {
        let asked = (question.ask)(&mut self.random);
        if question.name == GAP {
            self.lose_a_block();
        }
        let version = *self.random.of(&["1.0", "1.1"]);
        let request = format!(
            "GET {} HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n{}\r\n",
            asked.path, asked.headers
        );
        let leaves = question.endless || (!waits && self.random.one_in(3));
        let mut stream = self.connect();
        if leaves {
            self.leave(stream, &request);
            return Came::Left;
        }
        // A server that refuses may close before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            return Came::Wrong(format!("{request}{error} after {} bytes", bytes.len()));
        }
        if !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
            return Came::Wrong(format!("{request}no head in {} bytes", bytes.len()));
        }
        let mut answer = Answer::of(bytes);
        if answer.header("Transfer-Encoding") == Some("chunked") {
            match whole(&answer.body) {
                Some(body) => answer.body = body,
                None => return Came::Wrong(format!("{request}cut short")),
            }
        }
        if is_busy(&answer) {
            return Came::Busy;
        }
        match asked.wanted.differs(&answer) {
            None => Came::Right,
            Some(what) => {
                let text: Vec<char> = answer.text().chars().collect();
                let begin: String = text.iter().take(400).collect();
                let end: String = text
                    .iter()
                    .skip(400.max(text.len().saturating_sub(300)))
                    .collect();
                let head = &answer.head;
                Came::Wrong(format!(
                    "{request}{what}, but:\n{head}{begin}\n[...]\n{end}"
                ))
            }
        }
    }

    /// From an address of its own: limits for an address are not for all of them.
    fn connect(&mut self) -> TcpStream {
        let own = Ipv4Addr::new(127, 0, 1, 1 + self.number as u8);
        let fd = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&fd, &SocketAddr::from((own, 0))).unwrap();
        connect(&fd, self.random.of(&self.site.doors)).unwrap();
        let stream = TcpStream::from(fd);
        stream.set_read_timeout(Some(LONGEST)).unwrap();
        stream
    }

    /// Goes at any point: in the middle of the request, behind it, in the answer.
    fn leave(&mut self, mut stream: TcpStream, request: &str) {
        if self.random.one_in(4) {
            let part = self.random.below(request.len());
            let _ = stream.write_all(&request.as_bytes()[..part]);
        } else {
            let _ = stream.write_all(request.as_bytes());
            let most = 1 << self.random.below(18);
            let patience = Duration::from_millis(1 + self.random.below(1000) as u64);
            stream.set_read_timeout(Some(patience)).unwrap();
            read_some(stream.try_clone().unwrap(), most, patience);
        }
        // The connection ends without a word, or in order.
        if self.random.one_in(2) {
            sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        }
    }

    /// Removes a block of the cache, as pruning does at any time.
    fn lose_a_block(&mut self) {
        let mut blocks = Vec::new();
        gather(&self.site.cache(), &mut blocks);
        if !blocks.is_empty() {
            // Another client may have been faster.
            let _ = std::fs::remove_file(self.random.of(&blocks));
        }
    }
}

fn read_some(mut stream: TcpStream, mut most: usize, patience: Duration) {
    let start = Instant::now();
    let mut buffer = [0; 4096];
    while most > 0 && start.elapsed() < patience {
        let part = most.min(buffer.len());
        match stream.read(&mut buffer[..part]) {
            Ok(0) => return,
            Ok(length) => most -= length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// All finished files below a folder.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        match path.is_dir() {
            true => gather(&path, files),
            false if name.as_encoded_bytes().starts_with(b".") => {}
            false => files.push(path),
        }
    }
}

/// Chunks put together; None if the last one is missing.
fn whole(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n")?;
        let length = std::str::from_utf8(&chunks[..end]).ok()?;
        let length = usize::from_str_radix(length.trim(), 16).ok()?;
        chunks = &chunks[end + 2..];
        if length == 0 {
            return (chunks == b"\r\n").then_some(body);
        }
        body.extend_from_slice(chunks.get(..length)?);
        chunks = chunks.get(length..)?.strip_prefix(b"\r\n")?;
    }
}
