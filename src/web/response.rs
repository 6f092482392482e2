//! Answers as CGI bytes.
//!
//! Header names are spelled as das2 clients compare them, with case, and all
//! headers of an answer together stay below what their buffers hold.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use super::encoding::{Accepted, OF_WHOLES, is_text};

/// Room for all headers in the smallest client's buffer, in bytes, line ends
/// and the final empty line included.
pub const HEADER_ROOM: usize = 2048;

/// What a web server adds to the headers of a CGI program: date, connection,
/// its own name.
const SERVERS_OWN: usize = 300;

/// The type of exceptions and other text packets for das2 clients.
pub const CLIENT_TEXT: &str = "text/vnd.das2.das2stream";

/// The type of text for people.
pub const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// Every answer may be read by a page of any site.
const CORS: &[(&str, &str)] = &[
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET"),
    ("Access-Control-Allow-Headers", "Content-Type"),
];

/// Number and words of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u16, pub &'static str);

impl Status {
    /// 200.
    pub const OK: Status = Status(200, "OK");
}

/// Status and headers of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    status: Status,
    headers: Vec<(&'static str, String)>,
}

impl Head {
    /// A status, a type, and what every answer has.
    pub fn new(status: Status, content_type: &str) -> Head {
        let mut head = Head::without_type(status);
        head.add("Content-Type", content_type);
        head
    }

    fn without_type(status: Status) -> Head {
        let headers = CORS
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        Head { status, headers }
    }

    /// Takes back that pages of any site may read it.
    pub fn keep_from_other_sites(&mut self) {
        let cors = |name: &str| CORS.iter().any(|(known, _)| *known == name);
        self.headers.retain(|(name, _)| !cors(name));
    }

    /// Adds a header. What could end the line is taken out of the value.
    pub fn add(&mut self, name: &'static str, value: impl Into<String>) {
        let mut value = value.into();
        value.retain(|c| !c.is_control());
        self.headers.push((name, value));
    }

    /// The value of a header.
    fn value(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// For answers that are compressed for some clients: stores keep both.
    pub fn add_vary(&mut self) {
        self.add("Vary", "Accept-Encoding");
    }

    /// Says that the body is compressed. What is known of it otherwise (length,
    /// tag) then is that of another body.
    pub fn set_gzip(&mut self) {
        self.headers.retain(|(name, _)| *name != "Content-Length");
        for (name, value) in &mut self.headers {
            if *name == "ETag" {
                *value = gzip_tag(value);
            }
        }
        self.add("Content-Encoding", "gzip");
    }

    /// Whether the body is compressed.
    pub fn is_gzip(&self) -> bool {
        self.value("Content-Encoding").is_some()
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The header block, with the empty line that ends it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("Status: {} {}\r\n", self.status.0, self.status.1).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// Whether the smallest client's buffer holds it.
    pub fn fits(&self) -> bool {
        self.to_bytes().len() + SERVERS_OWN <= HEADER_ROOM
    }
}

/// The tag of a body when it is compressed, from that of the body.
pub fn gzip_tag(tag: &str) -> String {
    match tag.strip_suffix('"') {
        Some(tag) => format!("{tag}-gzip\""),
        None => tag.to_owned(),
    }
}

/// An answer that is there as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    head: Head,
    body: Vec<u8>,
}

impl Response {
    /// Any body.
    pub fn new(status: Status, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        Response {
            head: Head::new(status, content_type),
            body: body.into(),
        }
    }

    /// Text for people.
    pub fn text(status: Status, body: impl Into<Vec<u8>>) -> Response {
        Response::new(status, PLAIN_TEXT, body)
    }

    /// Headers only, such as 304.
    pub fn empty(status: Status) -> Response {
        Response::with_head(Head::without_type(status))
    }

    /// Any body behind any headers.
    pub fn with_body(head: Head, body: Vec<u8>) -> Response {
        Response { head, body }
    }

    /// Headers of an answer whose body is not sent.
    pub fn with_head(head: Head) -> Response {
        Response {
            head,
            body: Vec::new(),
        }
    }

    /// Adds a header.
    pub fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.head.add(name, value);
    }

    /// For answers that hang on the address of whoever asks: what pages of other
    /// sites have their visitors ask is not for them to read.
    pub fn keep_from_other_sites(&mut self) {
        self.head.keep_from_other_sites();
    }

    /// The answer as a client gets it who accepts this: text is compressed if it
    /// is worth it.
    pub fn encoded(mut self, accepted: Accepted) -> Response {
        let content_type = self.head.value("Content-Type").unwrap_or_default();
        if self.head.status != Status::OK || self.head.is_gzip() || !is_text(content_type) {
            return self;
        }
        if self.head.value("Vary").is_none() {
            self.head.add_vary();
        }
        if accepted.compresses(self.body.len() as u64) {
            let mut encoder = GzEncoder::new(Vec::new(), OF_WHOLES);
            let body = encoder
                .write_all(&self.body)
                .and_then(|()| encoder.finish());
            // Memory does not fail; if it did, the plain body would do.
            if let Ok(body) = body {
                self.body = body;
                self.head.set_gzip();
            }
        }
        self
    }

    /// Status and headers, to add some.
    pub fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    /// Status and headers.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Sends it in one piece, without the body for HEAD. How many bytes of
    /// body went out.
    ///
    /// # Errors
    /// The client's.
    pub fn send(&self, client: &mut dyn Write, with_body: bool) -> io::Result<u64> {
        let mut bytes = self.head.to_bytes();
        let body = if with_body { self.body.as_slice() } else { &[] };
        bytes.extend_from_slice(body);
        client.write_all(&bytes)?;
        client.flush()?;
        Ok(body.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_as_bytes() {
        let mut response = Response::text(Status(404, "Not Found"), "x");
        response.header("X", "a\r\nb: c");
        let mut sent = Vec::new();
        response.send(&mut sent, true).unwrap();
        let text = String::from_utf8(sent).unwrap();
        assert!(text.starts_with("Status: 404 Not Found\r\nAccess-Control-Allow-Origin: *\r\n"));
        assert!(text.ends_with("\r\nX: ab: c\r\n\r\nx"));
        let mut sent = Vec::new();
        response.send(&mut sent, false).unwrap();
        assert!(sent.ends_with(b"\r\n\r\n"));
    }

    #[test]
    fn room() {
        let mut head = Head::new(Status::OK, PLAIN_TEXT);
        assert!(head.fits());
        head.add("Location", "x".repeat(HEADER_ROOM));
        assert!(!head.fits());
    }
}
