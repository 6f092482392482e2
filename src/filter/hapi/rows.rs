//! Records on their way out.

use std::io::{self, Write};

use crate::filter::text::Text;
use crate::stream::{Error, Result};

/// Records are written at the latest when so many bytes are there.
const FULL: usize = 128 << 10;

/// Gathers what is to go out and writes it in large pieces.
pub(super) struct Rows<W: Write> {
    output: W,
    pub(super) text: Text,
}

impl<W: Write> Rows<W> {
    pub(super) fn new(output: W) -> Rows<W> {
        Rows {
            output,
            text: Text::new(','),
        }
    }

    /// Writes what is there if it is much.
    #[inline]
    pub(super) fn write_full(&mut self) -> Result<()> {
        match self.text.len() < FULL {
            true => Ok(()),
            false => self.write_all_there().map_err(Error::Output),
        }
    }

    fn write_all_there(&mut self) -> io::Result<()> {
        let written = self.output.write_all(self.text.get());
        self.text.truncate(0);
        written
    }

    /// Writes all, through to whoever reads.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.write_all_there().map_err(Error::Output)?;
        self.output.flush().map_err(Error::Output)
    }
}

/// Text of an info object, whatever its length.
impl<W: Write> Write for Rows<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.push(bytes);
        if self.text.len() >= FULL {
            self.write_all_there()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
