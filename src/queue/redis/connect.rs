//! Getting a connection: TCP, TLS, Unix socket, or by way of Sentinels.

use std::time::Duration;

use redis::{
    Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, Pipeline, RedisError,
    RedisResult, TlsCertificates,
};

use crate::config::{Credentials, HostAndPort, QueueConnection, QueuePlace};

/// How long connecting may take, and how long an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) connect: Duration,
    pub(super) answer: Duration,
}

/// What is sent before the first command, in the same packet.
pub(super) fn greeting(connection: &QueueConnection) -> Pipeline {
    let mut greeting = login(&connection.credentials);
    if connection.database != 0 {
        greeting.cmd("SELECT").arg(connection.database).ignore();
    }
    greeting
}

fn login(credentials: &Credentials) -> Pipeline {
    let mut greeting = redis::pipe();
    if let Some(password) = &credentials.password {
        let command = greeting.cmd("AUTH");
        if let Some(user) = &credentials.user {
            command.arg(user);
        }
        command.arg(password.reveal()).ignore();
    }
    greeting
}

/// A connection on which nothing has been sent yet, so that no server that
/// never answers can hold us up before the time limits are set.
pub(super) fn open(
    connection: &QueueConnection,
    patience: Patience,
) -> RedisResult<redis::Connection> {
    match &connection.place {
        QueuePlace::Tcp(at) => dial(address(at, connection.tls), connection, patience),
        QueuePlace::Unix(path) => dial(ConnectionAddr::Unix(path.clone()), connection, patience),
        QueuePlace::Sentinel {
            sentinels,
            master,
            credentials,
        } => {
            let mut last = RedisError::from((ErrorKind::Io, "no Sentinel is named"));
            for sentinel in sentinels {
                let found = ask(sentinel, master, credentials, connection, patience);
                match found.and_then(|at| dial(address(&at, connection.tls), connection, patience))
                {
                    Ok(open) => return Ok(open),
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }
}

/// Where a Sentinel says that the master is.
fn ask(
    sentinel: &HostAndPort,
    master: &str,
    credentials: &Credentials,
    connection: &QueueConnection,
    patience: Patience,
) -> RedisResult<HostAndPort> {
    let mut open = dial(address(sentinel, connection.tls), connection, patience)?;
    let mut question = login(credentials);
    question
        .cmd("SENTINEL")
        .arg("get-master-addr-by-name")
        .arg(master);
    let (found,): (Option<(String, u16)>,) = question.query(&mut open)?;
    found.ok_or_else(|| (ErrorKind::Io, "the Sentinels know no master of this name").into())
}

fn address((host, port): &HostAndPort, tls: bool) -> ConnectionAddr {
    // The name that is used most, without asking a resolver.
    let plain = match host.as_str() {
        "localhost" => "127.0.0.1",
        host => host,
    };
    match tls {
        false => ConnectionAddr::Tcp(plain.to_owned(), *port),
        true => ConnectionAddr::TcpTls {
            host: host.clone(),
            port: *port,
            insecure: false,
            tls_params: None,
        },
    }
}

fn dial(
    address: ConnectionAddr,
    connection: &QueueConnection,
    patience: Patience,
) -> RedisResult<redis::Connection> {
    let info = silent(address)?;
    let client = match &connection.ca_file {
        Some(file) if connection.tls => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(std::fs::read(file)?),
            };
            Client::build_with_tls(info, certificates)?
        }
        _ => Client::open(info)?,
    };
    let open = client.get_connection_with_timeout(patience.connect)?;
    open.set_read_timeout(Some(patience.answer))?;
    open.set_write_timeout(Some(patience.answer))?;
    Ok(open)
}

/// A connection that says nothing by itself: the crate would wait for the
/// answers to its own greeting without any limit.
fn silent(address: ConnectionAddr) -> RedisResult<ConnectionInfo> {
    let info = address.into_connection_info()?;
    let settings = info.redis_settings().clone().set_skip_set_lib_name();
    Ok(info.set_redis_settings(settings))
}

/// The place as people know it, without passwords.
pub(super) fn place(connection: &QueueConnection) -> String {
    match &connection.place {
        QueuePlace::Tcp((host, port)) => format!("{host}:{port}"),
        QueuePlace::Unix(path) => path.display().to_string(),
        QueuePlace::Sentinel {
            sentinels, master, ..
        } => {
            let all: Vec<String> = sentinels.iter().map(|(h, p)| format!("{h}:{p}")).collect();
            format!("{master} (Sentinels {})", all.join(", "))
        }
    }
}
