//! The pages of the programs: docs/programs/NAME.md, which people write, and
//! what is made from them. The part between two marks, usage and options, comes
//! from the program's own command line; man/NAME.1 from the whole page.
//!
//! `bin/pages` writes both; without DAS2_WRITE_PAGES these tests only compare.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod man;
mod usage;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory;
use das2_server::{access, cache, check, filter, httpd, log, queue, reading, review, time, worker};

/// The programs that have a command line, and it.
fn command_lines() -> Vec<clap::Command> {
    vec![
        filter::ascii::AsciiArgs::command(),
        filter::bin::AverageArgs::command(),
        filter::bin::PeakArgs::command(),
        filter::binary::BinaryArgs::command(),
        filter::csv::CsvArgs::command(),
        filter::psd::PsdArgs::command(),
        filter::hapi::HapiArgs::command(),
        filter::histo::HistoArgs::command(),
        reading::das1::Das1Args::command(),
        filter::bin::UnitAverageArgs::command(),
        filter::bin::RateArgs::command(),
        filter::zlib::DeflateArgs::command(),
        filter::zlib::InflateArgs::command(),
        filter::qds::AverageArgs::command(),
        filter::qds::AsciiArgs::command(),
        cache::serve::program::CacheReaderArgs::command(),
        cache::serve::program::QdsCacheReaderArgs::command(),
        check::CheckArgs::command(),
        time::PrtimeArgs::command(),
        worker::ArbiterArgs::command(),
        cache::tool::Options::command(),
        review::Options::command(),
        httpd::HttpdArgs::command(),
        log::tool::Options::command(),
        access::tool::PasswdArgs::command(),
        queue::todo::TodoArgs::command(),
    ]
}

/// Programs that only a web server calls.
const WITHOUT_COMMAND_LINE: [&str; 2] = ["das2_srvcgi_logrdr", "das2_srvcgi_main"];

const BEGIN: &str = "<!-- from the program itself, by bin/pages -->\n";
const END: &str = "<!-- end -->\n";

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page_path(name: &str) -> PathBuf {
    repository()
        .join("docs/programs")
        .join(format!("{name}.md"))
}

fn man_path(name: &str) -> PathBuf {
    repository().join("man").join(format!("{name}.1"))
}

/// The names of the files of a folder, up to the last point.
fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(repository().join(folder)).unwrap();
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries.map(|entry| stem(entry.unwrap().path())).collect()
}

/// Writes a file where that is asked for, else sees to it that it is so.
fn is_or_becomes(path: &Path, wanted: &str) {
    let present = std::fs::read_to_string(path).unwrap_or_default();
    if present == wanted {
        return;
    }
    if std::env::var_os("DAS2_WRITE_PAGES").is_some() {
        std::fs::write(path, wanted).unwrap();
        return;
    }
    let line = present
        .lines()
        .zip(wanted.lines())
        .position(|(a, b)| a != b);
    let line = line.map_or("its end".to_owned(), |line| format!("line {}", line + 1));
    panic!("{} differs at {line}; run bin/pages", path.display());
}

#[test]
fn every_program_has_a_page() {
    let programs = names_in("src/bin");
    let known: BTreeSet<String> = command_lines()
        .iter()
        .map(|command| command.get_name().to_owned())
        .chain(WITHOUT_COMMAND_LINE.map(str::to_owned))
        .collect();
    assert_eq!(known, programs, "the list in tests/pages/main.rs");
    assert_eq!(names_in("docs/programs"), programs, "docs/programs");
    man_pages_are_those_of_the_pages();
    assert_eq!(names_in("man"), programs, "man; run bin/pages");
}

#[test]
fn usage_and_options_are_those_of_the_programs() {
    for command in command_lines() {
        let path = page_path(command.get_name());
        let page = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = page
            .split_once(BEGIN)
            .unwrap_or_else(|| panic!("{} has no line {BEGIN}", path.display()));
        let (_, after) = rest.split_once(END).unwrap();
        let usage = usage::markdown(command);
        is_or_becomes(&path, &format!("{before}{BEGIN}{usage}{END}{after}"));
    }
}

#[test]
fn man_pages_are_those_of_the_pages() {
    // What another test writes, this one must not read half.
    usage_and_options_are_those_of_the_programs();
    for name in names_in("src/bin") {
        let page = std::fs::read_to_string(page_path(&name)).unwrap();
        is_or_becomes(&man_path(&name), &man::page(&name, &page));
    }
}

/// A page begins with its name and one line that says what the program does.
#[test]
fn pages_have_one_shape() {
    for name in names_in("src/bin") {
        let page = std::fs::read_to_string(page_path(&name)).unwrap();
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some(format!("# {name}").as_str()));
        assert_eq!(lines.next(), Some(""));
        let line = lines.next().unwrap();
        assert!(line.len() > 10 && !line.ends_with('.'), "{name}: {line}");
        assert_eq!(
            lines.next(),
            Some(""),
            "{name}: a blank line after the third"
        );
        for wanted in ["## Exit status", "## See also"] {
            let cgi = WITHOUT_COMMAND_LINE.contains(&name.as_str());
            let optional = cgi && wanted == "## Exit status";
            assert!(optional || page.contains(wanted), "{name}: {wanted}");
        }
    }
}

/// mandoc has a strict eye for man pages.
#[test]
fn man_pages_have_no_faults() {
    if Command::new("mandoc").arg("-V").output().is_err() {
        eprintln!("skipped: there is no mandoc here");
        return;
    }
    for name in names_in("src/bin") {
        let page = std::fs::read_to_string(page_path(&name)).unwrap();
        let mut mandoc = Command::new("mandoc")
            .args(["-T", "lint", "-W", "warning"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = mandoc.stdin.take().unwrap();
        input.write_all(man::page(&name, &page).as_bytes()).unwrap();
        drop(input);
        let said = mandoc.wait_with_output().unwrap().stdout;
        assert!(
            said.is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&said)
        );
    }
}
