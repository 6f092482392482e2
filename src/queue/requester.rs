//! Who asks: the fields in front of a task's category.

use std::io::Read;

use super::task::{Task, Work, time_stamp};

/// Who asks for a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// The server and script, or the name of a tool.
    pub name: String,
    /// The host, for a tool.
    pub host: String,
    /// The address of the client.
    pub remote: String,
    /// The account.
    pub user: String,
}

impl Requester {
    /// A request: the values of SERVER_NAME, SCRIPT_NAME and REMOTE_ADDR, and
    /// the account of this process.
    pub fn request(server_name: &str, script_name: &str, remote_addr: &str) -> Requester {
        Requester {
            name: format!("{server_name}{script_name}"),
            host: String::new(),
            remote: remote_addr.to_owned(),
            user: account(ACCOUNT_NAME),
        }
    }

    /// A program that somebody runs: its name, this host, and the full name
    /// of the account.
    pub fn tool(name: &str) -> Requester {
        Requester {
            name: name.to_owned(),
            host: host_name(),
            remote: String::new(),
            user: account(FULL_NAME),
        }
    }

    /// A task of its, as of now.
    pub fn task(&self, work: Work) -> Task {
        Task {
            submitted: time_stamp(),
            requester: self.name.clone(),
            host: self.host.clone(),
            remote: self.remote.clone(),
            remote_extra: String::new(),
            user: self.user.clone(),
            work,
        }
    }
}

/// The name of this host.
pub(super) fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// Fields of a line of /etc/passwd.
const ACCOUNT_NAME: usize = 0;
const NUMBER: usize = 2;
const FULL_NAME: usize = 4;

/// A field on this process's account; its number where the file does not know
/// it. The file is read here because the system's own call loads libraries,
/// which a static executable cannot do.
fn account(field: usize) -> String {
    let number = rustix::process::getuid().as_raw().to_string();
    let mut text = String::new();
    if let Ok(file) = std::fs::File::open("/etc/passwd") {
        // Not UTF-8, or cut: what was read so far is no use either way.
        let _ = file.take(1 << 20).read_to_string(&mut text);
    }
    find(&text, &number, field).unwrap_or(number)
}

fn find(passwd: &str, number: &str, field: usize) -> Option<String> {
    let of_account = |line: &&str| line.split(':').nth(NUMBER) == Some(number);
    let line = passwd.lines().find(of_account)?;
    line.split(':').nth(field).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts() {
        let passwd = "root:x:0:0:The Root:/root:/bin/sh\nweb:x:33:33::/:/bin/false\n";
        assert_eq!(find(passwd, "0", FULL_NAME).unwrap(), "The Root");
        assert_eq!(find(passwd, "33", ACCOUNT_NAME).unwrap(), "web");
        assert_eq!(find(passwd, "33", FULL_NAME).unwrap(), "");
        assert_eq!(find(passwd, "3", ACCOUNT_NAME), None);
        assert!(!account(ACCOUNT_NAME).is_empty());
        assert!(!host_name().is_empty());
    }
}
