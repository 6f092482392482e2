//! Filters run in this process, fed in pieces of any size.

use std::io;

use das2_server::filter::{Chain, Step};
use das2_server::stream::{Error, Exception, Input, Reader, Sink};

/// Hands bytes out in pieces whose sizes go round.
pub struct Pieces<'a> {
    pub bytes: &'a [u8],
    pub sizes: &'a [usize],
    pub next: usize,
    /// Whether there is a pause before each piece.
    pub pauses: bool,
}

impl Input for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()];
        self.next += 1;
        let count = size.min(into.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(count);
        into[..count].copy_from_slice(now);
        self.bytes = later;
        Ok(count)
    }

    fn would_wait(&mut self) -> bool {
        self.pauses
    }
}

/// What a run left behind.
pub struct Ran {
    pub bytes: Vec<u8>,
    pub error: Option<Error>,
}

/// The program of a command line, as it runs in the server.
pub fn chain(words: &[&str]) -> Chain {
    Chain::of(Step::from_words(words).unwrap().unwrap())
}

/// Runs a filter as its program would, in pieces of these sizes.
pub fn run_in_pieces(words: &[&str], input: &[u8], sizes: &[usize]) -> Ran {
    let pieces = Pieces {
        bytes: input,
        sizes,
        next: 0,
        pauses: true,
    };
    run_of(words, pieces)
}

/// Runs a filter as its program would.
pub fn run_of(words: &[&str], input: impl Input) -> Ran {
    let chain = chain(words);
    let mut bytes = Vec::new();
    let mut stage = chain.sink(&mut bytes);
    let error = Reader::of(chain.dialect(), input).pump(&mut stage).err();
    if let Some(error) = &error {
        let exception = Exception::new(Exception::SERVER_ERROR, &error.to_string());
        stage.abort(&exception).unwrap();
    }
    drop(stage);
    Ran { bytes, error }
}

/// Runs a filter that has to succeed.
pub fn bytes_of(words: &[&str], input: &[u8]) -> Vec<u8> {
    let ran = run_in_pieces(words, input, &[usize::MAX]);
    if let Some(error) = ran.error {
        panic!("{words:?}: {error}");
    }
    ran.bytes
}

/// The words of a command line.
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// Two outputs that have to be the same, byte by byte.
pub fn assert_same(one: &[u8], other: &[u8], what: &str) {
    if one == other {
        return;
    }
    let pairs = one.iter().zip(other);
    let at = pairs.take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let (from, to) = (
            at.saturating_sub(60).min(bytes.len()),
            (at + 60).min(bytes.len()),
        );
        bytes[from..to].escape_ascii().to_string()
    };
    panic!(
        "{what}: different from byte {at} on, of {} and {}\n  {}\n  {}",
        one.len(),
        other.len(),
        around(one),
        around(other)
    );
}
