//! das2_bin_avgsec: bins and values. Its times, planes of -r and -s, waveforms and
//! headers are in files of their own.

use crate::builder::{Builder, encode, time, x_y};
use crate::generator::{Kinds, random};
use crate::oracle::{Options, Planes, binned, compare};
use crate::parsed::{Item, Parsed};
use crate::running::{run, words};

const Y4: &str = "name=\"a\" units=\"V\"";

/// Centres in seconds and values of the first plane after x.
fn pairs(output: &Parsed) -> Vec<(f64, f64)> {
    let of = |record: &&crate::parsed::Record| (record.x() / 1e6, record.values[1][0]);
    output.records().iter().map(of).collect()
}

pub fn binned_by(line: &str, data: &[(f64, f64)]) -> Vec<(f64, f64)> {
    pairs(&run(&words(line), &x_y("little_endian_real4", Y4, data)))
}

#[test]
fn streams_of_every_kind_are_binned_by_the_book() {
    let all = [(false, false), (true, false), (false, true), (true, true)];
    let mut compared = 0;
    for seed in 0..300 {
        let input = random(seed, 100, Kinds::ALL);
        let parsed = Parsed::new(&input);
        let (range, deviation) = all[seed as usize % 4];
        let options = Options {
            seconds: [4.0, 1.0, 0.3, 60.0, 1e-3, 1000.0][seed as usize % 6],
            begin: (seed % 5 == 0).then_some(6900.0 * 86_400e6 + 5e6),
            planes: Planes::Means { range, deviation },
        };
        let words = options.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run(&words, &input);
        if let Err(what) = compare(&output, &binned(&parsed, &options)) {
            panic!("seed {seed}, {words:?}: {what}");
        }
        compared += output.records().len();
    }
    assert!(compared > 8_000, "{compared}");
}

#[test]
fn a_record_is_the_mean_of_its_bin_at_the_centre() {
    let data = [(0.0, 1.0), (0.5, 2.0), (1.9, 6.0), (2.0, 7.0), (7.5, -1.0)];
    // Bins without packets write nothing.
    let records = [(1.0, 3.0), (3.0, 7.0), (7.0, -1.0)];
    assert_eq!(binned_by("das2_bin_avgsec 2", &data), records);
}

#[test]
fn bin_0_begins_at_the_first_time_of_the_whole_stream() {
    let mut s = Builder::new();
    for id in [1, 2] {
        s.packet(
            id,
            "<x type=\"double\" units=\"us2000\"/><y type=\"float\" units=\"\"/>",
        );
    }
    let be = |x: f64| encode("double", x * 1e6);
    for (id, seconds) in [(2, 10.0), (1, 11.0), (1, 13.5), (2, 14.5)] {
        s.data(id, &[be(seconds), encode("float", seconds)]);
    }
    let output = run(&words("das2_bin_avgsec 4"), &s.take());
    let got: Vec<(u8, f64)> = output
        .records()
        .iter()
        .map(|r| (r.id, r.x() / 1e6))
        .collect();
    // ID 2 closes its first bin in the middle; the rest in order of ID.
    assert_eq!(got, [(2, 12.0), (1, 12.0), (2, 16.0)]);
}

#[test]
fn with_b_a_bin_before_it_is_a_bin_like_others() {
    let data: Vec<(f64, f64)> = (-5..=5)
        .map(|t| (f64::from(t) + 0.5, f64::from(t)))
        .collect();
    let got = binned_by("das2_bin_avgsec -b 2000-01-01 2", &data);
    let records = [
        (-5.0, -5.0),
        (-3.0, -3.5),
        (-1.0, -1.5),
        (1.0, 0.5),
        (3.0, 2.5),
        (5.0, 4.5),
    ];
    assert_eq!(got, records);
    // The same whatever way BEGIN is written, and far before the data.
    for begin in [
        "2000-001T00:00",
        "1999-12-31T24:00",
        "1/1/2000",
        "1999-12-01",
    ] {
        let line = format!("das2_bin_avgsec -b {begin} 2");
        assert_eq!(binned_by(&line, &data), records, "{begin}");
    }
}

