//! Sources that are somewhere else now.

use percent_encoding::{percent_encode, utf8_percent_encode};

use crate::source::Definition;
use crate::web::request::{IN_QUERY, path_encoded, value_encoded};
use crate::web::response::{PLAIN_TEXT, Response, Status};
use crate::web::{Error, Exchange};

/// How many names a source may have had.
const LONGEST_CHAIN: usize = 20;

/// Where `rename` and `server` of a definition lead; None if they lead
/// nowhere, or the site has switched redirects off.
///
/// # Errors
/// 500 when they lead back here, 414 when the address would be too long.
pub fn of(exchange: &mut Exchange<'_>, definition: &Definition) -> Result<Option<Response>, Error> {
    let server = match definition
        .server
        .as_deref()
        .map(|url| url.trim_end_matches('/'))
    {
        _ if exchange.config.ignore_redirect => return Ok(None),
        None => return of_rename(exchange, definition),
        Some(server) => server,
    };
    // A renamed source of this server's own URL is here all the same.
    if server == exchange.request.script_url() {
        return match of_rename(exchange, definition)? {
            Some(response) => Ok(Some(response)),
            None => Err(leads_back(
                definition,
                "its keyword server names this server",
            )),
        };
    }
    let name = definition.rename.as_deref().unwrap_or_default();
    moved(exchange, server, definition, name).map(Some)
}

/// Where `rename` of a definition leads.
///
/// # Errors
/// As for [`of`].
pub fn of_rename(
    exchange: &mut Exchange<'_>,
    definition: &Definition,
) -> Result<Option<Response>, Error> {
    let Some(name) = definition
        .rename
        .as_deref()
        .filter(|_| !exchange.config.ignore_redirect)
    else {
        return Ok(None);
    };
    follow(exchange, definition)?;
    let script = exchange.request.script_url();
    moved(exchange, &script, definition, name).map(Some)
}

/// Goes from name to name: a client would go round in a ring for ever.
fn follow(exchange: &mut Exchange<'_>, first: &Definition) -> Result<(), Error> {
    let mut seen = vec![first.name.clone()];
    let mut next = first.rename.clone();
    while let Some(name) = next {
        if seen.len() > LONGEST_CHAIN {
            return Err(leads_back(
                first,
                "the chain of its keywords rename is too long",
            ));
        }
        // Names without a source get their 404 when they are asked for.
        let Ok(definition) = exchange.definition(&name) else {
            return Ok(());
        };
        if seen.contains(&definition.name) {
            return Err(leads_back(first, "its keyword rename leads back to it"));
        }
        next = definition
            .rename
            .clone()
            .filter(|_| definition.server.is_none());
        seen.push(definition.name);
    }
    Ok(())
}

fn leads_back(definition: &Definition, why: &str) -> Error {
    let message = format!("Data source {} is redirected to itself", definition.name);
    Error::internal(message, format!("{}: {why}", definition.path.display()))
}

/// The redirect: the data set's name replaced (if there is a new one),
/// everything else of the request as it was received.
fn moved(
    exchange: &Exchange<'_>,
    server: &str,
    definition: &Definition,
    new_name: &str,
) -> Result<Response, Error> {
    let request = exchange.request;
    let path = request.path()?;
    let named_by_path = path.strip_prefix("/data/").is_some() && !request.query.has_server();
    let (path, query) = match new_name {
        "" => (path.to_owned(), request.query.raw().to_vec()),
        name if named_by_path => (format!("/data/{name}"), request.query.raw().to_vec()),
        name => {
            let value = value_encoded(name);
            (
                path.to_owned(),
                request.query.with_dataset(value.as_bytes()),
            )
        }
    };
    let mut location = format!(
        "{}{}",
        utf8_percent_encode(server, IN_QUERY),
        path_encoded(&path)
    );
    if !query.is_empty() {
        location.push('?');
        location.extend(percent_encode(&query, IN_QUERY));
    }
    let text = format!("Data source {} is at {location}\r\n", definition.name);
    let mut response = Response::new(Status(301, "Moved Permanently"), PLAIN_TEXT, text);
    response.header("Location", location);
    match response.head().fits() {
        true => Ok(response),
        false => Err(Error::TooLong),
    }
}
