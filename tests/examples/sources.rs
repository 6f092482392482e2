//! The DSDFs: their keywords, and their examples, run as servers run readers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::framing::run;
use crate::voyager;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Keywords and values of a DSDF, as plainly as the examples are written.
fn keywords(name: &str) -> Vec<(String, String)> {
    let path = examples()
        .join("datasets/Examples")
        .join(format!("{name}.dsdf"));
    let text = fs::read_to_string(path).unwrap().replace("+$\n", "");
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(';') && !line.trim().is_empty());
    let pair = |line: &str| {
        let (key, value) = line.split_once('=').expect("key = value");
        (
            key.trim().to_owned(),
            value.trim().trim_matches('\'').to_owned(),
        )
    };
    lines.map(pair).collect()
}

fn source_names() -> Vec<String> {
    let files = fs::read_dir(examples().join("datasets/Examples")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter_map(|name| Some(name.strip_suffix(".dsdf")?.to_owned()))
        .collect();
    names.retain(|name| name != "_dirinfo_");
    names.sort();
    names
}

#[test]
fn the_tree_has_its_sources() {
    let names = [
        "Auth",
        "Moons",
        "Orbit",
        "Params",
        "QStream",
        "Random",
        "Spectra",
        "Sunspots",
        "Voyager",
        "VoyagerSpectra",
        "Waveform",
    ];
    assert_eq!(source_names(), names);
    let folder = keywords("_dirinfo_");
    let text = "Example data sources to assist in setting up a new server";
    assert_eq!(folder, [("description".to_owned(), text.to_owned())]);
}

/// These are the attributes of the dsdf answer that clients know by heart.
#[test]
fn random_has_the_keywords_of_the_known_answer() {
    let mut sent = keywords("Random");
    sent.retain(|(key, _)| !key.starts_with("reader") && !key.starts_with("reducer"));
    let expected = [
        ("description", "Produce random values between -10 and +10"),
        ("das2Stream", "1"),
        ("techContact", "Your Name <your.name@yourplace.edu>"),
        ("exampleRange_00", "2017-01-01 to 2017-03-01 UTC"),
    ];
    assert_eq!(sent, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
}

#[test]
fn auth_is_random_behind_a_group() {
    let auth = keywords("Auth");
    for pair in [
        ("readAccess", "GROUP:testgroup"),
        ("securityRealm", "My Random Data Realm"),
    ] {
        assert!(
            auth.contains(&(pair.0.to_owned(), pair.1.to_owned())),
            "{pair:?}"
        );
    }
}

#[test]
fn every_source_says_what_clients_need() {
    for name in source_names() {
        let keywords = keywords(&name);
        for key in ["description", "techContact", "reader", "exampleRange_00"] {
            assert!(keywords.iter().any(|(k, _)| k == key), "{name}: {key}");
        }
        let says = |key: &str| keywords.contains(&(key.to_owned(), "1".to_owned()));
        let format = match name.as_str() {
            "Moons" => (false, false),
            "QStream" => (false, true),
            _ => (true, false),
        };
        assert_eq!((says("das2Stream"), says("qstream")), format, "{name}");
    }
}

/// Every example of every source answers with data inside its range.
#[test]
fn every_example_answers() {
    let voyager_files = voyager::two_frames();
    // QStreams have tests of their own.
    for name in source_names().into_iter().filter(|name| name != "QStream") {
        let keywords = keywords(&name);
        let get = |key: &str| {
            let found = keywords.iter().find(|(k, _)| k == key);
            found.map(|(_, value)| value.as_str())
        };
        let reader = get("reader").unwrap();
        let folder = voyager_files.path().to_str().unwrap();
        let reader = match name.as_str() {
            // A das1 source goes through the program that the server calls.
            "Moons" => format!(
                "{} {}",
                env!("CARGO_BIN_EXE_das2_from_das1"),
                examples().join("datasets/Examples/Moons.dsdf").display()
            ),
            _ => reader.replace("$(readerFolder)", folder),
        };
        for (key, value) in keywords
            .iter()
            .filter(|(key, _)| key.starts_with("exampleRange_"))
        {
            let number = key.strip_prefix("exampleRange_").unwrap();
            let range = value.split('|').next().unwrap().trim();
            let (begin, end) = range.trim_end_matches(" UTC").split_once(" to ").unwrap();
            let mut shell = shell(&reader);
            shell.args(get(&format!("exampleInterval_{number}")));
            shell.args([begin, end]);
            let params = get(&format!("exampleParams_{number}")).unwrap_or_default();
            shell.args(params.split_whitespace());
            let (stream, output) = run(&mut shell);
            assert!(
                stream.records.len() > 3,
                "{name}: {} records",
                stream.records.len()
            );
            assert_eq!(stream.exception(), None, "{name}");
            assert!(output.stderr.is_empty(), "{name}");
            stream.check_times(begin, end);
        }
    }
}

/// A shell that runs a reader, found by its bare name, with arguments appended.
fn shell(reader: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("{reader} \"$@\""))
        .arg("reader");
    let rust_reader = voyager::reader().parent().unwrap();
    let path = [examples().join("readers").as_path(), rust_reader]
        .map(|folder| folder.display().to_string())
        .join(":");
    shell.env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap()));
    shell
}