#[test]
fn time_that_goes_back_opens_a_record_again() {
    let data = [0.0, 1.0, 2.0, 5.0, 1.0, 0.0, 6.0].map(|t| (t, t));
    let centres: Vec<f64> = binned_by("das2_bin_avgsec 2", &data)
        .iter()
        .map(|p| p.0)
        .collect();
    assert_eq!(centres, [1.0, 3.0, 5.0, 1.0, 7.0]);
}

#[test]
fn fill_and_nan_are_no_values_and_infinity_is_one() {
    let data = [
        (0.0, -1e31),
        (0.1, 4.0),
        (0.2, f64::NAN),
        (1.0, f64::NAN),
        (1.5, -1e31),
        (2.0, f64::INFINITY),
        (2.5, 1.0),
    ];
    let got = binned_by("das2_bin_avgsec 1", &data);
    assert_eq!(got[0], (0.5, 4.0));
    assert_eq!(got[1], (1.5, f64::from(-1e31_f32)));
    assert_eq!(got[2], (2.5, f64::INFINITY));
}

#[test]
fn fill_is_a_relative_test_and_comes_by_the_cascade() {
    for (properties, value, is_fill) in [
        ("double:yFill=\"100\"", 100.0009, true),
        ("double:yFill=\"100\"", 100.002, false),
        ("double:zFill=\"100\"", 100.0, false),
        ("double:fill=\"100\"", 100.0, true),
        ("double:yFill=\"5\" double:fill=\"100\"", 100.0, false),
        ("double:yFill=\"0\"", 0.0, true),
        ("double:yFill=\"0\"", 1e-30, false),
        ("yFill=\"100\"", 100.0, true),
        ("", -1.00000001e31, true),
    ] {
        for level in 0..3 {
            let at = |wanted| if level == wanted { properties } else { "" };
            let mut s = Builder::with(at(0));
            s.packet(
                1,
                &format!(
                    "<properties {}/><x type=\"double\" units=\"us2000\"/>\
                     <y type=\"double\" units=\"\"><properties {}/></y>",
                    at(1),
                    at(2)
                ),
            );
            for y in [value, 7.0] {
                s.data(1, &[encode("double", 0.0), encode("double", y)]);
            }
            let got = pairs(&run(&words("das2_bin_avgsec 2"), &s.take()));
            let mean = if is_fill { 7.0 } else { (value + 7.0) / 2.0 };
            assert_eq!(got, [(1.0, mean)], "{properties} {value} level {level}");
        }
    }
}

#[test]
fn a_redefined_id_writes_its_open_bin_first() {
    let plane = |name: &str| {
        format!(
            "<x type=\"double\" units=\"us2000\"/><y name=\"{name}\" type=\"double\" units=\"V\"/>"
        )
    };
    let mut s = Builder::new();
    let two = |s: &mut Builder, id, t: f64, y| {
        s.data(id, &[encode("double", t * 1e6), encode("double", y)]);
    };
    s.packet(1, &plane("a")).packet(2, &plane("other"));
    two(&mut s, 1, 0.0, 1.0);
    two(&mut s, 2, 0.0, 9.0);
    s.packet(1, &plane("a"));
    two(&mut s, 1, 1.0, 3.0);
    s.packet(1, &plane("b"));
    two(&mut s, 1, 2.0, 5.0);
    let output = run(&words("das2_bin_avgsec 60"), &s.take());
    let mut story = Vec::new();
    for item in &output.items {
        match item {
            Item::Header(id, header) => story.push(format!("{id} {}", header.names()[1])),
            Item::Record(r) => story.push(format!("{} = {}", r.id, r.values[1][0])),
            _ => {}
        }
    }
    // One bin, two records where the header differs; one where it is equal.
    assert_eq!(story, ["1 a", "2 other", "1 = 2", "1 b", "1 = 5", "2 = 9"]);
}

