//! Answers that are pieced together of blocks and reader runs are what one
//! look at all data would give, for every period, over ranges, resolutions
//! and holes chosen at random: no record twice, none missing.

use std::fs;
use std::process::Command;

use das2_server::cache::{Block, Blocks};
use das2_server::check::check_stream;
use das2_server::source::{Period, Resolution, Unit};
use das2_server::time::{Style, Time, parse_query};

use crate::site::Site;

/// Writes the records of a range, which `records` holds behind their times.
const READER: &str = r#"cd "$(dirname "$0")/.."
cat head
awk -F'~' -v b="$1" -v e="$2" '$1 "" >= b "" && $1 "" < e "" { print $2 }' records
"#;

/// A level of each period: bins that fit into its blocks, and some that do not.
struct Case {
    period: Period,
    word: &'static str,
    begin: &'static str,
    /// Milliseconds between records, about.
    step: i64,
    records: i64,
    bins: (u32, Unit),
}

const CASES: [Case; 6] = [
    Case {
        period: Period::Second,
        word: "persecond",
        begin: "2017-02-28T23:59:52",
        step: 37,
        records: 500,
        bins: (250, Unit::Millisecond),
    },
    Case {
        period: Period::Minute,
        word: "perminute",
        begin: "2016-12-31T23:52:30",
        step: 2713,
        records: 400,
        bins: (7, Unit::Second),
    },
    Case {
        period: Period::Hour,
        word: "hourly",
        begin: "2016-12-31T17:10:00",
        step: 121_007,
        records: 500,
        bins: (600, Unit::Second),
    },
    Case {
        period: Period::Day,
        word: "daily",
        begin: "2016-02-22T07:00:00",
        step: 2_880_011,
        records: 500,
        bins: (7200, Unit::Second),
    },
    Case {
        period: Period::Month,
        word: "monthly",
        begin: "2015-10-10",
        step: 85_000_007,
        records: 400,
        bins: (86_400, Unit::Second),
    },
    Case {
        period: Period::Year,
        word: "yearly",
        begin: "1995-06-01",
        step: 700_000_123,
        records: 500,
        bins: (864_000, Unit::Second),
    },
];

/// How times are written: type, units, and the text of one.
type Form = (&'static str, &'static str, fn(Time) -> String);

const FORMS: [Form; 3] = [
    ("time24", "UTC", |time| format!("{} ", exact(time))),
    ("ascii24", "us2000", |time| {
        format!("{:23.1} ", time.us2000())
    }),
    ("ascii24", "mj1958", |time| {
        format!("{:23.14} ", time.us2000() / 86_400e6 + 15_340.0)
    }),
];

fn time(text: &str) -> Time {
    parse_query(text, None).unwrap()
}

fn exact(time: Time) -> String {
    time.iso(Style::Calendar, 3).to_string()
}

/// Knuth's generator: the same choices in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound.unsigned_abs()) as i64
    }
}

struct Source {
    site: Site,
    /// The time of each record.
    times: Vec<Time>,
    level: Resolution,
}

