//! das2.3: offsets, samples in time, any number of x planes, and its version.

use crate::builder::{Builder, encode};
use crate::parsed::Parsed;
use crate::rng::Rng;
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

/// Offsets count from the first y of a packet, and from 0 where it has none.
#[test]
fn offsets_are_told_in_headings_and_bins() {
    let scans = "<yscan name=\"s\" type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"W\" \
         yOffsets=\"-0.50, 1e1\"/>\
        <yscan name=\"i\" type=\"float\" nitems=\"3\" yUnits=\"Hz\" zUnits=\"\" \
         yOffsetInterval=\"0.10\" yOffsetMin=\"3.0\"/>\
        <yscan name=\"t\" type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"\" \
         yTagInterval=\"0.10\" yTagMin=\"3.0\"/>";
    let y = "<y name=\"f\" type=\"float\" units=\"Hz\"/>";
    let with_y = stream(&format!("{y}{scans}"), &[vec![1.0; 8]]);
    let without = stream(scans, &[vec![1.0; 7]]);
    let one = "<y name=\"f\" type=\"float\" units=\"Hz\"/>\
        <yscan name=\"s\" type=\"float\" nitems=\"1\" yUnits=\"Hz\" zUnits=\"W\" yOffsets=\"7\"/>";
    let one = stream(one, &[vec![1.0; 2]]);
    let headings = |bytes: &[u8]| {
        let table = String::from_utf8(bytes_of(&words("das2_csv"), bytes)).unwrap();
        table.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        headings(&with_y),
        "time (UTC),f (Hz),s @ f-0.5 Hz (W),s @ f+10 Hz (W),i @ f+3 Hz,i @ f+3.1 Hz,\
         i @ f+3.2 Hz,t @ 3 Hz,t @ 3.1 Hz"
    );
    assert_eq!(
        headings(&without),
        "time (UTC),s @ -0.5 Hz (W),s @ 10 Hz (W),i @ 3 Hz,i @ 3.1 Hz,i @ 3.2 Hz,t @ 3 Hz,\
         t @ 3.1 Hz"
    );
    assert_eq!(headings(&one), "time (UTC),f (Hz),s @ f+7 Hz (W)");
    let info = |bytes: &[u8]| {
        let text = String::from_utf8(bytes_of(&words("das2_hapi -i"), bytes)).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("# "));
        let json: serde_json::Value = serde_json::from_str(&lines.collect::<String>()).unwrap();
        let all = json["parameters"].as_array().unwrap().clone();
        move |name: &str| all.iter().find(|p| p["name"] == name).unwrap().clone()
    };
    let bins = |of: &serde_json::Value| {
        let bins = &of["bins"][0];
        (
            bins["name"].clone(),
            bins["units"].clone(),
            bins["centers"].clone(),
        )
    };
    let offset = serde_json::json!("frequency, offset from f");
    let hz = serde_json::json!("Hz");
    let found = info(&with_y);
    assert_eq!(
        bins(&found("s")),
        (offset.clone(), hz.clone(), serde_json::json!([-0.5, 10.0]))
    );
    assert_eq!(
        bins(&found("i")),
        (offset, hz.clone(), serde_json::json!([3.0, 3.1, 3.2]))
    );
    assert_eq!(bins(&found("t")).0, "frequency");
    let found = info(&without);
    assert_eq!(
        bins(&found("s")),
        ("frequency".into(), hz, serde_json::json!([-0.5, 10.0]))
    );
    let description = info(&one)("s")["description"].clone();
    assert_eq!(description, "at 7 Hz from f");
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
