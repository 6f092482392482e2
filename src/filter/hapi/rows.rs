//! Records on their way out.

use std::io::{self, Write};

use crate::stream::{Error, Result};

/// Records are written at the latest when so many bytes are there.
const FULL: usize = 64 << 10;

/// Gathers what is to go out and writes it in large pieces.
pub(super) struct Rows<W: Write> {
    output: W,
    pub(super) bytes: Vec<u8>,
}

impl<W: Write> Rows<W> {
    pub(super) fn new(output: W) -> Rows<W> {
        Rows {
            output,
            bytes: Vec::new(),
        }
    }

    /// Writes what is there if it is much.
    #[inline]
    pub(super) fn write_full(&mut self) -> Result<()> {
        match self.bytes.len() < FULL {
            true => Ok(()),
            false => self.write_all_there(),
        }
    }

    fn write_all_there(&mut self) -> Result<()> {
        let written = self.output.write_all(&self.bytes);
        self.bytes.clear();
        written.map_err(Error::Output)
    }

    /// Writes all, through to whoever reads.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.write_all_there()?;
        self.output.flush().map_err(Error::Output)
    }
}

/// Text of an info object, whatever its length.
impl<W: Write> Write for Rows<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= FULL {
            let written = self.output.write_all(&self.bytes);
            self.bytes.clear();
            written?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
