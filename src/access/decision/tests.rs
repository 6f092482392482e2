use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::source::SourceName;
use crate::time::parse_query;

/// `test` for me, `x` for you.
const PASSWORDS: &str = "me:IueKZ7Ol6Qt7k\nyou:{SHA}EfatjsUqKYSrqv18O1FlA3hcIHI=\n";
const GROUPS: &str = "# comment\nteam::1:me\nothers::2:you\n";

struct Site {
    folder: tempfile::TempDir,
    config: Config,
}

impl Site {
    fn new() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Some(folder.path().join(name));
        let config = Config {
            user_passwd: path("passwd"),
            user_group: path("group"),
            state_path: path(""),
            ..Config::default()
        };
        let site = Site { folder, config };
        site.write("passwd", PASSWORDS);
        site.write("group", GROUPS);
        site
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    /// What is decided for credentials (none if they are empty) and a range.
    fn ask(&self, rule: &str, who: &str, range: (&str, &str)) -> Decision {
        let text = format!("das2Stream = 1\nreader = 'r'\nreadAccess = '{rule}'\n");
        let name = SourceName::parse("a/b").unwrap();
        let none = |_: &str| None;
        let path = Path::new("/a/b.dsdf");
        let definition =
            Definition::read(name, path, text.as_bytes(), &none, &self.config).unwrap();
        let header = format!("Basic {}", STANDARD.encode(who));
        let authorization = Authorization::of(header.into_bytes()).filter(|_| !who.is_empty());
        let time = |text: &str| parse_query(text, None).unwrap();
        let asker = Asker {
            address: Some("192.0.2.1".parse().unwrap()),
            authorization: authorization.as_ref(),
            range: Some((time(range.0), time(range.1))),
            now: time("2021-03-31T12:00:00"),
        };
        decide(&self.config, definition, &asker)
    }

    /// `yes`, `no`, or the reason why neither.
    fn may(&self, rule: &str, who: &str) -> String {
        word(self.ask(rule, who, ("2021-03-30", "2021-03-31")))
    }
}

fn word(decision: Decision) -> String {
    match decision.result {
        Ok(_) => "yes".to_owned(),
        Err(Denied::Unauthorized) => "no".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn users_and_groups() {
    let site = Site::new();
    for (rule, who, expected) in [
        ("", "", "yes"),
        ("USER:me", "me:test", "yes"),
        ("user: me ", "me:test", "yes"),
        ("USER:me", "", "no"),
        ("USER:me", "you:x", "no"),
        ("USER:Me", "me:test", "no"),
        ("GROUP:team", "me:test", "yes"),
        ("GROUP:team", "you:x", "no"),
        ("GROUP:Team", "me:test", "no"),
        ("group:team", "me:test", "yes"),
        ("GROUP:team | USER:you", "me:test", "yes"),
        ("GROUP:team | USER:you", "you:x", "yes"),
        ("GROUP:none | GROUP:others", "you:x", "yes"),
    ] {
        assert_eq!(site.may(rule, who), expected, "{rule} {who}");
    }
}

#[test]
fn a_wrong_password_takes_its_time_and_is_told_without_saying_what_is_wrong() {
    let site = Site::new();
    let mut said = Vec::new();
    for who in ["me:wrong", "nobody:wrong"] {
        let begin = Instant::now();
        let decision = site.ask("USER:me", who, ("2021-03-30", "2021-03-31"));
        assert!(begin.elapsed() >= Duration::from_secs(1));
        assert!(matches!(decision.result, Err(Denied::Unauthorized)));
        let name = who.split(':').next().unwrap();
        said.push(decision.notes.join("\n").replace(name, "NAME"));
    }
    assert_eq!(said[0], said[1]);
    assert!(said[0].contains("NAME") && !said[0].contains(":wrong"));
}

#[test]
fn without_a_password_no_file_is_opened() {
    let site = Site::new();
    site.remove("passwd");
    site.remove("group");
    for rule in ["USER:me", "GROUP:team", "AGE:1y | GROUP:team"] {
        assert_eq!(site.may(rule, ""), "no");
        assert!(site.may(rule, "me:test").contains("No such file"), "{rule}");
    }
    site.write("passwd", PASSWORDS);
    assert_eq!(site.may("USER:me", "me:test"), "yes");
    assert!(site.may("GROUP:team", "me:test").contains("No such file"));
}

#[test]
fn what_is_broken_opens_nothing() {
    let mut site = Site::new();
    for (rule, words) in [
        ("x", "no colon"),
        ("ab", "no colon"),
        ("|", "no colon"),
        ("HOST:x", "no way"),
        ("AGE:1", "no age"),
        ("AGE:1y 2m", "no age"),
        ("GROUP:", "without a name"),
        ("HOST:x | USER:me", "no way"),
        ("USER:you | HOST:x", "no way"),
    ] {
        let said = site.may(rule, "me:test");
        assert!(said.contains(words), "{rule}: {said}");
    }
    assert_eq!(site.may("USER:me | HOST:x", "me:test"), "yes");
    site.write("group", "nonsense\nteam::1:me\nteam me\n");
    assert!(site.may("GROUP:team", "me:test").contains("line 3"));
    site.write("passwd", "");
    assert_eq!(site.may("USER:me", "me:test"), "no");
    site.config.user_passwd = None;
    assert!(
        site.may("USER:me", "me:test")
            .contains("USER_PASSWD is not set")
    );
}

#[test]
fn ages() {
    let site = Site::new();
    for (rule, begin, end, expected) in [
        ("AGE:1m", "2021-03-01", "2021-03-03T11:59:59", "yes"),
        ("AGE:1m", "2021-03-01", "2021-03-03T12:00:00", "no"),
        ("AGE:1m", "2021-03-03T12:00:00", "2021-03-04", "no"),
        ("AGE:1m", "2021-03-02", "2021-03-01", "no"),
        ("AGE:9999999y", "0001-01-01", "0001-01-02", "no"),
        ("AGE:1y|AGE:1d", "2021-03-01", "2021-03-02", "yes"),
    ] {
        let said = word(site.ask(rule, "", (begin, end)));
        assert_eq!(said, expected, "{rule} {begin} {end}");
    }
    let said = word(site.ask("AGE:1y | USER:me", "me:test", ("2021-03-01", "2021-03-02")));
    assert_eq!(said, "yes");
}

#[test]
fn test_hosts() {
    let mut site = Site::new();
    for (ranges, expected) in [
        (&["192.0.2.1"][..], "yes"),
        (&["10.0.0.0/8", "192.0.2.0/24"], "yes"),
        (&["192.0.2.2", "::/0"], "no"),
    ] {
        let ranges = ranges
            .iter()
            .map(|text| crate::config::AddressRange::parse(text).unwrap());
        site.config.test_from = ranges.collect();
        assert_eq!(site.may("USER:me", ""), expected);
    }
    site.config.test_from = vec![crate::config::AddressRange::parse("0.0.0.0/0").unwrap()];
    assert_eq!(site.may("HOST:x", ""), "yes");
    assert!(site.may("x", "").contains("no colon"));
}

#[test]
fn headers_that_hold_nothing() {
    let site = Site::new();
    for who in ["nocolon", ":test", "me\n:test"] {
        let decision = site.ask("USER:me", who, ("2021-03-30", "2021-03-31"));
        assert!(matches!(decision.result, Err(Denied::Unauthorized)));
        assert!(
            decision.notes[0].contains("holds no user"),
            "{:?}",
            decision.notes
        );
    }
}
