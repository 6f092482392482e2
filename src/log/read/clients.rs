//! Whose logs there are.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use crate::log::file_name;

/// A client that has a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its address, as file names have it.
    pub name: String,
    /// When it asked last.
    pub last: SystemTime,
    /// Bytes of its files.
    pub size: u64,
}

/// The clients whose logs are in a folder, those who asked last first.
///
/// # Errors
/// The folder cannot be read.
pub fn clients(folder: &Path) -> io::Result<Vec<Client>> {
    let mut found: BTreeMap<String, Client> = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(client_of) else {
            continue;
        };
        // What the folder holds itself: links lead out of it.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if !metadata.is_file() || metadata.nlink() > 1 {
            continue;
        }
        let last = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let client = found.entry(name.to_owned()).or_insert_with(|| Client {
            name: name.to_owned(),
            last,
            size: 0,
        });
        client.last = client.last.max(last);
        client.size += metadata.len();
    }
    let mut clients: Vec<Client> = found.into_values().collect();
    clients.sort_by_key(|client| std::cmp::Reverse(client.last));
    Ok(clients)
}

/// The client in `das2.CLIENT_N.log`. Workers have logs of that form too.
fn client_of(file: &str) -> Option<&str> {
    let stem = file.strip_prefix("das2.")?.strip_suffix(".log")?;
    let (client, number) = stem.rsplit_once('_')?;
    let is_day = matches!(number, "0" | "1" | "2");
    (is_day && is_client(client)).then_some(client)
}

/// Whether a name is one that logs of clients have. Nothing in such a name leads
/// out of the folder.
pub fn is_client(name: &str) -> bool {
    // A zone stands behind `_`, as in fe80::1_eth0.
    let address = name.split('_').next().unwrap_or_default();
    let is_address = address.parse::<IpAddr>().is_ok() && file_name(name, 0).contains(name);
    is_address || name == "direct_invoke"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (file, client) in [
            ("das2.192.0.2.7_0.log", Some("192.0.2.7")),
            ("das2.2001:db8::1_2.log", Some("2001:db8::1")),
            ("das2.fe80::1_eth0_1.log", Some("fe80::1_eth0")),
            ("das2.direct_invoke_1.log", Some("direct_invoke")),
            ("das2.192.0.2.7_3.log", None),
            ("das2.arbiter_host_1.log", None),
            ("das2.<b>_1.log", None),
            ("das2.fe80::1_a/b_1.log", None),
            ("das2.central-2026-11-24.jsonl", None),
            ("httpd.log", None),
        ] {
            assert_eq!(client_of(file), client, "{file}");
        }
    }
}
