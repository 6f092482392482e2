//! Waveforms that das2_bin_avgsec makes one value of.

use crate::builder::{Builder, encode};
use crate::planes::{X, only, stream};
use crate::running::{fails, run, words};

fn waveform(renderer: &str, y_units: &str, tags: &str) -> String {
    format!(
        "<yscan name=\"w\" type=\"float\" nitems=\"3\" yUnits=\"{y_units}\" zUnits=\"V m!a-1!n\" {tags}>\
         <properties {renderer} double:zFill=\"-99\" String:zLabel=\"E\"/></yscan>"
    )
}

#[test]
fn a_waveform_within_a_bin_becomes_one_value() {
    let records = [vec![1.0, 2.0, -99.0], vec![4.0, 5.0, 6.0]];
    let as_plane = "String:renderer=\"waveform\"";
    for (planes, properties, line, collapses) in [
        (
            waveform(as_plane, "s", "yTagInterval=\"0.4\""),
            "",
            "das2_bin_avgsec 1",
            true,
        ),
        // 0.8 s from first to last: as long as the bin.
        (
            waveform(as_plane, "ms", "yTagInterval=\"400\""),
            "",
            "das2_bin_avgsec 0.8",
            true,
        ),
        (
            waveform(as_plane, "s", "yTagInterval=\"0.4\""),
            "",
            "das2_bin_avgsec 0.7",
            false,
        ),
        (
            waveform(as_plane, "s", "yTags=\"1.0,0.2,0.6\""),
            "",
            "das2_bin_avgsec 0.9",
            true,
        ),
        (
            waveform(as_plane, "us", "yTagInterval=\"10\""),
            "",
            "das2_bin_avgsec 1",
            true,
        ),
        (
            waveform(as_plane, "Hz", "yTagInterval=\"0.4\""),
            "",
            "das2_bin_avgsec 1",
            false,
        ),
        (
            waveform("", "s", "yTagInterval=\"0.4\""),
            as_plane,
            "das2_bin_avgsec 1",
            true,
        ),
        (
            waveform("", "s", "yTagInterval=\"0.4\""),
            "",
            "das2_bin_avgsec 1",
            false,
        ),
        (
            waveform("renderer=\"spectrogram\"", "s", "yTagInterval=\"0.4\""),
            as_plane,
            "das2_bin_avgsec 1",
            false,
        ),
        (
            waveform(as_plane, "s", "yTagInterval=\"0.4\""),
            "",
            "das2_bin_peakavgsec 1",
            false,
        ),
    ] {
        let output = run(
            &words(line),
            &stream(properties, &planes, "float", &records),
        );
        let plane = output.headers()[0].1.plane("w").clone();
        let record = only(&output);
        if !collapses {
            assert_eq!(
                (plane.kind.as_str(), plane.items),
                ("yscan", 3),
                "{line} {planes}"
            );
            assert_eq!(record.named("w"), [2.5, 3.5, 6.0]);
            continue;
        }
        assert_eq!(plane.kind, "y", "{line} {planes}");
        let names: Vec<&str> = plane.xml.attrs.iter().map(|(k, _)| k.as_str()).collect();
        assert_eq!(names, ["name", "type", "units"]);
        assert_eq!(plane.units, "V m!a-1!n");
        assert_eq!(plane.xml.typed("double", "yFill").parse(), Ok(-99.0));
        assert_eq!(plane.xml.typed("String", "zLabel"), "E");
        assert_eq!(
            record.named("w"),
            [18.0f64 as f32 as f64 / 5.0].map(|v| f64::from(v as f32))
        );
    }
}

#[test]
fn a_collapsed_packet_counts_with_the_bin_of_its_x() {
    let planes = waveform("renderer=\"waveform\"", "s", "yTagInterval=\"0.4\"");
    let mut s = Builder::new();
    s.packet(1, &format!("{X}{planes}"));
    for (t, v) in [(0.0, 1.0), (0.9e6, 2.0), (1.8e6, 6.0)] {
        let mut fields = vec![encode("double", t)];
        fields.extend([v, v, v].map(|v| encode("float", v)));
        s.data(1, &fields);
    }
    let output = run(&words("das2_bin_avgsec -r -s 1"), &s.take());
    let means: Vec<f64> = output.records().iter().map(|r| r.named("w")[0]).collect();
    assert_eq!(means, [1.5, 6.0]);
    assert_eq!(output.records()[0].named("w.max"), [2.0]);
    assert!((output.records()[0].named("w.stddev")[0] - 0.3f64.sqrt()).abs() < 1e-6);
    assert!(
        output.headers()[0].1.planes[1..]
            .iter()
            .all(|p| p.kind == "y")
    );
}

#[test]
fn an_xscan_is_a_waveform() {
    let xscan = |attrs: &str| {
        format!(
            "<xscan name=\"w\" type=\"float\" nitems=\"3\" xUnits=\"ms\" yUnits=\"V\" {attrs}>\
             <properties double:yFill=\"-99\"/></xscan>"
        )
    };
    let records = [vec![1.0, 2.0, -99.0], vec![3.0, 6.0, 3.0]];
    for (attrs, line, collapses) in [
        ("xOffsetInterval=\"100\"", "das2_bin_avgsec 1", true),
        (
            "xOffsetInterval=\"100\" xOffsetMin=\"-100\"",
            "das2_bin_avgsec 0.2",
            true,
        ),
        ("xOffsets=\"0,1000,1500\"", "das2_bin_avgsec 1.6", true),
        ("xOffsets=\"0,1000,1700\"", "das2_bin_avgsec 1.6", false),
        ("xOffsetInterval=\"100\"", "das2_bin_peakavgsec 1", false),
    ] {
        let output = run(&words(line), &stream("", &xscan(attrs), "float", &records));
        let record = only(&output);
        let plane = record.header.plane("w");
        if collapses {
            assert_eq!(
                (plane.kind.as_str(), plane.units.as_str()),
                ("y", "V"),
                "{attrs}"
            );
            assert_eq!(record.named("w"), [3.0]);
            assert_eq!(plane.xml.attrs.len(), 3, "{:?}", plane.xml.attrs);
        } else {
            assert_eq!(plane.kind, "xscan");
            assert_eq!(record.named("w"), [2.0, 4.0, 3.0]);
        }
    }
    let wrong = stream("", &xscan("xOffsets=\"1,2\""), "float", &[]);
    assert!(
        fails(&words("das2_bin_avgsec 1"), &wrong)
            .0
            .contains("xOffsets")
    );
}
