//! Writing to the client without getting stuck in it.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat, sendfile};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

use super::errors::Stop;
use super::signals;
use super::tap::{Sent, Tap};

/// Standard output of a CGI program. A plain write to a client that reads no
/// further would block, and neither a time limit nor a signal could end the
/// reader behind it: this one waits for either.
#[derive(Debug)]
pub struct ClientPipe {
    output: OwnedFd,
    kind: Kind,
    deadline: Option<(Instant, Duration)>,
    tap: Option<Tap>,
}

#[derive(Debug)]
enum Kind {
    /// Flags are restored at the end: others may have the same pipe open.
    Pipe(OFlags),
    Socket,
    /// A file or a terminal, written as ever.
    Other,
}

impl ClientPipe {
    /// Standard output, enlarged where it is a pipe.
    ///
    /// # Errors
    /// The system's, when standard output is closed.
    pub fn stdout() -> io::Result<ClientPipe> {
        ClientPipe::new(rustix::stdio::stdout().try_clone_to_owned()?)
    }

    /// Any open pipe, socket or file.
    ///
    /// # Errors
    /// The system's.
    pub fn new(output: OwnedFd) -> io::Result<ClientPipe> {
        let kind = match FileType::from_raw_mode(fstat(&output)?.st_mode) {
            FileType::Fifo => {
                super::enlarge_pipe(&output);
                let flags = fcntl_getfl(&output)?;
                fcntl_setfl(&output, flags | OFlags::NONBLOCK)?;
                Kind::Pipe(flags)
            }
            FileType::Socket => Kind::Socket,
            _ => Kind::Other,
        };
        Ok(ClientPipe {
            output,
            kind,
            deadline: None,
            tap: None,
        })
    }

    /// For a reader much of whose output will be written here as it is: with this it is
    /// moved instead. None where that is not possible.
    ///
    /// A socket is no place for it, see [`ClientPipe::send_file`].
    pub fn tap(&mut self) -> Option<Tap> {
        match self.kind {
            Kind::Pipe(_) => Some(self.tap.get_or_insert_with(Tap::new).clone()),
            Kind::Socket | Kind::Other => None,
        }
    }

