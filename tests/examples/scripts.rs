//! The readers that are scripts.

use std::path::Path;
use std::process::Command;

use crate::framing::{Das2, attribute, check_ends_with_its_client, run, us2000};

/// The readers that are scripts, with arguments (INTERVAL and params left out).
const SCRIPTS: [&str; 6] = [
    "das2_ex_random.sh",
    "das2_ex_sunspots.py",
    "das2_ex_waveform.py",
    "das2_ex_spectra.py",
    "das2_ex_params.py",
    "das2_ex_orbit.py",
];

fn command(reader: &str) -> Command {
    let readers = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/readers");
    Command::new(readers.join(reader))
}

/// Runs a reader with words as arguments.
fn read(reader: &str, args: &[&str]) -> Das2 {
    run(command(reader).args(args)).0
}

/// BEGIN and END as a script takes them.
fn range<'a>(reader: &str, begin: &'a str, end: &'a str) -> Vec<&'a str> {
    match reader {
        "das2_ex_orbit.py" => vec!["600", begin, end],
        _ => vec![begin, end],
    }
}

// ---- What every reader does ----

#[test]
fn bad_ranges_are_refused_in_the_stream() {
    let day = "2017-01-01";
    for reader in SCRIPTS {
        for (begin, end) in [
            (day, day),
            ("2017-01-02", day),
            ("soon", day),
            (day, "12:30"),
            ("", ""),
            ("2017", day),
        ] {
            let stream = read(reader, &range(reader, begin, end));
            let (kind, _) = stream
                .exception()
                .unwrap_or_else(|| panic!("{reader} {begin} {end}"));
            assert_eq!(kind, "IllegalArgument", "{reader} {begin} {end}");
            assert!(stream.records.is_empty());
        }
    }
}

/// The same instant, in the ways clients and people write it.
const TIMES: [&str; 15] = [
    "2017-03-01T12:30:05.500Z",
    "2017-060T12:30:05.5",
    "2017-03-01T12:30:05,5",
    "2017-03-01 12:30:05.5",
    "2017/3/1 12:30:05.5",
    "2017 060 12:30:05.5",
    "2017 Mar 1 (060) 12:30:05.5",
    "1 March 2017 12:30:5.5",
    "Mar 1, 2017 12:30:05.5",
    "3/1/2017 12:30:05.500000000",
    "1-Mar-2017 12:30:05.5",
    "2017_03_01_12_30_05.5",
    "2017-03-01T1230:05.5",
    "2017-3-1-12-30-5.5",
    "2017-03-01T12:29:65.5",
];

#[test]
fn times_are_understood_in_all_forms() {
    for text in TIMES {
        let random = read("das2_ex_random.sh", &[text, "2018-001"]);
        assert_eq!(
            random.records[0].time,
            us2000("2017-03-01T12:30:05.5"),
            "{text}"
        );
        let orbit = read("das2_ex_orbit.py", &["3600", text, "2017-03-02"]);
        assert_eq!(
            orbit.records[0].time,
            us2000("2017-03-01T12:30:05.5"),
            "{text}"
        );
    }
    for (text, iso) in [
        ("31/12/99", "1999-12-31"),
        ("13/2/2017", "2017-02-13"),
        ("2001 145 13:00", "2001-05-25T13:00"),
        ("1979 012", "1979-01-12"),
        ("1979 12", "1979-12-01"),
        ("2016-366", "2016-12-31"),
        ("May 2017", "2017-05-01"),
        ("2010-06-15T23:59:60", "2010-06-16"),
        ("1600-02-29", "1600-02-29"),
    ] {
        let random = read("das2_ex_random.sh", &[text, "2030-01-01"]);
        assert_eq!(random.records[0].time, us2000(iso), "{text}");
        let orbit = read("das2_ex_orbit.py", &["1e9", text, "2030-01-01"]);
        assert_eq!(orbit.records[0].time, us2000(iso), "{text}");
    }
}

