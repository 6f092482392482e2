//! das2_ascii.

use crate::builder::{Builder, encode, le8, x_y};
use crate::generator::{Kinds, random};
use crate::parsed::{Parsed, us2000};
use crate::running::{bytes_of, run, run_in_pieces, words};

/// The lines after the last header, as text.
fn lines(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8(output.to_vec()).unwrap();
    let at = text.rfind("</packet>\n").unwrap() + 10;
    text[at..]
        .split_inclusive('\n')
        .map(str::to_owned)
        .collect()
}

const XY: &str = "name=\"a\" units=\"V\"";

#[test]
fn the_layout_of_a_line_with_digits_given() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"little_endian_real8\" units=\"us2000\"/>\
         <y name=\"a\" type=\"little_endian_real4\" units=\"V\"/>\
         <yscan name=\"b\" type=\"sun_real8\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"\"/>",
    );
    for (t, v) in [
        (1e6, 1.5),
        (59.9996e6, -1e31),
        (-1500.0, f64::NAN),
        (0.0, f64::INFINITY),
    ] {
        let both = [encode("sun_real8", -v), encode("sun_real8", v / 3.0)];
        let [b0, b1] = both;
        s.data(1, &[le8(t), encode("little_endian_real4", v), b0, b1]);
    }
    let input = s.take();
    assert_eq!(
        lines(&bytes_of(&words("das2_ascii -r 7 -s 3"), &input)),
        [
            ":01:2000-01-01T00:00:01.000  1.500000e+00 -1.500000e+00  5.000000e-01\n",
            // The carry goes through, where das2C writes :60.000.
            ":01:2000-01-01T00:01:00.000 -1.000000e+31  1.000000e+31 -3.333333e+30\n",
            // Half to even.
            ":01:1999-12-31T23:59:59.998           nan           nan           nan\n",
            ":01:2000-01-01T00:00:00.000           inf          -inf           inf\n",
        ]
    );
    assert_eq!(
        lines(&bytes_of(&words("das2_ascii -r 4 -s 3"), &input))[0],
        ":01:2000-01-01T00:00:01.000  1.500e+00 -1.500e+00  5.000e-01\n"
    );
    assert_eq!(
        lines(&bytes_of(&words("das2_ascii -r 2 -s 0"), &input))[0],
        ":01:2000-01-01T00:00:01  1.5e+00 -1.5e+00  5.0e-01\n"
    );
    assert_eq!(
        lines(&bytes_of(&words("das2_ascii"), &input))[0],
        ":01:2000-01-01T00:00:01.000000  1.500000e+00 -1.5000000000000000e+00  \
         5.0000000000000000e-01\n"
    );
    assert_eq!(
        lines(&bytes_of(&words("das2_ascii -r 18 -s 9"), &input))[0],
        ":01:2000-01-01T00:00:01.000000000  1.50000000000000000e+00 \
         -1.50000000000000000e+00  5.00000000000000000e-01\n"
    );
}

#[test]
fn types_of_planes_for_every_digit_option() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"t1970\"/><y name=\"f\" type=\"float\" units=\"#\"/>\
         <y name=\"d\" type=\"little_endian_real8\" units=\"\"/>",
    );
    let input = s.take();
    let types = |line: &str| -> Vec<String> {
        let output = run(&words(line), &input);
        let planes = &output.headers()[0].1.planes;
        assert_eq!(planes[0].units, "UTC");
        assert_eq!(
            (planes[1].units.as_str(), planes[2].units.as_str()),
            ("#", "")
        );
        planes.iter().map(|p| p.encoding.clone()).collect()
    };
    assert_eq!(types("das2_ascii"), ["time27", "ascii14", "ascii24"]);
    for digits in 2..=18 {
        let encoding = format!("ascii{}", digits + 7);
        let got = types(&format!("das2_ascii -r {digits}"));
        assert_eq!(got, ["time27".to_owned(), encoding.clone(), encoding]);
    }
    for digits in 0..=9 {
        let encoding = format!("time{}", if digits == 0 { 20 } else { 21 + digits });
        assert_eq!(types(&format!("das2_ascii -s {digits}"))[0], encoding);
    }
}

