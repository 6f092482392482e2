//! The two forms of a configuration: show, convert, and which one counts.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use crate::site::{Site, conf};

/// The rows of show, without the places of values.
fn rows(site: &Site) -> Vec<(String, serde_json::Value)> {
    let text = site.text(&["show", "--json"]);
    let rows = text.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        (
            row["keyword"].as_str().unwrap().to_owned(),
            row["value"].clone(),
        )
    });
    rows.collect()
}

#[test]
fn what_is_converted_is_in_force() {
    let template = include_str!("../../etc/das2server.conf.in");
    let uncommented: String = template
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|l| l.starts_with(|c: char| c.is_ascii_uppercase()))
                .unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let own = conf("MY_DATA = /d # note\n'odd key' = \"a # b\"\nTEST_FROM = ::1, 10.0.0.0/8 x\n");
    for text in [
        template,
        &uncommented,
        &own,
        "",
        "A = \"\"\nREADER_TIME_LIMIT = 0.5\n",
    ] {
        let site = Site::new();
        site.write("etc/das2server.conf", text);
        let mode = PermissionsExt::from_mode(0o640);
        std::fs::set_permissions(site.path("etc/das2server.conf"), mode).unwrap();
        let before = rows(&site);
        let output = site.run(&["convert"]);
        assert!(output.status.success(), "{output:?}");
        let native = site.path("etc/das2server.toml");
        let mode = std::fs::metadata(&native).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(
            rows(&site),
            before,
            "{}",
            std::fs::read_to_string(&native).unwrap()
        );
        // It is not written over, unless that is wanted.
        assert_eq!(site.run(&["convert"]).status.code(), Some(2));
        assert!(site.run(&["convert", "--force"]).status.success());
        let again = std::fs::read_to_string(&native).unwrap();
        assert_eq!(site.text(&["convert", "-o", "-"]), again);
        std::fs::remove_file(site.path("etc/das2server.conf")).unwrap();
        assert_eq!(rows(&site), before);
    }
}

#[test]
fn show_says_where_values_come_from_and_no_password() {
    let site = Site::new();
    site.write(
        "etc/das2server.conf",
        conf("WORK_QUEUE_CONN = redis://me:hidden@host/2\nMINE = x\n"),
    );
    let text = site.text(&["show"]);
    assert!(text.starts_with(&format!(
        "{}  (named by DAS2_SERVER_CONF)\n",
        site.path("etc/das2server.conf").display()
    )));
    let row = |name: &str| {
        let found = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        found.expect(name).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("SITE_NAME"), ["SITE_NAME", "das2server.conf:1", "Test"]);
    assert_eq!(row("DSDF_ROOT")[2], site.path("datasets").to_str().unwrap());
    assert_eq!(row("TASK_LEASE"), ["TASK_LEASE", "default", "30"]);
    assert_eq!(row("PNG_MAKER"), ["PNG_MAKER", "default", "-"]);
    assert_eq!(row("MINE"), ["MINE", "das2server.conf:9", "x"]);
    assert_eq!(row("WORK_QUEUE_CONN")[2], "redis://me:***@host:6379/2");
    assert_eq!(row("PATH")[1], "environment");
    assert!(row("PATH")[2].starts_with(site.path("bin").to_str().unwrap()));
    assert!(!text.contains("hidden"));
    assert!(site.run(&["convert"]).status.success());
    let text = site.text(&["show"]);
    assert!(
        text.contains("das2server.conf: this file is not read"),
        "{text}"
    );
    assert!(
        text.contains("\nsite.name ") && !text.contains("hidden"),
        "{text}"
    );
    let json = site.text(&["show", "--json"]);
    assert!(!json.contains("hidden"));
}

/// The web server's account reads it through its group, and root converts.
#[test]
fn what_is_converted_belongs_to_whom_the_old_form_does() {
    let site = Site::new();
    let old = site.path("etc/das2server.conf");
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root {
        std::os::unix::fs::chown(&old, Some(65_533), Some(65_534)).unwrap();
    }
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(site.run(&["convert"]).status.success());
    let of = |path| {
        let at = std::fs::metadata(path).unwrap();
        (at.uid(), at.gid(), at.mode() & 0o777)
    };
    let new = of(site.path("etc/das2server.toml"));
    assert_eq!(new, of(old));
    assert_eq!((new.1 == 65_534, new.2), (is_root, 0o640));
}

