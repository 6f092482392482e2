//! Ranges without data: blocks that hold none, and gaps in which there are none.

use std::fs;
use std::process::Command;

use crate::minute::Minutes;
use crate::site::Site;

const DAYS: &str = "cacheLevel_00 = 'intrinsic | daily'";

const HEADINGS: &str = "time (UTC),v (V)\r\n";

/// Blocks that say that there are no data, as das2-pyserver and readers write them:
/// without a packet header, and with one.
fn empty_blocks() -> [String; 3] {
    let exception = "<exception type=\"NoDataInInterval\" message=\"none\" />\n";
    let exception = format!("[xx]{:06}{exception}", exception.len());
    let packet = "<packet><x type=\"time24\" units=\"UTC\"></x><y name=\"v\" type=\"ascii10\" units=\"V\"></y></packet>";
    let packet = format!("[01]{:06}{packet}", packet.len());
    let stream = "[00]000017<stream></stream>";
    [
        format!("{stream}{exception}"),
        format!("{stream}{packet}{exception}"),
        format!("{stream}{packet}"),
    ]
}

/// What a client of each form is told about a range without data.
fn tells_of_no_data(m: &Minutes, begin: &str, end: &str, more: &str) {
    for form in ["", "&ascii=1", "&compress=1"] {
        let answer = m.get(begin, end, &format!("{more}{form}"));
        assert_eq!(answer.status(), 200, "{begin}{more}{form}: {answer:?}");
        let report = das2_server::check::check_stream(&answer.body[..]);
        assert!(report.is_conforming(), "{form}: {report}");
        assert_eq!(report.summary.records, 0);
        // The reader itself ends without a word.
        let is_cached = !more.contains("uncached");
        assert_eq!(
            report.summary.exception_count,
            u64::from(is_cached),
            "{form}: {report}"
        );
    }
    // A table without rows, whose headings are there if they are known.
    for encoding in ["", "gzip"] {
        let answer = m
            .site
            .ask()
            .query(&format!(
                "server=dataset&dataset=M&start_time={begin}&end_time={end}{more}&format=csv"
            ))
            .variable("HTTP_ACCEPT_ENCODING", encoding)
            .answer();
        assert_eq!(answer.status(), 200, "{begin}{more}: {answer:?}");
        assert_eq!(answer.content_type(), "text/csv; charset=utf-8");
        if answer.header("Content-Encoding").is_none() {
            let text = answer.text();
            assert!(["", HEADINGS].contains(&text.as_str()), "{text}");
        }
    }
}

#[test]
fn there_is_no_data_in_empty_blocks() {
    for block in empty_blocks() {
        let m = Minutes::new(DAYS);
        for day in ["01", "02", "03"] {
            let file = m.block(&format!("intrinsic/2016/12/2016-12-{day}_intrinsic.d2s"));
            fs::write(file, &block).unwrap();
        }
        tells_of_no_data(&m, "2016-12-01", "2016-12-02", "");
        tells_of_no_data(&m, "2016-12-01T12:00", "2016-12-03T12:00", "");
        assert!(m.runs().is_empty());
        // Without the cache, and with a gap.
        tells_of_no_data(&m, "2016-12-01", "2016-12-02", "&params=uncached");
        tells_of_no_data(&m, "2016-12-01", "2016-12-06", "");
        assert!(!m.runs().is_empty());
    }
}

#[test]
fn a_table_may_begin_with_ranges_that_hold_nothing() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..3);
    let table = |begin: &str, more: &str| {
        let answer = m.get(begin, "2017-01-03", &format!("{more}&format=csv"));
        assert_eq!(answer.status(), 200, "{answer:?}");
        answer.text()
    };
    let wanted = table("2017-01-01", "&params=uncached");
    assert_eq!(wanted.lines().count(), 1 + 2 * 144);
    assert!(wanted.starts_with(HEADINGS));
    m.runs();
    for block in empty_blocks() {
        for day in ["30", "31"] {
            let file = m.block(&format!("intrinsic/2016/12/2016-12-{day}_intrinsic.d2s"));
            fs::write(file, &block).unwrap();
        }
        assert_eq!(table("2016-12-30", ""), wanted);
        assert!(m.runs().is_empty());
        // A gap in front, whose reader writes no record.
        fs::remove_file(m.block("intrinsic/2016/12/2016-12-30_intrinsic.d2s")).unwrap();
        assert_eq!(table("2016-12-30", ""), wanted);
        assert_eq!(m.runs(), ["2016-12-30 2016-12-31"]);
    }
}

