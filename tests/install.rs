//! bin/install: what it lays out, and what it leaves as the site has made it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod http;
mod instance;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use instance::{Instance, install};

fn said(prefix: &Path, options: &[&str]) -> String {
    let output = install(prefix, options);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

const AGAIN: &[&str] = &["--server-id", "test", "--quiet"];

/// The checksum of a text as the list of shipped files has it.
fn sum(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    std::fs::write(&file, text).unwrap();
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn the_instance() {
    let instance = Instance::new();
    let prefix = instance.prefix();
    for path in [
        "bin/das2_srv_httpd",
        "share/man/man1/das2_srv_httpd.1",
        "bin/das2_ex_random.sh",
        "bin/das2_ex_voyager",
        "datasets/Examples/Random.dsdf",
        "examples/data/sunspots.csv",
        "etc/das2peers.ini",
        "etc/passwd",
        "etc/group",
        "log",
        "cache",
        "state",
        "static",
        "site",
    ] {
        assert!(prefix.join(path).exists(), "{path}");
    }
    let link = std::fs::read_link(prefix.join("cgi/server")).unwrap();
    assert_eq!(link, Path::new("../bin/das2_srvcgi_main"));
    let conf = das2_server::config::Config::load(&prefix.join("etc/das2server.conf")).unwrap();
    assert_eq!(conf.server_id.as_deref(), Some("test"));
    assert_eq!(conf.dsdf_root, Some(prefix.join("datasets")));
    assert_eq!(conf.warnings, []);
    let apache = instance.read("etc/apache.conf");
    let alias = format!("ScriptAlias /das/ \"{}/cgi/\"", prefix.display());
    assert!(apache.contains(&alias), "{apache}");
}

#[test]
fn what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("a b");
    let text = said(&prefix, &["--server-id", "x"]);
    for part in [
        "ScriptAlias /das/",
        "HTTP:Authorization",
        "cgi/server ->",
        "log ",
        "state ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(said(&prefix, &["--server-id", "x", "--quiet"]), "");
}

#[test]
fn edited_files_stay() {
    let instance = Instance::new();
    // Edited, and the new version is another than that of the first install.
    let manifest = instance.read("etc/.installed");
    let old = sum("an older version\n");
    let older: String = manifest
        .lines()
        .map(|line| match line.split_once("  ").unwrap().1 {
            path @ ("etc/das2peers.ini" | "etc/group" | "bin/das2_ex_random.sh") => {
                format!("{old}  {path}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    instance.write("etc/.installed", &older);
    instance.write("etc/das2peers.ini", "an older version\n");
    instance.write("etc/group", "mine\n");
    // Edited, while the shipped one is the same as before.
    instance.write("etc/das2server.conf", "SITE_NAME = \"Mine\"\n");
    // Not wanted.
    std::fs::remove_file(instance.prefix().join("datasets/Examples/Auth.dsdf")).unwrap();
    // Added.
    instance.write("datasets/Mine.dsdf", "mine\n");

    let text = said(&instance.prefix(), AGAIN);
    assert!(
        text.contains("etc/group was changed here and stays"),
        "{text}"
    );
    // Somebody has brought it up to date already.
    assert!(!text.contains("das2_ex_random.sh"), "{text}");
    assert!(
        text.contains("datasets/Examples/Auth.dsdf was removed"),
        "{text}"
    );
    assert!(!text.contains("das2server.conf"), "{text}");

    assert_eq!(instance.read("etc/group"), "mine\n");
    assert!(instance.read("etc/group.new").contains("testgroup"));
    assert!(instance.read("etc/das2peers.ini").contains("[planet]"));
    assert_eq!(
        instance.read("etc/das2server.conf"),
        "SITE_NAME = \"Mine\"\n"
    );
    let there = |path: &str| instance.prefix().join(path).exists();
    assert!(!there("etc/das2server.conf.new"));
    assert!(!there("etc/das2peers.ini.new"));
    assert!(!there("datasets/Examples/Auth.dsdf"));
    assert_eq!(instance.read("datasets/Mine.dsdf"), "mine\n");

    // Said once.
    let text = said(&instance.prefix(), AGAIN);
    assert!(!text.contains("etc/group"), "{text}");
}

#[test]
fn what_lies_beside_goes_when_it_is_taken_over() {
    let instance = Instance::new();
    let shipped = instance.read("etc/das2peers.ini");
    instance.write("etc/das2peers.ini.new", &shipped);
    instance.write("etc/group.new", "notes\n");
    assert_eq!(said(&instance.prefix(), AGAIN), "");
    assert!(!instance.prefix().join("etc/das2peers.ini.new").exists());
    assert_eq!(instance.read("etc/group.new"), "notes\n");
}

#[test]
fn files_that_are_kept_elsewhere_stay_there() {
    let instance = Instance::new();
    let peers = instance.prefix().join("etc/das2peers.ini");
    let elsewhere = instance.beside().join("peers.ini");
    // As it was shipped once, and in need of an update.
    let manifest = instance.read("etc/.installed");
    let line = manifest
        .lines()
        .find(|line| line.ends_with("das2peers.ini"))
        .unwrap();
    let older = format!("{}  etc/das2peers.ini", sum("old\n"));
    instance.write("etc/.installed", &manifest.replace(line, &older));
    std::fs::write(&elsewhere, "old\n").unwrap();
    std::fs::remove_file(&peers).unwrap();
    symlink(&elsewhere, &peers).unwrap();
    let text = said(&instance.prefix(), AGAIN);
    assert!(
        text.contains("the new one is etc/das2peers.ini.new"),
        "{text}"
    );
    assert_eq!(std::fs::read_link(&peers).unwrap(), elsewhere);
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "old\n");
}

#[test]
fn links_of_the_cgi_folder() {
    let instance = Instance::new();
    let link = |name: &str| instance.prefix().join("cgi").join(name);
    let log = Path::new("../bin/das2_srvcgi_logrdr");
    let forget = || {
        let manifest = instance.read("etc/.installed");
        instance.write("etc/.installed", &manifest.replace("link  cgi/log\n", ""));
    };
    // One that the site has removed stays away.
    std::fs::remove_file(link("log")).unwrap();
    assert_eq!(said(&instance.prefix(), AGAIN), "");
    assert!(!link("log").exists());
    // An instance from before there was one gets it.
    forget();
    assert_eq!(said(&instance.prefix(), AGAIN), "");
    assert_eq!(std::fs::read_link(link("log")).unwrap(), log);
    // Not beside another name for the same program.
    forget();
    std::fs::rename(link("log"), link("protocol")).unwrap();
    assert_eq!(said(&instance.prefix(), AGAIN), "");
    assert!(!link("log").exists());
    // Nor over another program.
    forget();
    std::fs::remove_file(link("protocol")).unwrap();
    instance.write("cgi/log", "mine\n");
    let text = said(&instance.prefix(), AGAIN);
    assert!(text.contains("cgi/log is another program's"), "{text}");
    assert_eq!(instance.read("cgi/log"), "mine\n");
}

/// Owner, group and rights of a file, by their names.
fn rights(path: &Path) -> String {
    let mut stat = Command::new("stat");
    let output = stat.args(["-c", "%U:%G %a"]).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn two_accounts() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("site");
    // Accounts of every Linux.
    let web = ["--server-id", "x", "--quiet", "--web-account", "daemon"];
    let first = [&web[..], &["--worker-account", "bin"]].concat();
    assert_eq!(said(&prefix, &first), "");
    let of = |path: &str| rights(&prefix.join(path));
    assert_eq!(of("log"), "daemon:root 2750");
    assert_eq!(of("cache"), "bin:bin 755");
    assert_eq!(of("state"), "bin:daemon 2770");
    assert_eq!(of("etc/passwd"), "root:daemon 640");
    for path in [
        "bin",
        "cgi",
        "etc",
        "etc/das2server.conf",
        "datasets",
        "static",
    ] {
        let rights = of(path);
        assert!(
            rights.starts_with("root:root ") && !rights.ends_with(['2', '6', '7']),
            "{path}: {rights}"
        );
    }
    // What the site has changed stays, for another worker too.
    std::fs::set_permissions(prefix.join("state"), PermissionsExt::from_mode(0o775)).unwrap();
    let second = [&web[..], &["--worker-account", "nobody"]].concat();
    let text = said(&prefix, &second);
    assert!(text.contains("cache is for nobody now"), "{text}");
    assert!(of("cache").starts_with("nobody:"));
    // The sgid bit of a folder outlives a number without it.
    assert!(of("state").starts_with("bin:daemon ") && of("state").ends_with("775"));
    assert!(!text.contains("state is"), "{text}");
    // What the web server could change is told.
    std::fs::set_permissions(prefix.join("datasets"), PermissionsExt::from_mode(0o777)).unwrap();
    std::os::unix::fs::chown(prefix.join("bin/das2_ascii"), Some(1), None).unwrap();
    let text = said(&prefix, &second);
    for found in ["datasets can be changed", "bin/das2_ascii can be changed"] {
        assert!(text.contains(found), "{text}");
    }
    assert_eq!(text.matches("can be changed").count(), 2, "{text}");
}

#[test]
fn what_one_account_misses_the_other_builds() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let prefix = folder.path().join("site");
    let accounts = ["--web-account", "daemon", "--worker-account", "bin"];
    said(&prefix, &[AGAIN, &accounts].concat());
    let dsdf = "description = 'x'\nreader = 'das2_ex_random.sh'\ndas2Stream = 1\n\
                reducer = not_reducible\ncacheLevel_00 = 'intrinsic | daily'\n";
    std::fs::write(prefix.join("datasets/cached.dsdf"), dsdf).unwrap();
    let run = |account: &str, program: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", account, "--regid", account, "--clear-groups"]);
        command
            .arg(prefix.join(program))
            .env("REQUEST_METHOD", "GET");
        command
            .env("REMOTE_ADDR", "192.0.2.1")
            .env("SCRIPT_NAME", "/das/server");
        command.env(
            "QUERY_STRING",
            "server=dataset&dataset=cached&start_time=2017-01-01&end_time=2017-01-02",
        );
        command
    };
    let request = || {
        let output = run("daemon", "cgi/server").output().unwrap();
        assert!(
            String::from_utf8_lossy(&output.stdout).starts_with("Status: 200"),
            "{output:?}"
        );
        let log = std::fs::read_dir(prefix.join("log"))
            .unwrap()
            .next()
            .unwrap();
        std::fs::read_to_string(log.unwrap().path()).unwrap()
    };
    let log = request();
    assert!(log.contains("Cache miss: 1 tasks queued"), "{log}");
    let built = run("bin", "bin/das2_srv_arbiter")
        .arg("--once")
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    let log = request();
    assert!(log.contains("1 blocks sent, 0 stretches read"), "{log}");
    // And the web server's account can still leave the next one.
    assert_eq!(rights(&prefix.join("state/queue/spool")), "bin:daemon 2770");
}

#[test]
fn both_families_of_linux() {
    let instance = Instance::new();
    for (family, has, has_not) in [
        (
            "debian",
            &[
                "apt-get install apache2",
                "a2enmod cgid rewrite ssl",
                "a2ensite das2",
            ][..],
            "semanage",
        ),
        (
            "redhat",
            &[
                "dnf install httpd mod_ssl",
                "semanage fcontext",
                "restorecon",
            ][..],
            "apt-get",
        ),
    ] {
        let text = said(
            &instance.prefix(),
            &["--server-id", "test", "--system", family],
        );
        for part in has {
            assert!(text.contains(part), "{family}: {text}");
        }
        assert!(!text.contains(has_not), "{family}: {text}");
    }
}

#[test]
fn another_servers_programs_are_kept() {
    let instance = Instance::new();
    let program = "bin/das2_srv_httpd";
    std::fs::remove_file(instance.prefix().join(program)).unwrap();
    instance.write(program, "#!/usr/bin/env python\n");
    let text = said(&instance.prefix(), AGAIN);
    assert!(text.contains("it is now bin/das2_srv_httpd.old"), "{text}");
    assert_eq!(
        instance.read("bin/das2_srv_httpd.old"),
        "#!/usr/bin/env python\n"
    );
    let mut command = Command::new(instance.prefix().join(program));
    assert!(command.arg("--version").output().unwrap().status.success());
}

#[test]
fn without_examples() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("site");
    said(&prefix, &["--server-id", "x", "--no-examples", "--quiet"]);
    for path in ["datasets/Examples", "examples", "bin/das2_ex_random.sh"] {
        assert!(!prefix.join(path).exists(), "{path}");
    }
    // No password that the world knows, and no sample that is not there.
    assert_eq!(
        std::fs::read_to_string(prefix.join("etc/passwd")).unwrap(),
        ""
    );
    let conf = das2_server::config::Config::load(&prefix.join("etc/das2server.conf")).unwrap();
    assert_eq!((conf.sample_dsdf, conf.sample_range), (None, None));
}

#[test]
fn what_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("site");
    for (prefix, options) in [
        (good.clone(), vec![]),
        (good.clone(), vec!["--server-id", "a b"]),
        (good.clone(), vec!["--server-id", "\"\nX = y"]),
        (good.clone(), vec!["--server-id", "x", "--what"]),
        (good.clone(), vec!["--server-id", "x", "--system", "plan9"]),
        (
            good.clone(),
            vec!["--server-id", "x", "--web-account", "no one"],
        ),
        (folder.path().join("a$b"), vec!["--server-id", "x"]),
        (folder.path().join("a\"b"), vec!["--server-id", "x"]),
    ] {
        let output = install(&prefix, &options);
        assert!(!output.status.success(), "{prefix:?} {options:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("bin/install: "), "{error}");
    }
    assert!(!good.exists());
}