/// Files as editors and systems leave them, and what becomes of them.
#[test]
fn odd_files_are_converted() {
    for (text, expected) in [
        (
            "\u{FEFF}# first\r\nSITE_NAME = \"a\" # x\r\n# second\r\nMINE = b\r\n",
            "[site]\n# first\nname = \"a\"  # x\n\n[keywords]\n# second\nMINE = \"b\"\n",
        ),
        (
            "SITE_NAME = a\r# old\rSITE_ID = b\r",
            "[site]\nname = \"a\"\n\n[catalog]\n# old\nsite_id = \"b\"\n",
        ),
        (
            "# one\nSITE_NAME = a\n# two\nSITE_NAME = b\n",
            "[site]\n# one\n#name = \"a\"\n# two\nname = \"b\"\n",
        ),
        (
            "site.name = x\n[site] = y\n",
            "[keywords]\n\"site.name\" = \"x\"\n\"[site]\" = \"y\"\n",
        ),
        // A backslash at the end continues nothing.
        (
            "LOG_PATH = /a\\\nSITE_NAME = b\n",
            "[site]\nname = \"b\"\n\n[paths]\nlogs = \"/a\\\\\"\n",
        ),
        ("# nothing\n\n# more", "# nothing\n\n# more\n"),
    ] {
        let site = Site::new();
        site.write("etc/das2server.conf", text);
        let before = rows(&site);
        assert_eq!(site.text(&["convert", "-o", "-"]), expected, "{text:?}");
        assert!(site.run(&["convert"]).status.success());
        assert_eq!(rows(&site), before);
    }
    // What cannot be read is not converted, and nothing waits for a pipe.
    for text in ["SITE_NAME = a\n  continued\n", "[site]\nname = a\n"] {
        let site = Site::new();
        site.write("etc/das2server.conf", text);
        let output = site.run(&["convert"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("has no ="));
        assert!(!site.path("etc/das2server.toml").exists());
    }
    let site = Site::new();
    let pipe = site.path("etc/pipe.conf");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for word in ["check", "show", "convert"] {
        let output = site.run(&["--config", pipe.to_str().unwrap(), word]);
        assert!(!output.status.success(), "{word}");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("no file, but a pipe"), "{word}: {said}");
    }
    // Elsewhere relative paths mean something else.
    let output = site.run(&["convert", "-o", site.path("x.toml").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("relative paths"));
}

#[test]
fn the_line_of_the_spelling_that_counts() {
    let site = Site::new();
    site.write("etc/das2server.conf", conf("RESOURCE_ROOT = /x\n"));
    let text = site.text(&["show"]);
    let row = text.lines().find(|line| line.starts_with("RESOURCE_PATH "));
    assert!(row.unwrap().contains("das2server.conf:4 "), "{text}");
}

#[test]
fn requests_read_either_form() {
    let site = Site::new();
    site.write(
        "etc/das2server.toml",
        "[site]\nname = \"Native\"\n[paths]\nlogs = \"log\"\n",
    );
    let ask = || {
        let output = Command::new(env!("CARGO_BIN_EXE_das2_srvcgi_main"))
            .env_clear()
            .env("DAS2_SERVER_CONF", site.path("etc/das2server.conf"))
            .env("QUERY_STRING", "server=id")
            .env("REMOTE_ADDR", "192.0.2.7")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(ask().ends_with("\r\n\r\nNative\r\n"), "{}", ask());
    let logs = std::fs::read_dir(site.path("log")).unwrap();
    let log = logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap());
    let log: String = log.collect();
    assert!(
        log.contains("this file is not read: das2server.toml beside it counts"),
        "{log}"
    );
    site.write("etc/das2server.toml", "[site]\nname = 1\n");
    let answer = ask();
    assert!(
        answer.contains("error in line 2") && !answer.contains("/etc/"),
        "{answer}"
    );
    std::fs::remove_file(site.path("etc/das2server.toml")).unwrap();
    assert!(ask().ends_with("\r\n\r\nTest\r\n"), "{}", ask());
}
