//! The user guide says what the code does: keywords, rules, links, and the
//! streams and readers that it shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use das2_server::check::{Report, Rule, check_stream};
use das2_server::config::{keywords, native};
use das2_server::source;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

/// First cells of the rows of every table whose first column has this title.
fn first_cells(text: &str, title: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut wanted = false;
    let mut before = "";
    for line in text.lines() {
        let cell = line
            .strip_prefix("| ")
            .and_then(|row| row.split(" |").next());
        match cell {
            Some(cell) if !before.starts_with('|') => wanted = cell == title,
            Some(cell) if wanted => cells.push(cell.to_owned()),
            _ => {}
        }
        before = line;
    }
    cells
}

/// The keywords that a page has rows for.
fn documented(page: &str) -> BTreeSet<String> {
    let cells = first_cells(&read(page), "keyword");
    let words = cells.iter().flat_map(|cell| cell.split(", "));
    let set: BTreeSet<String> = words.map(str::to_owned).collect();
    assert!(set.len() > 20, "{page}: {set:?}");
    set
}

#[test]
fn every_keyword_of_the_configuration() {
    let known: BTreeSet<String> = keywords::names().map(str::to_owned).collect();
    assert_eq!(documented("docs/configuration.md"), known);
    let text = read("docs/configuration.md").replace("\n", " ");
    let told: BTreeSet<&str> = text
        .split("lso spelled ")
        .skip(1)
        .map(|rest| {
            let end = |c: char| !c.is_ascii_uppercase() && c != '_';
            rest.split(end).next().unwrap()
        })
        .filter(|word| !word.is_empty())
        .collect();
    let spellings: BTreeSet<&str> = keywords::spellings()
        .iter()
        .map(|(other, _)| *other)
        .collect();
    assert_eq!(told, spellings);
}

#[test]
fn every_key_of_the_native_configuration() {
    let text = read("docs/configuration.md");
    let mut told = BTreeSet::new();
    for row in text.lines().filter_map(|line| line.strip_prefix("| ")) {
        let mut cells = row.split(" | ");
        let (keywords, keys) = (cells.next().unwrap(), cells.next().unwrap_or_default());
        if keys.starts_with('`') {
            let keys = keys.split(", ").map(|key| key.trim_matches('`').to_owned());
            told.extend(keywords.split(", ").map(str::to_owned).zip(keys));
        }
    }
    let known: BTreeSet<(String, String)> = native::KEYS
        .iter()
        .map(|key| {
            (
                key.keyword.to_owned(),
                format!("{}.{}", key.section, key.key),
            )
        })
        .collect();
    assert_eq!(told, known);
}

#[test]
fn every_keyword_of_a_dsdf() {
    let stems: BTreeSet<String> = documented("docs/dsdf.md")
        .iter()
        .map(|word| {
            let stem = word.strip_suffix("(NN)").unwrap_or(word);
            let stem = stem.strip_suffix("NN").unwrap_or(stem);
            stem.strip_suffix('_').unwrap_or(stem).to_owned()
        })
        .collect();
    let known: BTreeSet<String> = source::KEYWORDS.iter().map(|k| (*k).to_owned()).collect();
    assert_eq!(stems, known);
}

#[test]
fn every_rule_of_das2_check() {
    let text = read("docs/check-rules.md");
    for rule in Rule::ALL {
        let severity = format!("{:?}", rule.severity()).to_lowercase();
        let row = format!("| `{}` | {severity} | ", rule.name());
        assert!(text.contains(&row), "{row}");
    }
    assert_eq!(first_cells(&text, "rule").len(), Rule::ALL.len());
}

#[test]
fn every_word_that_the_server_answers() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("das2server.conf");
    std::fs::write(&conf, "SITE_NAME = Test\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_das2_srvcgi_main"))
        .env("DAS2_SERVER_CONF", conf)
        .env("QUERY_STRING", "server=nothing-of-the-kind")
        .output()
        .unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    let (_, words) = answer.split_once("use one of ").expect("a list of words");
    let (words, _) = words.split_once('"').unwrap();
    let text = read("docs/requests.md");
    for word in words.split(", ") {
        let shown = [format!("server={word}"), format!("`{word}` is the same")];
        assert!(shown.iter().any(|shown| text.contains(shown)), "{word}");
    }
}

/// All files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn rooms_know_those_above_them() {
    let rooms = first_cells(&read("docs/architecture.md"), "room");
    let map = read("src/lib.rs");
    let known = map.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let known: BTreeSet<&str> = known.map(|name| name.trim_end_matches(';')).collect();
    assert_eq!(
        rooms.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        known
    );
    for (at, room) in rooms.iter().enumerate() {
        let mut sources = Vec::new();
        files(&repository().join("src").join(room), &mut sources);
        assert!(!sources.is_empty(), "{room}");
        for path in sources {
            let text = std::fs::read_to_string(&path).unwrap();
            for below in &rooms[at + 1..] {
                let named = text.contains(&format!("crate::{below}::"));
                assert!(!named, "{} knows {below}", path.display());
            }
        }
    }
}

