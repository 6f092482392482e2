//! das2_csv: its table, read by a reader of its own.

use crate::builder::{Builder, encode, iso, le8, time, x_y};
use crate::generator::{Kinds, random};
use crate::parsed::{Item, Parsed};
use crate::running::{bytes_of, run_in_pieces, words};

const SECOND: f64 = 1e6;

/// The rows of a table: RFC 4180, read strictly.
fn rows(text: &[u8], delimiter: char) -> Vec<Vec<String>> {
    let text = std::str::from_utf8(text).unwrap();
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let cell = if let Some(quoted) = rest.strip_prefix('"') {
            let mut cell = String::new();
            rest = quoted;
            loop {
                let end = rest.find('"').expect("a cell in quotes ends");
                cell.push_str(&rest[..end]);
                rest = &rest[end + 1..];
                match rest.strip_prefix('"') {
                    Some(more) => rest = more,
                    None => break cell,
                }
                cell.push('"');
            }
        } else {
            let special = |c: char| c == delimiter || "\r\n\"".contains(c);
            let end = rest.find(special).expect("the last row ends");
            let cell = rest[..end].to_owned();
            rest = &rest[end..];
            cell
        };
        row.push(cell);
        if let Some(next) = rest.strip_prefix(delimiter) {
            rest = next;
        } else {
            rest = rest.strip_prefix("\r\n").expect("cells end well");
            rows.push(std::mem::take(&mut row));
        }
    }
    assert!(row.is_empty());
    rows
}

/// The table that a command line makes of a stream.
fn table(line: &str, input: &[u8]) -> Vec<Vec<String>> {
    rows(&bytes_of(&words(line), input), ',')
}

fn text(line: &str, input: &[u8]) -> String {
    String::from_utf8(bytes_of(&words(line), input)).unwrap()
}

#[test]
fn a_table_byte_for_byte() {
    let mut s = Builder::with("double:zFill=\"-1e31\"");
    s.packet(
        1,
        "<x type=\"little_endian_real8\" units=\"us2000\"/>\
         <y type=\"sun_real4\" name=\"a\" units=\"V m**-1\"/>\
         <yscan type=\"little_endian_real8\" name=\"s\" nitems=\"2\" yTags=\"0.50, 1e3\" \
         yUnits=\"Hz\" zUnits=\"V\"/>",
    );
    s.data(
        1,
        &[
            le8(SECOND),
            encode("sun_real4", 0.1),
            le8(1.0 / 3.0),
            le8(-1e31),
        ],
    );
    s.data(
        1,
        &[
            le8(1.5 * SECOND),
            encode("sun_real4", -100.0),
            le8(f64::NAN),
            le8(1e-7),
        ],
    );
    let input = s.take();
    assert_eq!(
        text("das2_csv", &input),
        "time (UTC),a (V m**-1),s @ 0.5 Hz (V),s @ 1000 Hz (V)\r\n\
         2000-01-01T00:00:01.000000,0.1,0.3333333333333333,\r\n\
         2000-01-01T00:00:01.500000,-100,,1e-7\r\n"
    );
    assert_eq!(
        text("das2_csv -H -s 0 -p 4 --fill none -d \\t", &input),
        "2000-01-01T00:00:01\t1.000e-01\t3.333e-01\tnone\r\n\
         2000-01-01T00:00:02\t-1.000e+02\tnone\t1.000e-07\r\n"
    );
    // The old spelling, and the old delimiter.
    assert_eq!(
        text("das2_csv -r 2 -s 3 -d ;", &input).lines().nth(1),
        Some("2000-01-01T00:00:01.000;1.0e-01;3.3e-01;")
    );
}

#[test]
fn an_exception_is_no_row() {
    let input = x_y("float", "name=\"a\" units=\"V\"", &[(1.0, 2.0)]);
    let row = "time (UTC),a (V)\r\n2000-01-01T00:00:01.000000,2\r\n";
    for (kind, headings) in [("NoDataInInterval", true), ("ServerError", false)] {
        let mut s = Builder {
            bytes: input.clone(),
        };
        s.exception(kind, "that is why");
        let ran = run_in_pieces(&["das2_csv"], &s.take(), &[usize::MAX]);
        assert!(ran.error.unwrap().to_string().contains("that is why"));
        assert_eq!(String::from_utf8(ran.bytes).unwrap(), row);
        // Without data there are headings, unless it is a failure.
        let mut s = Builder::new();
        s.packet(1, "<x type=\"double\" units=\"us2000\"/>");
        s.exception(kind, "that is why");
        let ran = run_in_pieces(&["das2_csv"], &s.take(), &[usize::MAX]);
        assert!(ran.error.is_some());
        let expected = if headings { "time (UTC)\r\n" } else { "" };
        assert_eq!(String::from_utf8(ran.bytes).unwrap(), expected);
    }
}

