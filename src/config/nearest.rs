//! The known word that a written one is probably meant to be.

/// The nearest of `known` to `word`, whatever their case, if few enough
/// letters differ: one for words of up to seven letters, two for longer ones.
/// Two letters in the wrong order count as one. None for a word that is known.
pub fn nearest<'a, I>(word: &str, known: I) -> Option<&'a str>
where
    I: IntoIterator<Item = &'a str> + Clone,
{
    // Nearly every word is right.
    if known.clone().into_iter().any(|known| known == word) {
        return None;
    }
    let written: Vec<u8> = word.bytes().map(|b| b.to_ascii_lowercase()).collect();
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let most = match candidate.len() {
            0..4 => 0,
            4..8 => 1,
            _ => 2,
        };
        if candidate.len().abs_diff(written.len()) > most {
            continue;
        }
        let distance = distance(&written, &candidate.to_ascii_lowercase().into_bytes());
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out, replaced, or swapped with
/// their neighbour to make one text of the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    // Rows of the table of distances between beginnings: of the letter before
    // the last one, of the last one, and of this one.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut left_a = None;
    for (row, x) in a.iter().enumerate() {
        let mut this = vec![row + 1];
        let mut left_b = None;
        for (column, y) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, column).saturating_add(usize::from(x != y));
            let removed = at(&last, column + 1).saturating_add(1);
            let added = at(&this, column).saturating_add(1);
            let mut least = replaced.min(removed).min(added);
            if left_a == Some(y) && left_b == Some(x) && column > 0 {
                least = least.min(at(&before, column - 1).saturating_add(1));
            }
            this.push(least);
            left_b = Some(y);
        }
        before = std::mem::replace(&mut last, this);
        left_a = Some(x);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abcd", "badc", 2),
            ("kitten", "sitting", 3),
            ("reader", "raeders", 2),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_of_some() {
        let known = ["SITE_ID", "SITE_NAME", "SERVER_ID", "id", "LOG_PATH"];
        for (word, expected) in [
            ("SITE_NAEM", Some("SITE_NAME")),
            ("site_name", Some("SITE_NAME")),
            ("SIT_NAM", Some("SITE_NAME")),
            ("SITEID", Some("SITE_ID")),
            ("LOGPTH", Some("LOG_PATH")),
            ("SITE_NAME", None),
            ("SITE", None),
            ("ie", None),
            ("MY_DATA", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
