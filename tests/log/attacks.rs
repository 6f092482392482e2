//! What people try: markup, forged lines, logs of others, deletion from
//! elsewhere, links that lead out of the folder.

use std::fs;
use std::os::unix::fs::symlink;

use crate::page::{count, page};
use crate::site::{RANGE, Site};

const OTHER: &str = "198.51.100.9";
const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;";

fn ask_other(site: &Site) {
    site.ask()
        .variable("REMOTE_ADDR", OTHER)
        .query("server=id&secret")
        .answer();
}

#[test]
fn markup_stays_text() {
    let site = Site::new("VIEW_LOG_ALLOW = 192.0.2.7");
    site.write(
        "log/das2.192.0.2.7_0.log",
        format!("[Tue Nov 24 16:03:14 2026 1    0] {EVIL}\n[{EVIL} 16:03:14 2026 1    0] {EVIL}\n{EVIL}\n"),
    );
    site.source(
        "evil",
        &format!("printf '%s\\n' '{}' >&2; data", EVIL.replace('\'', "'\\''")),
        "",
    );
    site.ask()
        .query(&format!(
            "server=dataset&dataset=evil&{RANGE}&x={EVIL}&params={EVIL}"
        ))
        .variable("HTTP_USER_AGENT", EVIL)
        .variable("SERVER_NAME", EVIL)
        .answer();
    site.ask()
        .query("server=list")
        .variable("PATH_INFO", format!("/{EVIL}"))
        .answer();
    site.get(&format!("server={EVIL}"));
    let encoded = "%22%27%3E%3Cscript%3Ealert(1)%3C/script%3E";
    for query in [
        String::new(),
        format!("q={encoded}&dataset={encoded}"),
        format!("q={EVIL}"),
        format!("{EVIL}={EVIL}"),
        "q=%26lt%3B%3Cb%3E".to_owned(),
    ] {
        let text = page(&site, &query).replace("<img src=\"/das/server/logo\"", "");
        for bad in ["<script", "<img", "onerror=alert(1)>", "href=\"javascript"] {
            assert!(!text.contains(bad), "{bad} for {query}: {text}");
        }
    }
    // What is refused says so as text.
    for query in [
        format!("status={encoded}"),
        format!("day={encoded}"),
        format!("ip={encoded}"),
    ] {
        let answer = site.ask_log().query(&query).answer();
        assert_eq!(
            (answer.status(), answer.content_type()),
            (400, "text/plain; charset=utf-8")
        );
    }
    assert!(count(&page(&site, ""), "&lt;script&gt;") > 5);
}

#[test]
fn no_request_forges_another() {
    let site = Site::new("");
    let forged = "[Tue Nov 24 16:03:14 2026 1    0] Input:";
    let encoded = forged.replace(' ', "%20");
    for end in [
        "%0a",
        "%0d",
        "%0d%0a",
        "%C2%85",
        "%E2%80%A8",
        "%0b",
        "%0c",
        "\n",
        "\r\n",
    ] {
        site.get(&format!(
            "server=dataset&dataset=a{end}{encoded}{end}&{RANGE}"
        ));
        site.get(&format!(
            "server=dataset&dataset=data&{RANGE}&params=x{end}{encoded}"
        ));
        site.get(&format!("server=a{end}{encoded}"));
        site.get_path(&format!("/x{}{forged}", end.replace("%0a", "\n")), "");
        site.ask()
            .query("server=id")
            .variable("HTTP_USER_AGENT", format!("x\n{forged}\r{forged}"))
            .answer();
    }
    // A reader that repeats what it is told.
    site.source("echo", "printf '%s\\n' \"$@\" >&2; data", "");
    site.get(&format!(
        "server=dataset&dataset=echo&{RANGE}&params=x%0a{encoded}%0aStatus%20418"
    ));
    let text = page(&site, "");
    assert_eq!(count(&text, "class=\"request "), 46);
    assert!(!text.contains(">16:03:14</time>") && !text.contains(">418<"));
    let log = site.log();
    assert!(
        log.lines()
            .all(|line| line.starts_with('[') && !line.starts_with("[Tue Nov 24 16:03:14 2026 1 "))
    );
}

