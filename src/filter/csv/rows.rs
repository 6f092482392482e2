//! Rows on their way out.

use std::io::Write;

use crate::filter::text::Text;
use crate::stream::{Error, Result};

use super::cell::push_cell;
use super::column::Column;

/// Rows are written at the latest when so many bytes are there.
const FULL: usize = 128 << 10;

/// Cells of a plane that are made before the fill of the buffer is looked at.
const PIECE: usize = 1024;

/// Gathers rows and writes them in large pieces.
pub(super) struct Rows<W: Write> {
    output: W,
    delimiter: char,
    /// A row's last delimiter is taken away at its end.
    text: Text,
    /// The end of the last whole row in `text`.
    whole: usize,
    begun: bool,
}

impl<W: Write> Rows<W> {
    pub(super) fn new(delimiter: char, output: W) -> Rows<W> {
        Rows {
            output,
            delimiter,
            text: Text::new(delimiter),
            whole: 0,
            begun: false,
        }
    }

    /// Whether there are rows.
    pub(super) fn have_begun(&self) -> bool {
        self.begun
    }

    /// A cell with a packet ID.
    pub(super) fn id(&mut self, number: usize) {
        self.text.push(number.to_string().as_bytes());
        self.text.delimit();
    }

    /// A cell of text.
    pub(super) fn heading(&mut self, text: &str) -> Result<()> {
        let mut cell = Vec::new();
        push_cell(text, self.delimiter, &mut cell);
        self.text.push(&cell);
        self.text.delimit();
        self.write_full()
    }

    /// The cells of a plane.
    pub(super) fn cells(&mut self, column: &mut Column, packet: &[u8]) -> Result<()> {
        let mut first = 0;
        while column.write(packet, first, PIECE, &mut self.text)? {
            first += PIECE;
            self.write_full()?;
        }
        Ok(())
    }

    /// Ends a row, or makes an empty one.
    pub(super) fn end_row(&mut self, empty: bool) -> Result<()> {
        if !empty {
            self.text.take_delimiter();
        }
        self.text.push(b"\r\n");
        self.whole = self.text.len();
        self.begun = true;
        self.write_full()
    }

    /// Writes the rows that are whole.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.text.truncate(self.whole);
        self.write(0)?;
        self.output.flush().map_err(Error::Output)
    }

    /// Writes what is there if it is much. The end of a row takes the last
    /// delimiter away, so that stays.
    fn write_full(&mut self) -> Result<()> {
        if self.text.len() < FULL {
            return Ok(());
        }
        match self.whole == self.text.len() {
            true => self.write(0),
            false => self.write(self.text.delimiter_length()),
        }
    }

    /// Writes all but the last `kept` bytes.
    fn write(&mut self, kept: usize) -> Result<()> {
        let count = self.text.len().saturating_sub(kept);
        let bytes = self.text.get().get(..count).unwrap_or_default();
        let written = self.output.write_all(bytes).map_err(Error::Output);
        self.text.drain(count);
        self.whole = 0;
        written
    }
}
