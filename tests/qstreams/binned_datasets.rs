//! What qds_bin_avgsec makes of datasets of each kind, of descriptors and of times.

use crate::average::{CLOCKS, data, records};
use crate::make::{Maker, Set};
use crate::programs::run;
use crate::read::read;

#[test]
fn what_has_no_mean_keeps_its_first() {
    let mut maker = Maker::new(true);
    let sets = [
        Set::times("us2000", "double"),
        Set::data("label", "int4", None).with("UNITS", "enumerationUnit", "e"),
        Set {
            units: "named",
            ..Set::data("other", "int4", None)
        },
        Set {
            more: Vec::new(),
            ..Set::data("alone", "float", None)
        },
        Set {
            rank: 3,
            ..Set::data("cube", "float", Some(2))
        },
        Set::data("range", "float", Some(2)).with("BINS_1", "String", "min,max"),
        Set::data("v", "double", None),
    ];
    let sets: Vec<Set> = sets
        .into_iter()
        .map(|set| match set.id {
            // Its units are those of the property that was added.
            "label" => Set { units: "", ..set },
            _ => set,
        })
        .collect();
    maker.extra("<enumerationUnit name=\"named\" value=\"1\" label=\"one\"/>");
    maker.describe(1, &sets);
    for i in 0..6 {
        let x = f64::from(i);
        maker.record(1, &[&[x * 1e6], &[x], &[x], &[x], &[x, x], &[-x, x], &[x]]);
    }
    let stream = read(&run("qds_bin_avgsec 3", &maker.bytes));
    let records = stream.records(1);
    for (record, x) in records.iter().zip([0.0, 3.0]) {
        assert_eq!(record[1..4], [vec![x], vec![x], vec![x]]);
        assert_eq!(record[4], [x, x]);
        assert_eq!(record[5], [-x - 2.0, x + 2.0]);
        assert_eq!(record[6], [x + 1.0]);
    }
}

#[test]
fn members_of_a_bundle_run_along_its_times() {
    for bundle in [
        "<qdataset id=\"b\" rank=\"2\"><properties/><values bundle=\"t,v\"/></qdataset>",
        "<qdataset id=\"b\" rank=\"2\"><properties><property name=\"DEPEND_0\" type=\"qdataset\" \
         value=\"t\"/></properties><bundle id=\"v\"/></qdataset>",
    ] {
        let mut maker = Maker::new(true);
        let plain = Set {
            more: Vec::new(),
            ..Set::data("v", "double", None)
        };
        // As Autoplot writes them: one value is a length of 1.
        let one = |set: Set| Set {
            length: Some(1),
            ..set
        };
        maker.describe(1, &[one(Set::times("us2000", "double")), one(plain)]);
        maker.raw(2, bundle);
        for i in 0..6 {
            maker.record(1, &[&[f64::from(i) * 1e6], &[f64::from(i)]]);
        }
        let stream = read(&run("qds_bin_avgsec 3", &maker.bytes));
        let values: Vec<f64> = stream.records(1).iter().map(|r| r[1][0]).collect();
        assert_eq!(values, [1.0, 4.0]);
        assert_eq!(stream.descriptors(2).len(), 1);
    }
}

#[test]
fn a_descriptor_keeps_all_but_cadence_and_resolution() {
    let mut maker = Maker::new(false);
    let times = Set::times("us2000", "double")
        .with("CADENCE", "rank0dataset", "1.0E6 units:UNITS=microseconds")
        .with(
            "CACHE_TAG",
            "cacheTag",
            "2000-01-01 to 2000-01-02 @ intrinsic",
        )
        .with("MONOTONIC", "Boolean", "true");
    let v = Set::data("v", "float", None).with("TITLE", "String", "a &lt; b");
    maker.describe(1, &[times, v]);
    maker.raw(
        2,
        "<qdataset id=\"f\" rank=\"1\"><values values=\"1,2\" length=\"2\"/></qdataset>",
    );
    maker.record(1, &[&[0.0], &[1.0]]);
    let before = read(&maker.bytes);
    let after = read(&run("qds_bin_avgsec 60", &maker.bytes));
    let times = &after.descriptors(1)[0][0];
    assert_eq!(
        times.property("CADENCE"),
        Some("60000000.0 units:UNITS=microseconds")
    );
    assert_eq!(
        times.property("CACHE_TAG"),
        Some("2000-01-01 to 2000-01-02 @ 60s")
    );
    assert_eq!(times.property("MONOTONIC"), Some("true"));
    assert_eq!(
        after.descriptors(1)[0][1].xml,
        before.descriptors(1)[0][1].xml
    );
    assert_eq!(
        after.descriptors(2)[0][0].xml,
        before.descriptors(2)[0][0].xml
    );
    // Neither is added.
    let (plain, _) = records(CLOCKS[0], &data(), false);
    let text = String::from_utf8_lossy(&run("qds_bin_avgsec 60", &plain.bytes)).into_owned();
    assert!(!text.contains("CADENCE") && !text.contains("CACHE_TAG"));
}

