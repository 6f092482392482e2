//! Data source definitions (DSDFs) and the tree they stand in.
//!
//! In come a name from a client, the request's other keys and the tree's
//! files; out go a typed [`Definition`], the lists of sources, and the packet
//! that describes a source to clients. The one idea: a definition is read in
//! three steps that know nothing of each other, [`syntax`] (text to entries),
//! [`substitute`] (`$(NAME)` to pieces, each of which knows whether a client
//! wrote it) and [`Definition`] (entries to types). So text of a client never
//! gets into a [`Command`] as anything but the value of a variable.

mod cache_level;
mod command;
mod definition;
mod dsdf_packet;
mod error;
mod fields;
mod list_value;
mod listing;
mod misspelling;
mod name;
mod range;
pub mod substitute;
pub mod syntax;
mod tree;

pub use cache_level::{CacheLevel, ParamsError, Period, Resolution, Unit, norm_params};
pub use command::Command;
pub use definition::{Definition, Examination, Example, Format, Param, Reducer};
pub use dsdf_packet::{dsdf_packet, is_for_clients};
pub use error::{NotFound, SourceError};
pub use listing::{Item, Listing};
pub use misspelling::{KEYWORDS, stem};
pub use name::SourceName;
pub use range::{RangeEnd, ValidRange, split_range};
pub use substitute::Request;
pub use tree::{Located, Tree};
