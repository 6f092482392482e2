//! Turns calls back into bytes.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::error::{Error, Result};
use super::frame::{HeaderTag, MAX_HEADER, MAX_PACKET, PacketId, header_tag};
use super::header::{Comment, Exception, PacketHeader, StreamHeader};
use super::sink::{Run, Sink};

/// Gathered output is written at the latest when this many bytes are there.
const FULL: usize = 64 << 10;

/// The last stage: a sink that writes das2.2.
pub struct Writer<W: Write> {
    output: Output<W>,
    gathered: Vec<u8>,
    begun: bool,
    deflate: bool,
    /// The encoder holds something back.
    held: bool,
    qstream: bool,
}

enum Output<W: Write> {
    Plain(W),
    /// After the stream header of a compressed stream.
    Deflate(ZlibEncoder<W>),
    /// Between the two.
    Changing,
}

impl<W: Write> Writer<W> {
    /// Writes a plain stream.
    pub fn new(output: W) -> Writer<W> {
        Writer {
            output: Output::Plain(output),
            gathered: Vec::new(),
            begun: false,
            deflate: false,
            held: false,
            qstream: false,
        }
    }

    /// Writes a stream whose bytes after the header are one zlib stream.
    pub fn deflated(output: W) -> Writer<W> {
        Writer {
            deflate: true,
            ..Writer::new(output)
        }
    }

    /// Writes a QStream, which may be nothing but an exception.
    pub fn of_qstream(output: W) -> Writer<W> {
        Writer {
            qstream: true,
            ..Writer::new(output)
        }
    }

    /// True when a stream header has been written, or gathered for writing.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// The output itself, for bytes that are packets already, after all that
    /// was gathered. None where they would have to be compressed.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn plain_output(&mut self) -> Result<Option<&mut W>> {
        self.write_gathered()?;
        match &mut self.output {
            Output::Plain(plain) => Ok(Some(plain)),
            _ => Ok(None),
        }
    }

    /// Writes bytes that are whole packets already.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn packets(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() >= FULL {
            self.write_gathered()?;
            self.held = true;
            return self.output.write(bytes);
        }
        self.gathered.extend(bytes);
        self.write_full()
    }

    /// Writes one record: the bytes of its values, in the order of the planes.
    ///
    /// # Errors
    /// [`Error::Unfit`] when they are not as many as the packet header of this
    /// ID says; [`Error::Output`].
    pub fn record(&mut self, id: PacketId, header: &PacketHeader, values: &[u8]) -> Result<()> {
        let wanted = header.data_size();
        if values.len() != wanted {
            return Err(Error::Unfit(format!(
                "a record of {} bytes where the packet header says {wanted}",
                values.len()
            )));
        }
        self.gathered.extend(id.data_tag());
        self.gathered.extend(values);
        self.write_full()
    }

    fn header(&mut self, tag: HeaderTag, xml: &str) -> Result<()> {
        if xml.len() > MAX_HEADER {
            return Err(Error::Unfit(format!(
                "a header of {} bytes is more than six digits of length can say",
                xml.len()
            )));
        }
        self.gathered.extend(header_tag(tag, xml.len()).as_bytes());
        self.gathered.extend(xml.as_bytes());
        self.write_full()
    }

    fn write_full(&mut self) -> Result<()> {
        if self.gathered.len() >= FULL {
            self.write_gathered()?;
        }
        Ok(())
    }

    fn write_gathered(&mut self) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let result = self.output.write(&self.gathered);
        self.gathered.clear();
        self.held = true;
        result
    }

    fn begin_deflate(&mut self) -> Result<()> {
        self.write_gathered()?;
        if let Output::Plain(plain) = std::mem::replace(&mut self.output, Output::Changing) {
            self.output = Output::Deflate(ZlibEncoder::new(plain, Compression::default()));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        self.write_gathered()?;
        match &mut self.output {
            Output::Plain(plain) => plain.flush(),
            Output::Deflate(zlib) => zlib.try_finish().and_then(|()| zlib.get_mut().flush()),
            Output::Changing => Ok(()),
        }
        .map_err(Error::Output)
    }
}

impl<W: Write> Output<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Output::Plain(plain) => plain.write_all(bytes),
            Output::Deflate(zlib) => zlib.write_all(bytes),
            Output::Changing => Ok(()),
        }
        .map_err(Error::Output)
    }
}

impl<W: Write> Sink for Writer<W> {
    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        self.begun = true;
        if self.deflate {
            let mut header = header.clone();
            header.set_deflated(true);
            self.header(HeaderTag::Stream, &header.to_xml())?;
            return self.begin_deflate();
        }
        self.header(HeaderTag::Stream, &header.to_xml())
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let size = header.data_size();
        if size > MAX_PACKET {
            return Err(Error::Unfit(format!(
                "data packets would have {size} bytes, more than the {MAX_PACKET} that are read"
            )));
        }
        self.header(HeaderTag::Packet(id), &header.to_xml())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        self.packets(run.bytes)
    }

    fn comment(&mut self, comment: &Comment) -> Result<()> {
        self.header(HeaderTag::Extra, &comment.to_xml())
    }

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        let tag = match self.qstream && !self.begun {
            true => HeaderTag::Stream,
            false => HeaderTag::Extra,
        };
        self.begun = true;
        self.header(tag, &exception.to_xml())
    }

    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        self.gathered
            .extend(header_tag(HeaderTag::Extra, body.len()).as_bytes());
        self.gathered.extend(body);
        self.write_full()
    }

    fn flush(&mut self) -> Result<()> {
        self.write_gathered()?;
        match &mut self.output {
            Output::Plain(plain) => plain.flush(),
            // Where nothing new is in it, a flush would write bytes all the same.
            Output::Deflate(zlib) if std::mem::take(&mut self.held) => zlib.flush(),
            Output::Deflate(_) | Output::Changing => Ok(()),
        }
        .map_err(Error::Output)
    }

    fn finish(&mut self) -> Result<()> {
        self.end()
    }

    fn abort(&mut self, exception: &Exception) -> Result<()> {
        if !self.begun && !self.qstream {
            self.stream(&StreamHeader::new())?;
        }
        self.exception(exception)?;
        self.end()
    }
}