#[test]
fn a_reader_that_fails_where_there_is_nothing_gives_a_status() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..2);
    let [_, block, _] = empty_blocks();
    fs::write(m.block("intrinsic/2016/12/2016-12-31_intrinsic.d2s"), block).unwrap();
    m.site.reader("M", "exit 3\n");
    for (begin, end) in [("2016-12-30", "2017-01-01"), ("2016-12-30", "2017-01-02")] {
        assert_eq!(m.get(begin, end, "&format=csv").status(), 500, "{begin}");
    }
}

#[test]
fn head_knows_whether_the_first_that_runs_is_there() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..3);
    let dsdf = fs::read_to_string(m.site.path("dsdf/M.dsdf")).unwrap();
    m.site.dsdf(
        "M",
        &dsdf.replace("reader = 'M'", "reader = 'no_such_program'"),
    );
    for (begin, end, status) in [
        ("2017-01-01", "2017-01-03", 200),
        ("2017-01-02", "2017-01-04", 200),
        ("2016-12-31", "2017-01-03", 500),
        ("2017-01-20", "2017-01-21", 500),
    ] {
        for (method, form) in [("GET", ""), ("HEAD", ""), ("GET", "csv"), ("HEAD", "csv")] {
            // How much of a table is out when a gap comes decides what GET says.
            if (begin, form) == ("2017-01-02", "csv") {
                continue;
            }
            let query = format!("server=dataset&dataset=M&start_time={begin}&end_time={end}");
            let ask = m.site.ask().query(&format!("{query}&format={form}"));
            let answer = ask.variable("REQUEST_METHOD", method).answer();
            assert_eq!(answer.status(), status, "{method} {begin}: {answer:?}");
        }
    }
}

#[test]
fn a_gap_without_data_is_no_news_in_whatever_letters() {
    for word in ["noDataInInterval", "org.das2.NoDataInIntervalException"] {
        let site = Site::new("WORK_QUEUE_BROKER = none");
        let exception = format!("<exception type=\"{word}\" message=\"none\" />");
        site.write("empty", format!("[xx]{:06}{exception}", exception.len()));
        site.source(
            "N",
            "here=$(dirname \"$0\")/..\nprintf '[00]000017<stream></stream>'\n\
             case $1 in 2017-01-02*) cat \"$here/empty\";; *) cat \"$here/one\";; esac\n",
            &format!("description = 'N'\n{DAYS}"),
        );
        let packet = "<packet><x type=\"time24\" units=\"UTC\"/></packet>";
        let records = ":01:2017-01-01T12:00:00.000 :01:2017-01-03T12:00:00.000\n";
        site.write("one", format!("[01]{:06}{packet}{records}", packet.len()));
        let built = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"))
            .args(["build", "N", "2017-01-01", "2017-01-02", "--now", "-c"])
            .arg(site.path("das2server.conf"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{built:?}");
        let range = "start_time=2017-01-01&end_time=2017-01-03";
        let answer = site.get(&format!("server=dataset&dataset=N&{range}"));
        let report = das2_server::check::check_stream(&answer.body[..]);
        assert!(report.is_conforming(), "{word}: {report}");
        let count = (report.summary.records, report.summary.exception_count);
        assert!(answer.text().contains("xCacheRange"), "{word}: {answer:?}");
        // The gap of the second day is empty, and the first day's block is not.
        assert_eq!(count, (1, 0), "{word}: {}", answer.text());
    }
}
