//! Groups of users: `group:x:number:user,user`, one a line.

use std::path::{Path, PathBuf};

use super::bytes_of::{FileError, bytes_of};

/// Why it is not known who is in a group.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line that may be the group's.
    #[error("{path}, line {line}: not the four fields group::number:user,user", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
}

/// Whether a user is in a group, by the file that USER_GROUP names.
///
/// # Errors
/// No file is named, it cannot be read, or a broken line may be the group's.
pub fn is_member(path: Option<&Path>, group: &str, user: &str) -> Result<bool, GroupError> {
    let bytes = bytes_of("USER_GROUP", path)?;
    is_member_of(&bytes, group.as_bytes(), user.as_bytes()).map_err(|line| GroupError::Line {
        path: path.unwrap_or(Path::new("")).to_owned(),
        line,
    })
}

/// Who is in a group.
///
/// # Errors
/// As for [`is_member`].
pub fn members(path: Option<&Path>, group: &str) -> Result<Vec<Vec<u8>>, GroupError> {
    let bytes = bytes_of("USER_GROUP", path)?;
    let users = users_of(&bytes, group.as_bytes()).map_err(|line| GroupError::Line {
        path: path.unwrap_or(Path::new("")).to_owned(),
        line,
    })?;
    Ok(users.into_iter().map(<[u8]>::to_vec).collect())
}

/// As [`is_member`], by the bytes of such a file.
///
/// # Errors
/// The number of a broken line that may be the group's, from 1.
pub fn is_member_of(bytes: &[u8], group: &[u8], user: &[u8]) -> Result<bool, usize> {
    users_of(bytes, group).map(|users| users.contains(&user))
}

/// A group may have several lines. The error is the number of a broken one.
fn users_of<'a>(bytes: &'a [u8], group: &[u8]) -> Result<Vec<&'a [u8]>, usize> {
    let mut found = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        match fields.as_slice() {
            [name, _, _, users] if name.trim_ascii() == group => {
                let users = users.split(|byte| *byte == b',');
                let users = users.map(<[u8]>::trim_ascii);
                found.extend(users.filter(|user| !user.is_empty()));
            }
            [_, _, _, _] => {}
            _ if line.windows(group.len().max(1)).any(|part| part == group) => {
                return Err(at + 1);
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# old groups: none\n\na::100:x, y ,z\r\n b :x:: u ,\na::100:w\nempty:::\nbroken:u\n";

    fn is(group: &str, user: &str) -> Result<bool, usize> {
        is_member_of(TEXT.as_bytes(), group.as_bytes(), user.as_bytes())
    }

    #[test]
    fn members() {
        for (group, user) in [("a", "x"), ("a", "y"), ("a", "z"), ("a", "w"), ("b", "u")] {
            // "a" is in none of the broken lines, "b" is in "broken".
            let expected = if group == "b" { Err(7) } else { Ok(true) };
            assert_eq!(is(group, user), expected, "{group} {user}");
        }
        for (group, user) in [
            ("a", "u"),
            ("a", "X"),
            ("A", "x"),
            ("none", "x"),
            ("empty", "u"),
        ] {
            assert_eq!(is(group, user), Ok(false), "{group} {user}");
        }
        assert_eq!(is("broken", "u"), Err(7));
        assert_eq!(is_member_of(b"", b"a", b"x"), Ok(false));
        assert_eq!(is_member_of(b"\xff:\0:\xfe", b"a", b"x"), Ok(false));
    }

    #[test]
    fn files() {
        let none = is_member(None, "a", "x").unwrap_err();
        assert!(none.to_string().contains("USER_GROUP"));
        assert!(is_member(Some(Path::new("/")), "a", "x").is_err());
    }
}
