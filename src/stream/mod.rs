//! das2 streams as bytes.
//!
//! In comes a byte stream in the das2.2 framing: a stream header, packet
//! headers, data packets, comments and exceptions. [`Reader`] cuts it up and
//! pushes what it finds into a [`Sink`]; filters are sinks that push into the
//! next one, and [`Writer`] is the last: it turns the calls back into bytes.
//!
//! The one idea: data packets travel as *runs*. A [`Run`] is the longest
//! stretch of consecutive data packets of one ID that is in the buffer, as one
//! byte slice with a stride. A loop over a run costs nothing per packet, and
//! a run that nobody changes is one `write`.
//!
//! ```
//! use das2_server::stream::{Reader, Writer};
//!
//! let text = b"[00]000017<stream></stream>";
//! let mut out = Vec::new();
//! let mut writer = Writer::new(&mut out);
//! Reader::new(&text[..]).pump(&mut writer)?;
//! drop(writer);
//! assert!(out.starts_with(b"[00]"));
//! # Ok::<(), das2_server::stream::Error>(())
//! ```
//!
//! Headers are kept as they were written, attribute by attribute, and
//! understood on top of that, so that what nobody changes comes out again
//! with nothing lost: [`PacketHeader`], [`Plane`], [`Properties`].
//!
//! Memory is bounded by the largest packet, and taken only as bytes arrive.

mod buffer;
mod element;
mod encoding;
mod error;
mod frame;
mod header;
mod input;
mod number;
mod number_text;
mod plane;
mod properties;
mod reader;
mod sink;
mod tags;
mod text;
mod weights;
mod writer;

#[cfg(test)]
mod tests;

pub use element::Element;
pub use encoding::Encoding;
pub use error::{Error, Place, Result};
pub use frame::{HeaderTag, MAX_HEADER, MAX_PACKET, PacketId, Tag, header_tag, parse_tag};
pub use header::{Comment, Descriptor, Exception, PacketHeader, StreamHeader};
pub use input::{FileInput, Input, stdin_input, widen_pipe};
pub(crate) use number::needs_eight_bytes;
pub use number::parse_number;
pub use number_text::{
    ROOM as NUMBER_ROOM, Real4Cells, Shortest, exponent_field, exponent_form, real4_fields,
    shortest,
};
pub use plane::{Plane, PlaneKind};
pub use properties::{Properties, Property};
pub use reader::{Describe, Dialect, Note, Reader};
pub use sink::{Run, Sink};
pub(crate) use sink::{sink_ignores, sink_passes_to};
pub use tags::YTags;
pub use text::exp_field;
pub use weights::Weights;
pub use writer::Writer;
