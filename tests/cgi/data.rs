//! Data: arguments of readers, forms, names of files.

use das2_server::stream::{Reader, Writer};

use crate::site::{RANGE, Site, stream};

fn data(more: &str) -> String {
    format!("server=dataset&dataset=data&{RANGE}{more}")
}

#[test]
fn bytes_pass_unchanged_with_their_type_and_name() {
    let site = Site::new("");
    let answer = site.get(&data(""));
    assert_eq!(answer.text(), stream(3));
    assert_eq!(answer.content_type(), "application/vnd.das2.das2stream");
    assert_eq!(
        answer.header("Content-Disposition"),
        Some("attachment; filename=\"data_2017-01-01_2017-01-02.d2s\"")
    );
    assert_eq!(answer.header("Expires"), Some("now"));
}

#[test]
fn every_way_to_ask() {
    let site = Site::new("");
    let range = ["2017-01-01", "2017-01-02"];
    for query in [
        "server=compactdataset&dataset=args.dsdf&start_time=2017-01-01&end_time=2017-01-02",
        "server=DataSet&dataset=/args&reader.x.min=2017-01-01&reader.x.max=2017-01-02",
        "server=dataset&dataset=args&time.min=2017-01-01&time.max=2017-01-02&end_time=&unknown=%ff",
    ] {
        assert_eq!(site.get(query).status(), 200, "{query}");
    }
    assert_eq!(site.args(""), range);
    let answer = site.get_path("/data/args", "time.min=2017-01-01&time.max=2017-01-02");
    assert!(answer.text().ends_with("<2017-01-01><2017-01-02>"));
}

#[test]
fn heads_are_checked_and_run_nothing() {
    let site = Site::new("");
    site.source("runs", "touch \"$0.ran\"", "");
    let head = |query: &str| {
        site.ask()
            .variable("REQUEST_METHOD", "HEAD")
            .query(query)
            .answer()
    };
    let answer = head(&format!("server=dataset&dataset=runs&{RANGE}"));
    assert_eq!((answer.status(), answer.body.len()), (200, 0));
    assert!(answer.header("Content-Disposition").is_some());
    assert_eq!(
        head("server=dataset&dataset=runs&start_time=x").status(),
        400
    );
    assert!(!site.path("bin/runs.ran").exists());
}

#[test]
fn times_go_to_readers_as_written() {
    let site = Site::new("");
    let first = |begin: &str| site.args(&format!("&x=&server=y&time.min={begin}"))[0].clone();
    // The first name in the query counts.
    assert_eq!(first("2016-01-01"), "2017-01-01");
    let args = |query: &str| {
        let answer = site.get(&format!("server=dataset&dataset=args&{query}"));
        let text = answer.text();
        text.split_once("</stream>")
            .unwrap_or_else(|| panic!("{text}"))
            .1
            .to_owned()
    };
    assert_eq!(
        args("start_time=2017-001T00:00&end_time=1/2/2017"),
        "<2017-001T00:00><1/2/2017>"
    );
    assert_eq!(
        args("start_time=1979-03-01T12%3A26%3A11.000Z&end_time=19790302T000000"),
        "<1979-03-01T12:26:11.000Z><1979-03-02T00:00:00>"
    );
}

#[test]
fn params_are_words_that_nothing_reads_again() {
    let site = Site::new("");
    let words = |params: &str| site.args(&format!("&params={params}"))[2..].to_vec();
    assert_eq!(words("a++b%22c"), ["a", "b\"c"]);
    assert_eq!(words("$(id)"), ["$(id)"]);
    assert_eq!(words("x%0Aecho"), ["x", "echo"]);
    assert_eq!(words("%60id%60+a%26b%7Cc"), ["`id`", "a&b|c"]);
    assert!(words("").is_empty() && words("+%20").is_empty());
    site.dsdf("args", "reader = 'args'\ndas2Stream = 1\ndropParams = 1\n");
    assert!(words("a+b").is_empty());
}

