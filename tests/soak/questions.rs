//! What clients ask, and what the answer has to be.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use das2_server::check::{Report, check_stream};

use crate::data;
use crate::http::Answer;
use crate::random::Random;

/// A question with its answer.
pub struct Asked {
    pub path: String,
    pub headers: String,
    pub wanted: Wanted,
}

/// What an answer has to be.
pub enum Wanted {
    /// This status and this body.
    Body(u16, Vec<u8>),
    /// This status, and a body with this text in it.
    Text(u16, &'static str),
    /// A stream of these records, whatever its headers are.
    Records(String),
    /// A stream of so many records.
    Count(u64),
    /// A stream with nothing wrong in it, or without data and saying so.
    Stream,
    /// This status and an exception of this type.
    Exception(u16, &'static str),
    /// What a reader has written, and an exception of the server's behind it.
    Ended(String),
    /// An exception of the server's, alone or at the end of a stream.
    Failed,
}

/// One kind of question.
pub struct Question {
    pub name: &'static str,
    /// Nobody waits for the end of its answer.
    pub endless: bool,
    /// The reader has a place for seconds: not to be asked so often that nothing
    /// else has one.
    pub rare: bool,
    pub ask: fn(&mut Random) -> Asked,
}

const fn question(name: &'static str, ask: fn(&mut Random) -> Asked) -> Question {
    Question {
        name,
        endless: false,
        rare: false,
        ask,
    }
}

const fn rare(name: &'static str, ask: fn(&mut Random) -> Asked) -> Question {
    Question {
        rare: true,
        ..question(name, ask)
    }
}

pub const QUESTIONS: &[Question] = &[
    question("id", |_| {
        let body = b"My Data Source Site\r\n".to_vec();
        server("id", Wanted::Body(200, body))
    }),
    question("list", |_| {
        server("list", Wanted::Text(200, "\r\nfails_later|Test\r\n"))
    }),
    question("dsdf", |_| {
        server(
            "dsdf&dataset=cached",
            Wanted::Text(200, "validRange=\"2020-02-20"),
        )
    }),
    question("landing", |_| {
        asked("/das/server", Wanted::Text(200, "</html>")).browser()
    }),
    question("log", |_| {
        asked("/das/log", Wanted::Text(200, "</html>")).browser()
    }),
    question("coverage", |_| {
        asked("/das/server/coverage/cached", Wanted::Stream)
    }),
    question("coverage.json", |_| {
        asked(
            "/das/server/coverage/cached.json",
            Wanted::Text(200, "\"levels\""),
        )
    }),
    question("plain", |random| {
        let hours = hours(random);
        source(
            "plain",
            &hours,
            "",
            Wanted::Body(200, data::stream(hours.clone()).into_bytes()),
        )
    }),
    question("reduced", |random| {
        let hours = hours(random);
        source(
            "plain",
            &hours,
            "&resolution=400",
            Wanted::Count(9 * hours.len() as u64),
        )
    }),
    question("ascii", |random| {
        let hours = hours(random);
        let count = data::RECORDS * hours.len();
        source("plain", &hours, "&ascii=1", Wanted::Count(count as u64))
    }),
    question("deflated", |random| {
        let hours = hours(random);
        let count = data::RECORDS * hours.len();
        source("plain", &hours, "&compress=1", Wanted::Count(count as u64))
    }),
    question("cached", |random| {
        let hours = hours(random);
        source(
            "cached",
            &hours,
            "",
            Wanted::Records(data::records(hours.clone())),
        )
    }),
    question("cached, reduced", |random| {
        let hours = hours(random);
        source(
            "cached",
            &hours,
            "&resolution=60",
            Wanted::Count(60 * hours.len() as u64),
        )
    }),
    question("cached, ascii", |random| {
        let hours = hours(random);
        let count = data::RECORDS * hours.len();
        source("cached", &hours, "&ascii=1", Wanted::Count(count as u64))
    }),
    // The client has a block removed first, see Client.
    question(GAP, |random| {
        let hours = hours(random);
        source(
            "cached",
            &hours,
            "",
            Wanted::Records(data::records(hours.clone())),
        )
    }),
    question("closed", |random| {
        let hours = hours(random);
        let body = data::stream(hours.clone()).into_bytes();
        source("closed", &hours, "", Wanted::Body(200, body)).user("testuser:test")
    }),
    question("closed, wrong", |random| {
        let wanted = Wanted::Exception(401, "Unauthorized");
        let who = *random.of(&["testuser:tes", "nobody:test", "testuser:", "nocolon"]);
        source("closed", &hours(random), "", wanted).user(who)
    }),
    question("closed, nobody", |random| {
        let wanted = Wanted::Exception(401, "Unauthorized");
        source("closed", &hours(random), "&ascii=1", wanted)
    }),
    question("no data", |_| {
        let wanted = Wanted::Exception(200, "NoDataInInterval");
        source("nothing", &(1..2), "", wanted)
    }),
    question("fails", |random| {
        let wanted = Wanted::Exception(500, "InternalServerError");
        source("fails", &hours(random), form(random), wanted)
    }),
    question("fails later", |random| ended("fails_later", random)),
    question("killed", |random| ended("killed", random)),
    question("broken", |random| {
        let form = *random.of(&["&ascii=1", "&resolution=60", "&compress=1"]);
        source("broken", &hours(random), form, Wanted::Failed)
    }),
    question("broken, as it is", |random| {
        let hours = hours(random);
        let body = data::stream(hours.clone()) + "these are no packets\n";
        source("broken", &hours, "", Wanted::Body(200, body.into_bytes()))
    }),
    question("floods", |random| {
        let hours = hours(random);
        source(
            "floods",
            &hours,
            "",
            Wanted::Body(200, data::stream(hours.clone()).into_bytes()),
        )
    }),
    rare("hangs", |random| {
        let wanted = Wanted::Exception(500, "InternalServerError");
        source("hangs", &hours(random), form(random), wanted)
    }),
    rare("hangs later", |random| ended("hangs_later", random)),
    rare("stubborn", |random| ended("stubborn", random)),
    rare("lingers", |random| {
        let hours = hours(random);
        source(
            "lingers",
            &hours,
            "",
            Wanted::Body(200, data::stream(hours.clone()).into_bytes()),
        )
    }),
    Question {
        name: "endless",
        endless: true,
        rare: false,
        ask: |random| source("endless", &hours(random), form(random), Wanted::Stream),
    },
    question("no such source", |_| {
        let wanted = Wanted::Exception(404, "NoSuchDatasource");
        source("none", &(0..1), "", wanted)
    }),
    question("no such word", |_| {
        server("foo", Wanted::Exception(400, "BadRequest"))
    }),
    question("no such page", |_| {
        asked("/das/server/nothing", Wanted::Exception(404, "BadRequest"))
    }),
    question("garbage", |random| {
        let query = *random.of(&[
            "dataset&dataset=plain&start_time=%60id%60&end_time=2021",
            "dataset&dataset=plain&start_time=2021&end_time=2020",
            "dataset&dataset=plain&start_time=2020-02-20&end_time=2020-02-21&resolution=-1",
            "dataset&dataset=plain",
            "%00%ff%fe",
            "%25s&=&==&&%",
        ]);
        server(query, Wanted::Exception(400, "BadRequest"))
    }),
];

/// The name of the question before which a block goes.
pub const GAP: &str = "cached, with gaps";

fn asked(path: &str, wanted: Wanted) -> Asked {
    Asked {
        path: path.to_owned(),
        headers: String::new(),
        wanted,
    }
}

fn server(query: &str, wanted: Wanted) -> Asked {
    asked(&format!("/das/server?server={query}"), wanted)
}

fn source(name: &str, hours: &Range<usize>, more: &str, wanted: Wanted) -> Asked {
    let (begin, end) = (data::time(hours.start), data::time(hours.end));
    server(
        &format!("dataset&dataset={name}&start_time={begin}&end_time={end}{more}"),
        wanted,
    )
}

/// From a source that fails after its data.
fn ended(name: &str, random: &mut Random) -> Asked {
    let hours = hours(random);
    match *random.of(&["", "&resolution=60", "&ascii=1"]) {
        "" => source(name, &hours, "", Wanted::Ended(data::stream(hours.clone()))),
        form => source(name, &hours, form, Wanted::Failed),
    }
}

fn hours(random: &mut Random) -> Range<usize> {
    let begin = random.below(data::HOURS - 12);
    begin..begin + 1 + random.below(12)
}

fn form(random: &mut Random) -> &'static str {
    const FORMS: &[&str] = &["", "&resolution=60", "&ascii=1", "&compress=1"];
    FORMS[random.below(FORMS.len())]
}

impl Asked {
    fn user(mut self, text: &str) -> Asked {
        let value = STANDARD.encode(text);
        self.headers += &format!("Authorization: Basic {value}\r\n");
        self
    }

