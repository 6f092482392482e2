//! Who may read a source: the one question in front of every way to data.

use crate::access::{self, Asker, Decision, Denied, Permitted};
use crate::source::Definition;
use crate::time::Time;
use crate::web::response::Head;
use crate::web::visitor::is_of_a_proxy;
use crate::web::{Error, Exchange};

/// The definition as something that may be read from, if the one who asks may.
/// Whatever gives data away wants that, so nothing can be read before. `range`
/// is what is asked for, before anything trims it; None where no range is.
///
/// # Errors
/// 401 with the realm that the password is for, 503 for too many attempts, 500
/// for a rule or a file with a mistake.
pub fn permit(
    exchange: &mut Exchange<'_>,
    definition: Definition,
    range: Option<(Time, Time)>,
) -> Result<Permitted, Error> {
    let request = exchange.request;
    let realm = realm(exchange, &definition);
    let (name, path) = (definition.name.clone(), definition.path.clone());
    let asker = Asker {
        // A proxy is no test host, whatever its address is.
        address: request
            .address()
            .filter(|address| !is_of_a_proxy(*address, &|name| std::env::var_os(name))),
        authorization: request.authorization.as_ref(),
        range,
        now: Time::now(),
    };
    let Decision { result, notes } = access::decide(exchange.config, definition, &asker);
    notes.iter().for_each(|note| exchange.log.line(note));
    result.map_err(|denied| match denied {
        Denied::Unauthorized => Error::Unauthorized { realm },
        Denied::Busy => Error::Busy(
            "Too many passwords are being tried from your address: wait a little".to_owned(),
        ),
        broken => Error::internal(
            format!("Who may read data source {name} is not set up rightly"),
            format!("{}: {broken}", path.display()),
        ),
    })
}

/// Sees to it that an answer with data reaches nobody but the one who asked.
pub fn guard(head: &mut Head, permitted: &Permitted) {
    if permitted.read_access.is_some() {
        // Not every proxy asks itself what a password was for.
        head.add("Cache-Control", "private, no-store");
    }
    if permitted.by_address() {
        // Nor is there anything else that a page of another site would lack.
        head.keep_from_other_sites();
    }
}

/// What the client's login window says.
fn realm(exchange: &Exchange<'_>, definition: &Definition) -> String {
    let own = definition.security_realm.clone();
    let realm = own.or_else(|| exchange.config.security_realm.clone());
    realm.unwrap_or_else(|| format!("{}/{}", exchange.request.script_name, definition.name))
}
