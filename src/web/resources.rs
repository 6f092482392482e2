//! Files that pages are made of: those of the site in SITE_FILES, and behind
//! them those that came with the server, in RESOURCE_PATH.
//!
//! An update of the server changes RESOURCE_PATH alone, so what a site has of
//! its own stays, and a file of the same name wins.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::exchange::Exchange;
use crate::config::Config;

/// A style sheet of the site's, behind the one of STYLE_SHEET on every page.
pub(super) const SITE_STYLE: &str = "site.css";

/// HTML of the site's own, for its front page.
pub(super) const WELCOME: &str = "welcome.html";

/// A text for a page is a page or two.
const LONGEST_TEXT: u64 = 256 << 10;

/// The folders, the site's own first.
pub(super) fn folders(config: &Config) -> impl Iterator<Item = &Path> {
    let folders = [&config.site_files, &config.resource_path];
    folders.into_iter().flatten().map(PathBuf::as_path)
}

/// The file of this name. One that a link leads to elsewhere is none: whatever
/// lies in these folders is shown to everybody, and nothing else is.
pub(super) fn find(exchange: &mut Exchange<'_>, name: &Path) -> Option<PathBuf> {
    let config = exchange.config;
    for folder in folders(config) {
        let path = folder.join(name);
        // A pipe that lies there would never open.
        if !path.is_file() {
            continue;
        }
        if lies_in(folder, &path) {
            return Some(path);
        }
        exchange.log.line(format_args!(
            "{} is a link to a file outside of {}, and is not shown: put the file itself there",
            path.display(),
            folder.display()
        ));
    }
    None
}

fn lies_in(folder: &Path, path: &Path) -> bool {
    let resolved = Option::zip(folder.canonicalize().ok(), path.canonicalize().ok());
    resolved.is_some_and(|(folder, path)| path.starts_with(folder))
}

/// Whether the site has a style sheet to be put behind the server's.
pub(super) fn has_site_style(config: &Config) -> bool {
    let style = config.site_files.as_deref();
    style.is_some_and(|folder| folder.join(SITE_STYLE).is_file())
}

/// The site's own text for its front page, HTML as it stands: whoever writes
/// there runs the server. None where there is none; a file that cannot be
/// read is a line in the log.
pub(super) fn welcome(exchange: &mut Exchange<'_>) -> Option<String> {
    let path = exchange.config.site_files.as_ref()?.join(WELCOME);
    if !path.exists() {
        return None;
    }
    match text(&path) {
        Ok(text) => Some(text),
        Err(reason) => {
            exchange
                .log
                .line(format_args!("{}: {reason}", path.display()));
            None
        }
    }
}

fn text(path: &Path) -> io::Result<String> {
    if !path.is_file() {
        return Err(io::Error::other("is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LONGEST_TEXT + 1)
        .read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= LONGEST_TEXT => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        _ => Err(io::Error::other("is longer than 256 KiB")),
    }
}
