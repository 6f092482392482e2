//! The environment that readers see: little, and nothing secret.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::errors::ExecError;

/// What a reader keeps of the CGI program's environment. Not a password in
/// HTTP_AUTHORIZATION, nor anything else that a client's headers made.
const KEPT: &[&str] = &[
    "HOME",
    "LANG",
    "TZ",
    "REMOTE_ADDR",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "QUERY_STRING",
];

/// Where programs are when this process was given no PATH.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The variables of a program's environment; it has no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    path: OsString,
    others: Vec<(OsString, OsString)>,
}

impl Environment {
    /// From the CGI program's own variables. `bin_path` and `lib_path` (folders
    /// separated by colons, as BIN_PATH and LIB_PATH hold them) are put in
    /// front of PATH and LD_LIBRARY_PATH.
    pub fn new(
        own: impl IntoIterator<Item = (OsString, OsString)>,
        bin_path: Option<&str>,
        lib_path: Option<&str>,
    ) -> Environment {
        let (mut path, mut library_path) = (None, None);
        let mut others = Vec::new();
        for (name, value) in own {
            match name.as_bytes() {
                b"PATH" => path = Some(value),
                b"LD_LIBRARY_PATH" => library_path = Some(value),
                _ if is_kept(&name) => others.push((name, value)),
                _ => {}
            }
        }
        if let Some(folders) = in_front(lib_path, library_path) {
            others.push(("LD_LIBRARY_PATH".into(), folders));
        }
        let path = path.filter(|folders| !folders.is_empty());
        let path = in_front(bin_path, path.or_else(|| Some(DEFAULT_PATH.into())));
        Environment {
            path: path.unwrap_or_default(),
            others,
        }
    }

    /// From this process's own variables.
    pub fn of_this_process(bin_path: Option<&str>, lib_path: Option<&str>) -> Environment {
        Environment::new(std::env::vars_os(), bin_path, lib_path)
    }

    /// All variables.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let others = self
            .others
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        others.chain([(OsStr::new("PATH"), self.path.as_os_str())])
    }

    /// Where a program is: a name with a slash as it stands, another one
    /// sought in the folders of PATH.
    pub fn find(&self, program: &OsStr) -> Option<PathBuf> {
        if program.as_bytes().contains(&b'/') {
            return is_program(Path::new(program)).then(|| program.into());
        }
        std::env::split_paths(&self.path)
            .filter(|folder| !folder.as_os_str().is_empty())
            .map(|folder| folder.join(program))
            .find(|path| is_program(path))
    }

    /// Why [`Environment::find`] finds nothing.
    pub fn why_not_found(&self, program: &OsStr) -> ExecError {
        let candidates = match program.as_bytes().contains(&b'/') {
            true => vec![PathBuf::from(program)],
            false => std::env::split_paths(&self.path)
                .map(|folder| folder.join(program))
                .collect(),
        };
        match candidates.into_iter().find(|path| path.is_file()) {
            Some(path) => ExecError::NotExecutable(path),
            None => ExecError::NotFound(program.to_string_lossy().into_owned()),
        }
    }
}

fn is_kept(name: &OsStr) -> bool {
    KEPT.iter().any(|kept| name == *kept) || name.as_bytes().starts_with(b"LC_")
}

fn is_program(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

/// `first:rest`, without empty parts: to a program loader, those would mean
/// the current folder.
fn in_front(first: Option<&str>, rest: Option<OsString>) -> Option<OsString> {
    let mut joined = OsString::new();
    let parts = [first.map(OsString::from), rest];
    for part in parts.into_iter().flatten().filter(|part| !part.is_empty()) {
        if !joined.is_empty() {
            joined.push(":");
        }
        joined.push(part);
    }
    (!joined.is_empty()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(own: &[(&str, &str)], bin: Option<&str>, lib: Option<&str>) -> Vec<(String, String)> {
        let own = own.iter().map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new(own, bin, lib);
        let text = |value: &OsStr| value.to_string_lossy().into_owned();
        environment
            .variables()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    #[test]
    fn passwords_and_headers_stay_here() {
        let own = [
            ("HTTP_AUTHORIZATION", "Basic eDp5"),
            ("HTTP_USER_AGENT", "curl"),
            ("QUERY_STRING", "a=b"),
            ("LC_ALL", "C"),
            ("PATH", "/usr/bin"),
            ("LD_PRELOAD", "/x.so"),
        ];
        let expected = [
            ("QUERY_STRING", "a=b"),
            ("LC_ALL", "C"),
            ("PATH", "/usr/bin"),
        ];
        assert_eq!(
            of(&own, None, None),
            expected.map(|(n, v)| (n.to_string(), v.to_string()))
        );
    }

    #[test]
    fn the_sites_folders_come_first() {
        let own = [("PATH", "/usr/bin"), ("LD_LIBRARY_PATH", "")];
        let with = of(&own, Some("/a:/b"), Some("/l"));
        assert!(with.contains(&("PATH".into(), "/a:/b:/usr/bin".into())));
        assert!(with.contains(&("LD_LIBRARY_PATH".into(), "/l".into())));
        let bare = of(&[("PATH", "")], None, Some(""));
        assert_eq!(bare, [("PATH".to_string(), DEFAULT_PATH.to_string())]);
    }

    #[test]
    fn programs_are_found_in_the_readers_path() {
        let environment = Environment::new([("PATH".into(), "/nowhere:/bin".into())], None, None);
        assert_eq!(environment.find(OsStr::new("sh")), Some("/bin/sh".into()));
        assert_eq!(
            environment.find(OsStr::new("/bin/sh")),
            Some("/bin/sh".into())
        );
        assert_eq!(environment.find(OsStr::new("no-such-program")), None);
        assert_eq!(environment.find(OsStr::new("/bin")), None);
    }
}