#[test]
fn request_values_in_a_reader_are_one_word() {
    let site = Site::new("");
    site.dsdf(
        "args",
        "reader = 'args -k $(k,none) && true'\ndas2Stream = 1\n",
    );
    assert_eq!(
        site.get(&format!("server=dataset&dataset=args&{RANGE}"))
            .status(),
        200
    );
    site.dsdf("args", "reader = 'args -k $(k,none)'\ndas2Stream = 1\n");
    assert_eq!(site.args(""), ["-k", "none", "2017-01-01", "2017-01-02"]);
    assert_eq!(site.args("&k=a;b+'c'%20$(id)")[1], "a;b 'c' $(id)");
}

#[test]
fn resolutions() {
    let site = Site::new("");
    site.reader(
        "show",
        "cat >/dev/null; printf '[00]000017<stream></stream>%s' \"$*\"\n",
    );
    site.dsdf(
        "data",
        "reader = 'data'\ndas2Stream = 1\nreducer = 'show'\n",
    );
    let shown = |resolution: &str| site.get(&data(&format!("&resolution={resolution}"))).text();
    assert!(shown("1.0E-4").ends_with("</stream>0.0001"));
    assert!(shown("1e3").ends_with("</stream>1000"));
    assert_eq!(shown("0"), stream(3));
    for wrong in ["nan", "-3", "inf", "word", "1e999"] {
        let answer = site.get(&data(&format!("&resolution={wrong}")));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (400, "BadRequest"),
            "{wrong}"
        );
    }
}

#[test]
fn sources_that_are_not_reduced() {
    let site = Site::new("");
    for keywords in [
        "reducer = 'not_reducible'",
        "reducer = pre_reduced",
        "reducer = ''",
        "qstream = 1",
    ] {
        site.dsdf(
            "data",
            &format!("reader = 'data'\ndas2Stream = 1\n{keywords}\n"),
        );
        assert_eq!(
            site.get(&data("&resolution=3600")).text(),
            stream(3),
            "{keywords}"
        );
    }
}

#[test]
fn reduced_here_and_by_a_program_alike() {
    let site = Site::new("");
    let here = site.get(&data("&resolution=120"));
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_das2_bin_avgsec"));
    site.dsdf(
        "data",
        &format!(
            "reader = 'data'\ndas2Stream = 1\nreducer = '{}'\n",
            bin.display()
        ),
    );
    let there = site.get(&data("&resolution=120"));
    assert_eq!(here.text(), there.text());
    assert!(here.text().contains(":01:") && here.text() != stream(3));
    let log = site.log();
    assert!(
        log.contains("data 2017-01-01 2017-01-02 | [das2_bin_avgsec 120]"),
        "{log}"
    );
    assert!(log.contains(&format!("| {} 120\n", bin.display())), "{log}");
}

/// A reducer that is a pipe of the server's own filters runs here, and gives
/// what a shell's pipe of the programs gives.
#[test]
fn a_pipe_of_own_filters_reduces() {
    let site = Site::new("");
    let head = "printf '[00]000017<stream></stream>'\n";
    let planes = "<packet><x type=\"time24\" units=\"us2000\"></x><yscan name=\"w\" type=\"ascii8\" \
                  nitems=\"16\" yUnits=\"ms\" yTagInterval=\"1\" zUnits=\"V\"></yscan></packet>";
    let mut script = format!("{head}printf '%s' '[01]{:06}{planes}'\n", planes.len());
    for second in 0..8 {
        let samples: String = (0..16)
            .map(|i| format!("{:7.3} ", f64::from((i * i + 3 * second) % 7)))
            .collect();
        script.push_str(&format!(
            "printf '%s' ':01:2017-01-01T00:00:0{second}.000 {samples}'\n"
        ));
    }
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_das2_psd")).parent();
    let programs = programs.unwrap().display();
    for (name, reducer) in [
        ("here", "das2_psd 16 1 | das2_bin_avgsec".to_owned()),
        (
            "shell",
            format!("{programs}/das2_psd 16 1 | {programs}/das2_bin_avgsec"),
        ),
    ] {
        site.source(name, &script, &format!("reducer = '{reducer}'\n"));
    }
    let get = |name: &str, more: &str| {
        site.get(&format!("server=dataset&dataset={name}&{RANGE}{more}"))
            .body
    };
    let here = get("here", "&resolution=4");
    assert_eq!(here, get("shell", "&resolution=4"));
    let text = String::from_utf8(here).unwrap();
    assert!(text.contains("zUnits=\"V**2 Hz**-1\""), "{text}");
    assert_eq!(text.matches(":01:").count(), 2, "{text}");
    let log = site.log();
    assert!(
        log.contains("| [das2_psd 16 1 | das2_bin_avgsec 4]"),
        "{log}"
    );
    // No resolution, no reducer.
    assert_eq!(
        get("here", "").windows(4).filter(|w| w == b":01:").count(),
        8
    );
}

