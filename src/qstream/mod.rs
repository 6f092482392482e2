//! QStreams: Autoplot's kind of stream, in das2's framing.
//!
//! In comes a stream whose stream descriptor has a `dataset_id`; [`reader`]
//! cuts it up and pushes it into a [`Sink`](crate::stream::Sink), as the reader
//! of das2 streams does. What a packet holds is said by datasets in place of
//! planes: [`Packet`] and [`Dataset`] understand a packet descriptor.
//!
//! The one idea: framing, runs and sinks are das2's, so only what a descriptor
//! means is said here. A descriptor stays the XML tree that it was, and what a
//! filter does not change comes out again with nothing lost, whoever knows
//! what it is for.
//!
//! ```
//! use das2_server::{qstream, stream::Writer};
//!
//! let text = b"[00]000025<stream dataset_id=\"a\"/>\n[xx]000017<exception t=\"\"/>";
//! let mut out = Vec::new();
//! let mut writer = Writer::of_qstream(&mut out);
//! qstream::reader(&text[..]).pump(&mut writer)?;
//! drop(writer);
//! assert!(out.starts_with(b"[00]"));
//! # Ok::<(), das2_server::stream::Error>(())
//! ```
//!
//! | file | holds |
//! |---|---|
//! | encoding | how a dataset's values are encoded |
//! | dataset | one dataset: rank, lengths, properties |
//! | packet | all datasets of a packet descriptor, and where their values are |
//!
//! There is no ICD that settles all of this; where it is silent, what
//! Autoplot's reader takes and its writers make is the measure.

mod dataset;
mod encoding;
mod packet;

#[cfg(test)]
mod tests;

use crate::stream::{
    Descriptor, Dialect, Element, Input, PacketHeader, Reader, Result, StreamHeader,
};

pub use dataset::{Dataset, Part, Values, property, set_property};
pub use encoding::Encoding;
pub use packet::Packet;

/// Reads a QStream.
pub const DIALECT: Dialect = Dialect::QStream(describe);

/// A reader at the beginning of a QStream.
pub fn reader<I: Input>(input: I) -> Reader<I> {
    Reader::of(DIALECT, input)
}

/// The kind of stream that a stream header begins.
pub fn dialect_of(header: &StreamHeader) -> Dialect {
    match header.is_qstream() {
        true => DIALECT,
        false => Dialect::Das2,
    }
}

/// A packet header in the stream of the header given, which may be das2's.
///
/// # Errors
/// Those of [`PacketHeader::from_element`] and [`Packet::of_element`].
pub fn packet_header(stream: &StreamHeader, element: Element) -> Result<PacketHeader> {
    match stream.is_qstream() {
        true => describe(stream, element),
        false => PacketHeader::from_element(element),
    }
}

/// Whether a stream descriptor says that numbers have the most significant byte
/// first, as they do where it says nothing.
///
/// # Errors
/// [`Malformed`](crate::stream::Error::Malformed) for another word.
pub fn is_big_endian(stream: &StreamHeader) -> Result<bool> {
    match stream.attr("byte_order").unwrap_or("big_endian") {
        "big_endian" => Ok(true),
        "little_endian" => Ok(false),
        other => Err(crate::stream::Error::malformed(format!(
            "the byte order '{}' is not known, only big_endian and little_endian",
            other.escape_default().take(40).collect::<String>()
        ))),
    }
}

fn describe(stream: &StreamHeader, element: Element) -> Result<PacketHeader> {
    let big_endian = is_big_endian(stream)?;
    let size = Packet::of_element(&element, big_endian)?.size();
    PacketHeader::of_descriptor(Descriptor {
        element,
        size,
        big_endian,
    })
}