#[test]
fn times_get_the_digits_that_the_centres_need() {
    for (encoding, bin, wider) in [
        ("time24", "1", "time24"),
        ("time20", "2", "time20"),
        ("time20", "1", "time24"),
        ("time24", "0.0005", "time27"),
        ("time17", "60", "time24"),
    ] {
        let mut maker = Maker::new(false);
        maker.describe(
            1,
            &[
                Set::times("us2000", encoding),
                Set::data("v", "ascii10", None),
            ],
        );
        maker.record(1, &[&[0.0], &[1.0]]);
        let out = run(&format!("qds_bin_avgsec {bin}"), &maker.bytes);
        let stream = read(&out);
        assert_eq!(
            stream.descriptors(1)[0][0].encoding,
            wider,
            "{encoding} {bin}"
        );
        let half: f64 = bin.parse::<f64>().unwrap() / 2.0;
        assert_eq!(stream.records(1)[0][0][0], half * 1e6);
        assert!(out.ends_with(b"\n"));
    }
    // Integers that cannot say a centre, and reals that are too short.
    for (units, encoding, wider) in [("t1970", "int4", "double"), ("t2000", "float", "double")] {
        let mut maker = Maker::new(false);
        maker.describe(
            1,
            &[Set::times(units, encoding), Set::data("v", "float", None)],
        );
        maker.record(1, &[&[0.0], &[1.0]]);
        let stream = read(&run("qds_bin_avgsec 1", &maker.bytes));
        assert_eq!(stream.descriptors(1)[0][0].encoding, wider);
        assert_eq!(stream.records(1)[0][0], [0.5]);
    }
}

#[test]
fn fill_and_stars_are_no_times() {
    let mut maker = Maker::new(false);
    let sets = [
        Set::times("us2000", "double"),
        Set::data("v", "float", None),
    ];
    maker.describe(1, &sets);
    for time in [0.0, -1e31, f64::NAN, 1e6] {
        maker.record(1, &[&[time], &[2.0]]);
    }
    maker.bytes.extend(crate::make::tagged(
        "02",
        "<packet><qdataset id=\"u\" rank=\"1\"><properties><property name=\"UNITS\" type=\"units\" \
         value=\"us2000\"/></properties><values encoding=\"time20\" length=\"\"/></qdataset></packet>",
    ));
    maker
        .bytes
        .extend(b":02:****               \n:02:2000-01-01T00:00:01\n");
    let stream = read(&run("qds_bin_avgsec 60", &maker.bytes));
    assert_eq!(stream.records(1).len(), 1);
    assert_eq!(stream.records(2).len(), 1);
}

#[test]
fn going_back_in_time_ends_a_bin_and_repeats_do_not() {
    let mut maker = Maker::new(false);
    let sets = [
        Set::times("us2000", "double"),
        Set::data("v", "double", None),
    ];
    maker.describe(1, &sets);
    for second in [0.0, 1.0] {
        maker.record(1, &[&[second * 1e6], &[second]]);
    }
    // A joined stream: the same descriptor again, in the middle of a bin.
    maker.describe(1, &sets);
    for second in [2.0, 11.0, 3.0] {
        maker.record(1, &[&[second * 1e6], &[second]]);
    }
    let stream = read(&run("qds_bin_avgsec 10", &maker.bytes));
    let means: Vec<f64> = stream.records(1).iter().map(|r| r[1][0]).collect();
    assert_eq!(means, [1.0, 11.0, 3.0]);
    assert_eq!(stream.descriptors(1).len(), 1);
    // Slices of a join are not mixed.
    let mut maker = Maker::new(false);
    let joined = [
        Set {
            rank: 2,
            ..Set::times("us2000", "double")
        },
        Set {
            rank: 2,
            ..Set::data("v", "double", None)
        },
    ];
    for slice in 0..2 {
        maker.describe(1, &joined);
        maker.record(1, &[&[1e6], &[f64::from(slice)]]);
        maker.record(1, &[&[2e6], &[f64::from(slice)]]);
    }
    let stream = read(&run("qds_bin_avgsec 10", &maker.bytes));
    let means: Vec<f64> = stream.records(1).iter().map(|r| r[1][0]).collect();
    assert_eq!((means, stream.descriptors(1).len()), (vec![0.0, 1.0], 2));
}

#[test]
fn packets_without_times_pass_and_bins_end_by_id() {
    let mut maker = Maker::new(false);
    let whole = Set {
        rank: 1,
        more: Vec::new(),
        ..Set::data("f", "float", Some(3))
    };
    maker.describe(7, &[whole]);
    maker.record(7, &[&[1.0, 2.0, 3.0]]);
    let sets = [
        Set::times("us2000", "double"),
        Set::data("v", "double", None),
    ];
    maker.describe(5, &sets);
    maker.describe(2, &sets);
    maker.record(5, &[&[1e6], &[5.0]]);
    maker.record(2, &[&[1e6], &[2.0]]);
    let stream = read(&run("qds_bin_avgsec 10", &maker.bytes));
    assert_eq!(stream.records(7), [&vec![vec![1.0, 2.0, 3.0]]]);
    let ids: Vec<u8> = stream
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            crate::read::Piece::Record(id, _) => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(ids, [7, 2, 5]);
    // Nothing but headers is a stream as well.
    let mut maker = Maker::new(false);
    maker.describe(1, &sets);
    assert_eq!(
        read(&run("qds_bin_avgsec 10", &maker.bytes))
            .descriptors(1)
            .len(),
        1
    );
}
