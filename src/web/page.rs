//! The frame of pages for people: head, header, navigation, footer.
//!
//! Class names are those that sites' own style sheets use.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::exchange::{Answer, Exchange};
use super::request::path_encoded;
use super::resources::{SITE_STYLE, has_site_style};
use super::response::{Response, Status};

/// What is on a page, and around it.
pub struct Page {
    /// For the window and the header.
    pub title: String,
    /// Addresses and texts of the navigation.
    pub links: Vec<(String, &'static str)>,
    /// The page itself.
    pub article: Markup,
    /// Address of the data program, encoded: it has style sheet and logo.
    pub server: String,
}

/// An address that a site's settings give as seen from this program's: `log`
/// beside `/das/server` is `/das/log`. Full addresses and paths stay.
pub fn beside(script_name: &str, url: &str) -> String {
    let is_full = url.starts_with('/') || url.contains("://");
    match script_name.rsplit_once('/') {
        Some((folder, _)) if !is_full => format!("{}/{url}", path_encoded(folder)),
        _ => url.to_owned(),
    }
}

/// A page with what keeps it to itself: what it shows hangs on the address of
/// whoever looks. `more` are further sources of styles and images, each with a
/// blank in front.
pub(in crate::web) fn closed(mut response: Response, more: &str) -> Response {
    response.keep_from_other_sites();
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        // Not `no-referrer`: browsers would then hide where a form comes from.
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
        ("Cache-Control", "no-store"),
    ] {
        response.header(name, value);
    }
    response.header(
        "Content-Security-Policy",
        format!(
            "default-src 'none'; style-src 'self'{more}; img-src 'self'{more}; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    );
    response
}

impl Page {
    /// The page as an answer.
    pub fn answer(self, exchange: &Exchange<'_>) -> Answer {
        let html = self.html(exchange).into_string();
        let mut response = Response::new(Status::OK, "text/html; charset=utf-8", html);
        // Nothing on a page comes from elsewhere, and no text of a DSDF runs.
        response.header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'",
        );
        response.into()
    }

    /// The page as HTML.
    pub fn html(&self, exchange: &Exchange<'_>) -> Markup {
        let config = exchange.config;
        let script = &self.server;
        let site = config.site_name.as_deref().unwrap_or("A das2 server");
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    link rel="stylesheet" href={ (script) "/static/" (path_encoded(&config.style_sheet)) };
                    @if has_site_style(config) {
                        link rel="stylesheet" href={ (script) "/static/" (SITE_STYLE) };
                    }
                    link rel="icon" href={ (script) "/logo" };
                }
                body class="body" {
                    div class="header" {
                        div class="hdr_left" {
                            a href=(script) { img src={ (script) "/logo" } alt="das2" height="64"; }
                        }
                        div class="hdr_center" { h1 { (self.title) } }
                        div class="hdr_right" {
                            @if let Some(id) = &config.server_id { span { (id.to_uppercase()) } }
                        }
                    }
                    div class="navlinks" {
                        @for (address, text) in &self.links { a href=(address) { (text) } " " }
                    }
                    div class="main" { div class="article" { (self.article) } }
                    div class="footer" { (footer(site, exchange)) }
                }
            }
        }
    }
}

fn footer(site: &str, exchange: &Exchange<'_>) -> Markup {
    let config = exchange.config;
    html! {
        p {
            (site)
            @if let Some(email) = &config.contact_email {
                " · " a href={ "mailto:" (with_references(email)) } { (with_references(email)) }
            }
            @if let Some(url) = &config.contact_url { " · " a href=(url) { "Contact" } }
        }
        p { "das2-server " (env!("CARGO_PKG_VERSION")) }
    }
}

/// Text whose character references (`&#64;`) are meant: sites hide addresses
/// from collectors in this way.
fn with_references(text: &str) -> PreEscaped<String> {
    let escaped = html! { (text) }.into_string();
    let mut parts = escaped.split("&amp;#");
    let mut html = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.split(';').next().unwrap_or_default();
        let is_reference = (1..=6).contains(&digits.len())
            && digits.len() < part.len()
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        html.push_str(if is_reference { "&#" } else { "&amp;#" });
        html.push_str(part);
    }
    PreEscaped(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_beside_a_program() {
        for (script, url, full) in [
            ("/das/server", "log", "/das/log"),
            ("/a b/log", "server", "/a%20b/server"),
            ("/server", "log", "/log"),
            ("/das/server", "/other/log", "/other/log"),
            ("/das/server", "https://x.org/log", "https://x.org/log"),
            ("", "log", "log"),
        ] {
            assert_eq!(beside(script, url), full);
        }
    }

    #[test]
    fn references_are_kept_and_nothing_else() {
        for (text, html) in [
            ("a&#64;b.org", "a&#64;b.org"),
            (
                "a&#x40;<b>&amp;&#;&#12",
                "a&amp;#x40;&lt;b&gt;&amp;amp;&amp;#;&amp;#12",
            ),
            ("&#45;&\"&#46;", "&#45;&amp;&quot;&#46;"),
        ] {
            assert_eq!(with_references(text).0, html);
        }
    }
}