impl Source {
    /// Two kinds of packets take turns, of which the second comes less often.
    fn new(case: &Case, form: &Form, level: Resolution, random: &mut Random) -> Source {
        let site = Site::new("WORK_QUEUE_BROKER = none");
        let packet = |fields: &str| {
            let (kind, units, _) = form;
            format!("<packet><x type=\"{kind}\" units=\"{units}\"></x>{fields}</packet>")
        };
        let packets = [
            packet("<y name=\"v\" type=\"ascii10\" units=\"V\"></y>"),
            packet("<y name=\"w\" type=\"ascii12\" units=\"A\"></y>"),
        ];
        let mut head = "[00]000031<stream version=\"2.2\"></stream>".to_owned();
        for (id, packet) in (1..).zip(&packets) {
            head += &format!("[{id:02}]{:06}{packet}", packet.len());
        }
        site.write("head", head);
        let (mut records, mut times) = (String::new(), Vec::new());
        let mut at = time(case.begin);
        for number in 0..case.records {
            let text = form.2(at);
            let packet = match number % 3 {
                2 => format!(":02:{text}{number:11}"),
                _ => format!(":01:{text}{number:9}"),
            };
            records += &format!("{}~{packet}\n", exact(at));
            times.push(at);
            // Now and then one on the edge of a block.
            let next = at
                .plus_nanos((case.step / 2 + random.below(case.step)) * 1_000_000)
                .unwrap();
            let edge = Block::at(case.period, at).unwrap().end();
            at = match edge < next && random.below(2) == 0 {
                true => edge,
                false => next,
            };
        }
        site.write("records", records);
        let text = match level {
            Resolution::Intrinsic => "intrinsic".to_owned(),
            Resolution::Bin { count, unit } => format!(
                "{count} {}",
                match unit {
                    Unit::Second => "s",
                    Unit::Millisecond => "ms",
                }
            ),
        };
        let keywords = format!(
            "description = 'J'\ncacheLevel_00 = '{text} | {}'",
            case.word
        );
        site.source("J", READER, &keywords);
        Source { site, times, level }
    }