/// The reducer of Examples/VoyagerSpectra, with a resolution behind it as the
/// server puts it there, makes spectra of what its reader writes.
fn spectra(folder: &Path, resolution: &str) -> crate::framing::Das2 {
    let keywords = keywords("VoyagerSpectra");
    let get = |key: &str| keywords.iter().find(|(k, _)| k == key).unwrap().1.clone();
    let reader = get("reader").replace("$(readerFolder)", folder.to_str().unwrap());
    let range = get("exampleRange_00");
    let (begin, end) = range.split('|').next().unwrap().split_once(" to ").unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_das2_psd")).parent().unwrap();
    let line = format!("{reader} {begin} {} | {}", end.trim(), get("reducer"));
    let mut shell = shell(&line);
    let path = shell.get_envs().find(|(key, _)| *key == "PATH").unwrap().1;
    let path = format!("{}:{}", programs.display(), path.unwrap().to_str().unwrap());
    shell.env("PATH", path).arg(resolution);
    let (stream, output) = run(&mut shell);
    assert!(output.stderr.is_empty());
    assert_eq!(stream.exception(), None);
    stream
}

#[test]
fn waveforms_become_spectra() {
    let files = voyager::two_frames();
    let stream = spectra(files.path(), "0.5");
    // 96 s in bins of 0.5 s; the last spectrum is in a bin of its own.
    assert!((192..=193).contains(&stream.records.len()));
    // The samples repeat after 16: 1800 Hz, which is frequency 99, and harmonics.
    for record in &stream.records {
        assert_eq!(record.values.len(), 793);
        let (loudest, _) = record
            .values
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .unwrap();
        assert_eq!(loudest, 99);
    }
    // The first line begins 16 samples late, its middle is 792 samples later.
    let first = crate::framing::us2000("1979-03-01T12:26:11.956") + 28_055;
    let centre = stream.records[0].time;
    assert!((centre - first - 250_000).abs() <= 1, "{centre} {first}");
}

#[test]
fn real_waveforms_become_spectra() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/voyager");
    if !folder.exists() {
        println!("skipped: no frames in {}", folder.display());
        return;
    }
    let stream = spectra(&folder, "1");
    assert!((192..=193).contains(&stream.records.len()));
    let values = || stream.records.iter().flat_map(|record| &record.values);
    assert!(values().all(|v| *v >= 0.0));
    // 4-bit samples from -7.5 to 7.5: their power is at most 7.5^2.
    for record in &stream.records {
        let power: f64 = record.values.iter().sum::<f64>() * 28_800.0 / 1584.0;
        assert!(power > 0.1 && power < 57.0, "{power}");
    }
}
