//! das2-server: space-physics measurements for a time range at a resolution,
//! streamed by small executables that live as long as one request.
//!
//! The rooms, in the order in which data flow. A room knows those before it,
//! not those after it; [`time`], [`stream`], [`filter`] and [`check`] know
//! nothing of servers.

pub mod time;

pub mod stream;

pub mod filter;

pub mod check;

pub mod config;

pub mod source;

pub mod access;

pub mod exec;

pub mod reading;

pub mod log;

pub mod cache;

pub mod queue;

pub mod worker;

pub mod review;

pub mod web;

pub mod httpd;
