//! The syntax of `das2server.conf`: `KEYWORD = VALUE` a line.
//!
//! `#` begins a comment, but not inside a value that begins with a quote: such
//! a value lasts up to the last such quote of its line. Blanks and quotes of
//! either kind are taken off both ends of a value.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Finding, MOST_ERRORS, Pair, Parsed, numbered_lines, without_bom};

/// What is taken off the ends of a value.
const OUTER: [char; 7] = [' ', '\t', '\x0B', '\r', '\n', '\'', '"'];

/// The pairs of a file in their order, a keyword given twice only with its
/// last value; and what is wrong or odd: a line that is no `KEYWORD = VALUE`, a
/// byte that is not UTF-8. `file` is only for messages.
pub fn parse(file: &Path, bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    let text = match utf8(file, without_bom(bytes)) {
        Ok(text) => text,
        Err(finding) => {
            parsed.errors.push(finding);
            return parsed;
        }
    };
    let finding = |line, what: String, instead: &str| Finding {
        file: file.to_owned(),
        line,
        what,
        instead: instead.to_owned(),
    };
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (line, content) in numbered_lines(text) {
        let (keyword, value) = match pair_of(content) {
            Ok(None) => continue,
            Ok(Some(pair)) => pair,
            Err(_) if parsed.errors.len() >= MOST_ERRORS => continue,
            Err(what) => {
                let what = format!("`{}` {what}", content.trim());
                let instead = "write KEYWORD = \"VALUE\", or put # in front of the line";
                parsed.errors.push(finding(line, what, instead));
                continue;
            }
        };
        if swallowed_comment(value) {
            parsed.warnings.push(finding(
                line,
                format!("the value of {keyword} goes on to the last quote of the line"),
                "leave quotes out of the comment if that is not meant",
            ));
        }
        let pair = Pair {
            keyword: keyword.to_owned(),
            value: value.to_owned(),
            line,
        };
        let earlier = places.get(keyword).and_then(|&at| parsed.pairs.get_mut(at));
        if let Some(earlier) = earlier {
            parsed.warnings.push(finding(
                line,
                format!("{keyword} is already given in line {}", earlier.line),
                "remove one of them: the last one counts",
            ));
            *earlier = pair;
        } else {
            places.insert(keyword, parsed.pairs.len());
            parsed.pairs.push(pair);
        }
    }
    parsed
}

pub(super) fn utf8<'a>(file: &Path, bytes: &'a [u8]) -> Result<&'a str, Finding> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = std::str::from_utf8(good).unwrap_or_default();
        Finding {
            file: file.to_owned(),
            line: numbered_lines(before).count(),
            what: "there is a byte that is not UTF-8".to_owned(),
            instead: "save the file as UTF-8".to_owned(),
        }
    })
}

/// Keyword and value of a line; None if it holds nothing; an error says what
/// the line lacks.
pub(super) fn pair_of(line: &str) -> Result<Option<(&str, &str)>, &'static str> {
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
pub(super) fn uncommented(value: &str) -> &str {
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
