//! das2_binary.

use crate::builder::{Builder, encode, le8, time};
use crate::generator::{Kinds, random};
use crate::oracle::time_of;
use crate::parsed::{Item, Parsed, us2000};
use crate::running::{bytes_of, fails, run, run_in_pieces, words};

fn types(planes: &str) -> Vec<(String, String)> {
    let mut s = Builder::new();
    let output = run(&words("das2_binary"), &s.packet(1, planes).take());
    let planes = &output.headers()[0].1.planes;
    planes
        .iter()
        .map(|p| (p.encoding.clone(), p.units.clone()))
        .collect()
}

fn of(encoding: &str, units: &str) -> (String, String) {
    (encoding.into(), units.into())
}

#[test]
fn types_by_the_width_of_the_text() {
    for width in [2, 4, 7, 9, 10, 11, 14] {
        let y = format!("<x type=\"time24\"/><y type=\"ascii{width}\" units=\"V\"/>");
        assert_eq!(
            types(&y),
            [
                of("little_endian_real8", "us2000"),
                of("little_endian_real4", "V")
            ]
        );
    }
    for width in [15, 16, 24, 127] {
        let y = format!(
            "<x type=\"time17\" units=\"t1970\"/><yscan type=\"ascii{width}\" nitems=\"2\" \
             yUnits=\"Hz\" zUnits=\"\"/>"
        );
        assert_eq!(
            types(&y),
            [
                of("little_endian_real8", "us2000"),
                of("little_endian_real8", "")
            ]
        );
    }
    // In any doubt eight bytes: x, times, fill that four bytes cannot tell.
    for plane in [
        "<x type=\"ascii10\" units=\"us2000\"/>",
        "<x type=\"ascii10\" units=\"km\"/>",
        "<y type=\"ascii10\" units=\"t1970\"/>",
        "<y type=\"ascii10\" units=\"km\"><properties double:yFill=\"-1e40\"/></y>",
        "<y type=\"ascii10\" units=\"km\"><properties fill=\"1e-60\"/></y>",
    ] {
        assert_eq!(types(plane)[0].0, "little_endian_real8", "{plane}");
    }
    // What is binary stays, in its own byte order.
    assert_eq!(
        types(
            "<x type=\"sun_real8\" units=\"t1970\"/><y type=\"float\" units=\"V\"/>\
             <y type=\"big_endian_uint2\" units=\"\"/><y type=\"ascii9\" units=\"\"/>"
        ),
        [
            of("sun_real8", "t1970"),
            of("float", "V"),
            of("big_endian_uint2", ""),
            of("little_endian_real4", "")
        ]
    );
}

#[test]
fn numbers_as_people_write_them() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/><y type=\"ascii10\" units=\"\">\
         <properties yFill=\"-99\"/></y><yscan type=\"ascii24\" nitems=\"2\" yUnits=\"\" zUnits=\"\">\
         <properties double:zFill=\"7\"/></yscan>",
    );
    let text = |y: &str, a: &str, b: &str| {
        [
            time(24, 1e6),
            format!("{y:<10}").into_bytes(),
            format!("{a:>23} ").into_bytes(),
            format!("{b:>23}\n").into_bytes(),
        ]
    };
    for (y, a, b) in [
        ("1.5", "-2.25", "+1e3"),
        ("+1.234,", "1.5D+03", ".5"),
        ("nan", "INF", "-inf"),
        ("x", "", "1 2"),
        ("\t5.", "0.1", "1.2345678901234567e-100"),
    ] {
        s.data(1, &text(y, a, b));
    }
    let output = run(&words("das2_binary"), &s.take());
    let values: Vec<Vec<f64>> = output
        .records()
        .iter()
        .map(|r| [&r.values[1][..], &r.values[2]].concat())
        .collect();
    assert_eq!(values[0], [1.5, -2.25, 1000.0]);
    assert_eq!(values[1], [f64::from(1.234f32), 1500.0, 0.5]);
    assert!(values[2][0].is_nan());
    assert_eq!(values[2][1..], [f64::INFINITY, f64::NEG_INFINITY]);
    // What is no number is fill.
    assert_eq!(values[3], [-99.0, 7.0, 7.0]);
    assert_eq!(values[4], [5.0, 0.1, 1.234_567_890_123_456_7e-100]);
}