    /// After this time from now, a write that has to wait gives [`Stop::Time`].
    pub fn set_time_limit(&mut self, limit: Option<Duration>) {
        let deadline = limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit)));
        self.deadline = deadline;
    }

    fn try_write(&self, mut bytes: &[u8]) -> rustix::io::Result<usize> {
        if let Some(tap) = &self.tap {
            match tap.send(bytes, self.output.as_fd())? {
                Sent::Moved(count) => return Ok(count),
                Sent::Not(count) => bytes = bytes.get(..count).unwrap_or(bytes),
            }
        }
        match self.kind {
            Kind::Socket => send(
                &self.output,
                bytes,
                SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
            ),
            _ => rustix::io::write(&self.output, bytes),
        }
    }

    /// Sends a part of a file: into a pipe without reading it, into a socket through a
    /// small buffer.
    ///
    /// The socket is Apache's (mod_cgid), which copies out of it eight kilobytes at a time.
    /// What has just been written comes to it out of the processor's cache; pages of a file
    /// would come out of memory, and that takes longer than writing them first.
    ///
    /// # Errors
    /// Those of [`ClientPipe::write`]; a file that ends before its part does.
    pub fn send_file(&mut self, file: &File, offset: u64, length: u64) -> io::Result<()> {
        /// Three quarters of a large pipe: who reads it can begin while the rest comes. A
        /// whole one would be filled while he waits, and smaller pieces wake him too often.
        /// They end where pages do.
        const PIECE: u64 = 768 << 10;
        const EDGE: u64 = 64 << 10;
        let mut at = offset;
        let end = offset.saturating_add(length);
        if matches!(self.kind, Kind::Socket) {
            return self.copy_file(file, at, end);
        }
        while at < end {
            let edge = at.saturating_add(PIECE) / EDGE * EDGE;
            let piece = usize::try_from(end.min(edge) - at).unwrap_or(usize::MAX);
            match sendfile(&self.output, file, Some(&mut at), piece) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.wait()?,
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(Stop::ClientGone.into()),
                Err(Errno::INVAL | Errno::NOSYS) => return self.copy_file(file, at, end),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// For sockets, and for outputs that the system cannot send files to, such as files
    /// opened for appending.
    fn copy_file(&mut self, file: &File, mut at: u64, end: u64) -> io::Result<()> {
        let mut buffer = vec![0; 32 << 10];
        while at < end {
            let wanted = buffer
                .len()
                .min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let space = buffer.get_mut(..wanted).unwrap_or_default();
            let count = file.read_at(space, at)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let bytes = buffer.get(..count).unwrap_or_default();
            self.write_all(bytes)?;
            at += count as u64;
        }
        Ok(())
    }

    fn wait(&self) -> io::Result<()> {
        let mut fds = vec![PollFd::new(&self.output, PollFlags::OUT)];
        fds.extend(signals::wake().map(|wake| PollFd::from_borrowed_fd(wake, PollFlags::IN)));
        let left = self
            .deadline
            .map(|(end, _)| end.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if signals::told_to_end() {
            return Err(Stop::Terminated.into());
        }
        match self.deadline {
            Some((end, limit)) if Instant::now() >= end => Err(Stop::Time(limit).into()),
            _ => Ok(()),
        }
    }
}

impl Write for ClientPipe {
    /// A client that has gone gives [`Stop::ClientGone`].
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.try_write(bytes) {
                Ok(written) => return Ok(written),
                Err(Errno::AGAIN) => self.wait()?,
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => return Err(Stop::ClientGone.into()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for ClientPipe {
    fn as_fd(&self) -> rustix::fd::BorrowedFd<'_> {
        self.output.as_fd()
    }
}

impl Drop for ClientPipe {
    fn drop(&mut self) {
        if let Kind::Pipe(flags) = self.kind {
            let _ = fcntl_setfl(&self.output, flags);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn pairs() -> [(OwnedFd, OwnedFd); 2] {
        let (mine, theirs) = UnixStream::pair().unwrap();
        [
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap(),
            (mine.into(), theirs.into()),
        ]
    }

    #[test]
    fn everything_arrives_however_slow_the_client() {
        for (theirs, mine) in pairs() {
            let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
            let expected = bytes.clone();
            let writing = std::thread::spawn(move || {
                let mut client = ClientPipe::new(mine).unwrap();
                client.write_all(&bytes).unwrap();
            });
            let mut got = Vec::new();
            std::fs::File::from(theirs).read_to_end(&mut got).unwrap();
            writing.join().unwrap();
            assert!(got == expected);
        }
    }

    #[test]
    fn a_client_that_reads_nothing_meets_the_time_limit() {
        for (_theirs, mine) in pairs() {
            let mut client = ClientPipe::new(mine).unwrap();
            client.set_time_limit(Some(Duration::from_millis(30)));
            let error = client.write_all(&vec![0; 8 << 20]).unwrap_err();
            assert_eq!(
                Stop::of(&error),
                Some(Stop::Time(Duration::from_millis(30)))
            );
        }
    }

    #[test]
    fn parts_of_files_arrive_in_pipes_sockets_and_files() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        for (theirs, mine) in pairs() {
            let file = file.try_clone().unwrap();
            let writing = std::thread::spawn(move || {
                let mut client = ClientPipe::new(mine).unwrap();
                client.write_all(b"head").unwrap();
                client.send_file(&file, 5, 2_900_000).unwrap();
            });
            let mut got = Vec::new();
            std::fs::File::from(theirs).read_to_end(&mut got).unwrap();
            writing.join().unwrap();
            assert!(got == [b"head", &bytes[5..2_900_005]].concat());
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let out = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        let mut client = ClientPipe::new(out.into()).unwrap();
        client.send_file(&file, 10, 100_000).unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes[10..100_010]);
        // A file that has become shorter is an error, not an endless wait.
        let error = client.send_file(&file, 2_999_999, 100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_client_that_closed_has_gone() {
        for (theirs, mine) in pairs() {
            drop(theirs);
            let error = ClientPipe::new(mine).unwrap().write_all(b"x").unwrap_err();
            assert_eq!(Stop::of(&error), Some(Stop::ClientGone));
        }
    }

    #[test]
    fn the_pipes_flags_are_restored() {
        let (_theirs, mine) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let before = fcntl_getfl(&mine).unwrap();
        drop(ClientPipe::new(mine.try_clone().unwrap()).unwrap());
        assert_eq!(fcntl_getfl(&mine).unwrap(), before);
    }
}