#[test]
fn all_units_of_time_become_text() {
    for (units, number, text) in [
        ("us2000", 1.5, "2000-01-01T00:00:00.000002"),
        ("us2000", 2.5, "2000-01-01T00:00:00.000002"),
        ("UTC", 1e6, "2000-01-01T00:00:01.000000"),
        ("t2000", -0.5, "1999-12-31T23:59:59.500000"),
        ("t1970", 0.25, "1970-01-01T00:00:00.250000"),
        ("ns1970", 1e9, "1970-01-01T00:00:01.000000000"),
        ("mj1958", 15_340.5, "2000-01-01T12:00:00.000000"),
        ("us1980", 631_152_000e6, "2000-01-01T00:00:00.000000"),
        ("us2020", 0.0, "2020-01-01T00:00:00.000000"),
        ("t2010", 1.0, "2010-01-01T00:00:01.000000"),
        ("ms1970", 1.0, "1970-01-01T00:00:00.001000"),
        ("mjd", 51_544.0, "2000-01-01T00:00:00.000000"),
        ("julianDay", 2_451_544.5, "2000-01-01T00:00:00.000000"),
        (
            "cdfEpoch",
            63_113_904_000_000.0,
            "2000-01-01T00:00:00.000000",
        ),
        (
            "TT2000",
            -43_135_816_000_000.0,
            "2000-01-01T00:00:00.000000000",
        ),
        (
            "tt2000",
            536_500_869_184_000_000.0,
            "2017-01-01T00:00:00.000000000",
        ),
        ("days since 2001-01-01", 1.25, "2001-01-02T06:00:00.000000"),
    ] {
        // As x, as y and as a yscan.
        let mut s = Builder::new();
        s.packet(
            1,
            &format!(
                "<x type=\"double\" units=\"{units}\"/><y type=\"little_endian_real8\" units=\"{units}\"/>\
                 <yscan type=\"double\" nitems=\"1\" yUnits=\"Hz\" zUnits=\"{units}\"/>"
            ),
        );
        let field = encode("double", number);
        s.data(1, &[field.clone(), le8(number), field]);
        let output = bytes_of(&words("das2_ascii"), &s.take());
        assert_eq!(
            lines(&output),
            [format!(":01:{text} {text} {text}\n")],
            "{units}"
        );
        for plane in &Parsed::new(&output).headers()[0].1.planes {
            assert_eq!(
                (plane.units.as_str(), plane.width()),
                ("UTC", text.len() + 1)
            );
        }
    }
}

#[test]
fn integers_are_read_exactly() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"little_endian_int8\" units=\"TT2000\"/><y type=\"big_endian_int8\" units=\"\"/>\
         <y type=\"little_endian_uint8\" units=\"\"/><y type=\"big_endian_int1\" units=\"\"/>\
         <y type=\"little_endian_uint2\" units=\"\"/>",
    );
    s.data(
        1,
        &[
            536_500_869_184_000_001i64.to_le_bytes().to_vec(),
            i64::MIN.to_be_bytes().to_vec(),
            u64::MAX.to_le_bytes().to_vec(),
            vec![0x80],
            vec![0xff, 0xff],
        ],
    );
    assert_eq!(
        lines(&bytes_of(&words("das2_ascii"), &s.take())),
        [
            ":01:2017-01-01T00:00:00.000000001 -9223372036854775808 18446744073709551615 -128  65535\n"
        ]
    );
}

#[test]
fn what_is_no_time_is_written_as_the_year_1() {
    let data = [(f64::NAN, 1.0), (-1e31, 2.0), (f64::INFINITY, 3.0)];
    let output = bytes_of(&words("das2_ascii -s 3 -r 2"), &x_y("float", XY, &data));
    for line in lines(&output) {
        assert!(line.starts_with(":01:0001-01-01T00:00:00.000 "), "{line}");
    }
}

