//! Streams that break one rule each, through every program that reads streams.
//! The streams are those that das2_check is tested with: each rule once at least,
//! and the byte where it is broken.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../../src/check/corpus/mod.rs"]
mod corpus;
mod programs;

use std::collections::BTreeSet;

use corpus::{Case, cases, good};
use das2_server::check::{Report, Rule, Severity, check_stream};
use programs::{FOR_QSTREAMS, Makes, PROGRAMS, Program, executables, run};

/// Where nothing behind it can be known: every program has to notice.
const FATAL: [Rule; 14] = [
    Rule::Empty,
    Rule::Das3,
    Rule::Tag,
    Rule::Length,
    Rule::CutOff,
    Rule::UnknownId,
    Rule::HeadersTogether,
    Rule::Zlib,
    Rule::Xml,
    Rule::Doctype,
    Rule::UnknownChild,
    Rule::NoPlanes,
    Rule::PlaneType,
    Rule::Nitems,
];

fn errors(report: &Report) -> BTreeSet<Rule> {
    let all = report.findings.iter().map(|finding| finding.rule);
    all.filter(|rule| rule.severity() == Severity::Error)
        .collect()
}

fn shown(case: &Case, program: &Program) -> String {
    let start = case.stream.get(..600).unwrap_or(&case.stream);
    format!(
        "{} of {} in {}",
        program.words.join(" "),
        case.rule.name(),
        start.escape_ascii()
    )
}

#[test]
fn every_program_is_in_the_table() {
    let known: BTreeSet<&str> = PROGRAMS.iter().map(|program| program.words[0]).collect();
    let there = executables();
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    assert_eq!(known, there);
}

/// The stream without a fault comes through all of them, so that what follows
/// means something.
#[test]
fn the_good_stream() {
    for program in PROGRAMS {
        let output = run(program, good().as_bytes());
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}: {text}",
            program.words[0]
        );
        if program.makes == Makes::Stream {
            let report = check_stream(output.stdout.as_slice());
            assert!(report.is_conforming(), "{}: {report}", program.words[0]);
        }
    }
}

#[test]
fn no_program_crashes_or_makes_an_error_of_its_own() {
    for case in cases() {
        let before: BTreeSet<Rule> = case.also.iter().copied().chain([case.rule]).collect();
        for program in PROGRAMS {
            let what = shown(&case, program);
            let output = run(program, &case.stream);
            let said = String::from_utf8_lossy(&output.stderr);
            let code = output.status.code();
            assert!(matches!(code, Some(0 | 1 | 3)), "{what}: {code:?} {said}");
            assert!(!said.contains("panicked"), "{what}: {said}");
            if program.makes == Makes::Stream && !output.stdout.is_empty() {
                let report = check_stream(output.stdout.as_slice());
                let made: BTreeSet<Rule> = errors(&report).difference(&before).copied().collect();
                assert!(made.is_empty(), "{what}: {report}");
                if code != Some(0) {
                    assert!(!report.summary.exceptions.is_empty(), "{what}: {report}");
                }
            }
        }
    }
}

/// Those for QStreams take them and refuse all else, or see that it is broken.
#[test]
fn no_program_for_qstreams_crashes() {
    for case in cases() {
        for program in FOR_QSTREAMS {
            let what = shown(&case, program);
            let output = run(program, &case.stream);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 1)),
                "{what}: {said}"
            );
            assert!(!said.contains("panicked"), "{what}: {said}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let mut seen = BTreeSet::new();
    for case in cases().iter().filter(|case| FATAL.contains(&case.rule)) {
        seen.insert(case.rule);
        for program in PROGRAMS.iter().filter(|program| program.reads_data) {
            let what = shown(case, program);
            let output = run(program, &case.stream);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{what}: {said}");
            let lines: Vec<&str> = said
                .lines()
                .filter(|line| !line.contains("warning"))
                .collect();
            assert_eq!(lines.len(), 1, "{what}: {said}");
            assert!(lines[0].starts_with(program.words[0]), "{what}: {said}");
            // Of these there is nothing to say but that they are none of ours.
            if lines[0].contains("QStream") || matches!(case.rule, Rule::Empty | Rule::Das3) {
                continue;
            }
            let byte = said.split("byte ").nth(1).and_then(|rest| {
                let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
                digits?.parse::<u64>().ok()
            });
            assert_eq!(byte, Some(case.offset), "{what}: {said}");
        }
    }
    assert_eq!(seen.len(), FATAL.len(), "{seen:?}");
}

/// The three records of the good stream, before what is wrong.
#[test]
fn records_before_the_fault_are_kept() {
    let good = good().into_bytes();
    let mut tried = 0;
    for case in cases() {
        let fatal = FATAL.contains(&case.rule);
        if !fatal || case.stream == good || !case.stream.starts_with(&good) {
            continue;
        }
        tried += 1;
        for program in PROGRAMS {
            let Some(count) = program.records else {
                continue;
            };
            let output = run(program, &case.stream);
            let what = shown(&case, program);
            assert_eq!(
                count(&output.stdout),
                3,
                "{what}: {}",
                output.stdout.escape_ascii()
            );
        }
    }
    assert!(tried >= 8, "{tried}");
}
