//! qds_ascii.

use crate::make::{Maker, Set};
use crate::programs::run;
use crate::read::{read, read_any};
use crate::rng::Rng;

#[test]
fn every_encoding_becomes_text_and_keeps_its_values() {
    for big in [false, true] {
        let mut maker = Maker::new(big);
        let sets = [
            Set::times("us2000", "double"),
            Set::data("d", "double", Some(3)),
            Set::data("f", "real4", Some(3)),
            Set::data("l", "int8", None),
            Set::data("i", "integer", None),
            Set::data("s", "short", None),
            Set::data("b", "byte", None),
            Set::data("a", "ascii9", None),
            Set::data("h", "hex8", None),
            Set {
                units: "us2000",
                ..Set::data("t2", "time24", None)
            },
        ];
        maker.describe(1, &sets);
        let mut random = Rng(3);
        let mut all = Vec::new();
        for i in 0..400u32 {
            let double = Some(f64::from_bits(random.next() & !3))
                .filter(|d| d.is_finite())
                .unwrap_or(0.5);
            let float = Some(f32::from_bits(random.next() as u32))
                .filter(|f| f.is_finite())
                .map_or(-0.25, f64::from);
            let time = f64::from(i) * 1e6 + 0.25;
            let values: Vec<Vec<f64>> = vec![
                vec![time],
                vec![double, -double, 0.0],
                vec![float, -float, f64::INFINITY],
                vec![f64::from(i) * -1e12],
                vec![-2_147_483_648.0 + f64::from(i)],
                vec![32_767.0 - f64::from(i)],
                vec![f64::from(i % 256) - 128.0],
                vec![f64::from(i)],
                vec![f64::from(i)],
                vec![f64::from(i) * 1e9],
            ];
            let slices: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
            maker.record(1, &slices);
            all.push(values);
        }
        let out = run("qds_ascii", &maker.bytes);
        let stream = read(&out);
        let encodings: Vec<_> = stream.descriptors(1)[0]
            .iter()
            .map(|s| s.encoding.as_str())
            .collect();
        assert_eq!(
            encodings,
            [
                "time27", "ascii24", "ascii15", "ascii21", "ascii12", "ascii7", "ascii5", "ascii9",
                "hex8", "time24"
            ]
        );
        let records = stream.records(1);
        assert_eq!(records.len(), all.len());
        for (record, values) in records.iter().zip(&all) {
            // To the microsecond.
            assert!((record[0][0] - values[0][0]).abs() <= 0.5);
            assert_eq!(record[1], values[1]);
            let floats: Vec<f32> = record[2].iter().map(|v| *v as f32).collect();
            let wanted: Vec<f32> = values[2].iter().map(|v| *v as f32).collect();
            assert_eq!(floats, wanted);
            assert_eq!(record[3..9], values[3..9]);
            assert_eq!(record[9][0], values[9][0] / 1e3);
        }
        // Text of text is the same text.
        assert_eq!(run("qds_ascii", &out), out);
    }
}

#[test]
fn times_of_all_kinds() {
    for (units, encoding, value, wide, shown) in [
        (
            "us2000",
            "double",
            1.5e6,
            "time27",
            "2000-01-01T00:00:01.500000",
        ),
        (
            "mj1958",
            "double",
            15_340.5,
            "time27",
            "2000-01-01T12:00:00.000000",
        ),
        (
            "cdfTT2000",
            "int8",
            -43_135_815_999_999.0,
            "time30",
            "2000-01-01T00:00:00.000000001",
        ),
        (
            "t1970",
            "int4",
            946_684_801.0,
            "time27",
            "2000-01-01T00:00:01.000000",
        ),
        (
            "ET2000",
            "double",
            0.0,
            "time27",
            "2000-01-01T11:58:55.81607",
        ),
        ("us2000", "double", -1e31, "time27", "****"),
        ("us2000", "double", f64::NAN, "time27", "****"),
    ] {
        let mut maker = Maker::new(true);
        maker.describe(
            1,
            &[Set::times(units, encoding), Set::data("v", "float", None)],
        );
        maker.record(1, &[&[value], &[1.0]]);
        let out = run("qds_ascii", &maker.bytes);
        let stream = read(&out);
        assert_eq!(stream.descriptors(1)[0][0].encoding, wide);
        assert_eq!(stream.descriptors(1)[0][0].property("UNITS"), Some(units));
        let at = out.windows(4).position(|four| four == b":01:").unwrap() + 4;
        let text = String::from_utf8_lossy(&out[at..]).into_owned();
        assert!(text.starts_with(shown), "{units}: {text}");
        assert!(text.ends_with(" 1.0000000e+00\n"), "{text}");
    }
}

#[test]
fn headers_change_in_nothing_but_encodings() {
    let mut maker = Maker::new(false);
    maker.describe(
        1,
        &[
            Set::times("us2000", "double"),
            Set::data("v", "int2", Some(2)),
        ],
    );
    maker.raw(
        2,
        "<qdataset id=\"f\" rank=\"1\"><odd/><values values=\"1,2\"/></qdataset>",
    );
    let before = read_any(&maker.bytes);
    let after = read_any(&run("qds_ascii", &maker.bytes));
    assert_eq!(before.header, after.header);
    assert_eq!(
        before.descriptors(2)[0][0].xml,
        after.descriptors(2)[0][0].xml
    );
    let (mut old, new) = (
        before.descriptors(1)[0][1].xml.clone(),
        after.descriptors(1)[0][1].xml.clone(),
    );
    old.children[1].set_attr("encoding", "ascii7");
    assert_eq!(old, new);
}
