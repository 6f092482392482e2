//! The central log.

use std::path::PathBuf;

use crate::site::{RANGE, Site};

fn files(site: &Site) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(site.path("log")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect()
}

fn rows(site: &Site) -> Vec<serde_json::Value> {
    let [file] = files(site).try_into().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn one_line_of_json_a_request() {
    let site = Site::new("CENTRAL_LOG = on");
    site.source("loud", "echo 'a \"complaint\"' >&2; data", "");
    let agent = "curl\r\n{\"forged\": 1}";
    let query = format!("server=dataset&dataset=loud&{RANGE}&x=%0a%22}}");
    site.ask()
        .query(&query)
        .variable("HTTP_USER_AGENT", agent)
        .answer();
    site.ask()
        .query("server=nope")
        .variable("REMOTE_ADDR", "2001:db8::1")
        .answer();
    site.get_path("/static/none", "");
    site.write("static/a.css", "");
    site.get_path("/static/a.css", "");
    site.ask_log().answer();
    site.ask_log().query("ip=198.51.100.9").answer();
    let rows = rows(&site);
    assert_eq!(rows.len(), 4, "{rows:?}");
    let [good, bad, none, denied] = rows.as_slice() else {
        unreachable!()
    };
    let name = files(&site)[0]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let day = good["time"].as_str().unwrap().split('T').next().unwrap();
    assert!(name.starts_with("das2.central_20"), "{name}");
    assert_eq!(day.len(), "2026-11-24".len());
    for (key, value) in [
        ("client", "192.0.2.7".into()),
        ("outcome", "good".into()),
        ("status", 200.into()),
        ("from", "reader".into()),
        ("dataset", "loud".into()),
        ("query", query.as_str().into()),
        ("agent", "curl\\r\\n{\"forged\": 1}".into()),
        ("stderr", vec!["a \"complaint\""].into()),
    ] {
        let value: serde_json::Value = value;
        assert_eq!(good[key], value, "{key}");
    }
    assert!(good["bytes"].as_u64().unwrap() > 100 && good["ms"].as_f64().unwrap() > 0.0);
    assert_eq!(
        (&bad["client"], &bad["status"]),
        (&"2001:db8::1".into(), &400.into())
    );
    assert_eq!(
        (&none["status"], &none["path"]),
        (&404.into(), &"/static/none".into())
    );
    assert_eq!(denied["status"], 403);
}

#[test]
fn off_unless_switched_on_and_never_in_the_way() {
    let site = Site::new("");
    site.get("server=id");
    assert_eq!(files(&site).len(), 0);
    let site = Site::new("CENTRAL_LOG = true\nLOG_PATH = /proc");
    assert_eq!(site.get("server=id").text(), "Test Site\r\n");
}

#[test]
fn a_planted_link_is_not_written_through() {
    let site = Site::new("CENTRAL_LOG = true");
    site.get("server=id");
    let [file] = files(&site).try_into().unwrap();
    std::fs::remove_file(&file).unwrap();
    site.write("other", "as it was");
    std::os::unix::fs::symlink(site.path("other"), &file).unwrap();
    let output = site.ask().query("server=id").output();
    assert!(String::from_utf8_lossy(&output.stderr).contains("the central log cannot be written"));
    assert_eq!(
        std::fs::read_to_string(site.path("other")).unwrap(),
        "as it was"
    );
}
