//! One file a kind of answer.

mod access;
mod cache_program;
pub mod coverage;
pub mod data_request;
pub mod dataset;
pub mod debug;
pub mod dsdf;
pub mod from_cache;
pub mod id;
pub mod landing;
pub mod list;
pub mod logo;
mod misses;
pub mod not_built;
pub mod peers;
pub mod preflight;
mod redirect;
pub mod stages;
pub mod static_file;
