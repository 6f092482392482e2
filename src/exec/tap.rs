//! Bytes that go from a reader's pipe to the client's as they are, without being
//! copied on the way.
//!
//! What a reader writes has to be looked at here: which packets are wanted, where they
//! end. But most of it is then written out again as it was, and writing means that the
//! system finds new memory for each page and copies into it. So what is read is kept
//! in a second pipe as well (tee makes it refer to the same pages), and what is written
//! out unchanged is moved from there to the client (splice).
//!
//! The one idea: bytes are known by where they lie. Between two reads nothing else can
//! lie where the last read put its bytes; so a slice out of that stretch of memory is
//! what was read, and its place there is its place in the second pipe. Whatever a stage
//! has changed or inflated lies elsewhere, as do the bytes of an unfinished packet that were
//! brought to the front, and is written as ever.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, Result};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice, tee};

/// How much the second pipe holds: what is read at once.
const SIZE: usize = 256 << 10;

/// Where reads bring less than this, the reader is slow or writes little by little;
/// where less than this is written, copying it is cheaper.
const WORTH: usize = 32 << 10;

/// Reads that bring so much are worth being kept.
const MUCH: usize = 128 << 10;

/// Between whom reads a program's output and whom the client's pipe belongs to.
#[derive(Debug, Clone)]
pub struct Tap(Arc<Mutex<State>>);

#[derive(Debug)]
enum State {
    /// Looks whether much comes at once.
    Waiting,
    On(Kept),
    /// Of no use here: little goes out as it is, or the system cannot do it.
    Off,
}

/// What the last read brought.
#[derive(Debug)]
struct Kept {
    from: OwnedFd,
    to: OwnedFd,
    /// Addresses where those of its bytes lie that are still in the pipe, in its order.
    lies: Range<usize>,
    /// How much of it has gone to the client from here.
    moved: usize,
    next: Next,
    /// The bytes themselves, so that tests find out who puts others in their place.
    #[cfg(debug_assertions)]
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Next {
    /// Much came last time, so it will be worth it.
    Keep,
    Plain,
    /// What is in the pipe is not what was read.
    Stop,
}

/// What became of bytes to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// So many went out.
    Moved(usize),
    /// So many at their front have to be written.
    Not(usize),
}

impl Tap {
    pub(super) fn new() -> Tap {
        Tap(Arc::new(Mutex::new(State::Waiting)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads from a pipe that does not block, and keeps what that brings where it is
    /// worth it.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn read(&self, source: BorrowedFd<'_>, into: &mut [u8]) -> Result<usize> {
        let mut state = self.state();
        if let State::On(kept) = &mut *state {
            match kept.read(source, into) {
                Ok(Some(count)) => return Ok(count),
                Ok(None) => {}
                Err(Errno::AGAIN) => return Err(Errno::AGAIN),
                Err(_) => *state = State::Off,
            }
        }
        let count = rustix::io::read(source, into)?;
        match &mut *state {
            State::Waiting if count >= MUCH => *state = Kept::new().map_or(State::Off, State::On),
            State::On(kept) if count >= MUCH => kept.next = Next::Keep,
            _ => {}
        }
        Ok(count)
    }

    /// Forgets what was kept: the memory that was read into may now be anything.
    pub(super) fn forget(&self) {
        *self.state() = State::Waiting;
    }

    /// Moves the front of these bytes to the client, if they are kept and enough to be
    /// worth it.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn send(&self, bytes: &[u8], client: BorrowedFd<'_>) -> Result<Sent> {
        let mut state = self.state();
        let State::On(kept) = &mut *state else {
            return Ok(Sent::Not(bytes.len()));
        };
        match kept.send(bytes, client) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                *state = State::Off;
                Ok(Sent::Not(bytes.len()))
            }
            result => result,
        }
    }
}

impl Kept {
    fn new() -> Result<Kept> {
        let (from, to) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        fcntl_setpipe_size(&to, SIZE)?;
        Ok(Kept {
            from,
            to,
            lies: 0..0,
            moved: 0,
            next: Next::Keep,
            #[cfg(debug_assertions)]
            bytes: Vec::new(),
        })
    }

