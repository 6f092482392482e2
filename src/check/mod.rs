//! Does a stream conform, and where not: the oracle behind das2_check.
//!
//! In comes a das2 stream or a QStream as bytes, however long. Out comes a
//! [`Report`]: findings, each with its byte offset, packet, [`Rule`] and
//! severity, and a summary of what the stream holds.
//!
//! The one idea: the check is independent of the reader and the writer that
//! the filters use. It shares with them the packet tags and the XML tree and
//! nothing above, so that a mistake there is not made here a second time. It
//! goes through the stream once and keeps one packet, the present headers and
//! a few counts.
//!
//! An error at the level of framing ends the check, because nothing after it
//! can be known; after errors in values it goes on.
//!
//! ```
//! use das2_server::check::{Rule, check_stream};
//!
//! let report = check_stream(&b"[00]000017<stream></stream>:01:"[..]);
//! assert!(!report.is_conforming());
//! assert!(report.breaks(Rule::UnknownId));
//! assert_eq!(report.findings[0].offset, 27);
//! ```

mod body;
mod extra;
mod options;
mod packet;
mod plane;
mod print;
mod property;
mod qstream;
mod records;
mod report;
mod rule;
mod source;
mod track;
mod value;
mod walk;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;

pub use options::CheckArgs;
pub use report::{
    ExceptionSummary, Finding, Kind, PacketSummary, PlaneSummary, Report, SHOWN, Summary, XSummary,
};
pub use rule::{Rule, Severity};

use std::io::Read;

/// Checks a stream from its first byte to its last, or to where the rest
/// cannot be known. An input that fails is a finding too.
pub fn check_stream(reader: impl Read) -> Report {
    walk::Walk::new(reader).run()
}
