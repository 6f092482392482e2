//! das2_bin_avgsec: the planes that -r and -s add, waveforms, and what
//! becomes of headers.

use crate::generator::{Builder, encode, x_y};
use crate::parsed::{Header, Parsed, Record, Xml};
use crate::running::{fails, run, words};

const X: &str = "<x type=\"double\" units=\"us2000\"/>";

/// One packet type of these planes, and data of one record a list of values,
/// a tenth of a second apart.
fn stream(properties: &str, planes: &str, encoding: &str, records: &[Vec<f64>]) -> Vec<u8> {
    let mut s = Builder::with(properties);
    s.packet(1, &format!("{X}{planes}"));
    for (i, values) in records.iter().enumerate() {
        let mut fields = vec![encode("double", i as f64 * 1e5)];
        fields.extend(values.iter().map(|v| encode(encoding, *v)));
        s.data(1, &fields);
    }
    s.take()
}

fn headers_only(line: &str, properties: &str, planes: &str) -> Parsed {
    run(&words(line), &stream(properties, planes, "float", &[]))
}

fn names(header: &Header) -> Vec<&str> {
    header.names()
}

fn only(output: &Parsed) -> &Record {
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

#[test]
fn the_stream_header_tells_the_resolution() {
    for (properties, seconds, width, text) in [
        ("", "60", "60.000000 s", " (1.0 minute Averages)"),
        ("", "0.25", "0.250000 s", " (250 ms Averages)"),
        ("", "12", "12.000000 s", " (12.0 s Averages)"),
        ("", "5400", "5400.000000 s", " (1.5 hour Averages)"),
        ("", "86400", "86400.000000 s", " (1 day Averages)"),
        ("", "1000000", "1000000.000000 s", " (11.6 day Averages)"),
        (
            "Datum:xTagWidth=\"30 s\"",
            "60",
            "60.000000 s",
            " (1.0 minute Averages)",
        ),
        (
            "Datum:xTagWidth=\"3 min\"",
            "60",
            "180.000000 s",
            " (3.0 minute Averages)",
        ),
        (
            "xTagWidth=\"180 s\"",
            "60",
            "180.000000 s",
            " (3.0 minute Averages)",
        ),
        (
            "double:xTagWidth=\"180\"",
            "60",
            "180.000000 s",
            " (3.0 minute Averages)",
        ),
        (
            "Datum:xTagWidth=\"7 Hz\"",
            "60",
            "60.000000 s",
            " (1.0 minute Averages)",
        ),
        (
            "Datum:xTagWidth=\"nan s\"",
            "60",
            "60.000000 s",
            " (1.0 minute Averages)",
        ),
        (
            "Datum:xCacheResolution=\"1 s\"",
            "60",
            "60.000000 s",
            " (1.0 minute Averages)",
        ),
        ("", "2e10", "2.000000e+10 s", " (2.31e+05 day Averages)"),
        ("", "1e-9", "1.000000e-09 s", " (0 ms Averages)"),
    ] {
        let line = format!("das2_bin_avgsec {seconds}");
        let output = headers_only(&line, properties, "<y type=\"float\" units=\"\"/>");
        let header = &output.stream;
        assert_eq!(
            header.typed("Datum", "xTagWidth"),
            width,
            "{properties} {seconds}"
        );
        assert_eq!(header.typed("Datum", "xCacheResolution"), width);
        assert_eq!(header.typed("String", "xCacheResInfo"), text);
    }
}

#[test]
fn nothing_else_changes_in_the_stream_header() {
    let properties = "String:title=\"D &amp; %{xCacheResInfo}\" String:sourceId=\"reader\" \
        DatumRange:r=\"1 to 5\" Datum:q=\"5\" Datum:w=\"1.4 log10Ratio\" a.b=\"c\" Odd:z=\"é\" \
        String:l=\" two&#10;lines\" Data_type=\"H0>High\" xMonotonic=\"true\""
        .replace('>', "&gt;");
    let y = "<y type=\"float\" units=\"\"/>";
    let output = headers_only("das2_bin_avgsec 60", &properties, y);
    let header = &output.stream;
    let kept = |name: &str| header.property(name).unwrap();
    assert_eq!(kept("title"), ("String", "D & %{xCacheResInfo}"));
    assert_eq!(kept("sourceId"), ("String", "reader"));
    assert_eq!(kept("r"), ("DatumRange", "1 to 5"));
    assert_eq!(kept("q"), ("Datum", "5"));
    assert_eq!(kept("w"), ("Datum", "1.4 log10Ratio"));
    assert_eq!(kept("a.b"), ("", "c"));
    assert_eq!(kept("z"), ("Odd", "é"));
    assert_eq!(kept("l"), ("String", " two\nlines"));
    assert_eq!(kept("Data_type").1, "K0>Key Parameter");
    assert_eq!(kept("xMonotonic"), ("", "true"));
    assert_eq!(header.attr("version"), Some("2.2"));
    let output = headers_only("das2_bin_avgsec 60", "", y);
    assert_eq!(output.stream.typed("String", "sourceId"), "das2_bin_avgsec");
    assert_eq!(output.stream.property("Data_type"), None);
    assert_eq!(output.headers().len(), 1, "a header without data stays");
}

#[test]
fn widths_in_packets_and_planes_are_raised_to_the_stream_s() {
    let planes = "<properties Datum:xTagWidth=\"1 s\"/><x type=\"double\" units=\"us2000\">\
        <properties double:xTagWidth=\"500\"/></x>\
        <y type=\"float\" units=\"\"><properties xTagWidth=\"20 ms\"/></y>\
        <z type=\"float\" units=\"\"/>";
    for (stream_width, raised) in [
        ("", "60.000000 s"),
        ("Datum:xTagWidth=\"100 s\"", "100.000000 s"),
    ] {
        let mut s = Builder::with(stream_width);
        s.packet(1, planes);
        let output = run(&words("das2_bin_avgsec 60"), &s.take());
        let header = output.headers()[0].1;
        let width = |xml: &Xml| xml.property("xTagWidth").map(|(k, t)| format!("{k} {t}"));
        assert_eq!(width(&header.xml), Some(format!("Datum {raised}")));
        assert_eq!(
            width(&header.planes[0].xml).as_deref(),
            Some("Datum 500.000000 s")
        );
        assert_eq!(
            width(&header.planes[1].xml),
            Some(format!("Datum {raised}"))
        );
        assert_eq!(width(&header.planes[2].xml), None);
    }
}

#[test]
fn what_is_not_understood_stays_in_packet_headers() {
    let mut s = Builder::new();
    s.tagged(
        "01",
        "<packet group=\"g &amp; h\" odd=\"1\"><properties label=\"p\" Odd:t=\"1\"/>\
         <x type=\"double\" units=\"us2000\" name=\"t\" extra=\"e\"/>\
         <y type=\"float\" units=\"(V/m)^2\" name=\"Ü &lt;1&gt;\" extra=\"f\"><properties q-r.s=\"u\"/></y></packet>",
    );
    let output = run(&words("das2_bin_avgsec -r 60"), &s.take());
    let header = output.headers()[0].1;
    assert_eq!(header.xml.attr("group"), Some("g & h"));
    assert_eq!(header.xml.attr("odd"), Some("1"));
    assert_eq!(header.xml.property("t"), Some(("Odd", "1")));
    assert_eq!(header.planes[0].xml.attr("extra"), Some("e"));
    for plane in &header.planes[1..] {
        assert!(plane.name.starts_with("Ü <1>"));
        assert_eq!(plane.units, "(V/m)^2");
        assert_eq!(plane.xml.attr("extra"), Some("f"));
        assert_eq!(plane.xml.property("q-r.s"), Some(("", "u")));
    }
}

#[test]
fn there_is_no_limit_of_planes_below_the_header_s_length() {
    let planes: String = (0..300)
        .map(|i| format!("<y name=\"p{i}\" type=\"float\" units=\"\"/>"))
        .collect();
    let records = [(0..300).map(f64::from).collect::<Vec<_>>(), vec![1.0; 300]];
    let output = run(
        &words("das2_bin_avgsec -r -s 60"),
        &stream("", &planes, "float", &records),
    );
    let record = only(&output);
    assert_eq!(record.header.planes.len(), 1 + 1200);
    assert_eq!(record.named("p299"), [150.0]);
    assert_eq!(record.named("p299.max"), [299.0]);
}

#[test]
fn a_header_that_grows_beyond_six_digits_is_an_error_of_its_own() {
    let tags: Vec<String> = (0..60_000).map(|i| format!("{i}.5")).collect();
    let scan = format!(
        "<yscan name=\"a\" type=\"float\" nitems=\"60000\" yUnits=\"Hz\" zUnits=\"\" yTags=\"{}\"/>",
        tags.join(",")
    );
    let input = stream("", &scan, "float", &[vec![1.0; 60_000]]);
    let output = run(&words("das2_bin_avgsec 60"), &input);
    assert_eq!(only(&output).named("a").len(), 60_000);
    let (error, output) = fails(&words("das2_bin_avgsec -r -s 60"), &input);
    assert!(error.contains("six digits"), "{error}");
    assert_eq!(output.exceptions().len(), 1);
}

#[test]
fn progress_is_dropped_with_p_and_nothing_else_is() {
    let mut s = Builder::new();
    s.packet(1, &format!("{X}<y type=\"float\" units=\"\"/>"));
    s.comment("taskSize", "100");
    for i in 0..50 {
        s.comment("TaskProgress", &i.to_string());
        s.comment("log:info", "hello");
    }
    let input = s.take();
    let kinds = |line: &str| -> Vec<(String, String)> {
        let output = run(&words(line), &input);
        let pick = |xml: &&Xml, name| xml.attr(name).unwrap().to_lowercase();
        let comments = output.comments();
        comments
            .iter()
            .map(|c| (pick(c, "type"), pick(c, "source")))
            .collect()
    };
    let dropped = kinds("das2_bin_avgsec -p 60");
    assert_eq!(
        dropped,
        vec![("log:info".to_owned(), "reader".to_owned()); 50]
    );
    for name in ["das2_bin_avgsec", "das2_bin_peakavgsec"] {
        let thinned = kinds(&format!("{name} 60"));
        let count = |kind: &str| thinned.iter().filter(|(k, _)| k == kind).count();
        assert_eq!((count("log:info"), count("tasksize")), (50, 1));
        assert!((1..25).contains(&count("taskprogress")), "{thinned:?}");
        let of_progress = thinned.iter().filter(|(k, _)| k.starts_with("task"));
        assert!(
            of_progress.clone().all(|(_, source)| source == name),
            "{thinned:?}"
        );
    }
}

#[test]
fn an_exception_comes_after_the_bins_before_it_and_ends_nothing() {
    let y = x_y("float", "units=\"\"", &[(0.0, 1.0)]);
    let mut s = Builder { bytes: y };
    s.exception("EmptyResponseFromReader", "odd &amp; &quot;quoted&quot;");
    let output = run(&words("das2_bin_avgsec 60"), &s.bytes.clone());
    assert_eq!(output.records().len(), 1);
    assert!(matches!(
        output.items.last(),
        Some(crate::parsed::Item::Exception(_))
    ));
    let exception = output.exceptions()[0];
    assert_eq!(exception.attr("type"), Some("EmptyResponseFromReader"));
    assert_eq!(exception.attr("message"), Some("odd & \"quoted\""));
    // Data after it are still read.
    s.data(1, &[crate::generator::le8(100e6), encode("float", 3.0)]);
    let output = run(&words("das2_bin_avgsec 60"), &s.bytes);
    assert_eq!((output.records().len(), output.exceptions().len()), (2, 1));
}
