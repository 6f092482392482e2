//! A small web server for people without Apache.
//!
//! HTTP comes in; the CGI programs that Apache would run answer it, beside
//! this one. The one idea: what a CGI program writes is an HTTP answer but for
//! its first line, so a running program is treated as an upstream server
//! (`answer`) and its answer is passed on, with the program's own spelling
//! of header names, which old das2 clients depend on. A client that goes away
//! ends its program (`process`).

mod answer;
mod environment;
mod head;
mod host;
mod options;
mod process;
mod programs;
mod route;
mod server;

pub use options::HttpdArgs;
pub use programs::programs_of;
pub use server::{Front, serve};
