//! A request as CGI/1.1 gives it: in the environment.

use std::ffi::OsString;
use std::net::IpAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::error::Error;
use super::query::Query;
use crate::access::Authorization;

/// What of a path cannot stand in a URL as it is.
const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What of a value cannot stand in a query as it is.
const IN_VALUE: &AsciiSet = &IN_PATH.add(b'&').add(b'+').add(b'=').add(b'\'').add(b';');

/// What of a query that was received cannot stand in a header as it is.
pub(super) const IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// Words of a User-Agent that belong to a person's browser.
const BROWSERS: &[&str] = &["firefox", "explorer", "chrome", "safari", "konqueror"];

/// A path as URLs have it.
pub fn path_encoded(path: &str) -> String {
    utf8_percent_encode(path, IN_PATH).to_string()
}

/// A value as queries have it.
pub fn value_encoded(value: &str) -> String {
    utf8_percent_encode(value, IN_VALUE).to_string()
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The answer is wanted.
    Get,
    /// Only its headers.
    Head,
    /// Whether pages of other sites may ask.
    Options,
    /// Something is to be done; only the log page has that.
    Post,
    /// Something that is not served.
    Other,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// REQUEST_METHOD; a missing one is GET.
    pub method: Method,
    /// QUERY_STRING.
    pub query: Query,
    /// SCRIPT_NAME, decoded.
    pub script_name: String,
    /// SERVER_NAME, without what no host name has.
    pub server_name: String,
    /// REMOTE_ADDR as text, for logs and file names: an address in the one way to
    /// write it, and IPv4 as IPv4 where a server that listens for both writes IPv6.
    pub remote_addr: String,
    /// REMOTE_PORT.
    pub remote_port: String,
    /// HTTP_USER_AGENT.
    pub user_agent: String,
    /// HTTP_IF_NONE_MATCH.
    pub if_none_match: String,
    /// HTTP_IF_MODIFIED_SINCE.
    pub if_modified_since: String,
    /// HTTP_ACCEPT_ENCODING.
    pub accept_encoding: String,
    /// HTTP_AUTHORIZATION, or what Apache makes of it when it asks itself once
    /// more.
    pub authorization: Option<Authorization>,
    path_info: OsString,
    https: bool,
    port: Option<u16>,
}

impl Request {
    /// From this process's environment.
    pub fn of_this_process() -> Request {
        Request::from_environment(|name| std::env::var_os(name))
    }

    /// From variables of any kind.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Request {
        let bytes = |name: &str| variable(name).unwrap_or_default();
        let text = |name: &str| bytes(name).to_string_lossy().into_owned();
        let https = text("HTTPS");
        Request {
            method: method_of(&text("REQUEST_METHOD")),
            query: Query::new(bytes("QUERY_STRING").as_bytes()),
            script_name: text("SCRIPT_NAME"),
            server_name: host_of(&text("SERVER_NAME")),
            remote_addr: address_of(text("REMOTE_ADDR")),
            remote_port: text("REMOTE_PORT"),
            user_agent: text("HTTP_USER_AGENT"),
            if_none_match: text("HTTP_IF_NONE_MATCH"),
            if_modified_since: text("HTTP_IF_MODIFIED_SINCE"),
            accept_encoding: text("HTTP_ACCEPT_ENCODING"),
            authorization: authorization(&bytes),
            path_info: bytes("PATH_INFO"),
            https: https == "1" || https.eq_ignore_ascii_case("on"),
            port: text("SERVER_PORT").parse().ok(),
        }
    }

    /// PATH_INFO.
    ///
    /// # Errors
    /// [`Error::BadRequest`] for `..` anywhere in it, for what is not UTF-8,
    /// and for control characters.
    pub fn path(&self) -> Result<&str, Error> {
        let bad = |what: &str| Error::BadRequest(format!("Bad Path: {what}"));
        let path = self
            .path_info
            .to_str()
            .ok_or_else(|| bad("it is not UTF-8"))?;
        match () {
            () if path.contains("..") => Err(bad("it holds '..'")),
            () if path.contains(char::is_control) => Err(bad("it holds a control character")),
            () => Ok(path),
        }
    }

    /// PATH_INFO, whatever it holds, for the log.
    pub fn path_shown(&self) -> std::borrow::Cow<'_, str> {
        self.path_info.to_string_lossy()
    }

    /// Whether a person's browser asks. Java, das2C, curl and whoever says
    /// nothing are das2 clients.
    pub fn is_browser(&self) -> bool {
        let agent = self.user_agent.to_ascii_lowercase();
        BROWSERS.iter().any(|name| agent.contains(name))
    }

    /// The URL of this program, encoded, without a final `/`. Ports that go
    /// without saying are left out: some clients refuse any.
    pub fn script_url(&self) -> String {
        let (scheme, usual) = if self.https {
            ("https", 443)
        } else {
            ("http", 80)
        };
        let port = match self.port {
            Some(port) if port != usual => format!(":{port}"),
            _ => String::new(),
        };
        let script = utf8_percent_encode(&self.script_name, IN_PATH);
        format!("{scheme}://{}{port}{script}", self.server_name)
    }

    /// The client's address, if it is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.remote_addr.split('%').next()?.parse().ok()
    }

    /// The request's URL as it was received, for the log.
    pub fn url(&self) -> String {
        let mut url = self.script_url();
        url.push_str(&utf8_percent_encode(&self.path_shown(), IN_PATH).to_string());
        if !self.query.raw().is_empty() {
            url.push('?');
            url.push_str(&String::from_utf8_lossy(self.query.raw()));
        }
        url
    }
}

