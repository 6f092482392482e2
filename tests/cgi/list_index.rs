//! The list by its index: whatever the index says, the list is what the files say.

use std::fs;
use std::os::unix::fs::symlink;

use crate::site::{Site, wait_until};

fn site() -> Site {
    let site = Site::new("");
    fs::create_dir(site.path("state")).unwrap();
    let conf = fs::read_to_string(site.path("das2server.conf")).unwrap();
    let state = site.path("state").display().to_string();
    site.write("das2server.conf", format!("{conf}STATE_PATH = {state}\n"));
    site
}

fn list(site: &Site) -> String {
    let answer = site.get("server=list");
    assert_eq!(answer.status(), 200);
    answer.text()
}

const EXPECTED: &str = "args|Arguments\r\ndata|Three records\r\n";

#[test]
fn an_index_is_made_and_hides_nothing() {
    let site = site();
    let index = site.path("state/list/index");
    // What has just been written is not trusted for two seconds.
    wait_until("an index of both", || {
        assert_eq!(list(&site), EXPECTED);
        let index = fs::read(&index).unwrap_or_default();
        let index = String::from_utf8_lossy(&index);
        index.contains("Arguments") && index.contains("Three records")
    });
    let written = fs::read(&index).unwrap();
    assert_eq!(list(&site), EXPECTED);
    assert_eq!(fs::read(&index).unwrap(), written);
    // An edit of the same length, with the old time of the file's data.
    let path = site.path("dsdf/data.dsdf");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Three", "Seven")).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(modified).unwrap();
    let edited = EXPECTED.replace("Three", "Seven");
    assert_eq!(list(&site), edited);
    // Others in its place, with its bytes in the one case.
    site.dsdf("more", "description = 'More'\n");
    let edited = edited + "more|More\r\n";
    assert_eq!(list(&site), edited);
    fs::remove_file(site.path("dsdf/more.dsdf")).unwrap();
    fs::rename(&path, site.path("dsdf/last.dsdf")).unwrap();
    assert_eq!(list(&site), "args|Arguments\r\nlast|Seven records\r\n");
}

#[test]
fn whatever_lies_in_the_place_of_an_index_harms_nothing() {
    let site = site();
    let index = site.path("state/list/index");
    wait_until("an index", || {
        assert_eq!(list(&site), EXPECTED);
        index.exists()
    });
    let good = fs::read(&index).unwrap();
    let forged = String::from_utf8_lossy(&good).replace("Arguments", "Nonsense\n");
    for bytes in [
        b"".to_vec(),
        good[..good.len() / 2].to_vec(),
        vec![0xff; 100_000],
        forged.into_bytes(),
    ] {
        fs::write(&index, bytes).unwrap();
        assert_eq!(list(&site), EXPECTED);
    }
    let victim = site.path("victim");
    fs::write(&victim, "untouched").unwrap();
    for name in ["index", "index.new"] {
        let path = site.path("state/list").join(name);
        let _ = fs::remove_file(&path);
        symlink(&victim, &path).unwrap();
        assert_eq!(list(&site), EXPECTED, "{name}");
        let _ = fs::remove_file(&path);
    }
    fs::remove_dir_all(site.path("state/list")).unwrap();
    symlink(site.path("static"), site.path("state/list")).unwrap();
    assert_eq!(list(&site), EXPECTED);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert_eq!(fs::read_dir(site.path("static")).unwrap().count(), 0);
    assert!(site.log().contains("there can be no index of the sources"));
    // It may go at any time.
    fs::remove_dir_all(site.path("state")).unwrap();
    assert_eq!(list(&site), EXPECTED);
    assert!(!site.log().contains("since STATE_PATH is not set"));
    let without = Site::new("");
    assert_eq!(list(&without), EXPECTED);
    assert!(without.log().contains("since STATE_PATH is not set"));
}
