//! Against das2C's own programs, where the environment variable DAS2C_BIN
//! names the folder they are in, on inputs that meet none of its defects.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::builder::{Builder, encode};
use crate::oracle::last_digit;
use crate::parsed::{Parsed, Record};
use crate::processes::fed;
use crate::rng::Rng;
use crate::running::{bytes_of, words};

fn das2c() -> Option<PathBuf> {
    let folder = std::env::var_os("DAS2C_BIN").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: DAS2C_BIN names no folder with das2C's programs");
    }
    folder
}

fn theirs(folder: &Path, line: &str, input: &[u8]) -> Vec<u8> {
    let words = words(line);
    let mut command = Command::new(folder.join(words[0]));
    command.args(&words[1..]);
    let output = fed(command, input);
    assert!(
        output.status.success(),
        "das2C's {line}: {:?}",
        output.status
    );
    output.stdout
}

/// Says where two outputs differ: record, plane, item.
fn compare(ours: &[u8], theirs: &[u8]) -> Result<usize, String> {
    let (ours, theirs) = (Parsed::new(ours), Parsed::new(theirs));
    let (a, b) = (ours.records(), theirs.records());
    for (number, (ours, theirs)) in a.iter().zip(&b).enumerate() {
        compare_one(ours, theirs).map_err(|what| format!("record {number}: {what}"))?;
    }
    if a.len() == b.len() {
        Ok(a.len())
    } else {
        Err(format!("{} records, das2C has {}", a.len(), b.len()))
    }
}

fn compare_one(ours: &Record, theirs: &Record) -> Result<(), String> {
    if ours.id != theirs.id {
        return Err(format!("packet {:02}, das2C has {:02}", ours.id, theirs.id));
    }
    let (a, b) = (&ours.header.planes, &theirs.header.planes);
    let shape = |planes: &[crate::parsed::Plane]| -> Vec<(String, String, usize)> {
        planes
            .iter()
            .map(|p| (p.kind.clone(), p.name.clone(), p.items))
            .collect()
    };
    if shape(a) != shape(b) {
        return Err(format!("planes {:?}, das2C has {:?}", shape(a), shape(b)));
    }
    for (plane, described) in a.iter().enumerate() {
        let items = ours.values[plane].iter().zip(&theirs.values[plane]);
        for (item, (is, other)) in items.enumerate() {
            let coarse = |record: &Record| {
                let encoding = &record.header.planes[plane].encoding;
                let raw = &record.raw[plane][item];
                match encoding.as_str() {
                    e if e.starts_with("ascii") => last_digit(raw),
                    e if e.starts_with("time") => last_digit(&raw[17..]) * 1e6,
                    e if e.ends_with("real4") => record.values[plane][item].abs() * 2e-6,
                    _ => record.values[plane][item].abs() * 1e-11,
                }
            };
            let allowed = 1.01 * coarse(ours).max(coarse(theirs));
            let same = is == other || (is - other).abs() <= allowed;
            if !(same || is.is_nan() && other.is_nan()) {
                return Err(format!(
                    "packet {:02}, plane {plane} ({:?}), item {item}: {is:e}, das2C has {other:e}",
                    ours.id, described.name
                ));
            }
        }
    }
    Ok(())
}

/// Named planes of reals and wide text, plain units, rising times.
fn plain(seed: u64) -> Vec<u8> {
    let rng = &mut Rng(seed);
    let mut s = Builder::with("String:title=\"T\" String:sourceId=\"reader\"");
    let mut layouts = Vec::new();
    for id in 1..=1 + rng.below(3) as u8 {
        let (x, units) = rng.pick(&[
            ("little_endian_real8", "us2000"),
            ("sun_real8", "t1970"),
            ("time24", "us2000"),
            ("time27", "us2000"),
        ]);
        let mut planes = format!("<x type=\"{x}\" units=\"{units}\" name=\"time\"></x>");
        let mut columns = vec![(x, 1)];
        for plane in 0..1 + rng.below(4) {
            let encoding = rng.pick(&[
                "sun_real4",
                "little_endian_real4",
                "little_endian_real8",
                "ascii14",
            ]);
            let items = if rng.one_in(2) { 1 } else { 2 + rng.below(6) };
            let tags: Vec<String> = (1..=items).map(|i| i.to_string()).collect();
            planes += &match items {
                1 => format!("<y name=\"p{id}_{plane}\" type=\"{encoding}\" units=\"nT\"></y>"),
                _ => format!(
                    "<yscan name=\"p{id}_{plane}\" type=\"{encoding}\" nitems=\"{items}\" yUnits=\"Hz\" \
                     zUnits=\"V\" yTags=\"{}\"></yscan>",
                    tags.join(",")
                ),
            };
            columns.push((encoding, items));
        }
        s.packet(id, &planes);
        layouts.push(columns);
    }
    let mut now = 6900.0 * 86_400e6;
    for _ in 0..300 {
        let which = rng.below(layouts.len());
        let columns = &layouts[which];
        let mut fields = Vec::new();
        for (index, (encoding, items)) in columns.iter().enumerate() {
            for _ in 0..*items {
                let x = if encoding.starts_with("time") || which_us2000(encoding) {
                    now
                } else {
                    now / 1e6 + 946_684_800.0
                };
                let value = match (index, rng.one_in(8)) {
                    (0, _) => x,
                    (_, true) => -1e31,
                    // Above zero: peaks of das2C begin at zero.
                    _ => rng.unit() * 100.0 + 0.001,
                };
                fields.push(encode(encoding, value));
            }
        }
        s.data(which as u8 + 1, &fields);
        now += rng.pick(&[250e3, 500e3, 1e6, 9e6]);
    }
    s.take()
}

