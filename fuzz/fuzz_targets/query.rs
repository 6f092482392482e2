//! Any query string, path and agent: no panic, times and names that were
//! understood are sane, and an error answer has the form that clients read.
#![no_main]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use das2_server::source::Tree;
use das2_server::stream::{Element, Tag, parse_tag};
use das2_server::time::Time;
use das2_server::web::answer::data_request::DataRequest;
use das2_server::web::{Error, Key, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |&byte| byte == 0);
    let mut next = || OsString::from_vec(parts.next().unwrap_or_default().to_vec());
    let (query, path, other) = (next(), next(), next());
    let request = Request::from_environment(|name| match name {
        "REQUEST_METHOD" => Some("GET".into()),
        "QUERY_STRING" => Some(query.clone()),
        "PATH_INFO" => Some(path.clone()),
        _ => Some(other.clone()),
    });
    let _ = (request.script_url(), request.url(), request.path_shown());
    if let Ok(path) = request.path() {
        assert!(!path.contains(".."));
    }
    if let Ok(Some(name)) = request.query.get(Key::Dataset) {
        if let Ok(located) = Tree::new(Path::new("/tree")).locate(&name) {
            assert!(located.path.starts_with("/tree"));
        }
        let kept = request.query.with_dataset(b"New%2FName");
        assert!(kept.windows(10).any(|bytes| bytes == b"New%2FName"));
    }
    match DataRequest::of_query(&request.query, Time::now()) {
        Ok(asked) => drop(asked),
        Err(error) => answer(&error, &request),
    }
});

/// What a das2 client gets for an error is one whole packet.
fn answer(error: &Error, request: &Request) {
    let mut bytes = Vec::new();
    error.response(request).send(&mut bytes, true).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, body) = bytes.split_at(end + 4);
    assert!(head.len() <= 2048, "das2C reads no more headers than this");
    if request.is_browser() {
        return;
    }
    let Ok(Tag::Header { length, .. }) = parse_tag(body) else {
        panic!("no packet");
    };
    assert_eq!(body.len(), length + 10);
    Element::parse(&body[10..]).expect("well-formed XML");
}
