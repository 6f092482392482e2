//! Records so near to the edge of a block that a double in us2000 lies on it, and those in
//! a second 60: each is of the day that its text, and the reader, says.

use std::fs;
use std::process::Command;

use crate::site::Site;

/// Writes the records of a range, each a file with the number of its line in `times`.
const READER: &str = r#"cd "$(dirname "$0")/.."
cat head
awk -v b="$1" -v e="$2" '$1 "" >= b "" && $1 "" < e "" { print "record" NR }' times | xargs -r cat
"#;

const TIMES: [&str; 9] = [
    "2016-12-30T23:59:59.999999999",
    "2016-12-31T00:00:00.000000000",
    "2016-12-31T23:59:59.999999970",
    "2016-12-31T23:59:59.999999999",
    "2016-12-31T23:59:60.000000000",
    "2016-12-31T23:59:60.999999999",
    "2017-01-01T00:00:00.000000000",
    "2017-01-01T00:00:00.000000001",
    "2017-01-01T23:59:59.999999999",
];

const DAYS: [&str; 4] = ["2016-12-30", "2016-12-31", "2017-01-01", "2017-01-02"];

/// TT2000 of a time of this list.
fn tt2000(time: &str) -> i64 {
    const MIDNIGHT: i64 = 536_500_869_184_000_000;
    let (day, rest) = time.split_once('T').unwrap();
    let part = |from: usize| rest[from..from + 2].parse::<i64>().unwrap();
    let seconds = part(0) * 3600 + part(3) * 60 + part(6);
    let before = match day {
        "2016-12-30" => -2 * 86_400 - 1,
        "2016-12-31" => -86_401,
        _ => 0,
    };
    MIDNIGHT + (before + seconds) * 1_000_000_000 + rest[9..].parse::<i64>().unwrap()
}

/// Builds a day at a time, and asks for all ranges of days with each part of the blocks.
fn every_record_once(x: &str, text: fn(&str) -> Vec<u8>) {
    let site = Site::new("WORK_QUEUE_BROKER = none");
    let packet = format!("<packet><x {x}></x><y type=\"ascii4\" units=\"\"></y></packet>");
    let head = format!(
        "[00]000031<stream version=\"2.2\"></stream>[01]{:06}{packet}",
        packet.len()
    );
    site.write("head", &head);
    site.write("times", TIMES.join("\n"));
    let mut records = Vec::new();
    for (number, time) in TIMES.iter().enumerate() {
        let record = [b":01:", &text(time)[..], format!("{number:3}\n").as_bytes()].concat();
        site.write(&format!("record{}", number + 1), &record);
        records.push((*time, record));
    }
    site.source("E", READER, "cacheLevel_00 = 'intrinsic | daily'");
    for day in DAYS.windows(2) {
        let built = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"))
            .args(["build", "E", day[0], day[1], "--now", "-c"])
            .arg(site.path("das2server.conf"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{built:?}");
    }
    let files = DAYS.map(|day| {
        let folder = site.path("cache/data/E/_noparam/intrinsic");
        folder.join(format!("{}/{}/{day}_intrinsic.d2s", &day[..4], &day[5..7]))
    });
    let blocks: Vec<Vec<u8>> = files[..3].iter().map(|f| fs::read(f).unwrap()).collect();
    for held in 0..8 {
        for (index, (file, block)) in files.iter().zip(&blocks).enumerate() {
            match held >> index & 1 {
                0 => drop(fs::remove_file(file)),
                _ => fs::write(file, block).unwrap(),
            }
        }
        for (from, begin) in DAYS.iter().enumerate() {
            for end in &DAYS[from + 1..] {
                let range = format!("start_time={begin}&end_time={end}");
                let answer = site.get(&format!("server=dataset&dataset=E&{range}"));
                let wanted: Vec<u8> = records
                    .iter()
                    .filter(|(time, _)| time >= begin && time < end)
                    .flat_map(|(_, record)| record.clone())
                    .collect();
                let data = answer.body.windows(4).position(|four| four == b":01:");
                let got = &answer.body[data.unwrap_or(answer.body.len())..];
                assert_eq!(
                    got.escape_ascii().to_string(),
                    wanted.escape_ascii().to_string(),
                    "{range}, {held:03b} held"
                );
            }
        }
    }
}

#[test]
fn text_at_an_edge() {
    every_record_once("type=\"time30\" units=\"UTC\"", |time| {
        format!("{time} ").into_bytes()
    });
}

#[test]
fn integers_at_an_edge() {
    every_record_once("type=\"big_endian_int8\" units=\"TT2000\"", |time| {
        tt2000(time).to_be_bytes().to_vec()
    });
}
