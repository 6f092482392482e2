//! What makes two tasks the same, and which task lies within another.

use std::fmt;

use super::task::{Field, LevelChoice, Work};

/// Category and arguments, as they stand in a task's text from field 6 on. Two
/// tasks with equal keys are the same work, whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey(String);

impl TaskKey {
    /// The key of this work.
    pub fn of(work: &Work) -> TaskKey {
        let mut text = Field(work.category()).to_string();
        for argument in work.arguments() {
            text.push('|');
            text.push_str(&Field(&argument).to_string());
        }
        TaskKey(text)
    }

    /// A key from its text.
    pub(super) fn from_text(text: &str) -> TaskKey {
        TaskKey(text.to_owned())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short name for people to type, ten hexadecimal digits. It is always
    /// the same for the same key.
    pub fn id(&self) -> String {
        format!("{:010x}", self.hash() & 0xFF_FFFF_FFFF)
    }

    /// FNV-1a: a name of a file or of a line, nothing that has to be secret.
    pub(super) fn hash(&self) -> u64 {
        self.0.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The blocks of a task as texts that compare as times do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) dataset: String,
    pub(super) level: String,
    pub(super) begin: String,
    pub(super) end: String,
}

impl Span {
    /// That of work on blocks, if its times are written as calendar dates.
    pub(super) fn of(work: &Work) -> Option<Span> {
        let Work::Cache {
            dataset,
            begin,
            end,
            level,
        } = work
        else {
            return None;
        };
        Some(Span {
            dataset: Field(dataset).to_string(),
            level: level.to_string(),
            begin: padded(begin)?,
            end: padded(end)?,
        })
    }

    /// Whether every block of `self` is one of `other`'s.
    pub(super) fn lies_in(&self, other: &Span) -> bool {
        self.dataset == other.dataset
            && (self.level == other.level || other.level == LevelChoice::All.to_string())
            && self.begin >= other.begin
            && self.end <= other.end
    }
}

/// A calendar time with all its digits: then later times are greater texts.
pub(super) fn padded(text: &str) -> Option<String> {
    const FULL: &str = "0000-00-00T00:00:00.000000000";
    let text = text.trim().trim_end_matches('Z');
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range).unwrap_or("x");
        part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let dashes = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    if !dashes || !digits(0..4) || !digits(5..7) || !digits(8..10) {
        return None;
    }
    Some(format!("{text}{}", FULL.get(text.len()..)?))
}
