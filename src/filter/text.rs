//! Text that grows at its end.

use crate::stream::{NUMBER_ROOM, Real4Cells, Shortest};

/// A buffer whose bytes stay when it is emptied, so that room for a cell is
/// nearly always there.
pub(super) struct Text {
    bytes: Vec<u8>,
    end: usize,
    /// The delimiter, and how much of it there is.
    delimiter: [u8; 4],
    delimiter_length: usize,
}

impl Text {
    pub(super) fn new(delimiter: char) -> Text {
        let mut bytes = [0; 4];
        Text {
            bytes: Vec::new(),
            end: 0,
            delimiter_length: delimiter.encode_utf8(&mut bytes).len(),
            delimiter: bytes,
        }
    }

    pub(super) fn get(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.end
    }

    pub(super) fn delimiter_length(&self) -> usize {
        self.delimiter_length
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.end = self.end.min(length);
    }

    /// Takes the last delimiter away.
    pub(super) fn take_delimiter(&mut self) {
        self.end = self.end.saturating_sub(self.delimiter_length);
    }

    /// Takes the first bytes away.
    pub(super) fn drain(&mut self, count: usize) {
        let count = count.min(self.end);
        self.bytes.copy_within(count..self.end, 0);
        self.end -= count;
    }

    /// Appends bytes.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if let Some(room) = self.room(bytes.len()) {
            room.copy_from_slice(bytes);
            self.end += bytes.len();
        }
    }

    /// Appends a number with the fewest digits.
    #[inline]
    pub(super) fn number<N: Shortest>(&mut self, number: N) {
        if let Some(room) = self
            .room(NUMBER_ROOM)
            .and_then(|room| room.first_chunk_mut())
        {
            self.end += number.write(room);
        }
    }

    /// The same without a plus sign in the exponent.
    #[inline]
    pub(super) fn number_without_plus<N: Shortest>(&mut self, number: N) {
        if let Some(room) = self
            .room(NUMBER_ROOM)
            .and_then(|room| room.first_chunk_mut())
        {
            self.end += number.write_without_plus(room);
        }
    }

    /// Appends four-byte reals as cells.
    pub(super) fn reals(&mut self, cells: &Real4Cells, raw: &[u8], big: bool) {
        if let Some(room) = self.room(cells.room(raw.len() / 4)) {
            self.end += cells.write(raw, big, room);
        }
    }

    /// Appends the delimiter.
    #[inline]
    pub(super) fn delimit(&mut self) {
        let delimiter = self.delimiter;
        if let Some(room) = self.room(4).and_then(|room| room.first_chunk_mut()) {
            *room = delimiter;
            self.end += self.delimiter_length;
        }
    }

    /// Room behind the end; it is always there.
    #[inline]
    fn room(&mut self, count: usize) -> Option<&mut [u8]> {
        if self.bytes.len() < self.end + count {
            self.grow(count);
        }
        self.bytes.get_mut(self.end..self.end + count)
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        let size = (self.end + count).next_power_of_two().max(4096);
        self.bytes.resize(size, 0);
    }
}