#[test]
fn rows_begin_with_the_packet_id_where_there_are_several() {
    let planes = |name: &str| {
        format!(
            "<x type=\"time24\" units=\"us2000\"/><y type=\"float\" name=\"{name}\" units=\"\"/>"
        )
    };
    let record = |value: f64| [time(24, value * SECOND), encode("float", value)];
    let mut s = Builder::new();
    s.packet(1, &planes("a")).packet(7, &planes("b"));
    s.data(7, &record(1.0)).data(1, &record(2.0));
    assert_eq!(
        text("das2_csv", &s.take()),
        "1,time (UTC),a\r\n7,time (UTC),b\r\n\
         7,2000-01-01T00:00:01.000,1\r\n1,2000-01-01T00:00:02.000,2\r\n"
    );
    // Another type after data, and one that changes.
    let mut s = Builder::new();
    s.packet(1, &planes("a")).data(1, &record(1.0));
    s.packet(1, &planes("a")).data(1, &record(2.0));
    s.packet(1, &planes("c")).data(1, &record(3.0));
    s.packet(2, &planes("b")).data(2, &record(4.0));
    s.data(1, &record(5.0));
    let input = s.take();
    let bare = "2000-01-01T00:00:0";
    let expected = "time (UTC),a\r\n@1.000,1\r\n@2.000,2\r\n\r\ntime (UTC),c\r\n@3.000,3\r\n\
                    \r\n1,time (UTC),c\r\n2,time (UTC),b\r\n2,@4.000,4\r\n1,@5.000,5\r\n";
    assert_eq!(text("das2_csv", &input), expected.replace('@', bare));
    let ids: Vec<String> = table("das2_csv -i -H", &input)
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(ids, ["1", "1", "1", "2", "1"]);
}

#[test]
fn a_type_that_changes_has_its_headings_before_its_own_rows() {
    let planes = |name: &str| {
        format!(
            "<x type=\"time24\" units=\"us2000\"/><y type=\"float\" name=\"{name}\" units=\"\"/>"
        )
    };
    let record = |value: f64| [time(24, value * SECOND), encode("float", value)];
    let mut s = Builder::new();
    s.packet(1, &planes("a")).packet(2, &planes("b"));
    s.data(1, &record(1.0)).data(2, &record(2.0));
    // Changed twice without data between, then as it was, then another for good.
    s.packet(1, &planes("c")).packet(1, &planes("d"));
    s.data(2, &record(3.0)).data(1, &record(4.0));
    s.packet(1, &planes("d")).packet(1, &planes("d"));
    s.data(1, &record(5.0)).packet(2, &planes("e"));
    s.packet(3, &planes("f")).data(1, &record(6.0));
    s.data(3, &record(7.0));
    let expected = "1,time (UTC),a\r\n2,time (UTC),b\r\n1,@1.000,1\r\n2,@2.000,2\r\n\
                    2,@3.000,3\r\n\r\n1,time (UTC),d\r\n1,@4.000,4\r\n1,@5.000,5\r\n\
                    1,@6.000,6\r\n\r\n3,time (UTC),f\r\n3,@7.000,7\r\n";
    assert_eq!(
        text("das2_csv", &s.take()),
        expected.replace('@', "2000-01-01T00:00:0")
    );
}

/// Headers are small, and headings may be large: what is written stays in proportion to
/// what is read.
#[test]
fn headers_do_not_become_a_flood_of_headings() {
    const ITEMS: usize = 1000;
    let scan = |name: &str, items: usize| {
        format!(
            "<x type=\"double\" units=\"us2000\"/>\
             <yscan type=\"ascii1\" name=\"{name}\" nitems=\"{items}\" zUnits=\"\"/>"
        )
    };
    let record = |s: &mut Builder, id: u8, items: usize| {
        s.data(id, &[encode("double", 0.0), vec![b'1'; items]]);
    };
    // Types that change again and again, of which one alone has data.
    let mut s = Builder::new();
    for id in 1..=20 {
        s.packet(id, &scan("a", ITEMS));
    }
    for round in 0..200 {
        for id in 2..=20 {
            s.packet(id, &scan(["b", "c"][round % 2], ITEMS));
        }
        record(&mut s, 1, ITEMS);
    }
    let input = s.take();
    let out = bytes_of(&words("das2_csv"), &input);
    assert!(out.len() < 2 * input.len(), "{} {}", out.len(), input.len());
    // Millions of columns of which there are no data.
    let mut s = Builder::new();
    for id in 1..=99 {
        s.packet(id, &scan("a", 10_000_000));
    }
    let nothing = bytes_of(&words("das2_csv"), &s.take());
    assert!(nothing.is_empty(), "{}", nothing.len());
    // A name that would be written a thousand times.
    let mut s = Builder::new();
    s.packet(1, &scan(&"n".repeat(900_000), ITEMS));
    record(&mut s, 1, ITEMS);
    let table = table("das2_csv", &s.take());
    assert_eq!(table[0][1], "n".repeat(256) + " @ 0");
    assert_eq!(table[0].len(), table[1].len());
}

