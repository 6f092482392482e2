//! Garbage in the middle of blocks of our own: read around, told, queued, mended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use das2_server::check::check_stream;

use crate::minute::{Minutes, day_text};
use crate::queue::waiting_at;
use crate::site::Site;

/// The headers, then the days that overlap the range.
const READER: &str = r#"cd "$(dirname "$0")/.."
echo "$*" >>runs
cat head
begin=$(printf %.10s "$1")
for day in $(ls days); do
    if [ "$day" = "$begin" ] || { [ "$day" \> "$begin" ] && [ "$day" \< "$2" ]; }; then cat "days/$day"; fi
done
"#;

/// What the records of a source are like.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    /// Times as text, small enough to be in memory as a whole.
    SmallText,
    /// Times as text.
    Text,
    /// Times and data as numbers.
    Binary,
    /// Two packet types, whose times are not in order.
    TwoTypes,
}

/// Days 1 to 4 of January 2017.
const DAYS: std::ops::Range<u32> = 1..5;

struct Source {
    site: Site,
    form: Form,
}

impl Source {
    /// A source `D`, its cache filled by das2_srv_cache.
    fn new(form: Form) -> Source {
        let site = Site::new("WORK_QUEUE_BROKER = embedded\nSTATE_PATH = STATE");
        let conf = fs::read_to_string(site.path("das2server.conf")).unwrap();
        let state = site.path("state");
        fs::create_dir(&state).unwrap();
        let conf = conf.replace("= STATE", &format!("= {}", state.display()));
        site.write("das2server.conf", conf);
        let x = match form {
            Form::Binary => r#"<x type="little_endian_real8" units="us2000"></x>"#,
            _ => r#"<x type="time24" units="us2000"></x>"#,
        };
        let y = match form {
            Form::Binary => {
                r#"<yscan name="s" type="little_endian_real4" nitems="8" yUnits="Hz" zUnits="V"></yscan>"#
            }
            _ => r#"<y name="v" type="ascii10" units="V"></y>"#,
        };
        let packet = format!("<packet>{x}{y}</packet>");
        let mut head = "[00]000031<stream version=\"2.2\"></stream>".to_owned();
        head += &format!("[01]{:06}{packet}", packet.len());
        if form == Form::TwoTypes {
            let packet = packet.replace("\"v\"", "\"w\"");
            head += &format!("[02]{:06}{packet}", packet.len());
        }
        site.write("head", head);
        for day in DAYS {
            site.write(&format!("days/{}", day_text(day)), records(form, day));
        }
        let keywords = "description = 'D'\ncacheLevel_00 = 'intrinsic | daily'";
        site.source("D", READER, keywords);
        let source = Source { site, form };
        let built = source.tool(&["build", "D", "2017-01-01", "2017-01-05", "--now"]);
        assert!(built.status.success(), "{built:?}");
        source.runs();
        source
    }

    fn tool(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"))
            .args(words)
            .arg("-c")
            .arg(self.site.path("das2server.conf"))
            .output()
            .unwrap()
    }

    fn block(&self, day: u32) -> PathBuf {
        let name = format!("{}_intrinsic.d2s", day_text(day));
        let folder = self.site.path("cache/data/D/_noparam/intrinsic/2017/01");
        folder.join(name)
    }

    fn get(&self, (begin, end): (&str, &str)) -> Vec<u8> {
        let range = format!("start_time={begin}&end_time={end}");
        let answer = self.site.get(&format!("server=dataset&dataset=D&{range}"));
        assert_eq!(answer.status(), 200, "{answer:?}");
        let report = check_stream(&answer.body[..]);
        assert!(report.is_conforming(), "{:?} {range}: {report}", self.form);
        answer.body
    }

    /// How often the reader was run since the last question.
    fn runs(&self) -> usize {
        let file = self.site.path("runs");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        text.lines().count()
    }