    fn browser(mut self) -> Asked {
        self.headers += "User-Agent: Mozilla/5.0 Firefox/120.0\r\n";
        self
    }
}

/// Whether the server said that it has too much to do, as it should: by the status,
/// or behind cached data, when a block was gone that it had counted upon.
pub fn is_busy(answer: &Answer) -> bool {
    const EXCEPTION: &str = "<exception type=\"ServerBusy\"";
    match answer.status() {
        503 => answer.exception() == "ServerBusy" && answer.header("Retry-After").is_some(),
        200 => {
            let text = answer.text();
            let end = text.rfind("[xx]").and_then(|at| text.get(at + 10..));
            end.is_some_and(|end| end.starts_with(EXCEPTION))
                && check_stream(answer.body.as_slice()).is_conforming()
        }
        _ => false,
    }
}

impl Wanted {
    /// What is wrong with an answer.
    pub fn differs(&self, answer: &Answer) -> Option<String> {
        let status = match self {
            Wanted::Body(status, _) | Wanted::Text(status, _) | Wanted::Exception(status, _) => {
                *status
            }
            Wanted::Failed if answer.status() == 500 => 500,
            _ => 200,
        };
        if answer.status() != status {
            return Some(format!("{status} wanted"));
        }
        let (body, is) = (&answer.body, |good: bool, what: &str| {
            (!good).then(|| what.to_owned())
        });
        match self {
            Wanted::Body(_, wanted) => is(body == wanted, "another body wanted"),
            Wanted::Text(_, wanted) => is(answer.text().contains(wanted), wanted),
            Wanted::Exception(_, wanted) => is(answer.exception() == *wanted, wanted),
            Wanted::Stream => {
                let none = answer.text().contains("\"NoDataInInterval\"");
                bad_stream(&check_stream(body.as_slice()), u64::from(none))
            }
            Wanted::Failed => bad_stream(&check_stream(body.as_slice()), 1),
            Wanted::Count(count) => {
                let report = check_stream(body.as_slice());
                let records = report.summary.records;
                let miscounted = is(records == *count, &format!("{records} of {count} records"));
                bad_stream(&report, 0).or(miscounted)
            }
            Wanted::Records(wanted) => {
                let text = answer.text();
                let records = text.split_inclusive('\n');
                let records: String = records.filter(|line| line.starts_with(":01:")).collect();
                let unlike = is(records == *wanted, "other records wanted");
                bad_stream(&check_stream(body.as_slice()), 0).or(unlike)
            }
            Wanted::Ended(wanted) => {
                let text = answer.text();
                let rest = text.strip_prefix(wanted.as_str());
                let good = rest.is_some_and(|rest| rest.starts_with("[xx]"));
                let bad = bad_stream(&check_stream(body.as_slice()), 1);
                is(good, "the reader's data and an exception wanted").or(bad)
            }
        }
    }
}

fn bad_stream(report: &Report, exceptions: u64) -> Option<String> {
    let found = report.summary.exception_count;
    match report.is_conforming() {
        false => Some(report.findings_text()),
        true => (found != exceptions).then(|| format!("{found} exceptions, not {exceptions}")),
    }
}
