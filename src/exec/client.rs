//! Whether the client is still there, while nothing is written to it.
//!
//! A CGI program under Apache's mod_cgid gets no signal when its client goes,
//! and sees no closed pipe until it writes. What does tell is the client's TCP
//! connection in the system's own tables.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

/// Connections whose client can still be there: ESTABLISHED, SYN_RECV. What
/// else there is follows on a close.
const OPEN: &[&str] = &["01", "03"];

/// The client has closed its end, the server has not.
const CLOSE_WAIT: &str = "08";

/// Somebody to ask whether the client has gone.
pub trait Watch {
    /// Asked when the reader has started, and about once a second while it is
    /// silent.
    fn client_gone(&mut self) -> bool;

    /// The pipe or socket to the client: an error or hang-up there also means
    /// that it has gone.
    fn output(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// The client of a CGI request: its connection, and standard output.
#[derive(Debug)]
pub struct Client {
    connection: Option<ClientConnection>,
    output: Option<OwnedFd>,
}

impl Client {
    /// From REMOTE_ADDR and REMOTE_PORT of the request.
    pub fn of_request(remote_addr: Option<&str>, remote_port: Option<&str>) -> Client {
        let connection = ClientConnection::new(
            remote_addr.unwrap_or_default(),
            remote_port.unwrap_or_default(),
        );
        Client {
            connection,
            output: rustix::stdio::stdout().try_clone_to_owned().ok(),
        }
    }
}

impl Watch for Client {
    fn client_gone(&mut self) -> bool {
        self.connection.as_mut().is_some_and(Watch::client_gone)
    }

    fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(AsFd::as_fd)
    }
}

/// A connection as the server's end of it stands in /proc/net/tcp or tcp6.
#[derive(Debug)]
pub struct ClientConnection {
    address: IpAddr,
    port: u16,
    tables: Vec<PathBuf>,
    seen: Seen,
}

#[derive(Debug)]
enum Seen {
    /// Nobody has looked yet.
    Unknown,
    /// In the table with this index.
    InTable(usize),
    /// Not at the first look: behind a proxy, in another network name space,
    /// or the tables cannot be read. Nothing can be said of it.
    Never,
    /// Was there, and is no more.
    Gone,
}

impl ClientConnection {
    /// The connection from this address and port; None where these are none.
    pub fn new(remote_addr: &str, remote_port: &str) -> Option<ClientConnection> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(PathBuf::from);
        ClientConnection::in_tables(remote_addr, remote_port, tables.into())
    }

    /// As [`ClientConnection::new`], with other tables of the same form.
    pub fn in_tables(
        remote_addr: &str,
        remote_port: &str,
        tables: Vec<PathBuf>,
    ) -> Option<ClientConnection> {
        // A link-local address may name its interface: fe80::1%eth0.
        let address = remote_addr.split('%').next()?.parse::<IpAddr>().ok()?;
        let port = remote_port.parse().ok().filter(|port| *port != 0)?;
        let address = address.to_canonical();
        Some(ClientConnection {
            address,
            port,
            tables,
            seen: Seen::Unknown,
        })
    }

    fn is_in(&self, table: usize, states: &[&str]) -> io::Result<bool> {
        let Some(path) = self.tables.get(table) else {
            return Ok(false);
        };
        let mut lines = BufReader::with_capacity(32 << 10, File::open(path)?);
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            if parse_line(&line).is_some_and(|(address, port, state)| {
                (address, port) == (self.address, self.port) && states.contains(&state)
            }) {
                return Ok(true);
            }
            line.clear();
        }
        Ok(false)
    }

    /// One that the client has closed already is noted, so that it is missed
    /// at the next look.
    fn look_first(&self) -> Seen {
        let states = [OPEN, &[CLOSE_WAIT]].concat();
        let mut tables = 0..self.tables.len();
        let found = tables.find(|table| self.is_in(*table, &states).unwrap_or(false));
        found.map_or(Seen::Never, Seen::InTable)
    }
}

impl Watch for ClientConnection {
    /// False at the first look, whatever it finds; then whether a connection
    /// that was open is closed, wholly or by the client. A table that can no
    /// longer be read says nothing.
    fn client_gone(&mut self) -> bool {
        match self.seen {
            Seen::Unknown => self.seen = self.look_first(),
            Seen::InTable(table) if !self.is_in(table, OPEN).unwrap_or(true) => {
                self.seen = Seen::Gone;
            }
            _ => {}
        }
        matches!(self.seen, Seen::Gone)
    }
}

/// The remote end and the state of a line in a table.
fn parse_line(line: &str) -> Option<(IpAddr, u16, &str)> {
    let mut fields = line.split_ascii_whitespace().skip(2);
    let (address, port) = parse_end(fields.next()?)?;
    Some((address, port, fields.next()?))
}

