//! What is cached of a source.
//!
//! By the files that there are: whether a block is out of date is seen when it
//! is opened for a request.

use serde_json::{Value, json};

use super::access;
use crate::cache::{Coverage, LevelFolder};
use crate::source::{CacheLevel, Definition, Resolution};
use crate::stream::{Exception, StreamHeader};
use crate::time::{Style, Time, parse_query};
use crate::web::query::Key;
use crate::web::response::{PLAIN_TEXT, Response, Status};
use crate::web::{Answer, Error, Exchange};

/// So many blocks are looked for, in all levels together.
const MOST_BLOCKS: u64 = 200_000;

/// Packet types that a stream can have, and so levels.
const MOST_LEVELS: usize = 99;

/// `/coverage/D` is a das2 stream, `/coverage/D.json` the same as JSON;
/// start_time and end_time limit it.
///
/// # Errors
/// 404 for no such source, 401, 400 for more than anybody would look at.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let path = exchange.request.path()?;
    let name = path.strip_prefix("/coverage/").unwrap_or_default();
    let (name, as_json) = match name.strip_suffix(".json") {
        Some(name) => (name.to_owned(), true),
        None => (name.to_owned(), false),
    };
    if name.is_empty() {
        let advice = "Name a data source: /coverage/NAME";
        return Err(Error::NoSuchSource(advice.to_owned()));
    }
    let (begin, end) = range(exchange)?;
    let definition = exchange.definition(&name)?;
    // Data older than some age may be open: then so is what is cached of them.
    let definition = access::permit(exchange, definition, Some((begin, end)))?;
    let levels = levels(exchange, &definition, begin, end)?;
    let mut response = match as_json {
        true => {
            let text = format!("{:#}\n", as_value(&definition, &levels));
            Response::new(Status::OK, "application/json; charset=utf-8", text)
        }
        false => {
            let kind = match exchange.request.is_browser() {
                true => PLAIN_TEXT,
                false => "text/vnd.das2.das2stream; charset=utf-8",
            };
            Response::new(Status::OK, kind, as_stream(&definition, &levels))
        }
    };
    access::guard(response.head_mut(), &definition);
    Ok(response.into())
}

/// What is asked for; all times without a word of it.
fn range(exchange: &Exchange<'_>) -> Result<(Time, Time), Error> {
    let edge = |key: Key, without: i32| -> Result<Option<Time>, Error> {
        match exchange.request.query.get(key)? {
            None => Ok(Time::new(without, 1, 1, 0)),
            Some(text) => parse_query(text.trim_ascii(), Some(Time::now()))
                .map(Some)
                .map_err(|error| Error::BadRequest(format!("{}: {error}", key.name()))),
        }
    };
    match (edge(Key::Begin, 1)?, edge(Key::End, 10_000)?) {
        (Some(begin), Some(end)) if begin < end => Ok((begin, end)),
        _ => Err(Error::BadRequest(
            "end_time has to be later than start_time".to_owned(),
        )),
    }
}

/// The levels, each with what there is of it.
fn levels<'a>(
    exchange: &Exchange<'_>,
    definition: &'a Definition,
    begin: Time,
    end: Time,
) -> Result<Vec<(&'a CacheLevel, Coverage)>, Error> {
    let mut left = MOST_BLOCKS;
    let mut levels = Vec::new();
    for level in definition.cache_levels.iter().take(MOST_LEVELS) {
        let Some(root) = &exchange.config.cache_root else {
            levels.push((level, Coverage::default()));
            continue;
        };
        let folder = LevelFolder::of_definition(root, definition, level);
        let coverage = Coverage::of(&folder, begin, end, left).ok_or_else(|| {
            Error::BadRequest(format!(
                "More than {MOST_BLOCKS} blocks are cached: ask for a shorter time by start_time \
                 and end_time"
            ))
        })?;
        left = left.saturating_sub(coverage.blocks);
        levels.push((level, coverage));
    }
    Ok(levels)
}

fn as_value(definition: &Definition, levels: &[(&CacheLevel, Coverage)]) -> Value {
    let text = |time: &Time| format!("{}Z", time.iso(Style::Calendar, 3));
    let levels = levels.iter().map(|(level, coverage)| {
        let stretches = coverage.stretches.iter().map(|(begin, end, blocks)| {
            json!({"begin": text(begin), "end": text(end), "blocks": blocks})
        });
        json!({
            "level": level.number,
            "resolution": seconds(level),
            "period": level.period.word(),
            "params": level.params.as_deref().unwrap_or_default(),
            "blocks": coverage.blocks,
            "stretches": stretches.collect::<Vec<Value>>(),
        })
    });
    json!({
        "dataset": definition.name.as_str(),
        "levels": levels.collect::<Vec<Value>>(),
    })
}

/// The width of a level's bins; None for data as they are.
fn seconds(level: &CacheLevel) -> Option<f64> {
    match level.resolution {
        Resolution::Intrinsic => None,
        bins => Some(bins.seconds()),
    }
}

/// A packet type for each level, a packet for each stretch: its beginning, its
/// length in seconds, and the number of its blocks. In order of time.
fn as_stream(definition: &Definition, levels: &[(&CacheLevel, Coverage)]) -> String {
    let mut header = StreamHeader::new();
    let title = format!("Cached data of {}", definition.name);
    header.properties.set("String", "title", title);
    let mut headers = String::new();
    let mut packets = Vec::new();
    for (id, (level, coverage)) in (1..).zip(levels) {
        let number = level.number;
        let params = level.params.as_deref().unwrap_or_default();
        let resolution = match seconds(level) {
            Some(seconds) => format!("{seconds} s"),
            None => "intrinsic".to_owned(),
        };
        let text = format!("{resolution} | {} | {params}", level.period.word());
        let text = text.trim_end_matches([' ', '|']);
        header
            .properties
            .set("String", &format!("cacheLevel_{number:02}"), text);
        if coverage.stretches.is_empty() {
            continue;
        }
        let packet = format!(
            "<packet>\n  <x type=\"time24\" units=\"UTC\"></x>\n  \
             <y type=\"ascii14\" name=\"level_{number:02}_length\" units=\"s\"></y>\n  \
             <y type=\"ascii14\" name=\"level_{number:02}_blocks\" units=\"\"></y>\n</packet>\n"
        );
        headers += &framed(&format!("{id:02}"), &packet);
        for (begin, end, blocks) in &coverage.stretches {
            let length = (end.ns2000() - begin.ns2000()) / 1_000_000_000;
            let begin_text = begin.iso(Style::Calendar, 3);
            packets.push((
                *begin,
                format!(":{id:02}:{begin_text} {length:13} {blocks:13}\n"),
            ));
        }
    }
    packets.sort();
    let mut stream = framed("00", &header.to_xml()) + &headers;
    if packets.is_empty() {
        let none = Exception::new(Exception::NO_DATA, "Nothing is cached in this range");
        stream += &framed("xx", &none.to_xml());
    }
    stream.extend(packets.into_iter().map(|(_, packet)| packet));
    stream
}

fn framed(tag: &str, xml: &str) -> String {
    format!("[{tag}]{:06}{xml}", xml.len())
}
