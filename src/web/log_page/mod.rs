//! The log page: what an address has asked, newest first.
//!
//! What comes in: a request of a person's browser. What goes out: a page that
//! works without scripts. The one idea: the page shows the asking address its
//! own requests, and everything else (the log of another address, deletion)
//! is decided in one place, [`Visitor`].
//!
//! All text on it was written by clients and programs: maud escapes it, links
//! are made anew from paths and queries and lead to this server only, and the
//! Content-Security-Policy lets nothing run. Unlike other answers this one may
//! not be read by pages of other sites, since who may see it hangs on the
//! address of whoever looks.

mod asked;
mod deletion;
mod entry_view;
mod view;

use self::asked::Asked;
use super::error::Error;
use super::exchange::{Answer, Exchange};
use super::request::Method;
use super::response::{Response, Status};
use super::visitor::Visitor;
use crate::log::read::{ClientLogs, Entry, Next};

/// What its own requests are taken for, in the log.
const LOG_PAGE: &str = "log page";

/// How many requests a page has.
const MOST_ENTRIES: usize = 200;

/// How many bytes of lines a page has; the last request may exceed it.
const MOST_BYTES: usize = 2 << 20;

/// How many bytes of logs are looked at for one page: a second of work.
const MOST_READ: u64 = 1 << 30;

/// What a page shows.
struct Found {
    entries: Vec<Entry>,
    /// Where the next page begins; None when there is none.
    next: Option<String>,
    /// Whether the page ends because so much was looked through.
    paused: bool,
    /// Bytes of all files.
    size: u64,
}

/// Shows a page of the log, or deletes it.
///
/// # Errors
/// 400 for values that cannot be read, 403 for what this visitor may not, 404
/// for addresses below the page, 405 for other methods and for deletion by a
/// link, 500 without LOG_PATH.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    // Looking at the log is nothing to be logged: it would fill its own page.
    exchange.log_wanted = false;
    exchange.log.line(format_args!("Routing: {LOG_PAGE}"));
    if !matches!(exchange.request.path()?, "" | "/") {
        let text = "There is nothing below the address of the log page";
        return Err(Error::NotFound(text.to_owned()));
    }
    let visitor = Visitor::of(exchange, &|name| std::env::var_os(name))?;
    match exchange.request.method {
        Method::Get | Method::Head => show(exchange, &visitor),
        Method::Post => deletion::answer(exchange, &visitor),
        Method::Options | Method::Other => Err(Error::MustPost),
    }
}

fn show(exchange: &Exchange<'_>, visitor: &Visitor) -> Result<Answer, Error> {
    let asked = Asked::of_query(&exchange.request.query)?;
    let client = visitor.client(asked.client.as_deref())?;
    let found = find(exchange, &client, &asked)?;
    let page = view::page(exchange, visitor, &client, &asked, &found)?;
    Ok(page.into())
}

/// Reads a page's requests.
fn find(exchange: &Exchange<'_>, client: &str, asked: &Asked) -> Result<Found, Error> {
    let unreadable = |error| Error::internal("The log cannot be read", error);
    let folder = folder(exchange)?;
    let mut logs = ClientLogs::open(folder, client, asked.position).map_err(unreadable)?;
    let mut found = Found {
        entries: Vec::new(),
        next: None,
        paused: false,
        size: logs.size(),
    };
    let (mut bytes, mut budget) = (0, MOST_READ);
    while found.entries.len() < MOST_ENTRIES && bytes < MOST_BYTES {
        match logs.next(&asked.wanted, &mut budget).map_err(unreadable)? {
            Next::Entry(entry) => {
                bytes += entry.text().len();
                found.entries.push(*entry);
            }
            Next::End => return Ok(found),
            Next::Pause => {
                found.paused = true;
                break;
            }
        }
    }
    if !logs.is_at_end() {
        found.next = Some(logs.position().to_string());
    }
    Ok(found)
}

fn folder<'a>(exchange: &Exchange<'a>) -> Result<&'a std::path::Path, Error> {
    let folder = exchange.config.log_path.as_deref();
    folder.ok_or_else(|| {
        Error::internal(
            "This server keeps no logs of its own",
            "LOG_PATH is not set in the configuration: name a folder that this account can write",
        )
    })
}

fn html(text: String) -> Response {
    Response::new(Status::OK, "text/html; charset=utf-8", text)
}
