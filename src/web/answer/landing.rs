//! The page that a person sees first: what there is, and how to get it.

use maud::{Markup, PreEscaped, html};

use super::data_request::plain_number;
use super::list::listing;
use super::peers;
use crate::source::{Definition, Item};
use crate::time::parse_query;
use crate::web::page::{Page, beside};
use crate::web::request::{path_encoded, value_encoded};
use crate::web::resources::welcome;
use crate::web::{Answer, Error, Exchange};

/// How many sources get links of their own: each means reading its file.
const MOST_LINKS: usize = 500;

/// How many records an example has, about.
const RECORDS: f64 = 2000.0;

/// A request that a person can try.
struct Example {
    /// The keys after `dataset`, encoded, each with `&` in front.
    keys: String,
    title: String,
}

/// The page.
///
/// # Errors
/// None: a tree that cannot be read is a sentence on the page.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let sources = sources(exchange);
    let peers = peers::of_site(exchange);
    let script = path_encoded(&exchange.request.script_name);
    let site = exchange.config.site_name.as_deref();
    let mut links = vec![
        (format!("{script}?server=list"), "List of sources"),
        (
            format!("{script}?server=discovery"),
            "Sources with examples",
        ),
        (format!("{script}?server=peers"), "Other servers"),
    ];
    if let Some(url) = exchange
        .config
        .view_log_url
        .clone()
        .filter(|url| !url.is_empty())
    {
        let url = beside(&exchange.request.script_name, &url);
        links.push((url, "Your requests"));
    }
    let welcome = welcome(exchange).map(PreEscaped);
    let article = html! {
        @if let Some(text) = &welcome { div class="welcome" { (text) } }
        (introduction(exchange))
        h2 { "Data sources" }
        @match &sources {
            Ok(sources) if sources.is_empty() => p class="caution" { "There are none yet." },
            Ok(sources) => (sources),
            Err(error) => p class="caution" { (error) "." },
        }
        @if !peers.is_empty() {
            h2 { "Other servers" }
            ul {
                @for peer in &peers {
                    li {
                        @match &peer.url {
                            Some(url) => a href=(url) { (peer.name) },
                            None => (peer.name),
                        }
                        " " (peer.description)
                    }
                }
            }
        }
    };
    let title = match site {
        Some(site) => format!("{site}: das2 server"),
        None => "das2 server".to_owned(),
    };
    Ok(Page {
        title,
        links,
        article,
        server: script,
    }
    .answer(exchange))
}

/// What this is, with the site's sample where it has named one.
fn introduction(exchange: &Exchange<'_>) -> Markup {
    let url = exchange.request.script_url();
    let config = exchange.config;
    let sample = config
        .sample_dsdf
        .as_deref()
        .zip(config.sample_range.as_ref());
    let name = config.sample_dsdf.as_deref().unwrap_or("NAME");
    let (begin, end) = match &config.sample_range {
        Some((begin, end)) => (begin.as_str(), end.as_str()),
        None => ("BEGIN", "END"),
    };
    let query = format!("dataset={name}&start_time={begin}&end_time={end}");
    html! {
        p {
            "This server sends measurements for any time range, averaged to the resolution that "
            "is asked for. In "
            a href="https://autoplot.org/" { "Autoplot" }
            " open an address such as"
        }
        pre { "vap+das2server:" (url) "?" (query) }
        p { "or, without any other program, get the numbers as text:" }
        pre { "curl '" (url) "?server=dataset&" (query) "&resolution=60&ascii=1'" }
        @if let Some((name, (begin, end))) = sample {
            p {
                a href={ (path_encoded(&exchange.request.script_name)) "?server=dataset&dataset="
                    (value_encoded(name)) "&start_time=" (value_encoded(begin))
                    "&end_time=" (value_encoded(end)) "&ascii=1" } { "Show this sample" }
            }
        }
    }
}

/// Rows of the table of sources.
struct Rows(Vec<Markup>);

