//! What a client calls this server: its Host header (RFC 9112, section 3.2).

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Version};

/// Why a request is refused with status 400.
pub(super) fn wrong(request: &Parts) -> Option<&'static str> {
    let mut hosts = request.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version == Version::HTTP_10 => None,
        (None, _) => Some("Please send a Host header, as HTTP/1.1 asks for"),
        (Some(_), Some(_)) => Some("Please send one Host header only"),
        (Some(host), None) if host.is_empty() => None,
        (Some(_), None) => called(&request.headers)
            .is_none()
            .then_some("The Host header names no host; please send HOST or HOST:PORT"),
    }
}

/// The host, if a header names one.
pub(super) fn called(headers: &HeaderMap) -> Option<Authority> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let authority: Authority = host.parse().ok()?;
    // Nothing else is in front of the host than a user, which has no place here.
    let behind = authority.as_str().strip_prefix(authority.host())?;
    let is_port = matches!(behind, "" | ":") || authority.port_u16().is_some();
    is_port.then_some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(version: Version, hosts: &[&str]) -> bool {
        let mut request = hyper::Request::get("/").version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        wrong(&request.body(()).unwrap().into_parts().0).is_some()
    }

    #[test]
    fn one_host_that_is_one() {
        for host in [
            "example.org",
            "example.org:81",
            "example.org:",
            "192.0.2.7",
            "[::1]:8080",
            "a_b",
            "",
        ] {
            for version in [Version::HTTP_10, Version::HTTP_11] {
                assert!(!refused(version, &[host]), "{host}");
                assert!(refused(version, &[host, host]), "{host}");
            }
        }
        for host in ["a b", "user@example.org", "a/b", "a:b:c", "a:99999", "é"] {
            assert!(refused(Version::HTTP_11, &[host]), "{host}");
            assert!(refused(Version::HTTP_10, &[host]), "{host}");
        }
        assert!(refused(Version::HTTP_11, &[]));
        assert!(!refused(Version::HTTP_10, &[]));
    }
}
