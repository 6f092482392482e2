//! The body of an answer on its way: as it is, or compressed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::write::GzEncoder;

use super::outlet::{Outlet, Sent};
use crate::cache::serve::Client;
use crate::exec::ClientPipe;
use crate::web::encoding::OF_STREAMS;
use crate::web::response::Head;

/// Takes a stream and sends it after its headers.
pub struct Body {
    way: Way,
    sent: Sent,
    /// The encoder holds something back.
    held: bool,
}

enum Way {
    Plain(Outlet),
    /// Before the first byte: an encoder would write something at its end even so.
    BeforeGzip(Outlet),
    Gzip(Box<GzEncoder<Outlet>>),
    /// Between the two.
    Changing,
}

impl Body {
    /// Nothing is written yet. It is compressed if the headers say so.
    pub fn new(client: ClientPipe, head: &Head) -> Body {
        let outlet = Outlet::new(client, head.to_bytes());
        Body {
            sent: outlet.sent(),
            held: false,
            way: match head.is_gzip() {
                true => Way::BeforeGzip(outlet),
                false => Way::Plain(outlet),
            },
        }
    }

    /// The count of bytes, which lives on beside it.
    pub fn sent(&self) -> Sent {
        self.sent.clone()
    }

    fn begin(&mut self) {
        if let Way::BeforeGzip(_) = self.way
            && let Way::BeforeGzip(outlet) = std::mem::replace(&mut self.way, Way::Changing)
        {
            self.way = Way::Gzip(Box::new(GzEncoder::new(outlet, OF_STREAMS)));
        }
    }
}

impl Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.begin();
        match &mut self.way {
            Way::Plain(outlet) => outlet.write(bytes),
            Way::Gzip(encoder) => {
                self.held = true;
                encoder.write(bytes)
            }
            Way::BeforeGzip(_) | Way::Changing => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// What has been written can be read at the other end.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.way {
            Way::Plain(outlet) => outlet.flush(),
            Way::Gzip(encoder) if self.held => {
                self.held = false;
                encoder.flush()
            }
            _ => Ok(()),
        }
    }
}

impl Client for Body {
    fn send_file(&mut self, file: &File, offset: u64, length: u64) -> io::Result<()> {
        if let Way::Plain(outlet) = &mut self.way {
            return outlet.send_file(file, offset, length);
        }
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        let copied = io::copy(&mut file.take(length), self)?;
        match copied == length {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::response::{PLAIN_TEXT, Status};

    fn body(is_gzip: bool) -> (Body, File) {
        let (theirs, mine) = rustix::pipe::pipe().unwrap();
        let mut head = Head::new(Status::OK, PLAIN_TEXT);
        if is_gzip {
            head.set_gzip();
        }
        (
            Body::new(ClientPipe::new(mine).unwrap(), &head),
            File::from(theirs),
        )
    }

    fn read(mut theirs: File) -> Vec<u8> {
        let mut got = Vec::new();
        theirs.read_to_end(&mut got).unwrap();
        got
    }

    fn after_head(bytes: &[u8]) -> &[u8] {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        &bytes[end.unwrap() + 4..]
    }

    #[test]
    fn without_a_byte_there_is_nothing_at_all() {
        for is_gzip in [false, true] {
            let (mut body, theirs) = body(is_gzip);
            body.write_all(b"").unwrap();
            body.flush().unwrap();
            assert_eq!(body.sent().bytes(), 0);
            drop(body);
            assert!(read(theirs).is_empty());
        }
    }

    #[test]
    fn what_is_flushed_can_be_read_at_once() {
        let (mut body, mut theirs) = body(true);
        body.write_all(b"first").unwrap();
        body.flush().unwrap();
        let mut piece = vec![0; 4096];
        let count = theirs.read(&mut piece).unwrap();
        let mut decoder = flate2::write::GzDecoder::new(Vec::new());
        decoder.write_all(after_head(&piece[..count])).unwrap();
        decoder.flush().unwrap();
        assert_eq!(decoder.get_ref(), b"first");
        let before = body.sent().bytes();
        body.flush().unwrap();
        assert_eq!(body.sent().bytes(), before);
        // Parts of files go the same way.
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        body.send_file(&file, 2, 3).unwrap();
        assert!(body.send_file(&file, 8, 3).is_err());
        drop(body);
        decoder.write_all(&read(theirs)).unwrap();
        assert_eq!(decoder.finish().unwrap(), b"first23489");
    }
}
