//! Blocks are built: by the library, with readers that are shell scripts, and
//! by das2_srv_cache.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod blocks;
mod faults;
mod site;
mod tool;
mod tool_findings;
mod tool_keeping;
mod tool_progress;