#[test]
fn text_and_deflated_forms() {
    let site = Site::new("");
    for on in ["1", "true", "True"] {
        let answer = site.get(&data(&format!("&ascii={on}")));
        assert_eq!(
            answer.content_type(),
            "text/vnd.das2.das2stream; charset=utf-8"
        );
        let name = answer.header("Content-Disposition").unwrap();
        assert!(
            name.starts_with("inline") && name.ends_with(".d2t\""),
            "{name}"
        );
        assert!(
            answer.text().contains(":01:2017-01-01T00:00:00"),
            "{}",
            answer.text()
        );
    }
    for off in ["yes", "0", "false", ""] {
        assert_eq!(
            site.get(&data(&format!("&ascii={off}"))).text(),
            stream(3),
            "{off}"
        );
    }
    assert_eq!(
        site.browse(&data("&ascii=1")).content_type(),
        "text/plain; charset=utf-8"
    );
    let deflated = site.get(&data("&compress=true"));
    assert!(String::from_utf8_lossy(&deflated.body).contains("compression=\"deflate\""));
    let mut plain = Vec::new();
    Reader::new(deflated.body.as_slice())
        .pump(&mut Writer::new(&mut plain))
        .unwrap();
    let records = |text: &str| text[text.find(":01:").unwrap()..].to_owned();
    assert_eq!(
        records(std::str::from_utf8(&plain).unwrap()),
        records(&stream(3))
    );
}

#[test]
fn text_by_the_sites_own_programs() {
    let site = Site::new("D2S_TO_UTF8 = 'to_text site'");
    site.reader(
        "to_text",
        "printf '[00]000017<stream></stream>%s %s' \"$*\" \"$(wc -c)\"\n",
    );
    let records = stream(3).len();
    assert!(
        site.get(&data("&ascii=1"))
            .text()
            .ends_with(&format!("</stream>site {records}"))
    );
    site.dsdf(
        "data",
        "reader = 'data'\ndas2Stream = 1\ntextConverter = 'to_text own'\n",
    );
    assert!(
        site.get(&data("&ascii=1"))
            .text()
            .ends_with(&format!("</stream>own {records}"))
    );
    site.dsdf(
        "data",
        "reader = 'data'\nqstream = 1\ntextConverter = 'to_text q'\n",
    );
    let text = site.get(&data("&ascii=1"));
    assert_eq!(text.content_type(), "text/vnd.das2.qstream");
    assert!(
        text.header("Content-Disposition")
            .unwrap()
            .ends_with(".qdt\"")
    );
}

/// das3 streams are known by their first bytes, and touched by nothing here.
#[test]
fn das3_streams_pass_where_nothing_is_to_be_done_to_them() {
    let site = Site::new("");
    let das3 = "|Sx||42|<stream type=\"das-basic-stream\"></stream>\n|Pd|1|3|abc";
    site.reader(
        "three",
        &format!("printf '{das3}'\n").replace("|42|", "|43|"),
    );
    let das3 = das3.replace("|42|", "|43|").replace("\\n", "\n");
    site.dsdf(
        "three",
        "reader = 'three'\ndas2Stream = 1\nreducer = not_reducible\n",
    );
    let get = |more: &str| site.get(&format!("server=dataset&dataset=three&{RANGE}{more}"));
    for more in ["", "&resolution=60"] {
        let answer = get(more);
        assert_eq!(
            (answer.status(), answer.text()),
            (200, das3.clone()),
            "{more}"
        );
    }
    // What would have to understand it says that it does not.
    assert_eq!(get("&ascii=1").status(), 500);
    site.dsdf("three", "reader = 'three'\ndas2Stream = 1\n");
    assert_eq!(get("&resolution=60").status(), 500);
    assert!(
        site.log().contains("this is a das3 stream"),
        "{}",
        site.log()
    );
}

