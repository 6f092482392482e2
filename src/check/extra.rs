//! Comments and exceptions.

use std::collections::BTreeMap;

use super::report::{ExceptionSummary, Log, Place, shown};
use super::rule::Rule;
use crate::stream::Element;

/// Levels of log comments, those of java.util.logging included.
const LEVELS: &[&str] = &[
    "finest", "finer", "fine", "config", "info", "warning", "error", "severe", "all", "off",
];
/// Comment types and exceptions that are listed one by one.
const LISTED: usize = 50;

/// What has come so far.
#[derive(Debug, Default)]
pub(super) struct Extras {
    pub comments: BTreeMap<String, u64>,
    pub exceptions: Vec<ExceptionSummary>,
    pub exception_count: u64,
    task_size: Option<i64>,
}

impl Extras {
    /// A comment. QStreams have `message` in place of `value`, in words.
    pub(super) fn comment(
        &mut self,
        root: &Element,
        is_qstream: bool,
        place: Place,
        log: &mut Log,
    ) {
        let kind = root.attr("type");
        let value = match root.attr("value") {
            None if is_qstream => root.attr("message"),
            value => value,
        };
        if kind.is_none() || value.is_none() {
            log.add(Rule::CommentAttribute, place, || {
                "a comment must have type and value".into()
            });
        }
        let kind = kind.unwrap_or("");
        self.count(kind);
        if let Some(level) = kind.strip_prefix("log:")
            && !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
        {
            log.add(Rule::LogLevel, place, || {
                format!("the log level '{}'", shown(level))
            });
        }
        if let Some(value) = value.filter(|_| !is_qstream) {
            self.task(kind, value, place, log);
        }
    }

    fn count(&mut self, kind: &str) {
        let key = shown(kind);
        let key = if self.comments.len() >= LISTED && !self.comments.contains_key(&key) {
            "(others)".to_owned()
        } else {
            key
        };
        *self.comments.entry(key).or_default() += 1;
    }

    fn task(&mut self, kind: &str, value: &str, place: Place, log: &mut Log) {
        let number = value.trim().parse::<i64>().ok();
        if kind.eq_ignore_ascii_case("taskSize") {
            self.task_size = number.filter(|size| *size > 0);
            if self.task_size.is_none() {
                log.add(Rule::TaskSize, place, || {
                    format!("a taskSize of '{}'", shown(value))
                });
            }
        } else if kind.eq_ignore_ascii_case("taskProgress") {
            let size = self.task_size;
            let fits = number
                .zip(size)
                .is_some_and(|(progress, size)| (0..=size).contains(&progress));
            if !fits {
                log.add(Rule::TaskProgress, place, || match size {
                    None => "a taskProgress before any taskSize".into(),
                    Some(size) => format!("a taskProgress of '{}' of {size}", shown(value)),
                });
            }
        }
    }

    /// An exception.
    pub(super) fn exception(&mut self, root: &Element, place: Place, log: &mut Log) {
        self.exception_count += 1;
        let (kind, message) = (root.attr("type"), root.attr("message"));
        if kind.is_none() || message.is_none() {
            log.add(Rule::ExceptionAttribute, place, || {
                "an exception must have type and message".into()
            });
        }
        if self.exceptions.len() < LISTED {
            self.exceptions.push(ExceptionSummary {
                offset: place.offset,
                type_name: shown(kind.unwrap_or("")),
                message: shown(message.unwrap_or("")),
            });
        }
    }
}
