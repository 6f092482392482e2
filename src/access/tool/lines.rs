//! The lines of a password file, changed for one user.

use super::super::password_file::user_of;

/// The file with this hash for the user: in the place of the user's first line,
/// without the others, or at the end. And whether there was a line.
pub fn set(bytes: &[u8], user: &[u8], hash: &str) -> (Vec<u8>, bool) {
    let mut had = false;
    let mut changed = Vec::with_capacity(bytes.len() + user.len() + hash.len() + 3);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if user_of(line) != Some(user) {
            changed.extend_from_slice(line);
        } else if !std::mem::replace(&mut had, true) {
            add(&mut changed, user, hash, end_of(line));
        }
    }
    if !had {
        if changed.last().is_some_and(|byte| *byte != b'\n') {
            changed.push(b'\n');
        }
        add(&mut changed, user, hash, b"\n");
    }
    (changed, had)
}

/// The file without the user's lines, and whether there was one.
pub fn delete(bytes: &[u8], user: &[u8]) -> (Vec<u8>, bool) {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let kept: Vec<u8> = lines
        .filter(|line| user_of(line) != Some(user))
        .flatten()
        .copied()
        .collect();
    let had = kept.len() < bytes.len();
    (kept, had)
}

fn add(changed: &mut Vec<u8>, user: &[u8], hash: &str, end: &[u8]) {
    changed.extend_from_slice(user);
    changed.push(b':');
    changed.extend_from_slice(hash.as_bytes());
    changed.extend_from_slice(end);
}

fn end_of(line: &[u8]) -> &'static [u8] {
    match line {
        [.., b'\r', b'\n'] => b"\r\n",
        _ => b"\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a: comment\n\nnonsense\r\na:1\r\n  b:2\na:3\n\u{fffd}\nc:4";

    fn text((bytes, had): (Vec<u8>, bool)) -> (String, bool) {
        (String::from_utf8(bytes).unwrap(), had)
    }

    #[test]
    fn only_the_users_lines_change() {
        let set = |user: &str| text(set(TEXT.as_bytes(), user.as_bytes(), "H"));
        let delete = |user: &str| text(delete(TEXT.as_bytes(), user.as_bytes()));
        let expected = TEXT.replace("a:1\r\n", "a:H\r\n").replace("a:3\n", "");
        assert_eq!(set("a"), (expected, true));
        assert_eq!(set("b"), (TEXT.replace("  b:2", "b:H"), true));
        assert_eq!(set("c"), (TEXT.replace("c:4", "c:H\n"), true));
        assert_eq!(set("d"), (format!("{TEXT}\nd:H\n"), false));
        assert_eq!(set("# a"), (format!("{TEXT}\n# a:H\n"), false));
        let expected = TEXT.replace("a:1\r\n", "").replace("a:3\n", "");
        assert_eq!(delete("a"), (expected, true));
        assert_eq!(delete("c"), (TEXT.replace("c:4", ""), true));
        for none in ["d", "nonsense", "# a", ""] {
            assert_eq!(delete(none), (TEXT.to_owned(), false), "{none}");
        }
    }

    #[test]
    fn an_empty_file() {
        assert_eq!(text(set(b"", b"a", "H")), ("a:H\n".to_owned(), false));
        assert_eq!(text(delete(b"", b"a")), (String::new(), false));
    }
}
