//! das2_srv_config: what is wrong with a site, what is in force, and the way
//! to das2server.toml.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use das2_server::review::{Options, ToolError, run};

fn main() -> ExitCode {
    let options = Options::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    match run(&options, &mut out) {
        Ok(status) => status,
        Err(ToolError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("das2_srv_config: {error}");
            ExitCode::from(2)
        }
    }
}