#[test]
fn times_of_every_kind() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"time30\" units=\"us1980\"/><y name=\"t\" type=\"time27\" units=\"t1970\"/>",
    );
    let fields = [
        ("2013-001T01:00:00.123", "1969-12-31T23:59:59.999999"),
        ("2016-12-31T23:59:60.5", "1 Mar 1979 12:26"),
        ("0050-01-01", "0001-01-01T00:00:00.000000"),
        ("0001-01-01T00:00:00.000", "9999-12-31T23:59:59.999999"),
    ];
    for (x, y) in fields {
        s.data(
            1,
            &[
                format!("{x:<30}").into_bytes(),
                format!("{y:<26}\n").into_bytes(),
            ],
        );
    }
    let output = run(&words("das2_binary"), &s.take());
    let values: Vec<(f64, f64)> = output
        .records()
        .iter()
        .map(|r| (r.x(), r.named("t")[0]))
        .collect();
    assert_eq!(
        values,
        [
            (
                us2000("2013-01-01T01:00:00.123"),
                us2000("1969-12-31T23:59:59.999999")
            ),
            // A second 60 has the number of the one after it.
            (
                us2000("2017-01-01T00:00:00.5"),
                us2000("1979-03-01T12:26:00")
            ),
            // The year 1 stands for fill, but x has none.
            (us2000("0050-01-01"), -1e31),
            (us2000("0001-01-01"), us2000("9999-12-31T23:59:59.999999")),
        ]
    );
}

#[test]
fn text_that_is_no_time_is_an_error_at_its_place() {
    let mut s = Builder::new();
    s.packet(
        7,
        "<x type=\"time20\" units=\"us2000\"/><y type=\"ascii5\" units=\"\"/>",
    );
    for text in [
        "2001-01-01T00:00:00 ",
        "2001-01-01T00:00:01 ",
        "2001-13-41T00:00:01 ",
        "2001-01-01T00:00:03 ",
    ] {
        s.data(7, &[text.as_bytes().to_vec(), b" 1.5\n".to_vec()]);
    }
    let input = s.take();
    let place = input.windows(7).rposition(|w| w == b"2001-13").unwrap() - 4;
    let (error, output) = fails(&words("das2_binary"), &input);
    assert!(
        error.contains(&format!("byte {place}, packet 07")) && error.contains("2001-13-41"),
        "{error}"
    );
    assert_eq!(output.records().len(), 2);
    assert_eq!(output.exceptions().len(), 1);
}

/// The first value with more digits than four bytes hold makes its plane wider.
#[test]
fn a_plane_becomes_wider_at_the_value_that_needs_it() {
    let mut s = Builder::new();
    s.packet(
        3,
        "<x type=\"time20\" units=\"us2000\"/><y name=\"a\" type=\"ascii14\" units=\"\"/>\
         <yscan name=\"b\" type=\"ascii9\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"V\" yTags=\"1, 2.50\"/>",
    );
    let rows = [
        ("1.234567e-01", "1", "2"),
        ("123456.7891", "1", "2"),
        ("0.5", "1", "1e39"),
        ("16777217", "1", "2"),
    ];
    for (i, (a, b0, b1)) in rows.iter().enumerate() {
        s.data(
            3,
            &[
                time(20, i as f64 * 1e6),
                format!("{a:>13} ").into_bytes(),
                format!("{b0:>8} ").into_bytes(),
                format!("{b1:>8}\n").into_bytes(),
            ],
        );
    }
    let input = s.take();
    let whole = bytes_of(&words("das2_binary"), &input);
    let output = Parsed::new(&whole);
    let shape: Vec<String> = output
        .items
        .iter()
        .map(|item| match item {
            Item::Header(_, header) => header.planes[1..]
                .iter()
                .map(|p| p.encoding.replace("little_endian_real", ""))
                .collect(),
            _ => "record".into(),
        })
        .collect();
    assert_eq!(
        shape,
        ["44", "record", "84", "record", "88", "record", "record"]
    );
    let values: Vec<f64> = output.records().iter().map(|r| r.values[1][0]).collect();
    assert_eq!(
        values,
        [f64::from(0.1234567f32), 123456.7891, 0.5, 16777217.0]
    );
    assert_eq!(output.records()[2].values[2], [1.0, 1e39]);
    let last = output.headers()[2].1;
    assert_eq!(last.plane("b").xml.attr("yTags"), Some("1, 2.50"));
    // However the bytes arrive.
    let ran = run_in_pieces(&words("das2_binary"), &input, &[7, 1, 30]);
    assert!(ran.error.is_none() && ran.bytes == whole);
}

