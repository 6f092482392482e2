//! das2_bin_avgsec: the planes that -r and -s add.

use crate::builder::{Builder, encode};
use crate::parsed::{Header, Parsed, Record};
use crate::running::{run, words};

pub const X: &str = "<x type=\"double\" units=\"us2000\"/>";

/// One packet type of these planes, and data of one record a list of values,
/// a tenth of a second apart.
pub fn stream(properties: &str, planes: &str, encoding: &str, records: &[Vec<f64>]) -> Vec<u8> {
    let mut s = Builder::with(properties);
    s.packet(1, &format!("{X}{planes}"));
    for (i, values) in records.iter().enumerate() {
        let mut fields = vec![encode("double", i as f64 * 1e5)];
        fields.extend(values.iter().map(|v| encode(encoding, *v)));
        s.data(1, &fields);
    }
    s.take()
}

pub fn headers_only(line: &str, properties: &str, planes: &str) -> Parsed {
    run(&words(line), &stream(properties, planes, "float", &[]))
}

pub fn names(header: &Header) -> Vec<&str> {
    header.names()
}

pub fn only(output: &Parsed) -> &Record {
    let records = output.records();
    assert_eq!(records.len(), 1);
    records[0]
}

#[test]
fn added_planes_stand_behind_all_others_in_order() {
    let planes = "<y name=\"a\" type=\"float\" units=\"V\"/><yscan name=\"b\" type=\"float\" nitems=\"2\" \
                  yUnits=\"Hz\" zUnits=\"W\" yTags=\"1,2\"><properties String:zLabel=\"l\"/></yscan>";
    for (line, expected) in [
        ("das2_bin_avgsec 1", "|a|b"),
        ("das2_bin_avgsec -r 1", "|a|b|a.min|a.max|b.min|b.max"),
        ("das2_bin_avgsec -s 1", "|a|b|a.stddev|b.stddev"),
        (
            "das2_bin_avgsec -r -s 1",
            "|a|b|a.min|a.max|a.stddev|b.min|b.max|b.stddev",
        ),
    ] {
        let output = headers_only(line, "", planes);
        let header = output.headers()[0].1;
        assert_eq!(names(header).join("|"), expected);
        let operation = |name: &str| {
            let xml = &header.plane(name).xml;
            let of = |what| {
                xml.property(what)
                    .map(|(kind, text)| format!("{kind}:{text}"))
            };
            (of("source"), of("operation"))
        };
        let says = |source: &str, operation: &str| {
            (
                Some(format!("String:{source}")),
                Some(format!("String:{operation}")),
            )
        };
        let average = if line.contains("-r") {
            says("a", "BIN_AVG")
        } else {
            (None, None)
        };
        assert_eq!(operation("a"), average, "{line}");
        if line.contains("-r") {
            assert_eq!(operation("b.min"), says("b", "BIN_MIN"));
            assert_eq!(operation("b.max"), says("b", "BIN_MAX"));
        }
        if line.contains("-s") {
            assert_eq!(operation("b.stddev"), says("b", "BIN_STDDEV"));
            let more = header.plane("b.stddev");
            assert_eq!((more.units.as_str(), more.items), ("W", 2));
            assert_eq!(more.xml.attr("yTags"), Some("1,2"));
            assert_eq!(more.xml.typed("String", "zLabel"), "l");
        }
    }
}

#[test]
fn added_planes_have_names_of_their_own() {
    for (planes, expected) in [
        ("<y type=\"float\" units=\"\"/>", "||min|max|stddev"),
        (
            "<y name=\"\" type=\"float\" units=\"\"/>",
            "||min|max|stddev",
        ),
        (
            "<y name=\"a\" type=\"float\" units=\"\"/><y name=\"a.max\" type=\"float\" units=\"\"/>",
            "|a|a.max|a.min|a.max_2|a.stddev|a.max.min|a.max.max|a.max.stddev",
        ),
        (
            "<y type=\"float\" units=\"\"/><y type=\"float\" units=\"\"/>",
            "|||min|max|stddev|min_2|max_2|stddev_2",
        ),
        (
            "<y name=\"a&amp;b c\" type=\"float\" units=\"\"/>",
            "|a&b c|a&b c.min|a&b c.max|a&b c.stddev",
        ),
    ] {
        let output = headers_only("das2_bin_avgsec -r -s 1", "", planes);
        assert_eq!(names(output.headers()[0].1).join("|"), expected);
    }
    // Thousands of one name take no time worth telling.
    let many = "<y type=\"ascii9\" units=\"\"/>".repeat(1500);
    let output = headers_only("das2_bin_avgsec -r -s 1", "", &many);
    let all = names(output.headers()[0].1);
    let unique: std::collections::HashSet<_> = all[1501..].iter().collect();
    assert_eq!((all.len(), unique.len()), (1 + 4 * 1500, 3 * 1500));
}

#[test]
fn extremes_are_those_of_good_values() {
    let values = [-5.0, -4.0, -1e31, -7.5, f64::NAN, -6.0].map(|v| vec![v]);
    let y = "<y name=\"a\" type=\"float\" units=\"\"/>";
    let output = run(
        &words("das2_bin_avgsec -r -s 1"),
        &stream("", y, "float", &values),
    );
    let record = only(&output);
    assert_eq!(record.named("a.min"), [-7.5]);
    assert_eq!(record.named("a.max"), [-4.0]);
    assert_eq!(record.named("a"), [-5.625]);
    // All fill: fill everywhere.
    let values = [-1e31, f64::NAN].map(|v| vec![v]);
    let output = run(
        &words("das2_bin_avgsec -r -s 1"),
        &stream("", y, "float", &values),
    );
    let fill = f64::from(-1e31_f32);
    for name in ["a", "a.min", "a.max", "a.stddev"] {
        assert_eq!(only(&output).named(name), [fill], "{name}");
    }
}

#[test]
fn deviations_count_good_values_of_each_item() {
    let scan = "<yscan name=\"a\" type=\"double\" nitems=\"4\" yUnits=\"Hz\" zUnits=\"\"/>";
    let records = [
        vec![1.0, -1e31, -1e31, 1e9 + 1.0],
        vec![2.0, -1e31, 5.0, 1e9 + 2.0],
        vec![3.0, -1e31, -1e31, 1e9 + 3.0],
        vec![6.0, f64::NAN, -1e31, 1e9 + 6.0],
    ];
    let output = run(
        &words("das2_bin_avgsec -s 1"),
        &stream("", scan, "double", &records),
    );
    let deviations = only(&output).named("a.stddev");
    let expected = (14.0f64 / 3.0).sqrt();
    assert!((deviations[0] - expected).abs() < 1e-12, "{deviations:?}");
    assert_eq!(deviations[1], -1e31, "no value: fill");
    assert_eq!(deviations[2], 0.0, "one value");
    // The same numbers far from zero.
    assert!((deviations[3] - expected).abs() < 1e-6, "{deviations:?}");
    // A bin of one packet: 0, not NaN.
    let output = run(
        &words("das2_bin_avgsec -s 1"),
        &stream("", scan, "double", &records[..1]),
    );
    assert_eq!(only(&output).named("a.stddev")[0], 0.0);
}