#[test]
fn the_logs_of_others_are_theirs() {
    let site = Site::new("");
    ask_other(&site);
    site.get("server=id&mine");
    site.write("log/das2.2001:db8::1_0.log", site.log());
    site.write("secret_0.log", "[Tue Nov 24 16:03:14 2026 1    0] secret\n");
    let ask = |query: &str| site.ask_log().query(query).answer();
    for (ip, status) in [
        (OTHER, 403),
        ("198.51.100.9%20", 400),
        ("%31%39%38.51.100.9", 403),
        ("::ffff:198.51.100.9", 403),
        ("%3A%3AFFFF%3Ac633:6409", 403),
        ("0:0:0:0:0:ffff:198.51.100.9", 403),
        ("198.51.100.009", 400),
        ("198.051.100.9", 400),
        ("0xc6.51.100.9", 400),
        ("3325256713", 400),
        ("198.51.25609", 400),
        ("2001:db8::1", 403),
        ("2001:DB8:0:0:0:0:0:1", 403),
        ("2001:0db8::0001", 403),
        ("[2001:db8::1]", 400),
        ("2001:db8::1%25eth0", 400),
        ("..%2F..%2Fsecret", 400),
        ("../../../secret", 400),
        ("192.0.2.7%2F..%2F198.51.100.9", 400),
        ("192.0.2.7_0.log%00", 400),
        ("%2e%2e%2fsecret", 400),
        ("192.0.2.7%0a", 400),
        ("*", 400),
        ("direct_invoke", 400),
    ] {
        let answer = ask(&format!("ip={ip}"));
        assert_eq!(answer.status(), status, "{ip}");
        assert!(!answer.text().contains("secret"), "{ip}");
        assert!(ask(&format!("ip=&ip={ip}")).status() >= 400, "{ip}");
    }
    // A link that asks again what was refused leads to where it was asked, not to the server.
    let again = page(&site, "");
    let to = |program: &str| count(&again, &format!("href=\"/das/{program}?ip={OTHER}\""));
    assert_eq!((to("log"), to("server")), (1, 0), "{again}");
    // One's own, however it is written.
    for ip in ["192.0.2.7", "::ffff:192.0.2.7", "%3A%3Affff:c000:207"] {
        let answer = ask(&format!("ip={ip}&ip={OTHER}"));
        assert_eq!(answer.status(), 200, "{ip}");
        assert!(answer.text().contains("mine") && !answer.text().contains("id&amp;secret"));
    }
    // Whoever tried is in the log.
    assert!(site.log().contains("Parameters: ip=198.51.100.9\n"));
}

#[test]
fn operators_see_all() {
    let site = Site::new("VIEW_LOG_ALLOW = 192.0.2.0/28");
    ask_other(&site);
    let ask = |query: &str| site.ask_log().query(query).answer();
    for ip in [OTHER, "::ffff:198.51.100.9"] {
        assert!(ask(&format!("ip={ip}")).text().contains("secret"));
    }
    assert!(ask("").text().contains("href=\"/das/log?ip=198.51.100.9\""));
    assert_eq!(ask("ip=../secret").status(), 400);
    // Every link of the page leads to a log.
    for address in ["fe80::1%eth0", "", "::ffff:198.51.100.77"] {
        let mut other = site.ask().variable("REMOTE_ADDR", address);
        other = other.query(&format!("server=id&from={address}."));
        assert_eq!(other.answer().status(), 200);
    }
    let list = ask("").text();
    for (name, from) in [
        ("fe80::1_eth0", "fe80::1%eth0."),
        ("direct_invoke", "."),
        ("198.51.100.77", "::ffff:198.51.100.77."),
    ] {
        assert!(
            list.contains(&format!("href=\"/das/log?ip={name}\"")),
            "{list}"
        );
        let log = ask(&format!("ip={name}")).text();
        assert!(log.contains(&format!("from={from}")), "{log}");
    }
    for ip in [
        "fe80::1_",
        "fe80::1_..",
        "192.0.2.7_/../x",
        "x_direct_invoke",
    ] {
        assert!(!ask(&format!("ip={ip}")).text().contains("secret"), "{ip}");
    }
    let mapped = site
        .ask_log()
        .variable("REMOTE_ADDR", "::ffff:192.0.2.9")
        .query("ip=198.51.100.9");
    assert_eq!(mapped.answer().status(), 200);
}

#[test]
fn a_proxy_that_says_nothing_shows_nothing() {
    let site = Site::new("VIEW_LOG_ALLOW = 127.0.0.1 ::1");
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        for header in ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED"] {
            let ask = site
                .ask_log()
                .variable("REMOTE_ADDR", address)
                .variable(header, "192.0.2.1");
            assert_eq!(ask.answer().status(), 403);
        }
        assert_eq!(
            site.ask_log()
                .variable("REMOTE_ADDR", address)
                .answer()
                .status(),
            200
        );
    }
}

/// A cookie with its token, as the page sets it.
fn token(site: &Site) -> String {
    let answer = site.ask_log().answer();
    let cookie = answer.header("Set-Cookie").unwrap();
    let token = cookie
        .strip_prefix("das2log=")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    assert!(
        answer
            .text()
            .contains(&format!("name=\"token\" value=\"{token}\""))
    );
    token.to_owned()
}

