//! From `das2server.conf` to `das2server.toml`, with the comments kept.
//!
//! TOML wants the keys of a section together, so lines move; each takes along
//! the comment above it. Settings that are commented out become keys that are.

use std::path::Path;

use super::conf::{pair_of, uncommented};
use super::native::{KEYS, Key, Kind, OWN, key_of};
use super::{Config, ConfigError, Finding, Pair, Parsed, conf, in_force, keywords};
use super::{numbered_lines, without_bom};

/// The TOML text that means the same as `bytes`, the `das2server.conf` at
/// `file`.
///
/// # Errors
/// The file has an error of its own; that comes first.
pub fn to_toml(file: &Path, bytes: &[u8]) -> Result<String, ConfigError> {
    let before = Config::from_conf(file, bytes)?;
    let counts = conf::parse(file, bytes).pairs;
    let text = String::from_utf8_lossy(without_bom(bytes));
    let toml = Sheet::read(&text, &counts).written();
    // What is written must mean the same, or it is not written at all.
    let after = Config::from_toml(file, toml.as_bytes())?;
    match in_force::settings(&before) == in_force::settings(&after)
        && before.work_queue_connection == after.work_queue_connection
    {
        true => Ok(toml),
        false => Err(ConfigError::Wrong(Finding {
            file: file.to_owned(),
            line: 0,
            what: "this file cannot be said in TOML".to_owned(),
            instead: "please report it, with the file".to_owned(),
        })),
    }
}

/// A line of the new file with what stands above it.
struct Entry {
    /// None for a keyword of the site's own.
    key: Option<&'static Key>,
    above: Vec<String>,
    line: String,
}

/// The old file, in pieces.
struct Sheet {
    head: Vec<String>,
    entries: Vec<Entry>,
    end: Vec<String>,
}

impl Sheet {
    /// `counts` are the pairs that count; a line that is none of them becomes
    /// a comment.
    fn read(text: &str, counts: &[Pair]) -> Sheet {
        let mut sheet = Sheet {
            head: Vec::new(),
            entries: Vec::new(),
            end: Vec::new(),
        };
        let mut above = Vec::new();
        for (number, line) in numbered_lines(text) {
            match pair_of(line) {
                Ok(Some((keyword, value))) => {
                    let counted = counts.iter().any(|pair| pair.line == number);
                    let replaced = keywords::proper(keyword) != keyword
                        && counts
                            .iter()
                            .any(|p| p.keyword == keywords::proper(keyword));
                    let off = if counted && !replaced { "" } else { "#" };
                    let comment = comment_behind(line);
                    sheet.put(keyword, value, off, comment, &mut above);
                }
                _ => match switched_off(line) {
                    Some((keyword, value)) => sheet.put(keyword, value, "#", "", &mut above),
                    None => above.push(comment(line)),
                },
            }
            // What stands at the top by itself is about the file.
            if line.trim().is_empty() && sheet.entries.is_empty() && sheet.head.is_empty() {
                sheet.head = std::mem::take(&mut above);
            }
        }
        sheet.end = above;
        sheet
    }

    fn put(
        &mut self,
        keyword: &str,
        value: &str,
        off: &str,
        comment: &str,
        above: &mut Vec<String>,
    ) {
        let key = key_of(keyword);
        let (name, value) = match key {
            Some(key) => match value_of(key, value) {
                Some(value) => (key.key.to_owned(), value),
                None => return above.push(format!("# {keyword} = {}", self::comment(value))),
            },
            None => (name(keyword), quoted(value)),
        };
        let behind = match comment.is_empty() {
            true => String::new(),
            false => format!("  {}", self::comment(comment)),
        };
        self.entries.push(Entry {
            key,
            above: std::mem::take(above),
            line: format!("{off}{name} = {value}{behind}"),
        });
    }