/// Apache puts REDIRECT_ in front of a variable for each of its own redirects;
/// a client's headers cannot make such names.
fn authorization(bytes: &dyn Fn(&str) -> OsString) -> Option<Authorization> {
    let names = [
        "HTTP_AUTHORIZATION",
        "REDIRECT_HTTP_AUTHORIZATION",
        "REDIRECT_REDIRECT_HTTP_AUTHORIZATION",
    ];
    let mut values = names.iter().map(|name| bytes(name).into_vec());
    values.find_map(Authorization::of)
}

fn method_of(text: &str) -> Method {
    match text {
        "" | "GET" => Method::Get,
        "HEAD" => Method::Head,
        "OPTIONS" => Method::Options,
        "POST" => Method::Post,
        _ => Method::Other,
    }
}

fn address_of(text: String) -> String {
    let address = text.parse::<IpAddr>();
    address.map_or(text, |address| address.to_canonical().to_string())
}

/// A host name may come from the client: letters, digits and what addresses
/// are written with.
fn host_of(text: &str) -> String {
    let keep =
        |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let host: String = text.chars().filter(keep).take(255).collect();
    match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]"),
        false => host,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::ffi::OsStr;

    use super::*;

    /// A request with these variables and no others.
    pub(in crate::web) fn request(variables: &[(&str, &str)]) -> Request {
        Request::from_environment(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn urls_of_this_program() {
        let url = |https, port, name| {
            let host = ("SERVER_NAME", "a.org");
            request(&[
                ("HTTPS", https),
                ("SERVER_PORT", port),
                host,
                ("SCRIPT_NAME", name),
            ])
            .script_url()
        };
        assert_eq!(url("", "80", "/das/server"), "http://a.org/das/server");
        assert_eq!(
            url("", "8080", "/das/server"),
            "http://a.org:8080/das/server"
        );
        assert_eq!(url("ON", "443", "/s"), "https://a.org/s");
        assert_eq!(url("1", "8443", "/s"), "https://a.org:8443/s");
        assert_eq!(url("off", "x", "/a b%é"), "http://a.org/a%20b%25%C3%A9");
        assert_eq!(
            request(&[("SERVER_NAME", "::1")]).script_url(),
            "http://[::1]"
        );
        assert_eq!(
            request(&[("SERVER_NAME", "a\"><b>/\r\n")]).server_name,
            "ab"
        );
    }

    #[test]
    fn an_address_has_one_name() {
        for (text, name) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:DB8:0::1", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("", ""),
            ("x", "x"),
        ] {
            assert_eq!(request(&[("REMOTE_ADDR", text)]).remote_addr, name);
        }
    }

    #[test]
    fn browsers_and_clients() {
        let is = |agent| request(&[("HTTP_USER_AGENT", agent)]).is_browser();
        assert!(is("Mozilla/5.0 (X11) Gecko Firefox/120.0") && is("SAFARI") && is("x Chrome/1"));
        assert!(!is("") && !is("libdas2/2.3") && !is("Java/17") && !is("curl/8") && !is("Wget/1"));
    }

    #[test]
    fn paths() {
        assert_eq!(
            request(&[("PATH_INFO", "/data/é x")]).path().unwrap(),
            "/data/é x"
        );
        for bad in ["/a/../b", "/..", "/x\n"] {
            assert!(request(&[("PATH_INFO", bad)]).path().is_err(), "{bad}");
        }
        let bytes = Request::from_environment(|name| {
            (name == "PATH_INFO").then(|| OsStr::from_bytes(b"/\xff").to_owned())
        });
        assert!(bytes.path().is_err());
    }

    #[test]
    fn authorization_comes_under_several_names() {
        let user = |variables: &[(&str, &str)]| {
            let found = request(variables).authorization?;
            Some(found.credentials()?.user)
        };
        let (me, you) = ("Basic bWU6eA==", "Basic eW91Ong=");
        let (name, again) = ("HTTP_AUTHORIZATION", "REDIRECT_HTTP_AUTHORIZATION");
        assert_eq!(user(&[(name, me)]).as_deref(), Some("me"));
        assert_eq!(user(&[(name, me), (again, you)]).as_deref(), Some("me"));
        assert_eq!(user(&[(name, ""), (again, you)]).as_deref(), Some("you"));
        assert_eq!(user(&[(again, you)]).as_deref(), Some("you"));
        assert_eq!(user(&[(name, ""), ("AUTHORIZATION", me)]), None);
    }
}
