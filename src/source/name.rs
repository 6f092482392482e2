//! Names of sources, as clients send them.

use std::fmt;

use super::NotFound;

/// What describes a folder. It is no source.
pub(super) const FOLDER_INFO: &str = "_dirinfo_";

/// The suffix of a source's file.
pub(super) const SUFFIX: &str = ".dsdf";

/// The longest name, in bytes. It has to fit into a path.
const LONGEST: usize = 1024;

/// The name of a source: components with `/` between, none of which can lead
/// out of the tree. Whether there is such a source is another question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(String);

impl SourceName {
    /// The name that a client's `text` gives: without one leading `/`, and
    /// without `.dsdf` at the end, which old clients send.
    ///
    /// # Errors
    /// A component is empty, `.` or `..`; there is a NUL, another control
    /// character or a backslash; it names the description of a folder.
    pub fn parse(text: &str) -> Result<SourceName, NotFound> {
        let name = text.strip_prefix('/').unwrap_or(text);
        let name = name.strip_suffix(SUFFIX).unwrap_or(name);
        let good = name.len() <= LONGEST
            && !name.contains(|c: char| c.is_control() || c == '\\')
            && name.split('/').all(is_component)
            && !is_folder_info(last(name));
        match good {
            true => Ok(SourceName(name.to_owned())),
            false => Err(NotFound::of(text)),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component, as file names of answers begin.
    pub fn last(&self) -> &str {
        last(&self.0)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_component(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a file name, with or without suffix, is that of a folder's
/// description.
pub(super) fn is_folder_info(file: &str) -> bool {
    let stem = match has_suffix(file) {
        true => file.get(..file.len() - SUFFIX.len()).unwrap_or(file),
        false => file,
    };
    stem.eq_ignore_ascii_case(FOLDER_INFO)
}

/// Whether a name ends in `.dsdf`, in any case.
pub(super) fn has_suffix(name: &str) -> bool {
    let start = name.len().checked_sub(SUFFIX.len());
    start
        .and_then(|at| name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names() {
        for (text, name, last) in [
            ("x", "x", "x"),
            ("Examples/Random", "Examples/Random", "Random"),
            ("/Examples/Random", "Examples/Random", "Random"),
            ("Examples/Random.dsdf", "Examples/Random", "Random"),
            ("x.dsdf.dsdf", "x.dsdf", "x.dsdf"),
            ("UP.DSDF", "UP.DSDF", "UP.DSDF"),
            ("a b/c..d/..e", "a b/c..d/..e", "..e"),
            ("Größe/x", "Größe/x", "x"),
            ("_dirinfo_/x", "_dirinfo_/x", "x"),
        ] {
            let parsed = SourceName::parse(text).unwrap();
            assert_eq!((parsed.as_str(), parsed.last()), (name, last), "{text}");
        }
    }

    #[test]
    fn names_that_are_refused() {
        let long = "x/".repeat(600) + "x";
        for text in [
            "",
            "/",
            "//x",
            ".",
            "..",
            "../x",
            "a/../b",
            "a/..",
            "./x",
            "a//b",
            "a/",
            ".dsdf",
            "a/.dsdf",
            "...dsdf",
            "a\\b",
            "a\0",
            "a\nb",
            "a\u{7f}",
            "a\u{85}b",
            "_dirinfo_",
            "_dirinfo_.dsdf",
            "a/_dirinfo_",
            "a/_DirInfo_.DSDF",
            "/etc/../x",
            &long,
        ] {
            let refused = SourceName::parse(text).unwrap_err();
            assert!(!refused.to_string().contains(char::is_control), "{text:?}");
        }
    }
}
