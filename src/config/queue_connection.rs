//! WORK_QUEUE_CONN: how the Redis server of the work queue is reached.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// The port of a Redis server that names none, and that of a Sentinel.
const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Text that is never shown: printing a configuration must not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for whom it is meant.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}

/// A user and a password of Redis; before Redis 6 there were only passwords.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user of Redis' access lists.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
}

/// A host name or address, and a TCP port.
pub type HostAndPort = (String, u16);

/// Where a Redis server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueuePlace {
    /// At a TCP port.
    Tcp(HostAndPort),
    /// At a Unix socket.
    Unix(PathBuf),
    /// Wherever Sentinels say that the master of this name is.
    Sentinel {
        /// The Sentinels, asked in this order.
        sentinels: Vec<HostAndPort>,
        /// The name under which they watch the server.
        master: String,
        /// What the Sentinels themselves want to see, if anything.
        credentials: Credentials,
    },
}

/// How the Redis server of the work queue is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConnection {
    /// Where it is.
    pub place: QueuePlace,
    /// The number of the database in it.
    pub database: u32,
    /// As whom to use it.
    pub credentials: Credentials,
    /// Whether connections are encrypted (also those to Sentinels).
    pub tls: bool,
    /// The certificates to trust, in PEM form; those of the system without it.
    pub ca_file: Option<PathBuf>,
}

impl Default for QueueConnection {
    fn default() -> QueueConnection {
        QueueConnection::tcp("localhost", PORT, 0)
    }
}

impl QueueConnection {
    /// An open server at a TCP port.
    pub fn tcp(host: &str, port: u16, database: u32) -> QueueConnection {
        QueueConnection {
            place: QueuePlace::Tcp((host.to_owned(), port)),
            database,
            credentials: Credentials::default(),
            tls: false,
            ca_file: None,
        }
    }

    /// What `text` says: `HOST:PORT:DATABASE`, where missing parts are those
    /// of the default, or an URL. None when it is neither.
    ///
    /// - `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`
    /// - `rediss://...`, the same with TLS; `?cacert=FILE` for a CA of the site
    /// - `unix:///PATH/TO/SOCKET[?db=DATABASE&user=USER&password=PASSWORD]`
    /// - `redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]...]/MASTER[/DATABASE]`,
    ///   `rediss+sentinel://` with TLS; `?sentinel_user=..&sentinel_password=..`
    ///
    /// User, password and the values behind `?` are percent-decoded; PASSWORD
    /// alone is written `:PASSWORD@`.
    pub fn parse(text: &str) -> Option<QueueConnection> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return short_form(text);
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Query::parse(query)?),
            None => (rest, Query::default()),
        };
        let (tls, form): (bool, Form) = match scheme.to_ascii_lowercase().as_str() {
            "redis" => (false, tcp_form),
            "rediss" => (true, tcp_form),
            "unix" | "redis+unix" => (false, unix_form),
            "redis+sentinel" => (false, sentinel_form),
            "rediss+sentinel" => (true, sentinel_form),
            _ => return None,
        };
        let mut connection = form(rest, &query)?;
        connection.tls = tls;
        connection.ca_file = query.ca_file.map(PathBuf::from);
        Some(connection)
    }
}

/// Reads what stands between `://` and `?`.
type Form = fn(&str, &Query) -> Option<QueueConnection>;

/// What may stand behind `?`.
#[derive(Default)]
struct Query {
    database: Option<u32>,
    credentials: Credentials,
    sentinel: Credentials,
    ca_file: Option<String>,
}

impl Query {
    fn parse(text: &str) -> Option<Query> {
        let mut query = Query::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=')?;
            let value = decoded(value)?;
            match key {
                "db" => query.database = Some(value.parse().ok()?),
                "user" => query.credentials.user = Some(value),
                "password" | "pass" => query.credentials.password = Some(Secret(value)),
                "sentinel_user" => query.sentinel.user = Some(value),
                "sentinel_password" => query.sentinel.password = Some(Secret(value)),
                "cacert" => query.ca_file = Some(value),
                _ => return None,
            }
        }
        Some(query)
    }
}

fn short_form(text: &str) -> Option<QueueConnection> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => match text.find(':') {
            Some(at) => text.split_at_checked(at)?,
            None => (text, ""),
        },
    };
    let mut parts = rest.split(':').map(str::trim);
    if parts.next() != Some("") {
        return None;
    }
    let host = match host.trim() {
        "" => "localhost",
        host => host,
    };
    let port = number(parts.next(), PORT)?;
    let database = number(parts.next(), 0)?;
    let complete = parts.next().is_none() && !host.contains('/');
    complete.then(|| QueueConnection::tcp(host, port, database))
}

/// A number, or what it is where nothing stands.
fn number<T: std::str::FromStr>(text: Option<&str>, absent: T) -> Option<T> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => text.parse().ok(),
        None => Some(absent),
    }
}

fn tcp_form(rest: &str, query: &Query) -> Option<QueueConnection> {
    let (authority, database) = match rest.split_once('/') {
        Some((authority, database)) => (authority, Some(database)),
        None => (rest, None),
    };
    let (credentials, host) = credentials(authority, query)?;
    Some(QueueConnection {
        place: QueuePlace::Tcp(host_and_port(host, PORT)?),
        credentials,
        ..with_database(number(database, query.database.unwrap_or(0))?)
    })
}

