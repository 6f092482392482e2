//! QStreams: qds_bin_avgsec and qds_ascii.
//!
//! Packets of a QStream come in; out goes one record a bin, or the same records
//! as text. Descriptors keep all that these filters have no reason to change.
//!
//! | file | holds |
//! |---|---|
//! | options | command lines |
//! | links | which datasets belong to which times |
//! | column | one dataset while it is being binned |
//! | number | values that may be too large for a double |
//! | header | what binning changes in a descriptor |
//! | reducer | the stage that bins |
//! | text | the stage that makes text |

mod column;
mod header;
mod links;
mod number;
mod options;
mod reducer;
mod text;

pub use options::{AsciiArgs, AverageArgs, Binning};
pub use reducer::Reducer;
pub use text::ToText;
