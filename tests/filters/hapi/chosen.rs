//! What of a stream is wanted: parameters, a packet type, a range.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::builder::{Builder, encode, x_y};
use crate::processes::command;
use crate::running::words;

use super::{ended, info, lines, sample, text};

#[test]
fn parameters_by_exact_names() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x name=\"epoch\" type=\"double\" units=\"us2000\"/><y name=\"ba\" type=\"float\" units=\"\"/>\
         <y name=\"a\" type=\"float\" units=\"\"/><yscan type=\"float\" nitems=\"1\" yUnits=\"\" zUnits=\"\"/>\
         <yscan name=\"A\" type=\"float\" nitems=\"1\" yUnits=\"\" zUnits=\"\"/><y type=\"float\" units=\"\"/>\
         <z name=\"1 x\" type=\"float\" units=\"\"/><xscan type=\"float\" nitems=\"1\" xUnits=\"s\" yUnits=\"\"/>",
    );
    let values: Vec<Vec<u8>> = (1..8).map(|i| encode("float", f64::from(i))).collect();
    s.data(1, &[vec![encode("double", 0.0)], values].concat());
    let input = s.take();
    let values = |names: &str| -> Vec<String> {
        let rows = lines(&format!("das2_hapi {names}"), &input);
        rows[0].split(',').skip(1).map(str::to_owned).collect()
    };
    assert_eq!(values(""), ["1", "2", "3", "4", "5", "6", "7"]);
    let names: Vec<Value> = info("das2_hapi -b 2000-01-01 -e 2001-01-01", &input)["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].clone())
        .collect();
    assert_eq!(
        names,
        [
            "epoch", "ba", "a", "YSCAN_1", "A_2", "Y_3", "_1_x", "XSCAN_1"
        ]
    );
    // Where das2C finds `a` in `ba,`, and A is not a.
    assert_eq!(values("ba"), ["1"]);
    assert_eq!(values("a"), ["2"]);
    assert_eq!(values("A"), ["4"]);
    // In the order of the stream, x always; several words and commas.
    assert_eq!(values("Y_3,ba"), ["1", "5"]);
    assert_eq!(values("A_2 YSCAN_1,epoch"), ["3", "4"]);
    assert_eq!(values("epoch"), [""; 0]);
    // Short forms of planes that have names.
    assert_eq!(values("Y_2"), ["2"]);
    assert_eq!(values("YSCAN_2"), ["4"]);
    assert_eq!(values("Z_1,XSCAN_1"), ["6", "7"]);
    let with_blank = text(&["das2_hapi", "1 x"], &input);
    assert_eq!(with_blank, "2000-01-01T00:00:00.000000Z,6\n");
    for unknown in ["b", "Y_4", "Y_0", "a,,ba", "a,", "time"] {
        let (code, out, said) = ended(&format!("das2_hapi {unknown}"), &input);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{unknown}");
        assert!(
            said.contains("no parameter") && said.contains("YSCAN_1"),
            "{said}"
        );
    }
}

#[test]
fn one_packet_type_and_a_warning_for_each_other() {
    let mut s = Builder::new();
    for id in [7, 3, 12] {
        s.packet(
            id,
            &format!(
                "<x type=\"double\" units=\"us2000\"/><y name=\"p{id}\" type=\"float\" units=\"\"/>"
            ),
        );
    }
    for i in 0..9 {
        let id = [7, 3, 12][i % 3];
        s.data(
            id,
            &[
                encode("double", i as f64 * 1e6),
                encode("float", f64::from(id)),
            ],
        );
    }
    let input = s.take();
    let (code, out, said) = ended("das2_hapi", &input);
    assert_eq!((code, out.lines().count()), (Some(0), 3));
    assert!(out.lines().all(|row| row.ends_with(",7")), "{out}");
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(
        said.contains("warning: packets of ID 03") && said.contains("ID 12"),
        "{said}"
    );
    let (code, out, _) = ended("das2_hapi -p 12", &input);
    assert!(
        code == Some(0) && out.lines().all(|row| row.ends_with(",12")),
        "{out}"
    );
    let (code, out, said) = ended("das2_hapi -i -p 5", &input);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("no packets of ID 05"), "{said}");
    for wrong in ["-p 0", "-p 100", "-p x", "-f xml", "-b never", "-q"] {
        assert_eq!(
            ended(&format!("das2_hapi {wrong}"), &input).0,
            Some(2),
            "{wrong}"
        );
    }
}

/// Whether a record is in the range is decided on its time as it is written.
#[test]
fn ranges_that_are_joined_hold_each_record_once() {
    let times = [0.0, 0.4e-0, 0.6, 1e6 - 0.6, 1e6 - 0.4, 1e6, 3e6, 2e6, 5e6];
    let data: Vec<(f64, f64)> = times.iter().map(|us| (us * 1e-6, *us)).collect();
    let input = x_y("double", "name=\"a\" units=\"\"", &data);
    let all = lines("das2_hapi", &input);
    assert_eq!(all.len(), times.len());
    let range = |begin: &str, end: &str| lines(&format!("das2_hapi -b {begin} -e {end}"), &input);
    let first = range("2000-01-01", "2000-01-01T00:00:01");
    let second = range("2000-01-01T00:00:01", "2000-01-01T00:00:03");
    // Nothing ends with the first time that lies behind the range.
    assert_eq!((first.len(), second.len()), (4, 3));
    assert!(
        second[0].starts_with("2000-01-01T00:00:01.000000Z,999999.6"),
        "{second:?}"
    );
    assert!(second[2].starts_with("2000-01-01T00:00:02.000000Z"));
    assert_eq!(range("2000-01-01T00:00:03", "2001-01-01").len(), 2);
    // No record at all: so says the info object.
    let none = text(
        &words("das2_hapi -f json -b 2001-01-01 -e 2002-01-01"),
        &input,
    );
    let none: Value = serde_json::from_str(&none).unwrap();
    assert_eq!(
        (&none["status"]["code"], &none["data"]),
        (&1201.into(), &serde_json::json!([]))
    );
    let (code, out, _) = ended("das2_hapi -i -b 2001-01-01 -e 2002-01-01", &input);
    assert!(code == Some(0) && out.contains("\"code\":1201") && out.ends_with("# }\n"));
    assert_eq!(
        ended("das2_hapi -b 2001-01-01", &input),
        (Some(0), String::new(), String::new())
    );
}

#[test]
fn no_data_wanted_ends_at_once_and_well() {
    let (code, out, _) = ended("das2_hapi -n", &sample());
    assert_eq!((code, out.as_str()), (Some(0), ""));
    // It does not wait for a reader that goes on.
    let mut child = command("das2_hapi -i -n -b 2000-01-01 -e 2001-01-01")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&sample()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice::<Value>(&output.stdout).unwrap();
}