#[test]
fn a_base_is_applied() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"ms\" base=\"2001-02-03T04:05\"/><y type=\"float\" units=\"\"/>",
    );
    s.data(1, &[encode("double", 1500.25), encode("float", 1.0)]);
    // A unit of time counts from its own zero whatever the base.
    s.packet(
        2,
        "<x type=\"double\" units=\"us2000\" base=\"2001-01-01\"/><y type=\"float\" units=\"\"/>",
    );
    s.data(2, &[encode("double", 0.0), encode("float", 1.0)]);
    let output = run(&words("das2_ascii"), &s.take());
    let times: Vec<f64> = output.records().iter().map(|r| r.x()).collect();
    assert_eq!(times, [us2000("2001-02-03T04:05:01.500250"), 0.0]);
    let attr = |i: usize| {
        output.headers()[i].1.planes[0]
            .xml
            .attr("base")
            .map(str::to_owned)
    };
    assert_eq!((attr(0), attr(1)), (None, None));
}

#[test]
fn text_planes_pass_byte_for_byte() {
    let mut s = Builder::with("String:title=\"t\"");
    s.packet(
        1,
        "<x type=\"time22\" units=\"us1980\"/><y type=\"ascii7\" name=\"a\" units=\"cm!a-3!n\"/>\
         <yscan type=\"ascii10\" nitems=\"2\" yUnits=\"R_J\" zUnits=\"1/cm^3\" yTags=\"0.001234567, 1e3\"/>\
         <y type=\"ascii1\" units=\"\"/><y type=\"ascii127\" units=\"\"/><y type=\"time63\" units=\"\"/>",
    );
    let fields = [
        "2013-001T01:00:00.123".to_owned() + "\n",
        "+1.234,".into(),
        "   1.5000 ".into(),
        "1234567890".into(),
        "7".into(),
        format!("{:>126}\t", "nan"),
        format!("{:<62} ", "not a time at all"),
    ];
    let fields: Vec<Vec<u8>> = fields.iter().map(|f| f.clone().into_bytes()).collect();
    s.data(1, &fields);
    let input = s.take();
    for line in ["das2_ascii", "das2_ascii -r 3 -s 1"] {
        let output = run(&words(line), &input);
        let record = output.records()[0];
        let mut expected = fields.concat();
        expected[21] = b' '; // A line break within a line.
        *expected.last_mut().unwrap() = b'\n';
        assert_eq!(record.bytes(), expected);
        let header = output.headers()[0].1;
        let before = &Parsed::new(&input);
        assert_eq!(header, before.headers()[0].1, "types, tags and units");
    }
}

#[test]
fn a_text_field_without_separator_keeps_its_last_digit() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y type=\"ascii4\" units=\"\"/>",
    );
    s.data(1, &[encode("double", 0.0), b"1234".to_vec()]);
    s.data(1, &[encode("double", 0.0), b" 12 ".to_vec()]);
    let output = run(&words("das2_ascii"), &s.take());
    let y: Vec<f64> = output.records().iter().map(|r| r.values[1][0]).collect();
    assert_eq!(y, [1234.0, 12.0]);
}

#[test]
fn no_value_overflows_its_field() {
    for value in [
        -1e-100,
        -1.234_567_890_123_456_7e-300,
        -1.297e308,
        -5e-324,
        1e100,
    ] {
        for digits in 2..=18 {
            let input = x_y("double", XY, &[(0.0, value)]);
            let output = run(&words(&format!("das2_ascii -r {digits}")), &input);
            let back = output.records()[0].values[1][0];
            let lost = ((back - value) / value).abs();
            // One digit goes to the third digit of the exponent.
            let allowed = 0.51 * 10f64.powi(2 - digits.min(16)) + 1e-15;
            assert!(
                lost <= allowed || value == -5e-324,
                "{value:e} -r {digits}: {back:e}"
            );
        }
        let output = run(&words("das2_ascii"), &x_y("double", XY, &[(0.0, value)]));
        assert_eq!(
            output.records()[0].values[1][0],
            value,
            "by default nothing is lost"
        );
    }
}

