//! What a wrong password costs, by name.

use std::fs;
use std::io::Write;
use std::process::Command;

use crate::site::{RANGE, Site};

/// With hashes of one kind a name that is a user's costs what any other costs. Counted
/// in instructions, which other programs on the machine do not change.
#[test]
fn a_name_tells_nothing_by_its_time() {
    let has_valgrind = Command::new("valgrind").arg("--version").output().is_ok();
    if std::env::var_os("DAS2_TEST_TIMING").is_none() || !has_valgrind {
        let why = "skipped: runs under valgrind with DAS2_TEST_TIMING=1";
        let _ = writeln!(std::io::stderr(), "{why}");
        return;
    }
    let site = Site::new("");
    let conf = fs::read_to_string(site.path("das2server.conf")).unwrap();
    let root = site.path("").display().to_string();
    let more = format!("USER_PASSWD = {root}/passwd\nSTATE_PATH = {root}/state\n");
    site.write("das2server.conf", conf + &more);
    fs::create_dir(site.path("state")).unwrap();
    let hash = "$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe";
    site.write("passwd", format!("anna:{hash}\nbert:{hash}\ncleo:{hash}\n"));
    site.source("closed", "true\n", "readAccess = 'USER:anna'");
    let instructions = |user: &str| -> f64 {
        let told = site.path("told");
        let valgrind = "exec valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file";
        let answer = site
            .ask()
            .query(&format!("server=dataset&dataset=closed&{RANGE}"))
            .user(format!("{user}:wrong"))
            .by_shell(&format!("{valgrind}='{}' \"$0\"", told.display()))
            .answer();
        assert_eq!(answer.status(), 401, "{user}");
        let told = fs::read_to_string(told).unwrap();
        let (_, count) = told.split_once("refs:").unwrap();
        let digits = count.lines().next().unwrap().replace([',', ' '], "");
        digits.parse().unwrap()
    };
    let names = ["anna", "nobo", "bert", "nona", "cleo", "noah"];
    let counts = names.map(instructions);
    let least = counts.into_iter().fold(f64::MAX, f64::min);
    let most = counts.into_iter().fold(0.0, f64::max);
    let _ = writeln!(std::io::stderr(), "{counts:?}: {:.5}", most / least - 1.0);
    // The rounds of a hash are nearly all of it.
    assert!(least > 5e6 && most < 1.01 * least, "{counts:?}");
}
