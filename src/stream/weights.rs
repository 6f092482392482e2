//! How much the packet headers in force hold together.

use super::element::Element;
use super::error::{Error, Result};
use super::frame::PacketId;

/// What the headers of all packet IDs together may hold, since readers keep what they
/// understand of each: bytes of text, and elements. Any one header is below that.
const MAX_TEXT: usize = 4 << 20;
const MAX_ELEMENTS: usize = 60_000;

/// The length, and the number of elements, of the header of each packet ID.
#[derive(Debug, Clone)]
pub struct Weights(Vec<(usize, usize)>);

impl Default for Weights {
    fn default() -> Weights {
        Weights(vec![(0, 0); PacketId::COUNT])
    }
}

impl Weights {
    /// Takes the new header of an ID, of so many bytes, in the place of its old one.
    ///
    /// # Errors
    /// [`Error::Malformed`] when all together hold more than is kept of them.
    pub fn put(&mut self, id: PacketId, length: usize, element: &Element) -> Result<()> {
        if let Some(slot) = self.0.get_mut(id.index()) {
            *slot = (length, element.count());
        }
        let all = self.0.iter();
        let (text, elements) = all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        if text <= MAX_TEXT && elements <= MAX_ELEMENTS {
            return Ok(());
        }
        Err(Error::malformed(format!(
            "the headers of all packet IDs together hold {text} bytes and {elements} elements, \
             above the limit of {MAX_TEXT} bytes or {MAX_ELEMENTS} elements: use fewer packet \
             IDs, scans in place of many planes, tags by their interval"
        )))
    }
}
