//! Reading request logs: from the end, newest first.
//!
//! What comes in: the files of one client's log. What goes out: one typed
//! [`Entry`] a request, those that are [`Wanted`]. The one idea: a log is read
//! backwards in pieces of lines that belong together, so that what happened
//! last costs the same however long the file is, and a piece whose beginning
//! stands further up waits until that is found. Memory is bounded whatever the
//! files hold; what is no line of a log is passed over.
//!
//! Lines of das2-pyserver are read as well: its files hold every third day
//! since they were made, and the lines of its requests may stand between each
//! other.

mod backward;
mod client_logs;
mod clients;
mod entry;
mod line;
mod row;
mod wanted;

pub use client_logs::{ClientLogs, ENOUGH, End, Next, Position};
pub use clients::{Client, clients, is_client};
pub use entry::{Entry, From, Outcome};
pub use row::json;
pub use wanted::{StatusWanted, Wanted};

#[cfg(test)]
mod tests;
