//! A source's keywords, as clients read them.

use super::redirect;
use crate::source::dsdf_packet;
use crate::web::query::Key;
use crate::web::response::{CLIENT_TEXT, PLAIN_TEXT, Response, Status};
use crate::web::{Answer, Error, Exchange};

/// `server=dsdf`. A source with another name now is redirected; one on another
/// server says so itself.
///
/// # Errors
/// 404 for no such source, 500 for a definition with errors.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let name = exchange.request.query.get(Key::Dataset)?;
    let name =
        name.ok_or_else(|| Error::NoSuchSource("Name a data source: dataset=NAME".to_owned()))?;
    let definition = exchange.definition(&name)?;
    if let Some(response) = redirect::of_rename(exchange, &definition)? {
        return Ok(response.into());
    }
    let (packet, findings) = dsdf_packet(&definition);
    findings
        .iter()
        .for_each(|finding| exchange.log.line(finding));
    let content_type = if exchange.request.is_browser() {
        PLAIN_TEXT
    } else {
        CLIENT_TEXT
    };
    Ok(Response::new(Status::OK, content_type, packet).into())
}
