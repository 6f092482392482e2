//! das2 streams taken apart in the plainest way, for tests: independent of the
//! library, so that it can be held against it.

use std::process::{Command, Output};

/// A data packet: its ID, its time in microseconds since 2000, its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: u8,
    pub time: i64,
    pub values: Vec<f64>,
}

/// What a reader wrote.
#[derive(Debug, Default)]
pub struct Das2 {
    /// Bodies of header packets in their order, with the tags.
    pub headers: Vec<(String, String)>,
    pub records: Vec<Record>,
}

/// A plane of the packet header: kind of encoding, bytes a value, items.
struct Plane {
    x: bool,
    encoding: String,
    width: usize,
    items: usize,
}

impl Das2 {
    /// Panics, with the place, at whatever is no das2.2 stream.
    pub fn parse(bytes: &[u8]) -> Das2 {
        let mut stream = Das2::default();
        let mut layouts: Vec<Option<Vec<Plane>>> = (0..100).map(|_| None).collect();
        let mut at = 0;
        while at < bytes.len() {
            let tag = std::str::from_utf8(&bytes[at..at + 4]).expect("a tag");
            assert!(at > 0 || tag == "[00]", "a stream begins with [00]");
            if tag.starts_with('[') {
                let digits = std::str::from_utf8(&bytes[at + 4..at + 10]).unwrap();
                assert!(
                    digits.bytes().all(|b| b.is_ascii_digit()),
                    "length {digits:?} at {at}"
                );
                let end = at + 10 + digits.parse::<usize>().unwrap();
                let body = std::str::from_utf8(&bytes[at + 10..end]).expect("UTF-8");
                check_xml(body);
                if let Ok(id) = tag[1..3].parse::<usize>()
                    && id > 0
                {
                    layouts[id] = Some(planes(body));
                }
                stream.headers.push((tag[1..3].to_owned(), body.to_owned()));
                at = end;
            } else {
                let id: u8 = tag[1..3]
                    .parse()
                    .unwrap_or_else(|_| panic!("tag {tag:?} at {at}"));
                assert!(
                    tag.starts_with(':') && tag.ends_with(':'),
                    "tag {tag:?} at {at}"
                );
                let layout = layouts[usize::from(id)]
                    .as_ref()
                    .expect("a header before data");
                at = stream.record(id, layout, bytes, at + 4);
            }
        }
        assert_eq!(at, bytes.len(), "the last packet is complete");
        stream
    }

    fn record(&mut self, id: u8, layout: &[Plane], bytes: &[u8], mut at: usize) -> usize {
        let mut record = Record {
            id,
            time: 0,
            values: Vec::new(),
        };
        for plane in layout {
            for _ in 0..plane.items {
                let field = &bytes[at..at + plane.width];
                at += plane.width;
                if plane.x {
                    record.time = time(&plane.encoding, field);
                } else {
                    record.values.push(number(&plane.encoding, field));
                }
            }
        }
        if layout.last().is_some_and(|plane| plane.encoding == "ascii") {
            assert_eq!(bytes[at - 1], b'\n', "a text record ends its line");
        }
        self.records.push(record);
        at
    }

    /// Type and message of the only exception, if there is one.
    pub fn exception(&self) -> Option<(String, String)> {
        let mut found = self
            .headers
            .iter()
            .filter(|(_, body)| body.starts_with("<exception"));
        let (_, body) = found.next()?;
        assert!(found.next().is_none(), "one exception is enough");
        Some((
            attribute(body, "type").unwrap(),
            attribute(body, "message").unwrap(),
        ))
    }

    /// Values of all comments of a type.
    pub fn comments(&self, kind: &str) -> Vec<String> {
        let of_kind = |body: &&String| attribute(body, "type").as_deref() == Some(kind);
        let comments = self.headers.iter().map(|(_, body)| body);
        let comments = comments
            .filter(|body| body.starts_with("<comment"))
            .filter(of_kind);
        comments
            .map(|body| attribute(body, "value").unwrap())
            .collect()
    }

    /// The packet header with this tag.
    pub fn header(&self, tag: &str) -> &str {
        &self
            .headers
            .iter()
            .find(|(t, _)| t == tag)
            .expect("the header")
            .1
    }

    /// Times rise, and lie in [begin, end).
    pub fn check_times(&self, begin: &str, end: &str) {
        let (begin, end) = (us2000(begin), us2000(end));
        for pair in self.records.windows(2) {
            assert!(
                pair[0].time < pair[1].time,
                "{} then {}",
                pair[0].time,
                pair[1].time
            );
        }
        for record in &self.records {
            assert!(
                (begin..end).contains(&record.time),
                "{} out of range",
                record.time
            );
        }
    }
}

