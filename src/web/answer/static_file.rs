//! Files that pages are made of: style sheet, logo, scripts.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use crate::web::encoding::{Accepted, is_text};
use crate::web::query::shown;
use crate::web::request::Request;
use crate::web::response::{Head, Response, Status, gzip_tag};
use crate::web::{Answer, Error, Exchange, resources};

/// Longer texts are sent as they are: a compressed one is made in memory.
const LONGEST_TEXT: u64 = 4 << 20;

/// Types by the end of a file's name.
const TYPES: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("gif", "image/gif"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json; charset=utf-8"),
    ("map", "application/json; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xml", "text/xml; charset=utf-8"),
    ("xsl", "text/xsl; charset=utf-8"),
];

/// `/static/FILE`: a file under SITE_FILES or RESOURCE_PATH. Links are followed
/// where they stay below these folders.
///
/// # Errors
/// 404 for what is no file there.
pub fn answer(exchange: &mut Exchange<'_>) -> Result<Answer, Error> {
    let path = exchange.request.path()?;
    let name = path.strip_prefix("/static/").unwrap_or_default();
    let none = || Error::NotFound(format!("There is no file {} on this server", shown(path)));
    // Hidden files are not meant to be seen, and `.` is no file.
    if name
        .split('/')
        .any(|part| part.is_empty() || part.starts_with('.'))
    {
        return Err(none());
    }
    if resources::folders(exchange.config).next().is_none() {
        exchange
            .log
            .line("RESOURCE_PATH is not set in the configuration: no static files");
    }
    let file = resources::find(exchange, Path::new(name)).ok_or_else(none)?;
    send(exchange.request, &file)?.ok_or_else(none)
}

/// The file at a path, or that the client has it already; None where there is
/// no file.
pub fn send(request: &Request, path: &Path) -> Result<Option<Answer>, Error> {
    // A pipe that lies there would never open.
    if !path.is_file() {
        return Ok(None);
    }
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = opened.map_err(|reason| unreadable(path, reason))?;
    let content_type = type_of(path);
    let accepted = Accepted::of_header(&request.accept_encoding);
    let is_text = is_text(content_type) && metadata.len() <= LONGEST_TEXT;
    let tag = format!(
        "\"{:x}-{:x}-{:x}\"",
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.len()
    );
    if is_known(request, &tag, &metadata) {
        let mut response = Response::empty(Status(304, "Not Modified"));
        match is_text && accepted.compresses(metadata.len()) {
            true => response.header("ETag", gzip_tag(&tag)),
            false => response.header("ETag", tag),
        }
        if is_text {
            response.header("Vary", "Accept-Encoding");
        }
        return Ok(Some(response.into()));
    }
    let mut head = Head::new(Status::OK, content_type);
    head.add("Content-Length", metadata.len().to_string());
    head.add("ETag", tag);
    if let Some(modified) = seconds_of(&metadata) {
        head.add(
            "Last-Modified",
            httpdate::fmt_http_date(UNIX_EPOCH + modified),
        );
    }
    if is_text {
        head.add_vary();
    }
    if is_text && accepted.compresses(metadata.len()) {
        let mut body = Vec::new();
        let read = file.take(LONGEST_TEXT).read_to_end(&mut body);
        read.map_err(|reason| unreadable(path, reason))?;
        return Ok(Some(Response::with_body(head, body).into()));
    }
    Ok(Some(Answer::File(head, file)))
}

fn unreadable(path: &Path, reason: io::Error) -> Error {
    let log = format!("{}: {reason}", path.display());
    Error::internal("The file cannot be read", log)
}

/// The type of a file by its name.
pub fn type_of(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default();
    let row = TYPES
        .iter()
        .find(|(end, _)| extension.eq_ignore_ascii_case(end));
    row.map_or("application/octet-stream", |(_, content_type)| content_type)
}

/// Whether the client has this state of the file. Its date counts only without
/// a tag.
fn is_known(request: &Request, tag: &str, metadata: &Metadata) -> bool {
    if !request.if_none_match.is_empty() {
        let is_tag = |known: &str| known == tag || known == gzip_tag(tag);
        let mut tags = request.if_none_match.split(',').map(str::trim);
        return tags.any(|known| known == "*" || is_tag(known.trim_start_matches("W/")));
    }
    let since = httpdate::parse_http_date(&request.if_modified_since).ok();
    let modified = seconds_of(metadata).map(|modified| UNIX_EPOCH + modified);
    since
        .zip(modified)
        .is_some_and(|(since, modified)| modified <= since)
}

/// Whole seconds from 1970 to the last change: dates have no fractions. None
/// before 1970, and for years that no date can be written of.
fn seconds_of(metadata: &Metadata) -> Option<Duration> {
    const YEAR_9999: u64 = 253_402_300_800;
    let seconds = u64::try_from(metadata.mtime()).ok()?;
    (seconds < YEAR_9999).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::request::tests::request;

    #[test]
    fn types() {
        assert_eq!(type_of(Path::new("a.b/x.PNG")), "image/png");
        assert_eq!(type_of(Path::new("x")), "application/octet-stream");
    }

    #[test]
    fn unchanged_files_are_not_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.css");
        std::fs::write(&path, "x").unwrap();
        let Ok(Some(Answer::File(head, _))) = send(&request(&[]), &path) else {
            panic!()
        };
        let text = String::from_utf8(head.to_bytes()).unwrap();
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap()
                .to_owned()
        };
        let (tag, date) = (value("ETag: "), value("Last-Modified: "));
        let status = |name, value: &str| match send(&request(&[(name, value)]), &path) {
            Ok(Some(Answer::Whole(response))) => response.head().status().0,
            Ok(Some(Answer::File(head, _))) => head.status().0,
            _ => 0,
        };
        assert_eq!(
            status("HTTP_IF_NONE_MATCH", &format!("\"z\", W/{tag}")),
            304
        );
        assert_eq!(status("HTTP_IF_NONE_MATCH", "\"z\""), 200);
        assert_eq!(status("HTTP_IF_MODIFIED_SINCE", &date), 304);
        assert_eq!(
            status("HTTP_IF_MODIFIED_SINCE", "Thu, 01 Jan 1970 00:00:00 GMT"),
            200
        );
        assert_eq!(status("HTTP_IF_MODIFIED_SINCE", "yesterday"), 200);
        assert!(matches!(send(&request(&[]), folder.path()), Ok(None)));
    }
}
