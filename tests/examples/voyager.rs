//! The Voyager reader: on frames made here, and on the real ones where they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::framing::{Das2, attribute, check_ends_with_its_client, run, us2000};

/// The reader's executable; cargo builds examples only for some of its commands,
/// so it is asked to here.
pub fn reader() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().unwrap().parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "das2_ex_voyager"]);
        cargo.args(profile.ends_with("release").then_some("--release"));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(cargo.status().unwrap().success());
        profile.join("examples/das2_ex_voyager")
    })
}

fn command(dir: &Path, begin: &str, end: &str) -> Command {
    let mut command = Command::new(reader());
    command.arg(dir).args([begin, end]);
    command
}

fn read(dir: &Path, begin: &str, end: &str) -> Das2 {
    run(&mut command(dir, begin, end)).0
}

/// A frame as the label describes it; sample i of line n is (i + n) mod 16, and
/// the first 16 samples of a line are zero.
struct Frame {
    records: Vec<[u8; 1024]>,
}

impl Frame {
    fn new(scet: &str, lines: u16) -> Frame {
        let mut engineering = [0; 1024];
        let label = format!("VOYAGER-1 PWS  2/16269:51 {scet}Z");
        engineering[248..248 + label.len()].copy_from_slice(label.as_bytes());
        let mut records = vec![engineering];
        for number in 1..=lines {
            let mut record = [0; 1024];
            record[116..118].copy_from_slice(&number.to_be_bytes());
            record[216..220].copy_from_slice(&[0, 1, 3, 32]); // valid: 1 to 800
            for byte in 8..800 {
                let sample = |i: usize| ((i + usize::from(number)) % 16) as u8;
                record[220 + byte] = sample(2 * byte) << 4 | sample(2 * byte + 1);
            }
            records.push(record);
        }
        Frame { records }
    }

    fn line(&mut self, number: usize) -> &mut [u8; 1024] {
        &mut self.records[number]
    }

    fn write(&self, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.records.concat()).unwrap();
    }
}

/// Two frames, the later one in a folder of its own, among other files.
pub fn two_frames() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let first = Frame::new("1979-03-01T12:26:11.956", 800);
    first.write(&dir.path().join("VG1_1979-03-01_12-26-11-956.DAT"));
    let second = Frame::new("1979-03-01T12:26:59.956", 800);
    second.write(&dir.path().join("C1/a/VG1_1979-03-01_12-26-59-956.DAT"));
    for name in [
        "PDSFORMAT.LBL",
        "VG2_1979-03-01_12-26-11-956.DAT",
        "VG1_x.DAT",
        "VG1_1979.DAT",
    ] {
        first.write(&dir.path().join(name));
    }
    dir
}

#[test]
fn lines_become_records_of_1584_samples() {
    let dir = two_frames();
    let (begin, end) = ("1979-03-01T12:26:11", "1979-03-01T12:29:24");
    let stream = read(dir.path(), begin, end);
    stream.check_times(begin, end);
    assert_eq!(stream.records.len(), 1600);
    assert_eq!(stream.records[0].time, us2000("1979-03-01T12:26:11.956"));
    assert!(
        stream
            .records
            .windows(2)
            .all(|pair| pair[1].time - pair[0].time == 60_000)
    );
    for (i, value) in stream.records[2].values.iter().enumerate() {
        assert_eq!(*value, ((i + 16 + 3) % 16) as f64 - 7.5, "sample {i}");
    }

    let header = stream.header("01");
    let number = |name: &str| attribute(header, name).unwrap().parse::<f64>().unwrap();
    assert_eq!(number("nitems"), 1584.0);
    assert_eq!(number("yTagInterval"), 1.0 / 28800.0);
    assert_eq!(number("yTagMin"), 16.0 / 28800.0);
    assert_eq!(
        attribute(stream.header("00"), "renderer").unwrap(),
        "waveform"
    );
    assert_eq!(stream.comments("taskSize"), ["20"]);
    let progress = stream.comments("taskProgress");
    assert_eq!(
        progress,
        (1..=20).map(|n| n.to_string()).collect::<Vec<_>>()
    );
    assert_eq!(stream.exception(), None);
}

