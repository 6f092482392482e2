//! das2_hapi.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::generator::{Builder, Kinds, encode, le8, random, time, x_y};
use crate::oracle::{fill_of, is_fill, time_of};
use crate::parsed::{Parsed, us2000};
use crate::programs::{Running, command, fed, ok};
use crate::running::{bytes_of, run_in_pieces, words};

fn text(words: &[&str], input: &[u8]) -> String {
    String::from_utf8(bytes_of(words, input)).unwrap()
}

fn lines(line: &str, input: &[u8]) -> Vec<String> {
    text(&words(line), input)
        .split_terminator('\n')
        .map(str::to_owned)
        .collect()
}

/// The info object alone; it has to be JSON.
fn info(line: &str, input: &[u8]) -> Value {
    let made = text(&words(&format!("{line} -i -n")), input);
    serde_json::from_str(&made).unwrap_or_else(|error| panic!("{error}: {made}"))
}

fn ended(line: &str, input: &[u8]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = fed(command(line), input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// x, a real of four bytes, a scan of three of eight, an integer.
fn sample() -> Vec<u8> {
    let mut s = Builder::with("String:title=\"A &quot;title&quot;,!cof %{what}\" what=\"much\"");
    s.packet(
        1,
        "<x type=\"little_endian_real8\" units=\"us2000\"/>\
         <y name=\"a,b\" type=\"little_endian_real4\" units=\"V/m\"><properties yLabel=\"E!bx!n\" \
         ySummary=\"say &quot;E&quot;&#10;again\"/></y>\
         <yscan type=\"sun_real8\" nitems=\"3\" yUnits=\"Hz\" zUnits=\"\" yTagInterval=\"0.1\">\
         <properties double:zFill=\"-99.0\"/></yscan>\
         <y name=\"n\" type=\"big_endian_int2\" units=\"\"><properties yFill=\"7\"/></y>",
    );
    for (i, (y, scan, n)) in [
        (0.1, -99.0, 5.0),
        (-1e31, 6.02e23, 7.0),
        (f64::NAN, f64::INFINITY, -3.0),
        (1e20, -98.9995, 0.0),
    ]
    .into_iter()
    .enumerate()
    {
        s.data(
            1,
            &[
                le8(i as f64 * 1e6),
                encode("little_endian_real4", y),
                encode("sun_real8", 1.0 / 3.0),
                encode("sun_real8", scan),
                encode("sun_real8", 1e-7 * i as f64),
                encode("big_endian_int2", n),
            ],
        );
    }
    s.take()
}

#[test]
fn rows_as_hapi_wants_them() {
    assert_eq!(
        text(&words("das2_hapi"), &sample()),
        "2000-01-01T00:00:00.000000Z,0.1,0.3333333333333333,-99.0,0,5\n\
         2000-01-01T00:00:01.000000Z,-1e31,0.3333333333333333,6.02e23,1e-7,7\n\
         2000-01-01T00:00:02.000000Z,-1e31,0.3333333333333333,-99.0,2e-7,-3\n\
         2000-01-01T00:00:03.000000Z,1e20,0.3333333333333333,-99.0,3e-7,0\n"
    );
}

#[test]
fn the_info_object_and_json_records() {
    let info = info(
        "das2_hapi -b 2000-01-01 -e 2000-02-01T00:00:00.5",
        &sample(),
    );
    let expected: Value = serde_json::from_str(
        r#"{"HAPI": "3.3", "status": {"code": 1200, "message": "OK"},
        "startDate": "2000-01-01T00:00:00Z", "stopDate": "2000-02-01T00:00:00.500Z",
        "description": "A \"title\", of much",
        "parameters": [
          {"name": "time", "type": "isotime", "units": "UTC", "fill": null, "length": 27},
          {"name": "a_b", "type": "double", "units": "V/m", "fill": "-1e31", "label": "E_x",
           "description": "say \"E\" again", "x_das2Name": "a,b"},
          {"name": "YSCAN_1", "type": "double", "units": null, "fill": "-99.0", "size": [3],
           "bins": [{"name": "frequency", "units": "Hz", "centers": [0.0, 0.1, 0.2]}]},
          {"name": "n", "type": "integer", "units": null, "fill": "7"}]}"#,
    )
    .unwrap();
    assert_eq!(info, expected);
    // With rows each line has a mark in front, and it says what follows.
    let all = text(
        &words("das2_hapi -i -b 2000-01-01 -e 2000-02-01T00:00:00.5"),
        &sample(),
    );
    let (marked, rows): (Vec<&str>, Vec<&str>) = all.lines().partition(|l| l.starts_with('#'));
    assert_eq!(rows.join("\n") + "\n", text(&words("das2_hapi"), &sample()));
    let object: String = marked
        .iter()
        .map(|l| l.strip_prefix("# ").unwrap())
        .collect();
    let mut with_format = expected.clone();
    with_format["format"] = "csv".into();
    assert_eq!(serde_json::from_str::<Value>(&object).unwrap(), with_format);
    // JSON holds both.
    let json = text(
        &words("das2_hapi -f json -b 2000-01-01 -e 2000-02-01T00:00:00.5"),
        &sample(),
    );
    let mut json: Value = serde_json::from_str(&json).unwrap();
    let data = json.as_object_mut().unwrap().remove("data").unwrap();
    assert_eq!(
        data[1],
        serde_json::json!([
            "2000-01-01T00:00:01.000000Z",
            -1e31,
            [0.3333333333333333, 6.02e23, 1e-7],
            7
        ])
    );
    assert_eq!(data.as_array().unwrap().len(), 4);
    with_format["format"] = "json".into();
    assert_eq!(json, with_format);
}

/// The columns of csv without separators: doubles, integers and times.
#[test]
fn binary_records() {
    let bytes = bytes_of(&words("das2_hapi -f binary"), &sample());
    assert_eq!(bytes.len(), 4 * (27 + 8 + 24 + 4));
    let second = &bytes[63..126];
    assert_eq!(&second[..27], b"2000-01-01T00:00:01.000000Z");
    let double = |at: usize| f64::from_le_bytes(second[at..at + 8].try_into().unwrap());
    // Fill is the double of its text, not what four bytes made of it.
    assert_eq!([double(27), double(43), double(51)], [-1e31, 6.02e23, 1e-7]);
    assert_eq!(second[59..], 7i32.to_le_bytes());
    // A number of four bytes is widened exactly.
    let first = f64::from_le_bytes(bytes[27..35].try_into().unwrap());
    assert_eq!(first, f64::from(0.1f32));
    // With the info object in front.
    let all = bytes_of(
        &words("das2_hapi -f binary -i -b 2000-01-01 -e 2001-01-01"),
        &sample(),
    );
    assert!(all.ends_with(&bytes));
    let head = std::str::from_utf8(&all[..all.len() - bytes.len()]).unwrap();
    assert!(head.lines().all(|l| l.starts_with("# ")) && head.ends_with("# }\n"));
    assert!(head.contains("\"format\":\"binary\""));
}

/// One value, by the three forms.
fn of_csv(cell: &str, kind: &str) -> f64 {
    match kind {
        "isotime" => {
            assert!(cell.ends_with('Z'), "{cell}");
            us2000(cell)
        }
        _ => {
            assert!(!cell.contains(['+', ' ', 'E', 'n', 'i']), "{cell}");
            cell.parse().unwrap()
        }
    }
}

#[test]
fn random_streams_say_the_same_in_every_form() {
    let kinds = Kinds {
        redefinition: false,
        ..Kinds::ALL
    };
    let mut compared = 0;
    for seed in 9000..9060 {
        let input = random(seed, 60, kinds);
        let before = Parsed::new(&input);
        let (id, header) = before.headers()[0];
        let info = info("das2_hapi -b 1900-01-01 -e 2100-01-01", &input);
        let parameters = info["parameters"].as_array().unwrap();
        check_info(&info);
        let rows = lines("das2_hapi", &input);
        let binary = bytes_of(&words("das2_hapi -f binary"), &input);
        let json = text(
            &words("das2_hapi -f json -b 1900-01-01 -e 2100-01-01"),
            &input,
        );
        let parsed: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(parsed["data"].as_array().unwrap().len(), rows.len());
        // The same text, but for marks.
        let (_, json) = json.split_once("\"data\":[\n").unwrap();
        let json = json
            .strip_suffix("\n]\n}\n")
            .unwrap()
            .replace(['[', ']', '"'], "");
        assert_eq!(json, rows.join(",\n"), "seed {seed}");
        let width = |p: &Value| {
            let one = match p["type"].as_str().unwrap() {
                "isotime" => p["length"].as_u64().unwrap(),
                "double" => 8,
                _ => 4,
            };
            one * p["size"][0].as_u64().unwrap_or(1)
        };
        let stride = parameters.iter().map(width).sum::<u64>() as usize;
        let records = before.records_of(id);
        assert_eq!(rows.len(), records.len(), "seed {seed}");
        assert_eq!(binary.len(), rows.len() * stride, "seed {seed}");
        let x = header.x();
        let mut order = vec![x];
        order.extend((0..header.planes.len()).filter(|plane| *plane != x));
        for (number, record) in records.iter().enumerate() {
            let mut cells = rows[number].split(',');
            let mut bytes = &binary[number * stride..(number + 1) * stride];
            for (&plane, parameter) in order.iter().zip(parameters) {
                let kind = parameter["type"].as_str().unwrap();
                let encoding = &header.planes[plane].encoding;
                for was in &record.values[plane] {
                    let cell = cells.next().unwrap();
                    let value = of_csv(cell, kind);
                    let length = match kind {
                        "isotime" => cell.len(),
                        "double" => 8,
                        _ => 4,
                    };
                    let (now, later) = bytes.split_at(length);
                    bytes = later;
                    let is_short = encoding.ends_with("real4") || encoding == "float";
                    match kind {
                        "isotime" => assert_eq!(now, cell.as_bytes()),
                        "integer" => {
                            assert_eq!(
                                f64::from(i32::from_le_bytes(now.try_into().unwrap())),
                                value
                            );
                        }
                        _ => {
                            let read = f64::from_le_bytes(now.try_into().unwrap());
                            let is_fill_text = parameter["fill"].as_str() == Some(cell);
                            let same = if is_short && !is_fill_text {
                                f64::from(value as f32)
                            } else {
                                value
                            };
                            assert_eq!(read, same, "seed {seed} {encoding} {cell}");
                        }
                    }
                    // And what was in the stream.
                    compared += 1;
                    if plane == x {
                        let (was, slack) = time_of(record).unwrap();
                        let step = 10f64.powi(6 - (cell.len() as i32 - 21).max(0));
                        assert!(
                            (value - was).abs() <= slack + step / 2.0 + 0.07,
                            "{cell} {was}"
                        );
                        continue;
                    }
                    let fill = fill_of(header, &before.stream, plane);
                    if was.is_nan()
                        || was.is_infinite()
                        || (kind != "isotime" && is_fill(*was, fill))
                    {
                        assert_eq!(parameter["fill"].as_str(), Some(cell), "seed {seed} {was}");
                    } else if is_short {
                        assert_eq!(cell.parse::<f32>().unwrap(), *was as f32);
                    } else {
                        assert_eq!(value, *was, "seed {seed} {encoding}");
                    }
                }
            }
            assert!(cells.next().is_none() && bytes.is_empty());
        }
    }
    assert!(compared > 10_000, "{compared}");
}

/// What HAPI asks of an info object and its schema does not see.
fn check_info(info: &Value) {
    let parameters = info["parameters"].as_array().unwrap();
    let mut names = std::collections::HashSet::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let of = |key: &str| parameter[key].as_str();
        let name = of("name").unwrap();
        assert!(names.insert(name.to_lowercase()), "{name} twice");
        assert!(!name.starts_with(|c: char| c.is_ascii_digit()));
        assert!(
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
            "{name}"
        );
        assert_ne!(of("units"), Some(""));
        assert_ne!(of("label"), Some(""));
        assert_eq!(parameter["length"].is_u64(), of("type") == Some("isotime"));
        assert_eq!(
            index == 0,
            parameter["fill"].is_null() && of("type") == Some("isotime")
        );
        match of("type").unwrap() {
            "isotime" => {
                assert_eq!(of("units"), Some("UTC"));
                if let Some(fill) = of("fill") {
                    assert_eq!(Some(fill.len() as u64), parameter["length"].as_u64());
                }
            }
            "integer" => {
                if let Some(fill) = of("fill") {
                    fill.parse::<i32>().unwrap();
                }
            }
            _ => {
                let fill: f64 = of("fill").unwrap().parse().unwrap();
                assert!(fill.is_finite());
            }
        }
        assert_eq!(parameter["size"].is_array(), parameter["bins"].is_array());
        if let Some(size) = parameter["size"][0].as_u64() {
            assert!(size > 1);
            let bins = &parameter["bins"][0];
            assert!(
                bins["name"].is_string() && bins["units"].as_str().is_some_and(|u| !u.is_empty())
            );
            let centers = bins["centers"].as_array().unwrap();
            assert!(centers.len() as u64 == size && centers.iter().all(Value::is_number));
        }
    }
}

