//! The CGI side: one request in, one answer out.
//!
//! What comes in: the environment of a CGI program. What goes out: an answer
//! on standard output and a block of lines in the request log. The one idea:
//! `routes` has a table of what can be asked for, each row is one function
//! in one file of [`answer`], and that function gives back an [`Answer`] or an
//! [`Error`]; nothing else knows about statuses, types and forms of errors.
//!
//! Answers that are there as a whole are sent by [`serve`]. Data are not:
//! [`delivery`] runs a reader and sends headers with the first bytes of its
//! stream, so that a failure before them still gets a status of its own.

pub mod answer;
pub mod delivery;
mod encoding;
mod error;
mod exchange;
mod log_page;
mod page;
mod query;
mod request;
mod resources;
mod response;
mod routes;
mod serve;
mod standard_output;
mod start;
mod visitor;

pub use error::Error;
pub use exchange::{Answer, Exchange};
pub use query::{Key, Query};
pub use request::{Method, Request};
pub use response::{Head, Response, Status};
pub use serve::{serve, serve_log_pages};
pub use start::run;
