//! An answer, as bytes that came from a program or over a connection.
#![allow(dead_code)] // each test program uses its part

/// Head and body.
#[derive(Debug)]
pub struct Answer {
    /// The headers, behind the status line if it came by HTTP, with their line
    /// ends.
    pub head: String,
    /// What follows the empty line, chunks not put together.
    pub body: Vec<u8>,
}

impl Answer {
    /// From all of its bytes.
    pub fn of(mut bytes: Vec<u8>) -> Answer {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(&bytes)));
        let body = bytes.split_off(end + 4);
        Answer {
            head: String::from_utf8(bytes).unwrap(),
            body,
        }
    }

    /// From the status line, or from the header of CGI programs.
    pub fn status(&self) -> u16 {
        let line = match self.head.strip_prefix("HTTP/1.") {
            Some(rest) => rest.split_once(' ').unwrap().1,
            None => self.header("Status").unwrap(),
        };
        line.get(..3).unwrap().parse().unwrap()
    }

    /// The value of the header that is spelled exactly so.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.split("\r\n");
        let mut headers = lines.filter_map(|line| line.split_once(": "));
        headers
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    pub fn content_type(&self) -> &str {
        self.header("Content-Type").unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The type of the exception that the body is, its length checked.
    pub fn exception(&self) -> String {
        let text = self.text();
        let (tag, xml) = text.split_at(10);
        assert_eq!(tag, format!("[00]{:06}", xml.len()), "{text}");
        assert!(xml.ends_with(" />\r\n"), "{text}");
        text.split('"').nth(1).unwrap().to_owned()
    }
}
