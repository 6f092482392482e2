//! The command line of das2_srv_httpd.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

/// Runs the das2 server without another web server: its programs answer at
/// /das/server and /das/log. Ctrl-C ends it.
#[derive(Parser)]
#[command(name = "das2_srv_httpd", version)]
pub struct HttpdArgs {
    /// Address and port to listen at; other machines can connect only if the
    /// address is theirs to reach
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "port")]
    pub listen: Option<SocketAddr>,
    /// Port at 127.0.0.1; 0 for one that is free
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Where log lines go, and what programs say on standard error; without
    /// it, to standard error. RUST_LOG chooses how much is said
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Configuration of the programs, instead of ../etc/das2server.conf
    #[arg(long, value_name = "FILE")]
    pub conf: Option<PathBuf>,
    /// Folder of the CGI programs, instead of this program's own
    #[arg(long, value_name = "FOLDER")]
    pub programs: Option<PathBuf>,
    /// Requests that are answered at once; others wait
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub at_once: u32,
    /// A client that takes nothing of its answer for so long is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub client_timeout: u64,
}
