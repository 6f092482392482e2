//! What sources there are, as lines.

use crate::source::Listing;
use crate::web::response::{Response, Status};
use crate::web::{Answer, Error, Exchange};

/// `server=list`: every source that is not hidden.
///
/// # Errors
/// There is no tree of sources.
pub fn all(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let text = listing(exchange)?.list_text();
    Ok(Response::text(Status::OK, text).into())
}

/// `server=discovery`: every source with an example.
///
/// # Errors
/// There is no tree of sources.
pub fn discovery(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let text = listing(exchange)?.discovery_text();
    Ok(Response::text(Status::OK, text).into())
}

/// Everything that is listed; what is odd in the tree goes to the log.
///
/// # Errors
/// There is no tree of sources.
pub fn listing(exchange: &mut Exchange<'_>) -> Result<Listing, Error> {
    if exchange.config.state_path.is_none() {
        exchange
            .log
            .line("List: without an index, since STATE_PATH is not set");
    }
    let listing = exchange
        .tree()?
        .walk_by_index(exchange.config)
        .map_err(|error| {
            Error::internal("The data sources of this server cannot be read", error)
        })?;
    listing
        .findings
        .iter()
        .for_each(|finding| exchange.log.line(finding));
    Ok(listing)
}