#[test]
fn records_do_not_depend_on_the_range() {
    for (reader, begin, middle, end) in [
        (
            "das2_ex_waveform.py",
            "2021-03-20T11:59:58.3",
            "2021-03-20T12:00:01.77",
            "2021-03-20T12:00:05",
        ),
        (
            "das2_ex_spectra.py",
            "2021-03-20T00:00:01",
            "2021-03-20T02:33:33.3",
            "2021-03-20T03:00",
        ),
        (
            "das2_ex_params.py",
            "2021-03-20T00:00:01",
            "2021-03-20T02:33:33.3",
            "2021-03-20T03:00",
        ),
        (
            "das2_ex_sunspots.py",
            "1800-01-01",
            "1899-07-02",
            "1950-01-01",
        ),
        (
            "das2_ex_spectra.py",
            "1995-03-20",
            "1995-03-20T00:00:30",
            "1995-03-20T00:01:01",
        ),
    ] {
        let whole = read(reader, &[begin, end]);
        whole.check_times(begin, end);
        let mut halves = read(reader, &[begin, middle]).records;
        halves.extend(read(reader, &[middle, end]).records);
        assert!(whole.records.len() > 10, "{reader}");
        assert!(
            whole.records == halves,
            "{reader}: not the same records in two halves"
        );
    }
}

#[test]
fn between_two_records_there_is_no_data() {
    for reader in [
        "das2_ex_waveform.py",
        "das2_ex_spectra.py",
        "das2_ex_params.py",
    ] {
        let stream = read(
            reader,
            &["2021-03-20T12:00:00.01", "2021-03-20T12:00:00.02"],
        );
        assert_eq!(stream.exception().unwrap().0, "NoDataInInterval");
    }
}

#[test]
fn readers_end_with_their_clients() {
    for reader in [
        "das2_ex_waveform.py",
        "das2_ex_spectra.py",
        "das2_ex_params.py",
        "das2_ex_orbit.py",
    ] {
        let args = range(reader, "2020-01-01", "2030-01-01");
        check_ends_with_its_client(command(reader).args(args));
    }
}

// ---- One by one ----

#[test]
fn random_spreads_200_values_over_any_range() {
    for (begin, end) in [
        ("2017-01-01", "2017-03-01"),
        ("1979-03-01T12:26", "1979-03-01T12:26:01"),
    ] {
        let stream = read("das2_ex_random.sh", &[begin, end]);
        stream.check_times(begin, end);
        assert_eq!(stream.records.len(), 200);
        assert_eq!(stream.records[0].time, us2000(begin));
        let step = (us2000(end) - us2000(begin)) / 200;
        assert!(
            stream
                .records
                .windows(2)
                .all(|pair| pair[1].time - pair[0].time == step)
        );
        let values: Vec<f64> = stream
            .records
            .iter()
            .map(|record| record.values[0])
            .collect();
        assert!(values.iter().all(|v| (-10.0..=10.0).contains(v)));
        assert!(values.iter().any(|&v| v < -5.0) && values.iter().any(|&v| v > 5.0));
    }
}

#[test]
fn sunspots_are_the_309_values_of_the_file() {
    let stream = read("das2_ex_sunspots.py", &["1000-01-01", "2030-01-01"]);
    assert_eq!(stream.records.len(), 309);
    let of_year = |year: usize| stream.records[year - 1700].values[0];
    assert_eq!(
        (of_year(1700), of_year(1957), of_year(2008)),
        (5.0, 190.2, 2.9)
    );
    assert_eq!(stream.records[257].time, us2000("1957-07-02"));

    let none = read("das2_ex_sunspots.py", &["1500-01-01", "1600-01-01"]);
    assert_eq!(none.exception().unwrap().0, "NoDataInInterval");
}

#[test]
fn waveform_fills_time_without_gaps() {
    let stream = read(
        "das2_ex_waveform.py",
        &["2021-03-20T12:00:00", "2021-03-20T12:01:00"],
    );
    assert_eq!(stream.records.len(), 480);
    let header = stream.header("01");
    let interval: f64 = attribute(header, "yTagInterval").unwrap().parse().unwrap();
    assert_eq!(interval * 1024.0, 0.125);
    assert!(
        stream
            .records
            .windows(2)
            .all(|pair| pair[1].time - pair[0].time == 125_000)
    );
    assert_eq!(
        attribute(stream.header("00"), "renderer").unwrap(),
        "waveform"
    );
    let largest = stream
        .records
        .iter()
        .flat_map(|r| &r.values)
        .fold(0.0, |m: f64, v| m.max(v.abs()));
    assert!(
        (0.05..2.0).contains(&largest),
        "whistlers, in mV/m: {largest}"
    );
}

