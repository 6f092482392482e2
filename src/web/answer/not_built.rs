//! What das2 has and this server has not, or not yet.

use crate::web::{Answer, Error, Exchange};

fn none(what: &str) -> Result<Answer, Error> {
    Err(Error::NotImplemented(format!("{what} on this server")))
}

/// `server=image`.
///
/// # Errors
/// Always 501, as all of these.
pub fn image(_: &mut Exchange<'_>) -> Result<Answer, Error> {
    none("Images are not made")
}

/// `server=authenticator`.
///
/// # Errors
/// Always.
pub fn authenticator(_: &mut Exchange<'_>) -> Result<Answer, Error> {
    none("server=authenticator is not answered")
}

/// `server=source`.
///
/// # Errors
/// Always.
pub fn source(_: &mut Exchange<'_>) -> Result<Answer, Error> {
    none("server=source is not answered, use server=dsdf,")
}

/// Addresses of das2.3.
///
/// # Errors
/// Always.
pub fn page(_: &mut Exchange<'_>) -> Result<Answer, Error> {
    none("This address is not answered")
}
