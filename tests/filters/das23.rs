//! das2.3: offsets, samples in time, any number of x planes, and its version.

use crate::generator::{Builder, Rng, encode};
use crate::parsed::Parsed;
use crate::running::{bytes_of, fails, run, words};

const X: &str = "<x type=\"double\" units=\"us2000\"/>";
const LINES: [&str; 4] = [
    "das2_ascii",
    "das2_binary",
    "das2_bin_avgsec 1",
    "das2_bin_peakavgsec 1",
];

/// A stream that says that it is das2.3.
fn das23(mut s: Builder) -> Vec<u8> {
    let mut bytes = s.take();
    let version = b"version=\"2.2\"";
    let at = bytes.windows(version.len()).position(|w| w == version);
    let at = at.unwrap() + version.len() - 2;
    bytes[at] = b'3';
    bytes
}

/// Records of four-byte reals, a tenth of a second apart.
fn stream(planes: &str, records: &[Vec<f64>]) -> Vec<u8> {
    let mut s = Builder::new();
    s.packet(1, &format!("{X}{planes}"));
    for (index, values) in records.iter().enumerate() {
        let mut fields = vec![encode("double", index as f64 * 1e5)];
        fields.extend(values.iter().map(|value| encode("float", *value)));
        s.data(1, &fields);
    }
    das23(s)
}

#[test]
fn version_and_offsets_stay_as_they_were_written() {
    let planes = "<y name=\"f\" type=\"float\" units=\"Hz\"/>\
        <yscan name=\"s\" type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"\" yOffsets=\"-0.50, 1e1\"/>\
        <yscan name=\"i\" type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"W\" \
         yOffsetInterval=\"0.10\" yOffsetMin=\"3.0\" xUnits=\"ms\" xOffsets=\"0,1\"/>";
    let bytes = stream(
        planes,
        &[vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![3.0, 4.0, 5.0, 6.0, 7.0]],
    );
    for line in LINES {
        let out = bytes_of(&words(line), &bytes);
        let header = String::from_utf8_lossy(&out[..200.min(out.len())]).into_owned();
        assert!(header.contains("version=\"2.3\""), "{line}: {header}");
        let report = das2_server::check::check_stream(&out[..]);
        assert!(report.is_conforming(), "{line}: {report}");
        let output = Parsed::new(&out);
        let header = output.headers()[0].1;
        let (s, i) = (&header.plane("s").xml, &header.plane("i").xml);
        assert_eq!(s.attr("yOffsets"), Some("-0.50, 1e1"), "{line}");
        assert_eq!(s.attr("zUnits"), Some(""));
        assert_eq!(i.attr("yOffsetInterval"), Some("0.10"));
        assert_eq!(i.attr("yOffsetMin"), Some("3.0"));
        assert_eq!(
            (i.attr("xUnits"), i.attr("xOffsets")),
            (Some("ms"), Some("0,1"))
        );
        if line.contains("bin_") {
            let record = output.records()[0];
            assert_eq!(record.named("f"), [2.0]);
            assert_eq!(record.named("s"), [3.0, 4.0]);
            assert_eq!(record.named("i"), [5.0, 6.0]);
        }
    }
}

/// An xscan is what das2.2 says with a yscan and a renderer.
#[test]
fn an_xscan_is_reduced_as_a_waveform_yscan_is() {
    let mut rng = Rng(23);
    for line in [
        "das2_bin_avgsec 1",
        "das2_bin_avgsec -r -s 0.3",
        "das2_bin_avgsec 0.05",
        "das2_bin_peakavgsec 1",
    ] {
        let records: Vec<Vec<f64>> = (0..40)
            .map(|_| {
                let value = |rng: &mut Rng| match rng.below(9) {
                    0 => -99.0,
                    1 => f64::NAN,
                    _ => rng.unit().mul_add(20.0, -10.0),
                };
                (0..5).map(|_| value(&mut rng)).collect()
            })
            .collect();
        let x = "<xscan name=\"w\" type=\"float\" nitems=\"5\" xUnits=\"ms\" yUnits=\"V\" \
                 xOffsetInterval=\"20\"><properties double:yFill=\"-99\"/></xscan>";
        let y = "<yscan name=\"w\" type=\"float\" nitems=\"5\" yUnits=\"ms\" zUnits=\"V\" \
                 yTagInterval=\"20\"><properties String:renderer=\"waveform\" double:zFill=\"-99\"/></yscan>";
        let values = |planes: &str| -> Vec<Vec<u64>> {
            let output = run(&words(line), &stream(planes, &records));
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
            let records = output.records();
            records.iter().map(|r| bits(&r.values.concat())).collect()
        };
        assert_eq!(values(x), values(y), "{line}");
    }
}

#[test]
fn any_number_of_x_planes() {
    let several = "<x name=\"end\" type=\"double\" units=\"us2000\"/>\
                   <y name=\"v\" type=\"float\" units=\"V\"/>";
    let mut s = Builder::new();
    s.packet(1, &format!("{X}{several}"));
    s.data(
        1,
        &[
            encode("double", 1e6),
            encode("double", 2e6),
            encode("float", 5.0),
        ],
    );
    let several = das23(s);
    let mut s = Builder::new();
    s.packet(1, "<y name=\"v\" type=\"float\" units=\"V\"/>");
    s.data(1, &[encode("float", 5.0)]);
    let none = das23(s);
    for (bytes, what, values) in [
        (&several, "more than one x plane", vec![1e6, 2e6, 5.0]),
        (&none, "no x plane", vec![5.0]),
    ] {
        for line in ["das2_ascii", "das2_binary"] {
            let output = run(&words(line), bytes);
            assert_eq!(output.records()[0].values.concat(), values, "{line}");
        }
        for line in ["das2_bin_avgsec 1", "das2_bin_peakavgsec 1"] {
            assert!(fails(&words(line), bytes).0.contains(what), "{line}");
        }
    }
}

/// das3 is not das2.3: its streams are known, and refused in words.
#[test]
fn das3_streams_are_refused() {
    let das3 = b"|Sx||43|<stream type=\"das-basic-stream\"></stream>\n";
    for line in LINES {
        let (error, output) = fails(&words(line), das3);
        assert!(error.contains("this is a das3 stream"), "{line}: {error}");
        assert!(output.records().is_empty());
    }
    let report = das2_server::check::check_stream(&das3[..]);
    assert_eq!(report.summary.kind, das2_server::check::Kind::Das3);
    assert!(
        !report.is_conforming() && report.findings.len() == 1,
        "{report}"
    );
}