#[test]
fn y_yscan_and_z_are_all_averaged_in_their_own_encodings() {
    for (encoding, written) in [
        ("sun_real4", "sun_real4"),
        ("little_endian_real8", "little_endian_real8"),
        ("float", "float"),
        ("ascii10", "ascii10"),
        ("big_endian_int2", "sun_real4"),
        ("little_endian_uint4", "little_endian_real8"),
    ] {
        let mut s = Builder::new();
        s.packet(
            3,
            &format!(
                "<x type=\"double\" units=\"us2000\"/>\
                 <y name=\"y\" type=\"{encoding}\" units=\"\"/>\
                 <yscan name=\"s\" type=\"{encoding}\" nitems=\"3\" yUnits=\"Hz\" zUnits=\"#\" yTags=\"1.50, 2.25,3\"/>\
                 <z name=\"z\" type=\"{encoding}\" units=\"log10\"/>"
            ),
        );
        for i in 0..4 {
            let value = |k: usize| encode(encoding, (i * 5 + k) as f64);
            let mut fields = vec![encode("double", 0.0)];
            fields.extend((0..5).map(value));
            s.data(3, &fields);
        }
        let output = run(&words("das2_bin_avgsec 1"), &s.take());
        let record = output.records()[0];
        assert_eq!(record.values[1], [7.5], "{encoding}");
        assert_eq!(record.values[2], [8.5, 9.5, 10.5], "{encoding}");
        assert_eq!(record.values[3], [11.5], "{encoding}");
        for plane in &record.header.planes[1..] {
            assert_eq!(plane.encoding, written);
        }
        // Tags and units keep their text.
        let scan = record.header.plane("s");
        assert_eq!(scan.xml.attr("yTags"), Some("1.50, 2.25,3"));
        assert_eq!(
            (scan.units.as_str(), scan.xml.attr("yUnits")),
            ("#", Some("Hz"))
        );
    }
}

#[test]
fn text_gets_the_digits_that_fit_its_width() {
    for (width, text) in [
        (10, "0.6666667"),
        (14, "0.66666666667"),
        (7, "0.6667"),
        (4, "0.7"),
    ] {
        let encoding = format!("ascii{width}");
        let data = [(0.0, 0.0), (0.1, 1.0), (0.2, 1.0)];
        let output = run(&words("das2_bin_avgsec 1"), &x_y(&encoding, Y4, &data));
        let field = &output.records()[0].raw[1][0];
        assert_eq!(field.len(), width);
        let shown = String::from_utf8_lossy(field).trim().to_owned();
        assert!(
            shown == text || width > 10 && shown.starts_with("6.66666") && shown.ends_with("7e-01"),
            "ascii{width}: {shown}"
        );
        assert_eq!(*field.last().unwrap(), b'\n');
    }
    // Fill, and a number too small for its field, never break it.
    let output = run(
        &words("das2_bin_avgsec 1"),
        &x_y(
            "ascii10",
            Y4,
            &[(0.0, -1e31), (1.0, -1.5e-100), (2.0, -123_456_789.0)],
        ),
    );
    let got: Vec<f64> = pairs(&output).iter().map(|p| p.1).collect();
    assert_eq!(got[..2], [-1e31, -1.5e-100]);
    assert!((got[2] / -123_456_789.0 - 1.0).abs() < 1e-3);
}

#[test]
fn text_that_is_no_number_is_fill() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y type=\"ascii8\" units=\"\"/>",
    );
    for text in ["  *****\n", "   2.5 \n", "  1.5D0,", "        "] {
        s.data(1, &[encode("double", 0.0), text.as_bytes()[..8].to_vec()]);
    }
    assert_eq!(
        pairs(&run(&words("das2_bin_avgsec 1"), &s.take())),
        [(0.5, 2.0)]
    );
}

#[test]
fn times_among_the_data_are_averaged_as_numbers() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/>\
         <y type=\"time27\" name=\"t\" units=\"us2000\"/>\
         <y type=\"double\" name=\"n\" units=\"mj1958\"/>",
    );
    for i in 0..2 {
        let number = 21_000.0 + f64::from(i);
        s.data(
            1,
            &[
                time(24, 0.0),
                time(27, 1e12 + f64::from(i) * 3e6),
                encode("double", number),
            ],
        );
    }
    // What das2 programs write for fill in a plane of times is none.
    s.data(
        1,
        &[
            time(24, 0.0),
            b"0001-01-01T00:00:00.000000 ".to_vec(),
            encode("double", -1e31),
        ],
    );
    let output = run(&words("das2_bin_avgsec 60"), &s.take());
    let record = output.records()[0];
    assert_eq!(record.named("t"), [1e12 + 1.5e6]);
    assert_eq!(record.named("n"), [21_000.5]);
    assert_eq!(record.header.plane("n").units, "mj1958");
}
