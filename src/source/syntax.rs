//! The syntax of a DSDF: `keyword = value` a line, in the manner of IDL.
//!
//! `;` begins a comment outside quotes. A value is text as it stands, or
//! strings in `'..'` or `".."` joined with `+`, where a doubled quote stands
//! for one. A line that ends in `+$`, `+ $` or `$` goes on with the next.
//!
//! Sites' files are older than any grammar of them. So a quote ends a string
//! only where a string can end: in front of `+`, `$`, `;` or the end of the
//! line. The apostrophe of `'Bob's data'` is one of Bob's. A string that never
//! ends loses one quote at each end and is else taken as it stands, as
//! das2-pyserver does with every value.

use std::collections::BTreeMap;
use std::path::Path;

use super::misspelling::is_meant_as_rule;
use crate::config::{Finding, numbered_lines, without_bom};

/// So many errors and so many warnings of a file are worth telling; a file
/// that is no DSDF at all could have one a line.
const MOST_FINDINGS: usize = 50;

/// One keyword with its value, before substitution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The keyword as written.
    pub key: String,
    /// The value without quotes, comments and line ends.
    pub value: String,
    /// The line that the keyword stands on, from 1.
    pub line: usize,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Keywords in the order of their first appearance, with their last value.
    pub entries: Vec<Entry>,
    /// What is odd and yet no error.
    pub warnings: Vec<Finding>,
    /// The lines that are none of the syntax. Entries are read all the same.
    pub errors: Vec<Finding>,
}

/// Reads the bytes of a DSDF; `file` is only for messages. Bytes that are not
/// UTF-8 are taken as Latin-1.
pub fn parse(file: &Path, bytes: &[u8]) -> Parsed {
    let bytes = without_bom(bytes);
    let mut reader = Reader {
        file,
        parsed: Parsed::default(),
        places: BTreeMap::new(),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => reader.read(text),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = numbered_lines(&String::from_utf8_lossy(good)).count();
            reader.warn(
                line,
                "there is a byte that is not UTF-8, the file is read as Latin-1",
                "save the file as UTF-8",
            );
            let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
            reader.read(&text);
        }
    }
    reader.parsed
}

struct Reader<'a> {
    file: &'a Path,
    parsed: Parsed,
    places: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn read(&mut self, text: &str) {
        let mut lines = numbered_lines(text).map(|(number, line)| (number, line.trim()));
        while let Some((number, line)) = lines.next() {
            if line.is_empty() || line.starts_with(';') {
                continue;
            }
            let Some((key, rest)) = self.key_of(number, line) else {
                // What a refused line goes on with is refused with it.
                let mut part = fragment(line);
                while part.continues {
                    part = lines
                        .next()
                        .map(|(_, line)| fragment(line))
                        .unwrap_or_default();
                }
                continue;
            };
            let mut part = fragment(rest);
            let mut value = String::new();
            let mut at = number;
            loop {
                value.push_str(&part.text);
                if let Some(oddity) = part.oddity {
                    self.warn(at, oddity, "write 'TEXT', with '' for a quote in the text");
                }
                if !part.continues {
                    break;
                }
                // A comment between the lines of a value is no part of it.
                let next = lines.by_ref().find(|(_, line)| !line.starts_with(';'));
                match next {
                    Some((number, line)) if !line.is_empty() => {
                        self.refuse_rule(number, line, key);
                        at = number;
                        part = fragment(line);
                    }
                    _ => {
                        self.warn(
                            at,
                            "nothing follows the $",
                            "remove the $ at the end of the line",
                        );
                        break;
                    }
                }
            }
            self.put(number, key, value);
        }
    }

    /// Keyword and the rest behind `=`, or an error noted.
    fn key_of<'t>(&mut self, number: usize, line: &'t str) -> Option<(&'t str, &'t str)> {
        let what = match line.split_once('=') {
            Some((key, _)) if key.trim().is_empty() => "has no keyword in front of the =",
            Some((key, rest)) if !key.contains(';') => return Some((key.trim(), rest.trim())),
            _ => "has no =",
        };
        if self.parsed.errors.len() < MOST_FINDINGS {
            self.parsed.errors.push(Finding {
                file: self.file.to_owned(),
                line: number,
                what: format!("`{line}` {what}"),
                instead: "write keyword = 'value', or put ; in front of the line".to_owned(),
            });
        }
        None
    }

    /// A `$` too many must not take the rule of who may read into another value,
    /// which leaves the source open.
    fn refuse_rule(&mut self, number: usize, line: &str, key: &str) {
        let unquoted = Some(line).filter(|line| !line.starts_with(QUOTES));
        let rule = unquoted.and_then(|line| line.split_once('='));
        let rule = rule.map(|(rule, _)| rule.trim());
        if let Some(rule) = rule.filter(|rule| is_meant_as_rule(rule)) {
            self.parsed.errors.push(Finding {
                file: self.file.to_owned(),
                line: number,
                what: format!("{rule} is taken into the value of {key} by the $ before it"),
                instead: "remove the $ at the end of the line before".to_owned(),
            });
        }
    }

    fn put(&mut self, line: usize, key: &str, value: String) {
        let entry = Entry {
            key: key.to_owned(),
            value,
            line,
        };
        let place = self.places.get(key).copied();
        match place.and_then(|at| self.parsed.entries.get_mut(at)) {
            Some(earlier) => {
                let what = format!("{key} is already given in line {}", earlier.line);
                *earlier = entry;
                self.warn(line, &what, "remove one of them: the last one counts");
            }
            None => {
                self.places
                    .insert(key.to_owned(), self.parsed.entries.len());
                self.parsed.entries.push(entry);
            }
        }
    }

    fn warn(&mut self, line: usize, what: &str, instead: &str) {
        if self.parsed.warnings.len() < MOST_FINDINGS {
            self.parsed.warnings.push(Finding {
                file: self.file.to_owned(),
                line,
                what: what.to_owned(),
                instead: instead.to_owned(),
            });
        }
    }
}