    fn build(&self, begin: Time, end: Time) {
        let output = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"))
            .args(["build", "J", &exact(begin), &exact(end), "--now", "-c"])
            .arg(self.site.path("das2server.conf"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
    }

    fn query(&self, begin: Time, end: Time, more: &str) -> String {
        let (begin, end) = (exact(begin), exact(end));
        let resolution = match self.level {
            Resolution::Intrinsic => String::new(),
            bins => format!("&resolution={}", bins.seconds() * 1.5),
        };
        format!("server=dataset&dataset=J&start_time={begin}&end_time={end}{resolution}{more}")
    }

    /// The records of an answer, each with what its kind of packet is called.
    fn records(&self, begin: Time, end: Time, more: &str) -> (String, Vec<String>) {
        let query = self.query(begin, end, more);
        let answer = self.site.get(&query);
        assert_eq!(answer.status(), 200, "{query}: {answer:?}");
        let report = check_stream(&answer.body[..]);
        assert!(report.is_conforming(), "{query}: {report}");
        let text = answer.text();
        let mut names = vec![String::new(); 100];
        let mut rest = text.as_str();
        let mut headers = String::new();
        let mut records = Vec::new();
        while !rest.is_empty() {
            let (tag, body) = rest.split_at(4);
            let id: usize = tag[1..3].parse().unwrap_or(0);
            if tag.starts_with('[') {
                let length: usize = body[..6].parse().unwrap();
                let xml = &body[6..6 + length];
                headers += xml;
                names[id] = if xml.contains("\"v\"") { "v" } else { "w" }.to_owned();
                rest = &body[6 + length..];
            } else {
                let length = body.find('\n').unwrap() + 1;
                records.push(format!("{}{}", names[id], &body[..length]));
                rest = &body[length..];
            }
        }
        // Bins of the same time may come in any order.
        if self.level != Resolution::Intrinsic {
            records.sort_by(|a, b| (&a[1..25], a).cmp(&(&b[1..25], b)));
        }
        (headers, records)
    }
}

/// A moment of the source: any, one of a record, or the edge of a block.
fn moment(source: &Source, period: Period, random: &mut Random) -> Time {
    let index = random.below(source.times.len() as i64) as usize;
    let record = source.times[index];
    match random.below(4) {
        0 => record,
        1 => Block::at(period, record).unwrap().begin(),
        2 => record.plus_nanos(1_000_000).unwrap(),
        _ => {
            let span = Block::at(period, record).unwrap();
            let length = (span.end().ns2000() - span.begin().ns2000()) / 1_000_000;
            let after = random.below(length as i64) * 1_000_000;
            span.begin().plus_nanos(after).unwrap()
        }
    }
}

/// The time of a record, to the millisecond that its answer has it to.
fn of_record(record: &str, form: &Form) -> Time {
    let text = record[1..25].trim();
    let us = match (form.1, text.parse::<f64>()) {
        ("UTC", _) => return time(text),
        // Bins have their times in us2000.
        ("mj1958", Ok(days)) if days.abs() < 1e6 => (days - 15_340.0) * 86_400e6,
        (_, number) => number.unwrap(),
    };
    let time = Time::from_us2000((us / 1e3).round() * 1e3);
    time.unwrap_or_else(|| panic!("{record}"))
}

/// Fails with the first record in which they differ.
fn assert_same(got: &[String], wanted: &[String], what: &str) {
    let pairs = got.iter().zip(wanted);
    let first = pairs.enumerate().find(|(_, (got, wanted))| got != wanted);
    assert!(first.is_none(), "{what}: {first:?}");
    assert_eq!(got.len(), wanted.len(), "{what}");
}

fn pieced_together(case: &Case, form: &Form, level: Resolution, random: &mut Random) {
    let source = Source::new(case, form, level, random);
    let (first, last) = (source.times[0], *source.times.last().unwrap());
    let begin = Block::at(case.period, first).unwrap().begin();
    let end = Block::at(case.period, last).unwrap().end();
    source.build(begin, end);
    let blocks: Vec<Block> = Blocks::covering(case.period, begin, end).collect();
    let file = |block: &Block| {
        let path = format!("cache/data/J/_noparam/{level}/{}", block.path(level, "d2s"));
        source.site.path(&path)
    };
    let whole = source.records(begin, end, "").1;
    let name = format!("{} {level} {}", case.word, form.1);
    if level == Resolution::Intrinsic {
        let uncached = source.records(begin, end, "&params=uncached").1;
        assert_same(&whole, &uncached, &name);
        assert_eq!(whole.len(), source.times.len(), "{name}");
    }
    let kept: Vec<(Block, Vec<u8>)> = blocks
        .iter()
        .map(|block| (*block, fs::read(file(block)).unwrap()))
        .collect();
    for _ in 0..6 {
        for (block, bytes) in &kept {
            match random.below(3) {
                0 => drop(fs::remove_file(file(block))),
                _ => fs::write(file(block), bytes).unwrap(),
            }
        }
        let (one, other) = (
            moment(&source, case.period, random),
            moment(&source, case.period, random),
        );
        let (from, to) = (one.min(other), one.max(other));
        if from == to {
            continue;
        }
        let what = format!("{name}: {} to {}", exact(from), exact(to));
        let (headers, records) = source.records(from, to, "");
        // What the block before the range has behind its end is left out.
        let first = Block::at(case.period, from).unwrap().begin();
        let first = first.plus_nanos((level.seconds() * 0.5e9) as i64).unwrap();
        let wanted: Vec<String> = whole
            .iter()
            .filter(|record| {
                let at = of_record(record, form);
                from.max(first) <= at && at < to
            })
            .cloned()
            .collect();
        let held = blocks
            .iter()
            .any(|block| block.begin() < to && from < block.end() && file(block).exists());
        // Without any block the bins are those that were asked for.
        if held {
            assert_same(&records, &wanted, &what);
        }
        let range = format!("xCacheRange=\"{} to {} UTC\"", exact(from), exact(to));
        assert_eq!(headers.contains(&range), held, "{name}: {headers}");
        if level == Resolution::Intrinsic {
            let uncached = source.records(from, to, "&params=uncached").1;
            assert_same(&records, &uncached, &what);
        } else if held {
            let bins = format!("Datum:xCacheResolution=\"{} s\"", level.seconds());
            assert!(headers.contains(&bins), "{name}: {headers}");
        }
    }
}

#[test]
fn every_record_once_whatever_is_cached() {
    let mut random = Random(4);
    for case in &CASES {
        for form in &FORMS {
            pieced_together(case, form, Resolution::Intrinsic, &mut random);
        }
    }
}

#[test]
fn bins_are_the_same_from_blocks_and_from_the_reader() {
    let mut random = Random(7);
    for case in &CASES {
        let (count, unit) = case.bins;
        let bins = Resolution::Bin { count, unit };
        for form in &FORMS {
            pieced_together(case, form, bins, &mut random);
        }
    }
}