fn which_us2000(encoding: &str) -> bool {
    encoding == "little_endian_real8"
}

#[test]
fn numbers_are_those_of_das2c_on_plain_streams() {
    let Some(folder) = das2c() else { return };
    let mut compared = 0;
    for seed in 0..60 {
        let input = plain(seed);
        for line in [
            "das2_bin_avgsec 3",
            "das2_bin_avgsec -r 7",
            "das2_bin_avgsec -b 2018-11-20 60",
            "das2_bin_peakavgsec 3",
            "das2_ascii -r 4 -s 3",
        ] {
            let (ours, theirs) = (
                bytes_of(&words(line), &input),
                theirs(&folder, line, &input),
            );
            match compare(&ours, &theirs) {
                Ok(count) => compared += count,
                Err(what) => panic!("seed {seed}, {line}: {what}"),
            }
        }
    }
    println!("{compared} records compared");
}

/// The same bytes in every line, types and units of das2_ascii.
#[test]
fn text_is_that_of_das2c_byte_for_byte() {
    let Some(folder) = das2c() else { return };
    for seed in 100..130 {
        let bytes = plain(seed);
        let input = Parsed::new(&bytes);
        for line in [
            "das2_ascii -r 4 -s 3",
            "das2_ascii -r 6 -s 6",
            "das2_ascii -r 17 -s 3",
        ] {
            let ours = Parsed::new(&bytes_of(&words(line), &bytes));
            let theirs = Parsed::new(&theirs(&folder, line, &bytes));
            assert_eq!(ours.records().len(), theirs.records().len());
            for (number, (a, b)) in ours.records().iter().zip(theirs.records()).enumerate() {
                let planes = |r: &Record| -> Vec<_> {
                    let planes = r.header.planes.iter();
                    planes
                        .map(|p| (p.encoding.clone(), p.units.clone()))
                        .collect()
                };
                let before = &input.records()[number].header.planes;
                let binary = before.iter().all(|p| p.encoding.contains("real"));
                if binary {
                    assert_eq!(planes(a), planes(b), "seed {seed}, {line}");
                    let text = |r: &Record| String::from_utf8(r.bytes()).unwrap();
                    assert_eq!(text(a), text(b), "seed {seed}, {line}, record {number}");
                }
            }
        }
    }
}

#[test]
fn numbers_are_those_of_das2c_on_real_data() {
    let Some(folder) = das2c() else { return };
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/streams");
    if !data.is_dir() {
        println!("skipped: no {}", data.display());
        return;
    }
    for (file, line) in [
        ("cassini_rpws_wfrm_sample.d2s", "das2_bin_avgsec 10"),
        ("cassini_rpws_wfrm_sample.d2s", "das2_bin_avgsec -r 0.001"),
        ("cassini_rpws_wfrm_sample.d2s", "das2_ascii -r 4 -s 3"),
        // Begun before the data: das2C's bin at t0 has double width.
        (
            "ex06_yscan_multispec_2.2.2.d2t",
            "das2_bin_avgsec -b 2017-09-15 10",
        ),
        (
            "ex06_yscan_multispec_2.2.2.d2t",
            "das2_bin_peakavgsec -b 2017-09-15 10",
        ),
        ("galileo_pws_sample.d2t", "das2_bin_avgsec 60"),
        ("galileo_pws_sample.d2t", "das2_bin_peakavgsec 60"),
        ("juno_waves_sample.d2t", "das2_bin_avgsec -b 2016-12-31 10"),
        (
            "juno_waves_sample.d2t",
            "das2_bin_peakavgsec -b 2016-12-31 60",
        ),
        ("x_multi_y.d2s", "das2_bin_avgsec 10"),
        ("x_multi_y.d2s", "das2_bin_avgsec -r 60"),
        ("x_multi_y.d2s", "das2_bin_peakavgsec 10"),
        ("x_multi_y.d2s", "das2_ascii -r 4 -s 3"),
    ] {
        let input = std::fs::read(data.join(file)).unwrap();
        let (ours, theirs) = (
            bytes_of(&words(line), &input),
            theirs(&folder, line, &input),
        );
        match compare(&ours, &theirs) {
            Ok(count) => assert!(count > 0, "{file}, {line}"),
            Err(what) => panic!("{file}, {line}: {what}"),
        }
    }
}
