//! PATH and LD_LIBRARY_PATH of the programs that the server runs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Config;

impl Config {
    /// PATH for sub-programs: the folders of BIN_PATH, the folder of this
    /// executable, then what was `inherited`. A folder that is inherited
    /// already is not added. None: leave the variable unset.
    pub fn search_path(&self, inherited: Option<&OsStr>) -> Option<OsString> {
        let own = self.program_folder.iter();
        composed(self.bin_path.iter().chain(own), inherited)
    }

    /// LD_LIBRARY_PATH for sub-programs: the folders of LIB_PATH, then what
    /// was `inherited`, by the same rule.
    pub fn library_path(&self, inherited: Option<&OsStr>) -> Option<OsString> {
        composed(self.lib_path.iter(), inherited)
    }
}

/// `added` in front of `inherited`, in order, each folder once. An inherited
/// text stays as it is, byte for byte. A variable that is not set becomes the
/// list alone: an empty element would mean the current folder.
fn composed<'a>(
    added: impl Iterator<Item = &'a PathBuf>,
    inherited: Option<&OsStr>,
) -> Option<OsString> {
    let inherited = inherited.filter(|text| !text.is_empty());
    let present: Vec<PathBuf> = inherited
        .map(|text| std::env::split_paths(text).collect())
        .unwrap_or_default();
    let mut front: Vec<&Path> = Vec::new();
    for folder in added {
        let known = present.iter().any(|p| p == folder) || front.contains(&folder.as_path());
        if !known {
            front.push(folder);
        }
    }
    let mut path = OsString::new();
    let parts = front.iter().map(|folder| folder.as_os_str());
    for part in parts.chain(inherited) {
        if !path.is_empty() {
            path.push(":");
        }
        path.push(part);
    }
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(bin: &[&str], own: Option<&str>) -> Config {
        Config {
            bin_path: bin.iter().map(PathBuf::from).collect(),
            lib_path: bin.iter().map(PathBuf::from).collect(),
            program_folder: own.map(PathBuf::from),
            ..Config::default()
        }
    }

    #[test]
    fn new_folders_in_front_order_kept() {
        type Text = Option<&'static str>;
        let cases: &[(&[&str], Text, Text, Text)] = &[
            (
                &["/a", "/b"],
                None,
                Some("/bin:/usr/bin"),
                Some("/a:/b:/bin:/usr/bin"),
            ),
            (
                &["/a", "/bin"],
                None,
                Some("/bin:/usr/bin"),
                Some("/a:/bin:/usr/bin"),
            ),
            (&["/a"], Some("/own"), Some("/bin"), Some("/a:/own:/bin")),
            (
                &["/own", "/a"],
                Some("/own"),
                Some("/bin"),
                Some("/own:/a:/bin"),
            ),
            (&["/a", "/a"], None, None, Some("/a")),
            (&["/a", "/b"], None, None, Some("/a:/b")),
            (&["/a"], None, Some(""), Some("/a")),
            (&[], None, Some("/bin:"), Some("/bin:")),
            (&[], None, None, None),
        ];
        for (bin, own, inherited, expected) in cases {
            assert_eq!(
                config(bin, *own).search_path(inherited.map(OsStr::new)),
                expected.map(OsString::from),
                "{bin:?} {inherited:?}"
            );
        }
    }

    #[test]
    fn libraries_do_not_get_the_folder_of_programs() {
        let config = config(&["/a"], Some("/own"));
        assert_eq!(config.library_path(None), Some(OsString::from("/a")));
    }
}
