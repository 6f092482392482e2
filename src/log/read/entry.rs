//! What the lines of one request say.

use std::borrow::Cow;

use chrono::NaiveDateTime;
use percent_encoding::percent_decode_str;

/// How standard error of programs is set off from other lines.
const COMPLAINT: &str = "      ";

/// In front of the address below the program's own, and of the query.
const PATH: &str = "For Path: ";
const PARAMETERS: &str = "Parameters: ";
const ASKED: [&str; 2] = [PATH, PARAMETERS];

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// There is no last line: it runs, or its end is not to be found.
    #[default]
    Running,
    /// It was answered as it wanted.
    Good,
    /// With an error, or a stream that ended in one.
    Failed,
    /// The client went away before.
    Gone,
}

/// Where data came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum From {
    /// Blocks only.
    #[serde(rename = "cache")]
    Cache,
    /// A reader.
    #[serde(rename = "reader")]
    Reader,
    /// Blocks, and a reader for what they do not hold.
    #[serde(rename = "cache and reader")]
    Both,
}

impl From {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            From::Cache => "cache",
            From::Reader => "reader",
            From::Both => "cache and reader",
        }
    }
}

impl Outcome {
    /// What stands in the place of a status where the status does not tell.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Running => "runs",
            Outcome::Good => "ok",
            Outcome::Failed => "broken",
            Outcome::Gone => "gone",
        }
    }
}

/// One request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// When it began, local time.
    pub started: NaiveDateTime,
    /// The process that answered it.
    pub pid: u32,
    /// The status that went out.
    pub status: Option<u16>,
    /// Bytes of body that went out.
    pub bytes: Option<u64>,
    /// How long it took, in milliseconds.
    pub milliseconds: Option<f64>,
    /// How it ended.
    pub outcome: Outcome,
    text: String,
    blocks: u64,
    ran: bool,
    complains: bool,
}

impl Entry {
    /// A request of which nothing is known yet.
    pub fn new(started: NaiveDateTime, pid: u32) -> Entry {
        Entry {
            started,
            pid,
            ..Entry::default()
        }
    }