#[test]
fn c_drops_comments_and_exceptions() {
    let mut s = Builder {
        bytes: x_y("float", XY, &[(0.0, 1.0)]),
    };
    s.comment("taskProgress", "1").comment("log:info", "text");
    s.exception("NoSuchThing", "message");
    s.tagged("xx", "<marker odd=\"1\"/>");
    let count = |line: &str| {
        let output = run(&words(line), &s.bytes);
        (
            output.comments().len(),
            output.exceptions().len(),
            output.records().len(),
        )
    };
    assert_eq!(count("das2_ascii"), (2, 1, 1));
    assert_eq!(count("das2_ascii -c"), (0, 0, 1));
    let output = run(&words("das2_ascii"), &s.bytes);
    assert_eq!(output.exceptions()[0].attr("type"), Some("NoSuchThing"));
    assert_eq!(output.comments()[0].attr("source"), Some("reader"));
}

#[test]
fn redefinition_and_das2_3_planes() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y type=\"float\" units=\"\"/>",
    );
    s.data(1, &[encode("double", 0.0), encode("float", 1.0)]);
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/><xscan type=\"float\" nitems=\"2\" xUnits=\"ms\" \
         yUnits=\"V\" xOffsets=\"0, 0.50\"/><yscan type=\"float\" nitems=\"1\" yUnits=\"Hz\" \
         zUnits=\"W\" yOffsets=\"3\"/>",
    );
    s.data(
        1,
        &[
            crate::builder::time(24, 5e6),
            encode("float", 1.0),
            encode("float", 2.0),
            encode("float", 3.0),
        ],
    );
    // No x at all: the packets count.
    s.packet(2, "<y type=\"float\" units=\"\"/>");
    s.data(2, &[encode("float", 4.0)]);
    let output = run(&words("das2_ascii"), &s.take());
    let records = output.records();
    assert_eq!(records[0].values, [[0.0], [1.0]]);
    assert_eq!(records[1].values, [vec![5e6], vec![1.0, 2.0], vec![3.0]]);
    assert_eq!(records[2].values, [[4.0]]);
    let scan = &output.headers()[1].1.planes[1];
    assert_eq!(
        (scan.kind.as_str(), scan.xml.attr("xOffsets")),
        ("xscan", Some("0, 0.50"))
    );
    assert_eq!(scan.units, "V");
}

/// Random streams: each value is the same after a trip through text.
#[test]
fn text_keeps_every_double() {
    let mut compared = 0;
    for seed in 2000..2150 {
        let input = random(seed, 60, Kinds::ALL);
        let before = Parsed::new(&input);
        let after = run(&words("das2_ascii"), &input);
        assert_eq!(before.records().len(), after.records().len());
        for (number, (b, a)) in before.records().iter().zip(after.records()).enumerate() {
            for (plane, (was, is)) in b.values.iter().zip(&a.values).enumerate() {
                let encoding = &b.header.planes[plane].encoding;
                if plane == b.header.x() {
                    continue;
                }
                for (item, (was, is)) in was.iter().zip(is).enumerate() {
                    let real4 = encoding.ends_with("real4") || encoding == "float";
                    let lost = if real4 { was.abs() * 0.5000001e-6 } else { 0.0 };
                    let same = was == is || was.is_nan() && is.is_nan() || (was - is).abs() <= lost;
                    assert!(
                        same,
                        "seed {seed}, record {number}, plane {plane}, item {item}: {was:e} became {is:e}"
                    );
                    compared += 1;
                }
            }
            let (was, slack) = crate::oracle::time_of(b).unwrap();
            let (is, _) = crate::oracle::time_of(a).unwrap();
            assert!(
                (was - is).abs() <= 0.5 + slack,
                "seed {seed}: {was} became {is}"
            );
        }
    }
    assert!(compared > 40_000, "{compared}");
}

#[test]
fn text_of_text_is_the_same_text() {
    for seed in 2200..2240 {
        let once = bytes_of(&words("das2_ascii"), &random(seed, 40, Kinds::ALL));
        let twice = run_in_pieces(&words("das2_ascii -r 3 -s 1"), &once, &[7, 1000, 33]);
        assert!(twice.error.is_none());
        assert_eq!(
            String::from_utf8_lossy(&twice.bytes),
            String::from_utf8_lossy(&once),
            "seed {seed}"
        );
    }
}