/// Text between a line "```LANGUAGE" and the next "```".
fn block(page: &str, language: &str) -> String {
    let text = read(page);
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// The readers of the guide, laid out as it says.
struct Readers(tempfile::TempDir);

impl Readers {
    fn new() -> Readers {
        let folder = tempfile::tempdir().unwrap();
        for (name, language) in [
            ("roof_field.sh", "sh"),
            ("roof_field.txt", "text"),
            ("spectra.py", "python"),
        ] {
            let text = folder.path().join("text");
            std::fs::write(&text, block("docs/readers.md", language)).unwrap();
            std::fs::set_permissions(&text, PermissionsExt::from_mode(0o755)).unwrap();
            // By another process: what is open for writing here cannot be run meanwhile.
            let mut copy = Command::new("cp");
            let copied = copy
                .arg("-p")
                .args([&text, &folder.path().join(name)])
                .status();
            assert!(copied.unwrap().success());
        }
        Readers(folder)
    }

    /// What a reader does, with the server's programs in PATH.
    fn run(&self, reader: &str, begin: &str, end: &str) -> Output {
        let programs = Path::new(env!("CARGO_BIN_EXE_das2_prtime"))
            .parent()
            .unwrap();
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let mut path = vec![PathBuf::from(programs)];
        path.extend(std::env::split_paths(&inherited));
        Command::new(self.0.path().join(reader))
            .args([begin, end])
            .env("PATH", std::env::join_paths(path).unwrap())
            .output()
            .unwrap()
    }
}

fn without_findings(output: &Output) -> Report {
    let report = check_stream(output.stdout.as_slice());
    assert!(output.status.success(), "{output:?}");
    assert!(
        report.is_conforming() && report.findings.is_empty(),
        "{report}"
    );
    report
}

#[test]
fn the_smallest_stream_is_what_its_reader_writes() {
    let shown = block("docs/readers.md", "das2");
    let readers = Readers::new();
    let output = readers.run("roof_field.sh", "2024-01-01T00:00", "2024-01-01T00:02");
    assert_eq!(String::from_utf8_lossy(&output.stdout), shown);
    assert_eq!(without_findings(&output).summary.records, 2);
    let output = readers.run("roof_field.sh", "1 Jan 2024", "2024-001T00:01");
    assert_eq!(without_findings(&output).summary.records, 1);
    let output = readers.run("roof_field.sh", "2023-01-01", "2023-01-02");
    assert_eq!(without_findings(&output).summary.records, 0);
}

#[test]
fn the_reader_in_python() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3");
        return;
    }
    let readers = Readers::new();
    let day = without_findings(&readers.run("spectra.py", "2024-01-01", "2024-01-02"));
    assert_eq!(day.summary.records, 8640);
    assert_eq!(day.summary.comments.get("taskProgress"), Some(&8));
    let none = readers.run("spectra.py", "2024-01-01T00:00:01", "2024-01-01T00:00:05");
    let none = without_findings(&none);
    assert_eq!(none.summary.records, 0);
    assert_eq!(none.summary.exceptions[0].type_name, "NoDataInInterval");
}

/// How the smallest stream of a language is made into a program in a folder:
/// file, compiler (none for what is interpreted), and how it is run.
type Language = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const LANGUAGES: [Language; 5] = [
    ("sh", "smallest.sh", &[], &["sh", "smallest.sh"]),
    ("python", "smallest.py", &[], &["python3", "smallest.py"]),
    (
        "c",
        "smallest.c",
        &["cc", "-Wall", "-Werror", "smallest.c"],
        &["./a.out"],
    ),
    (
        "rust",
        "smallest.rs",
        &["rustc", "-D", "warnings", "smallest.rs"],
        &["./smallest"],
    ),
    (
        "java",
        "Smallest.java",
        &["javac", "Smallest.java"],
        &["java", "Smallest"],
    ),
];

#[test]
fn smallest_streams_of_five_languages() {
    let shown = block("docs/stream-format.md", "das2");
    let report = check_stream(shown.as_bytes());
    assert!(
        report.is_conforming() && report.findings.is_empty(),
        "{report}"
    );
    let mut tried = 0;
    for (language, file, build, run) in LANGUAGES {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(file),
            block("docs/stream-format.md", language),
        )
        .unwrap();
        let there = |words: &[&str]| {
            let version = Command::new(words[0]).arg("--version").output();
            words[0].starts_with('.') || version.is_ok()
        };
        if !(build.is_empty() || there(build)) || !there(run) {
            eprintln!("skipped: nothing here for {language}");
            continue;
        }
        let start = |words: &[&str]| {
            let mut command = Command::new(words[0]);
            command
                .args(&words[1..])
                .current_dir(&folder)
                .env("LC_ALL", "C.UTF-8");
            command.output().unwrap()
        };
        if !build.is_empty() {
            let built = start(build);
            assert!(built.status.success(), "{language}: {built:?}");
        }
        let output = start(run);
        assert!(output.status.success(), "{language}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), shown, "{language}");
        tried += 1;
    }
    // Whoever runs this has a shell and a compiler of Rust.
    assert!(tried >= 2, "{tried}");
}

#[test]
fn packets_shown_in_a_line_have_their_length() {
    let text = read("docs/stream-format.md");
    let packets: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("[xx]"))
        .collect();
    assert_eq!(packets.len(), 2);
    for packet in packets {
        let (length, body) = packet.split_at(6);
        assert_eq!(length.parse(), Ok(body.len() + 1), "{packet}");
    }
}

/// The pages of the guide and those that lead to it.
fn pages() -> Vec<String> {
    let mut found = Vec::new();
    files(&repository().join("docs"), &mut found);
    let names = found.iter().map(|path| {
        let path = path.strip_prefix(repository()).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
    pages.extend(["README.md", "CONTRIBUTING.md", "examples/README.md"].map(str::to_owned));
    pages
}

/// The anchors of a page, made of its headings as GitHub does.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
            heading
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut count = 0;
    for page in pages() {
        let text = read(&page);
        let folder = repository().join(&page).parent().unwrap().to_owned();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => repository().join(&page),
                path => folder.join(path),
            };
            assert!(target.exists(), "{page}: {link}");
            if !anchor.is_empty() {
                let target = std::fs::read_to_string(&target).unwrap();
                assert!(anchors(&target).contains(anchor), "{page}: {link}");
            }
        }
    }
    assert!(count > 20);
}
