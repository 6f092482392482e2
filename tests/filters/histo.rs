//! das2_histo: how often each value occurs.

use std::collections::BTreeMap;

use crate::builder::{Builder, encode, le8, x_y};
use crate::parsed::Parsed;
use crate::rng::Rng;
use crate::running::{fails, run, words};

fn pairs(out: &Parsed, id: u8) -> Vec<(f64, f64)> {
    let of = |r: &&crate::parsed::Record| (r.values[0][0], r.values[1][0]);
    out.records_of(id).iter().map(of).collect()
}

/// One y a packet.
fn counted(line: &str, values: &[f64]) -> Vec<(f64, f64)> {
    let pairs_in: Vec<_> = values.iter().map(|&v| (0.0, v)).collect();
    let input = x_y("double", "name=\"v\" units=\"V\"", &pairs_in);
    pairs(&run(&words(line), &input), 1)
}

#[test]
fn values_in_order_zero_counted_fill_and_nan_not() {
    let values = [
        3.0,
        0.0,
        -1e31,
        3.0,
        f64::NAN,
        -2.5,
        -0.0,
        3.0,
        f64::INFINITY,
    ];
    assert_eq!(
        counted("das2_histo", &values),
        [(-2.5, 1.0), (0.0, 2.0), (3.0, 3.0), (f64::INFINITY, 1.0)]
    );
    let values = [1.0, 2.0, 2.0, 4.0];
    assert_eq!(
        counted("das2_histo -b", &values),
        [(1.0, 0.25), (2.0, 0.75), (4.0, 1.0)]
    );
    assert_eq!(
        counted("das2_histo -a", &values),
        [(1.0, 1.0), (2.0, 0.75), (4.0, 0.25)]
    );
    for (short, long) in [("-b", "--frac-below"), ("-a", "--frac-above")] {
        let of = |option: &str| counted(&format!("das2_histo {option}"), &values);
        assert_eq!(of(short), of(long));
    }
    // The last one counts.
    assert_eq!(
        counted("das2_histo -b --frac-above", &values),
        counted("das2_histo -a", &values)
    );
    assert!(counted("das2_histo", &[]).is_empty());
}

#[test]
fn each_plane_and_each_item_has_its_own_counts() {
    let mut s = Builder::with(
        "String:title=\"T\" String:zLabel=\"Raw\" String:summary=\"S\" Odd:gone=\"1\"",
    );
    s.packet(
        7,
        "<x type=\"little_endian_real8\" units=\"us2000\"></x>\
         <y name=\"a\" type=\"little_endian_int2\" units=\"counts\"></y>\
         <yscan name=\"b\" type=\"float\" nitems=\"2\" yTags=\"10,20\" yUnits=\"Hz\" zUnits=\"V\">\
         <properties double:zFill=\"0\"/></yscan>",
    );
    for (a, b) in [(1.0, [5.0, 6.0]), (1.0, [6.0, 0.0]), (2.0, [5.0, 6.0])] {
        let b = b.iter().flat_map(|&v| encode("float", v)).collect();
        s.data(7, &[le8(0.0), encode("little_endian_int2", a), b]);
    }
    let out = run(&words("das2_histo"), &s.take());
    assert_eq!(pairs(&out, 1), [(1.0, 2.0), (2.0, 1.0)]);
    let scan = out.records_of(2);
    assert_eq!(scan[0].values, [vec![5.0], vec![2.0, 0.0]]);
    assert_eq!(scan[1].values, [vec![6.0], vec![1.0, 2.0]]);
    assert_eq!(scan.len(), 2);
    let of_y = out.headers()[0].1;
    assert_eq!(of_y.names()[1], "a_hist");
    assert_eq!(of_y.planes[0].units, "counts");
    assert_eq!(of_y.planes[1].xml.typed("String", "yLabel"), "Value Count");
    // Values in eight bytes, counts in four.
    assert_eq!([of_y.planes[0].width(), of_y.planes[1].width()], [8, 4]);
    let header = out.headers()[1].1;
    let (x, plane) = (&header.planes[0], &header.planes[1]);
    assert_eq!((x.units.as_str(), plane.units.as_str()), ("V", ""));
    assert_eq!(x.xml.typed("String", "xLabel"), "Raw");
    assert_eq!((plane.name.as_str(), plane.items), ("b_hist", 2));
    assert_eq!(plane.xml.attr("yTags"), Some("10,20"));
    assert_eq!(plane.xml.typed("String", "zLabel"), "Value Count");
    assert_eq!(out.stream.typed("String", "title"), "T - Histogram");
    assert_eq!(out.stream.typed("String", "summary"), "S");
    assert_eq!(out.stream.typed("double", "yFill"), "0.0");
    assert!(out.stream.property("gone").is_none());
}

#[test]
fn counts_are_those_of_a_count_by_hand() {
    let rng = &mut Rng(3);
    let values: Vec<f64> = (0..5000).map(|_| rng.below(200) as f64 * 0.25).collect();
    let mut by_hand = BTreeMap::new();
    for value in &values {
        *by_hand.entry((value * 4.0) as i64).or_insert(0.0) += 1.0;
    }
    let by_hand: Vec<(f64, f64)> = by_hand.iter().map(|(k, n)| (*k as f64 / 4.0, *n)).collect();
    assert_eq!(counted("das2_histo", &values), by_hand);
}

#[test]
fn what_would_not_fit_is_an_error() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"></x>\
         <yscan name=\"b\" type=\"ascii7\" nitems=\"3000\" yUnits=\"Hz\" zUnits=\"V\"></yscan>",
    );
    let mut number = 0;
    for _ in 0..2 {
        let mut fields = Vec::new();
        for _ in 0..3000 {
            number += 1;
            fields.extend(format!("{number:6} ").into_bytes());
        }
        s.data(1, &[le8(0.0), fields]);
    }
    let (error, out) = fails(&words("das2_histo"), &s.take());
    assert!(error.contains("different values"), "{error}");
    assert!(out.records().is_empty());
    let mut s = Builder::new();
    let y = "<y type=\"ascii2\" units=\"\"></y>".repeat(100);
    s.packet(1, &y);
    let (error, _) = fails(&words("das2_histo"), &s.take());
    assert!(error.contains("packet IDs"), "{error}");
}

#[test]
fn fill_of_text_times_is_not_counted_and_a_das23_stream_stays_one() {
    let mut input = b"[00]000031<stream version=\"2.3\"></stream>".to_vec();
    let packet = b"<packet><x type=\"ascii6\" units=\"m\"/><y name=\"t\" type=\"time20\" units=\"UTC\"/>\
        <yscan name=\"e\" type=\"ascii6\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"V\" yOffsets=\"1,2\"/></packet>";
    input.extend(format!("[01]{:06}", packet.len()).bytes());
    input.extend(packet);
    for time in ["0001-01-01T00:00:00", "2000-01-01T00:00:01"] {
        input.extend(format!(":01:{:5} {time} {:5} {:5}\n", 1, 2, 3).bytes());
    }
    let out = run(&words("das2_histo"), &input);
    assert_eq!(pairs(&out, 1), [(1e6, 1.0)]);
    assert_eq!(out.stream.attr("version"), Some("2.3"));
}
