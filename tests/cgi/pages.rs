//! The landing page, static files, logo, peers.

use crate::site::Site;

#[test]
fn the_landing_page_shows_the_site_and_escapes_it() {
    let site = Site::new(
        "CONTACT_EMAIL = \"a&#64;b.org\"\nVIEW_LOG_URL = /das/log\nSAMPLE_DSDF = data\n\
         SAMPLE_START = 2017-01-01\nSAMPLE_END = 2017-01-02",
    );
    site.dsdf("x/mark", "description = '<b>bold</b> \"x\"'\nreader = 'data'\ndas2Stream = 1\nexampleRange = '2017-01-01 to 2017-01-02 | <i>'\n");
    for (path, query) in [("", ""), ("/", "a=b")] {
        let page = site.get_path(path, query);
        assert_eq!(
            (page.status(), page.content_type()),
            (200, "text/html; charset=utf-8")
        );
        let text = page.text();
        for part in [
            "Test Site",
            "a&#64;b.org",
            "href=\"/das/log\"",
            "&lt;b&gt;bold&lt;/b&gt;",
            "title=\"&lt;i&gt;\"",
            "vap+das2server:http://das.example.org/das/server?dataset=x/mark&amp;start_time=2017-01-01&amp;end_time=2017-01-02&amp;resolution=43.2",
            "/das/server/static/das2server.css",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("<b>") && !text.contains("<i>"));
    }
}

#[test]
fn a_broken_source_or_tree_does_not_take_the_page_away() {
    let site = Site::new("");
    site.dsdf(
        "bad",
        "exampleRange = '2017-01-01 to 2017-01-02'\nno keyword\n",
    );
    let page = site.get("");
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("dataset=bad"));
    std::fs::remove_dir_all(site.path("dsdf")).unwrap();
    let page = site.get("");
    assert_eq!(page.status(), 200);
    assert!(page.text().contains("class=\"caution\""));
    let list = site.get("server=list");
    assert_eq!(
        (list.status(), list.exception().as_str()),
        (500, "InternalServerError")
    );
}

#[test]
fn the_sites_own_files_win() {
    let site = Site::new("SITE_FILES = own");
    let conf = std::fs::read_to_string(site.path("das2server.conf")).unwrap();
    let own = format!("SITE_FILES = {}", site.path("own").display());
    site.write("das2server.conf", conf.replace("SITE_FILES = own", &own));
    site.write("static/das2server.css", "shipped {}");
    site.write("static/logo.png", "shipped");
    let get = |path: &str| site.get_path(path, "").text();
    // Before there is anything of its own.
    assert_eq!(get("/logo"), "shipped");
    assert!(!get("").contains("site.css") && !get("").contains("class=\"welcome\""));

    site.write("own/logo.svg", "<svg/>");
    site.write("own/site.css", "own {}");
    site.write("own/welcome.html", "<p>We measure <em>everything</em>.</p>");
    assert_eq!(get("/logo"), "<svg/>");
    assert_eq!(get("/static/site.css"), "own {}");
    assert_eq!(get("/static/das2server.css"), "shipped {}");
    let page = get("");
    assert!(
        page.contains("<p>We measure <em>everything</em>.</p>"),
        "{page}"
    );
    // Behind the server's own, so that it has the last word.
    let (first, second) = (page.find("das2server.css"), page.find("site.css"));
    assert!(first.is_some() && first < second, "{page}");
    // In the place of a shipped one.
    site.write("own/das2server.css", "mine {}");
    assert_eq!(get("/static/das2server.css"), "mine {}");
    // What cannot be shown does not take the page away.
    site.write("own/welcome.html", "x".repeat(300 << 10));
    assert!(!get("").contains("class=\"welcome\""));
    assert!(site.log().contains("welcome.html: is longer than 256 KiB"));
    std::fs::remove_file(site.path("own/welcome.html")).unwrap();
    std::fs::create_dir(site.path("own/welcome.html")).unwrap();
    assert_eq!(site.get("").status(), 200);
}

