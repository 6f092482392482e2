//! das2_srv_config through its executable.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod conf_findings;
mod dsdf_access;
mod dsdf_files;
mod dsdf_findings;
mod forms;
mod hostile;
mod site;
