//! Who may read a source.

use crate::source::Definition;
use crate::web::{Error, Exchange};

/// Lets a request pass, or not. Nobody passes at a source with readAccess
/// until passwords are understood.
///
/// # Errors
/// 401, with the realm that a password would be for.
pub fn check(exchange: &Exchange<'_>, definition: &Definition) -> Result<(), Error> {
    if definition.read_access.is_none() {
        return Ok(());
    }
    let realm = definition
        .security_realm
        .clone()
        .or_else(|| exchange.config.security_realm.clone());
    let realm =
        realm.unwrap_or_else(|| format!("{}/{}", exchange.request.script_name, definition.name));
    Err(Error::Unauthorized { realm })
}
