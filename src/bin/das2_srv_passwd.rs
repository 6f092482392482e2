//! das2_srv_passwd: users and passwords of a das2 server.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use das2_server::access::tool::{PasswdArgs, ToolError, run};
use das2_server::config::{Config, ConfigError, locate};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Tool(#[from] ToolError),
}

fn file(options: &PasswdArgs) -> Result<PathBuf, Failure> {
    if let Some(file) = &options.file {
        return Ok(file.clone());
    }
    let path = options.config.clone().map_or_else(locate, Ok)?;
    let config = Config::load(&path)?;
    Ok(config.user_passwd.ok_or(ToolError::NoFile(path))?)
}

fn change(options: &PasswdArgs) -> Result<(), Failure> {
    Ok(run(
        &options.wish(),
        &file(options)?,
        &mut io::stdout().lock(),
    )?)
}

fn main() -> ExitCode {
    let Err(failure) = change(&PasswdArgs::parse()) else {
        return ExitCode::SUCCESS;
    };
    let _ = writeln!(io::stderr(), "das2_srv_passwd: {failure}");
    match failure {
        Failure::Tool(error) => ExitCode::from(error.exit_status()),
        Failure::Config(_) => ExitCode::FAILURE,
    }
}
