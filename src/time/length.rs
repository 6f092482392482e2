//! Lengths of time by the names of their units.

/// Names and seconds. Names of up to two letters are symbols, in which case
/// matters (`ms` is not `Ms`); longer ones are words, in which it does not.
const LENGTHS: &[(f64, &[&str])] = &[
    (1.0, &["s", "sec", "secs", "second", "seconds"]),
    (
        1e-3,
        &["ms", "msec", "millisec", "millisecond", "milliseconds"],
    ),
    (
        1e-6,
        &[
            "us",
            "\u{3bc}s",
            "\u{b5}s",
            "usec",
            "microsec",
            "microsecond",
            "microseconds",
        ],
    ),
    (
        1e-9,
        &["ns", "nsec", "nanosec", "nanosecond", "nanoseconds"],
    ),
    (1e-12, &["ps", "psec", "picosecond", "picoseconds"]),
    (1e3, &["ks", "ksec", "kilosecond", "kiloseconds"]),
    (60.0, &["min", "mins", "minute", "minutes"]),
    (3600.0, &["h", "hr", "hrs", "hour", "hours"]),
    (86_400.0, &["d", "day", "days"]),
    (604_800.0, &["week", "weeks"]),
];

/// Seconds in one unit of a length of time, by its name as data have it; none
/// when the name is not a length of time.
pub fn seconds_per_unit(name: &str) -> Option<f64> {
    let name = name.trim();
    let is_symbol = name.chars().count() <= 2;
    let named = |known: &&str| *known == name || (!is_symbol && known.eq_ignore_ascii_case(name));
    let mut rows = LENGTHS.iter();
    rows.find(|(_, names)| names.iter().any(named))
        .map(|(seconds, _)| *seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, seconds) in [
            ("s", 1.0),
            ("sec", 1.0),
            ("Seconds", 1.0),
            ("ms", 1e-3),
            ("milliseconds", 1e-3),
            ("us", 1e-6),
            ("microseconds", 1e-6),
            ("\u{3bc}s", 1e-6),
            ("\u{b5}s", 1e-6),
            ("ns", 1e-9),
            ("nanoseconds", 1e-9),
            ("min", 60.0),
            ("minutes", 60.0),
            ("hr", 3600.0),
            ("hours", 3600.0),
            ("Days", 86_400.0),
            (" day ", 86_400.0),
        ] {
            assert_eq!(seconds_per_unit(name), Some(seconds), "{name}");
        }
        for name in ["", "S", "Ms", "Hz", "m", "us2000", "V", "months", "sec**-1"] {
            assert_eq!(seconds_per_unit(name), None, "{name}");
        }
    }
}
