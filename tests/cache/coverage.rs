//! What is cached, as clients see it.

use std::fs;

use das2_server::check::check_stream;
use serde_json::{Value, json};

use crate::minute::Minutes;

const LEVELS: &str =
    "cacheLevel_00 = 'intrinsic | daily'\ncacheLevel_01 = '60 s | monthly | a-b <c>'";

fn cached() -> Minutes {
    let m = Minutes::new(LEVELS);
    m.fill_days(1..3);
    m.fill_days(5..6);
    let file = m
        .site
        .path("cache/data/M/<c>_a_b/bin-60s/2016/2016-12_bin-60s.d2s");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, "").unwrap();
    // Files that are no blocks.
    fs::write(
        m.block("intrinsic/2017/01/.2017-01-03_intrinsic.d2s.tmp"),
        "",
    )
    .unwrap();
    fs::write(
        m.block("intrinsic/2017/01/2017-01-04_intrinsic.d2s.old"),
        "",
    )
    .unwrap();
    m
}

fn levels(m: &Minutes, query: &str) -> Value {
    let answer = m.site.get_path("/coverage/M.json", query);
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.content_type(), "application/json; charset=utf-8");
    let mut value: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(value["dataset"], "M");
    value["levels"].take()
}

#[test]
fn stretches_as_json() {
    let m = cached();
    let stretch = |begin: &str, end: &str, blocks: u64| {
        let time = |day| format!("{day}T00:00:00.000Z");
        json!({"begin": time(begin), "end": time(end), "blocks": blocks})
    };
    let all = json!([
        {"level": 0, "resolution": null, "period": "daily", "params": "", "blocks": 3,
         "stretches": [
            stretch("2017-01-01", "2017-01-03", 2),
            stretch("2017-01-05", "2017-01-06", 1)]},
        {"level": 1, "resolution": 60.0, "period": "monthly", "params": "a-b <c>", "blocks": 1,
         "stretches": [stretch("2016-12-01", "2017-01-01", 1)]},
    ]);
    assert_eq!(levels(&m, ""), all);
    let some = levels(&m, "start_time=2017-01-02T12:00&end_time=2017-01-05");
    assert_eq!(
        some[0]["stretches"],
        json!([stretch("2017-01-02", "2017-01-03", 1)])
    );
    assert_eq!(some[1]["stretches"], json!([]));
}

#[test]
fn stretches_as_a_stream() {
    let m = cached();
    let answer = m.site.get_path("/coverage/M", "");
    assert_eq!(answer.status(), 200, "{answer:?}");
    let report = check_stream(&answer.body[..]);
    assert!(report.is_conforming(), "{report}");
    let text = answer.text();
    assert!(
        text.contains("cacheLevel_00=\"intrinsic | daily\""),
        "{text}"
    );
    assert!(
        text.contains("cacheLevel_01=\"60 s | monthly | a-b &lt;c&gt;\""),
        "{text}"
    );
    let packets: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("T00:00:00.000 "))
        .collect();
    let packets: Vec<&str> = packets
        .iter()
        .map(|line| &line[line.find(':').unwrap()..])
        .collect();
    assert_eq!(
        packets,
        [
            ":02:2016-12-01T00:00:00.000       2678400             1",
            ":01:2017-01-01T00:00:00.000        172800             2",
            ":01:2017-01-05T00:00:00.000         86400             1",
        ]
    );
    // Nothing there is a stream too.
    let answer = m
        .site
        .get_path("/coverage/M", "start_time=2018-01-01&end_time=2019-01-01");
    let report = check_stream(&answer.body[..]);
    assert!(report.is_conforming(), "{report}");
    assert!(answer.text().contains("NoDataInInterval"));
}

#[test]
fn who_may_not_and_what_is_not() {
    let m = cached();
    let status = |path: &str, query: &str| m.site.get_path(path, query).status();
    assert_eq!(status("/coverage/", ""), 404);
    assert_eq!(status("/coverage/N.json", ""), 404);
    assert_eq!(status("/coverage/../M", ""), 400);
    assert_eq!(status("/coverage/M", "start_time=x"), 400);
    assert_eq!(
        status("/coverage/M", "start_time=2018-01-01&end_time=2017-01-01"),
        400
    );
    // A source without levels has nothing cached.
    assert_eq!(levels(&m, "").as_array().unwrap().len(), 2);
    let answer = m.site.get_path("/coverage/data.json", "");
    assert!(answer.text().contains("\"levels\": []"), "{answer:?}");
    let dsdf = fs::read_to_string(m.site.path("dsdf/M.dsdf")).unwrap();
    m.site
        .dsdf("M", &format!("{dsdf}\nreadAccess = 'USER:me'\n"));
    assert_eq!(status("/coverage/M", ""), 401);
    assert_eq!(status("/coverage/M.json", ""), 401);
    m.site
        .dsdf("M", &format!("{dsdf}\nreadAccess = 'AGE:1y'\n"));
    assert_eq!(status("/coverage/M", ""), 401);
    assert_eq!(status("/coverage/M", "end_time=2018-01-01"), 200);
}