    fn damaged(&self) -> String {
        let output = self.tool(&["status", "--json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let row: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(output.status.success(), row["damaged"] == 0, "{text}");
        row["damaged"].to_string()
    }
}

/// The records of a day, one every 20 s, or every 100 s.
fn records(form: Form, day: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let step = if form == Form::SmallText { 100 } else { 20 };
    let text = |second: u32| {
        let (hour, minute) = (second / 3600, second % 3600 / 60);
        let day = day_text(day);
        format!("{day}T{hour:02}:{minute:02}:{:02}.000 ", second % 60)
    };
    for second in (0..86_400_u32).step_by(step) {
        if form == Form::Binary {
            let x = f64::from((6210 + day - 1) * 86_400 + second) * 1e6;
            bytes.extend(b":01:");
            bytes.extend(x.to_le_bytes());
            for channel in 0..8_u16 {
                bytes.extend(f32::from(channel).to_le_bytes());
            }
            continue;
        }
        bytes.extend(format!(":01:{}{second:9}\n", text(second)).bytes());
        if form == Form::TwoTypes {
            let earlier = second.saturating_sub(30);
            bytes.extend(format!(":02:{}{second:9}\n", text(earlier)).bytes());
        }
    }
    bytes
}

/// What happens to a block, given where a record of its middle begins.
type Damage = (&'static str, fn(&mut [u8], usize));

const TO_ANY: [Damage; 3] = [
    ("a tag", |bytes, at| {
        bytes[at..at + 4].copy_from_slice(b":7x:")
    }),
    ("a page of zeros", |bytes, at| bytes[at..at + 4096].fill(0)),
    ("a header", |bytes, _| {
        let name = bytes.windows(5).position(|part| part == b"units").unwrap();
        bytes[name + 5] = b'"';
    }),
];

const TO_TEXT: [Damage; 3] = [
    ("a time that is none", |bytes, at| bytes[at + 9] = b'?'),
    ("a time of another year", |bytes, at| bytes[at + 7] = b'1'),
    ("bytes in lines", |bytes, at| bytes[at..at + 700].fill(b'x')),
];

const TO_ORDER: Damage = ("a time that is too late", |bytes, at| {
    bytes[at + 15..at + 17].copy_from_slice(b"23");
});

const TO_NUMBERS: [Damage; 3] = [
    ("no number", |bytes, at| {
        bytes[at + 4..at + 12].copy_from_slice(&f64::NAN.to_le_bytes());
    }),
    ("a time of another year", |bytes, at| {
        bytes[at + 4..at + 12].copy_from_slice(&1e15_f64.to_le_bytes());
    }),
    ("a time out of order", |bytes, at| {
        let first = 6211_f64 * 86_400e6;
        bytes[at + 4..at + 12].copy_from_slice(&first.to_le_bytes());
    }),
];

/// Where the day's block is the only one, cut at both ends, one end or none.
const RANGES: [(&str, &str); 6] = [
    ("2017-01-01", "2017-01-05"),
    ("2017-01-02", "2017-01-03"),
    ("2017-01-02T06:00", "2017-01-02T18:00"),
    ("2017-01-01T12:00", "2017-01-02T20:00"),
    ("2017-01-02T01:00", "2017-01-04T12:00"),
    ("2017-01-02T11:50", "2017-01-02T12:10"),
];

/// Writes into a file as it stands.
fn write_into(file: &Path, damage: fn(&mut [u8], usize)) {
    let mut bytes = fs::read(file).unwrap();
    // A record behind 12:00, whose times no damage above makes right by chance.
    let data = bytes.len() * 13 / 24;
    let from = bytes[data..].windows(4).position(|tag| tag == b":01:");
    damage(&mut bytes, data + from.unwrap());
    let before = fs::metadata(file).unwrap().len();
    use std::os::unix::fs::FileExt;
    let open = fs::File::options().write(true).open(file).unwrap();
    open.write_all_at(&bytes, 0).unwrap();
    assert_eq!(fs::metadata(file).unwrap().len(), before);
}

fn read_around(form: Form, damages: &[Damage]) {
    let source = Source::new(form);
    let wanted = RANGES.map(|range| source.get(range));
    assert_eq!(source.runs(), 0, "{form:?}: {}", source.site.log());
    for (number, (what, damage)) in damages.iter().enumerate() {
        let what = format!("{form:?}, {what}");
        assert_eq!(source.damaged(), "0", "{what}");
        write_into(&source.block(2), *damage);
        assert_eq!(source.damaged(), "1", "{what}");
        for (range, wanted) in RANGES.iter().zip(&wanted) {
            assert!(source.get(*range) == *wanted, "{what}: {range:?}");
            assert_eq!(source.runs(), 1, "{what}: {range:?}");
        }
        let log = source.site.log();
        let told = log
            .matches("2017-01-02_intrinsic.d2s is not used: ")
            .count();
        assert_eq!(told, RANGES.len() * (number + 1), "{what}: {log}");
        let tasks = waiting_at(&source.site);
        assert_eq!(tasks, ["D 2017-01-02 2017-01-03 0"], "{what}");
        let verified = source.tool(&["verify", "D"]);
        let said = String::from_utf8(verified.stdout).unwrap();
        assert_eq!(verified.status.code(), Some(1), "{what}: {said}");
        assert!(said.contains("4 blocks, 1 with findings"), "{what}: {said}");
        mend(&source, number % 2 == 0, &what);
        for (range, wanted) in RANGES.iter().zip(&wanted) {
            assert!(source.get(*range) == *wanted, "{what}: {range:?}");
        }
        assert_eq!(source.runs(), 0, "{what}: {}", source.site.log());
    }
}

/// By a worker, which takes what the requests left, or by hand.
fn mend(source: &Source, by_worker: bool, what: &str) {
    let worker = || {
        let output = Command::new(env!("CARGO_BIN_EXE_das2_srv_arbiter"))
            .args(["--once", "-c"])
            .arg(source.site.path("das2server.conf"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
    };
    if by_worker {
        worker();
    } else {
        let built = source.tool(&["build", "D", "2017-01-01", "2017-01-05", "--now"]);
        let said = String::from_utf8(built.stdout).unwrap();
        assert!(said.starts_with("1 blocks built"), "{what}: {said}");
    }
    assert_eq!(source.runs(), 1, "{what}");
    // What is built already is not built again.
    worker();
    assert_eq!(source.runs(), 0, "{what}");
}

#[test]
fn text_in_memory() {
    read_around(
        Form::SmallText,
        &[&TO_ANY[..], &TO_TEXT, &[TO_ORDER]].concat(),
    );
}

#[test]
fn text() {
    read_around(Form::Text, &[&TO_ANY[..], &TO_TEXT, &[TO_ORDER]].concat());
}

#[test]
fn numbers() {
    read_around(Form::Binary, &[&TO_ANY[..], &TO_NUMBERS].concat());
}

#[test]
fn several_packet_types() {
    read_around(Form::TwoTypes, &[&TO_ANY[..], &TO_TEXT].concat());
}

#[test]
fn an_empty_block() {
    let source = Source::new(Form::SmallText);
    fs::write(source.site.path("days/2017-01-02"), "").unwrap();
    fs::remove_file(source.block(2)).unwrap();
    mend(&source, false, "empty");
    let range = ("2017-01-01", "2017-01-03");
    let wanted = source.get(range);
    assert_eq!(source.runs(), 0);
    let file = source.block(2);
    let bytes = fs::read(&file).unwrap();
    let at = bytes.windows(4).position(|part| part == b"[xx]").unwrap();
    for garbage in [&b"[xy]"[..], b"[xx]00?"] {
        let mut bytes = bytes.clone();
        bytes[at..at + garbage.len()].copy_from_slice(garbage);
        fs::write(&file, bytes).unwrap();
        assert!(source.get(range) == wanted);
        assert_eq!(source.runs(), 1);
    }
}

#[test]
fn copies_are_right_and_get_their_times_back() {
    let source = Source::new(Form::Binary);
    let wanted = RANGES.map(|range| source.get(range));
    let said = |words: &[&str], code| {
        let output = source.tool(words);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
        text
    };
    for day in DAYS {
        let (file, copy) = (source.block(day), source.site.path("copy"));
        fs::copy(&file, &copy).unwrap();
        fs::rename(copy, file).unwrap();
    }
    for (range, wanted) in RANGES.iter().zip(&wanted) {
        assert!(source.get(*range) == *wanted, "{range:?}");
    }
    assert_eq!(source.runs(), 0);
    assert_eq!(source.damaged(), "0");
    let text = said(&["verify", "D"], 0);
    assert!(text.contains("\n4 blocks were copied"), "{text}");
    // One of them is broken: it stays as it is.
    let whole = fs::read(source.block(3)).unwrap();
    write_into(&source.block(3), TO_ANY[0].1);
    let text = said(&["import", "D"], 1);
    assert!(
        text.contains("2017-01-03_intrinsic.d2s: left alone: "),
        "{text}"
    );
    assert!(text.contains("\n3 blocks were copied"), "{text}");
    fs::write(source.block(3), whole).unwrap();
    let text = said(&["import", "D"], 0);
    assert!(
        text.contains("3 known already") && text.contains("\n1 blocks"),
        "{text}"
    );
    let text = said(&["verify", "D"], 0);
    assert!(!text.contains("copied"), "{text}");
    assert!(said(&["import", "D"], 0).contains("4 known already, 0 left"));
}

/// Whoever writes into a block and puts its time back, or a disk that gives
/// other bytes, is found by looking at everything only.
#[test]
fn what_leaves_no_trace_is_found_by_verify() {
    let source = Source::new(Form::Text);
    let file = source.block(2);
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    let made = SystemTime::now().duration_since(before).unwrap();
    assert!(made < Duration::from_secs(600), "{made:?}");
    write_into(&file, TO_TEXT[0].1);
    let open = fs::File::options().write(true).open(&file).unwrap();
    open.set_modified(before).unwrap();
    assert_eq!(source.damaged(), "0");
    let text = |output: Output| String::from_utf8(output.stdout).unwrap();
    let said = text(source.tool(&["verify", "D", "--expire"]));
    assert!(said.contains("4 blocks, 1 with findings"), "{said}");
    source.get(RANGES[0]);
    assert_eq!(source.runs(), 1);
    mend(&source, true, "no trace");
    let said = text(source.tool(&["verify", "D"]));
    assert!(said.contains("4 blocks, 0 with findings"), "{said}");
}

#[test]
fn the_program_that_reads_the_cache_leaves_it_out() {
    let source = Source::new(Form::Text);
    write_into(&source.block(2), TO_TEXT[0].1);
    let output = Command::new(env!("CARGO_BIN_EXE_das2_cache_rdr"))
        .arg(source.site.path("dsdf/D.dsdf"))
        .arg(source.site.path("cache/data/D"))
        .args(["_noparam", "2017-01-01", "2017-01-05", "intrinsic"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(check_stream(&output.stdout[..]).is_conforming());
    let said = String::from_utf8(output.stderr).unwrap();
    let record = fs::metadata(source.block(2)).unwrap().len() - 38 * (4320 * 11 / 24 + 3);
    let broken = format!("2017-01-02_intrinsic.d2s: byte {record}, packet 01: x is no time");
    assert!(said.contains(&broken), "{said}");
    assert!(
        said.contains("Missing: 2017-01-02T00:00:00 to 2017-01-03"),
        "{said}"
    );
}

#[test]
fn a_gap_whose_stream_is_cut_off() {
    let m = Minutes::new("cacheLevel_00 = 'intrinsic | daily'");
    m.fill_days(1..4);
    fs::remove_file(m.block("intrinsic/2017/01/2017-01-02_intrinsic.d2s")).unwrap();
    let whole = m.get("2017-01-02", "2017-01-03", "&params=uncached").body;
    m.site.write("bin/stream", &whole[..whole.len() - 9]);
    m.site.reader("M", "cat \"${0%/*}/stream\"\n");
    let last = whole.len() - (4 + 24 + 10);
    for form in ["", "&ascii=1"] {
        let answer = m.get("2017-01-01", "2017-01-04", form);
        let report = das2_server::check::check_stream(&answer.body[..]);
        assert!(report.is_conforming(), "{report}");
        assert_eq!(report.summary.records, 144 + 143);
        let told = format!("cut off, in what begins at byte {last}.");
        assert!(answer.text().contains(&told), "{}", answer.text());
    }
    let told = format!("byte {last}: the stream is cut off: it ends inside a packet");
    assert_eq!(m.site.log().matches(&told).count(), 2, "{}", m.site.log());
}
