//! das2_srv_log: the request logs of a das2 server, for people.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use das2_server::config::Config;
use das2_server::log::tool::{Options, ToolError, run};

const NAME: &str = "das2_srv_log";

fn main() -> ExitCode {
    let options = Options::parse();
    let config = match Config::of_program(options.config.as_deref()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            return ExitCode::from(2);
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    match run(&options, &config, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ToolError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::FAILURE
        }
        Err(error) => {
            // What was printed before belongs in front of the message.
            let _ = out.flush();
            eprintln!("{NAME}: {error}");
            match error {
                ToolError::NoFolder => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}