/// What one line adds to a value.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fragment {
    text: String,
    /// Whether the next line goes on with the value.
    continues: bool,
    oddity: Option<&'static str>,
}

/// Reads the value part of a line, which is trimmed.
fn fragment(line: &str) -> Fragment {
    if let Some(strings) = line
        .starts_with(QUOTES)
        .then(|| joined_strings(line))
        .flatten()
    {
        return strings;
    }
    let unclosed = line.starts_with(QUOTES);
    let (text, continues) = if unclosed {
        (line.split(';').next().unwrap_or_default().trim_end(), false)
    } else {
        without_dollar(before_comment(line).trim_end())
    };
    let oddity = if text.is_empty() && !continues {
        Some("there is no value after the =")
    } else if unclosed && !ends_closed(text) {
        Some("a quote is not closed")
    } else {
        None
    };
    Fragment {
        text: without_outer_quotes(text).to_owned(),
        continues,
        oddity,
    }
}

const QUOTES: [char; 2] = ['\'', '"'];

/// `'a' + "b"` with perhaps `+ $` and a comment behind, to the end of the
/// line; None if the line is something else.
fn joined_strings(line: &str) -> Option<Fragment> {
    let mut text = String::new();
    let mut rest = line;
    loop {
        let (string, after) = quoted_string(rest)?;
        text.push_str(&string);
        rest = after.trim_start();
        let joined = rest.strip_prefix('+').map(str::trim_start);
        rest = joined.unwrap_or(rest);
        if joined.is_some() && rest.starts_with(QUOTES) {
            continue;
        }
        let continued = rest.strip_prefix('$').map(str::trim_start);
        let ending = continued.unwrap_or(rest);
        let ended = ending.is_empty() || ending.starts_with(';');
        if !ended || (joined.is_some() && continued.is_none()) {
            return None;
        }
        return Some(Fragment {
            text,
            continues: continued.is_some(),
            oddity: None,
        });
    }
}

/// The string that `text` begins with and what follows its last quote; None
/// if no quote can end it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next()?;
    let inner = text.get(quote.len_utf8()..)?;
    let mut string = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, c)) = characters.next() {
        if c != quote {
            string.push(c);
            continue;
        }
        let after = inner.get(at + c.len_utf8()..)?;
        if after.starts_with(quote) {
            string.push(quote);
            characters.next();
        } else if after.trim_start().is_empty() || after.trim_start().starts_with([';', '+', '$']) {
            return Some((string, after));
        } else {
            string.push(c);
        }
    }
    None
}

/// Unquoted text up to its comment. A `;` between quotes is no comment, where
/// quotes are such as follow a blank or one of `=([{,:`, and are closed.
fn before_comment(text: &str) -> &str {
    let mut before = ' ';
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        if c == ';' {
            return text.get(..at).unwrap_or(text);
        }
        let opens = QUOTES.contains(&c) && (before.is_whitespace() || "=([{,:".contains(before));
        if opens {
            let inner = text.get(at + 1..).unwrap_or_default();
            skip_to = inner.find(c).map_or(0, |length| at + 1 + length + 1);
        }
        before = c;
    }
    text
}

/// Takes the mark of continuation off unquoted text.
fn without_dollar(text: &str) -> (&str, bool) {
    let Some(text) = text.strip_suffix('$') else {
        return (text, false);
    };
    let text = text.trim_end();
    (text.strip_suffix('+').unwrap_or(text).trim_end(), true)
}

fn ends_closed(text: &str) -> bool {
    text.len() > 1 && text.ends_with(QUOTES)
}

/// A string that no quote ends properly, without one `'` at either end, or
/// without `"` if both ends have it.
fn without_outer_quotes(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('\'') {
        return rest.strip_suffix('\'').unwrap_or(rest);
    }
    let both = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    both.unwrap_or(text)
}

#[cfg(test)]
mod tests;