/// Each info object against HAPI's own schemas, where they and python3's
/// jsonschema are at hand.
#[test]
fn info_objects_against_the_published_schemas() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/hapi-schemas");
    let has_module = Command::new("python3")
        .args(["-W", "ignore", "-c", "import jsonschema"])
        .status();
    if !folder.is_dir() || !has_module.is_ok_and(|status| status.success()) {
        println!("skipped: no ../shared/data/hapi-schemas, or no python3 with jsonschema");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let kinds = Kinds {
        redefinition: false,
        ..Kinds::ALL
    };
    let mut inputs = vec![sample()];
    inputs.extend((9200..9240).map(|seed| random(seed, 3, kinds)));
    for (number, input) in inputs.iter().enumerate() {
        let info = info("das2_hapi -b 1900-01-01 -e 2100-01-01", input);
        check_info(&info);
        let path = scratch.path().join(format!("{number}.json"));
        std::fs::write(path, info.to_string()).unwrap();
    }
    // Parts of a schema refer to each other by ids such as /HAPI.
    let script = r#"
import glob, json, sys, warnings
warnings.simplefilter("ignore")
import jsonschema
schemas, infos = sys.argv[1:]
for version in ("3.3", "3.0"):
    with open(f"{schemas}/HAPI-data-access-schema-{version}.json") as file:
        schema = json.load(file)
    store = {part["id"]: part for part in schema.values() if isinstance(part, dict) and "id" in part}
    resolver = jsonschema.RefResolver("", schema, store=store)
    checker = jsonschema.Draft7Validator(schema["info"], resolver=resolver)
    files = sorted(glob.glob(f"{infos}/*.json"))
    assert len(files) > 10
    for name in files:
        with open(name) as file:
            info = json.load(file)
        if version != "3.3":
            info["HAPI"] = version
        for error in checker.iter_errors(info):
            sys.exit(f"{version} {name}: {list(error.path)}: {error.message[:400]}")
    assert list(checker.iter_errors({"HAPI": version})), "it finds nothing at all"
"#;
    let checked = Command::new("python3")
        .args(["-W", "ignore", "-c", script])
        .arg(&folder)
        .arg(scratch.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
}

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

#[test]
fn waveforms_scatter_data_and_statistics() {
    let mut s = Builder::with("String:renderer=\"waveform\"");
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><y name=\"lat\" type=\"float\" units=\"deg\"/>\
         <z name=\"c\" type=\"float\" units=\"\"><properties zSummary=\"counts\"/></z>\
         <yscan name=\"w\" type=\"float\" nitems=\"2\" yUnits=\"ms\" zUnits=\"V\" yTagInterval=\"0.5\"/>\
         <yscan name=\"w.max\" type=\"float\" nitems=\"1\" yUnits=\"Hz\" zUnits=\"V\" yTags=\"562\">\
         <properties source=\"w\" operation=\"BIN_MAX\"/></yscan>",
    );
    let whole = info("das2_hapi -b 2000-01-01 -e 2001-01-01", &s.bytes);
    check_info(&whole);
    assert_eq!(whole["timeStampLocation"], "begin");
    let parameters = &whole["parameters"];
    assert_eq!(
        parameters[2]["description"],
        "counts; lat is its coordinate"
    );
    assert_eq!(parameters[2]["x_coordinate"], "lat");
    assert_eq!(parameters[3]["bins"][0]["name"], "time_offset");
    assert_eq!(parameters[4]["name"], "w_max");
    assert_eq!(
        parameters[4]["description"],
        "largest value of w in each bin of time; at 562 Hz"
    );
    // Without the waveform the time is no beginning of anything.
    let part = info("das2_hapi lat -b 2000-01-01 -e 2001-01-01", &s.bytes);
    assert!(part["timeStampLocation"].is_null());
    // das2.3 says so by the plane.
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><xscan name=\"e\" type=\"float\" nitems=\"3\" xUnits=\"ms\" \
         yUnits=\"V\" xOffsets=\"0, 0.5, 2\"/>",
    );
    s.data(
        1,
        &[
            encode("double", 0.0),
            encode("float", 1.0),
            encode("float", 2.0),
            encode("float", 3.0),
        ],
    );
    let whole = info("das2_hapi -b 2000-01-01 -e 2001-01-01", &s.bytes);
    check_info(&whole);
    assert_eq!(whole["timeStampLocation"], "begin");
    assert_eq!(
        whole["parameters"][1]["bins"][0]["centers"],
        serde_json::json!([0.0, 0.5, 2.0])
    );
    assert_eq!(
        lines("das2_hapi", &s.bytes),
        ["2000-01-01T00:00:00.000000Z,1,2,3"]
    );
}

