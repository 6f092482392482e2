//! Cache levels: what blocks of a source are kept, and what their folders are
//! called.

use std::fmt;

use super::list_value::split_list;

/// One line `cacheLevel_NN = RESOLUTION | PERIOD [| PARAMS]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheLevel {
    /// The number behind `cacheLevel_`; 0 without one.
    pub number: u32,
    /// What a block holds.
    pub resolution: Resolution,
    /// The time that a block covers.
    pub period: Period,
    /// The params of the reader, as the DSDF writes them.
    pub params: Option<String>,
    /// The params as the folder's name has them.
    pub norm_params: String,
}

/// How fine the data of a block are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// As the reader writes them.
    Intrinsic,
    /// One record a bin of this width.
    Bin {
        /// How many units wide, at least 1.
        count: u32,
        /// The unit.
        unit: Unit,
    },
}

/// The unit of a bin's width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// s
    Second,
    /// ms
    Millisecond,
}

/// The time that a block covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

const PERIODS: &[(&str, Period)] = &[
    ("persecond", Period::Second),
    ("perminute", Period::Minute),
    ("hourly", Period::Hour),
    ("daily", Period::Day),
    ("monthly", Period::Month),
    ("yearly", Period::Year),
];

impl Period {
    /// Its word in a DSDF: `daily`.
    pub fn word(self) -> &'static str {
        let row = PERIODS.iter().find(|(_, period)| *period == self);
        row.map_or("", |(word, _)| word)
    }

    /// The length of its longest block in seconds: leap years count, leap seconds do not.
    pub fn longest(self) -> f64 {
        match self {
            Period::Second => 1.0,
            Period::Minute => 60.0,
            Period::Hour => 3600.0,
            Period::Day => 86_400.0,
            Period::Month => 31.0 * 86_400.0,
            Period::Year => 366.0 * 86_400.0,
        }
    }

    /// The shortest period whose blocks hold a bin of so many seconds.
    pub fn holding(seconds: f64) -> Option<Period> {
        let mut periods = PERIODS.iter().map(|(_, period)| *period);
        periods.find(|period| period.longest() >= seconds)
    }
}

/// `millsecond` is a slip of das2-pyserver that files may rely on.
const UNITS: &[(&str, Unit)] = &[
    ("s", Unit::Second),
    ("sec", Unit::Second),
    ("second", Unit::Second),
    ("seconds", Unit::Second),
    ("ms", Unit::Millisecond),
    ("millisec", Unit::Millisecond),
    ("millisecond", Unit::Millisecond),
    ("milliseconds", Unit::Millisecond),
    ("millsecond", Unit::Millisecond),
];

impl Resolution {
    /// The width of a bin in seconds, 0 for intrinsic.
    pub fn seconds(&self) -> f64 {
        match self {
            Resolution::Intrinsic => 0.0,
            Resolution::Bin {
                count,
                unit: Unit::Second,
            } => f64::from(*count),
            Resolution::Bin {
                count,
                unit: Unit::Millisecond,
            } => f64::from(*count) / 1000.0,
        }
    }
}

/// The name of the level's folder and, with the time, of its files:
/// `intrinsic`, `bin-10s`, `bin-250ms`.
impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resolution::Intrinsic => f.write_str("intrinsic"),
            Resolution::Bin {
                count,
                unit: Unit::Second,
            } => write!(f, "bin-{count}s"),
            Resolution::Bin {
                count,
                unit: Unit::Millisecond,
            } => write!(f, "bin-{count}ms"),
        }
    }
}