#[test]
fn odd_names_units_and_labels_stay_in_their_cells() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\" name=\"a,b\"/>\
         <y type=\"float\" name=\"say &quot;x&quot;\" units=\"V;&#10;m\">\
         <properties String:yLabel=\"one,&#10;two &quot;\"/></y>\
         <y type=\"float\" units=\"\"/><y type=\"float\" name=\"\" units=\" \"/>\
         <z type=\"float\" units=\"µ\"/>\
         <xscan type=\"float\" name=\"w\" nitems=\"2\" xUnits=\"ms\" yUnits=\"V\" \
         xOffsetInterval=\"0.1\" xOffsetMin=\"0.2\"/>\
         <yscan type=\"float\" nitems=\"1\" zUnits=\"\"/>",
    );
    let fields: Vec<Vec<u8>> = std::iter::once(le8(0.0).into_iter().rev().collect())
        .chain((0..7).map(|n| encode("float", f64::from(n))))
        .collect();
    s.data(1, &fields);
    let table = table("das2_csv", &s.take());
    assert_eq!(
        table[0],
        [
            "a,b (UTC)",
            "say \"x\" (V;\nm)",
            "y_1",
            "y_2",
            "z (µ)",
            "w @ 0.2 ms (V)",
            "w @ 0.3 ms (V)",
            "yscan @ 0",
        ]
    );
    assert_eq!(table[1].len(), table[0].len());
    assert_eq!(table[1][7], "6");
}

/// As many as a header has room for: names must not cost more for each than for the last.
#[test]
fn thousands_of_planes_without_a_name() {
    const PLANES: usize = 30_000;
    let plane = "<y type=\"float\" units=\"\"/>";
    let mut s = Builder::new();
    s.packet(
        1,
        &("<x type=\"double\" units=\"us2000\"/>".to_owned() + &plane.repeat(PLANES)),
    );
    let values = (0..PLANES).map(|n| encode("float", n as f64));
    let x = encode("double", 0.0);
    s.data(1, &std::iter::once(x).chain(values).collect::<Vec<_>>());
    let table = table("das2_csv", &s.take());
    assert_eq!(table.len(), 2);
    assert_eq!(table[0].len(), PLANES + 1);
    for (number, (name, value)) in table[0].iter().zip(&table[1]).enumerate().skip(1) {
        assert_eq!(*name, format!("y_{number}"));
        assert_eq!(*value, (number - 1).to_string());
    }
}

