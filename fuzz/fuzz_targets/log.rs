//! Any bytes as the files of a log: no panic, an end, the same requests page by page
//! as at a stretch, and each as one line of JSON.
#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use das2_server::log::file_name;
use das2_server::log::read::{ClientLogs, Entry, Next, Position, StatusWanted, Wanted, json};
use libfuzzer_sys::fuzz_target;

const CLIENT: &str = "192.0.2.7";

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|data: &[u8]| {
    let folder = FOLDER.path();
    let mut parts = data.splitn(3, |&byte| byte == 0);
    let first = parts.next().unwrap_or_default();
    fs::write(folder.join(file_name(CLIENT, 0)), first).unwrap();
    fs::write(
        folder.join(file_name(CLIENT, 1)),
        parts.next().unwrap_or_default(),
    )
    .unwrap();
    // Looked for on lines as they are: not beyond their ends, not what stands for
    // bytes that are no text.
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let text = text.replace(|c: char| c.is_control() || c == '\u{fffd}', "");
    let all = read(folder, None, &Wanted::default(), usize::MAX).0;
    for entry in &all {
        let row = json(CLIENT, entry, None);
        assert!(!row.contains('\n'));
        serde_json::from_str::<serde_json::Value>(&row).expect("JSON");
        let _ = (
            entry.status_word(),
            entry.dataset(),
            entry.agent(),
            entry.key("x"),
        );
    }
    let mut wanted = Wanted::default().with_text(&text);
    wanted.status = StatusWanted::parse(&text).unwrap_or_default();
    let some = read(folder, None, &wanted, usize::MAX).0;
    let fitting = all.iter().filter(|entry| wanted.fits(entry));
    assert_eq!(some.iter().collect::<Vec<_>>(), fitting.collect::<Vec<_>>());
    let mut position = None;
    let mut paged = 0;
    while let (page, Some(next)) = read(folder, position, &Wanted::default(), 1) {
        paged += page.len();
        assert!(position != Some(next), "a page without an end");
        position = Some(next);
    }
    assert_eq!(paged, all.len());
});

/// So many requests, and where the next ones are; None at the end.
fn read(
    folder: &Path,
    position: Option<Position>,
    wanted: &Wanted,
    most: usize,
) -> (Vec<Entry>, Option<Position>) {
    let mut logs = ClientLogs::open(folder, CLIENT, position).unwrap();
    let mut found = Vec::new();
    while found.len() < most {
        match logs.next(wanted, &mut u64::MAX.clone()).unwrap() {
            Next::Entry(entry) => found.push(*entry),
            Next::End | Next::Pause => return (found, None),
        }
    }
    (found, Some(logs.position()))
}
