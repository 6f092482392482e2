//! The configuration of a server, typed, from das2server.conf.

use std::collections::HashMap;
use std::path::PathBuf;

/// A server's configuration, whatever file format it came from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file it was read from.
    pub origin: PathBuf,
    /// Every `KEYWORD = VALUE` pair as text, for `$(KEYWORD)` in DSDFs.
    pub keywords: HashMap<String, String>,
}
