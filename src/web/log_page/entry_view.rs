//! One request on the page.

use maud::{Markup, html};
use percent_encoding::utf8_percent_encode;

use super::LOG_PAGE;
use crate::log::read::{Entry, Outcome};
use crate::log::{bytes_text, duration_text};
use crate::web::answer::data_request::Form;
use crate::web::query::{Key, Query};
use crate::web::request::{IN_QUERY, path_encoded};

/// How much of a request's lines is shown, and of what was asked, in bytes.
const MOST_TEXT: usize = 64 << 10;
const MOST_WORDS: usize = 300;

/// Addresses of this server's two programs.
pub(super) struct Programs<'a> {
    pub server: &'a str,
    pub log_page: &'a str,
}

/// A request, with a link that asks the same again.
pub(super) fn entry(entry: &Entry, programs: &Programs<'_>) -> Markup {
    let (word, class, meaning) = status(entry);
    let complaints: Vec<&str> = entry.complaints().collect();
    html! {
        div class={ "request " (class) } {
            div class="asked" {
                time datetime=(entry.started.format("%Y-%m-%dT%H:%M:%S")) { (entry.started.format("%H:%M:%S")) }
                span class="status" title=(meaning) { (word) }
                (asked(entry, programs))
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
    let (class, meaning) = match entry.outcome {
        Outcome::Good => ("good", "answered"),
        Outcome::Gone => ("gone", "the client went away"),
        Outcome::Running => ("running", "it has no end: it runs, or was cut off"),
        Outcome::Failed => (
            "failed",
            "an error; broken: one behind data, or of unknown kind",
        ),
    };
    (entry.status_word(), class, meaning)
}

/// What was asked, as a link to ask it again. The address is made anew: one in
/// a log may lead anywhere.
fn asked(entry: &Entry, programs: &Programs<'_>) -> Markup {
    let program = match routing(entry) {
        Some(LOG_PAGE) => programs.log_page,
        _ => programs.server,
    };
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
        a class="what" href={ (program) (path) (mark) (query_encoded) } rel="nofollow" {
            b { (cut(&title, MOST_WORDS)) }
            @for word in &more { " " span { (cut(word, MOST_WORDS)) } }
        }
    }
}

/// What kind of request it was taken for.
fn routing(entry: &Entry) -> Option<&str> {
    let mut lines = entry.text().lines();
    lines.find_map(|line| line.strip_prefix("Routing: "))
}

/// A source and its times, or what else was asked.
fn words(entry: &Entry) -> (String, Vec<String>) {
    let query = Query::new(entry.query());
    let get = |key| query.get(key).ok().flatten();
    let Some(dataset) = entry.dataset() else {
        let asked = match (get(Key::Server), entry.path()) {
            (Some(word), _) => format!("server={word}"),
            (None, path) => path.to_owned(),
        };
        return match routing(entry) {
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
    match Form::of_query(&query) {
        Ok(Form::Text) => more.push("as text".to_owned()),
        Ok(Form::Csv) => more.push("as a table".to_owned()),
        _ => {}
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
    let parts = [
        entry.bytes.map(bytes_text),
        entry.milliseconds.map(duration_text),
        entry.from().map(|from| from.word().to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
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

    const PROGRAMS: Programs<'_> = Programs {
        server: "/das/server",
        log_page: "/das/log",
    };

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("aéb", 2), "a ... 3 bytes more");
        assert_eq!(cut("aéb", 4), "aéb");
    }

    #[test]
    fn a_link_leads_to_this_server_only() {
        let mut entry_ = Entry::default();
        entry_.line("   Request URL: javascript:alert(1)");
        entry_.line("   For Path: javascript:alert(1)//\"><script>");
        entry_.line("   Parameters: server=dataset&dataset=%3Cb%3E&x=\"'><script>alert(1)</script>&time.min=2017-01-01T00:00:00.000Z");
        let html = entry(&entry_, &PROGRAMS).into_string();
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