    /// The sections in the order of [`KEYS`], each with its lines in the order
    /// of the old file.
    fn written(&self) -> String {
        let mut lines = self.head.clone();
        let mut sections: Vec<&str> = KEYS.iter().map(|key| key.section).collect();
        sections.dedup();
        sections.push(OWN);
        for section in sections {
            let of_section = |entry: &&Entry| entry.key.map_or(OWN, |key| key.section) == section;
            let mut entries = self.entries.iter().filter(of_section).peekable();
            if entries.peek().is_none() {
                continue;
            }
            blank_behind(&mut lines);
            lines.push(format!("[{section}]"));
            for (at, entry) in entries.enumerate() {
                let blank = |line: &&String| at == 0 && line.is_empty();
                let above = entry.above.iter().skip_while(blank);
                lines.extend(above.cloned());
                lines.push(entry.line.clone());
            }
        }
        if self.end.iter().any(|line| !line.is_empty()) {
            blank_behind(&mut lines);
            lines.extend(self.end.iter().cloned());
        }
        // Where comments went elsewhere with their keys, one blank line does.
        lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
        let mut text = lines.join("\n");
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

fn blank_behind(lines: &mut Vec<String>) {
    if lines.last().is_some_and(|line| !line.is_empty()) {
        lines.push(String::new());
    }
}

/// `KEYWORD` and value of a comment such as `#KEYWORD = VALUE`, for keywords
/// that are known.
fn switched_off(line: &str) -> Option<(&str, &str)> {
    let text = line.trim().trim_start_matches('#');
    let (keyword, value) = pair_of(text).ok()??;
    (text.len() < line.trim().len() && key_of(keyword).is_some()).then_some((keyword, value))
}

/// The comment behind the value of a line, with its `#`.
fn comment_behind(line: &str) -> &str {
    let value = line.split_once('=').map_or("", |(_, value)| value.trim());
    value
        .get(uncommented(value).len()..)
        .unwrap_or_default()
        .trim()
}

/// A comment, without what may not stand in one.
fn comment(line: &str) -> String {
    let shown = |c: char| match c.is_control() && c != '\t' {
        true => ' ',
        false => c,
    };
    line.trim_end().chars().map(shown).collect()
}

/// A value in TOML; None if it is none for its keyword.
fn value_of(key: &Key, value: &str) -> Option<String> {
    let array = |parts: Vec<&str>| {
        let parts = parts.into_iter().map(str::trim).filter(|p| !p.is_empty());
        format!("[{}]", parts.map(quoted).collect::<Vec<_>>().join(", "))
    };
    Some(match key.kind {
        Kind::Text | Kind::Time => {
            of_type(key, value)?;
            quoted(value)
        }
        Kind::Folders => array(value.split(':').collect()),
        Kind::Words => array(value.split([' ', '\t', ',']).collect()),
        Kind::Switch | Kind::Count => of_type(key, value)??,
        Kind::Seconds => {
            let number = of_type(key, value)??;
            match number.contains('.') || number.parse::<i64>().is_ok() {
                true => number,
                false => format!("{number}.0"),
            }
        }
    })
}

/// The value in force if this is the only one given; None if it is wrong.
fn of_type(key: &Key, value: &str) -> Option<Option<String>> {
    let pair = Pair {
        keyword: key.keyword.to_owned(),
        value: value.to_owned(),
        line: 0,
    };
    let parsed = Parsed {
        pairs: vec![pair],
        ..Parsed::default()
    };
    let (config, errors) = keywords::config_of(Path::new(""), parsed, keywords::written_in_conf);
    errors.is_empty().then(|| in_force::value(&config, key))
}

/// A string of TOML. JSON writes it the same way, but for one character.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    json.replace('\u{7F}', "\\u007F")
}

fn name(keyword: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match keyword.chars().all(bare) {
        true => keyword.to_owned(),
        false => quoted(keyword),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(text: &str) -> String {
        to_toml(Path::new("/site/etc/das2server.conf"), text.as_bytes()).unwrap()
    }

    #[test]
    fn comments_move_with_their_keys() {
        let toml = converted(
            "# The file.\n# Second line.\n\n# Who.\nSITE_NAME = \"A \\ \"B\"\" # note x\n\
             DSDF_ROOT = datasets/ # a tree\n\n# An id.\n#SERVER_ID = x\nMY_DATA = '/d'\n\
             # DAS2 = no keyword\nBIN_PATH = bin:/opt/b\nVIEW_LOG_ALLOW = ::1, 10.0.0.0/8 host\n\
             IGNORE_REDIRECT = 1\nREADER_TIME_LIMIT = 30.0\n#READER_MAX = many\n# The end.\n",
        );
        assert_eq!(
            toml,
            "# The file.\n# Second line.\n\n[site]\n# Who.\nname = \"A \\\\ \\\"B\"  # note x\n\n\
             # An id.\n#server_id = \"x\"\n\n[paths]\nsources = \"datasets/\"  # a tree\n\
             # DAS2 = no keyword\nprograms = [\"bin\", \"/opt/b\"]\n\n\
             [log]\nallow = [\"::1\", \"10.0.0.0/8\", \"host\"]\n\n\
             [readers]\ntime_limit = 30\n\n[answers]\nignore_redirect = true\n\n\
             [keywords]\nMY_DATA = \"/d\"\n\n# READER_MAX = many\n# The end.\n"
        );
    }

    #[test]
    fn what_does_not_count_becomes_a_comment() {
        let toml =
            converted("SITE_NAME = a\nSITE_NAME = b\nRESOURCE_ROOT = /x\nRESOURCE_PATH = /y\n");
        assert_eq!(
            toml,
            "[site]\n#name = \"a\"\nname = \"b\"\n\n[paths]\n#resources = \"/x\"\nresources = \"/y\"\n"
        );
    }

    #[test]
    fn the_template_that_is_installed() {
        let text = include_str!("../../etc/das2server.conf.in");
        let toml = converted(text);
        for wanted in [
            "# Whom users may ask.",
            "\n[queue]\n",
            "\n#time_limit = 0\n",
            "\n#never_ask = [\"192.0.2.10\", \"192.0.2.0/24\"]\n",
        ] {
            assert!(toml.contains(wanted), "{wanted}: {toml}");
        }
        // Nothing is lost, and doing it again is not possible.
        let comments = text.lines().filter(|line| line.starts_with("# "));
        for comment in comments.filter(|line| switched_off(line).is_none()) {
            assert!(toml.contains(comment), "{comment}");
        }
        assert!(to_toml(Path::new("c"), toml.as_bytes()).is_err());
    }

    #[test]
    fn an_error_of_the_old_file_comes_first() {
        let error = to_toml(Path::new("c"), b"READER_MAX = many\n").unwrap_err();
        assert!(error.to_string().contains("READER_MAX = many"), "{error}");
    }

    #[test]
    fn whatever_can_be_read_means_the_same_in_toml() {
        let words = [
            "SITE_NAME",
            "RESOURCE_ROOT",
            "RESOURCE_PATH",
            "BIN_PATH",
            "TEST_FROM",
            "DATA_GZIP",
            "TASK_LEASE",
            "MINE",
            "a b",
            "=",
            " = ",
            "\"",
            "'",
            "\n",
            "#",
            "# ",
            "true",
            "7",
            "1e19",
            "/x/",
            ":",
            "é",
            "\t",
            "\\",
            "\u{7f}",
            "[x]",
        ];
        let mut state: u32 = 7;
        let mut good = 0;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..14 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(words[(state >> 16) as usize % words.len()]);
            }
            let file = Path::new("/site/etc/c.conf");
            if Config::from_conf(file, text.as_bytes()).is_err() {
                continue;
            }
            good += 1;
            if let Err(error) = to_toml(file, text.as_bytes()) {
                panic!("{text:?}: {error}");
            }
        }
        assert!(good > 100, "{good}");
    }
}
