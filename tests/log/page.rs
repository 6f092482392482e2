//! What the page shows, and to whom.

use crate::site::{RANGE, Site};

/// The page for the address that all requests of a site come from.
pub fn page(site: &Site, query: &str) -> String {
    let answer = site.ask_log().query(query).answer();
    assert_eq!(answer.status(), 200, "{}{}", answer.head, answer.text());
    answer.text()
}

pub fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

/// A site with a few requests of different ends in its log.
fn asked_site() -> Site {
    let site = Site::new("");
    site.reader("loud", "echo 'a <complaint>' >&2; data");
    site.dsdf("x/loud", "reader = 'loud'\ndas2Stream = 1\n");
    site.source("broken", "echo why >&2; exit 3", "");
    site.get(&format!("server=dataset&dataset=data&{RANGE}&ascii=1"));
    site.get(&format!(
        "server=dataset&dataset=x/loud&{RANGE}&resolution=60"
    ));
    site.get(&format!("server=dataset&dataset=broken&{RANGE}"));
    site.get("server=dsdf&dataset=data");
    site.get("server=dataset&dataset=nope&start_time=2017-01-01&end_time=2018-01-01");
    site.get("server=id");
    site
}

#[test]
fn requests_with_what_they_were_and_how_they_ended() {
    let site = asked_site();
    let text = page(&site, "");
    for part in [
        "href=\"/das/server/static/das2server.css\"",
        "192.0.2.7",
        "href=\"/das/server?server=dataset&amp;dataset=x/loud&amp;start_time=2017-01-01&amp;end_time=2017-01-02&amp;resolution=60\"",
        "<b>data</b> <span>2017-01-01 to 2017-01-02</span> <span>as text</span>",
        "<b>x/loud</b> <span>2017-01-01 to 2017-01-02</span> <span>every 60 s</span>",
        "Standard error, 1 line",
        "a &lt;complaint&gt;",
        "class=\"request failed\"",
        ">500</span>",
        ">404</span>",
        "<b>site name</b> <span>server=id</span>",
        " · reader</span>",
        "Answered 404 NoSuchDatasource",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(count(&text, "class=\"request "), 6);
    // Newest first; and looking at it is not itself a request.
    let places = ["<b>site name", "<b>nope", "<b>broken", "<b>x/loud"];
    let places: Vec<usize> = places.iter().map(|what| text.find(what).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(count(&page(&site, ""), "class=\"request "), 6);
    for (query, requests) in [
        ("q=COMPLAINT", 1),
        ("q=NoSuchDatasource", 1),
        ("status=failed", 2),
        ("status=404", 1),
        ("status=5xx", 1),
        ("status=good", 4),
        ("status=stderr", 2),
        ("status=running", 0),
        ("dataset=data", 2),
        ("dataset=x", 1),
        ("dataset=x%2Floud&q=voltage&status=200", 0),
        ("dataset=x%2Floud&q=exec&status=200", 1),
        ("day=1999-01-01", 0),
        ("q=nowhere", 0),
    ] {
        let text = page(&site, query);
        assert_eq!(
            count(&text, "class=\"request "),
            requests,
            "{query}: {text}"
        );
        assert!(text.contains("Show all"));
    }
    for query in ["status=x", "day=yesterday", "before=x", "q=%ff", "ip=%00"] {
        let answer = site.ask_log().query(query).answer();
        assert_eq!(answer.status(), 400, "{query}");
    }
}

#[test]
fn the_page_is_for_nobody_elses_pages() {
    let site = Site::new("VIEW_LOG_ALLOW = 192.0.2.7");
    let answer = site.ask_log().answer();
    let policy = answer.header("Content-Security-Policy").unwrap();
    for part in [
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
    let cookie = answer.header("Set-Cookie").unwrap();
    assert!(
        cookie.contains("; Path=/das/log; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    assert!(!answer.text().contains("<script") && !answer.text().contains("style=\""));
    // Style sheet and logo on another host are let in, and nothing else is.
    let site = Site::new("MAIN_SRV_URL = https://das.example.org:8443/das/server");
    let answer = site.ask_log().answer();
    let policy = answer.header("Content-Security-Policy").unwrap();
    assert!(
        policy.contains("style-src 'self' https://das.example.org:8443;"),
        "{policy}"
    );
    assert_eq!(answer.header("Set-Cookie"), None);
}

#[test]
fn pages_follow_each_other() {
    let site = Site::new("");
    let lines = |n: u32| {
        let time = format!(
            "Tue Nov 24 {:02}:{:02}:{:02} 2026",
            n / 3600,
            n / 60 % 60,
            n % 60
        );
        format!(
            "[{time} {n}    0] Input:\n[{time} {n}    1]    Parameters: server=dataset&dataset=D{n}\n\
             [{time} {n}    2] Query handled without error in 1.0 milliseconds.\n"
        )
    };
    let text: String = (0..1000).map(lines).collect();
    site.write("log/das2.192.0.2.7_0.log", text);
    let mut query = String::new();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let text = page(&site, &query);
        let names = text.split("<b>D").skip(1);
        seen.extend(names.map(|rest| rest.split('<').next().unwrap().parse::<u32>().unwrap()));
        let Some((before, _)) = text.split_once("\">Older</a>") else {
            break;
        };
        query = before
            .rsplit("href=\"/das/log?")
            .next()
            .unwrap()
            .replace("&amp;", "&");
    }
    assert!(seen.iter().copied().eq((0..1000).rev()), "{seen:?}");
    assert_eq!(
        count(&page(&site, "q=dataset%3DD99"), "class=\"request "),
        11
    );
}

#[test]
fn a_site_without_logs_and_odd_methods() {
    let site = Site::new("");
    assert!(page(&site, "").contains("There are no requests yet."));
    assert_eq!(
        site.ask_log().variable("PATH_INFO", "/x").answer().status(),
        404
    );
    let answer = site.ask_log().variable("REQUEST_METHOD", "HEAD").answer();
    assert_eq!((answer.status(), answer.body.len()), (200, 0));
    for method in ["PUT", "DELETE", "OPTIONS"] {
        let answer = site.ask_log().variable("REQUEST_METHOD", method).answer();
        assert_eq!(
            (answer.status(), answer.header("Allow")),
            (405, Some("GET, HEAD, POST"))
        );
    }
    site.write("das2server.conf", "SITE_NAME = Test\n");
    assert_eq!(site.ask_log().answer().status(), 500);
}
