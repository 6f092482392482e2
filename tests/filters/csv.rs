//! das2_csv: its table, read by a reader of its own.

use crate::generator::{Builder, encode, le8, time, x_y};
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
