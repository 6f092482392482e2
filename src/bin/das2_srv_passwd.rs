//! das2_srv_passwd: users and passwords of a das2 server.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use das2_server::access::tool::{ToolError, Wish, run};
use das2_server::config::{Config, ConfigError, locate};

/// Adds a user to the password file of a das2 server, or gives one a new password.
///
/// The password is asked for at the terminal, or is a line of standard input.
#[derive(Parser)]
#[command(
    name = "das2_srv_passwd",
    version,
    override_usage = "das2_srv_passwd [OPTIONS] USER\n       \
                      das2_srv_passwd -b [OPTIONS] USER PASSWORD\n       das2_srv_passwd --list"
)]
struct Options {
    /// Make the file if there is none; what is in one that is there stays
    #[arg(short = 'c', long, conflicts_with_all = ["delete", "verify", "list"])]
    create: bool,

    /// Take the password from the command line, where others can see it
    #[arg(short = 'b', long, conflicts_with_all = ["delete", "list"], requires = "password")]
    batch: bool,

    /// Delete the user
    #[arg(short = 'D', long, conflicts_with_all = ["verify", "list"])]
    delete: bool,

    /// Say whether a password is the user's: exit status 0, or 3
    #[arg(long, conflicts_with = "list")]
    verify: bool,

    /// Print the users and the forms in which their passwords are kept
    #[arg(long, conflicts_with = "user")]
    list: bool,

    /// The password file, instead of USER_PASSWD of the configuration
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// The server's configuration, instead of the one beside the program
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The user
    #[arg(required_unless_present = "list")]
    user: Option<String>,

    /// The password, with -b
    #[arg(requires = "batch")]
    password: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Tool(#[from] ToolError),
}

impl Options {
    fn wish(&self) -> Wish {
        let user = self.user.clone().unwrap_or_default();
        let password = self.password.clone();
        match () {
            () if self.list => Wish::List,
            () if self.delete => Wish::Delete { user },
            () if self.verify => Wish::Verify { user, password },
            () => Wish::Set {
                user,
                password,
                create: self.create,
            },
        }
    }

    fn file(&self) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let path = self.config.clone().map_or_else(locate, Ok)?;
        let config = Config::load(&path)?;
        Ok(config.user_passwd.ok_or(ToolError::NoFile(path))?)
    }

    fn run(&self) -> Result<(), Failure> {
        Ok(run(&self.wish(), &self.file()?, &mut io::stdout().lock())?)
    }
}

fn main() -> ExitCode {
    let Err(failure) = Options::parse().run() else {
        return ExitCode::SUCCESS;
    };
    let _ = writeln!(io::stderr(), "das2_srv_passwd: {failure}");
    match failure {
        Failure::Tool(error) => ExitCode::from(error.exit_status()),
        Failure::Config(_) => ExitCode::FAILURE,
    }
}