#[test]
fn deletion_is_for_operators_on_the_page_itself() {
    let site = Site::new("VIEW_LOG_ALLOW = 192.0.2.7");
    ask_other(&site);
    let path = fs::read_dir(site.path("log"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let token = token(&site);
    let form = format!("action=delete&ip={OTHER}&token={token}");
    let post = || {
        site.ask_log()
            .variable("HTTP_COOKIE", format!("a=b; das2log={token}"))
            .variable("HTTP_ORIGIN", "http://das.example.org")
    };
    // By a link, by a form elsewhere, without the cookie, with a guess, by
    // somebody else.
    for query in ["action=deleteAll", "action=delete", &form] {
        let answer = post().query(query).answer();
        assert_eq!(
            (answer.status(), answer.header("Allow")),
            (405, Some("GET, HEAD, POST"))
        );
    }
    for (name, value) in [
        ("HTTP_ORIGIN", "http://evil.example"),
        ("HTTP_ORIGIN", "null"),
        ("HTTP_SEC_FETCH_SITE", "cross-site"),
        ("HTTP_SEC_FETCH_SITE", "same-site"),
        ("HTTP_COOKIE", ""),
        ("HTTP_COOKIE", "das2log=00000000000000000000000000000000"),
        ("REMOTE_ADDR", OTHER),
        ("REMOTE_ADDR", "192.0.2.8"),
    ] {
        let answer = post().variable(name, value).post(&form);
        assert_eq!(answer.status(), 403, "{name} {value}");
    }
    for form in [
        format!("action=delete&ip={OTHER}"),
        format!("action=delete&ip={OTHER}&token="),
        format!("action=delete&ip={OTHER}&token={}", "0".repeat(32)),
        String::new(),
        "x".repeat(100_000),
    ] {
        assert_eq!(post().post(&form).status(), 403, "{form:.80}");
    }
    for form in [
        format!("ip={OTHER}&token={token}"),
        format!("action=delete&ip=../x&token={token}"),
        format!("action=show&ip={OTHER}&token={token}"),
    ] {
        assert_eq!(post().post(&form).status(), 400, "{form}");
    }
    assert!(path.exists());
    // The button.
    let answer = post()
        .variable("HTTP_SEC_FETCH_SITE", "same-origin")
        .post(&form);
    assert_eq!(answer.status(), 303, "{}", answer.text());
    let location = format!("http://das.example.org/das/log?deleted=1&ip={OTHER}");
    assert_eq!(answer.header("Location"), Some(location.as_str()));
    assert!(!path.exists());
    assert!(
        site.log()
            .contains("Deleted the log of 198.51.100.9: 1 files")
    );
    assert!(page(&site, "deleted=1&ip=198.51.100.9").contains("Deleted: 1 file."));
}

#[test]
fn links_in_the_folder_lead_nowhere() {
    let site = Site::new("VIEW_LOG_ALLOW = 192.0.2.7");
    let today = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        / 86_400;
    let secret = site.path("secret");
    let names: Vec<_> = (0..3)
        .map(|n| site.path(&format!("log/das2.192.0.2.7_{n}.log")))
        .collect();
    for hard in [false, true] {
        let text = "[Tue Nov 24 16:03:14 2026 1    0] secret\n";
        site.write("secret", text);
        // As old as a file that is due to be emptied.
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400);
        fs::File::options()
            .write(true)
            .open(&secret)
            .unwrap()
            .set_modified(old)
            .unwrap();
        for name in &names {
            let _ = fs::remove_file(name);
            match hard {
                true => fs::hard_link(&secret, name).unwrap(),
                false => symlink(&secret, name).unwrap(),
            }
        }
        // Not written through, not emptied; the request is answered and its
        // lines go to the web server's log.
        let output = site.ask().query("server=id").output();
        assert!(String::from_utf8_lossy(&output.stdout).ends_with("Test Site\r\n"));
        assert!(String::from_utf8_lossy(&output.stderr).contains("Parameters: server=id"));
        assert_eq!(fs::read_to_string(&secret).unwrap(), text);
        // Not read.
        let text = page(&site, "");
        assert!(!text.contains("secret") && text.contains("There are no requests yet."));
        assert!(!text.contains("ip=192.0.2.7\""));
        // Deleted as names.
        let token = token(&site);
        let ask = site
            .ask_log()
            .variable("HTTP_COOKIE", format!("das2log={token}"));
        let answer = ask.post(&format!("action=delete&token={token}"));
        assert_eq!(answer.status(), 303);
        assert!(secret.exists());
    }
    // A link that leads nowhere is not followed to make a file there.
    let name = &names[usize::try_from(today % 3).unwrap()];
    let _ = fs::remove_file(name);
    symlink(site.path("made"), name).unwrap();
    site.ask().query("server=id").output();
    assert!(!site.path("made").exists());
    // The folder itself may be a link: that is the site's doing.
    fs::remove_dir_all(site.path("log")).unwrap();
    fs::create_dir(site.path("elsewhere")).unwrap();
    symlink(site.path("elsewhere"), site.path("log")).unwrap();
    site.get("server=id");
    assert_eq!(count(&page(&site, ""), "class=\"request "), 1);
}