    /// None where a plain read will do.
    fn read(&mut self, source: BorrowedFd<'_>, into: &mut [u8]) -> Result<Option<usize>> {
        let left = self.lies.len();
        // Where most of much went another way, the rest will, too.
        if matches!(self.next, Next::Stop) || (left > self.moved && left >= MUCH) {
            return Err(Errno::NOTSUP);
        }
        self.skip(left)?;
        self.lies = 0..0;
        self.moved = 0;
        if matches!(self.next, Next::Plain) || into.len() < WORTH {
            return Ok(None);
        }
        let count = tee(source, &self.to, into.len(), SpliceFlags::NONBLOCK)?;
        if count == 0 {
            return Ok(None);
        }
        self.next = Next::Stop;
        let read = read_all(source, into.get_mut(..count).unwrap_or_default())?;
        if read == count {
            let begin = into.as_ptr().addr();
            self.lies = begin..begin + count;
            #[cfg(debug_assertions)]
            into.get(..count)
                .unwrap_or_default()
                .clone_into(&mut self.bytes);
            self.next = match count < WORTH {
                true => Next::Plain,
                false => Next::Keep,
            };
        }
        Ok(Some(read))
    }

    fn send(&mut self, bytes: &[u8], client: BorrowedFd<'_>) -> Result<Sent> {
        let begin = bytes.as_ptr().addr();
        let first = self.lies.start.max(begin);
        let last = self.lies.end.min(begin + bytes.len());
        let count = last.saturating_sub(first);
        if count < WORTH {
            return Ok(Sent::Not(bytes.len()));
        }
        if first > begin {
            return Ok(Sent::Not(first - begin));
        }
        self.skip(first - self.lies.start)?;
        #[cfg(debug_assertions)]
        self.assert_unchanged(bytes.get(..count).unwrap_or_default());
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let moved = splice(&self.from, None, client, None, count, flags)?;
        self.lies.start += moved;
        self.moved += moved;
        Ok(Sent::Moved(moved))
    }

    /// Whether the bytes that are in the pipe are what is to be sent.
    #[cfg(debug_assertions)]
    fn assert_unchanged(&self, sent: &[u8]) {
        let from = self.bytes.len() - self.lies.len();
        let kept = self.bytes.get(from..from + sent.len());
        assert!(
            kept == Some(sent),
            "other bytes lie where the last read put its own"
        );
    }

    /// Drops bytes from the front of the pipe.
    fn skip(&mut self, count: usize) -> Result<()> {
        let mut scratch = [0; 16 << 10];
        let mut left = count;
        while left > 0 {
            let wanted = left.min(scratch.len());
            let space = scratch.get_mut(..wanted).unwrap_or_default();
            let read = read_all(self.from.as_fd(), space)?;
            if read < wanted {
                return Err(Errno::NOTSUP);
            }
            left -= read;
            self.lies.start += read;
        }
        Ok(())
    }
}