#[test]
fn spectra_show_the_plasma_line_sink_with_height() {
    let stream = read("das2_ex_spectra.py", &["2021-03-20", "2021-03-20T08:00"]);
    assert_eq!(stream.records.len(), 5760);
    assert!(
        stream
            .records
            .iter()
            .flat_map(|r| &r.values)
            .all(|&v| v > 1e-17 && v < 1e-8)
    );
    let tags = attribute(stream.header("01"), "yTags").unwrap();
    let tags: Vec<f64> = tags.split(',').map(|tag| tag.parse().unwrap()).collect();
    assert!(tags.windows(2).all(|pair| pair[0] < pair[1]));
    // 2,000 Hz up: the line is the strongest at the ends of an orbit (perigee).
    let peak = |record: usize| {
        let values = &stream.records[record].values;
        let top = (37..64)
            .max_by(|&a, &b| values[a].total_cmp(&values[b]))
            .unwrap();
        tags[top]
    };
    assert!(
        peak(0) > 50e3 && peak(5759) > 50e3,
        "{} {}",
        peak(0),
        peak(5759)
    );
    assert!(peak(2880) < 12e3, "{}", peak(2880));
}

#[test]
fn orbit_gives_positions_at_the_interval() {
    let stream = read(
        "das2_ex_orbit.py",
        &["900.5", "2021-03-20T01:00:00.25", "2021-03-22"],
    );
    stream.check_times("2021-03-20T01:00:00.25", "2021-03-22");
    assert!(
        stream
            .records
            .windows(2)
            .all(|pair| pair[1].time - pair[0].time == 900_500_000)
    );
    for record in &stream.records {
        let [x, y, z, radius, latitude, local_time] = record.values[..] else {
            panic!("six")
        };
        assert!((x.hypot(y).hypot(z) - radius).abs() < 1e-4);
        assert!((1.799..9.001).contains(&radius) && latitude.abs() < 86.01);
        assert!((0.0..24.0).contains(&local_time) || local_time == 24.0);
    }
    let radii: Vec<f64> = stream
        .records
        .iter()
        .map(|record| record.values[3])
        .collect();
    assert!(
        radii.iter().any(|&r| r < 2.2) && radii.iter().any(|&r| r > 8.9),
        "an ellipse"
    );
    // The same position whatever the interval.
    let other = read(
        "das2_ex_orbit.py",
        &["1801", "2021-03-20T01:00:00.25", "2021-03-22"],
    );
    assert_eq!(other.records[1], stream.records[2]);

    for interval in ["0", "-60", "nan", "inf", "fast", "1e-9", ""] {
        let stream = read("das2_ex_orbit.py", &[interval, "2021-03-20", "2021-03-21"]);
        assert_eq!(
            stream.exception().unwrap().0,
            "IllegalArgument",
            "{interval}"
        );
    }
}

#[test]
fn params_choose_planes_unit_and_noise() {
    let day = ["2021-03-20", "2021-03-20T00:10"];
    let with = |words: &[&str]| read("das2_ex_params.py", &[&day[..], words].concat());
    let names = |stream: &Das2| -> Vec<String> {
        stream
            .header("01")
            .split("<y ")
            .skip(1)
            .map(|y| attribute(&format!(" {y}"), "name").unwrap())
            .collect()
    };
    let all = with(&[]);
    assert_eq!(names(&all), ["Bx", "By", "Bz"]);
    assert_eq!(all.records.len(), 150);

    // Any order, one word or several in an argument, each plane once.
    let two = with(&["mag Bz", "Bz"]);
    assert_eq!(names(&two), ["Bz", "mag"]);
    for (record, whole) in two.records.iter().zip(&all.records) {
        assert_eq!(record.values[0], whole.values[2]);
        let sum: f64 = whole.values.iter().map(|v| v * v).sum();
        assert!((record.values[1] - sum.sqrt()).abs() < 1e-5);
    }

    let gauss = with(&["unit=G"]);
    assert!(gauss.header("01").contains("units=\"G\""));
    assert!((gauss.records[7].values[0] / all.records[7].values[0] - 1e-5).abs() < 1e-10);

    let quiet = with(&["no-noise"]);
    let far = quiet.records.iter().zip(&all.records);
    let far = far
        .map(|(a, b)| (a.values[0] - b.values[0]).abs())
        .fold(0.0, f64::max);
    assert!((0.1..0.31).contains(&far), "{far}");
}

#[test]
fn unknown_params_are_refused_by_name() {
    for word in ["Bq", "bx", "unit=T", "<\"&>", "$(id)", "Größe", "--help"] {
        let stream = read(
            "das2_ex_params.py",
            &["2021-03-20", "2021-03-21", "Bx", word],
        );
        let (kind, message) = stream.exception().unwrap();
        assert_eq!(kind, "IllegalArgument");
        assert!(message.contains(&format!("\"{word}\"")), "{message}");
        assert!(stream.records.is_empty());
    }
}
