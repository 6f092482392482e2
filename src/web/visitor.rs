//! Who looks, and what they may.

use std::ffi::OsString;
use std::net::IpAddr;

use crate::log::read::is_client;
use crate::web::{Error, Exchange};

/// Headers by which proxies say for whom they ask.
const OF_PROXIES: &[&str] = &["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"];

/// Whether an address is that of a proxy on this machine that keeps its clients'
/// addresses to itself: so nobody's.
pub(in crate::web) fn is_of_a_proxy(
    address: IpAddr,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> bool {
    address.to_canonical().is_loopback() && OF_PROXIES.iter().any(|name| variable(name).is_some())
}

/// The person at the other end.
pub(in crate::web) struct Visitor {
    /// REMOTE_ADDR, as the names of log files have it.
    own: String,
    /// Whether VIEW_LOG_ALLOW lists the address.
    pub(in crate::web) is_operator: bool,
}

impl Visitor {
    /// From the request's address.
    ///
    /// # Errors
    /// 403 for whoever comes through a proxy on this machine that keeps their
    /// addresses to itself: all of its clients would be one, and that one an
    /// address that sites often let see everything.
    pub(in crate::web) fn of(
        exchange: &Exchange<'_>,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Visitor, Error> {
        let address = exchange.request.address().map(|ip| ip.to_canonical());
        if address.is_some_and(|address| is_of_a_proxy(address, variable)) {
            return Err(Error::Forbidden(
                "This server stands behind a proxy that does not tell it who asks, so it cannot \
                 know which requests are yours"
                    .to_owned(),
            ));
        }
        let ranges = &exchange.config.view_log_allow;
        let allowed = |address| ranges.iter().any(|range| range.contains(address));
        Ok(Visitor {
            own: exchange.request.remote_addr.clone(),
            is_operator: address.is_some_and(allowed),
        })
    }

    /// Whose log it is to be: the visitor's own, or the one of an address that
    /// was asked for.
    ///
    /// # Errors
    /// 400 for what is no address; 403 for the log of another one.
    pub(in crate::web) fn client(&self, asked: Option<&str>) -> Result<String, Error> {
        let Some(asked) = asked else {
            return Ok(self.own.clone());
        };
        if asked == self.own {
            return Ok(self.own.clone());
        }
        // One way to write an address, and no text that is none: it becomes
        // part of the name of a file.
        let address: IpAddr = match asked.parse() {
            Ok(address) => address,
            // Operators are shown a link to each log, also to those of addresses
            // with a zone and of requests without an address.
            Err(_) if self.is_operator && is_client(asked) => return Ok(asked.to_owned()),
            Err(_) => {
                let text = "The value of 'ip' is no address: write one such as 192.0.2.7";
                return Err(Error::BadRequest(text.to_owned()));
            }
        };
        let address = address.to_canonical();
        let own = self.own.parse().map(|own: IpAddr| own.to_canonical());
        match own == Ok(address) {
            true => Ok(self.own.clone()),
            false if self.is_operator => Ok(address.to_string()),
            false => Err(Error::Forbidden(
                "The logs of other addresses are shown to the people who run this server only"
                    .to_owned(),
            )),
        }
    }

    /// Whether a client's log is the visitor's own.
    pub(in crate::web) fn is_own(&self, client: &str) -> bool {
        self.own == client
    }
}
