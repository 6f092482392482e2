//! Data of a source for a time range.
//!
//! The order of the checks decides which error a client sees: what is wrong
//! with the request by itself, whether there is such a source and where, who
//! may read it, whether it has data for these times. Only then does a reader
//! run.

use super::cache_program::{self, Reading};
use super::data_request::{Asked, DataRequest, Form};
use super::from_cache::{self, Cached, FromCache};
use super::{access, misses, redirect, stages};
use crate::access::Permitted;
use crate::cache::Segment;
use crate::cache::serve::{Served, examine};
use crate::config::Config;
use crate::filter::Chain;
use crate::source::{Definition, Format};
use crate::time::Time;
use crate::web::delivery::{CachedDelivery, Delivery, Plan, deliver, deliver_cached};
use crate::web::encoding::Accepted;
use crate::web::query::{Key, shown};
use crate::web::request::Method;
use crate::web::response::{Head, Response, Status};
use crate::web::{Answer, Error, Exchange};

/// `server=dataset`, and `/data/D`.
///
/// # Errors
/// All that a request, a definition and a reader can have wrong.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let name = name_of(exchange)?;
    let asked = DataRequest::of_query(&exchange.request.query, Time::now())?;
    let definition = exchange.definition(&name)?;
    if let Some(response) = redirect::of(exchange, &definition)? {
        return Ok(response.into());
    }
    stages::reader_command(&definition)?;
    let range = Some((asked.begin.time, asked.end.time));
    let definition = access::permit(exchange, definition, range)?;
    let is_csv = asked.form == Form::Csv;
    let without_data = head(exchange, &definition, &asked);
    match data(exchange, &definition, asked) {
        // A table without rows: there is no place in it for a message.
        Err(error @ Error::NoData(_)) if is_csv => {
            exchange.log.line(error.for_log());
            Ok(Response::with_head(without_data).into())
        }
        answer => answer,
    }
}

/// Data of a source that this client may read.
fn data(
    exchange: &mut Exchange<'_>,
    definition: &Permitted,
    mut asked: DataRequest,
) -> Result<Answer, Error> {
    trim(definition, &mut asked)?;
    let cached = from_cache::look(exchange.config, definition, &asked);
    for folder in cached.unreadable() {
        exchange
            .log
            .line(format_args!("Cache: {folder}; blocks in it are not seen"));
    }
    let mut missing = Vec::new();
    if let Cached::Held(from_cache) = &cached {
        match cache_program::reading(exchange.config, definition, &asked, from_cache)? {
            Reading::Here(chain) => {
                return answer_cached(exchange, definition, &asked, from_cache, chain);
            }
            Reading::Programs(plan) => {
                let found = examine(&from_cache.plan, &from_cache.standard);
                if found.missing.is_empty() {
                    return answer_by_programs(exchange, definition, &asked, plan, false);
                }
                missing = found.missing;
            }
        }
    }
    if definition.requires_interval && asked.interval.is_none() {
        return Err(Error::BadRequest(format!(
            "Data source {} has data at any interval: say which with interval=SECONDS",
            definition.name
        )));
    }
    let plan = stages::plan(exchange.config, definition, &asked)?;
    let answer = answer_by_programs(exchange, definition, &asked, plan, true);
    if exchange.request.method == Method::Head {
        return answer;
    }
    match &cached {
        Cached::Nothing => {}
        Cached::Held(from_cache) => misses::queue(exchange, definition, from_cache, &missing),
        Cached::Missed(from_cache) => {
            let missing = from_cache.plan.stretch();
            misses::queue(exchange, definition, from_cache, missing.as_slice());
        }
    }
    answer
}

/// What programs write, a reader among them or not.
fn answer_by_programs(
    exchange: &mut Exchange<'_>,
    definition: &Permitted,
    asked: &DataRequest,
    plan: Plan,
    with_reader: bool,
) -> Result<Answer, Error> {
    if exchange.request.method == Method::Head {
        plan.find(exchange.config)?;
        return Ok(Response::with_head(encoded(exchange, definition, asked)).into());
    }
    let delivery = Delivery {
        source: definition,
        plan,
        with_reader,
        is_stream: asked.form == Form::Stream,
        head: encoded(exchange, definition, asked),
        no_data: no_data(&asked.begin, &asked.end),
    };
    deliver(exchange, &delivery)
}

/// Blocks, and a reader for what they do not hold.
fn answer_cached(
    exchange: &mut Exchange<'_>,
    definition: &Permitted,
    asked: &DataRequest,
    from_cache: &FromCache,
    chain: Chain,
) -> Result<Answer, Error> {
    let delivery = CachedDelivery {
        from_cache,
        definition,
        head: encoded(exchange, definition, asked),
        chain,
    };
    if exchange.request.method == Method::Head {
        find_first(exchange.config, definition, from_cache)?;
        return Ok(Response::with_head(delivery.head).into());
    }
    let mut served = Served::default();
    let answer = deliver_cached(exchange, &delivery, &mut served);
    misses::queue(exchange, definition, from_cache, &served.missing);
    answer
}

/// Whether what runs first for an answer out of the cache is there: what is missing behind
/// the first block is found out when the status is out.
fn find_first(
    config: &Config,
    definition: &Permitted,
    from_cache: &FromCache,
) -> Result<(), Error> {
    let plan = &from_cache.plan;
    let Some(Segment::Gap { first, end, .. }) = plan.segments.first() else {
        return Ok(());
    };
    let (begin, end) = (first.begin().max(plan.begin), (*end).min(plan.end));
    stages::gap_plan(config, definition, &from_cache.level, first, begin, end)?.find(config)
}