#[test]
fn what_is_binary_passes_untouched() {
    let mut s = Builder::with("String:sourceId=\"reader\" a-b.c=\"odd\"");
    s.packet(
        1,
        "<properties Datum:q=\"1.4 log10Ratio\"/><x type=\"double\" units=\"tt2000\"/>\
         <y name=\"a&amp;b\" type=\"float\" units=\"V/m\"><properties yLabel=\"x\"/></y>",
    );
    s.data(1, &[encode("double", 1.0), encode("float", f64::NAN)]);
    s.comment("log:info", "c").exception("Odd", "message");
    s.tagged("xx", "<marker odd=\"1\"/>");
    s.packet(2, "<y type=\"little_endian_int4\" units=\"\"/>");
    s.data(2, &[vec![1, 2, 3, 4]]);
    let input = s.take();
    let passed = bytes_of(&words("das2_inflate"), &input);
    assert_eq!(bytes_of(&words("das2_binary"), &input), passed);
    let output = Parsed::new(&passed);
    assert_eq!(output.records().len(), 2);
    // The source is told only where nobody has.
    assert_eq!(output.stream.typed("String", "sourceId"), "reader");
    let mut s = Builder::new();
    let output = run(&words("das2_binary"), &s.take());
    assert_eq!(output.stream.typed("String", "sourceId"), "das2_binary");
}

#[test]
fn das2_3_planes_and_redefinition() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/><xscan type=\"ascii8\" nitems=\"2\" xUnits=\"ms\" \
         yUnits=\"V\" xOffsets=\"0, 0.50\"/><z type=\"ascii20\" units=\"W\"/>",
    );
    let text = |value: &str, width: usize| format!("{value:>width$}\n").into_bytes();
    s.data(
        1,
        &[time(24, 0.0), text("1.5", 7), text("2", 7), text("3", 19)],
    );
    s.packet(1, "<x type=\"double\" units=\"us2000\"/>");
    s.data(1, &[encode("double", 5.0)]);
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y type=\"ascii4\" units=\"\"/>",
    );
    s.data(1, &[encode("double", 6.0), text("42", 3)]);
    let output = run(&words("das2_binary"), &s.take());
    let records = output.records();
    assert_eq!(records[0].values, [vec![0.0], vec![1.5, 2.0], vec![3.0]]);
    assert_eq!(records[1].values, [[5.0]]);
    assert_eq!(records[2].values, [[6.0], [42.0]]);
    let scan = &output.headers()[0].1.planes[1];
    assert_eq!(
        (scan.kind.as_str(), scan.xml.attr("xOffsets")),
        ("xscan", Some("0, 0.50"))
    );
}

/// Random streams, through text and back: the same doubles, and four-byte
/// numbers to the seven digits that their text has.
#[test]
fn binary_of_ascii_is_the_same_doubles() {
    let mut compared = 0;
    for seed in 2500..2620 {
        let input = random(seed, 60, Kinds::ALL);
        let before = Parsed::new(&input);
        let text = bytes_of(&words("das2_ascii"), &input);
        let after = run(&words("das2_binary"), &text);
        assert_eq!(before.records().len(), after.records().len());
        for (b, a) in before.records().iter().zip(after.records()) {
            let fill = |plane: usize| crate::oracle::fill_of(&b.header, &before.stream, plane);
            for (plane, (was, is)) in b.values.iter().zip(&a.values).enumerate() {
                let encoding = &b.header.planes[plane].encoding;
                if plane == b.header.x() {
                    continue;
                }
                for (was, is) in was.iter().zip(is) {
                    let real4 = encoding.ends_with("real4") || encoding == "float";
                    let is_short = real4 || encoding.starts_with("ascii");
                    let lost = if is_short { was.abs() * 0.6e-6 } else { 0.0 };
                    let same = was == is
                        || (was.is_nan() && (is.is_nan() || *is == fill(plane)))
                        || (was - is).abs() <= lost;
                    assert!(same, "seed {seed}, {encoding}: {was:e} became {is:e}");
                    compared += 1;
                }
            }
            let (was, slack) = time_of(b).unwrap();
            let (is, _) = time_of(a).unwrap();
            assert!((was - is).abs() <= 0.5 + slack, "{was} became {is}");
        }
    }
    assert!(compared > 30_000, "{compared}");
}

/// Numbers that are text already: the double nearest to what is written.
#[test]
fn wide_text_is_read_exactly() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y type=\"ascii26\" units=\"\"/>",
    );
    let rng = &mut crate::rng::Rng(77);
    let mut texts = Vec::new();
    for _ in 0..5000 {
        let value = f64::from_bits(rng.next());
        let text = if value.is_finite() {
            format!("{value:>25.*e}\n", rng.below(17))
        } else {
            format!("{:>25}\n", rng.next() as i64)
        };
        s.data(1, &[le8(0.0), text.clone().into_bytes()]);
        texts.push(text);
    }
    let output = run(&words("das2_binary"), &s.take());
    for (record, text) in output.records().iter().zip(texts) {
        assert_eq!(
            record.values[1][0],
            text.trim().parse::<f64>().unwrap(),
            "{text}"
        );
    }
}
