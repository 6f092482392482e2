//! The page that a person sees first.
use crate::web::{Answer, Error, Exchange};
/// The page.
///
/// # Errors
/// None.
pub fn answer(_exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    Err(Error::NotImplemented("soon".to_owned()))
}
