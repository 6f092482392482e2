//! The forms of the rows: csv, JSON, binary.

use serde_json::Value;

use crate::generator::{Kinds, random};
use crate::oracle::{fill_of, is_fill, time_of};
use crate::parsed::{Parsed, us2000};
use crate::running::{bytes_of, run_in_pieces, words};

use super::info::check_info;
use super::{info, lines, sample, text};

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
