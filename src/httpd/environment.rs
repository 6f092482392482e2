//! A request as the environment of a CGI/1.1 program (RFC 3875, section 4).

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use hyper::Version;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use hyper::http::request::Parts;

use super::host;
use super::route::Program;

/// What a program keeps of the environment that this server was started in.
const INHERITED: &[&str] = &[
    "PATH",
    "LD_LIBRARY_PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "DAS2_SERVER_CONF",
];

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    /// This server's address.
    pub(super) local: SocketAddr,
    /// The client's address.
    pub(super) remote: SocketAddr,
}

/// The whole environment of `program`, asked by `request`.
pub(super) fn environment(
    request: &Parts,
    program: &Program<'_>,
    ends: Ends,
) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = INHERITED
        .iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
        .collect();
    let mut set = |name: &str, value: &[u8]| {
        variables.push((name.into(), OsStr::from_bytes(value).to_owned()));
    };
    let (name, port) = name_and_port(request, ends.local);
    let protocol = match request.version {
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    let uri = request.uri.path_and_query().map_or("/", |uri| uri.as_str());
    for (name, value) in [
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        (
            "SERVER_SOFTWARE",
            concat!("das2_srv_httpd/", env!("CARGO_PKG_VERSION")),
        ),
        ("SERVER_PROTOCOL", protocol),
        ("SERVER_NAME", &name),
        ("SERVER_PORT", &port.to_string()),
        ("SERVER_ADDR", &ends.local.ip().to_canonical().to_string()),
        ("REMOTE_ADDR", &ends.remote.ip().to_canonical().to_string()),
        ("REMOTE_PORT", &ends.remote.port().to_string()),
        ("REQUEST_METHOD", request.method.as_str()),
        ("REQUEST_URI", uri),
        ("SCRIPT_NAME", program.script),
        ("QUERY_STRING", request.uri.query().unwrap_or("")),
    ] {
        set(name, value.as_bytes());
    }
    if !program.path_info.is_empty() {
        set("PATH_INFO", &program.path_info);
    }
    for header in request.headers.keys() {
        let Some(name) = variable_of(header.as_str()) else {
            continue;
        };
        let values = request.headers.get_all(header).iter();
        let values: Vec<&[u8]> = values.map(|value| value.as_bytes()).collect();
        variables.push((name.into(), OsString::from_vec(values.join(&b", "[..]))));
    }
    variables
}

/// The variable that carries a header. None for names that could be taken for
/// another's (`a_b` for `a-b`), and for `Proxy`, whose variable libraries
/// would obey.
fn variable_of(header: &str) -> Option<String> {
    if header == CONTENT_LENGTH || header == CONTENT_TYPE {
        return Some(header.to_ascii_uppercase().replace('-', "_"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (header.bytes().all(plain) && header != "proxy")
        .then(|| format!("HTTP_{}", header.to_ascii_uppercase().replace('-', "_")))
}

/// SERVER_NAME and SERVER_PORT: what the client calls this server, so that
/// links work through a tunnel too; else the address it came to. libdas2 sends
/// a Host without port whatever the port is.
fn name_and_port(request: &Parts, local: SocketAddr) -> (String, u16) {
    match host::called(&request.headers) {
        Some(called) => (
            called.host().to_owned(),
            called.port_u16().unwrap_or(local.port()),
        ),
        None => (local.ip().to_canonical().to_string(), local.port()),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::HashMap;

    use super::*;

    fn variables(request: hyper::http::request::Builder) -> HashMap<String, String> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let program = Program {
            name: "das2_srvcgi_main",
            script: "/das/server",
            path_info: Cow::Borrowed(b"/source/A"),
        };
        let ends = Ends {
            local: "127.0.0.1:8080".parse().unwrap(),
            remote: "[::ffff:192.0.2.7]:4711".parse().unwrap(),
        };
        let text = |text: OsString| text.into_string().unwrap();
        environment(&parts, &program, ends)
            .into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    #[test]
    fn of_a_request() {
        let request = hyper::Request::get("/das/server/source/A?a=%20b&c")
            .header("Host", "example.org:81")
            .header("User-Agent", "curl/8")
            .header("Authorization", "Basic eA==")
            .header("Accept", "text/html")
            .header("Accept", "text/plain")
            .header("Content-Type", "text/plain")
            .header("Content-Length", "3")
            .header("Proxy", "evil")
            .header("Remote_Addr", "evil");
        let found = variables(request);
        for (name, value) in [
            ("SERVER_NAME", "example.org"),
            ("SERVER_PORT", "81"),
            ("REMOTE_ADDR", "192.0.2.7"),
            ("REMOTE_PORT", "4711"),
            ("REQUEST_METHOD", "GET"),
            ("SCRIPT_NAME", "/das/server"),
            ("PATH_INFO", "/source/A"),
            ("QUERY_STRING", "a=%20b&c"),
            ("HTTP_USER_AGENT", "curl/8"),
            ("HTTP_AUTHORIZATION", "Basic eA=="),
            ("HTTP_ACCEPT", "text/html, text/plain"),
            ("CONTENT_TYPE", "text/plain"),
            ("CONTENT_LENGTH", "3"),
        ] {
            assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}");
        }
        for name in ["HTTP_PROXY", "HTTP_REMOTE_ADDR", "HTTP_CONTENT_TYPE"] {
            assert!(!found.contains_key(name), "{name}");
        }
    }

    #[test]
    fn names_of_the_server() {
        for (host, name, port) in [
            ("example.org", "example.org", "8080"),
            ("[::1]:8081", "[::1]", "8081"),
            ("user@example.org", "127.0.0.1", "8080"),
            ("a b", "127.0.0.1", "8080"),
            ("", "127.0.0.1", "8080"),
        ] {
            let found = variables(hyper::Request::get("/").header("Host", host));
            assert_eq!(
                found.get("SERVER_NAME").map(String::as_str),
                Some(name),
                "{host}"
            );
            assert_eq!(
                found.get("SERVER_PORT").map(String::as_str),
                Some(port),
                "{host}"
            );
        }
    }
}
