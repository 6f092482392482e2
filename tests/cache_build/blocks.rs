//! What is in the blocks of a build.

use std::process::{Command, Stdio};

use das2_server::cache::build::Continue;
use das2_server::cache::{Form, Stamp, missing_or_stale};
use das2_server::filter::{Chain, Step};
use das2_server::stream::Reader;

use crate::site::*;

const ALL: (&str, &str) = ("2020-02-20", "2020-03-05");

fn output_of_reader(site: &Site, begin: &str, end: &str) -> Vec<u8> {
    let output = Command::new(site.path("bin/test_reader"))
        .args([begin, end])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    site.runs();
    output.stdout
}

#[test]
fn one_run_makes_the_blocks_of_all_levels() {
    let site = Site::new(LEVELS, HOURS);
    let mut last = 0;
    let report = site.build_while(&[1, 2, 3], ALL.0, ALL.1, &mut |progress| {
        assert!(progress.blocks >= last && progress.of == 14 + 14 * 24 + 2);
        last = progress.blocks;
        Continue::Yes
    });
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.blocks, 14 + 14 * 24 + 2);
    assert_eq!(last, report.blocks);
    // The months of the monthly level.
    assert_eq!(site.runs(), ["2020-02-01T00:00 2020-04-01T00:00"]);
    assert_eq!(site.blocks(1), site.wanted(1, ALL.0, ALL.1));
    assert_eq!(site.blocks(2).len(), 14 * 24);
    assert_eq!(site.blocks(3).len(), 2);
    site.check_all();
    let bytes: u64 = site
        .files()
        .iter()
        .map(|(_, bytes)| bytes.len() as u64)
        .sum();
    assert_eq!(report.bytes, bytes);
}

#[test]
fn blocks_joined_are_the_readers_stream() {
    let site = Site::new(LEVELS, HOURS);
    site.build(&[1], ALL.0, ALL.1);
    let whole = output_of_reader(&site, ALL.0, ALL.1);
    let mut joined = Vec::<u8>::new();
    let mut empty = 0;
    for block in site.blocks(1) {
        let bytes = site.bytes(1, &block);
        let stamp = Stamp::find(&bytes).unwrap();
        assert_eq!(stamp.form, Form::Sorted);
        assert_eq!(stamp.made, site.now);
        match headers_of(&bytes).contains("NoDataInInterval") {
            true => empty += 1,
            false => joined.extend(data_of(&bytes)),
        }
    }
    assert_eq!(empty, 2);
    assert!(joined == data_of(&whole));
}

#[test]
fn blocks_of_bins_are_those_of_the_reducer() {
    let site = Site::new(LEVELS, HOURS);
    site.build(&[2, 3], ALL.0, ALL.1);
    for (level, seconds) in [(2, "60"), (3, "600")] {
        for block in site.blocks(level) {
            let (begin, end) = (block.begin(), block.end());
            let iso = |time: das2_server::time::Time| {
                time.iso(das2_server::time::Style::Calendar, 0).to_string()[..16].to_owned()
            };
            let stream = match level {
                3 => output_of_reader(&site, &iso(begin), &iso(end)),
                // An hour is one file.
                _ => {
                    let name = site.path("data/hours").join(iso(begin));
                    let hour = std::fs::read(name).unwrap_or_default();
                    [header(&[1]).into_bytes(), hour].concat()
                }
            };
            let words = ["das2_bin_avgsec", "-b", &iso(begin), seconds];
            let mut binned = Vec::new();
            let chain = Chain::of(Step::from_words(&words).unwrap().unwrap());
            let mut stage = chain.sink(&mut binned);
            Reader::new(&stream[..]).pump(&mut stage).unwrap();
            drop(stage);
            let bytes = site.bytes(level, &block);
            let header = headers_of(&bytes);
            assert!(header.contains("xCacheResolution") && header.contains("cacheMade"));
            assert!(data_of(&bytes) == data_of(&binned), "{block:?}");
            let is_empty = data_of(&binned).is_empty();
            assert_eq!(header.contains("NoDataInInterval"), is_empty);
        }
    }
}

/// Types that come and go, data before their headers are all there.
fn with_many_types(site: &Site) {
    site.write("data/header", &header(&[1, 7]));
    let mut hour = time("2020-02-20");
    for n in 0..14 * 24 {
        let mut text = records(hour);
        if n % 5 == 3 {
            let id = [2, 9, 3][n % 3];
            text += &packet_header(id);
            text += &record(id, hour.plus_seconds(3590).unwrap());
        }
        site.write_hour(hour, &text);
        hour = hour.plus_seconds(3600).unwrap();
    }
}

