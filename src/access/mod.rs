//! Who may read a source.
//!
//! What comes in: a definition with its rule (readAccess), and who asks: from what
//! address, with what Authorization header, for what range. What goes out: the
//! definition as [`Permitted`], or why not. The one idea: [`Permitted`] is made
//! here and nowhere else, and whatever gives data away takes it instead of a
//! definition, so that a new way to the data cannot forget to ask.
//!
//! Rules are tried part by part, and the first that holds opens. A part that is
//! not understood, or a file that cannot be read, opens nothing and is the
//! site's error. Without user and password no file is opened.
//!
//! A wrong password costs whoever sends it a second, and attempts from one
//! address take turns (`turn`). Whether it was the name or the password is
//! told to nobody, and takes as long.

mod age;
mod bytes_of;
mod credentials;
mod decision;
mod group_file;
pub mod hash;
mod password_file;
mod rule;
pub mod tool;
mod turn;

pub use age::Age;
pub use bytes_of::FileError;
pub use credentials::{Authorization, Credentials};
pub use decision::{Asker, Decision, Denied, Permitted, decide};
pub use group_file::{GroupError, is_member, is_member_of, members};
pub use password_file::{Entry, PasswordFile};
pub use rule::{Condition, RuleError, conditions};
pub(crate) use turn::{address_number, network};
