//! The syntax of `das2server.conf`: `KEYWORD = VALUE` a line.
//!
//! `#` begins a comment, but not inside a value that begins with a quote: such
//! a value lasts up to the last such quote of its line. Blanks and quotes of
//! either kind are taken off both ends of a value.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ConfigError, Finding, Pair, numbered_lines, without_bom};

/// What is taken off the ends of a value.
const OUTER: [char; 7] = [' ', '\t', '\x0B', '\r', '\n', '\'', '"'];

/// The pairs of a file in their order, a keyword given twice only with its
/// last value; and warnings. `file` is only for messages.
///
/// # Errors
/// A line that is no `KEYWORD = VALUE`, and a byte that is not UTF-8; both name
/// the line.
pub fn parse(file: &Path, bytes: &[u8]) -> Result<(Vec<Pair>, Vec<Finding>), ConfigError> {
    let text = utf8(file, without_bom(bytes))?;
    let mut pairs: Vec<Pair> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut warnings = Vec::new();
    for (line, content) in numbered_lines(text) {
        let found = pair_of(content).map_err(|what| {
            ConfigError::Wrong(Finding {
                file: file.to_owned(),
                line,
                what: format!("`{}` {what}", content.trim()),
                instead: "write KEYWORD = \"VALUE\", or put # in front of the line".to_owned(),
            })
        })?;
        let Some((keyword, value)) = found else {
            continue;
        };
        if swallowed_comment(value) {
            warnings.push(Finding {
                file: file.to_owned(),
                line,
                what: format!("the value of {keyword} goes on to the last quote of the line"),
                instead: "leave quotes out of the comment if that is not meant".to_owned(),
            });
        }
        let pair = Pair {
            keyword: keyword.to_owned(),
            value: value.to_owned(),
            line,
        };
        let earlier = places.get(keyword).and_then(|&at| pairs.get_mut(at));
        if let Some(earlier) = earlier {
            warnings.push(Finding {
                file: file.to_owned(),
                line,
                what: format!("{keyword} is already given in line {}", earlier.line),
                instead: "remove one of them: the last one counts".to_owned(),
            });
            *earlier = pair;
        } else {
            places.insert(keyword, pairs.len());
            pairs.push(pair);
        }
    }
    Ok((pairs, warnings))
}

fn utf8<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a str, ConfigError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = std::str::from_utf8(good).unwrap_or_default();
        ConfigError::Wrong(Finding {
            file: file.to_owned(),
            line: numbered_lines(before).count(),
            what: "there is a byte that is not UTF-8".to_owned(),
            instead: "save the file as UTF-8".to_owned(),
        })
    })
}

/// Keyword and value of a line; None if it holds nothing; an error says what
/// the line lacks.
fn pair_of(line: &str) -> Result<Option<(&str, &str)>, &'static str> {
    // Most lines of a site's file.
    if matches!(line.trim_start().as_bytes(), [] | [b'#', ..]) {
        return Ok(None);
    }
    let bare = before_comment(line);
    let Some((keyword, value)) = line.split_once('=') else {
        return match bare.trim() {
            "" => Ok(None),
            _ => Err("has no ="),
        };
    };
    if keyword.contains('#') {
        return match bare.trim() {
            "" => Ok(None),
            _ => Err("has no ="),
        };
    }
    let keyword = keyword.trim();
    if keyword.is_empty() {
        return Err("has no keyword in front of the =");
    }
    let value = uncommented(value.trim());
    if value.trim().is_empty() {
        return Err("has no value after the =");
    }
    Ok(Some((keyword, value.trim_matches(OUTER))))
}

fn before_comment(text: &str) -> &str {
    text.split_once('#').map_or(text, |(before, _)| before)
}

/// A trimmed value without the comment behind it, outer quotes still there.
fn uncommented(value: &str) -> &str {
    let opening = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(quote) = opening else {
        return before_comment(value);
    };
    match value.rfind(quote) {
        Some(last) if last > 0 => {
            let rest = value.get(last..).unwrap_or_default();
            let end = rest.find('#').map_or(value.len(), |at| last + at);
            value.get(..end).unwrap_or(value)
        }
        _ => before_comment(value),
    }
}

/// Whether a value looks like `a" # see "b`: a comment with a quote in it
/// that the rule of the last quote has made part of the value.
fn swallowed_comment(value: &str) -> bool {
    value
        .split_once('#')
        .is_some_and(|(before, _)| before.trim_end().ends_with(['"', '\'']))
}
