//! Streams that say less or more than rows, how the program ends, and when rows go out.

use serde_json::Value;

use crate::builder::{Builder, encode, x_y};
use crate::processes::{Running, command, fed};
use crate::programs::ok;

use super::{ended, lines, sample};

#[test]
fn without_a_packet_header() {
    let input = Builder::new().take();
    let (code, out, _) = ended("das2_hapi -i -n", &input);
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &object["status"]["code"]), (Some(0), &1501.into()));
    let (code, out, _) = ended("das2_hapi -i", &input);
    assert!(
        code == Some(0) && out.starts_with("# {") && out.lines().count() == 1,
        "{out}"
    );
    assert_eq!(
        ended("das2_hapi", &input),
        (Some(0), String::new(), String::new())
    );
}

#[test]
fn exceptions_in_the_input() {
    let mut s = Builder { bytes: sample() };
    let input = s.exception("ServerError", "disk full").take();
    for (line, rows) in [("das2_hapi", 4), ("das2_hapi -f json", 4 + 12)] {
        let (code, out, said) = ended(line, &input);
        assert_eq!(
            (code, out.lines().count()),
            (Some(3), rows),
            "{line}: {out}"
        );
        assert!(said.contains("disk full"), "{said}");
    }
    // Nobody takes a JSON that is not whole for one that is.
    let (_, out, _) = ended("das2_hapi -f json", &input);
    assert!(serde_json::from_str::<Value>(&out).is_err());
    // Before any record: nothing.
    let mut s = Builder::new();
    let input = s.exception("IllegalArgument", "no such parameter").take();
    for line in ["das2_hapi -i", "das2_hapi -f json", "das2_hapi -i -n"] {
        let (code, out, said) = ended(line, &input);
        assert_eq!((code, out.as_str()), (Some(3), ""), "{line}");
        assert!(said.contains("no such parameter"));
    }
    // No data is an answer.
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y type=\"float\" units=\"\"/>",
    );
    let input = s.exception("NoDataInInterval", "none").take();
    let (code, out, said) = ended("das2_hapi -f json -b 2000-01-01 -e 2001-01-01", &input);
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &object["status"]["code"]), (Some(3), &1201.into()));
    assert!(said.contains("none"), "{said}");
}

#[test]
fn what_hapi_cannot_say_is_an_error() {
    for (planes, what) in [
        (
            "<x type=\"double\" units=\"km\"/><y type=\"float\" units=\"\"/>",
            "'km'",
        ),
        (
            "<x type=\"float\" units=\"us2000\"/><y type=\"float\" units=\"\"/>",
            "four bytes",
        ),
        ("<y type=\"float\" units=\"\"/>", "no x"),
        (
            "<x type=\"double\" units=\"us2000\"/><x type=\"double\" units=\"us2000\"/>",
            "more than one x",
        ),
    ] {
        let mut s = Builder::new();
        s.packet(1, planes);
        let (code, out, said) = ended("das2_hapi -i", &s.take());
        assert_eq!((code, out.as_str()), (Some(1), ""), "{planes}");
        assert!(said.contains(what), "{said}");
    }
    let (code, _, said) = ended("das2_hapi", b"|Sx||10|<stream/>");
    assert_eq!(code, Some(1), "{said}");
    // Cut off in the middle of a packet: whole records, no half ones.
    let input = sample();
    let (code, out, said) = ended("das2_hapi", &input[..input.len() - 5]);
    assert_eq!((code, out.lines().count()), (Some(1), 3), "{said}");
    assert!(out.ends_with('\n') && said.contains("byte"));
    let output = fed(command("das2_hapi -f binary"), &input[..input.len() - 5]);
    assert_eq!(output.stdout.len(), 3 * 63);
}