/// Reads what is known to be there. Less only where it is not.
fn read_all(source: BorrowedFd<'_>, into: &mut [u8]) -> Result<usize> {
    let mut read = 0;
    while let Some(space) = into.get_mut(read..).filter(|space| !space.is_empty()) {
        match rustix::io::read(source, space) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(Errno::INTR) => {}
            Err(error) if read == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    /// Knuth's generator: the same choices in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
            self.0 = next.wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % bound
        }
    }

    fn wait(fd: impl AsFd, flags: PollFlags) {
        poll(&mut [PollFd::new(&fd, flags)], None).unwrap();
    }

    /// A pipe of a mebibyte whose end here, the reading or the writing one, does not block.
    fn pipe(reading: bool) -> (OwnedFd, OwnedFd) {
        let (from, to) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let _ = fcntl_setpipe_size(&to, 1 << 20);
        let near = if reading { &from } else { &to };
        rustix::fs::fcntl_setfl(near, rustix::fs::OFlags::NONBLOCK).unwrap();
        (from, to)
    }

    /// Writes as a client's pipe does. How many bytes were moved.
    fn send(tap: &Tap, mut bytes: &[u8], client: &OwnedFd) -> usize {
        let mut all = 0;
        while !bytes.is_empty() {
            let sent = match tap.send(bytes, client.as_fd()) {
                Ok(Sent::Not(count)) => {
                    rustix::io::write(client, &bytes[..count]).map(|count| (count, 0))
                }
                Ok(Sent::Moved(count)) => Ok((count, count)),
                Err(error) => Err(error),
            };
            match sent {
                Ok((count, moved)) => {
                    all += moved;
                    bytes = &bytes[count..];
                }
                Err(Errno::AGAIN) => wait(client, PollFlags::OUT),
                Err(error) => panic!("{error}"),
            }
        }
        all
    }

    /// Data of one seed through a tap and stages as they are here: they drop stretches,
    /// change some elsewhere, and hold back ends, which they bring to the front. How much
    /// came, and how much was moved.
    fn relay(seed: u64, largest_write: usize) -> (usize, usize) {
        let (source, theirs) = pipe(true);
        let (client_reads, client) = pipe(false);
        let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n ^ (n >> 9)) as u8).collect();
        let writer = std::thread::spawn(move || {
            let (mut random, mut pipe) = (Random(seed), File::from(theirs));
            let mut left = &data[..];
            while !left.is_empty() {
                let count = (1 + random.below(largest_write)).min(left.len());
                pipe.write_all(&left[..count]).unwrap();
                left = &left[count..];
            }
            data
        });
        let got = std::thread::spawn(move || {
            let mut got = Vec::new();
            File::from(client_reads).read_to_end(&mut got).unwrap();
            got
        });
        let (mut random, tap) = (Random(seed + 1), Tap::new());
        let (mut buffer, mut held) = (vec![0; 256 << 10], 0);
        let (mut moved, mut taken, mut expected) = (0, 0, Vec::new());
        loop {
            let count = match tap.read(source.as_fd(), &mut buffer[held..]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(Errno::AGAIN) => {
                    wait(&source, PollFlags::IN);
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let end = held + count;
            taken += count;
            let whole = end - random.below(3000).min(end);
            let mut at = 0;
            while at < whole {
                let some = [100, 40_000, 1 << 20][random.below(3)];
                let stretch = &buffer[at..(at + 1 + random.below(some)).min(whole)];
                at += stretch.len();
                match random.below(12) {
                    0 => {}
                    1 => {
                        let changed: Vec<u8> = stretch.iter().map(|byte| !byte).collect();
                        send(&tap, &changed, &client);
                        expected.extend(changed);
                    }
                    _ => {
                        moved += send(&tap, stretch, &client);
                        expected.extend(stretch);
                    }
                }
            }
            buffer.copy_within(whole..end, 0);
            held = end - whole;
        }
        tap.forget();
        send(&tap, &buffer[..held], &client);
        expected.extend(&buffer[..held]);
        drop(client);
        let data = writer.join().unwrap();
        assert_eq!(taken, data.len(), "seed {seed}");
        assert!(got.join().unwrap() == expected, "seed {seed}");
        (taken, moved)
    }

    #[test]
    fn whatever_is_done_with_the_bytes_the_client_gets_what_was_sent() {
        let mut moved = 0;
        for seed in 0..60 {
            moved += relay(seed, [300_000, 20_000, 700][seed as usize % 3]).1;
        }
        assert!(moved > 1_000_000, "{moved}");
    }

    /// A pipe with 200 kB in it, and a tap that has them.
    fn tapped() -> (Tap, Vec<u8>, (OwnedFd, OwnedFd)) {
        let (source, theirs) = pipe(true);
        let tap = Tap::new();
        let mut buffer = vec![0; 256 << 10];
        for byte in [1, 2] {
            rustix::io::write(&theirs, &vec![byte; 200_000]).unwrap();
            let count = tap.read(source.as_fd(), &mut buffer).unwrap();
            assert_eq!(count, 200_000);
        }
        (tap, buffer, pipe(false))
    }

    #[test]
    fn what_goes_out_as_it_is_is_moved() {
        let (tap, buffer, (client_reads, client)) = tapped();
        // In two parts with a gap between.
        assert_eq!(send(&tap, &buffer[..90_000], &client), 90_000);
        assert_eq!(send(&tap, &buffer[100_000..200_000], &client), 100_000);
        let mut got = vec![0; 300_000];
        let count = rustix::io::read(&client_reads, &mut got).unwrap();
        assert!(got[..count] == [2; 190_000]);
    }

    #[test]
    fn bytes_of_other_places_are_not() {
        let (tap, buffer, (_reads, client)) = tapped();
        let copy = buffer.clone();
        assert_eq!(send(&tap, &copy[..200_000], &client), 0);
        assert_eq!(send(&tap, &buffer[200_000..250_000], &client), 0);
        // Too little to be worth it.
        assert_eq!(send(&tap, &buffer[..1000], &client), 0);
        // What has left the pipe is written: the first half of these.
        assert_eq!(send(&tap, &buffer[50_000..110_000], &client), 60_000);
        assert_eq!(send(&tap, &buffer[70_000..150_000], &client), 40_000);
        tap.forget();
        assert_eq!(send(&tap, &buffer[150_000..200_000], &client), 0);
    }

    #[test]
    fn who_sends_something_else_gets_no_more() {
        let (tap, mut buffer, (_reads, _client)) = tapped();
        let (source, theirs) = pipe(true);
        rustix::io::write(&theirs, &[3; 200_000]).unwrap();
        assert_eq!(tap.read(source.as_fd(), &mut buffer), Ok(200_000));
        assert!(matches!(*tap.state(), State::Off));
        assert!(buffer[..200_000] == [3; 200_000]);
    }
}
