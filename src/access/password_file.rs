//! Users and the hashes of their passwords: `user:hash`, one a line.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use super::bytes_of::{FileError, bytes_of};
use super::credentials::Credentials;
use super::hash::{self, Form};

/// A password file, as its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordFile(Vec<u8>);

/// A user's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The number of the line, from 1.
    pub line: usize,
    /// What stands in front of the first colon.
    pub user: &'a [u8],
    /// What stands behind it, without outer blanks.
    pub hash: &'a str,
}

/// A line, understood.
enum Line<'a> {
    /// Nothing, or a comment.
    Blank,
    User(Entry<'a>),
    /// Not the line of a user.
    Other(usize),
}

impl PasswordFile {
    /// Reads the file that USER_PASSWD names.
    ///
    /// # Errors
    /// No file is named, or it is no file that can be read.
    pub fn read(path: Option<&Path>) -> Result<PasswordFile, FileError> {
        bytes_of("USER_PASSWD", path).map(PasswordFile)
    }

    /// With these lines.
    pub fn from_bytes(bytes: Vec<u8>) -> PasswordFile {
        PasswordFile(bytes)
    }

    /// The lines of users, in their order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.lines().filter_map(|line| match line {
            Line::User(entry) => Some(entry),
            _ => None,
        })
    }

    /// Whether these are a user of the file, and the user's password. That takes
    /// as long when there is no such user.
    pub fn is_right(&self, credentials: &Credentials) -> bool {
        let mut is_right = false;
        let mut compared = 0;
        // Looked for in any case: in a long file that takes some time.
        let decoy = self.decoy(&credentials.user);
        for entry in self.entries() {
            if entry.user == credentials.user.as_bytes() && Form::of(entry.hash).is_some() {
                compared += 1;
                is_right |= hash::is_right(credentials.password(), entry.hash);
            }
        }
        if compared == 0
            && let Some(decoy) = decoy
        {
            // The same work, for nothing.
            std::hint::black_box(hash::is_right(credentials.password(), decoy));
        }
        is_right
    }

    /// The hash that a name without a line is compared with: the hash of some
    /// user, always the same one for a name, and nobody can tell which without
    /// the file. So where the users' hashes take different times, a name's time
    /// does not tell whether it is a user's.
    fn decoy(&self, user: &str) -> Option<&str> {
        let usable = || {
            let hashes = self.entries().map(|entry| entry.hash);
            hashes.filter(|hash| Form::of(hash).is_some())
        };
        let mut hasher = DefaultHasher::new();
        (user, &self.0).hash(&mut hasher);
        let count = u64::try_from(usable().count()).ok()?;
        let at = hasher.finish().checked_rem(count)?;
        usable().nth(usize::try_from(at).ok()?)
    }

    /// A number that only those know who know the file; another one whenever it
    /// changes.
    pub(super) fn secret(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }

    /// What is odd in the file, with the number of the first such line; no names.
    pub fn findings(&self) -> Vec<String> {
        let mut odd: [(usize, usize, &str); 2] = [
            (0, 0, "no user and no hash, as in user:hash"),
            (
                0,
                0,
                "a hash that is not known here; das2_srv_passwd makes a new one",
            ),
        ];
        let [no_user, no_hash] = &mut odd;
        for line in self.lines() {
            let (found, at) = match line {
                Line::Other(at) => (&mut *no_user, at),
                Line::User(entry) if Form::of(entry.hash).is_none() => (&mut *no_hash, entry.line),
                _ => continue,
            };
            found.0 += 1;
            if found.0 == 1 {
                found.1 = at;
            }
        }
        let found = odd.into_iter().filter(|(count, ..)| *count > 0);
        found
            .map(|(count, first, what)| format!("{count} lines have {what} (first: line {first})"))
            .collect()
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let lines = self.0.split(|byte| *byte == b'\n').enumerate();
        lines.map(|(at, line)| {
            let line = line.trim_ascii();
            match user_and_hash(line) {
                _ if line.is_empty() || line.starts_with(b"#") => Line::Blank,
                Some((user, hash)) => Line::User(Entry {
                    line: at + 1,
                    user,
                    hash: std::str::from_utf8(hash).unwrap_or_default().trim_ascii(),
                }),
                _ => Line::Other(at + 1),
            }
        })
    }
}

/// User and hash in a line without outer blanks; None if it is not a user's.
fn user_and_hash(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let user = parts
        .next()
        .filter(|user| !user.is_empty() && !user.starts_with(b"#"))?;
    Some((user, parts.next()?))
}

/// Whose line of a password file this is.
pub(super) fn user_of(line: &[u8]) -> Option<&[u8]> {
    user_and_hash(line.trim_ascii()).map(|(user, _)| user)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::super::credentials::Authorization;
    use super::*;

    fn file(text: impl AsRef<[u8]>) -> PasswordFile {
        PasswordFile::from_bytes(text.as_ref().to_vec())
    }

    fn is_right(file: &PasswordFile, text: &str) -> bool {
        let header = format!("Basic {}", STANDARD.encode(text));
        let header = Authorization::of(header.into_bytes()).unwrap();
        file.is_right(&header.credentials().unwrap())
    }

    const TEXT: &str = "# comment: with a colon\n\nold:IueKZ7Ol6Qt7k\r\nnonsense\n  two:x\n\
        two:$apr1$a.Z/9$HioJBmspAnDfAgFZt.TiI.\ntwo: {SHA}EfatjsUqKYSrqv18O1FlA3hcIHI= \nlocked:!\n\
        empty:\n:{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=\nlast:abiQ6Ep3EYTHc";

    #[test]
    fn users() {
        let file = file(TEXT);
        for right in ["old:test", "two:test", "two:x", "last:x"] {
            assert!(is_right(&file, right), "{right}");
        }
        for wrong in [
            "old:x",
            "Old:test",
            "two:old",
            "locked:!",
            "locked:",
            "empty:",
            "last:",
            "none:x",
            "# comment: with a colon",
            "nonsense:",
            "old:IueKZ7Ol6Qt7k",
            " old:test",
            "old :test",
        ] {
            assert!(!is_right(&file, wrong), "{wrong}");
        }
        let lines: Vec<usize> = file.entries().map(|entry| entry.line).collect();
        assert_eq!(lines, [3, 5, 6, 7, 8, 9, 11]);
    }

    #[test]
    fn findings_name_no_user() {
        let findings = file(TEXT).findings();
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].starts_with("2 lines") && findings[0].ends_with("line 4)"));
        assert!(findings[1].starts_with("3 lines") && findings[1].ends_with("line 5)"));
        assert!(file("").findings().is_empty());
    }

    #[test]
    fn files_without_users() {
        for text in [
            b"".as_slice(),
            b"\n\n",
            b"#",
            b":",
            b"x:\xff",
            b"\xff\xfe\0:x",
        ] {
            assert!(!is_right(&file(text), "x:"), "{text:?}");
        }
    }

    #[test]
    fn a_decoy_is_some_users_and_always_the_same() {
        let file = file(TEXT);
        let mut found = std::collections::BTreeSet::new();
        for at in 0..100 {
            let name = format!("name{at}");
            let decoy = file.decoy(&name).unwrap();
            assert!(Form::of(decoy).is_some());
            assert_eq!(file.decoy(&name), Some(decoy));
            found.insert(decoy);
        }
        assert_eq!(found.len(), 4);
    }
}
