//! What das2_bin_avgsec changes in headers, and what it does not.

use crate::builder::{Builder, encode, x_y};
use crate::parsed::Xml;
use crate::planes::{X, headers_only, only, stream};
use crate::running::{fails, run, words};

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
    s.data(1, &[crate::builder::le8(100e6), encode("float", 3.0)]);
    let output = run(&words("das2_bin_avgsec 60"), &s.bytes);
    assert_eq!((output.records().len(), output.exceptions().len()), (2, 1));
}
