//! What is wrong with a site, before its users find it.
//!
//! In come the configuration and every file of the tree of sources; out go
//! findings, each with file and line and what to write instead. The one idea:
//! nothing is read here in a way of its own. Files go through the readers that
//! requests use, which tell all that is wrong and not just the first; programs
//! are looked for as `exec` does it. What is added are questions that no
//! request asks: whether an example can work, whether a key is a slip.

mod access;
mod configuration;
mod contacts;
mod convert;
mod definition;
mod examples;
mod files;
mod levels;
mod links;
mod params;
mod programs;
mod report;
mod shell_words;
mod show;
mod source;
mod tool;

pub use report::{Report, Severity, Told};
pub use source::review;
pub use tool::{Options, ToolError, run};
