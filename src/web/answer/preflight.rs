//! OPTIONS: what a browser asks before a page of another site may.

use crate::web::response::{Response, Status};
use crate::web::{Answer, Error, Exchange};

/// Headers only.
///
/// # Errors
/// None.
pub fn answer(_: &mut Exchange<'_>) -> Result<Answer, Error> {
    let mut response = Response::empty(Status(204, "No Content"));
    response.header("Allow", "GET, HEAD, OPTIONS");
    Ok(response.into())
}