#[test]
fn one_run_and_a_run_a_block_make_the_same_bytes() {
    let sites = [Site::new(LEVELS, HOURS), Site::new(LEVELS, HOURS)];
    for many in [false, true] {
        if many {
            sites.iter().for_each(with_many_types);
        }
        for level in [1, 2, 3] {
            let (first, second) = (&sites[0], &sites[1]);
            let report = first.build(&[1, 2, 3], ALL.0, ALL.1);
            assert!(report.is_complete(), "{report:?}");
            let end = if level == 2 { "2020-02-21" } else { ALL.1 };
            for block in second.wanted(level, ALL.0, end) {
                let text = |t: das2_server::time::Time| {
                    t.iso(das2_server::time::Style::Calendar, 0).to_string()
                };
                let report = second.build(&[level], &text(block.begin()), &text(block.end()));
                assert_eq!(report.blocks, 1);
                let (one, other) = (first.bytes(level, &block), second.bytes(level, &block));
                assert!(one == other, "{level} {block:?} {many}");
                // Bins of several types close at different times.
                match Stamp::find(&one).unwrap().form {
                    Form::Sorted => {}
                    Form::Within => assert!(many && level == 3, "{block:?}"),
                    form => panic!("{form:?} {level} {block:?}"),
                }
            }
        }
    }
    sites.iter().for_each(Site::check_all);
}

#[test]
fn packet_headers_stand_in_front_only_where_there_are_data() {
    let site = Site::new(LEVELS, HOURS);
    with_many_types(&site);
    site.build(&[1], ALL.0, ALL.1);
    let bytes = site.block(1, "2020-02-21");
    let header = headers_of(&bytes);
    let ids: Vec<&str> = ["[01]", "[02]", "[03]", "[07]", "[09]"]
        .into_iter()
        .filter(|id| header.contains(id))
        .collect();
    assert!(ids.contains(&"[01]") && !ids.contains(&"[07]"), "{ids:?}");
    assert!(ids.len() > 1);
    assert!(data_of(&bytes).starts_with(b":01:"));
}

#[test]
fn a_layout_that_changes_makes_a_block_that_has_to_be_read() {
    let site = Site::new(LEVELS, HOURS);
    let hour = time("2020-02-20T12:00");
    let other = packet_header(1).replace("amp1", "new1");
    site.write_hour(hour, &(other + &records(hour)));
    site.build(&[1], ALL.0, ALL.1);
    let form = |day: &str| Stamp::find(&site.block(1, day)).unwrap().form;
    assert_eq!(form("2020-02-20"), Form::Mixed);
    // From the next day on it is simply the layout.
    assert_eq!(form("2020-02-21"), Form::Sorted);
    assert!(headers_of(&site.block(1, "2020-02-21")).contains("new1"));
    site.check_all();
}

#[test]
fn data_a_little_out_of_order_find_their_blocks() {
    let site = Site::new(LEVELS, HOURS);
    // The first hour of the second day comes with the end of the first day
    // behind it, and other hours are shuffled as well.
    let (a, b) = (time("2020-02-20T23:00"), time("2020-02-21T00:00"));
    site.write_hour(a, "");
    site.write_hour(b, &(records(b) + &records(a)));
    site.build(&[1, 2], ALL.0, ALL.1);
    let first = site.block(1, "2020-02-20");
    assert!(data_of(&first).ends_with(records(a).as_bytes()));
    assert_eq!(Stamp::find(&first).unwrap().form, Form::Sorted);
    let expected = records(b);
    assert!(data_of(&site.block(1, "2020-02-21")).starts_with(expected.as_bytes()));
    assert!(!headers_of(&site.block(2, "2020-02-20T23:00")).contains("NoData"));
    site.check_all();
}

#[test]
fn data_that_come_far_too_late_are_read_again_for_their_block() {
    let site = Site::new(LEVELS, HOURS);
    let (early, late) = (time("2020-02-21T05:00"), time("2020-02-28T00:00"));
    // This reader keeps one hour for the end of whatever it writes.
    let script = format!(
        "{HOURS}\nif expr \"$1\" '<=' 2020-02-21T05:00 >/dev/null && \
         expr \"$2\" '>' 2020-02-21T05:00 >/dev/null; then cat kept; fi"
    );
    site.reader(&script);
    site.write("data/kept", &records(early));
    site.write_hour(early, "");
    let report = site.build(&[1, 2], "2020-02-20", "2020-03-01");
    assert!(report.is_complete(), "{report:?}");
    assert!(report.runs > 1);
    let bytes = site.block(1, "2020-02-21");
    assert_eq!(data_of(&bytes).len(), 24 * records(late).len());
    assert_eq!(Stamp::find(&bytes).unwrap().form, Form::Within);
    assert!(!headers_of(&site.block(2, "2020-02-21T05:00")).contains("NoData"));
    assert_eq!(
        report.blocks as usize,
        site.blocks(1).len() + site.blocks(2).len()
    );
    site.check_all();
}