    /// Adds a line, without what stands in front of its text.
    pub fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.learn(text);
    }

    /// As [`Entry::line`], for lines that are to be looked at and not to be
    /// shown: only what was asked is kept of them.
    pub(super) fn glance(&mut self, text: &[u8]) {
        let plain = text.trim_ascii_start();
        let is_asked = ASKED
            .iter()
            .any(|start| plain.starts_with(start.as_bytes()));
        let tells = plain.first().is_some_and(|first| {
            let fact = |(start, _): &(&str, Learn)| start.as_bytes().first() == Some(first);
            first.is_ascii_digit() || FACTS.iter().any(fact)
        });
        if text.starts_with(COMPLAINT.as_bytes()) {
            self.complains = true;
        } else if is_asked {
            self.line(&String::from_utf8_lossy(text));
        } else if tells {
            self.learn(&String::from_utf8_lossy(text));
        }
    }

    /// What a line says beside its text.
    fn learn(&mut self, text: &str) {
        if text.starts_with(COMPLAINT) {
            self.complains = true;
            return;
        }
        let text = text.trim_ascii_start();
        let Some(first) = text.bytes().next() else {
            return;
        };
        for (start, learn) in FACTS {
            if start.as_bytes().first() == Some(&first)
                && let Some(rest) = text.strip_prefix(start)
            {
                learn(self, rest);
            }
        }
        // Logs of earlier versions have no status there.
        if matches!(first, b'S' | b'0'..=b'9')
            && let Some(bytes) = text.strip_suffix(" bytes sent")
        {
            self.bytes = bytes.rsplit(' ').next().and_then(|word| word.parse().ok());
        }
    }

    /// Makes room for so many bytes of lines.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.text.reserve(bytes);
    }

    /// The status, or a word: `gone` for a client that went away, `broken` for an
    /// error behind data, `runs`; `ok` where the log does not say.
    pub fn status_word(&self) -> String {
        match (self.outcome, self.status) {
            (Outcome::Good, Some(status)) | (Outcome::Failed, Some(status @ 400..)) => {
                status.to_string()
            }
            (outcome, _) => outcome.word().to_owned(),
        }
    }

    /// All lines, each with its line end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where its data came from; None if it had none.
    pub fn from(&self) -> Option<From> {
        match (self.blocks > 0, self.ran) {
            (true, false) => Some(From::Cache),
            (true, true) => Some(From::Both),
            (false, true) => Some(From::Reader),
            (false, false) => None,
        }
    }

    /// Whether programs have written to standard error.
    pub fn complains(&self) -> bool {
        self.complains
    }

    /// The address below the program's own.
    pub fn path(&self) -> &str {
        self.after(PATH)
    }

    /// The query as it was received.
    pub fn query(&self) -> &str {
        self.after(PARAMETERS)
    }

    /// What the client calls itself.
    pub fn agent(&self) -> &str {
        self.after("User Agent: ")
    }

    /// The data source that was asked for.
    pub fn dataset(&self) -> Option<Cow<'_, str>> {
        let name = match self.key("dataset") {
            Some(name) => name,
            None => Cow::Borrowed(self.path().strip_prefix("/data/")?),
        };
        match name.strip_suffix(".dsdf") {
            Some(short) => Some(short.to_owned().into()),
            None => Some(name).filter(|name| !name.is_empty()),
        }
    }

    /// The decoded value of a key of the query; of several, the first that is
    /// not empty.
    pub fn key(&self, key: &str) -> Option<Cow<'_, str>> {
        let mut pairs = self
            .query()
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let is_meant = |(name, value): &(&str, &str)| {
            let known = *name == key || percent_decode_str(name).eq(key.bytes());
            known && !value.is_empty()
        };
        let (_, value) = pairs.find(is_meant)?;
        let decoded = match value.contains('+') {
            true => {
                let blanks = value.replace('+', " ");
                let decoded = percent_decode_str(&blanks).decode_utf8_lossy();
                decoded.into_owned().into()
            }
            false => percent_decode_str(value).decode_utf8_lossy(),
        };
        Some(decoded)
    }

    /// What went wrong, a line each.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        let starts = ["Answered ", "Error ", "Ended early: ", "The answer could "];
        self.facts().filter(move |line| {
            starts.iter().any(|start| line.starts_with(start))
                && !line.starts_with("Error handling query")
        })
    }

    /// What programs wrote to standard error, a line each.
    pub fn complaints(&self) -> impl Iterator<Item = &str> {
        self.text
            .lines()
            .filter_map(|line| line.strip_prefix(COMPLAINT))
    }

    fn facts(&self) -> impl Iterator<Item = &str> {
        let facts = self.text.lines();
        facts
            .filter(|line| !line.starts_with(COMPLAINT))
            .map(str::trim_ascii_start)
    }

    fn after(&self, start: &str) -> &str {
        self.facts()
            .find_map(|line| line.strip_prefix(start))
            .unwrap_or_default()
    }
}

type Learn = fn(&mut Entry, &str);

/// Beginnings of lines, and what they say.
const FACTS: &[(&str, Learn)] = &[
    ("Status ", |entry, rest| {
        entry.status = first_number(rest).or(entry.status);
    }),
    ("Answered ", |entry, rest| {
        entry.status = first_number(rest).or(entry.status);
    }),
    ("Cache: ", |entry, rest| {
        if let Some((blocks, _)) = rest.split_once(" blocks sent, ") {
            entry.blocks = blocks.parse().unwrap_or(0);
        }
    }),
    ("Exec Cmd: ", |entry, _| entry.ran = true),
    ("Error ", |entry, rest| {
        // `Error 7GK2M0QX: why`, and not `Error handling query`.
        if rest.get(8..9) == Some(":") {
            entry.status = entry.status.or(Some(500));
            entry.outcome = Outcome::Failed;
        }
    }),
    ("Ended early: ", |entry, _| entry.outcome = Outcome::Gone),
    ("The answer could not be sent", |entry, _| {
        entry.outcome = Outcome::Gone;
    }),
    ("Query handled without error in ", |entry, rest| {
        entry.milliseconds = first_number(rest);
        // A stream that ended in an error went out with a good status.
        if entry.outcome == Outcome::Running {
            entry.outcome = Outcome::Good;
        }
    }),
    ("Error handling query, ", |entry, rest| {
        entry.milliseconds = rest.strip_prefix("after ").and_then(first_number);
        if entry.outcome == Outcome::Running {
            // A good request for times without data is no failure.
            entry.outcome = match entry.status {
                Some(200..400) => Outcome::Good,
                _ => Outcome::Failed,
            };
        }
    }),
];

fn first_number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}