#[test]
fn ranges_are_half_open_and_join() {
    let dir = two_frames();
    let at = "1979-03-01T12:26:59.956";
    let before = read(dir.path(), "1979-03-01T12:26:12.016", at);
    assert_eq!(before.records.len(), 799);
    let after = read(dir.path(), at, "1979-03-01T12:27:01.000001");
    assert_eq!(after.records.len(), 18);
    assert_eq!(after.records[0].time, us2000(at));
    let one = read(
        dir.path(),
        "1979-060T12:26:12.016Z",
        "1 Mar 1979 12:26:12.016000001",
    );
    assert_eq!(one.records, before.records[..1]);
}

#[test]
fn times_are_understood_in_all_forms() {
    let dir = two_frames();
    let begin = us2000("1979-03-01T12:26:11.956");
    for text in [
        "1979-03-01T12:26:11.9Z",
        "1979-060T12:26:11.9",
        "1979-03-01T12:26:11,9",
        "1979/3/1 12:26",
        "79-03-01",
        "1979 060 12:26:11.9",
        "1979 Mar 1 (060) 12:26",
        "1 March 1979",
        "Mar 1, 1979",
        "3/1/79 1226",
        "1979_03_01_12_26_11.9",
        "1979-3",
        "1979-02-28T24:00",
        "1979-03-01T12:25:71.9",
    ] {
        let stream = read(dir.path(), text, "1979-03-01T12:26:12");
        assert_eq!(stream.records.len(), 1, "{text}");
        assert_eq!(stream.records[0].time, begin, "{text}");
    }
    for text in [
        "",
        "soon",
        "12:30",
        "1979",
        "1979-13-32-1-1-1-1",
        "1979-03-01T12:x",
        "0-0-0",
    ] {
        let stream = read(dir.path(), text, "1979-03-01T12:26:12");
        assert_eq!(stream.exception().unwrap().0, "IllegalArgument", "{text}");
    }
    let reversed = read(dir.path(), "1979-03-01T12:27", "1979-03-01T12:26");
    assert_eq!(reversed.exception().unwrap().0, "IllegalArgument");
}

/// What an archive may hold after forty years: lines that are none, twice the
/// same, in the wrong place, without samples, and a file that is cut off.
#[test]
fn damaged_lines_are_left_out_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut frame = Frame::new("1979-03-01T12:26:11.956", 20);
    frame.line(3)[116..118].copy_from_slice(&[0, 0]);
    frame.line(4)[116..118].copy_from_slice(&[0xff, 0xff]);
    frame.line(5)[116..118].copy_from_slice(&[0, 2]);
    frame.line(6)[116..118].copy_from_slice(&[3, 33]); // 801
    frame.line(7)[220..].fill(0);
    frame.line(8)[216..220].copy_from_slice(&[0, 9, 0, 8]);
    frame.line(9)[216..220].copy_from_slice(&[0, 1, 3, 33]);
    // Good: no statement about valid samples, and part of them valid.
    frame.line(10)[216..220].fill(0);
    frame.line(11)[216..220].copy_from_slice(&[0, 101, 0, 200]);
    let path = dir.path().join("VG1_1979-03-01_12-26-11-956.DAT");
    frame.write(&path);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 100]).unwrap();

    let stream = read(dir.path(), "1979-03-01", "1979-03-02");
    let begin = us2000("1979-03-01T12:26:11.956");
    let numbers: Vec<i64> = stream
        .records
        .iter()
        .map(|record| (record.time - begin) / 60_000 + 1)
        .collect();
    let good: Vec<i64> = [1, 2].into_iter().chain(10..20).collect();
    assert_eq!(numbers, good);
    assert_eq!(
        stream.comments("log:warning"),
        ["VG1_1979-03-01_12-26-11-956.DAT: 7 damaged lines left out"]
    );
    assert!(stream.records[2].values.iter().all(|v| v.abs() <= 7.5));
    let partly = &stream.records[3].values;
    // Bytes 101 to 200 hold samples 200 to 399 of the line, less the first 16.
    let valid: Vec<usize> = (0..1584).filter(|&i| partly[i].abs() <= 7.5).collect();
    assert_eq!(valid, (184..384).collect::<Vec<_>>());
    assert!(partly[0] < -9e30);
}

