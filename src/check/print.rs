//! A report as text for people, and as JSON for programs.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::report::{Kind, PacketSummary, PlaneSummary, Report, SHOWN, Summary};

impl Report {
    /// The report as one JSON object: `conforming`, `errors`, `warnings`,
    /// `findings`, `counts` (by rule) and `summary`.
    pub fn to_json(&self) -> Value {
        let counts: serde_json::Map<String, Value> = self
            .counts
            .iter()
            .map(|(rule, count)| (rule.name().to_owned(), json!(count)))
            .collect();
        json!({
            "conforming": self.is_conforming(),
            "errors": self.errors(),
            "warnings": self.warnings(),
            "findings": self.findings,
            "counts": counts,
            "summary": self.summary,
        })
    }

    /// The findings, one a line, then how many more there were of a rule.
    pub fn findings_text(&self) -> String {
        let mut out = String::new();
        for finding in &self.findings {
            let _ = writeln!(out, "{finding}");
        }
        for (rule, count) in self.counts.iter().filter(|(_, count)| **count > SHOWN) {
            let _ = writeln!(
                out,
                "{}: {} more, {count} in all",
                rule.name(),
                count - SHOWN
            );
        }
        out
    }

    /// One line: does it conform.
    pub fn verdict(&self) -> String {
        let verdict = if self.is_conforming() {
            "conforms"
        } else {
            "does not conform"
        };
        let (errors, warnings) = (self.errors(), self.warnings());
        let stopped = if self.summary.complete {
            ""
        } else {
            ", not read to its end"
        };
        format!(
            "{verdict}: {}, {}{stopped}",
            counted(errors, "error"),
            counted(warnings, "warning")
        )
    }
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.findings_text())?;
        write!(f, "{}", self.summary)?;
        writeln!(f, "{}", self.verdict())
    }
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Unknown => "unknown stream",
            Kind::Das22 => "das2.2 stream",
            Kind::Das23 => "das2.3 stream",
            Kind::QStream => "QStream",
            Kind::Das3 => "das3 stream",
            Kind::Exception => "exception alone",
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind.words())?;
        if let Some(version) = &self.version {
            write!(f, ", version {version}")?;
        }
        if self.compression == "deflate" {
            f.write_str(", deflated")?;
        }
        writeln!(
            f,
            ", {}, {}",
            counted(self.bytes, "byte"),
            counted(self.records, "record")
        )?;
        if self.kind == Kind::QStream {
            f.write_str("checked: framing, headers and values; not the links between datasets\n")?;
        }
        if let Some([begin, end]) = &self.time_range {
            writeln!(f, "from {begin} to {end}")?;
        }
        for packet in &self.packets {
            write!(f, "{packet}")?;
        }
        if self.packets_left_out > 0 {
            writeln!(
                f,
                "and {}",
                counted(self.packets_left_out, "further packet type")
            )?;
        }
        for (name, count) in &self.comments {
            writeln!(f, "comments of type {name}: {count}")?;
        }
        for e in &self.exceptions {
            writeln!(
                f,
                "exception {} at byte {}: {}",
                e.type_name, e.offset, e.message
            )?;
        }
        let shown = self.exceptions.len() as u64;
        if self.exception_count > shown {
            writeln!(
                f,
                "and {}",
                counted(self.exception_count - shown, "further exception")
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for PacketSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "packet {}: {} of {}",
            self.id,
            counted(self.records, "record"),
            counted(self.record_bytes as u64, "byte")
        )?;
        if self.headers > 1 {
            write!(f, ", header sent {} times", self.headers)?;
        }
        f.write_char('\n')?;
        for plane in &self.planes {
            write!(f, "{plane}")?;
        }
        let Some(x) = &self.x else { return Ok(()) };
        let [low, high] = &x.range;
        writeln!(f, "  x from {low} to {high}")?;
        if let Some([least, median, most]) = x.step.map(|steps| steps.map(rounded)) {
            writeln!(
                f,
                "  steps of {median} {units} ({least} to {most})",
                units = x.step_units
            )?;
        }
        if x.is_monotonic {
            f.write_str("  monotonic")?;
        } else {
            write!(f, "  not monotonic, back {}", counted(x.steps_back, "time"))?;
        }
        match x.repeats {
            0 => f.write_char('\n'),
            repeats => writeln!(f, ", {}", counted(repeats, "repeated value")),
        }
    }
}

/// Without the last digits, which are only what the doubles leave over.
fn rounded(number: f64) -> f64 {
    format!("{number:.8e}").parse().unwrap_or(number)
}

impl fmt::Display for PlaneSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.kind)?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        write!(f, ", {}", self.type_name)?;
        if self.items != 1 {
            write!(f, " x {}", self.items)?;
        }
        if !self.units.is_empty() {
            write!(f, ", {}", self.units)?;
        }
        if let Some(share) = self.fill_share {
            write!(f, ", {:.1} % fill", 100.0 * share)?;
        }
        f.write_char('\n')
    }
}
