//! What a request for data asks for, understood before any file is opened.

use crate::time::{Style, Time, is_plain, parse_query};
use crate::web::Error;
use crate::web::query::{Key, Query, shown};

/// A request for data.
#[derive(Debug, Clone, PartialEq)]
pub struct DataRequest {
    /// The first time.
    pub begin: Asked,
    /// The first time no longer wanted, later than `begin`.
    pub end: Asked,
    /// Seconds, above zero; None for data as they are.
    pub resolution: Option<f64>,
    /// Seconds as the client wrote them, a number above zero.
    pub interval: Option<String>,
    /// The words of params.
    pub params: Vec<String>,
    /// The form in which they are wanted.
    pub form: Form,
    /// The deflated form is wanted, of a stream.
    pub compress: bool,
}

/// The forms of data that are made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The stream as readers and reducers write it.
    Stream,
    /// A stream whose values are text.
    Text,
    /// Comma-separated values.
    Csv,
}

impl Form {
    /// What a query asks for.
    ///
    /// # Errors
    /// 400 for values that are no text.
    pub fn of_query(query: &Query) -> Result<Form, Error> {
        let named = query.named(FORMAT)?.unwrap_or_default();
        let named = FORMATS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(&named));
        match named {
            Some((_, form)) => Ok(*form),
            None if query.is_on(Key::Ascii)? => Ok(Form::Text),
            None => Ok(Form::Stream),
        }
    }
}

/// The key that names a form. A source may use it for something else, so it is
/// none of the standard keys, and other values mean nothing here.
const FORMAT: &str = "format";

/// Its values.
const FORMATS: &[(&str, Form)] = &[
    ("csv", Form::Csv),
    ("text", Form::Text),
    ("das2", Form::Stream),
];

/// Whether a query asks for comma-separated values.
pub fn asks_for_csv(query: &Query) -> bool {
    matches!(Form::of_query(query), Ok(Form::Csv))
}

/// A time, and the text of it that a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The time.
    pub time: Time,
    /// The client's own text where das2 readers understand it, else ISO.
    pub text: String,
}

impl Asked {
    /// The edge of a valid range, in the form that readers have always got it.
    pub fn trimmed(time: Time) -> Asked {
        Asked {
            time,
            text: time.iso(Style::Calendar, 6).to_string(),
        }
    }

    /// Any time, with as many digits as it has.
    pub fn exact(time: Time) -> Asked {
        Asked {
            time,
            text: iso(time),
        }
    }

    fn parse(text: &str, now: Time) -> Result<Asked, crate::time::TimeError> {
        let text = text.trim_ascii();
        let time = parse_query(text, Some(now))?;
        let text = match is_plain(text) {
            true => text.to_owned(),
            false => return Ok(Asked::exact(time)),
        };
        Ok(Asked { time, text })
    }
}

/// As many digits as the time has, in threes.
fn iso(time: Time) -> String {
    let ns = time.ns_of_day();
    let unit = [(0, 1_000_000_000), (3, 1_000_000), (6, 1_000)];
    let digits = unit
        .iter()
        .find(|(_, unit)| ns.is_multiple_of(*unit))
        .map_or(9, |(digits, _)| *digits);
    time.iso(Style::Calendar, digits).to_string()
}

impl DataRequest {
    /// From the query; `now` is what the word `now` stands for.
    ///
    /// # Errors
    /// 400 for what does not parse, is missing, or makes an empty range.
    pub fn of_query(query: &Query, now: Time) -> Result<DataRequest, Error> {
        let resolution = resolution(query)?;
        let begin = time(query, Key::Begin, now)?;
        let end = time(query, Key::End, now)?;
        let interval = interval(query)?;
        let params = query.get(Key::Params)?.unwrap_or_default();
        let form = Form::of_query(query)?;
        let missing = |key: Key| {
            Error::BadRequest(format!(
                "{0} is missing: {0}=2017-03-01T12:30:00, for example",
                key.name()
            ))
        };
        let begin = begin.ok_or_else(|| missing(Key::Begin))?;
        let end = end.ok_or_else(|| missing(Key::End))?;
        if end.time <= begin.time {
            return Err(Error::BadRequest(format!(
                "The time range {} to {} is empty: end_time has to be later than start_time",
                shown(&begin.text),
                shown(&end.text)
            )));
        }
        Ok(DataRequest {
            begin,
            end,
            resolution,
            interval,
            params: params.split_whitespace().map(str::to_owned).collect(),
            compress: query.is_on(Key::Compress)? && form != Form::Csv,
            form,
        })
    }
}

fn time(query: &Query, key: Key, now: Time) -> Result<Option<Asked>, Error> {
    let Some(text) = query.get(key)? else {
        return Ok(None);
    };
    let asked = Asked::parse(&text, now);
    asked
        .map(Some)
        .map_err(|error| Error::BadRequest(format!("{}: {error}", key.name())))
}

/// Zero is no reduction.
fn resolution(query: &Query) -> Result<Option<f64>, Error> {
    let wrong = |text: &str| wrong_number(Key::Resolution, text, "0 or more");
    let number = query.get(Key::Resolution)?.map(|text| match number(&text) {
        Some(number) if number >= 0.0 => Ok(number),
        _ => Err(wrong(&text)),
    });
    Ok(number.transpose()?.filter(|seconds| *seconds > 0.0))
}