fn unix_form(rest: &str, query: &Query) -> Option<QueueConnection> {
    let path = decoded(rest)?;
    path.starts_with('/').then(|| QueueConnection {
        place: QueuePlace::Unix(PathBuf::from(path)),
        credentials: query.credentials.clone(),
        ..with_database(query.database.unwrap_or(0))
    })
}

fn sentinel_form(rest: &str, query: &Query) -> Option<QueueConnection> {
    let (authority, path) = rest.split_once('/')?;
    let (master, database) = match path.split_once('/') {
        Some((master, database)) => (master, Some(database)),
        None => (path, None),
    };
    let master = decoded(master).filter(|name| !name.is_empty())?;
    let (credentials, hosts) = credentials(authority, query)?;
    let sentinels: Option<Vec<HostAndPort>> = hosts
        .split(',')
        .map(|host| host_and_port(host, SENTINEL_PORT))
        .collect();
    Some(QueueConnection {
        place: QueuePlace::Sentinel {
            sentinels: sentinels?,
            master,
            credentials: query.sentinel.clone(),
        },
        credentials,
        ..with_database(number(database, query.database.unwrap_or(0))?)
    })
}

fn with_database(database: u32) -> QueueConnection {
    QueueConnection {
        database,
        ..QueueConnection::default()
    }
}

/// User and password in front of the last `@`, and what follows it.
fn credentials<'a>(authority: &'a str, query: &Query) -> Option<(Credentials, &'a str)> {
    let Some((account, host)) = authority.rsplit_once('@') else {
        return Some((query.credentials.clone(), authority));
    };
    let (user, password) = match account.split_once(':') {
        Some((user, password)) => (user, Some(Secret(decoded(password)?))),
        None => (account, None),
    };
    let user = Some(decoded(user)?).filter(|user| !user.is_empty());
    Some((Credentials { user, password }, host))
}

fn host_and_port(text: &str, absent: u16) -> Option<HostAndPort> {
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner.split_once(']')?;
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':')?)),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = number(port, absent)?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains(char::is_control)).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(connection: &QueueConnection) -> (Option<&str>, Option<&str>) {
        let Credentials { user, password } = &connection.credentials;
        (user.as_deref(), password.as_ref().map(Secret::reveal))
    }

    #[test]
    fn the_forms_of_das2_pyserver() {
        for (text, host, port, database) in [
            ("localhost:6379:0", "localhost", 6379, 0),
            ("host", "host", 6379, 0),
            ("host:7", "host", 7, 0),
            ("host::3", "host", 6379, 3),
            ("host : 7 : 3", "host", 7, 3),
            ("::3", "localhost", 6379, 3),
            ("[::1]:7:3", "::1", 7, 3),
            ("[::1]", "::1", 6379, 0),
            ("", "localhost", 6379, 0),
        ] {
            let connection = QueueConnection::tcp(host, port, database);
            assert_eq!(QueueConnection::parse(text), Some(connection), "{text}");
        }
    }

    #[test]
    fn urls_of_servers() {
        let read = |text| QueueConnection::parse(text).unwrap();
        let plain = read("redis://host");
        assert_eq!(plain, QueueConnection::tcp("host", 6379, 0));
        let full = read("redis://me:p%40%3A@[::1]:7/3");
        assert_eq!(full.place, QueuePlace::Tcp(("::1".to_owned(), 7)));
        assert_eq!(
            (full.database, account(&full)),
            (3, (Some("me"), Some("p@:")))
        );
        let secure = read("rediss://:secret@host/2?cacert=/etc/ca.pem");
        assert!(secure.tls);
        assert_eq!(account(&secure), (None, Some("secret")));
        assert_eq!(secure.ca_file.as_deref(), Some("/etc/ca.pem".as_ref()));
        let socket = read("unix:///run/redis.sock?db=5&password=x%20y");
        assert_eq!(socket.place, QueuePlace::Unix("/run/redis.sock".into()));
        assert_eq!(
            (socket.database, account(&socket)),
            (5, (None, Some("x y")))
        );
    }

    #[test]
    fn sentinels() {
        let text = "redis+sentinel://me:pw@a,b:7,[::1]/das2/4?sentinel_password=s";
        let connection = QueueConnection::parse(text).unwrap();
        let QueuePlace::Sentinel {
            sentinels,
            master,
            credentials,
        } = &connection.place
        else {
            panic!("{connection:?}");
        };
        let places: Vec<_> = sentinels.iter().map(|(h, p)| (h.as_str(), *p)).collect();
        assert_eq!(places, [("a", 26379), ("b", 7), ("::1", 26379)]);
        assert_eq!((master.as_str(), connection.database), ("das2", 4));
        assert_eq!(account(&connection), (Some("me"), Some("pw")));
        assert_eq!(credentials.password.as_ref().unwrap().reveal(), "s");
    }

    #[test]
    fn what_is_refused() {
        for text in [
            "host:x",
            "host:1:2:3",
            "host:70000",
            "http://host",
            "redis://",
            "redis://host:x",
            "redis://host/x",
            "redis://host?what=1",
            "unix://relative",
            "redis+sentinel://a",
            "redis+sentinel://a/",
            "redis+sentinel://a,,b/m",
            "redis://[::1",
            "redis://a%00:b@host",
        ] {
            assert_eq!(QueueConnection::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let text = "redis+sentinel://me:hidden@a/m?sentinel_password=hidden";
        let printed = format!("{:?}", QueueConnection::parse(text));
        assert!(!printed.contains("hidden"), "{printed}");
    }
}
