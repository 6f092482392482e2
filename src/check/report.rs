//! What a check finds out: findings, and a summary of the stream.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::rule::{Rule, Severity};
use crate::stream::HeaderTag;

/// How many findings of one rule are kept in full; all are counted.
pub const SHOWN: u64 = 10;

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Bytes from the beginning of the stream, counted after inflating it.
    pub offset: u64,
    /// The packet it is in: `00` to `99`, or `xx`; None outside packets.
    pub packet: Option<String>,
    /// The rule.
    #[serde(serialize_with = "rule_name")]
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What was found, in words.
    pub text: String,
}

fn rule_name<S: Serializer>(rule: &Rule, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(rule.name())
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity} {}: byte {}", self.rule.name(), self.offset)?;
        if let Some(packet) = &self.packet {
            write!(f, ", packet {packet}")?;
        }
        write!(f, ": {}", self.text)
    }
}

/// The outcome of [`check_stream`](super::check_stream).
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The findings in the order of the stream, at most [`SHOWN`] of a rule.
    pub findings: Vec<Finding>,
    /// How often each rule was broken.
    pub counts: BTreeMap<Rule, u64>,
    /// What the stream holds.
    pub summary: Summary,
}

impl Report {
    /// True for a stream without errors; warnings may be there.
    pub fn is_conforming(&self) -> bool {
        self.errors() == 0
    }

    /// How many errors there are, those that are not kept included.
    pub fn errors(&self) -> u64 {
        self.total(Severity::Error)
    }

    /// How many warnings there are, those that are not kept included.
    pub fn warnings(&self) -> u64 {
        self.total(Severity::Warning)
    }

    /// True when a rule was broken at least once.
    pub fn breaks(&self, rule: Rule) -> bool {
        self.counts.contains_key(&rule)
    }

    fn total(&self, severity: Severity) -> u64 {
        let counts = self.counts.iter();
        counts
            .filter(|(rule, _)| rule.severity() == severity)
            .map(|(_, count)| count)
            .sum()
    }
}

/// What a stream holds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Which family it belongs to.
    pub kind: Kind,
    /// The stream header's version, as it is written.
    pub version: Option<String>,
    /// `none` or `deflate`.
    pub compression: String,
    /// False when the check had to stop before the end.
    pub complete: bool,
    /// Bytes checked, after inflating.
    pub bytes: u64,
    /// Data packets.
    pub records: u64,
    /// First and last time of all packet types, as UTC text.
    pub time_range: Option<[String; 2]>,
    /// Packet types, those that were redefined in between first, then by ID. A
    /// header that differs from the one before it makes a new type.
    pub packets: Vec<PacketSummary>,
    /// Packet types left out of `packets`, in streams with very many.
    pub packets_left_out: u64,
    /// Comments by type.
    pub comments: BTreeMap<String, u64>,
    /// The first exceptions.
    pub exceptions: Vec<ExceptionSummary>,
    /// All exceptions.
    pub exception_count: u64,
}

/// The family of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// Not known: it breaks off before one can tell.
    #[default]
    #[serde(rename = "unknown")]
    Unknown,
    /// das2.2, or older.
    #[serde(rename = "das2.2")]
    Das22,
    /// das2.3.
    #[serde(rename = "das2.3")]
    Das23,
    /// A QStream, of which framing, headers and values are checked, not the
    /// links between its datasets.
    #[serde(rename = "qstream")]
    QStream,
    /// A das3 stream, which is not checked.
    #[serde(rename = "das3")]
    Das3,
    /// An exception as the whole stream.
    #[serde(rename = "exception")]
    Exception,
}

/// A packet type: one header, and the data that follow it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PacketSummary {
    /// Its ID, `01` to `99`.
    pub id: String,
    /// How often the same header was sent.
    pub headers: u64,
    /// Data packets.
    pub records: u64,
    /// Bytes of one data packet without its tag.
    pub record_bytes: usize,
    /// Its planes in data order.
    pub planes: Vec<PlaneSummary>,
    /// What the x values are like; None without x or without data.
    pub x: Option<XSummary>,
}

/// One plane of a packet type, or one dataset of a QStream.
#[derive(Debug, Clone, Serialize)]
pub struct PlaneSummary {
    /// Its element: x, y, z, yscan, xscan or qdataset.
    pub kind: &'static str,
    /// Its name, or a QStream's dataset id.
    pub name: String,
    /// Its type or encoding, as it is written.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The units of its values.
    pub units: String,
    /// Values a packet.
    pub items: usize,
    /// Values seen.
    pub values: u64,
    /// Values that are fill, NaN included and text that is no number.
    pub fill: u64,
    /// `fill` as a share of `values`, 0 to 1; None for x and without data.
    pub fill_share: Option<f64>,
}

/// The x values of a packet type.
#[derive(Debug, Clone, Serialize)]
pub struct XSummary {
    /// The smallest and the largest; times as UTC text.
    pub range: [String; 2],
    /// True when they are times.
    pub is_time: bool,
    /// Steps ahead: smallest, median (to 2 %) and largest; None without any.
    pub step: Option<[f64; 3]>,
    /// The units of `step`; `s` for times.
    pub step_units: String,
    /// True when x never goes back.
    pub is_monotonic: bool,
    /// How often x goes back.
    pub steps_back: u64,
    /// How often x stays.
    pub repeats: u64,
}

/// An exception in the stream.
#[derive(Debug, Clone, Serialize)]
pub struct ExceptionSummary {
    /// Bytes from the beginning of the stream.
    pub offset: u64,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its message.
    pub message: String,
}

/// Where a finding is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub offset: u64,
    pub packet: Option<HeaderTag>,
}

/// Collects findings, with a bound on how many are kept.
#[derive(Debug, Default)]
pub(super) struct Log {
    findings: Vec<Finding>,
    counts: BTreeMap<Rule, u64>,
}

impl Log {
    /// Counts a finding, and keeps it while there are few of its rule. The
    /// words are made only for those that are kept.
    pub(super) fn add(&mut self, rule: Rule, place: Place, text: impl FnOnce() -> String) {
        let count = self.counts.entry(rule).or_default();
        *count += 1;
        if *count > SHOWN {
            return;
        }
        self.findings.push(Finding {
            offset: place.offset,
            packet: place.packet.map(|tag| match tag {
                HeaderTag::Stream => "00".to_owned(),
                HeaderTag::Packet(id) => id.to_string(),
                HeaderTag::Extra => "xx".to_owned(),
            }),
            rule,
            severity: rule.severity(),
            text: text(),
        });
    }

    pub(super) fn into_report(mut self, summary: Summary) -> Report {
        self.findings.sort_by_key(|finding| finding.offset);
        Report {
            findings: self.findings,
            counts: self.counts,
            summary,
        }
    }
}

/// A short, printable form of text out of a stream.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut out = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        out.push_str("...");
    }
    out
}
