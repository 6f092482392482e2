//! Which program answers which address.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The server's program.
pub(super) const MAIN: &str = "das2_srvcgi_main";

/// The log page's program.
pub(super) const LOG: &str = "das2_srvcgi_logrdr";

/// Addresses and the programs behind them, as in the Apache configuration that
/// comes with the server.
const PROGRAMS: &[(&str, &str)] = &[("/das/server", MAIN), ("/das/log", LOG)];

/// Where somebody who types only the host's name wants to go.
pub(super) const HOME: &str = "/das/server";

/// What to do with an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// To [`HOME`].
    Home,
    /// Run a program.
    Program(Program<'a>),
    /// There is nothing.
    Nothing,
}

/// A program and the part of the address that is for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program<'a> {
    /// Name of the executable.
    pub(super) name: &'static str,
    /// SCRIPT_NAME.
    pub(super) script: &'static str,
    /// PATH_INFO: what follows, percent-decoded.
    pub(super) path_info: Cow<'a, [u8]>,
}

/// The route of `path`, as it stands in the request.
pub(super) fn route(path: &str) -> Route<'_> {
    if matches!(path, "" | "/" | "/das" | "/das/") {
        return Route::Home;
    }
    for &(script, name) in PROGRAMS {
        let Some(rest) = path.strip_prefix(script) else {
            continue;
        };
        let path_info = Cow::from(percent_decode_str(rest));
        // No environment variable holds a NUL, and no file name.
        if (rest.is_empty() || rest.starts_with('/')) && !path_info.contains(&0) {
            return Route::Program(Program {
                name,
                script,
                path_info,
            });
        }
    }
    Route::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let main = |path_info: &'static [u8]| {
            Route::Program(Program {
                name: "das2_srvcgi_main",
                script: "/das/server",
                path_info: Cow::Borrowed(path_info),
            })
        };
        let cases = [
            ("/", Route::Home),
            ("/das/", Route::Home),
            ("/das/server", main(b"")),
            ("/das/server/", main(b"/")),
            (
                "/das/server/source/A%20b%2F%C3%A9",
                main("/source/A b/é".as_bytes()),
            ),
            ("/das/server/%FF", main(b"/\xFF")),
            ("/das/server/a+b", main(b"/a+b")),
            ("/das/server/%00", Route::Nothing),
            ("/das/serverx", Route::Nothing),
            ("/favicon.ico", Route::Nothing),
            ("*", Route::Nothing),
        ];
        for (path, expected) in cases {
            assert_eq!(route(path), expected, "{path}");
        }
        assert!(matches!(route("/das/log"), Route::Program(p) if p.name == "das2_srvcgi_logrdr"));
    }
}