#[test]
fn redefinition_of_the_packet_type() {
    let header = |y: &str| format!("<x type=\"double\" units=\"us2000\"/>{y}");
    let mut s = Builder::new();
    s.packet(
        1,
        &header("<y name=\"a\" type=\"float\" units=\"V\"><properties yFill=\"-99\"/></y>"),
    );
    s.data(1, &[encode("double", 0.0), encode("float", -99.0)]);
    // Another encoding, another fill, another label: clients need not know.
    s.packet(
        1,
        &header(
            "<y name=\"a\" type=\"ascii9\" units=\"V\"><properties yFill=\"0\" yLabel=\"A\"/></y>",
        ),
    );
    s.data(1, &[encode("double", 1e6), b"    1.25 ".to_vec()]);
    s.data(1, &[encode("double", 2e6), b"    0    ".to_vec()]);
    let good = s.bytes.clone();
    let rows = lines("das2_hapi", &good);
    let values: Vec<&str> = rows.iter().map(|r| r.split_once(',').unwrap().1).collect();
    assert_eq!(values, ["-99", "1.25", "-99"]);
    for changed in [
        "<y name=\"b\" type=\"float\" units=\"V\"/>",
        "<y name=\"a\" type=\"float\" units=\"W\"/>",
        "<y name=\"a\" type=\"big_endian_int2\" units=\"V\"/>",
        "<y name=\"a\" type=\"float\" units=\"V\"/><y name=\"c\" type=\"float\" units=\"\"/>",
        "<yscan name=\"a\" type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"V\"/>",
    ] {
        let mut s = Builder {
            bytes: good.clone(),
        };
        s.packet(1, &header(changed));
        let (code, out, said) = ended("das2_hapi", &s.take());
        assert_eq!((code, out.lines().count()), (Some(1), 3), "{changed}");
        assert!(said.contains("ID 01 change"), "{said}");
    }
    // Tags belong to what clients know.
    let scan = |tags: &str| {
        format!(
            "<yscan name=\"s\" type=\"float\" nitems=\"2\" yUnits=\"Hz\" zUnits=\"\" yTags=\"{tags}\"/>"
        )
    };
    let mut s = Builder::new();
    s.packet(1, &header(&scan("1,2")))
        .packet(1, &header(&scan("1.0, 2.0")));
    assert_eq!(ended("das2_hapi", &s.bytes).0, Some(0));
    s.packet(1, &header(&scan("1,3")));
    assert_eq!(ended("das2_hapi", &s.bytes).0, Some(1));
}

#[test]
fn what_is_complete_goes_out_when_the_input_pauses() {
    let data: Vec<(f64, f64)> = (0..10).map(|i| (f64::from(i), f64::from(i))).collect();
    let input = x_y("float", "name=\"a\" units=\"V\"", &data);
    for line in [
        "das2_hapi",
        "das2_hapi -i -b 2000-01-01 -e 2001-01-01",
        "das2_hapi -f json",
    ] {
        let mut running = Running::start(line);
        running.feed(&input[..input.len() - 40]);
        running.wait_for("seven rows", |got| {
            got.windows(6).filter(|w| w == b"00000Z").count() == 7
        });
        running.feed(&input[input.len() - 40..]);
        assert_eq!(running.end(), ok(line, &input));
    }
}

#[test]
fn memory_does_not_grow_with_the_data_or_with_what_a_header_promises() {
    let scan = "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"1000\" \
                yUnits=\"Hz\" zUnits=\"\"/>";
    for line in ["das2_hapi", "das2_hapi -f json", "das2_hapi -f binary"] {
        let mut running = Running::start(line);
        let mut s = Builder::new();
        let header = s.packet(1, scan).take();
        running.feed(&header);
        let mut block = Builder { bytes: Vec::new() };
        for i in 0..250 {
            let mut fields = vec![encode("double", f64::from(i) * 1e6)];
            fields.extend(vec![encode("float", 0.1 + f64::from(i)); 1000]);
            block.data(1, &fields);
        }
        for _ in 0..8 {
            running.feed(&block.bytes);
        }
        let one = ok(line, &[&header[..], &block.bytes].concat()).len();
        running.wait_for("2000 rows", |got| got.len() > one * 7);
        let peak = running.peak();
        assert!(peak < 16 << 20, "{line}: {} kB", peak >> 10);
        running.end();
    }
    // Four million tags, and not one of them in memory.
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"4000000\" \
         yUnits=\"Hz\" zUnits=\"\"/>",
    );
    let mut running = Running::start("das2_hapi -i -e 2000-01-01 -b 1999-01-01");
    running.feed(&s.bytes);
    let peak = running.peak();
    assert!(peak < 16 << 20, "{} kB", peak >> 10);
    let out = running.end();
    assert!(out.len() > 20_000_000 && out.ends_with(b"# }\n"));
}
