//! PEERS_FILE, an INI file as das2-pyserver's language reads it: a section a server,
//! with `url` and `description`.
//!
//! A line that is indented further than its key continues the value before it, and keeps
//! its line break. What `[DEFAULT]` gives holds for all other sections. `%(KEY)s` is the
//! value of another key, and `%%` a `%`; any other `%` is one, too.

use std::collections::BTreeMap;

use super::Peer;

/// The section whose values all others have.
const DEFAULT: &str = "DEFAULT";

/// No value is longer than this with those that it names.
const LONGEST: usize = 1 << 16;

/// Values by their keys in small letters.
type Values = BTreeMap<String, String>;

/// Reads the file. What is neither section, value nor continuation is passed
/// over.
pub fn parse(text: &str) -> Vec<Peer> {
    let (defaults, others): (Vec<_>, Vec<_>) = sections(text)
        .into_iter()
        .partition(|(name, _)| name == DEFAULT);
    let defaults: Values = defaults
        .into_iter()
        .flat_map(|(_, values)| values)
        .collect();
    let peer = |(name, values): (String, Values)| {
        let get = |key: &str| values.get(key).or_else(|| defaults.get(key));
        let value = |key| get(key).map(|value| with_values(value, get));
        Peer {
            url: value("url").filter(|url| !url.is_empty()),
            description: value("description").unwrap_or_default(),
            name,
        }
    };
    others.into_iter().map(peer).collect()
}

fn sections(text: &str) -> Vec<(String, Values)> {
    let mut sections: Vec<(String, Values)> = Vec::new();
    // The key that a line may go on with, and how far it is indented.
    let mut open: Option<(String, usize)> = None;
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if let Some((key, _)) = open.as_ref().filter(|(_, of_key)| indent > *of_key) {
            let values = sections.last_mut().map(|(_, values)| values);
            if let Some(value) = values.and_then(|values| values.get_mut(key)) {
                value.push('\n');
                value.push_str(trimmed);
            }
            continue;
        }
        let section = trimmed
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'));
        if let Some((name, _)) = section {
            sections.push((name.trim().to_owned(), Values::new()));
            open = None;
        } else if let Some((key, value)) = trimmed.split_once(['=', ':'])
            && let Some((_, values)) = sections.last_mut()
        {
            let key = key.trim().to_ascii_lowercase();
            values.insert(key.clone(), value.trim().to_owned());
            open = Some((key, indent));
        }
    }
    sections
}

/// `value` with the values that it names, which are not looked through again.
fn with_values<'a>(value: &str, get: impl Fn(&str) -> Option<&'a String>) -> String {
    let mut whole = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('%') {
        whole.push_str(before);
        let named = behind
            .strip_prefix('(')
            .and_then(|behind| behind.split_once(")s"))
            .and_then(|(key, behind)| Some((get(&key.to_ascii_lowercase())?, behind)))
            .filter(|(named, _)| whole.len() + named.len() <= LONGEST);
        rest = match named {
            Some((named, behind)) => {
                whole.push_str(named);
                behind
            }
            None => {
                whole.push('%');
                behind.strip_prefix('%').unwrap_or(behind)
            }
        };
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const FILE: &str = "\u{feff}stray = 1\n# comment\n[B & C]\nurl = http://b/?a=1&b=2\n\
        Description: 100 % of <it>\n   and more\n\n ; comment\n\tat last\nother=x\n  y\n\
        [A]\nurl=http://a\n";

    fn peer(name: &str, url: Option<&str>, description: &str) -> Peer {
        Peer {
            name: name.into(),
            url: url.map(Into::into),
            description: description.into(),
        }
    }

    #[test]
    fn sections_values_and_continuations() {
        let b = peer(
            "B & C",
            Some("http://b/?a=1&b=2"),
            "100 % of <it>\nand more\nat last",
        );
        assert_eq!(parse(FILE), [b, peer("A", Some("http://a"), "")]);
    }

    #[test]
    fn files_that_are_indented() {
        let file = "  [A]\n  url = http://a\n  description = one\n    two\n\
                    [B]\n\turl = http://b\n\tdescription = three\n\t  [four]\n";
        let a = peer("A", Some("http://a"), "one\ntwo");
        let b = peer("B", Some("http://b"), "three\n[four]");
        assert_eq!(parse(file), [a, b]);
    }

    #[test]
    fn sections_without_an_address() {
        let file = "[A]\ndescription = soon\n[B]\nurl =\n[C]\n";
        let soon = peer("A", None, "soon");
        assert_eq!(
            parse(file),
            [soon, peer("B", None, ""), peer("C", None, "")]
        );
    }

    #[test]
    fn values_for_all_sections() {
        let file = "[A]\nurl = http://%(HOST)s/das\n\
                    [DEFAULT]\nhost = a.edu\ndescription = of %(host)s, 100 %%\n\
                    [B]\nhost = b.edu\nurl = %(base)s/%20%x%(host\n[default]\ndescription=\n";
        let a = peer("A", Some("http://a.edu/das"), "of a.edu, 100 %");
        let b = peer("B", Some("%(base)s/%20%x%(host"), "of b.edu, 100 %");
        assert_eq!(parse(file), [a, b, peer("default", None, "")]);
    }

    #[test]
    fn values_that_would_grow_without_end() {
        let long = "x".repeat(1000);
        let file = format!(
            "[A]\nx = {long}\ndescription = {}\n",
            "%(x)s".repeat(10_000)
        );
        let length = parse(&file)[0].description.len();
        assert!(length < LONGEST + 50_000, "{length}");
    }
}
