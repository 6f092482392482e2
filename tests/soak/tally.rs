//! What came of all requests.

use std::collections::BTreeMap;
use std::fmt;

use crate::questions::QUESTIONS;
use crate::site::Soaked;

/// So many of the things that went wrong are told.
const TOLD: usize = 10;

/// What came of one request.
#[derive(PartialEq, Eq)]
pub enum Came {
    /// The answer was what it had to be.
    Right,
    /// The server had too much to do, and said so.
    Busy,
    /// The client went before the end of the answer.
    Left,
    /// Something else, and what.
    Wrong(String),
}

#[derive(Default, Clone, Copy)]
struct Row {
    right: u64,
    busy: u64,
    left: u64,
    wrong: u64,
}

/// By the name of the question.
#[derive(Default)]
pub struct Tally {
    rows: BTreeMap<&'static str, Row>,
    wrong: Vec<String>,
}

impl Tally {
    pub fn add_one(&mut self, name: &'static str, came: &Came) {
        let row = self.row(name);
        match came {
            Came::Right => row.right += 1,
            Came::Busy => row.busy += 1,
            Came::Left => row.left += 1,
            Came::Wrong(what) => {
                row.wrong += 1;
                self.wrong.push(format!("{name}: {what}"));
                self.wrong.truncate(TOLD);
            }
        }
    }

    fn row(&mut self, name: &'static str) -> &mut Row {
        self.rows.entry(name).or_default()
    }

    pub fn add(&mut self, other: Tally) {
        for (name, more) in other.rows {
            let row = self.row(name);
            row.right += more.right;
            row.busy += more.busy;
            row.left += more.left;
            row.wrong += more.wrong;
        }
        self.wrong.extend(other.wrong);
        self.wrong.truncate(TOLD);
    }

    /// Nothing was wrong, and each question has had its answer.
    pub fn is_well(&self, site: &Soaked) {
        let logs = || match self.wrong.is_empty() {
            true => String::new(),
            false => site.complaints(),
        };
        assert!(
            self.wrong.is_empty(),
            "{}\n{}",
            self.wrong.join("\n"),
            logs()
        );
        for question in QUESTIONS {
            let row = self.rows.get(question.name).copied().unwrap_or_default();
            let asked = if question.endless {
                row.left
            } else {
                row.right
            };
            assert!(asked > 0, "never: {}", question.name);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sum = Row::default();
        let line = |f: &mut fmt::Formatter<'_>, name: &str, row: Row| {
            writeln!(
                f,
                "{name:24} {:6} right {:6} busy {:6} left {:6} wrong",
                row.right, row.busy, row.left, row.wrong
            )
        };
        for (name, row) in &self.rows {
            sum.right += row.right;
            sum.busy += row.busy;
            sum.left += row.left;
            sum.wrong += row.wrong;
            line(f, name, *row)?;
        }
        line(f, "all", sum)
    }
}
