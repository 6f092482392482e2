//! The lists of a server: every source, and those with something to try.

use std::collections::HashSet;

use crate::config::Finding;

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name of a source, or that of a folder with a `/` at its end.
    pub name: String,
    /// In one line, without bars; None if there is none.
    pub description: Option<String>,
    /// The source has an exampleRange.
    pub has_example: bool,
    /// Not a folder that its description keeps off pages by `browse = no`.
    pub browse: bool,
}

impl Item {
    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    /// The line, with its end.
    fn line(&self) -> String {
        match &self.description {
            Some(description) => format!("{}|{description}\r\n", self.name),
            None => format!("{}\r\n", self.name),
        }
    }
}

/// Sources and folders of a tree, in order of code points of their names, and
/// what is odd in it. Sources that are hidden or renamed are not in it, nor
/// are folders without a source that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The lines.
    pub items: Vec<Item>,
    /// For the log.
    pub findings: Vec<Finding>,
}

impl Listing {
    /// The listing of `items`, in any order, with folders that may be empty.
    pub(super) fn new(items: Vec<Item>, findings: Vec<Finding>) -> Listing {
        let mut items = with_used_folders(items, |_| true);
        items.sort_by(|a, b| a.name.cmp(&b.name));
        Listing { items, findings }
    }

    /// The answer to `server=list`: `NAME|description`, or the bare name, and
    /// CRLF.
    pub fn list_text(&self) -> String {
        self.items.iter().map(Item::line).collect()
    }

    /// The answer to `server=discovery`: as the list, but only sources with an
    /// example, none of those below a folder `test`, and the folders they are
    /// in.
    pub fn discovery_text(&self) -> String {
        let shown = |item: &Item| item.has_example && !below_test(&item.name);
        let items = with_used_folders(self.items.clone(), shown);
        items.iter().map(Item::line).collect()
    }
}

/// The sources that `shown` picks and every folder that one of them is below.
fn with_used_folders(items: Vec<Item>, shown: impl Fn(&Item) -> bool) -> Vec<Item> {
    let mut used: HashSet<String> = HashSet::new();
    for item in items.iter().filter(|item| !item.is_folder() && shown(item)) {
        let slashes = item.name.match_indices('/');
        // From the innermost: a folder that is known has known parents.
        for (at, _) in slashes.collect::<Vec<_>>().into_iter().rev() {
            let folder = item.name.get(..=at).unwrap_or_default();
            if !used.insert(folder.to_owned()) {
                break;
            }
        }
    }
    let keep = |item: &Item| match item.is_folder() {
        true => used.contains(&item.name),
        false => shown(item),
    };
    items.into_iter().filter(|item| keep(item)).collect()
}

fn below_test(name: &str) -> bool {
    let mut components = name.split('/').rev().skip(1);
    components.any(|folder| folder == "test")
}

/// A description as one line of a list has it: line breaks, other control
/// characters and bars are blanks.
pub(super) fn one_line(description: &str) -> Option<String> {
    let blank = |c: char| match c.is_control() || c == '|' {
        true => ' ',
        false => c,
    };
    let line: String = description.chars().map(blank).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, has_example: bool) -> Item {
        Item {
            name: name.to_owned(),
            description: Some(format!("d {name}")).filter(|_| has_example),
            has_example,
            browse: true,
        }
    }

    #[test]
    fn order_and_folders() {
        let names = [
            "a", "Z", "A/", "A-b", "A/b", "A/c/", "A/c/d", "empty/", "empty/e/", "B/c",
        ];
        let listing = Listing::new(names.map(|name| item(name, false)).to_vec(), Vec::new());
        assert_eq!(
            listing.list_text(),
            "A-b\r\nA/\r\nA/b\r\nA/c/\r\nA/c/d\r\nB/c\r\nZ\r\na\r\n"
        );
        assert_eq!(listing.discovery_text(), "");
    }

    #[test]
    fn discovery() {
        let mut items = ["A/b", "A/test/c", "test/d", "tests/e", "test"]
            .map(|n| item(n, true))
            .to_vec();
        items.push(item("N/x", false));
        items.extend(["A/", "A/test/", "N/", "test/", "tests/"].map(|name| item(name, false)));
        let listing = Listing::new(items, Vec::new());
        let expected = "A/\r\nA/b|d A/b\r\ntest|d test\r\ntests/\r\ntests/e|d tests/e\r\n";
        assert_eq!(listing.discovery_text(), expected);
    }

    #[test]
    fn descriptions() {
        assert_eq!(one_line(" a|b\r\nc\td ").as_deref(), Some("a b  c d"));
        assert_eq!(one_line("a = b; \"c\"").as_deref(), Some("a = b; \"c\""));
        assert_eq!(one_line(" | "), None);
    }
}
