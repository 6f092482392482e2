//! What das2C needs: it speaks HTTP/1.0, compares the names of headers with
//! case, and refuses any address with a port, so this has to be port 80.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::http::{Answer, ask};
use crate::server::{Passwords, Site};

const ADDRESS: &str = "127.0.0.1:80";
const SERVER: &str = "http://127.0.0.1/das/server";
const RANGE: &str = "start_time=2017-01-01&end_time=2017-01-02";

fn skip(why: &str) {
    // Past the capture of test output: this has to be seen.
    let _ = writeln!(std::io::stderr(), "skipped: das2C on port 80, {why}");
}

/// A site on port 80 too, with the source `old`, which is Examples/Random now.
fn start() -> Option<Site> {
    if TcpListener::bind(ADDRESS).is_err() {
        skip("which is taken or only for root");
        return None;
    }
    let site = Site::start_with(Passwords::Rewrite, "Listen 127.0.0.1:80")?;
    site.add_source("old", "das2Stream = 1\nrename = 'Examples/Random'", "");
    Some(site)
}

/// The answer to a request as libdas2 writes it.
fn get(query: &str) -> Answer {
    get_with(query, "")
}

/// The same with further headers.
fn get_with(query: &str, headers: &str) -> Answer {
    let address: SocketAddr = ADDRESS.parse().unwrap();
    ask(
        address,
        &format!(
            "GET /das/server?{query} HTTP/1.0\r\nHost: 127.0.0.1\r\n\
             User-Agent: libdas2/2.3\r\nConnection: close\r\n{headers}\r\n"
        ),
    )
}

#[test]
fn a_redirect_a_password_and_data() {
    let Some(site) = start() else { return };

    let old = get(&format!("server=dataset&dataset=old&{RANGE}&x=a%20b%2Bc"));
    assert_eq!(old.status(), 301, "{}", site.logs());
    let location = old.header("Location").unwrap();
    let expected = format!("{SERVER}?server=dataset&dataset=Examples/Random&{RANGE}&x=a%20b%2Bc");
    assert_eq!(location, expected);

    let data = get(location.split_once('?').unwrap().1);
    assert_eq!(data.status(), 200);
    assert_eq!(data.content_type(), "application/vnd.das2.das2stream");
    assert_eq!(data.header("Transfer-Encoding"), None);
    assert!(data.text().contains("</packet>\n:01:2017-01-01T"));

    let closed = get(&format!("server=dataset&dataset=Examples/Auth&{RANGE}"));
    assert_eq!(closed.status(), 401);
    let realm = "Basic realm=\"My Random Data Realm\"";
    assert_eq!(closed.header("WWW-Authenticate"), Some(realm));

    let opened = get_with(
        &format!("server=dataset&dataset=Examples/Auth&{RANGE}"),
        "Authorization: Basic dGVzdHVzZXI6dGVzdA==\r\n",
    );
    assert_eq!(opened.status(), 200, "{}", site.logs());
    assert!(opened.text().contains("</packet>\n:01:2017-01-01T"));

    for answer in [old, data, closed, opened] {
        assert!(answer.head.len() <= 2048, "{}", answer.head);
    }
    with_das2c();
}

/// The same by das2C itself, through the program of it that fetches addresses
/// (to find catalogues in them, which these are not: it says what it got).
fn with_das2c() {
    let Some(folder) = std::env::var_os("DAS2C_BIN").map(PathBuf::from) else {
        return skip("the part with its programs: DAS2C_BIN names no folder with them");
    };
    let says = |query: &str| {
        let mut node = Command::new(folder.join("das3_node"));
        let url = format!("{SERVER}?{query}");
        node.args(["-l", "debug", "-a", &url, "x"]);
        let output = node.stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let said = says("server=dsdf&dataset=old");
    let random = format!("Redirected to: {SERVER}?server=dsdf&dataset=Examples/Random");
    assert!(said.contains(&random), "{said}");
    assert!(said.contains("221 bytes read"), "{said}");
    let said = says(&format!(
        "server=dataset&dataset=old&{RANGE}&resolution=600"
    ));
    assert!(said.contains("8273 bytes read"), "{said}");
    let said = says(&format!("server=dataset&dataset=Examples/Auth&{RANGE}"));
    let wanted = format!("Auth required for dataset Examples/Auth on server {SERVER}");
    assert!(said.contains(&wanted), "{said}");
}
