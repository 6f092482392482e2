//! A place for the readers of a request.

use crate::exec::{Client, Place, Refused, end_readers_on_signals};
use crate::web::error::Error;
use crate::web::exchange::Exchange;

/// Waits for a place, and tells the log which it is.
///
/// # Errors
/// 503: there is none for now.
pub fn take_place(exchange: &mut Exchange<'_>) -> Result<Place, Error> {
    end_readers_on_signals()
        .map_err(|error| Error::internal("This server has a problem", error))?;
    let request = exchange.request;
    let mut client = Client::of_request(Some(&request.remote_addr), Some(&request.remote_port));
    let place =
        Place::take(exchange.config, request.address(), &mut client).map_err(|refused| {
            match refused {
                Refused::Stopped(stop) => Error::Gone(stop.into()),
                refused => Error::Busy(refused.to_string()),
            }
        })?;
    if let Some(note) = place.note() {
        exchange.log.line(format_args!("Readers: {note}"));
    }
    Ok(place)
}