/// A reader goes through the whole range for one packet type, then for the other. Of the
/// blocks that held the first type only none is left, also where the second one breaks off.
#[test]
fn types_that_come_one_after_the_other_are_both_in_each_block() {
    let (_, hours) = HOURS.split_once('\n').unwrap();
    for second in [
        "second",
        "[ $(first | wc -l) -le 2160 ] || { second | head -n 600; exit 3; }; second",
    ] {
        let site = Site::new(LEVELS, "");
        let second_header = packet_header(1).replace("[01]", "[02]");
        site.write("data/header", &(header(&[1]) + &second_header));
        site.reader(&format!(
            "hours() {{ {hours}\n}}\nbegin=$1 end=$2\nfirst() {{ hours \"$begin\" \"$end\"; }}\n\
             second() {{ first | sed 's/^:01:/:02:/'; }}\ncat header; first; {second}"
        ));
        let report = site.build(&[1, 2], "2020-02-20", "2020-02-22");
        assert!(report.is_complete(), "{report:?}");
        assert_eq!((site.blocks(1).len(), site.blocks(2).len()), (2, 48));
        assert_eq!(report.blocks, 50);
        for (number, records) in [(1, 24 * 90), (2, 60)] {
            for block in site.blocks(number) {
                let text = String::from_utf8(site.bytes(number, &block)).unwrap();
                let count = |tag| text.matches(tag).count();
                let counts = (count("\n:01:"), count("\n:02:"));
                assert_eq!(counts, (records, records), "{block:?}");
            }
        }
    }
}

#[test]
fn a_reader_that_has_nothing_leaves_empty_blocks() {
    let exception = "<exception type=\"NoDataInInterval\" message=\"none\" />\n";
    let with_exception = format!(
        "cat header; printf '%s' '[xx]{:06}{exception}'",
        exception.len()
    );
    for (script, title) in [
        ("exit 0", false),
        ("cat header", true),
        (&with_exception, true),
    ] {
        let site = Site::new(LEVELS, script);
        let report = site.build(&[1, 2], "2020-02-20", "2020-02-22");
        assert!(report.is_complete(), "{script}: {report:?}");
        assert_eq!(report.blocks, 2 + 48);
        for (_, bytes) in site.files() {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains("NoDataInInterval"));
            assert_eq!(text.contains("title"), title, "{text}");
            assert!(!text.contains("[01]"));
        }
        site.check_all();
    }
}

#[test]
fn only_blocks_whose_span_is_over() {
    let mut site = Site::new(LEVELS, HOURS);
    site.now = time("2020-02-21T05:30");
    let report = site.build(&[1, 2, 3], ALL.0, ALL.1);
    assert!(report.is_complete());
    assert_eq!(report.blocks, 1 + 24 + 5);
    assert_eq!(site.runs(), ["2020-02-20T00:00 2020-02-21T05:00"]);
}

#[test]
fn a_sites_own_reducer_is_run_for_each_block() {
    let reducer = "reducer = 'my_reducer -x'\n";
    let site = Site::new(&format!("{LEVELS}{reducer}"), HOURS);
    let program = env!("CARGO_BIN_EXE_das2_bin_avgsec");
    let calls = site.path("calls");
    let script = format!(
        "shift\necho \"$@\" >> {}\nexec {program} \"$@\"",
        calls.display()
    );
    site.program("my_reducer", &script);
    let report = site.build(&[1, 2], "2020-02-20", "2020-02-20T03:00");
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.blocks, 1 + 3);
    let calls = std::fs::read_to_string(calls).unwrap();
    assert!(calls.starts_with("-b 2020-02-20T00:00 60.000000\n-b 2020-02-20T01:00 60.000000\n"));
    assert_eq!(
        site.runs(),
        [
            "2020-02-20 2020-02-21",
            "2020-02-20T00:00 2020-02-20T01:00",
            "2020-02-20T01:00 2020-02-20T02:00",
            "2020-02-20T02:00 2020-02-20T03:00",
        ]
    );
    site.check_all();
    // The same as our own makes of it, but for where it came from.
    let own = Site::new(LEVELS, HOURS);
    own.build(&[2], "2020-02-20", "2020-02-20T03:00");
    for block in own.blocks(2) {
        assert!(data_of(&own.bytes(2, &block)) == data_of(&site.bytes(2, &block)));
    }
}

#[test]
fn levels_that_cannot_be_built_are_told() {
    let site = Site::new(&format!("{LEVELS}reducer = not_reducible\n"), HOURS);
    let report = site.build(&[1, 2], "2020-02-20", "2020-02-21");
    assert_eq!(report.blocks, 1);
    assert_eq!(report.off.len(), 1);
    assert_eq!(report.off[0].0, 2);
}

