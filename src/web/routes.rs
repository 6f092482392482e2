//! What can be asked for: one table of `server=` values, one of addresses.

use super::answer::{
    coverage, dataset, debug, dsdf, id, landing, list, logo, not_built, peers, preflight,
    static_file,
};
use super::error::Error;
use super::exchange::Handler;
use super::query::{Key, shown};
use super::request::{Method, Request};

/// A row of a table: what is asked for, its name in the log, who answers.
type Row = (&'static str, &'static str, Handler);

/// Values of the key `server`, das2.2.
const KEYWORDS: &[Row] = &[
    ("list", "list of sources", list::all),
    (
        "discovery",
        "list of sources with examples",
        list::discovery,
    ),
    ("dsdf", "source definition", dsdf::answer),
    ("dataset", "data", dataset::answer),
    ("compactdataset", "data", dataset::answer),
    ("image", "image", not_built::image),
    ("id", "site name", id::answer),
    ("logo", "logo", logo::answer),
    ("peers", "peer servers", peers::answer),
    ("debug", "settings", debug::answer),
    ("authenticator", "authenticator", not_built::authenticator),
    ("source", "source", not_built::source),
];

/// Addresses below the program's own. One that ends in `/` is for all that
/// begin with it.
const ADDRESSES: &[Row] = &[
    ("", "landing page", landing::answer),
    ("/data/", "data", dataset::answer),
    ("/static/", "static file", static_file::answer),
    ("/id", "site name", id::answer),
    ("/logo", "logo", logo::answer),
    ("/peers", "peer servers", peers::answer),
    ("/debug", "settings", debug::answer),
    ("/source/", "catalogue", not_built::page),
    ("/catalog", "catalogue", not_built::page),
    ("/catalog.json", "catalogue", not_built::page),
    ("/services", "services", not_built::page),
    ("/services.json", "services", not_built::page),
    ("/coverage/", "cache coverage", coverage::answer),
    ("/hapi/", "HAPI", not_built::page),
];

/// Who answers a request.
pub struct Route {
    /// Its name in the log.
    pub name: &'static str,
    /// The function.
    pub handler: Handler,
    /// Files that pages are made of are asked for with every page: the log
    /// does not need them.
    pub is_logged: bool,
}

/// Finds who answers.
///
/// # Errors
/// 405, 400 for an unknown keyword or a bad path, 404 for an unknown address.
pub fn route(request: &Request) -> Result<Route, Error> {
    let (name, handler) = match request.method {
        Method::Post | Method::Other => return Err(Error::MethodNotAllowed),
        Method::Options => ("preflight", preflight::answer as Handler),
        Method::Get | Method::Head => {
            let path = request.path()?;
            match request.query.get(Key::Server)? {
                Some(keyword) => by_keyword(&keyword)?,
                None => by_address(path)?,
            }
        }
    };
    Ok(Route {
        name,
        handler,
        is_logged: !matches!(name, "static file" | "logo"),
    })
}

fn by_keyword(keyword: &str) -> Result<(&'static str, Handler), Error> {
    let row = KEYWORDS
        .iter()
        .find(|(word, ..)| word.eq_ignore_ascii_case(keyword));
    row.map(|(_, name, handler)| (*name, *handler))
        .ok_or_else(|| {
            let words: Vec<&str> = KEYWORDS.iter().map(|(word, ..)| *word).collect();
            Error::BadRequest(format!(
                "server={} is not known here, use one of {}",
                shown(keyword),
                words.join(", ")
            ))
        })
}

fn by_address(path: &str) -> Result<(&'static str, Handler), Error> {
    let exact = path.strip_suffix('/').unwrap_or(path);
    let is = |(address, ..): &&Row| match address.strip_suffix('/') {
        Some(folder) => exact == folder || path.starts_with(address),
        None => exact == *address,
    };
    let row = ADDRESSES
        .iter()
        .find(is)
        .map(|(_, name, handler)| (*name, *handler));
    row.ok_or_else(|| {
        Error::NotFound(format!(
            "There is nothing at {} on this server",
            shown(path)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::super::request::tests::request;
    use super::*;

    fn name_of(query: &str, path: &str) -> Result<&'static str, u16> {
        let request = request(&[("QUERY_STRING", query), ("PATH_INFO", path)]);
        route(&request)
            .map(|route| route.name)
            .map_err(|error| error.kind().1.0)
    }

    #[test]
    fn keywords_and_addresses() {
        for (query, path, expected) in [
            ("server=LIST", "", Ok("list of sources")),
            ("server=compactDataset&dataset=x", "", Ok("data")),
            ("server=id", "/nosuch", Ok("site name")),
            ("server=", "/id", Ok("site name")),
            ("", "", Ok("landing page")),
            ("x=y", "/", Ok("landing page")),
            ("", "/id/", Ok("site name")),
            ("", "/idx", Err(404)),
            ("", "/nosuch", Err(404)),
            ("", "/data/a/b", Ok("data")),
            ("", "/static", Ok("static file")),
            ("", "/hapi", Ok("HAPI")),
            ("", "/catalog.json", Ok("catalogue")),
            ("server=foo", "", Err(400)),
            ("server=id", "/a/../b", Err(400)),
            ("server=%ff", "", Err(400)),
        ] {
            assert_eq!(name_of(query, path), expected, "{query} {path}");
        }
    }

    #[test]
    fn methods() {
        let of = |method| {
            route(&request(&[
                ("REQUEST_METHOD", method),
                ("PATH_INFO", "/nosuch"),
            ]))
        };
        assert!(matches!(of("POST"), Err(Error::MethodNotAllowed)));
        assert!(matches!(of("get"), Err(Error::MethodNotAllowed)));
        assert_eq!(
            of("OPTIONS").map(|route| route.name).ok(),
            Some("preflight")
        );
    }

    #[test]
    fn an_unknown_keyword_is_told_the_known_ones() {
        let Err(error) = route(&request(&[("QUERY_STRING", "server=foo")])) else {
            panic!()
        };
        let text = error.to_string();
        assert!(text.contains("foo") && text.contains("list, discovery, dsdf, dataset"));
    }
}
