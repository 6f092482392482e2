//! Values: fill, what is no number, times.

use crate::builder::{Builder, encode, time, x_y};

use super::info::check_info;
use super::{ended, info, lines};

/// Rows longer than what is made at a time, with everything that has no digits.
#[test]
fn fill_and_what_is_no_number_among_many() {
    for (fill, told) in [("-1e31", "-1e31"), ("NaN", "-1e31"), ("0", "0"), ("7", "7")] {
        for kind in ["float", "little_endian_real4", "double"] {
            let mut s = Builder::new();
            s.packet(
                1,
                &format!(
                    "<x type=\"double\" units=\"us2000\"/><yscan name=\"a\" type=\"{kind}\" nitems=\"37\" yUnits=\"Hz\" zUnits=\"\"><properties zFill=\"{fill}\"/></yscan>"
                ),
            );
            let usual = |item: u32| f64::from(item) * 0.25 - 1.5;
            let value = |item: u32| match item {
                3 => f64::NAN,
                9 => f64::INFINITY,
                20 => f64::NEG_INFINITY,
                30 => -1e31,
                _ => usual(item),
            };
            let values: Vec<Vec<u8>> = (0..37).map(|item| encode(kind, value(item))).collect();
            s.data(1, &[encode("double", 0.0), values.concat()]);
            let row = lines("das2_hapi", &s.take()).remove(0);
            let cells: Vec<&str> = row.split(',').skip(1).collect();
            assert_eq!(cells.len(), 37);
            for (item, cell) in (0..37).zip(cells) {
                let value = value(item);
                let is_fill = !value.is_finite()
                    || fill.parse() == Ok(value)
                    || value == -1e31 && fill == "-1e31";
                let wanted = if is_fill {
                    told.to_owned()
                } else {
                    value.to_string()
                };
                let wanted = if value == -1e31 && !is_fill {
                    "-1e31".to_owned()
                } else {
                    wanted
                };
                let read: f64 = cell.parse().unwrap();
                assert_eq!(
                    read as f32,
                    wanted.parse::<f64>().unwrap() as f32,
                    "{fill} {kind} {item}"
                );
            }
        }
    }
}

#[test]
fn times_of_every_kind() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"time24\" units=\"us2000\"/><y name=\"t\" type=\"time27\" units=\"\"/>\
         <yscan name=\"m\" type=\"double\" nitems=\"2\" yUnits=\"\" zUnits=\"mj1958\"/>",
    );
    for (x, y, m) in [
        ("1969-12-31T23:59:59.999", "2016-12-31T23:59:60.5", 0.0),
        (
            "2016-12-31T23:59:60.500",
            "0001-01-01T00:00:00.000000",
            f64::NAN,
        ),
        ("1979-060T12:26:11.956", "", 15_340.5),
    ] {
        s.data(
            1,
            &[
                format!("{x:<24}").into_bytes(),
                format!("{y:<27}").into_bytes(),
                encode("double", m),
                encode("double", -1e31),
            ],
        );
    }
    let fill = "0001-01-01T00:00:00.000000Z";
    assert_eq!(
        lines("das2_hapi", &s.bytes),
        [
            format!(
                "1969-12-31T23:59:59.999Z,2016-12-31T23:59:60.500000Z,1958-01-01T00:00:00.000000Z,{fill}"
            ),
            format!("2016-12-31T23:59:60.500Z,{fill},{fill},{fill}"),
            format!("1979-03-01T12:26:11.956Z,{fill},2000-01-01T12:00:00.000000Z,{fill}"),
        ]
    );
    let info = info("das2_hapi -b 1900-01-01 -e 2100-01-01", &s.bytes);
    check_info(&info);
    // Text that is no time stops, at its place, before its record is begun.
    let place = s.bytes.len();
    s.data(
        1,
        &[
            time(24, 0.0),
            format!("{:<27}", "never").into_bytes(),
            encode("double", 0.0),
            encode("double", 0.0),
        ],
    );
    let (code, out, said) = ended("das2_hapi", &s.bytes);
    assert_eq!((code, out.lines().count()), (Some(1), 3));
    assert!(
        said.contains(&format!("byte {place}, packet 01")) && said.contains("never"),
        "{said}"
    );
    // A packet without a time has no place in HAPI.
    let data = [(0.0, 1.0), (f64::NAN, 2.0), (-1e25, 3.0), (1.0, 4.0)];
    let (code, out, said) = ended("das2_hapi", &x_y("float", "units=\"\"", &data));
    assert_eq!((code, out.lines().count()), (Some(0), 2));
    assert!(said.contains("2 packets without a time"), "{said}");
}