fn interval(query: &Query) -> Result<Option<String>, Error> {
    let wrong = |text: &str| wrong_number(Key::Interval, text, "more than 0");
    let text = query.get(Key::Interval)?.map(|text| match number(&text) {
        Some(number) if number > 0.0 => Ok(text.trim_ascii().to_owned()),
        _ => Err(wrong(&text)),
    });
    text.transpose()
}

/// A finite number.
fn number(text: &str) -> Option<f64> {
    text.trim_ascii()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

fn wrong_number(key: Key, text: &str, range: &str) -> Error {
    Error::BadRequest(format!(
        "{} '{}' is not a number of seconds, {range}",
        key.name(),
        shown(text)
    ))
}

/// A number as reducers understand it: no exponent where a person would write
/// none, and every digit that it has.
pub fn plain_number(number: f64) -> String {
    match number {
        _ if (1e-5..1e16).contains(&number) => format!("{number}"),
        _ => format!("{number:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> Result<DataRequest, String> {
        let now = parse_query("2020-01-01", None).unwrap();
        DataRequest::of_query(&Query::new(query), now).map_err(|error| error.to_string())
    }

    fn with(more: &str) -> Result<DataRequest, String> {
        of(&format!("start_time=2017-01-01&end_time=2017-01-02&{more}"))
    }

    #[test]
    fn times_are_the_clients_own_text_where_readers_know_it() {
        for (text, given) in [
            ("2017-001T00:00", "2017-001T00:00"),
            ("1/2/2017", "1/2/2017"),
            ("2017-01-01T00%3A00%3A00.000Z", "2017-01-01T00:00:00.000Z"),
            ("+2017-01-01+", "2017-01-01"),
            ("2017-01-01T00:00-01:00", "2017-01-01T01:00:00"),
            ("20170101T000000", "2017-01-01T00:00:00"),
        ] {
            let asked = of(&format!("start_time={text}&end_time=2018-01-01"));
            assert_eq!(asked.unwrap().begin.text, given, "{text}");
        }
        assert_eq!(
            of("start_time=2017-01-01&end_time=now").unwrap().end.text,
            "2020-01-01T00:00:00"
        );
    }

    #[test]
    fn wrong_ranges() {
        for (query, words) in [
            ("", "start_time is missing"),
            ("start_time=2017-01-01", "end_time is missing"),
            ("end_time=2017-01-01", "start_time is missing"),
            (
                "start_time=x&end_time=2017-01-01",
                "start_time: 'x' is not a time",
            ),
            ("start_time=2017-01-02&end_time=2017-01-01", "is empty"),
            ("start_time=2017-01-01&end_time=2017-01-01", "is empty"),
            ("start_time=2017-01-01&end_time=2017-13-01", "end_time:"),
            (
                "start_time=2017-01-01%00&end_time=2018-01-01",
                "'start_time' holds a control",
            ),
        ] {
            let error = of(query).unwrap_err();
            assert!(error.contains(words), "{query}: {error}");
        }
        assert!(of("time.min=0001-01-01&time.max=9999-12-31").is_ok());
    }

    #[test]
    fn numbers() {
        for (text, number) in [
            ("1.0E-4", Some("0.0001")),
            ("1.0E7", Some("10000000")),
            ("+1.5%20", Some("1.5")),
            ("00012.3", Some("12.3")),
            ("1e-300", Some("1e-300")),
            ("0", None),
            ("-0.0", None),
            ("", None),
        ] {
            let resolution = with(&format!("resolution={text}")).unwrap().resolution;
            assert_eq!(resolution.map(plain_number).as_deref(), number, "{text}");
        }
        for text in ["nan", "inf", "-3", "x", "1e999", "%20", "1,5", "0x10"] {
            assert!(
                with(&format!("resolution={text}"))
                    .unwrap_err()
                    .contains("resolution"),
                "{text}"
            );
            assert!(
                with(&format!("interval={text}"))
                    .unwrap_err()
                    .contains("interval"),
                "{text}"
            );
        }
        assert!(with("interval=0").is_err());
        assert_eq!(
            with("interval=60.0").unwrap().interval.as_deref(),
            Some("60.0")
        );
    }

    #[test]
    fn forms() {
        for (query, form, compress) in [
            ("", Form::Stream, false),
            ("ascii=1", Form::Text, false),
            ("ascii=true&compress=1", Form::Text, true),
            ("format=csv", Form::Csv, false),
            ("format=CSV&ascii=1&compress=1", Form::Csv, false),
            ("format=text", Form::Text, false),
            ("format=das2&ascii=1", Form::Stream, false),
            // A source's own.
            ("format=wav&ascii=1", Form::Text, false),
            ("format=", Form::Stream, false),
        ] {
            let asked = with(query).unwrap();
            assert_eq!((asked.form, asked.compress), (form, compress), "{query}");
        }
        assert!(with("format=%00").is_err());
    }

    #[test]
    fn params_are_words() {
        let params = |text: &str| with(&format!("params={text}")).unwrap().params;
        assert_eq!(params("a++b%22c%0Aecho"), ["a", "b\"c", "echo"]);
        assert!(params("").is_empty() && params("++").is_empty());
    }
}
