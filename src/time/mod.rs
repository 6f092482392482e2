//! das2 times: text, instants, and numbers in the units of time.
//!
//! In come times as people and data write them ([`parse_query`],
//! [`parse_field`]) and numbers of a time unit ([`TimeUnit`]). Out go a
//! [`Time`], its ISO text ([`Time::iso`], [`write_field`]) and numbers of
//! another unit.
//!
//! The one idea: a time is a day number and integer nanoseconds of that day.
//! Doubles appear only at the edge, where a stream or a client has them, so
//! nothing is lost between text and text.
//!
//! Days are those of the proleptic Gregorian calendar. Apart from TT2000 and
//! ET2000, no unit counts leap seconds: every day has 86,400 s there, and a
//! second 60 has the number of the second after it.

mod civil;
mod error;
mod extended_text;
mod field_text;
mod field_times;
mod instant;
mod iso;
mod iso_text;
pub mod leap;
mod length;
mod linear;
mod loose_text;
mod number_word;
mod options;
mod query_text;
mod unit;

pub use error::{Problem, TimeError};
pub use field_text::parse_field;
pub use field_times::FieldTimes;
pub use instant::{Calendar, Time};
pub use iso::{IsoText, IsoWriter, Style, digits_of_width, write_field};
pub use length::seconds_per_unit;
pub use options::PrtimeArgs;
pub use query_text::{is_plain, parse_query};
pub use unit::TimeUnit;

#[cfg(test)]
mod sample;
