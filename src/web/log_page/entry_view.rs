//! One request on the page.

use maud::{Markup, html};
use percent_encoding::utf8_percent_encode;

use crate::log::read::{Entry, From, Outcome};
use crate::web::query::{Key, Query};
use crate::web::request::{IN_QUERY, path_encoded};

/// How much of a request's lines is shown, and of what was asked, in bytes.
const MOST_TEXT: usize = 64 << 10;
const MOST_WORDS: usize = 300;

/// A request, with a link to `server` that asks the same again.
pub(super) fn entry(entry: &Entry, server: &str) -> Markup {
    let (word, class, meaning) = status(entry);
    let complaints: Vec<&str> = entry.complaints().collect();
    html! {
        div class={ "request " (class) } {
            div class="asked" {
                time datetime=(entry.started.format("%Y-%m-%dT%H:%M:%S")) { (entry.started.format("%H:%M:%S")) }
                span class="status" title=(meaning) { (word) }
                (asked(entry, server))
                span class="facts" { (facts(entry)) }
            }
            @for error in entry.errors() { p class="caution" { (cut(error, MOST_TEXT)) } }
            div class="folded" {
                @if !complaints.is_empty() {
                    details {
                        summary { "Standard error, " (counted(complaints.len(), "line")) }
                        pre { (cut(&complaints.join("\n"), MOST_TEXT)) }
                    }
                }
                details {
                    summary { "All lines" }
                    pre { (cut(entry.text(), MOST_TEXT)) }
                }
            }
        }
    }
}

/// The status, its class, and what it means.
fn status(entry: &Entry) -> (String, &'static str, &'static str) {
    let number = entry.status.map(|status| status.to_string());
    match entry.outcome {
        Outcome::Good => (number.unwrap_or("ok".to_owned()), "good", "answered"),
        Outcome::Gone => ("gone".to_owned(), "gone", "the client went away"),
        Outcome::Running => (
            "runs".to_owned(),
            "running",
            "it has no end: it runs, or was cut off",
        ),
        Outcome::Failed => match entry.status {
            Some(status) if status >= 400 => (status.to_string(), "failed", "an error"),
            _ => (
                "broken".to_owned(),
                "failed",
                "an error, behind data or of unknown kind",
            ),
        },
    }
}

/// What was asked, as a link to ask it again. The address is made anew: one in
/// a log may lead anywhere.
fn asked(entry: &Entry, server: &str) -> Markup {
    let path = entry.path();
    let path = match path.starts_with('/') {
        true => path_encoded(path),
        false => String::new(),
    };
    let query = entry.query();
    let mark = if query.is_empty() { "" } else { "?" };
    let query_encoded = utf8_percent_encode(query, IN_QUERY);
    let (title, more) = words(entry);
    html! {
        a class="what" href={ (server) (path) (mark) (query_encoded) } rel="nofollow" {
            b { (cut(&title, MOST_WORDS)) }
            @for word in &more { " " span { (cut(word, MOST_WORDS)) } }
        }
    }
}

/// A source and its times, or what else was asked.
fn words(entry: &Entry) -> (String, Vec<String>) {
    let query = Query::new(entry.query());
    let get = |key| query.get(key).ok().flatten();
    let Some(dataset) = entry.dataset() else {
        let routing = entry
            .text()
            .lines()
            .find_map(|line| line.strip_prefix("Routing: "));
        let asked = match (get(Key::Server), entry.path()) {
            (Some(word), _) => format!("server={word}"),
            (None, path) => path.to_owned(),
        };
        return match routing {
            Some(routing) => (routing.to_owned(), vec![asked]),
            None if asked.is_empty() => ("request".to_owned(), Vec::new()),
            None => (asked, Vec::new()),
        };
    };
    let mut more = Vec::new();
    if let Some(word) = get(Key::Server).filter(|word| !word.eq_ignore_ascii_case("dataset")) {
        more.push(format!("server={word}"));
    }
    match (get(Key::Begin), get(Key::End)) {
        (None, None) => {}
        (begin, end) => {
            let text = |time: Option<String>| time.unwrap_or_else(|| "?".to_owned());
            more.push(format!(
                "{} to {}",
                short_time(&text(begin)),
                short_time(&text(end))
            ));
        }
    }
    let shown = [
        (Key::Resolution, "every ", " s"),
        (Key::Interval, "at every ", " s"),
        (Key::Params, "params ", ""),
    ];
    for (key, before, after) in shown {
        if let Some(value) = get(key) {
            more.push(format!("{before}{value}{after}"));
        }
    }
    if query.is_on(Key::Ascii).unwrap_or(false) {
        more.push("as text".to_owned());
    }
    (dataset.into_owned(), more)
}

/// A time without what says nothing.
fn short_time(text: &str) -> &str {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let text = text.strip_suffix(".000").unwrap_or(text);
    text.strip_suffix("T00:00:00").unwrap_or(text)
}

fn facts(entry: &Entry) -> String {
    let from = match entry.from() {
        Some(From::Cache) => Some("cache".to_owned()),
        Some(From::Reader) => Some("reader".to_owned()),
        Some(From::Both) => Some("cache and reader".to_owned()),
        None => None,
    };
    let parts = [
        entry.bytes.map(bytes),
        entry.milliseconds.map(duration),
        from,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

/// A number of bytes in a unit that suits it, three digits of it.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    format!("{} {unit}", three_digits(value))
}

/// A time in a unit that suits it.
fn duration(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 999.5 => format!("{} ms", three_digits(ms)),
        ms if ms < 119_500.0 => format!("{} s", three_digits(ms / 1e3)),
        ms => {
            let seconds = (ms / 1e3).round() as u64;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        value if value < 9.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// As much of a text as there is room for.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let kept = text
        .get(..text.floor_char_boundary(most))
        .unwrap_or_default();
    format!("{kept} ... {} bytes more", text.len() - kept.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (12_345_678, "12 MB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        for (time, text) in [
            (0.44, "0.4 ms"),
            (34.2, "34 ms"),
            (999.6, "1.0 s"),
            (119_000.0, "119 s"),
            (200_000.0, "3 min 20 s"),
        ] {
            assert_eq!(duration(time), text);
        }
        assert_eq!(cut("aéb", 2), "a ... 3 bytes more");
    }

    #[test]
    fn a_link_leads_to_this_server_only() {
        let mut entry_ = Entry::default();
        entry_.line("   Request URL: javascript:alert(1)");
        entry_.line("   For Path: javascript:alert(1)//\"><script>");
        entry_.line("   Parameters: server=dataset&dataset=%3Cb%3E&x=\"'><script>alert(1)</script>&time.min=2017-01-01T00:00:00.000Z");
        let html = entry(&entry_, "/das/server").into_string();
        assert!(
            html.contains(
                "href=\"/das/server?server=dataset&amp;dataset=%3Cb%3E&amp;x=%22'%3E%3Cscript%3E"
            ),
            "{html}"
        );
        assert!(
            html.contains("<b>&lt;b&gt;</b> <span>2017-01-01 to ?</span>"),
            "{html}"
        );
        assert!(!html.contains("<script"), "{html}");
    }
}
