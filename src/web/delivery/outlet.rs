//! The way to the client, headers first.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::rc::Rc;

use crate::cache::serve::Client;
use crate::exec::ClientPipe;

/// Writes headers in front of the first bytes, in one piece with them: until
/// then another answer is possible.
pub struct Outlet {
    client: ClientPipe,
    /// None once it has been written.
    head: Option<Vec<u8>>,
    sent: Rc<Cell<u64>>,
}

/// Bytes of body that an [`Outlet`] has sent, seen from outside.
#[derive(Clone)]
pub struct Sent(Rc<Cell<u64>>);

impl Sent {
    /// How many.
    pub fn bytes(&self) -> u64 {
        self.0.get()
    }
}

impl Outlet {
    /// Nothing is written yet.
    pub fn new(client: ClientPipe, head: Vec<u8>) -> Outlet {
        Outlet {
            client,
            head: Some(head),
            sent: Rc::default(),
        }
    }

    /// The count of bytes, which lives on beside it.
    pub fn sent(&self) -> Sent {
        Sent(Rc::clone(&self.sent))
    }

    fn write_with_head(&mut self, head: &[u8], bytes: &[u8]) -> io::Result<usize> {
        // A large first piece is not worth a copy.
        let (first, _) = bytes.split_at_checked(4096).unwrap_or((bytes, &[]));
        self.client.write_all(&[head, first].concat())?;
        Ok(first.len())
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let written = match self.head.take() {
            Some(head) => self.write_with_head(&head, bytes)?,
            None => self.client.write(bytes)?,
        };
        self.sent
            .set(self.sent.get().saturating_add(written as u64));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.client.flush()
    }
}

impl Client for Outlet {
    fn send_file(&mut self, file: &File, offset: u64, length: u64) -> io::Result<()> {
        if let Some(head) = self.head.take() {
            self.client.write_all(&head)?;
        }
        self.client.send_file(file, offset, length)?;
        self.sent.set(self.sent.get().saturating_add(length));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn headers_go_with_the_first_bytes() {
        let (theirs, mine) = rustix::pipe::pipe().unwrap();
        let mut outlet = Outlet::new(ClientPipe::new(mine).unwrap(), b"HEAD\r\n\r\n".to_vec());
        let sent = outlet.sent();
        outlet.write_all(b"").unwrap();
        assert_eq!(sent.bytes(), 0);
        let body = vec![b'x'; 10_000];
        outlet.write_all(&body).unwrap();
        outlet.write_all(b"y").unwrap();
        assert_eq!(sent.bytes(), 10_001);
        drop(outlet);
        let mut got = Vec::new();
        std::fs::File::from(theirs).read_to_end(&mut got).unwrap();
        assert_eq!(got, [b"HEAD\r\n\r\n".as_slice(), &body, b"y"].concat());
    }
}