impl Rows {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl maud::Render for Rows {
    fn render(&self) -> Markup {
        html! { table class="sources" { @for row in &self.0 { (row) } } }
    }
}

fn sources(exchange: &mut Exchange<'_>) -> Result<Rows, Error> {
    let items = listing(exchange)?.items;
    let mut links_left = MOST_LINKS;
    let mut rows = Vec::with_capacity(items.len());
    let kept_off = |item: &&Item| item.is_folder() && !item.browse;
    let kept_off: Vec<&str> = items
        .iter()
        .filter(kept_off)
        .map(|item| item.name.as_str())
        .collect();
    let is_shown = |item: &&Item| !kept_off.iter().any(|folder| item.name.starts_with(folder));
    for item in items.iter().filter(is_shown) {
        if item.is_folder() {
            rows.push(folder_row(item));
            continue;
        }
        let definition = match item.has_example && links_left > 0 {
            true => exchange.definition(&item.name).ok(),
            false => None,
        };
        links_left = links_left.saturating_sub(usize::from(definition.is_some()));
        let example = definition
            .as_ref()
            .and_then(|definition| example_of(exchange, definition));
        rows.push(source_row(exchange, item, example));
    }
    Ok(Rows(rows))
}

fn folder_row(item: &Item) -> Markup {
    html! {
        tr { th colspan="3" { (item.name) @if let Some(text) = &item.description { " " span { (text) } } } }
    }
}

fn source_row(exchange: &Exchange<'_>, item: &Item, example: Option<Example>) -> Markup {
    let script = path_encoded(&exchange.request.script_name);
    let name = value_encoded(&item.name);
    html! {
        tr {
            td { a href={ (script) "?server=dsdf&dataset=" (name) } { (item.name) } }
            td { @if let Some(text) = &item.description { (text) } }
            td {
                @if let Some(Example { keys, title }) = example {
                    a href={ (script) "?server=dataset&dataset=" (name) (keys) "&ascii=1" }
                        title=(title) { "Numbers" }
                    " "
                    a href={ "vap+das2server:" (exchange.request.script_url()) "?dataset=" (name) (keys) }
                        title={ (title) ", in Autoplot" } { "Autoplot" }
                }
            }
        }
    }
}

/// The first example that has both ends.
fn example_of(exchange: &Exchange<'_>, definition: &Definition) -> Option<Example> {
    let example = definition
        .examples
        .iter()
        .find(|example| example.ends.is_some())?;
    let (begin, end) = example.ends.as_ref()?;
    let mut keys = String::new();
    let mut add = |key: &str, value: &str| {
        keys.push_str(&format!("&{key}={}", value_encoded(value)));
    };
    add("start_time", begin);
    add("end_time", end);
    let reducible = definition.effective_reducer(exchange.config).is_some();
    match (&example.interval, &example.resolution) {
        (Some(interval), _) => add("interval", interval),
        (None, Some(resolution)) => add("resolution", resolution),
        (None, None) if reducible => {
            if let Some(seconds) = resolution_of(begin, end) {
                add("resolution", &plain_number(seconds));
            }
        }
        (None, None) => {}
    }
    if let Some(params) = &example.params {
        add("params", params);
    }
    let title = example
        .title
        .clone()
        .unwrap_or_else(|| example.range.clone());
    Some(Example { keys, title })
}

/// Seconds a record, three digits of them.
fn resolution_of(begin: &str, end: &str) -> Option<f64> {
    let (begin, end) = (parse_query(begin, None).ok()?, parse_query(end, None).ok()?);
    let seconds = (end.ns2000() - begin.ns2000()) as f64 / 1e9 / RECORDS;
    format!("{seconds:.2e}")
        .parse()
        .ok()
        .filter(|seconds| *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_have_about_two_thousand_records() {
        assert_eq!(resolution_of("2017-01-01", "2017-01-02"), Some(43.2));
        assert_eq!(
            resolution_of("2017-01-01", "2017-03-01")
                .map(plain_number)
                .as_deref(),
            Some("2550")
        );
        assert_eq!(resolution_of("2017-01-02", "2017-01-01"), None);
        assert_eq!(resolution_of("x", "2017-01-01"), None);
    }
}
