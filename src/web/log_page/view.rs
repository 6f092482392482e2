//! The page as HTML.

use chrono::{DateTime, Local, NaiveDate};
use maud::{Markup, html};

use super::asked::Asked;
use super::entry_view::{Programs, counted, entry};
use super::{Found, deletion, folder, html};
use crate::log::read::{Client, clients};
use crate::log::{LOG_DAYS, bytes_text};
use crate::web::page::{Page, beside, closed};
use crate::web::request::{path_encoded, value_encoded};
use crate::web::response::Response;
use crate::web::visitor::Visitor;
use crate::web::{Error, Exchange};

/// How many other clients an operator is shown.
const MOST_CLIENTS: usize = 500;

/// Choices of the filter, and what people call them.
const STATUS: &[(&str, &str)] = &[
    ("", "any"),
    ("good", "answered well"),
    ("failed", "failed"),
    ("gone", "client went away"),
    ("running", "without an end"),
    ("stderr", "with standard error"),
    ("2xx", "2xx"),
    ("3xx", "3xx"),
    ("4xx", "4xx, the request's fault"),
    ("5xx", "5xx, the server's fault"),
];

/// The page with these requests.
pub(super) fn page(
    exchange: &Exchange<'_>,
    visitor: &Visitor,
    client: &str,
    asked: &Asked,
    found: &Found,
) -> Result<Response, Error> {
    let own = path_encoded(&exchange.request.script_name);
    let server = beside(&exchange.request.script_name, &exchange.config.main_srv_url);
    let programs = Programs {
        server: &server,
        log_page: &own,
    };
    let token = match visitor.is_operator {
        true => Some(deletion::token()?),
        false => None,
    };
    let others = match visitor.is_operator {
        true => clients(folder(exchange)?).unwrap_or_default(),
        false => Vec::new(),
    };
    let article = html! {
        (heading(visitor, client, found))
        @if let Some(files) = asked.deleted {
            p class="note" role="status" { "Deleted: " (counted(files.into(), "file")) "." }
        }
        (filter(&own, asked))
        @if found.entries.is_empty() { (nothing(asked, found)) }
        (days(found, &programs))
        (onwards(&own, asked, found))
        @if let Some(token) = &token { (operator(&own, client, &others, token)) }
    };
    let title = match visitor.is_own(client) {
        true => "Your requests".to_owned(),
        false => format!("Requests of {client}"),
    };
    let page = Page {
        title,
        links: vec![
            (server.clone(), "Front page"),
            (own.clone(), "Your requests"),
        ],
        article,
        server: server.clone(),
    };
    let mut response = closed(html(page.html(exchange).into_string()), &source_of(&server));
    if let Some(token) = &token {
        response.header("Set-Cookie", deletion::cookie(exchange.request, token));
    }
    Ok(response)
}

/// Where style sheet and logo come from, for the Content-Security-Policy, if
/// MAIN_SRV_URL names another host.
fn source_of(server: &str) -> String {
    let Some((scheme, rest)) = server.split_once("//") else {
        return String::new();
    };
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    match scheme.chars().chain(host.chars()).all(is_plain) && !host.is_empty() {
        true => format!(" {scheme}//{host}").replace(" //", " "),
        false => String::new(),
    }
}

fn heading(visitor: &Visitor, client: &str, found: &Found) -> Markup {
    html! {
        p {
            @match visitor.is_own(client) {
                true => { "What " b { (client) } ", the address that you ask from, has asked of this server" },
                false => { "What " b { (client) } " has asked of this server" },
            }
            ", newest first. Times are the server's. A log is kept for about "
            (LOG_DAYS) " days" @if found.size > 0 { "; this one has " (bytes_text(found.size)) } "."
        }
    }
}

fn filter(own: &str, asked: &Asked) -> Markup {
    let is_listed = STATUS.iter().any(|(word, _)| *word == asked.status);
    html! {
        form class="filter" method="get" action=(own) {
            @if let Some(ip) = &asked.client { input type="hidden" name="ip" value=(ip); }
            label { "Text" input type="search" name="q" value=(asked.text) placeholder="in any line"; }
            label { "Data set" input type="text" name="dataset" value=(asked.dataset) placeholder="name or folder"; }
            label { "Status"
                select name="status" {
                    @if !is_listed { option value=(asked.status) selected { (asked.status) } }
                    @for (word, text) in STATUS {
                        option value=(word) selected[*word == asked.status] { (text) }
                    }
                }
            }
            label { "Day" input type="date" name="day" value=(asked.day); }
            span class="buttons" {
                button type="submit" { "Filter" }
                @if asked.is_filtered() { a href=(all(own, asked)) { "Show all" } }
            }
        }
    }
}

/// The address without filters.
fn all(own: &str, asked: &Asked) -> String {
    match &asked.client {
        Some(ip) => format!("{own}?ip={}", value_encoded(ip)),
        None => own.to_owned(),
    }
}

fn nothing(asked: &Asked, found: &Found) -> Markup {
    html! {
        p class="empty" {
            @match (found.paused, asked.is_filtered(), asked.position.is_some()) {
                (true, ..) => "Nothing so far; there is more to look through.",
                (_, _, true) => "There is nothing older.",
                (_, true, _) => "No request is like that.",
                _ => "There are no requests yet.",
            }
        }
    }
}

/// Requests under headings of their days.
fn days(found: &Found, programs: &Programs<'_>) -> Markup {
    let mut last: Option<NaiveDate> = None;
    html! {
        @for request in &found.entries {
            @let day = request.started.date();
            @if last.replace(day) != Some(day) {
                h2 class="dayheader" { time datetime=(day) { (day.format("%A, %-d %B %Y")) } }
            }
            (entry(request, programs))
        }
    }
}

fn onwards(own: &str, asked: &Asked, found: &Found) -> Markup {
    html! {
        @if asked.position.is_some() || found.next.is_some() { p class="onwards" {
            @if asked.position.is_some() {
                a href={ (own) "?" (asked.query(None)) } { "Newest" }
            }
            @if let Some(next) = &found.next {
                a rel="next" href={ (own) "?" (asked.query(Some(next))) } { "Older" }
            }
        } }
    }
}

/// What only those see who run the server.
fn operator(own: &str, client: &str, others: &[Client], token: &str) -> Markup {
    html! {
        h2 { "For the people who run this server" }
        details class="clients" {
            summary { "Other addresses (" (others.len()) ")" }
            table {
                @for client in others.iter().take(MOST_CLIENTS) {
                    @let last: DateTime<Local> = client.last.into();
                    tr {
                        td { a href={ (own) "?ip=" (value_encoded(&client.name)) } { (client.name) } }
                        td { (last.format("%Y-%m-%d %H:%M:%S")) }
                        td { (bytes_text(client.size)) }
                    }
                }
            }
        }
        details class="delete" {
            summary { "Delete this log" }
            form method="post" action=(own) {
                input type="hidden" name="action" value="delete";
                input type="hidden" name="ip" value=(client);
                input type="hidden" name="token" value=(token);
                button class="caution" type="submit" { "Delete all that " (client) " has asked" }
            }
        }
    }
}