/// One end of a connection, `ADDRESS:PORT` in hexadecimal: the port is a
/// number, the address one word of four bytes or four such words, each printed
/// as the number that this machine takes its bytes for.
fn parse_end(text: &str) -> Option<(IpAddr, u16)> {
    let (words, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = match words.len() {
        8 => IpAddr::V4(Ipv4Addr::from(parse_word(words)?)),
        32 => {
            let mut octets = [0; 16];
            for (at, four) in octets.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&parse_word(words.get(at * 8..at * 8 + 8)?)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
        }
        _ => return None,
    };
    Some((address, port))
}

fn parse_word(hex: &str) -> Option<[u8; 4]> {
    u32::from_str_radix(hex, 16).ok().map(u32::to_ne_bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const HEADER: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

    /// A line as the kernel of this machine would print it.
    fn line(remote: IpAddr, port: u16, state: &str) -> String {
        let word = |four: &[u8]| format!("{:08X}", u32::from_ne_bytes(four.try_into().unwrap()));
        let hex = match remote {
            IpAddr::V4(address) => word(&address.octets()),
            IpAddr::V6(address) => address.octets().chunks(4).map(word).collect(),
        };
        format!("   0: 0100007F:0050 {hex}:{port:04X} {state} 00000000:00000000 00:0 0 0 0 1\n")
    }

    fn watch_of(remote: &str, entry: &str) -> (tempfile::TempDir, PathBuf, ClientConnection) {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("tcp6");
        fs::write(&table, format!("{HEADER}{entry}")).unwrap();
        let tables = vec![folder.path().join("absent"), table.clone()];
        (
            folder,
            table,
            ClientConnection::in_tables(remote, "4000", tables).unwrap(),
        )
    }

    #[test]
    fn a_closed_connection_is_a_client_gone() {
        for (remote, in_table) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7", "::ffff:192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8::1:2", "2001:db8::1:2"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            let in_table = in_table.parse().unwrap();
            for after in ["", &line(in_table, 4000, "08"), &line(in_table, 4001, "01")] {
                let (_folder, table, mut watch) = watch_of(remote, &line(in_table, 4000, "01"));
                assert!(
                    !watch.client_gone() && !watch.client_gone(),
                    "{remote} {in_table}"
                );
                fs::write(&table, format!("{HEADER}{after}")).unwrap();
                assert!(
                    watch.client_gone() && watch.client_gone(),
                    "{remote} {in_table} {after}"
                );
            }
        }
    }

    #[test]
    fn one_closed_before_the_first_look_is_gone_at_the_second() {
        let entry = line("192.0.2.7".parse().unwrap(), 4000, CLOSE_WAIT);
        let (_folder, _table, mut watch) = watch_of("192.0.2.7", &entry);
        assert!(!watch.client_gone());
        assert!(watch.client_gone());
    }

    #[test]
    fn a_connection_never_seen_is_never_gone() {
        let other = line("192.0.2.8".parse().unwrap(), 4000, "01");
        for entry in ["", "garbage\n", "0: x y z\n", "0: a :: 01\n", &other] {
            let (_folder, table, mut watch) = watch_of("192.0.2.7", entry);
            assert!(!watch.client_gone());
            fs::write(table, HEADER).unwrap();
            assert!(!watch.client_gone(), "{entry}");
        }
    }

    #[test]
    fn a_table_that_vanishes_says_nothing() {
        let entry = line("192.0.2.7".parse().unwrap(), 4000, "01");
        let (_folder, table, mut watch) = watch_of("192.0.2.7", &entry);
        assert!(!watch.client_gone());
        fs::remove_file(table).unwrap();
        assert!(!watch.client_gone());
    }

    #[test]
    fn without_address_or_port_there_is_no_watch() {
        for (address, port) in [
            ("", "80"),
            ("host", "80"),
            ("::1", ""),
            ("::1", "0"),
            ("::1", "70000"),
        ] {
            assert!(
                ClientConnection::new(address, port).is_none(),
                "{address} {port}"
            );
        }
    }

    #[test]
    fn real_connections_are_found_and_missed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_server, remote) = listener.accept().unwrap();
        let port = remote.port().to_string();
        let mut watch = ClientConnection::new("127.0.0.1", &port).unwrap();
        assert!(!watch.client_gone());
        assert!(
            matches!(watch.seen, Seen::InTable(_)),
            "the connection is in the table"
        );
        drop(client);
        let started = std::time::Instant::now();
        while !watch.client_gone() {
            assert!(started.elapsed().as_secs() < 10, "still there");
        }
    }
}
