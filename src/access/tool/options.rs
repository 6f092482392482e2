//! The command line of das2_srv_passwd.

use std::path::PathBuf;

use clap::Parser;

use super::Wish;

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
pub struct PasswdArgs {
    /// Make the file if there is none; what is in one that is there stays
    #[arg(short = 'c', long, conflicts_with_all = ["delete", "verify", "list"])]
    pub create: bool,

    /// Take the password from the command line, where others can see it
    #[arg(short = 'b', long, conflicts_with_all = ["delete", "list"], requires = "password")]
    pub batch: bool,

    /// Delete the user
    #[arg(short = 'D', long, conflicts_with_all = ["verify", "list"])]
    pub delete: bool,

    /// Say whether a password is the user's: exit status 0, or 3
    #[arg(long, conflicts_with = "list")]
    pub verify: bool,

    /// Print the users and the forms in which their passwords are kept
    #[arg(long, conflicts_with = "user")]
    pub list: bool,

    /// The password file, instead of USER_PASSWD of the configuration
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// The server's configuration, instead of the one beside the program
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The user
    #[arg(required_unless_present = "list")]
    pub user: Option<String>,

    /// The password, with -b
    #[arg(requires = "batch")]
    pub password: Option<String>,
}

impl PasswdArgs {
    /// What is wanted.
    pub fn wish(&self) -> Wish {
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
}
