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
        let hashes = self.hashes_for(&credentials.user);
        let (is_user, hashes) = match &hashes {
            Some((is_user, hashes)) => (*is_user, hashes.as_slice()),
            None => return false,
        };
        let mut is_right = false;
        for hash in hashes {
            is_right |= hash::is_right(credentials.password(), hash);
        }
        std::hint::black_box(is_right) && is_user
    }

    /// The hashes that a password is compared with, and whether they are the user's.
    /// For a name that has none they are those of some user, always the same one for a
    /// name, and nobody can tell which without the file. So where the users' hashes
    /// take different times, a name's time does not tell whether it is a user's. None if
    /// nobody has a hash.
    fn hashes_for(&self, user: &str) -> Option<(bool, Vec<&str>)> {
        let usable = || {
            let entries = self.entries();
            entries.filter(|entry| Form::of(entry.hash).is_some())
        };
        let hashes_of = |user: &[u8]| -> Vec<&str> {
            let entries = usable().filter(|entry| entry.user == user);
            entries.map(|entry| entry.hash).collect()
        };
        // Looked for in any case: in a long file that takes some time.
        let mut hasher = DefaultHasher::new();
        (user, &self.0).hash(&mut hasher);
        let count = u64::try_from(usable().count()).ok()?;
        let at = hasher.finish().checked_rem(count)?;
        let other = usable().nth(usize::try_from(at).ok()?)?;
        let (own, decoys) = (hashes_of(user.as_bytes()), hashes_of(other.user));
        Some(match own.is_empty() {
            true => (false, decoys),
            false => (true, own),
        })
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
    fn a_name_without_a_line_costs_what_some_user_costs() {
        let file = file(TEXT);
        let of = |user: &str| file.hashes_for(user).unwrap();
        // Both hashes of a user who has two.
        assert_eq!(of("two").1.len(), 2);
        assert_eq!(of("old"), (true, vec!["IueKZ7Ol6Qt7k"]));
        let users = [of("old").1, of("two").1, of("last").1];
        let mut found = std::collections::BTreeSet::new();
        for at in 0..100 {
            let name = format!("name{at}");
            let (is_user, decoys) = of(&name);
            assert!(!is_user && users.contains(&decoys), "{decoys:?}");
            assert_eq!(of(&name).1, decoys);
            found.insert(decoys);
        }
        assert_eq!(found.len(), users.len());
        // So does one whose hash is none.
        assert!(!of("locked").0 && users.contains(&of("locked").1));
        // With hashes of one kind all names cost the same: it is computed once for each.
        let hash = "$2y$10$abcdefghijklmnopqrstuuW5vH8bFhRrOFbZDUPbT1SFkIVDK3mIa";
        assert_eq!(Form::of(hash), Some(Form::Bcrypt));
        let same = PasswordFile::from_bytes(format!("a:{hash}\nb:{hash}\n").into_bytes());
        for name in ["a", "b", "nobody"] {
            let (is_user, hashes) = same.hashes_for(name).unwrap();
            assert_eq!((is_user, hashes), (name != "nobody", vec![hash]));
        }
        assert_eq!(
            PasswordFile::from_bytes(b"x:!\n".to_vec()).hashes_for("x"),
            None
        );
    }
}
