//! Outputs that were looked through once and are kept in golden/: a change of
//! any byte has to be meant. `UPDATE_GOLDEN=1 cargo test --test filters golden`
//! writes them anew, to be looked through again.

use std::path::{Path, PathBuf};

use crate::builder::{Builder, encode, time};
use crate::oracle::{Options, Planes, binned};
use crate::parsed::{Header, Parsed, Record};
use crate::running::{bytes_of, words};

/// Name, input, and the programs it goes through.
struct Case {
    name: &'static str,
    input: fn() -> Vec<u8>,
    line: &'static str,
}

const CASES: [Case; 7] = [
    Case {
        name: "survey_avg",
        input: survey,
        line: "das2_bin_avgsec 60 | das2_ascii -r 4 -s 3",
    },
    Case {
        name: "survey_avg_range_deviation",
        input: survey,
        line: "das2_bin_avgsec -r -s -p -b 2001-02-03T04:00 90 | das2_ascii -r 7 -s 3",
    },
    Case {
        name: "survey_peaks",
        input: survey,
        line: "das2_bin_peakavgsec 60 | das2_ascii -r 4 -s 3",
    },
    Case {
        name: "survey_text",
        input: survey,
        line: "das2_ascii -r 4 -s 3",
    },
    Case {
        name: "survey_all_digits",
        input: survey,
        line: "das2_ascii -c",
    },
    Case {
        name: "waveform_collapsed",
        input: waveform,
        line: "das2_bin_avgsec -r 1 | das2_ascii",
    },
    Case {
        name: "text_in_text_out",
        input: text,
        line: "das2_bin_avgsec -s 30",
    },
];

/// Spectra and a density of one instrument: two packet types, fill, a gap,
/// a comment, and a header that changes.
fn survey() -> Vec<u8> {
    let mut s = Builder::with(
        "String:title=\"Survey%{xCacheResInfo} &lt;A &amp; B&gt;\" Datum:xTagWidth=\"30 s\" \
         String:xLabel=\"UT\"",
    );
    let spectra = "<properties String:label=\"E\"/>\
        <x type=\"little_endian_real8\" units=\"t1970\" name=\"time\"/>\
        <yscan name=\"amp\" type=\"sun_real4\" nitems=\"4\" yUnits=\"Hz\" zUnits=\"V**2 m**-2 Hz**-1\" \
        yTags=\"10.5, 31.25,1e2,316.2\"><properties double:zFill=\"-1\" zScaleType=\"log\"/></yscan>";
    s.packet(1, spectra);
    s.packet(
        7,
        "<x type=\"sun_real8\" units=\"us2000\" name=\"time\"/>\
         <y name=\"density\" type=\"little_endian_real8\" units=\"cm!a-3!n\"/>\
         <y name=\"count\" type=\"big_endian_int2\" units=\"\"><properties double:yFill=\"-1\"/></y>",
    );
    // 2001-02-03T04:00:10
    let begin = (399.0 * 86_400.0 + 4.0 * 3600.0 + 10.0) * 1e6;
    for i in 0..40i32 {
        let gap = if i > 25 { 600e6 } else { 0.0 };
        let now = begin + f64::from(i) * 15e6 + gap;
        let value = |k: i32| f64::from((i * 37 + k * 11) % 101) / 8.0 - 1.0;
        let mut fields = vec![encode("little_endian_real8", now / 1e6 + 946_684_800.0)];
        fields.extend((0..4).map(|k| encode("sun_real4", value(k))));
        s.data(1, &fields);
        if i % 2 == 0 {
            let density = if i % 10 == 4 { -1e31 } else { value(5) * 1e-3 };
            s.data(
                7,
                &[
                    encode("sun_real8", now + 1e6),
                    encode("little_endian_real8", density),
                    encode("big_endian_int2", f64::from(i % 5 - 1)),
                ],
            );
        }
        if i == 20 {
            s.comment("log:info", "half of it");
            s.packet(
                1,
                &spectra.replace("String:label=\"E\"", "String:label=\"B\""),
            );
        }
    }
    s.take()
}

fn waveform() -> Vec<u8> {
    let mut s = Builder::with("String:renderer=\"waveform\"");
    s.packet(
        3,
        "<x type=\"time27\" units=\"us2000\" name=\"\"/>\
         <yscan name=\"Ex\" type=\"little_endian_real4\" nitems=\"8\" yUnits=\"ms\" zUnits=\"V/m\" \
         yTagInterval=\"0.5\"><properties double:zFill=\"-999\"/></yscan>",
    );
    for i in 0..12i32 {
        let mut fields = vec![time(27, 86_400e6 * 100.0 + f64::from(i) * 250e3 + 0.5e6)];
        let value = |k: i32| {
            if (i + k) % 9 == 0 {
                -999.0
            } else {
                f64::from((i * 13 + k * 7) % 16) - 7.5
            }
        };
        fields.extend((0..8).map(|k| encode("little_endian_real4", value(k))));
        s.data(3, &fields);
    }
    s.take()
}