impl CacheLevel {
    /// The number in a key `cacheLevel` or `cacheLevel_NN`; None for another
    /// key. The error says what to write instead.
    pub(super) fn number_of(key: &str) -> Option<Result<u32, &'static str>> {
        let rest = key.strip_prefix("cacheLevel")?;
        if rest.is_empty() {
            return Some(Ok(0));
        }
        let digits = rest.strip_prefix('_')?;
        let good = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| good);
        Some(number.ok_or("write the key as cacheLevel_NN, with digits for NN"))
    }

    /// A level from the value of its key. The error says what to write
    /// instead.
    pub(super) fn parse(number: u32, value: &str) -> Result<CacheLevel, String> {
        let parts = split_list(value);
        let (resolution, period, params) = match parts.as_slice() {
            [resolution, period] => (resolution, period, None),
            [resolution, period, params] => (
                resolution,
                period,
                Some(params.clone()).filter(|params| !params.is_empty()),
            ),
            _ => return Err("write RESOLUTION | PERIOD or RESOLUTION | PERIOD | PARAMS".to_owned()),
        };
        let named = PERIODS.iter().find(|(name, _)| name == period);
        let (_, period) = named
            .ok_or("write persecond, perminute, hourly, daily, monthly or yearly for the period")?;
        let norm_params = norm_params(params.as_deref()).map_err(|error| error.to_string())?;
        Ok(CacheLevel {
            number,
            resolution: resolution_of(resolution)?,
            period: *period,
            params,
            norm_params,
        })
    }
}

fn resolution_of(text: &str) -> Result<Resolution, &'static str> {
    const WRITE: &str = "write intrinsic, or a whole number, a blank, and s or ms: 10 s";
    if text == "intrinsic" {
        return Ok(Resolution::Intrinsic);
    }
    let mut words = text.split_whitespace();
    let (Some(number), Some(unit), None) = (words.next(), words.next(), words.next()) else {
        return Err(WRITE);
    };
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(WRITE)?;
    Ok(Resolution::Bin {
        count: whole(number).ok_or(WRITE)?,
        unit: *unit,
    })
}

/// A whole number from 1, also written as `10.0`: das2-pyserver built the same
/// blocks from that.
fn whole(text: &str) -> Option<u32> {
    let (digits, zeros) = text.split_once('.').unwrap_or((text, ""));
    let good =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && zeros.bytes().all(|byte| byte == b'0');
    digits.parse().ok().filter(|count| good && *count > 0)
}

/// Why params have no folder in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// The folder would be another one.
    #[error("params hold a /, a control character, or nothing but dots; leave that out")]
    NoFolderName,
    /// The folder's name would be longer than a file system allows.
    #[error("params are too long; write at most 255 bytes")]
    TooLong,
}

