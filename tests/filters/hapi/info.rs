//! The info object.

use std::process::Command;

use serde_json::Value;

use crate::builder::{Builder, encode};
use crate::generator::{Kinds, random};
use crate::processes::{command, fed};

use super::{ended, info, lines, sample};

/// What HAPI asks of an info object and its schema does not see.
pub fn check_info(info: &Value) {
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