/// The source's name, from the query or the path.
fn name_of(exchange: &Exchange<'_>) -> Result<String, Error> {
    let query = &exchange.request.query;
    let name = match query.has_server() {
        true => query.get(Key::Dataset)?,
        false => exchange
            .request
            .path()?
            .strip_prefix("/data/")
            .map(str::to_owned),
    };
    let name = name.filter(|name| !name.is_empty());
    let name =
        name.ok_or_else(|| Error::NoSuchSource("Name a data source: dataset=NAME".to_owned()))?;
    // A folder's description is no source, whatever else the request says.
    match crate::source::SourceName::parse(&name) {
        Ok(_) => Ok(name),
        Err(error) => Err(Error::NoSuchSource(error.to_string())),
    }
}

/// Trims the range to the source's valid range.
fn trim(definition: &Definition, asked: &mut DataRequest) -> Result<(), Error> {
    let Some(valid) = &definition.valid_range else {
        return Ok(());
    };
    let (first, last) = (valid.begin, valid.end(Time::now()));
    if asked.end.time <= first || asked.begin.time >= last {
        return Err(Error::NoData(no_data(&asked.begin, &asked.end)));
    }
    if asked.begin.time < first {
        asked.begin = Asked::trimmed(first);
    }
    if asked.end.time > last {
        asked.end = Asked::trimmed(last);
    }
    Ok(())
}

fn no_data(begin: &Asked, end: &Asked) -> String {
    format!(
        "No data in the range {} to {}",
        shown(&begin.text),
        shown(&end.text)
    )
}

fn is_qstream(definition: &Definition) -> bool {
    definition.format == Format::QStream
}

/// Type and ending of a file, by format and form.
const TYPES: &[(bool, Form, &str, &str)] = &[
    (
        false,
        Form::Stream,
        "application/vnd.das2.das2stream",
        "d2s",
    ),
    (
        false,
        Form::Text,
        "text/vnd.das2.das2stream; charset=utf-8",
        "d2t",
    ),
    (true, Form::Stream, "application/vnd.das2.qstream", "qds"),
    (true, Form::Text, "text/vnd.das2.qstream", "qdt"),
    (false, Form::Csv, CSV, "csv"),
    (true, Form::Csv, CSV, "csv"),
];

const CSV: &str = "text/csv; charset=utf-8";

fn head(exchange: &Exchange<'_>, definition: &Permitted, asked: &DataRequest) -> Head {
    let form = (is_qstream(definition), asked.form);
    let row = TYPES
        .iter()
        .find(|(qstream, text, ..)| (*qstream, *text) == form);
    let (content_type, ending) = row.map_or(("", ""), |(.., content_type, ending)| {
        (*content_type, *ending)
    });
    // A browser shows text, and leaves a table to another program.
    let (content_type, shown_as) = match asked.form {
        Form::Text if exchange.request.is_browser() => ("text/plain; charset=utf-8", "inline"),
        Form::Text => (content_type, "inline"),
        Form::Stream | Form::Csv => (content_type, "attachment"),
    };
    let mut head = Head::new(Status::OK, content_type);
    head.add("Expires", "now");
    access::guard(&mut head, definition);
    let name = file_name(
        definition.name.last(),
        &asked.begin.text,
        &asked.end.text,
        ending,
    );
    head.add(
        "Content-Disposition",
        format!("{shown_as}; filename=\"{name}\""),
    );
    head
}

/// The same for a body that is there: compressed, if client and form are for it.
fn encoded(exchange: &Exchange<'_>, definition: &Permitted, asked: &DataRequest) -> Head {
    let mut head = head(exchange, definition, asked);
    // Numbers gain little, and what is deflated nothing.
    let is_deflated = asked.compress && !is_qstream(definition);
    let is_text = asked.form != Form::Stream;
    if !is_deflated && (is_text || exchange.config.data_gzip) {
        head.add_vary();
        if Accepted::of_header(&exchange.request.accept_encoding).gzip {
            head.set_gzip();
        }
    }
    head
}

/// `NAME_BEGIN_END.d2s`, of characters that any system and any header takes.
fn file_name(name: &str, begin: &str, end: &str, ending: &str) -> String {
    const LONGEST: usize = 150;
    let time = |text: &str| {
        text.replace(':', "-")
            .replace(".000Z", "")
            .replace("T00-00-00", "")
    };
    let plain = |c: char| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+') => c,
        _ => '_',
    };
    let stem: String = format!("{name}_{}_{}", time(begin), time(end))
        .chars()
        .map(plain)
        .collect();
    let room = LONGEST.saturating_sub(ending.len() + 1);
    let stem: String = stem.chars().take(room).collect();
    format!("{stem}.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        let name = |source, begin, end| file_name(source, begin, end, "d2s");
        assert_eq!(
            name(
                "Random",
                "2017-01-01T00:00:00.000Z",
                "2017-01-02T12:00:00.000Z"
            ),
            "Random_2017-01-01_2017-01-02T12-00-00.d2s"
        );
        assert_eq!(
            name("x\"y/é", "1/2/2017", "2017-01-01T00:00:00.000000"),
            "x_y___1_2_2017_2017-01-01.000000.d2s"
        );
        let long = name(&"x".repeat(300), "2017", "2018");
        assert_eq!(long.len(), 150);
        assert!(long.ends_with("x.d2s"));
    }
}
