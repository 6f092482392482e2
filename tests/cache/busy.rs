//! No place for the reader of a gap. Who has one in the plan is told so before the answer
//! begins; a block that turns out to be none is one in its middle.

use std::fs::{self, File};

use das2_server::check::check_stream;

use crate::minute::{Minutes, day_text};

const DAY_3: &str = "intrinsic/2017/01/2017-01-03_intrinsic.d2s";

/// A source with the days 1 to 5 in the cache, one place for readers, and that taken while
/// the file is held.
fn full_house() -> (Minutes, File) {
    let m = Minutes::with(
        "cacheLevel_00 = 'intrinsic | daily'",
        "WORK_QUEUE_BROKER = none\nSTATE_PATH = state\nREADER_MAX = 1\nREADER_QUEUE = 0\n",
    );
    fs::create_dir(m.site.path("state")).unwrap();
    m.fill_days(1..6);
    let place = File::open(m.site.path("state/readers/place.1")).unwrap();
    place.try_lock().unwrap();
    (m, place)
}

/// A block of a record a second, as the source's reader would write them.
fn fill_densely(m: &Minutes, day: u32) {
    let text = day_text(day);
    let thin = m.get(&text, &day_text(day + 1), "").text();
    let (head, _) = thin.split_once(":01:").unwrap();
    let mut block = head.to_owned();
    for second in 0..86_400 {
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let time = format!("{text}T{hour:02}:{minute:02}:{second:02}.000");
        block.push_str(&format!(":01:{time} {:7}.0\n", 7));
    }
    let file = m.block(&format!("intrinsic/2017/01/{text}_intrinsic.d2s"));
    fs::write(file, block).unwrap();
}

#[test]
fn a_stream_that_has_begun_ends_with_an_exception() {
    let (m, place) = full_house();
    fs::write(m.block(DAY_3), "[00]000023<stream version").unwrap();
    // More than is kept back before an answer begins.
    fill_densely(&m, 1);
    fill_densely(&m, 2);
    for more in ["", "&ascii=1"] {
        let answer = m.get("2017-01-01", "2017-01-05", more);
        // What is cached in front of the gap is sent, and nothing from behind it.
        assert_eq!(answer.status(), 200, "{more}");
        let text = answer.text();
        for (day, sent) in [
            ("2017-01-02T23:59:59", true),
            ("2017-01-03", false),
            ("2017-01-04", false),
        ] {
            assert_eq!(
                text.contains(&format!(":01:{day}")),
                sent,
                "{more} {day}: {text}"
            );
        }
        let (_, end) = text.rsplit_once("<exception").unwrap();
        assert!(
            end.contains("ServerBusy") && end.contains("All readers of this server"),
            "{end}"
        );
        // A place is what the client lacks, and whole packets what it has.
        let report = check_stream(&answer.body[..]);
        assert!(report.is_conforming(), "{more}: {report}");
    }
    assert!(m.runs().is_empty());
    let log = m.site.log();
    assert!(log.contains("ServerBusy"), "{log}");
    // With a place again the same request is answered in full.
    drop(place);
    let records = m.records("2017-01-01", "2017-01-05", "");
    assert_eq!(records.len(), 2 * 86_400 + 2 * 144);
    assert_eq!(m.runs(), ["2017-01-03 2017-01-04"]);
}

#[test]
fn a_gap_in_front_is_an_answer_503_and_what_is_cached_needs_no_place() {
    let (m, place) = full_house();
    fs::remove_file(m.block(DAY_3)).unwrap();
    let answer = m.get("2017-01-03", "2017-01-05", "");
    assert_eq!(answer.status(), 503, "{answer:?}");
    // Nor does what is cached in front of it begin an answer.
    assert_eq!(m.get("2017-01-01", "2017-01-05", "").status(), 503);
    assert!(answer.header("Retry-After").is_some());
    assert_eq!(m.records("2017-01-01", "2017-01-03", "").len(), 2 * 144);
    assert!(m.runs().is_empty());
    drop(place);
}