#[test]
fn interval_sources() {
    let site = Site::new("");
    site.dsdf(
        "args",
        "reader = 'args'\ndas2Stream = 1\nrequiresInterval = 1\n",
    );
    let answer = site.get(&format!("server=dataset&dataset=args&{RANGE}"));
    assert_eq!(
        (answer.status(), answer.exception().as_str()),
        (400, "BadRequest")
    );
    assert!(answer.text().contains("interval=SECONDS"));
    assert_eq!(
        site.args("&interval=60.0&resolution=5"),
        ["60.0", "2017-01-01", "2017-01-02"]
    );
    for wrong in ["x", "-1", "0", "nan", "1;2"] {
        let answer = site.get(&format!(
            "server=dataset&dataset=args&{RANGE}&interval={wrong}"
        ));
        assert_eq!(answer.status(), 400, "{wrong}");
    }
}

#[test]
fn das1_sources_go_through_their_program() {
    let site = Site::new("DAS1_TO_DAS2 = args");
    site.dsdf("args", "reader = 'old_reader'\n");
    let path = site.path("dsdf/args.dsdf").display().to_string();
    assert_eq!(
        site.args("&params=a+b"),
        [&path, "2017-01-01", "2017-01-02", "a", "b"]
    );
    site.dsdf("args", "reader = 'old_reader'\nitems = 4\n");
    assert_eq!(
        site.get(&format!("server=dataset&dataset=args&{RANGE}"))
            .status(),
        400
    );
    assert_eq!(
        site.args("&interval=60"),
        [&path, "60", "2017-01-01", "2017-01-02"]
    );
}

#[test]
fn valid_ranges_trim() {
    let site = Site::new("");
    site.dsdf(
        "args",
        "reader = 'args'\ndas2Stream = 1\nvalidRange = '2017-01-01T12:00 to now'\n",
    );
    assert_eq!(site.args(""), ["2017-01-01T12:00:00.000000", "2017-01-02"]);
    let query = "server=dataset&dataset=args&start_time=1999-01-01&end_time=1999-01-02";
    let answer = site.get(query);
    assert_eq!(
        (answer.status(), answer.exception().as_str()),
        (200, "NoDataInInterval")
    );
    assert!(answer.text().starts_with(
        "[00]000095<exception type=\"NoDataInInterval\" message=\"No data in the range 1999-01-01 to 1999-01-02\" />"
    ));
    let name = site
        .get("server=dataset&dataset=args&start_time=2016-01-01&end_time=2018-01-01T00:00:00.000Z");
    assert_eq!(
        name.header("Content-Disposition").unwrap(),
        "attachment; filename=\"args_2017-01-01T12-00-00.000000_2018-01-01.d2s\""
    );
}

#[test]
fn every_form_conforms_to_the_end_of_a_stream_that_breaks_too() {
    let site = Site::new("");
    site.source("fails", "\"${0%/*}/data\"; exit 3", "");
    for name in ["data", "fails"] {
        for more in [
            "",
            "&resolution=60",
            "&ascii=1",
            "&compress=1",
            "&resolution=60&ascii=1",
            "&resolution=60&compress=1",
            "&ascii=1&compress=1",
        ] {
            let answer = site.get(&format!("server=dataset&dataset={name}&{RANGE}{more}"));
            let report = das2_server::check::check_stream(answer.body.as_slice());
            let found = report.findings_text();
            assert!(report.is_conforming(), "{name}{more}: {found}");
        }
    }
}
