//! Statuses, and the two forms of errors.

use crate::site::{RANGE, Site};

#[test]
fn unknown_keywords_and_addresses() {
    let site = Site::new("");
    let answer = site.get("server=foo");
    assert_eq!(
        (answer.status(), answer.exception().as_str()),
        (400, "BadRequest")
    );
    assert_eq!(answer.content_type(), "text/vnd.das2.das2stream");
    let answer = site.browse("server=foo");
    assert_eq!(
        (answer.status(), answer.content_type()),
        (400, "text/plain; charset=utf-8")
    );
    assert!(answer.text().contains("discovery"));
    assert_eq!(site.get_path("/nosuch", "").status(), 404);
    assert_eq!(site.get_path("/a/../id", "").status(), 400);
    assert_eq!(site.get_path("/id", "").text(), "Test Site\r\n");
}

#[test]
fn what_is_not_built_is_501() {
    let site = Site::new("");
    for query in ["image", "authenticator", "source"] {
        let answer = site.get(&format!("server={query}&dataset=data"));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (501, "NotImplemented"),
            "{query}"
        );
    }
    for path in [
        "/source/",
        "/source/data",
        "/catalog",
        "/services.json",
        "/hapi/info",
    ] {
        assert_eq!(site.get_path(path, "").status(), 501, "{path}");
    }
}

#[test]
fn settings_are_for_allowed_addresses_only() {
    let site = Site::new("VIEW_LOG_ALLOW = 127.0.0.1");
    let ask = || {
        site.ask()
            .variable("HTTP_AUTHORIZATION", "Basic dXNlcjpwYXNzd29yZA==")
    };
    assert_eq!(ask().query("server=debug").answer().status(), 403);
    assert_eq!(ask().variable("PATH_INFO", "/debug").answer().status(), 403);
    // A proxy on this machine asks for everybody.
    let proxied = ask()
        .query("server=debug")
        .variable("REMOTE_ADDR", "127.0.0.1")
        .variable("HTTP_X_FORWARDED_FOR", "192.0.2.9");
    assert_eq!(proxied.answer().status(), 403);
}

#[test]
fn settings_without_anything_secret() {
    let site = Site::new(
        "VIEW_LOG_ALLOW = 127.0.0.1\nWORK_QUEUE_CONN = redis://me:tomato@queue.example.org/3\n\
         ARCHIVE_KEY = cucumber\nSTATE_PATH = /no/<such>/place",
    );
    for (query, path) in [("server=debug", ""), ("", "/debug")] {
        let page = site
            .ask()
            .query(query)
            .variable("PATH_INFO", path)
            .variable("REMOTE_ADDR", "127.0.0.1")
            .variable("HTTP_AUTHORIZATION", "Basic dXNlcjpyYWRpc2g=")
            .answer();
        assert_eq!(page.status(), 200);
        let text = page.text();
        for part in [
            "redis://me:***@queue.example.org:6379/3",
            "ARCHIVE_KEY",
            "READER_TIME_LIMIT",
            "das2server.conf",
            "arrives here",
            "can be written",
            "/no/&lt;such&gt;/place",
            "cannot be written: No such file or directory",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        // Passwords of the queue, the request, and what may be one.
        for secret in ["tomato", "dXNlcjpyYWRpc2g=", "radish", "cucumber"] {
            assert!(!text.contains(secret), "{secret}");
        }
        assert_eq!(page.header("Access-Control-Allow-Origin"), None);
        assert_eq!(page.header("Cache-Control"), Some("no-store"));
    }
    assert!(!site.log().contains("radish") && !site.log().contains("dXNlcjpyYWRpc2g="));
}

#[test]
fn methods() {
    let site = Site::new("");
    let of = |method| {
        site.ask()
            .query("server=list")
            .variable("REQUEST_METHOD", method)
            .answer()
    };
    for method in ["POST", "PUT", "DELETE", "get", "TRACE"] {
        let answer = of(method);
        assert_eq!(
            (answer.status(), answer.header("Allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{method}"
        );
    }
    let answer = of("OPTIONS");
    assert_eq!((answer.status(), answer.body.len()), (204, 0));
    let answer = of("HEAD");
    assert_eq!((answer.status(), answer.body.len()), (200, 0));
    assert_eq!(answer.content_type(), "text/plain; charset=utf-8");
}

#[test]
fn every_answer_may_be_read_by_any_page_and_fits_small_buffers() {
    let site = Site::new("");
    site.source("closed", "", "readAccess = 'GROUP:g'");
    let long = "é".repeat(2000);
    for query in [
        "server=list",
        "server=id",
        "server=peers",
        "server=logo",
        "server=foo",
        "server=debug",
        "",
        "server=dsdf&dataset=nope",
        &format!("server=dataset&dataset=data&{RANGE}"),
        &format!("server=dataset&dataset=closed&{RANGE}"),
        "server=dataset&dataset=data",
        &format!("server=dataset&dataset={long}&start_time={long}"),
    ] {
        let answer = site.get(query);
        assert_eq!(
            answer.header("Access-Control-Allow-Origin"),
            Some("*"),
            "{query}"
        );
        assert!(answer.head.len() < 1500, "{query}: {}", answer.head);
        let header_lines = answer.head.trim_end().split("\r\n");
        assert!(
            header_lines
                .clone()
                .all(|line| !line.contains(['\r', '\n'])),
            "{query}"
        );
        assert!(
            header_lines
                .map(|line| line.split(": ").next().unwrap())
                .all(|name| name.starts_with(char::is_uppercase))
        );
    }
}

#[test]
fn without_a_configuration_people_are_told_and_no_path_is_shown() {
    let site = Site::new("");
    let ask = || site.ask().query("server=id");
    let missing = ask()
        .variable("DAS2_SERVER_CONF", site.path("none.conf"))
        .answer();
    assert_eq!(
        (missing.status(), missing.exception().as_str()),
        (500, "InternalServerError")
    );
    assert!(!missing.text().contains("none.conf"));
    site.write("das2server.conf", "SITE_NAME = x\nno value here\n");
    let wrong = ask().answer();
    assert_eq!(wrong.status(), 500);
    assert!(wrong.text().contains("line 2") && !wrong.text().contains("das2server.conf"));
}

#[test]
fn definitions_with_errors_are_the_servers_fault_and_logged() {
    let site = Site::new("");
    site.dsdf("bad", "reader = 'x'\nthis is no keyword\n");
    site.dsdf("none", "description = 'no reader'\n");
    site.dsdf("empty", "; nothing\n");
    for (name, words) in [("bad", "line 2"), ("none", "no reader"), ("empty", "empty")] {
        let answer = site.get(&format!("server=dataset&dataset={name}&{RANGE}"));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (500, "InternalServerError")
        );
        let text = answer.text();
        assert!(text.contains(words) && !text.contains("/dsdf"), "{text}");
        let id = text
            .split("error ")
            .last()
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        assert!(site.log().contains(&format!("Error {id}: ")), "{text}");
    }
    assert!(site.get("server=list").text().contains("bad"));
}