#[test]
fn static_files_by_type_and_state() {
    let site = Site::new("");
    site.write("static/sub/a.css", "body {}");
    site.write("static/.hidden", "x");
    site.write("secret.txt", "x");
    let link = |to: &str, at: &str| {
        std::os::unix::fs::symlink(site.path(to), site.path("static").join(at)).unwrap();
    };
    link("secret.txt", "link.txt");
    link("", "up");
    link("static/sub/a.css", "inside.css");
    let get = |path: &str| site.get_path(path, "");
    let css = get("/static/sub/a.css");
    assert_eq!(
        (css.status(), css.content_type(), css.text().as_str()),
        (200, "text/css; charset=utf-8", "body {}")
    );
    assert_eq!(css.header("Content-Length"), Some("7"));
    assert_eq!(get("/static/inside.css").text(), "body {}");
    assert_eq!(site.log(), "", "static files are not logged");
    // Nothing from elsewhere, and the log says why.
    for path in ["/static/link.txt", "/static/up/secret.txt"] {
        assert_eq!(get(path).status(), 404, "{path}");
    }
    assert!(
        site.log()
            .contains("static/link.txt is a link to a file outside")
    );
    for path in [
        "/static",
        "/static/",
        "/static/sub",
        "/static/sub/",
        "/static/.hidden",
        "/static//sub/a.css",
        "/static/nope",
    ] {
        assert_eq!(get(path).status(), 404, "{path}");
    }
    assert_eq!(get("/static/../secret.txt").status(), 400);
    let ask = || site.ask().variable("PATH_INFO", "/static/sub/a.css");
    let tag = css.header("ETag").unwrap();
    let known = ask().variable("HTTP_IF_NONE_MATCH", tag).answer();
    assert_eq!((known.status(), known.body.len()), (304, 0));
    let date = css.header("Last-Modified").unwrap();
    assert_eq!(
        ask()
            .variable("HTTP_IF_MODIFIED_SINCE", date)
            .answer()
            .status(),
        304
    );
    assert_eq!(
        ask().variable("REQUEST_METHOD", "HEAD").answer().body.len(),
        0
    );
}

#[test]
fn large_static_files_arrive_whole() {
    let site = Site::new("");
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n * 7) as u8).collect();
    site.write("static/a.bin", &bytes);
    let answer = site.get_path("/static/a.bin", "");
    assert_eq!(answer.content_type(), "application/octet-stream");
    assert!(answer.body == bytes);
}

#[test]
fn logos() {
    let site = Site::new("");
    assert_eq!(site.get("server=logo").status(), 404);
    site.write("static/logo.svg", "<svg/>");
    assert_eq!(site.get("server=logo").content_type(), "image/svg+xml");
    site.write("static/logo.png", "png");
    assert_eq!(site.get_path("/logo", "").text(), "png");
}

#[test]
fn peers() {
    let site = Site::new("");
    assert!(
        site.get("server=peers")
            .text()
            .contains("<das2server>\n<peers>\n</peers>")
    );
    let file = site.path("peers.ini").display().to_string();
    let site = Site::new(&format!("PEERS_FILE = {file}"));
    assert_eq!(
        site.get("server=peers").status(),
        200,
        "a missing file is an empty list"
    );
    let path = site.path("peers.ini").display().to_string();
    site.write(
        "peers.ini",
        "[B]\nurl = http://b/?x=1&y=2\ndescription = 100% <good>\n  & more\n[A]\nurl = http://a\n",
    );
    let conf = std::fs::read_to_string(site.path("das2server.conf")).unwrap();
    site.write("das2server.conf", format!("{conf}\nPEERS_FILE = {path}\n"));
    let answer = site.get_path("/peers", "");
    assert_eq!(answer.content_type(), "text/xml; charset=utf-8");
    let text = answer.text();
    assert!(text.find("<name>A</name>").unwrap() < text.find("<name>B</name>").unwrap());
    assert!(text.contains("100% &lt;good&gt;\n&amp; more"), "{text}");
    assert!(text.contains("href=\"/das/server/static/das2server.xsl\""));
}

#[test]
fn folders_can_be_kept_off_the_page() {
    let site = Site::new("");
    site.dsdf("shown/a", "reader = 'x'\n");
    site.dsdf("off/sub/b", "reader = 'x'\n");
    site.dsdf(
        "off/_dirinfo_",
        "description = 'Not for people'\nbrowse = no\n",
    );
    let page = site.get("").text();
    assert!(
        page.contains("dataset=shown/a") && !page.contains("off/"),
        "{page}"
    );
    assert!(site.get("server=list").text().contains("off/sub/b"));
}
