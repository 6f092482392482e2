//! Request logs: one file an address and day, one block of lines a request.
//!
//! What comes in: lines about one request, some of them a client's own text.
//! What goes out: one block appended to `LOG_PATH/das2.ADDRESS_N.log` by one
//! write, so that the blocks of requests that run at the same time do not mix.
//! Only a request that takes long has its beginning written ahead.
//! N is the number of the day modulo 3, and a file is emptied when its day
//! begins: logs are two to three days long and need no rotation. The one idea:
//! a log never stops a request. Where the file cannot be written, the block
//! goes to standard error, which web servers keep in their own log.
//!
//! Lines look as das2-pyserver wrote them, so that its log page reads them:
//! `[Tue Nov 24 16:03:14 2026 31795    5]    text` is local time of the
//! request's start, process id, line number, text. Nothing a client sends can
//! look like a line of its own: control characters are escaped.

mod amounts;
mod error_id;
mod file;
mod printable;
pub mod read;
mod request_log;
pub mod tool;

pub use amounts::{bytes_text, duration_text};
pub use error_id::error_id;
pub use file::{LOG_DAYS, file_name, remove};
pub use printable::{Printable, PrintableLines};
pub use request_log::RequestLog;
