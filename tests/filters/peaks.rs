//! das2_bin_peakavgsec: as das2_bin_avgsec, with a peak for each plane.

use crate::builder::{Builder, encode, x_y};
use crate::generator::{Kinds, random};
use crate::oracle::{Options, binned, compare};
use crate::parsed::Parsed;
use crate::running::{run, words};

#[test]
fn streams_of_every_kind_are_binned_by_the_book() {
    for seed in 1000..1150 {
        let input = random(seed, 100, Kinds::ALL);
        let options = Options {
            begin: (seed % 3 == 0).then_some(6900.0 * 86_400e6 + 5e6),
            ..Options::peaks([4.0, 0.3, 60.0][seed as usize % 3])
        };
        let words = options.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let expected = binned(&Parsed::new(&input), &options);
        if let Err(what) = compare(&run(&words, &input), &expected) {
            panic!("seed {seed}, {words:?}: {what}");
        }
    }
}

#[test]
fn the_peak_of_negative_values_is_the_largest_of_them() {
    let data = [(0.0, -5.0), (0.5, -4.0), (1.0, -1e31)];
    let input = x_y("little_endian_real4", "name=\"a\" units=\"V\"", &data);
    let output = run(&words("das2_bin_peakavgsec 1"), &input);
    let records = output.records();
    assert_eq!(
        (records[0].named("a"), records[0].named("a.max")),
        (&[-4.5][..], &[-4.0][..])
    );
    let fill = f64::from(-1e31_f32);
    assert_eq!(
        (records[1].named("a")[0], records[1].named("a.max")[0]),
        (fill, fill)
    );
}

#[test]
fn peaks_stand_behind_all_planes_and_say_what_they_are() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/><y name=\"a\" type=\"ascii10\" units=\"V\"/>\
         <yscan name=\"b\" type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"W\" yTags=\"1,2\"/>",
    );
    let output = run(&words("das2_bin_peakavgsec 60"), &s.take());
    let header = output.headers()[0].1;
    assert_eq!(header.names(), ["", "a", "b", "a.max", "b.max"]);
    for (name, source, operation) in [
        ("a", "a", "BIN_AVG"),
        ("b", "b", "BIN_AVG"),
        ("a.max", "a", "BIN_MAX"),
        ("b.max", "b", "BIN_MAX"),
    ] {
        let xml = &header.plane(name).xml;
        assert_eq!(xml.typed("String", "source"), source);
        assert_eq!(xml.typed("String", "operation"), operation);
    }
    assert_eq!(
        output.stream.typed("String", "sourceId"),
        "das2_bin_peakavgsec"
    );
    assert_eq!(output.stream.typed("Datum", "xTagWidth"), "60.000000 s");
    assert_eq!(
        output.stream.typed("Datum", "xCacheResolution"),
        "60.000000 s"
    );
    assert_eq!(
        output.stream.typed("String", "xCacheResInfo"),
        " (1.0 minute Averages)"
    );
}

#[test]
fn a_plane_without_a_name_is_paired_with_peaks() {
    for name in ["", "name=\"\""] {
        let mut s = Builder::new();
        s.packet(
            1,
            &format!(
                "<x type=\"double\" units=\"us2000\"/>\
                 <yscan {name} type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"W\"/>"
            ),
        );
        s.data(
            1,
            &[
                encode("double", 0.0),
                encode("float", 1.0),
                encode("float", 2.0),
            ],
        );
        let output = run(&words("das2_bin_peakavgsec 60"), &s.take());
        let planes = &output.headers()[0].1.planes;
        assert_eq!(planes[1].xml.attr("name"), Some(""));
        let peaks = &planes[2];
        assert_eq!(
            (peaks.kind.as_str(), peaks.name.as_str()),
            ("yscan", "peaks")
        );
        assert_eq!(peaks.xml.typed("boolean", "peaks"), "true");
        assert_eq!(peaks.xml.typed("String", "operation"), "BIN_MAX");
        assert_eq!(planes[1].xml.property("peaks"), None);
        assert_eq!(output.records()[0].named("peaks"), [1.0, 2.0]);
    }
}

#[test]
fn any_number_of_planes() {
    let planes: String = (0..120)
        .map(|i| format!("<y name=\"p{i}\" type=\"float\" units=\"\"/>"))
        .collect();
    let mut s = Builder::new();
    s.packet(1, &format!("<x type=\"double\" units=\"us2000\"/>{planes}"));
    for sign in [1.0, -3.0] {
        let mut fields = vec![encode("double", 0.0)];
        fields.extend((0..120).map(|i| encode("float", sign * f64::from(i))));
        s.data(1, &fields);
    }
    let output = run(&words("das2_bin_peakavgsec 60"), &s.take());
    let record = output.records()[0];
    assert_eq!(record.header.planes.len(), 241);
    assert_eq!(
        (record.named("p119"), record.named("p119.max")),
        (&[-119.0][..], &[119.0][..])
    );
}
