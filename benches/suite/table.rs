//! The one table.

use crate::Setting;

/// A figure beside its yardstick.
pub struct Row {
    /// What was run.
    pub what: String,
    /// What it is compared with.
    pub yardstick: String,
    /// The figure, with its unit.
    pub figure: String,
    /// Figure over yardstick, where it is a ratio.
    pub ratio: Option<f64>,
    /// What the project wants it to be at most.
    pub limit: Option<f64>,
    /// How many times faster than das2C on the same input.
    pub over_das2c: Option<f64>,
}

pub fn print(rows: &[Row], setting: &Setting) {
    let wide = |text: fn(&Row) -> &str, least: usize| {
        rows.iter()
            .map(|row| text(row).chars().count())
            .max()
            .unwrap_or(0)
            .max(least)
    };
    let what = wide(|row| &row.what, 4);
    let figure = wide(|row| &row.figure, 6);
    let yardstick = wide(|row| &row.yardstick, 9);
    let das2c = setting.das2c.is_some();
    let last = if das2c { "  times das2C" } else { "" };
    println!(
        "{:what$}  {:>figure$}  {:>6}  {:yardstick$}  {:>7}{last}",
        "what", "figure", "ratio", "yardstick", "at most"
    );
    for row in rows {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.2}"));
        let last = match (das2c, row.over_das2c) {
            (true, Some(times)) => format!("  {times:>11.1}"),
            (true, None) => format!("  {:>11}", "-"),
            _ => String::new(),
        };
        println!(
            "{:what$}  {:>figure$}  {:>6}  {:yardstick$}  {:>7}{last}",
            row.what,
            row.figure,
            number(row.ratio),
            row.yardstick,
            number(row.limit),
        );
    }
    println!("medians of {} interleaved runs", setting.runs);
}
