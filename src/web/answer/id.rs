//! The site's name.

use crate::web::response::{Response, Status};
use crate::web::{Answer, Error, Exchange};

/// SITE_NAME, or the host's name where the site has not said any.
///
/// # Errors
/// None.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let name = match &exchange.config.site_name {
        Some(name) => name,
        None => {
            exchange
                .log
                .line("SITE_NAME is not set in the configuration: the host's name stands in");
            &exchange.request.server_name
        }
    };
    Ok(Response::text(Status::OK, format!("{name}\r\n")).into())
}
