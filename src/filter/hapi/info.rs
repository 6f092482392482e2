//! The info object.

use std::io::{self, Write};

use serde::Serialize;

use crate::time::{Style, Time};

use super::args::{About, Format};
use super::parameter::Parameter;

/// The version of HAPI that this is.
const HAPI: &str = "3.3";

/// Whether there are data, or could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Status {
    code: u16,
    message: &'static str,
}

impl Status {
    pub(super) const OK: Status = Status {
        code: 1200,
        message: "OK",
    };
    pub(super) const NO_DATA: Status = Status {
        code: 1201,
        message: "OK - no data for time range",
    };
    pub(super) const UPSTREAM: Status = Status {
        code: 1501,
        message: "HAPI error 1501: Internal server error - upstream request error",
    };
}

/// What an info object says.
pub(super) struct Info<'a> {
    pub(super) status: Status,
    /// The form of the records that follow, if some do.
    pub(super) format: Option<Format>,
    /// The range of the data.
    pub(super) range: (Option<Time>, Option<Time>),
    pub(super) time_stamp: Option<&'static str>,
    pub(super) title: Option<String>,
    pub(super) about: &'a About,
    pub(super) parameters: &'a [Parameter],
}

/// Writes lines, each with something in front of it.
struct Lines<'a, W: Write> {
    out: &'a mut W,
    prefix: &'static str,
}

impl<W: Write> Lines<'_, W> {
    fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}{text}", self.prefix)
    }

    fn member(&mut self, key: &str, value: &impl Serialize) -> io::Result<()> {
        write!(self.out, "{}", self.prefix)?;
        serde_json::to_writer(&mut *self.out, key)?;
        self.out.write_all(b":")?;
        serde_json::to_writer(&mut *self.out, value)?;
        self.out.write_all(b",\n")
    }
}

impl Info<'_> {
    /// Writes it. JSON records go into it: then it is left open behind the
    /// beginning of `data`.
    pub(super) fn write(&self, prefix: &'static str, out: &mut impl Write) -> io::Result<()> {
        let mut lines = Lines { out, prefix };
        lines.line("{")?;
        lines.member("HAPI", &HAPI)?;
        lines.member("status", &self.status)?;
        if let Some(format) = self.format {
            lines.member("format", &format.word())?;
        }
        let about = self.about;
        let (start, stop) = self.range;
        let sample = about.sample;
        for (key, time) in [
            ("startDate", start),
            ("stopDate", stop),
            ("sampleStartDate", sample.map(|(begin, _)| begin)),
            ("sampleStopDate", sample.map(|(_, end)| end)),
        ] {
            if let Some(time) = time {
                lines.member(key, &date(time))?;
            }
        }
        for (key, text) in [
            ("timeStampLocation", self.time_stamp),
            (
                "description",
                about.description.as_deref().or(self.title.as_deref()),
            ),
            ("contact", about.contact.as_deref()),
        ] {
            if let Some(text) = text {
                lines.member(key, &text)?;
            }
        }
        for (key, value) in &about.more {
            lines.member(key, value)?;
        }
        lines.line("\"parameters\":[")?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            write!(lines.out, "{prefix}")?;
            serde_json::to_writer(&mut *lines.out, parameter)?;
            let is_last = index + 1 == self.parameters.len();
            lines.out.write_all(if is_last { b"\n" } else { b",\n" })?;
        }
        match self.format {
            Some(Format::Json) => lines.line("],\n\"data\":["),
            _ => lines.line("]").and_then(|()| lines.line("}")),
        }
    }
}

/// An object that says no more than how it went.
pub(super) fn write_status(
    status: Status,
    prefix: &'static str,
    out: &mut impl Write,
) -> io::Result<()> {
    write!(out, "{prefix}{{\"HAPI\":\"{HAPI}\",\"status\":")?;
    serde_json::to_writer(&mut *out, &status)?;
    out.write_all(b"}\n")
}

/// A time with as many digits as it has.
fn date(time: Time) -> String {
    let ns = time.ns_of_day();
    let digits = match () {
        () if ns.is_multiple_of(1_000_000_000) => 0,
        () if ns.is_multiple_of(1_000_000) => 3,
        () if ns.is_multiple_of(1_000) => 6,
        () => 9,
    };
    format!("{}Z", time.iso(Style::Calendar, digits))
}
