//! Findings in order, as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use crate::config::Finding;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or not as it is written.
    Error,
    /// Something is odd, and may be meant.
    Warning,
}

/// A finding and how bad it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How bad.
    pub severity: Severity,
    /// What, and where.
    pub finding: Finding,
}

/// What has been found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings.
    pub told: Vec<Told>,
    /// How many files were looked at: the configuration and DSDFs.
    pub files: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    severity: Severity,
    file: String,
    /// None is the file as a whole.
    line: Option<usize>,
    what: &'a str,
    instead: &'a str,
}

impl Report {
    /// Adds something that does not work.
    pub fn error(&mut self, finding: Finding) {
        self.told.push(Told {
            severity: Severity::Error,
            finding,
        });
    }

    /// Adds something odd.
    pub fn warn(&mut self, finding: Finding) {
        self.told.push(Told {
            severity: Severity::Warning,
            finding,
        });
    }

    /// How many findings are as bad as this.
    pub fn count(&self, severity: Severity) -> usize {
        let of_it = |told: &&Told| told.severity == severity;
        self.told.iter().filter(of_it).count()
    }

    /// One finding a line, `FILE:LINE: error: WHAT; INSTEAD`. What is about a
    /// file as a whole stands at its line 1.
    ///
    /// # Errors
    /// Those of the output.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for Told { severity, finding } in &self.told {
            let severity = match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let text = match finding.instead.is_empty() {
                true => finding.what.clone(),
                false => format!("{}; {}", finding.what, finding.instead),
            };
            let place = one_line(&finding.file.display().to_string());
            let line = finding.line.max(1);
            writeln!(out, "{place}:{line}: {severity}: {}", one_line(&text))?;
        }
        Ok(())
    }

    /// One finding a line, each a JSON object.
    ///
    /// # Errors
    /// Those of the output.
    pub fn print_json(&self, out: &mut dyn Write) -> io::Result<()> {
        for Told { severity, finding } in &self.told {
            let row = Row {
                severity: *severity,
                file: finding.file.display().to_string(),
                line: Some(finding.line).filter(|line| *line > 0),
                what: &finding.what,
                instead: &finding.instead,
            };
            serde_json::to_writer(&mut *out, &row).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Ok(())
    }
}

/// No text of a file can make a second line, or move a terminal's cursor.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 1000;
    let shown = |c: char| match c.is_control() {
        true => '\u{FFFD}',
        false => c,
    };
    let line: String = text.chars().take(LONGEST).map(shown).collect();
    match text.chars().nth(LONGEST) {
        Some(_) => line + "...",
        None => line,
    }
}
