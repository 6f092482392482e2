//! The head of a CGI answer (RFC 3875, section 6) as that of an HTTP answer.

/// A head is at most this long; what writes more writes no head.
pub(super) const LONGEST: usize = 64 * 1024;

/// Headers of the connection between web server and client, which are not the
/// program's affair.
const OF_THE_CONNECTION: &[&str] = &["connection", "keep-alive", "transfer-encoding", "upgrade"];

/// The length of the head at the start of `bytes`, its empty line included;
/// None if the empty line is not there yet.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let mut start = 0_usize;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        start = start.saturating_add(line.len());
        if matches!(line, b"\n" | b"\r\n") {
            return Some(start);
        }
    }
    None
}

/// The HTTP head for the CGI `head`: the status line that its `Status` (or
/// `Location`) asks for, and its other headers as they are.
pub(super) fn of_http(head: &[u8]) -> Vec<u8> {
    let mut status: Option<&[u8]> = None;
    let mut headers = Vec::with_capacity(head.len());
    let mut redirects = false;
    for line in head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end) {
        let (name, value) = match line.iter().position(|&b| b == b':') {
            Some(colon) => line.split_at(colon),
            None => (line, &b""[..]),
        };
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("Status") {
            status = value.get(1..).map(<[u8]>::trim_ascii);
        } else if !line.is_empty() && !OF_THE_CONNECTION.iter().any(|other| is(other)) {
            redirects |= is("Location");
            headers.extend_from_slice(line);
            headers.extend_from_slice(b"\r\n");
        }
    }
    let status = status.unwrap_or(if redirects { b"302 Found" } else { b"200 OK" });
    let mut http = b"HTTP/1.1 ".to_vec();
    http.extend_from_slice(status);
    // Three digits alone are not enough for HTTP/1, a blank has to follow.
    http.extend_from_slice(if status.len() == 3 { b" \r\n" } else { b"\r\n" });
    // The end of the answer is the end of the program's output, unless it
    // gives a length.
    http.extend_from_slice(&headers);
    http.extend_from_slice(b"Connection: close\r\n\r\n");
    http
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends() {
        assert_eq!(length(b"A: b\r\n\r\nbody"), Some(8));
        assert_eq!(length(b"A: b\n\nbody"), Some(6));
        assert_eq!(length(b"A: b\r\n\r"), None);
        assert_eq!(length(b"\n"), Some(1));
        assert_eq!(length(b""), None);
    }

    #[test]
    fn status_lines() {
        let cases: [(&str, &str); 6] = [
            (
                "Content-Type: text/plain\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
            ),
            (
                "status: 404 Not Found\r\nX: y\r\n\r\n",
                "HTTP/1.1 404 Not Found\r\nX: y\r\n",
            ),
            ("X: y\nStatus:401\n\n", "HTTP/1.1 401 \r\nX: y\r\n"),
            (
                "Location: http://a/b\r\n\r\n",
                "HTTP/1.1 302 Found\r\nLocation: http://a/b\r\n",
            ),
            (
                "Status: 301 Moved\r\nLocation: /b\r\n\r\n",
                "HTTP/1.1 301 Moved\r\nLocation: /b\r\n",
            ),
            (
                "Transfer-Encoding: chunked\r\nA: b\r\n\r\n",
                "HTTP/1.1 200 OK\r\nA: b\r\n",
            ),
        ];
        for (cgi, http) in cases {
            let expected = format!("{http}Connection: close\r\n\r\n");
            assert_eq!(of_http(cgi.as_bytes()), expected.as_bytes(), "{cgi}");
        }
    }
}
