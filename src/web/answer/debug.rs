//! The server's settings, for those who run it.

use crate::web::{Answer, Error, Exchange};

/// Only addresses in VIEW_LOG_ALLOW may ask.
///
/// # Errors
/// 403 for anybody else; 501 for these, so far.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let address = exchange.request.address();
    let allowed = |address| {
        exchange
            .config
            .view_log_allow
            .iter()
            .any(|range| range.contains(address))
    };
    if !address.is_some_and(allowed) {
        return Err(Error::Forbidden(
            "The settings of this server are shown to the people who run it only".to_owned(),
        ));
    }
    Err(Error::NotImplemented(
        "The settings are not shown on this server".to_owned(),
    ))
}