#[test]
fn params_of_the_level_reach_the_reader() {
    let levels = "cacheLevel_01 = 'intrinsic | daily | b-x  a'\ncacheLevel_02 = '60 s | daily | b-x  a'\ncacheLevel_03 = 'intrinsic | daily'\n";
    let site = Site::new(levels, HOURS);
    let report = site.build(&[1, 2, 3], "2020-02-20", "2020-02-22");
    assert!(report.is_complete());
    assert_eq!(
        site.runs(),
        ["2020-02-20 2020-02-22 b-x a", "2020-02-20 2020-02-22"]
    );
    assert!(
        site.path("cache/data/S/a_b_x/intrinsic/2020/02/2020-02-20_intrinsic.d2s")
            .is_file()
    );
    site.dsdf(&format!("{levels}dropParams = 1"));
    site.build(&[1], "2020-02-20", "2020-02-22");
    assert_eq!(site.runs(), ["2020-02-20 2020-02-22"]);
}

#[test]
fn what_is_missing_or_stale_is_found() {
    let mut site = Site::new(LEVELS, HOURS);
    let wanted = |site: &Site, level| {
        let (definition, config) = (site.definition(), site.config());
        let (begin, end) = (time(ALL.0), time(ALL.1));
        missing_or_stale(
            &definition,
            &config,
            &site.level(level),
            begin,
            end,
            site.now,
        )
    };
    assert_eq!(wanted(&site, 1), [(time(ALL.0), time(ALL.1))]);
    site.build(&[1, 2], "2020-02-22", "2020-02-24");
    let first = (time(ALL.0), time("2020-02-22"));
    let last = (time("2020-02-24"), time(ALL.1));
    assert_eq!(wanted(&site, 1), [first, last]);
    assert_eq!(wanted(&site, 2), [first, last]);
    // One cut short, one that is a folder.
    let file = |day| {
        let block = site.wanted(1, day, "2020-02-26")[0];
        site.folder_of(1).file_of(&block)
    };
    let bytes = std::fs::read(file("2020-02-23")).unwrap();
    std::fs::write(file("2020-02-23"), &bytes[..bytes.len() - 1]).unwrap();
    std::fs::create_dir(file("2020-02-25")).unwrap();
    let from = (time("2020-02-23"), time(ALL.1));
    assert_eq!(wanted(&site, 1), [first, from]);
    // The next build mends them.
    site.build(&[1], "2020-02-23", "2020-02-26");
    let last = (time("2020-02-26"), time(ALL.1));
    assert_eq!(wanted(&site, 1), [first, last]);
    // Another reader makes everything stale, and so does age.
    site.dsdf(&format!("{LEVELS}cacheExpire = 3 days"));
    assert_eq!(wanted(&site, 1), [first, last]);
    site.now = time("2021-06-04T01:00");
    assert_eq!(wanted(&site, 1), [(time(ALL.0), time(ALL.1))]);
    site.dsdf(LEVELS);
    assert_eq!(wanted(&site, 1).len(), 2);
    let dsdf = std::fs::read_to_string(site.path("sets/S.dsdf")).unwrap();
    site.write(
        "sets/S.dsdf",
        &dsdf.replace("'test_reader'", "'test_reader -v'"),
    );
    assert_eq!(wanted(&site, 1), [(time(ALL.0), time(ALL.1))]);
}

#[test]
fn a_foreign_block_that_is_broken_behind_its_front_is_made_again() {
    let site = Site::new(LEVELS, HOURS);
    site.build(&[1], "2020-02-20", "2020-02-23");
    let path = |day: &str| {
        let block = site.wanted(1, day, "2020-03-01")[0];
        site.folder_of(1).file_of(&block)
    };
    // What das2-pyserver makes: the reader's stream, which says nothing.
    let foreign = |day: &str| {
        let bytes = site.block(1, day);
        [header(&[1]).as_bytes(), data_of(&bytes)].concat()
    };
    std::fs::write(path("2020-02-20"), foreign("2020-02-20")).unwrap();
    let mut broken = foreign("2020-02-21");
    let middle = broken.len() / 2;
    broken[middle..middle + 100].fill(b'?');
    std::fs::write(path("2020-02-21"), broken).unwrap();
    let (definition, config) = (site.definition(), site.config());
    let wanted = || {
        let (begin, end) = (time("2020-02-20"), time("2020-02-23"));
        let now = das2_server::time::Time::now();
        missing_or_stale(&definition, &config, &site.level(1), begin, end, now)
    };
    assert_eq!(wanted(), [(time("2020-02-21"), time("2020-02-22"))]);
    site.build(&[1], "2020-02-21", "2020-02-22");
    assert_eq!(wanted(), []);
}
