//! Keys that are nearly a keyword, and so probably meant to be it.

/// Keywords that have a meaning to the server or to its clients, without the
/// number that may stand behind them.
pub const KEYWORDS: &[&str] = &[
    "browse",
    "cacheExpire",
    "cacheLevel",
    "cacheReader",
    "compressor",
    "coord",
    "coordRange",
    "coordSelect",
    "csvConverter",
    "das2Stream",
    "data",
    "description",
    "dropParams",
    "exampleInfo",
    "exampleInterval",
    "exampleParams",
    "exampleQuery",
    "exampleRange",
    "exampleResolution",
    "flattenHapi",
    "form",
    "groupAccess",
    "hapi",
    "hidden",
    "item",
    "items",
    "label",
    "location",
    "param",
    "paramInfo",
    "paramValInfo",
    "qstream",
    "readAccess",
    "reader",
    "readerCmd",
    "readerTrans",
    "reducer",
    "reducerCmd",
    "rename",
    "requiresInterval",
    "sciContact",
    "securityRealm",
    "server",
    "subSource",
    "substitutions",
    "summary",
    "techContact",
    "testInterval",
    "testRange",
    "textConverter",
    "title",
    "uri",
    "validRange",
];

/// Shorter keywords than this have too many neighbours that mean something
/// else.
const SHORTEST: usize = 7;

/// The keyword that `key` may be meant for; None if it is one, or is none at
/// all.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    let stem = stem(key);
    if KEYWORDS.contains(&stem) {
        return None;
    }
    let close = |keyword: &&&str| {
        keyword.eq_ignore_ascii_case(stem)
            || (keyword.len() >= SHORTEST && one_slip(keyword.as_bytes(), stem.as_bytes()))
    };
    KEYWORDS.iter().find(close).copied()
}

/// Whether somebody wanted to close a source with it: a slip of the pen must not
/// leave it open.
pub(super) fn is_meant_as_rule(key: &str) -> bool {
    let meant = meant(key).unwrap_or(stem(key));
    // What is no ASCII may not even be seen.
    let plain = key.replace(|c: char| matches!(c, '_' | '-') || !c.is_ascii(), "");
    // Some take it for the sign of a comment.
    !key.starts_with('#')
        && ["readAccess", "groupAccess"]
            .iter()
            .any(|rule| meant == *rule || plain.eq_ignore_ascii_case(rule))
}

/// The key without `_NN`, `NN` or `(N)` behind it.
pub fn stem(key: &str) -> &str {
    let digits = |c: char| c.is_ascii_digit();
    let bare = key
        .strip_suffix(')')
        .map(|key| key.trim_end_matches(digits));
    if let Some(stem) = bare.and_then(|key| key.strip_suffix('(')) {
        return stem;
    }
    let stem = key.trim_end_matches(digits);
    stem.strip_suffix('_').unwrap_or(stem)
}

/// Whether one letter too many, too few, or wrong, or two in the wrong order
/// are all that tells the texts apart, whatever their case.
fn one_slip(left: &[u8], right: &[u8]) -> bool {
    let same = |(a, b): &(&u8, &u8)| a.eq_ignore_ascii_case(b);
    let head = left.iter().zip(right).take_while(same).count();
    let (Some(left), Some(right)) = (left.get(head..), right.get(head..)) else {
        return false;
    };
    let tails = |a: &[u8], b: &[u8]| a.eq_ignore_ascii_case(b);
    match (left, right) {
        ([_, a @ ..], [_, b @ ..]) if tails(a, b) => true,
        ([_, a @ ..], b) if tails(a, b) => true,
        (a, [_, b @ ..]) if tails(a, b) => true,
        ([a, b, x @ ..], [c, d, y @ ..]) => {
            a.eq_ignore_ascii_case(d) && b.eq_ignore_ascii_case(c) && tails(x, y)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses() {
        for (key, keyword) in [
            ("Description", "description"),
            ("descripton", "description"),
            ("desrciption", "description"),
            ("descriptions", "description"),
            ("descriptiom", "description"),
            ("cachelevel_00", "cacheLevel"),
            ("cacheLevels_10", "cacheLevel"),
            ("exampelRange_00", "exampleRange"),
            ("Reader", "reader"),
            ("DAS2STREAM", "das2Stream"),
            ("dasStream", "das2Stream"),
            ("Label(0)", "label"),
        ] {
            assert_eq!(meant(key), Some(keyword), "{key}");
        }
    }

    #[test]
    fn keywords_and_words_of_the_site() {
        for key in [
            "description",
            "cacheExpire",
            "cacheLevel",
            "cacheLevel_00",
            "readerTrans00",
            "label(3)",
            "items",
            "item_00",
            "x_unit",
            "y_unit",
            "MY_DATA",
            "read",
            "date",
            "z_label",
            "",
            "_",
            "(",
            "é",
            "readers_home",
            "form",
            "from",
        ] {
            assert_eq!(meant(key), None, "{key}");
        }
    }
}