#[test]
fn the_definition_of_the_source_completes_the_info_object() {
    let folder = tempfile::tempdir().unwrap();
    let dsdf = folder.path().join("Survey.dsdf");
    std::fs::write(
        &dsdf,
        "das2Stream = 1\nreader = 'x'\ndescription = 'Spectra, of \"Jupiter\"'\n\
         techContact = 'A. Person <a@example.org>'\nvalidRange = '1979-03-01 to 1979-07-01T12:00'\n\
         exampleRange_00 = '1979-03-01 to 1979-03-02'\n",
    )
    .unwrap();
    let mut program = command("das2_hapi -i -n -d");
    program.arg(&dsdf);
    let output = fed(program, &sample());
    assert!(output.status.success() && output.stderr.is_empty());
    let info: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(info["startDate"], "1979-03-01T00:00:00Z");
    assert_eq!(info["stopDate"], "1979-07-01T12:00:00Z");
    assert_eq!(info["sampleStopDate"], "1979-03-02T00:00:00Z");
    assert_eq!(info["description"], "Spectra, of \"Jupiter\"");
    assert_eq!(info["contact"], "A. Person <a@example.org>");
    // Without one something is missing, and it says what to do.
    let (code, out, said) = ended("das2_hapi -i -n", &sample());
    assert!(code == Some(0) && !out.contains("startDate") && said.contains("-b and -e"));
    let (code, _, said) = ended("das2_hapi -i -d /no/such/file", &sample());
    assert!(code == Some(2) && said.contains("/no/such/file"), "{said}");
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

#[test]
fn any_prefix_gives_whole_rows() {
    let kinds = Kinds {
        redefinition: false,
        ..Kinds::ALL
    };
    for seed in 9300..9302 {
        let input = random(seed, 30, kinds);
        let whole = bytes_of(&words("das2_hapi"), &input);
        let binary = bytes_of(&words("das2_hapi -f binary"), &input);
        for length in (0..input.len()).step_by(41) {
            let ran = run_in_pieces(&words("das2_hapi"), &input[..length], &[usize::MAX]);
            assert!(whole.starts_with(&ran.bytes), "seed {seed}, {length} bytes");
            assert!(ran.bytes.is_empty() || ran.bytes.ends_with(b"\n"));
            let again = run_in_pieces(&words("das2_hapi"), &input[..length], &[5, 300, 1]);
            assert_eq!(again.bytes, ran.bytes);
            let ran = run_in_pieces(
                &words("das2_hapi -f binary"),
                &input[..length],
                &[usize::MAX],
            );
            assert!(binary.starts_with(&ran.bytes));
        }
    }
}
