//! Deleting a log, and not being made to.
//!
//! Who may delete hangs on the address, which a browser brings along whatever
//! page makes it send a form. So a deletion has to come from the log page
//! itself, and three things have to agree: the browser says that the form is
//! of this site (Sec-Fetch-Site, else Origin); the cookie is there that the
//! page set, which browsers do not send for forms of other sites (SameSite);
//! and the form holds what the cookie holds, which no other site can read or
//! guess. Nothing of it has to be kept on the server.

use std::fs::File;
use std::io::{self, Read};

use super::folder;
use crate::web::page::closed;
use crate::web::query::Query;
use crate::web::request::{Request, path_encoded, value_encoded};
use crate::web::response::{Response, Status};
use crate::web::visitor::Visitor;
use crate::web::{Answer, Error, Exchange};

/// The name of the cookie.
const COOKIE: &str = "das2log";

/// A form is never longer, in bytes.
const LONGEST_FORM: u64 = 4096;

/// Digits of a token: 128 bits.
const DIGITS: usize = 32;

/// Deletes the log that a form names.
pub(super) fn answer(exchange: &mut Exchange<'_>, visitor: &Visitor) -> Result<Answer, Error> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    exchange.log_wanted = true;
    if !visitor.is_operator {
        return Err(Error::Forbidden(
            "Logs are deleted by the people who run this server only".to_owned(),
        ));
    }
    let mut form = Vec::new();
    let read = io::stdin().lock().take(LONGEST_FORM).read_to_end(&mut form);
    read.map_err(Error::Gone)?;
    let form = Query::new(form);
    let token = form.named("token")?.unwrap_or_default();
    is_from_here(&variable, &token)?;
    if form.named("action")?.as_deref() != Some("delete") {
        return Err(Error::BadRequest("The only action is 'delete'".to_owned()));
    }
    let asked = form.named("ip")?;
    let client = visitor.client(asked.as_deref())?;
    let files = crate::log::remove(folder(exchange)?, &client)
        .map_err(|error| Error::internal("The log cannot be deleted", error))?;
    exchange
        .log
        .line(format_args!("Deleted the log of {client}: {files} files"));
    let mut location = format!("{}?deleted={files}", exchange.request.script_url());
    if !visitor.is_own(&client) {
        location.push_str(&format!("&ip={}", value_encoded(&client)));
    }
    let mut response = Response::text(Status(303, "See Other"), "Deleted\r\n");
    response.header("Location", location);
    Ok(closed(response, "").into())
}

/// Whether the form was sent by a page of this server.
fn is_from_here(variable: &dyn Fn(&str) -> String, token: &str) -> Result<(), Error> {
    let site = variable("HTTP_SEC_FETCH_SITE");
    let origin = variable("HTTP_ORIGIN");
    let host = variable("HTTP_HOST");
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    let same_site = match (site.as_str(), origin.as_str()) {
        ("same-origin", _) => true,
        // What browsers said before there was anything better, and what they
        // say where passwords and addresses travel in the open.
        ("", origin) if !origin.is_empty() => of_origin == Some(host.as_str()),
        // No browser of today: there is no page then that could have misled it.
        ("", _) => true,
        _ => false,
    };
    let cookie = token_in(&variable("HTTP_COOKIE")).unwrap_or_default();
    match same_site && is_token(token) && is_same(&cookie, token) {
        true => Ok(()),
        false => Err(Error::Forbidden(
            "A log is deleted with the button on its own page: open that page anew, with cookies \
             allowed, and try again"
                .to_owned(),
        )),
    }
}

/// The visitor's token: the one that the browser has already, so that pages
/// in two windows both work, or a new one.
pub(super) fn token() -> Result<String, Error> {
    let cookies = std::env::var("HTTP_COOKIE").unwrap_or_default();
    match token_in(&cookies) {
        Some(token) => Ok(token),
        None => new_token().map_err(|error| Error::internal("This server has a problem", error)),
    }
}

fn new_token() -> io::Result<String> {
    let mut bytes = [0; DIGITS / 2];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The header that has the browser keep it.
pub(super) fn cookie(request: &Request, token: &str) -> String {
    let path = path_encoded(&request.script_name).replace([';', ','], "");
    let secure = match request.script_url().starts_with("https:") {
        true => "; Secure",
        false => "",
    };
    format!("{COOKIE}={token}; Path={path}; HttpOnly; SameSite=Strict{secure}")
}

fn token_in(cookies: &str) -> Option<String> {
    let mut pairs = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, token) = pairs.find(|(name, token)| *name == COOKIE && is_token(token))?;
    Some(token.to_owned())
}

fn is_token(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Compares without telling by its time where two texts differ.
fn is_same(a: &str, b: &str) -> bool {
    let differences = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_itself_can_delete() {
        let token = "0123456789abcdef0123456789abcdef";
        let cookie = format!("a=b; das2log={token}");
        let other = token.replace('a', "b");
        let may = |site: &str, origin: &str, cookie: &str, token: &str| {
            let variable = |name: &str| match name {
                "HTTP_SEC_FETCH_SITE" => site.to_owned(),
                "HTTP_ORIGIN" => origin.to_owned(),
                "HTTP_HOST" => "das.example.org:8080".to_owned(),
                "HTTP_COOKIE" => cookie.to_owned(),
                _ => String::new(),
            };
            is_from_here(&variable, token).is_ok()
        };
        let here = "http://das.example.org:8080";
        assert!(may("same-origin", here, &cookie, token));
        // Behind a proxy that speaks https, or changes the name.
        assert!(may("same-origin", "https://x.org", &cookie, token));
        assert!(may("", "https://das.example.org:8080", &cookie, token));
        assert!(may("", "", &cookie, token));
        for (site, origin, cookie, token) in [
            ("cross-site", here, cookie.as_str(), token),
            ("same-site", here, &cookie, token),
            ("none", here, &cookie, token),
            ("", "http://evil.example", &cookie, token),
            ("", "http://das.example.org", &cookie, token),
            ("", "null", &cookie, token),
            ("same-origin", here, "", token),
            ("same-origin", here, &cookie, &other),
            ("same-origin", here, &cookie, ""),
            ("same-origin", here, "das2log=", ""),
            (
                "same-origin",
                here,
                "xdas2log=0123456789abcdef0123456789abcdef",
                token,
            ),
        ] {
            assert!(
                !may(site, origin, cookie, token),
                "{site} {origin} {cookie} {token}"
            );
        }
    }

    #[test]
    fn tokens() {
        let (a, b) = (new_token().unwrap(), new_token().unwrap());
        assert!(is_token(&a) && a != b);
        assert_eq!(token_in(&format!("das2log=short;das2log={a}")), Some(a));
    }
}
