//! das2_srv_todo: the work queue of a das2 server, for people.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use das2_server::config::Config;
use das2_server::queue::todo::{self, TodoArgs, TodoError};

fn main() -> ExitCode {
    let options = TodoArgs::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let configuration = || Config::of_program(options.config.as_deref());
    let done = todo::run(&options.words, &options.wishes(), configuration, &mut out);
    match done.and_then(|()| out.flush().map_err(TodoError::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(TodoError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
            ExitCode::FAILURE
        }
        Err(error) => {
            // What was printed before belongs in front of the message.
            let _ = out.flush();
            eprintln!("das2_srv_todo: {error}");
            ExitCode::from(error.status())
        }
    }
}
