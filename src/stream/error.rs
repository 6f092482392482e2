//! What can go wrong with a stream, and where.

use std::fmt;
use std::io;

use super::frame::PacketId;
use super::header::Exception;

/// A result whose error knows its place in the stream.
pub type Result<T> = std::result::Result<T, Error>;

/// Where in the input something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Bytes from the beginning of the (inflated) stream.
    pub offset: u64,
    /// The packet type it belongs to, where it belongs to one.
    pub packet: Option<PacketId>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}", self.offset)?;
        match self.packet {
            Some(id) => write!(f, ", packet {id}"),
            None => Ok(()),
        }
    }
}

/// Why a stream could not be processed to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks a rule of the format.
    #[error("{place}: {what}")]
    Malformed {
        /// Where.
        place: Place,
        /// The rule and the offending text, in words.
        what: String,
    },
    /// The input ended inside a packet, or inside its compressed data.
    #[error("{place}: the stream is cut off: {what}")]
    CutOff {
        /// Where the incomplete packet begins.
        place: Place,
        /// What was expected there.
        what: String,
    },
    /// The input conforms, but this filter cannot work on it.
    #[error("{0}")]
    Unfit(String),
    /// The input tells of an error, and the output has no place for that.
    #[error("the stream holds an exception, {}: {}", .0.kind(), .0.message())]
    Exception(Exception),
    /// The input could not be read.
    #[error("cannot read the input: {0}")]
    Input(io::Error),
    /// The output could not be written; a broken pipe is the usual reason.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

impl Error {
    /// A [`Error::Malformed`] whose place is filled in by the reader.
    pub fn malformed(what: impl Into<String>) -> Error {
        Error::Malformed {
            place: Place::default(),
            what: what.into(),
        }
    }

    /// The same error with its place, if it has none yet.
    #[must_use]
    pub fn at(self, here: Place) -> Error {
        match self {
            Error::Malformed { place, what } if place == Place::default() => {
                Error::Malformed { place: here, what }
            }
            other => other,
        }
    }

    /// True when whoever read our output has gone.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Output(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}