/// What PySPEDAS needs to read a header: elements in pairs, double quotes, no
/// bare > in a value. And no bare & and < anywhere.
fn check_xml(body: &str) {
    for element in ["x", "y", "yscan", "packet", "stream"] {
        let opened = body.matches(&format!("<{element} ")).count()
            + body.matches(&format!("<{element}>")).count();
        assert_eq!(
            opened,
            body.matches(&format!("</{element}>")).count(),
            "{element} in {body}"
        );
    }
    let outside: Vec<&str> = body.split('"').step_by(2).collect();
    let inside: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
    assert_eq!(outside.len(), inside.len() + 1, "quotes in {body}");
    assert!(
        inside.iter().all(|value| !value.contains(['<', '>'])),
        "{body}"
    );
    for (at, _) in body.match_indices('&') {
        let entity = body[at + 1..].split(';').next().unwrap();
        assert!(
            ["amp", "lt", "gt", "quot", "apos", "#10"].contains(&entity),
            "{body}"
        );
    }
}

fn planes(body: &str) -> Vec<Plane> {
    let plane = |element: &str| {
        let kind = element.split_whitespace().next()?;
        if !["x", "y", "z", "yscan"].contains(&kind) {
            return None;
        }
        let encoding = attribute(element, "type").expect("a type");
        let text = encoding.trim_end_matches(|c: char| c.is_ascii_digit());
        let (encoding, width) = match encoding.as_str() {
            "sun_real4" | "little_endian_real4" => (encoding.as_str(), 4),
            "sun_real8" | "little_endian_real8" => (encoding.as_str(), 8),
            _ => {
                assert!(
                    ["ascii", "time"].contains(&text),
                    "clients read no {encoding}"
                );
                (text, encoding[text.len()..].parse().unwrap())
            }
        };
        let items = attribute(element, "nitems").map_or(1, |n| n.parse().unwrap());
        if let Some(tags) = attribute(element, "yTags") {
            assert_eq!(tags.split(',').count(), items);
        }
        Some(Plane {
            x: kind == "x",
            encoding: encoding.to_owned(),
            width,
            items,
        })
    };
    body.split('<').filter_map(plane).collect()
}

/// An attribute with whatever type prefix, its entities resolved.
pub fn attribute(element: &str, name: &str) -> Option<String> {
    let key = format!("{name}=\"");
    let (before, rest) = element.split_once(&key)?;
    assert!(before.ends_with([' ', '\n', ':']));
    let value = rest.split('"').next()?;
    let value = value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    Some(value.replace("&amp;", "&"))
}

fn number(encoding: &str, field: &[u8]) -> f64 {
    match encoding {
        "sun_real4" => f32::from_be_bytes(field.try_into().unwrap()).into(),
        "little_endian_real4" => f32::from_le_bytes(field.try_into().unwrap()).into(),
        "sun_real8" => f64::from_be_bytes(field.try_into().unwrap()),
        "little_endian_real8" => f64::from_le_bytes(field.try_into().unwrap()),
        _ => std::str::from_utf8(field)
            .unwrap()
            .trim()
            .parse()
            .expect("a number"),
    }
}

fn time(encoding: &str, field: &[u8]) -> i64 {
    if encoding == "time" {
        return us2000(std::str::from_utf8(field).unwrap().trim_end());
    }
    let us = number(encoding, field);
    assert_eq!(us, us.round());
    us as i64
}

/// Microseconds since 2000-01-01 of yyyy-mm-dd[Thh:mm[:ss[.fraction]]][Z].
pub fn us2000(text: &str) -> i64 {
    let text = text.trim_end_matches('Z');
    let (date, clock) = text.split_once('T').unwrap_or((text, "00:00"));
    let date: Vec<i64> = date
        .split('-')
        .map(|n| n.parse().expect("a date"))
        .collect();
    let clock: Vec<f64> = clock
        .split(':')
        .map(|n| n.parse().expect("a clock"))
        .collect();
    let [year, month, day] = date[..] else {
        panic!("{text}")
    };
    let year = if month > 2 { year } else { year - 1 };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day
            - 1
            - 730_425;
    let seconds = clock[0] * 3600.0 + clock[1] * 60.0 + clock.get(2).unwrap_or(&0.0);
    days * 86_400_000_000 + (seconds * 1e6).round() as i64
}

/// Runs a reader; it must end well and leave a whole das2 stream.
pub fn run(command: &mut Command) -> (Das2, Output) {
    let output = command.output().expect("the reader runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (Das2::parse(&output.stdout), output)
}

/// The reader ends in time, and without a word, when nobody reads on. The
/// arguments must be good for more bytes than a pipe holds.
pub fn check_ends_with_its_client(command: &mut Command) {
    use std::io::Read;
    use std::process::Stdio;
    use std::sync::mpsc;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1 << 12];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let (done, wait) = mpsc::channel();
    let mut errors = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).ok();
        done.send(text).ok();
    });
    let text = wait.recv_timeout(std::time::Duration::from_secs(60));
    child.kill().ok();
    child.wait().unwrap();
    assert_eq!(text.expect("the reader goes on without a client"), "");
}