#[test]
fn every_kind_of_value() {
    let cell = |kind: &str, raw: Vec<u8>| {
        let mut s = Builder::new();
        s.packet(
            1,
            &format!("<x type=\"{kind}\" units=\"\"/><y type=\"{kind}\" units=\"\"/>"),
        );
        s.data(1, &[raw.clone(), raw]);
        let row = table("das2_csv", &s.take()).swap_remove(1);
        (row[0].clone(), row[1].clone())
    };
    let both = |text: &str| (text.to_owned(), text.to_owned());
    let text = |width: usize, text: &str| {
        (
            format!("ascii{width}"),
            format!("{text:>width$}").into_bytes(),
        )
    };
    for (written, cells) in [
        ("  1.50 ", "1.50"),
        ("+7,", "+7"),
        ("1.5D+03 ", "1.5e+03"),
        ("-inf \n", "-inf"),
        (" nan ", ""),
        (" n/a ", ""),
        ("", ""),
    ] {
        let (kind, raw) = text(12, written);
        assert_eq!(cell(&kind, raw), both(cells), "{written:?}");
    }
    assert_eq!(cell("float", encode("float", f64::INFINITY)), both("inf"));
    assert_eq!(cell("float", encode("float", f64::NAN)), both(""));
    // x has no fill.
    let fill = cell("float", encode("float", -1e31));
    assert_eq!(fill, ("-1e+31".to_owned(), String::new()));
    let largest = u64::MAX.to_be_bytes().to_vec();
    assert_eq!(
        cell("big_endian_uint8", largest),
        both("18446744073709551615")
    );
    let least = i64::MIN.to_le_bytes().to_vec();
    assert_eq!(
        cell("little_endian_int8", least),
        both("-9223372036854775808")
    );
    for (width, written, cells) in [
        (24, "2013-001T01:00:00.123", "2013-01-01T01:00:00.123"),
        (
            28,
            "2013-01-01T01:00:00.123456Z",
            "2013-01-01T01:00:00.123456",
        ),
        (31, "2016-12-31T23:59:60.5", "2016-12-31T23:59:60.500"),
    ] {
        let raw = format!("{written:<width$}").into_bytes();
        assert_eq!(cell(&format!("time{width}"), raw), both(cells));
    }
    let none = cell("time24", time(24, f64::from(-730_119) * 86_400e6));
    assert_eq!(none, ("0001-01-01T00:00:00.000".to_owned(), String::new()));
    let mut s = Builder::new();
    s.packet(1, "<x type=\"time24\" units=\"us2000\"/>");
    s.data(1, &[time(24, 0.0)])
        .data(1, &[b"not a time at all       ".to_vec()]);
    let ran = run_in_pieces(&["das2_csv"], &s.take(), &[usize::MAX]);
    let error = ran.error.unwrap().to_string();
    assert!(
        error.contains("packet 01") && error.contains("not a time"),
        "{error}"
    );
    assert_eq!(ran.bytes.iter().filter(|byte| **byte == b'\n').count(), 2);
}

#[test]
fn a_base_is_what_x_counts_from() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"ms\" base=\"2001-02-03T04:05\"/>",
    );
    s.data(1, &[1500f64.to_be_bytes().to_vec()]);
    let rows = table("das2_csv -s 1", &s.take());
    assert_eq!(rows, [["time (UTC)"], ["2001-02-03T04:05:01.5"]]);
}

/// Every cell of a table of a random stream is the value that it was made of.
#[test]
fn tables_read_back_to_the_same_values() {
    let mut compared = 0;
    for seed in 3000..3120 {
        let input = random(seed, 50, Kinds::ALL);
        let table = table("das2_csv -i -H --fill FILL", &input);
        let before = Parsed::new(&input);
        let records = before.items.iter().filter_map(|item| match item {
            Item::Record(record) => Some(record),
            _ => None,
        });
        let mut rows = table.iter();
        for record in records {
            let row = rows.next().unwrap();
            assert_eq!(row[0], record.id.to_string());
            let planes = &record.header.planes;
            let x = record.header.x();
            let order = std::iter::once(x).chain((0..planes.len()).filter(|p| *p != x));
            let mut cells = row[1..].iter();
            for plane in order {
                for (item, value) in record.values[plane].iter().enumerate() {
                    let cell = cells.next().unwrap();
                    if cell == "FILL" {
                        let fill = crate::oracle::fill_of(&record.header, &before.stream, plane);
                        let is_fill = value.is_nan()
                            || *value == fill
                            || ((fill - value) / fill).abs() < 1e-5;
                        assert!(
                            is_fill && plane != x,
                            "seed {seed}: {value} is no fill {fill}"
                        );
                        continue;
                    }
                    if cell.contains('T') {
                        let (us, slack) = match plane == x {
                            true => crate::oracle::time_of(record).unwrap(),
                            false => (*value, 0.5),
                        };
                        let near = [us - slack - 0.5, us, us + slack + 0.5].map(iso);
                        let is_near = near[0][..cell.len()] <= cell[..] && cell[..] <= near[2][..];
                        assert!(is_near, "seed {seed}: {cell} of {near:?}");
                        continue;
                    }
                    let real4 = planes[plane].encoding.ends_with("real4")
                        || planes[plane].encoding == "float";
                    let back: f64 = match real4 {
                        true => f64::from(cell.parse::<f32>().unwrap()),
                        false => cell.parse().unwrap(),
                    };
                    assert_eq!(
                        back, *value,
                        "seed {seed}, plane {plane}, item {item}: {cell}"
                    );
                    compared += 1;
                }
            }
            assert!(cells.next().is_none());
        }
        assert!(rows.next().is_none());
    }
    assert!(compared > 10_000, "{compared}");
}
