//! What is in force, and where it comes from.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::config::{Config, ConfigError, Setting, is_toml, native, pairs, settings};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Origin {
    /// This line of the configuration.
    Line(usize),
    /// It is not said; the server's own value.
    Default,
    /// The web server's, or this account's.
    Environment,
}

#[derive(Debug, Clone, Serialize)]
struct Row {
    keyword: String,
    key: String,
    value: Option<String>,
    origin: Origin,
    file: Option<String>,
}

/// Prints every keyword with its value and its place. `found_by` says how the
/// file was found.
///
/// # Errors
/// There is no configuration, or it is wrong; those of the output.
pub(super) fn show(
    path: &Path,
    found_by: &str,
    json: bool,
    out: &mut dyn Write,
) -> Result<io::Result<()>, ConfigError> {
    let config = Config::load(path)?;
    let rows = rows(&config)?;
    Ok(match json {
        true => print_json(&rows, out),
        false => print(&config, found_by, &rows, out),
    })
}

fn rows(config: &Config) -> Result<Vec<Row>, ConfigError> {
    let pairs = pairs(&config.origin)?;
    let mut lines: HashMap<&str, usize> = HashMap::new();
    for pair in &pairs {
        let keyword = native::key_of(&pair.keyword).map(|key| key.keyword);
        let keyword = keyword.unwrap_or(&pair.keyword);
        // Of two spellings the proper one counts, wherever it stands.
        if keyword == pair.keyword || !pairs.iter().any(|other| other.keyword == keyword) {
            lines.insert(keyword, pair.line);
        }
    }
    let mut rows: Vec<Row> = settings(config)
        .into_iter()
        .map(
            |Setting {
                 keyword,
                 key,
                 value,
             }| {
                let line = lines.get(keyword.as_str());
                let origin = line.map_or(Origin::Default, |line| Origin::Line(*line));
                let said = matches!(origin, Origin::Line(_));
                Row {
                    keyword,
                    key,
                    value,
                    origin,
                    file: said.then(|| config.origin.display().to_string()),
                }
            },
        )
        .collect();
    // What readers and filters see comes from the environment in part.
    for (keyword, value) in [
        (
            "PATH",
            config.search_path(std::env::var_os("PATH").as_deref()),
        ),
        (
            "LD_LIBRARY_PATH",
            config.library_path(std::env::var_os("LD_LIBRARY_PATH").as_deref()),
        ),
    ] {
        rows.push(Row {
            keyword: keyword.to_owned(),
            key: String::new(),
            value: value.map(|value| value.to_string_lossy().into_owned()),
            origin: Origin::Environment,
            file: None,
        });
    }
    Ok(rows)
}

fn print(config: &Config, found_by: &str, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let native = is_toml(&config.origin);
    let name = |row: &Row| match native && !row.key.is_empty() {
        true => row.key.clone(),
        false => row.keyword.clone(),
    };
    let file = config
        .origin
        .file_name()
        .unwrap_or_default()
        .display()
        .to_string();
    writeln!(out, "{}  ({found_by})", config.origin.display())?;
    for warning in &config.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    let wide = rows
        .iter()
        .map(|row| name(row).chars().count())
        .max()
        .unwrap_or(0);
    let place = |row: &Row| match row.origin {
        Origin::Line(line) => format!("{file}:{line}"),
        Origin::Default => "default".to_owned(),
        Origin::Environment => "environment".to_owned(),
    };
    let far = rows
        .iter()
        .map(|row| place(row).chars().count())
        .max()
        .unwrap_or(0);
    for row in rows {
        // A password in a text of the site's own is beyond knowing; control
        // characters are not printed, whatever they are for.
        let value = match row.value.as_deref() {
            None => "-".to_owned(),
            Some("") => "\"\"".to_owned(),
            Some(value) => value.replace(char::is_control, "\u{FFFD}"),
        };
        writeln!(out, "{:wide$}  {:far$}  {value}", name(row), place(row))?;
    }
    Ok(())
}

fn print_json(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut *out, row).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    Ok(())
}
