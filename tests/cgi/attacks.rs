//! Texts of definitions and requests that are to be more than text.

use std::fs;

use das2_server::source::KEYWORDS;

use crate::site::{Answer, RANGE, Site};

const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";

/// What would be markup, in a page or in XML.
const MARKUP: [&str; 2] = ["<script", "<img src=x"];

/// Keywords that decide what a source is, rather than say something of it.
const NOT_TEXT: &[&str] = &[
    "das2Stream",
    "groupAccess",
    "hidden",
    "qstream",
    "readAccess",
    "reader",
    "rename",
    "server",
];

fn is_harmless(answer: &Answer, what: &str) {
    let text = answer.text();
    let kind = answer.content_type();
    // Text is not markup, whatever is in it, if nobody is asked to guess.
    if kind.starts_with("text/plain") || kind.starts_with("application/json") {
        return;
    }
    for markup in MARKUP {
        assert!(!text.contains(markup), "{what}: {markup} in {text}");
    }
    if kind.starts_with("text/html") {
        let policy = answer.header("Content-Security-Policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
    }
}

/// Every keyword of a definition, also of one that cannot be read, of a folder, and every
/// text of a request, on every page and in every answer.
#[test]
fn markup_in_every_text_stays_text() {
    let site = Site::new("VIEW_LOG_ALLOW = 192.0.2.7");
    let texts: String = KEYWORDS
        .iter()
        .filter(|keyword| !NOT_TEXT.contains(keyword))
        .flat_map(|keyword| {
            let value = EVIL.replace('\'', "''");
            let numbered = matches!(*keyword, "cacheLevel" | "exampleParams" | "item" | "param");
            let numbers: &[&str] = if numbered { &["_00", "_01"] } else { &[""] };
            numbers
                .iter()
                .map(move |number| format!("{keyword}{number} = '{value}'\n"))
        })
        .collect();
    let example = format!("exampleRange_07 = '2017-01-01 to 2017-01-02 | {EVIL}'\n");
    site.dsdf(
        "evil",
        &format!("{texts}{example}reader = 'data'\ndas2Stream = 1\n"),
    );
    site.dsdf("folder/_dirinfo_", &format!("description = '{EVIL}'\n"));
    site.dsdf(
        "folder/in",
        &format!("description = '{EVIL}'\n{example}reader = 'data'\n"),
    );
    site.dsdf("broken", &format!("{texts}qstream = '{EVIL}'\n"));
    site.dsdf("moved", &format!("description = 'x'\nrename = '{EVIL}'\n"));
    let encoded = EVIL
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace(' ', "%20");
    let mut asked = 0;
    for name in ["evil", "broken", "moved", "folder/in", "data", &encoded] {
        for word in [
            "list",
            "discovery",
            "dsdf",
            "dataset",
            "id",
            "logo",
            "peers",
            "debug",
            "source",
            "image",
            &encoded,
        ] {
            for more in [
                "",
                &format!("&params={encoded}&resolution={encoded}"),
                "&ascii=1",
            ] {
                let query = format!("server={word}&dataset={name}&{RANGE}{more}");
                is_harmless(&site.browse(&query), &query);
                is_harmless(&site.get(&query), &query);
                asked += 2;
            }
        }
        for path in [
            "",
            "/",
            "/data/",
            "/source/",
            "/coverage/",
            "/static/",
            "/catalog",
            "/x",
        ] {
            let path = format!("{path}{}", if path.is_empty() { "" } else { name });
            let ask = site
                .ask()
                .variable("PATH_INFO", path.replace("%3C", "<").replace("%3E", ">"));
            let agent = format!("Mozilla/5.0 {EVIL}");
            is_harmless(&ask.variable("HTTP_USER_AGENT", agent).answer(), &path);
        }
    }
    assert!(asked > 300);
    // They were there to be seen.
    assert!(site.browse("").text().contains("&lt;script"));
    assert!(
        site.get("server=dsdf&dataset=evil")
            .text()
            .contains("&lt;script")
    );
    is_harmless(&site.ask_log().answer(), "log");
}

/// Names of headers that answers have.
const HEADERS: &[&str] = &[
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "allow",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "etag",
    "expires",
    "last-modified",
    "location",
    "referrer-policy",
    "retry-after",
    "status",
    "vary",
    "www-authenticate",
    "x-content-type-options",
];

fn has_one_head(answer: &Answer, what: &str) {
    for line in answer.head.lines().filter(|line| !line.is_empty()) {
        let (name, _) = line.split_once(": ").unwrap_or((line, ""));
        let name = name.to_ascii_lowercase();
        assert!(
            HEADERS.contains(&name.as_str()),
            "{what}: {line} in {}",
            answer.head
        );
    }
    assert!(!answer.head.contains('\0'), "{what}");
    assert!(!answer.text().starts_with("Evil"), "{what}");
}

/// Through what a client writes, what a definition takes from it, and names of files.
#[test]
fn no_header_is_split() {
    let site = Site::new("");
    let evil = "x\r\nSet-Cookie: a=b\r\n\r\nEvil";
    site.dsdf("renames", "rename = 'a$(_params)b$(place)'\n");
    site.dsdf("elsewhere", "server = 'https://example.org/$(place)'\n");
    site.dsdf(
        "realm",
        "reader = 'data'\nreadAccess = 'USER:x'\nsecurityRealm = 'R$(place)'\n",
    );
    for name in [evil, "a\nSet-Cookie: b", "a\"; x=\"", "a\u{85}b", "ä€"] {
        let safe = name.replace('/', "_");
        fs::copy(
            site.path("dsdf/data.dsdf"),
            site.path(&format!("dsdf/{safe}.dsdf")),
        )
        .unwrap();
        site.write(&format!("static/{safe}.css"), "x");
    }
    let forms = [
        "%0d%0a",
        "%0D%0A",
        "%0a",
        "%0d",
        "\r\n",
        "%E5%98%8A%E5%98%8D",
        "%250d%250a",
        "%00",
    ];
    for form in forms {
        let text = format!("x{form}Set-Cookie:%20a=b{form}{form}Evil");
        let mut queries: Vec<String> = ["renames", "elsewhere", "realm", "data", "args", &text]
            .iter()
            .flat_map(|name| {
                ["dataset", "dsdf", "image", "coverage", &text].map(|word| {
                    format!(
                        "server={word}&dataset={name}&{RANGE}&place={text}&params={text}&x={text}"
                    )
                })
            })
            .collect();
        for key in [
            "server",
            "dataset",
            "start_time",
            "end_time",
            "resolution",
            "interval",
            "params",
            "ascii",
        ] {
            queries.push(format!("server=dataset&dataset=data&{RANGE}&{key}={text}"));
            queries.push(format!("{key}={text}&server=dataset&dataset=data&{RANGE}"));
        }
        for query in &queries {
            has_one_head(&site.get(query), query);
            has_one_head(&site.browse(query), query);
        }
        let raw = text
            .replace("%0d", "\r")
            .replace("%0D", "\r")
            .replace("%0a", "\n")
            .replace("%0A", "\n");
        let raw = raw.replace("%00", "").replace("%20", " ");
        for path in ["/data/", "/coverage/", "/static/", "/source/", "/"] {
            let path = format!("{path}{raw}");
            let times = "time.min=2017-01-01&time.max=2017-01-02";
            has_one_head(&site.get_path(&path, times), &path);
        }
        for name in [
            "HTTP_HOST",
            "SERVER_NAME",
            "SCRIPT_NAME",
            "HTTP_USER_AGENT",
            "HTTP_ACCEPT_ENCODING",
            "HTTP_IF_NONE_MATCH",
            "HTTP_ORIGIN",
        ] {
            for query in [
                format!("server=dataset&dataset=renames&{RANGE}"),
                format!("server=dataset&dataset=realm&{RANGE}"),
            ] {
                let answer = site.ask().query(&query).variable(name, &raw).answer();
                has_one_head(&answer, name);
            }
        }
    }
    for name in [evil, "a\nSet-Cookie: b", "a\"; x=\"", "a\u{85}b", "ä€"] {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let query = format!("server=dataset&dataset={encoded}&{RANGE}");
        has_one_head(&site.get(&query), name);
        has_one_head(&site.get_path(&format!("/static/{name}.css"), ""), name);
    }
}
