//! Requests through the real executable under a fabricated CGI environment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod site;

use site::{RANGE, Site};

#[test]
fn a_first_request_of_each_kind() {
    let site = Site::new("");
    assert_eq!(site.get("server=id").text(), "Test Site\r\n");
    assert_eq!(
        site.get("server=LIST").text(),
        "args|Arguments\r\ndata|Three records\r\n"
    );
    assert!(
        site.get("server=dsdf&dataset=data")
            .text()
            .contains("description=\"Three records\"")
    );
    let answer = site.get(&format!("server=dataset&dataset=data&{RANGE}"));
    assert_eq!(answer.text(), site::stream(3));
    assert_eq!(answer.content_type(), "application/vnd.das2.das2stream");
}
