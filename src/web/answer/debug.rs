//! The server's settings and what became of them, for those who run it.
//!
//! Nothing secret is on it: no password, of requests or of the queue, and no
//! value of a keyword of the site's own, which may be one.

use std::path::Path;

use maud::{Markup, html};
use rustix::fs::{Access, access};
use rustix::process::{getegid, geteuid};

use crate::config::{Config, Setting, native, settings};
use crate::web::page::{Page, closed};
use crate::web::request::path_encoded;
use crate::web::response::{Response, Status};
use crate::web::visitor::Visitor;
use crate::web::{Answer, Error, Exchange};

/// What the web server's account needs of a place: its keyword, where it is,
/// and the rights.
type Need = (&'static str, fn(&Config) -> Option<&Path>, Access);

const LOOKED_INTO: Access = Access::READ_OK.union(Access::EXEC_OK);
const WRITTEN: Access = Access::WRITE_OK.union(Access::EXEC_OK);

const NEEDS: &[Need] = &[
    ("DSDF_ROOT", |c| c.dsdf_root.as_deref(), LOOKED_INTO),
    ("RESOURCE_PATH", |c| c.resource_path.as_deref(), LOOKED_INTO),
    ("SITE_FILES", |c| c.site_files.as_deref(), LOOKED_INTO),
    ("LOG_PATH", |c| c.log_path.as_deref(), WRITTEN),
    ("CACHE_ROOT", |c| c.cache_root.as_deref(), LOOKED_INTO),
    ("STATE_PATH", |c| c.state_path.as_deref(), WRITTEN),
    ("PEERS_FILE", |c| c.peers_file.as_deref(), Access::READ_OK),
    ("USER_PASSWD", |c| c.user_passwd.as_deref(), Access::READ_OK),
    ("USER_GROUP", |c| c.user_group.as_deref(), Access::READ_OK),
];

/// Only addresses in VIEW_LOG_ALLOW may ask.
///
/// # Errors
/// 403 for anybody else.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let visitor = Visitor::of(exchange, &|name| std::env::var_os(name))?;
    if !visitor.is_operator {
        return Err(Error::Forbidden(
            "The settings of this server are shown to the people who run it only".to_owned(),
        ));
    }
    let server = path_encoded(&exchange.request.script_name);
    let page = Page {
        title: "Settings".to_owned(),
        links: vec![(server.clone(), "Front page")],
        article: html! {
            h2 { "This request" }
            (request(exchange))
            h2 { "What the web server's account may" }
            (places(exchange.config))
            h2 { "Settings in force" }
            (in_force(exchange.config))
        },
        server,
    };
    let html = page.html(exchange).into_string();
    let response = Response::new(Status::OK, "text/html; charset=utf-8", html);
    Ok(closed(response, "").into())
}

/// What has arrived of a request: whether the web server hands on all that is
/// needed.
fn request(exchange: &Exchange<'_>) -> Markup {
    let request = exchange.request;
    let password = match request.authorization {
        Some(_) => "arrives here",
        None => "none came; with one (curl -u a:b), the web server's settings lose it",
    };
    let account = format!("user {}, group {}", geteuid().as_raw(), getegid().as_raw());
    html! {
        table class="settings" {
            (row("Version", env!("CARGO_PKG_VERSION"), None))
            (row("Configuration", &exchange.config.origin.display().to_string(), None))
            (row("Runs as", &account, None))
            (row("Address of this server", &request.script_url(), None))
            (row("Your address", &request.remote_addr, None))
            (row("Password", password, None))
        }
    }
}

fn places(config: &Config) -> Markup {
    html! {
        table class="settings" {
            @for (keyword, path, need) in NEEDS {
                @if let Some(path) = path(config) {
                    (row(keyword, &path.display().to_string(), Some(state(path, *need))))
                }
            }
        }
    }
}

/// Whether this account has what it needs there.
fn state(path: &Path, need: Access) -> Result<&'static str, String> {
    let word = if need == WRITTEN { "written" } else { "read" };
    match access(path, need) {
        Ok(()) if word == "written" => Ok("can be written"),
        Ok(()) => Ok("can be read"),
        Err(reason) => Err(format!(
            "cannot be {word}: {}",
            std::io::Error::from(reason)
        )),
    }
}

fn in_force(config: &Config) -> Markup {
    html! {
        @if !config.warnings.is_empty() {
            p class="caution" { "There are findings: das2_srv_config check tells them." }
        }
        table class="settings" {
            @for Setting { keyword, value, .. } in settings(config) {
                @match (native::key_of(&keyword), value) {
                    (None, _) => (row(&keyword, "a keyword of the site, not shown here", None)),
                    (_, Some(value)) => (row(&keyword, &value, None)),
                    (_, None) => (row(&keyword, "not set", None)),
                }
            }
        }
    }
}

fn row(name: &str, value: &str, state: Option<Result<&'static str, String>>) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td { (value) }
            @match state {
                Some(Ok(state)) => td class="good" { (state) },
                Some(Err(state)) => td class="caution" { (state) },
                None => {},
            }
        }
    }
}