#[test]
fn a_damaged_label_leaves_the_time_of_the_name() {
    let dir = tempfile::tempdir().unwrap();
    for (name, scet) in [
        ("VG1_1979-03-01_00-00-00-500.DAT", "1979-03-01T00:00:00.501"), // label, to the ms
        ("VG1_1979-03-02_00-00-00-500.DAT", "1999-03-02T00:00:00.000"),
        ("VG1_1979-03-03_00-00-00-500.dat", "\u{1}\u{2}:T::"),
    ] {
        Frame::new(scet, 1).write(&dir.path().join(name));
    }
    fs::write(dir.path().join("VG1_1979-03-04_00-00-00-500.DAT"), b"short").unwrap();
    fs::create_dir(dir.path().join("VG1_1979-03-05_00-00-00-500.DAT")).unwrap();
    let stream = read(dir.path(), "1979-03-01", "1979-04-01");
    let times: Vec<i64> = stream.records.iter().map(|record| record.time).collect();
    let expected = [
        "1979-03-01T00:00:00.501",
        "1979-03-02T00:00:00.5",
        "1979-03-03T00:00:00.5",
    ]
    .map(us2000);
    assert_eq!(times, expected);
    assert_eq!(
        stream.comments("log:warning").len(),
        2,
        "both unreadable files are told"
    );
}

#[test]
fn overlapping_frames_never_go_back_in_time() {
    let dir = two_frames();
    let twin = Frame::new("1979-03-01T12:26:30.000", 800);
    twin.write(&dir.path().join("copy/VG1_1979-03-01_12-26-30-000.DAT"));
    let stream = read(dir.path(), "1979-03-01", "1979-03-02");
    stream.check_times("1979-03-01", "1979-03-02");
    assert!(stream.records.len() >= 1600);
}

#[test]
fn without_files_it_says_what_to_set() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    for path in [dir.path(), &missing] {
        let (stream, output) = run(&mut command(path, "1979-03-01", "1979-03-02"));
        let (kind, message) = stream.exception().unwrap();
        assert_eq!(kind, "ServerError");
        assert!(message.contains("readerFolder"));
        let folder = path.to_str().unwrap();
        assert!(
            !String::from_utf8_lossy(&output.stdout).contains(folder),
            "a path for clients"
        );
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(folder),
            "the log needs it"
        );
    }
    let elsewhere = read(two_frames().path(), "1980-03-01", "1980-03-02");
    assert_eq!(elsewhere.exception().unwrap().0, "NoDataInInterval");
}

#[test]
fn it_ends_with_its_client() {
    let dir = two_frames();
    check_ends_with_its_client(&mut command(dir.path(), "1979-03-01", "1979-03-02"));
}

#[test]
fn real_frames() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/voyager");
    if !dir.exists() {
        println!("skipped: no frames in {}", dir.display());
        return;
    }
    let (begin, end) = ("1979-03-01T12:26:11", "1979-03-01T12:29:24");
    let stream = read(&dir, begin, end);
    stream.check_times(begin, end);
    assert_eq!(stream.records.len(), 3200);
    assert!(
        stream
            .records
            .windows(2)
            .all(|pair| pair[1].time - pair[0].time == 60_000)
    );
    assert!(stream.comments("log:warning").is_empty());
    let values = || stream.records.iter().flat_map(|record| &record.values);
    assert!(values().all(|v| v.abs() <= 7.5));
    let mean = values().sum::<f64>() / (3200.0 * 1584.0);
    assert!(mean.abs() < 0.5, "{mean}");
    assert_eq!(
        stream.records[0].values[..6],
        [-2.5, 0.5, 2.5, 0.5, -2.5, -1.5]
    );
}