/// The name of the folder for `params`: their words in order of code points,
/// `-` as `_`, joined by `_`; `_noparam` without words.
///
/// # Errors
/// A name that leaves the folder above it, or is too long for a file system.
pub fn norm_params(params: Option<&str>) -> Result<String, ParamsError> {
    // In these two, white space is what das2-pyserver's language takes for it.
    let separates = |c: char| c.is_whitespace() || ('\x1C'..='\x1F').contains(&c);
    let words = params.unwrap_or_default().split(separates);
    let mut words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('-', "_"))
        .collect();
    if words.is_empty() {
        return Ok("_noparam".to_owned());
    }
    words.sort_unstable();
    let name = words.join("_");
    let foreign = |c: char| c == '/' || c.is_control();
    if name.contains(foreign) || matches!(name.as_str(), "." | "..") {
        return Err(ParamsError::NoFolderName);
    }
    match name.len() > 255 {
        true => Err(ParamsError::TooLong),
        false => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        for (value, folder, period, seconds, norm) in [
            (
                "intrinsic | daily",
                "intrinsic",
                Period::Day,
                0.0,
                "_noparam",
            ),
            ("10 s | monthly", "bin-10s", Period::Month, 10.0, "_noparam"),
            (
                "250 ms | hourly",
                "bin-250ms",
                Period::Hour,
                0.25,
                "_noparam",
            ),
            (
                "2000 ms|perminute|",
                "bin-2000ms",
                Period::Minute,
                2.0,
                "_noparam",
            ),
            (
                "500 millisecond | persecond",
                "bin-500ms",
                Period::Second,
                0.5,
                "_noparam",
            ),
            (
                "1 millsecond | daily",
                "bin-1ms",
                Period::Day,
                0.001,
                "_noparam",
            ),
            (
                "1 milliseconds | daily",
                "bin-1ms",
                Period::Day,
                0.001,
                "_noparam",
            ),
            (
                "1 millisec | daily",
                "bin-1ms",
                Period::Day,
                0.001,
                "_noparam",
            ),
            ("1 sec | yearly", "bin-1s", Period::Year, 1.0, "_noparam"),
            ("1 second | yearly", "bin-1s", Period::Year, 1.0, "_noparam"),
            (
                "10.0  seconds | daily",
                "bin-10s",
                Period::Day,
                10.0,
                "_noparam",
            ),
            (
                "60 s | daily | -r no-spikes",
                "bin-60s",
                Period::Day,
                60.0,
                "_r_no_spikes",
            ),
            ("1 s | daily | b-x  a", "bin-1s", Period::Day, 1.0, "a_b_x"),
            (r"1 s | daily | a\|b", "bin-1s", Period::Day, 1.0, "a|b"),
        ] {
            let level = CacheLevel::parse(7, value).unwrap();
            assert_eq!(level.number, 7);
            assert_eq!(level.resolution.to_string(), folder, "{value}");
            assert_eq!(level.resolution.seconds(), seconds, "{value}");
            assert_eq!(
                (level.period, level.norm_params.as_str()),
                (period, norm),
                "{value}"
            );
        }
        let level = CacheLevel::parse(0, "1 s | daily | b-x  a").unwrap();
        assert_eq!(level.params.as_deref(), Some("b-x  a"));
    }

    #[test]
    fn levels_that_are_off() {
        for (value, words) in [
            ("", "PERIOD"),
            ("10 s", "PERIOD"),
            ("10 s | daily | a | b", "PERIOD"),
            ("10s | daily", "10 s"),
            ("Intrinsic | daily", "10 s"),
            ("10 minute | daily", "10 s"),
            ("0.5 s | daily", "10 s"),
            ("0 s | daily", "10 s"),
            ("-1 s | daily", "10 s"),
            ("+1 s | daily", "10 s"),
            ("1e1 s | daily", "10 s"),
            (". s | daily", "10 s"),
            ("99999999999 s | daily", "10 s"),
            ("10 s s | daily", "10 s"),
            ("10 s | Daily", "perminute"),
            ("10 s | weekly", "perminute"),
            ("10 s | daily | ../x", "leave that out"),
        ] {
            let message = CacheLevel::parse(0, value).unwrap_err();
            assert!(message.contains(words), "{value}: {message}");
        }
    }

    #[test]
    fn keys() {
        assert_eq!(CacheLevel::number_of("cacheLevel"), Some(Ok(0)));
        assert_eq!(CacheLevel::number_of("cacheLevel_00"), Some(Ok(0)));
        assert_eq!(CacheLevel::number_of("cacheLevel_10"), Some(Ok(10)));
        for key in ["cacheReader", "cacheLevels", "cacheLevel10", "xcacheLevel"] {
            assert_eq!(CacheLevel::number_of(key), None, "{key}");
        }
        for key in [
            "cacheLevel_",
            "cacheLevel_x",
            "cacheLevel_1_2",
            "cacheLevel_-1",
            "cacheLevel_99999999999",
        ] {
            assert!(matches!(CacheLevel::number_of(key), Some(Err(_))), "{key}");
        }
    }

    #[test]
    fn params() {
        for (params, name) in [
            (None, "_noparam"),
            (Some(""), "_noparam"),
            (Some("  \t"), "_noparam"),
            (Some("a"), "a"),
            (Some("a b"), "a_b"),
            (Some("a_b"), "a_b"),
            (Some("b  a\tC"), "C_a_b"),
            (Some("-r no-spikes"), "_r_no_spikes"),
            (Some("a _ Z"), "Z___a"),
            (Some("b-x a"), "a_b_x"),
            (Some(".. a"), ".._a"),
            (Some("é z"), "z_é"),
            (Some("a\u{1c}b"), "a_b"),
        ] {
            assert_eq!(norm_params(params).as_deref(), Ok(name), "{params:?}");
        }
        for params in ["..", ".", " .. ", "a/b", "../x", "/", "a\0b", "a\u{7f}"] {
            assert_eq!(
                norm_params(Some(params)),
                Err(ParamsError::NoFolderName),
                "{params:?}"
            );
        }
        assert_eq!(norm_params(Some(&"a".repeat(255))).unwrap().len(), 255);
        assert_eq!(
            norm_params(Some(&"é ".repeat(100))),
            Err(ParamsError::TooLong)
        );
    }
}