fn text() -> Vec<u8> {
    let mut s = Builder::new();
    s.packet(
        2,
        "<y name=\"\" type=\"ascii9\" units=\"nT\"/><x type=\"time20\" units=\"us2000\" name=\"t\"/>\
         <z name=\"b&amp;c\" type=\"ascii14\" units=\"#\"/>",
    );
    for i in 0..15i32 {
        let value = f64::from((i * 29) % 31) - 15.0;
        let mut last = encode("ascii14", value / 3.0);
        *last.last_mut().unwrap() = b'\n';
        let first = if i == 3 {
            b" *******  ".to_vec()[..9].to_vec()
        } else {
            encode("ascii9", value)
        };
        s.data(2, &[first, time(20, f64::from(i) * 7e6), last]);
    }
    s.take()
}

fn through(line: &str, input: &[u8]) -> Vec<u8> {
    let steps = line.split('|');
    steps.fold(input.to_vec(), |bytes, step| bytes_of(&words(step), &bytes))
}

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filters/golden");
    folder.join(format!("{name}.d2t"))
}

/// Where two outputs differ.
fn difference(is: &Parsed, golden: &Parsed) -> String {
    if is.stream != golden.stream {
        return format!(
            "the stream header is\n{:?}\ngolden\n{:?}",
            is.stream, golden.stream
        );
    }
    let planes = |(id, header): &(u8, &Header)| format!("[{id:02}] {:?}", header.xml);
    for (number, (a, b)) in is.headers().iter().zip(golden.headers()).enumerate() {
        if planes(a) != planes(&b) {
            return format!("header {number} is\n{}\ngolden\n{}", planes(a), planes(&b));
        }
    }
    for (number, (a, b)) in is.records().iter().zip(golden.records()).enumerate() {
        if let Some(what) = differing_value(a, b) {
            return format!("record {number} (packet {:02}): {what}", a.id);
        }
    }
    format!(
        "{} headers, {} records, {} comments; golden {}, {}, {}; or their order",
        is.headers().len(),
        is.records().len(),
        is.comments().len(),
        golden.headers().len(),
        golden.records().len(),
        golden.comments().len(),
    )
}

fn differing_value(a: &Record, b: &Record) -> Option<String> {
    if a.id != b.id || a.raw.len() != b.raw.len() {
        return Some(format!("golden is of packet {:02}", b.id));
    }
    for (plane, (fields, golden)) in a.raw.iter().zip(&b.raw).enumerate() {
        for (item, (is, golden)) in fields.iter().zip(golden).enumerate() {
            if is != golden {
                return Some(format!(
                    "plane {plane} ({:?}), item {item} is '{}', golden '{}'",
                    a.header.planes[plane].name,
                    is.escape_ascii(),
                    golden.escape_ascii()
                ));
            }
        }
    }
    None
}

#[test]
fn outputs_are_those_that_were_looked_through() {
    for case in CASES {
        let output = through(case.line, &(case.input)());
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path(case.name), &output).unwrap();
            continue;
        }
        let golden = std::fs::read(path(case.name)).unwrap();
        if output != golden {
            let what = difference(&Parsed::new(&output), &Parsed::new(&golden));
            panic!("{} ({}): {what}", case.name, case.line);
        }
    }
}

/// The golden files against the binning by hand: their numbers to the digits
/// that are shown.
#[test]
fn golden_numbers_are_right() {
    let means = |range, deviation| Planes::Means { range, deviation };
    let begin = Some((399.0 * 86_400.0 + 4.0 * 3600.0) * 1e6);
    for (name, input, options) in [
        (
            "survey_avg",
            survey as fn() -> Vec<u8>,
            Options::means(60.0),
        ),
        (
            "survey_avg_range_deviation",
            survey,
            Options {
                seconds: 90.0,
                begin,
                planes: means(true, true),
            },
        ),
        ("survey_peaks", survey, Options::peaks(60.0)),
        (
            "waveform_collapsed",
            waveform,
            Options {
                planes: means(true, false),
                ..Options::means(1.0)
            },
        ),
        (
            "text_in_text_out",
            text,
            Options {
                planes: means(false, true),
                ..Options::means(30.0)
            },
        ),
    ] {
        let golden = Parsed::new(&std::fs::read(path(name)).unwrap());
        let expected = binned(&Parsed::new(&input()), &options);
        assert_eq!(golden.records().len(), expected.len(), "{name}");
        for (number, (record, wanted)) in golden.records().iter().zip(&expected).enumerate() {
            assert_eq!(record.id, wanted.id, "{name}, record {number}");
            assert!(
                (record.x() - wanted.centre).abs() <= 1.0,
                "{name}, record {number}"
            );
            let x = record.header.x();
            let planes = (0..record.values.len()).filter(|plane| *plane != x);
            for (plane, items) in planes.zip(&wanted.planes) {
                for (item, (value, rough)) in items.iter().enumerate() {
                    let is = record.values[plane][item];
                    let step = crate::oracle::last_digit(&record.raw[plane][item]);
                    assert!(
                        (is - value).abs() <= 0.51 * step + rough + value.abs() * 1e-7,
                        "{name}, record {number}, plane {plane}, item {item}: {is:e}, not {value:e}"
                    );
                }
            }
        }
    }
}
