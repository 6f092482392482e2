//! A site's own programs beside the cache: a reader of the cache, a program
//! that makes text, a reducer.

use std::fs;

use crate::minute::{Minutes, day_text};

const DAYS: &str = "cacheLevel_00 = 'intrinsic | daily'";

/// Notes its arguments, one a line, and hands on a stream of its own.
const OWN: &str = "printf '%s\\n' \"$@\" >\"$(dirname \"$0\")/../seen\"\n\
                   printf '[00]000017<stream></stream>[xx]000033<comment type=\"x\" value=\"own\" />\\n '\n";

fn seen(m: &Minutes) -> Option<Vec<String>> {
    let file = m.site.path("seen");
    let text = fs::read_to_string(&file).ok()?;
    fs::remove_file(file).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

/// The six arguments that a reader of the cache has always been given.
fn six(m: &Minutes, begin: &str, end: &str, resolution: &str) -> Option<Vec<String>> {
    let path = |name: &str| m.site.path(name).display().to_string();
    Some(vec![
        path("dsdf/M.dsdf"),
        path("cache/data/M"),
        "_noparam".to_owned(),
        begin.to_owned(),
        end.to_owned(),
        resolution.to_owned(),
    ])
}

#[test]
fn a_sites_own_reader_of_the_cache_is_used_where_all_is_there() {
    let of_dsdf = Minutes::new(&format!("{DAYS}\ncacheReader = 'own_rdr'"));
    let of_conf = Minutes::with(DAYS, "WORK_QUEUE_BROKER = none\nD2S_CACHE_RDR = own_rdr");
    for m in [of_dsdf, of_conf] {
        m.site.reader("own_rdr", OWN);
        m.fill_days(1..4);
        let (begin, end) = ("2017-01-01T06:00", "2017-01-03");
        let text = m.get(begin, end, "&resolution=1.5").text();
        assert!(text.contains("value=\"own\""), "{text}");
        assert_eq!(seen(&m), six(&m, begin, end, "1.50000e+00"));
        m.get(begin, end, "");
        assert_eq!(seen(&m), six(&m, begin, end, "0.00000e+00"));
        assert!(m.runs().is_empty());
        // It knows no gaps: with one the reader is run, as without a cache.
        let wanted = m.records("2017-01-01", "2017-01-06", "&params=uncached");
        m.runs();
        assert_eq!(m.records("2017-01-01", "2017-01-06", ""), wanted);
        assert_eq!(m.runs(), ["2017-01-01 2017-01-06"]);
        // Nor does it know what is wrong with a block.
        let file = m.block("intrinsic/2017/01/2017-01-02_intrinsic.d2s");
        let mut bytes = fs::read(&file).unwrap();
        bytes[2000..2100].fill(b'?');
        fs::write(&file, bytes).unwrap();
        assert_eq!(m.records("2017-01-01", "2017-01-04", "").len(), 3 * 144);
        assert_eq!(m.runs(), ["2017-01-01 2017-01-04"]);
        assert_eq!(seen(&m), None);
    }
}

#[test]
fn the_name_of_the_reader_that_comes_with_the_server_means_the_server_itself() {
    let m = Minutes::with(
        &format!("{DAYS}\ncacheReader = ' das2_cache_rdr '"),
        "WORK_QUEUE_BROKER = none\nD2S_CACHE_RDR = \"das2_cache_rdr\"",
    );
    // Whatever is found under that name.
    m.site.reader("das2_cache_rdr", OWN);
    m.fill_days(1..4);
    fs::remove_file(m.block("intrinsic/2017/01/2017-01-02_intrinsic.d2s")).unwrap();
    assert_eq!(m.records("2017-01-01", "2017-01-04", "").len(), 3 * 144);
    assert_eq!(m.runs(), ["2017-01-02 2017-01-03"]);
    assert_eq!(seen(&m), None);
}

#[test]
fn a_sites_own_reader_of_the_cache_that_fails_is_an_error() {
    let m = Minutes::new(&format!("{DAYS}\ncacheReader = 'own_rdr'"));
    m.site
        .reader("own_rdr", "echo 'no such thing' >&2\nexit 7\n");
    m.fill_days(1..3);
    let answer = m.get("2017-01-01", "2017-01-03", "");
    assert_eq!(answer.status(), 500);
    assert!(!answer.text().contains("no such thing"));
    assert!(m.site.log().contains("no such thing"));
}

#[test]
fn a_sites_own_text_is_made_of_blocks_too() {
    let m = Minutes::new(&format!("{DAYS}\ntextConverter = 'own_text'"));
    m.site.reader("own_text", "tr a-z A-Z");
    let program = env!("CARGO_BIN_EXE_das2_cache_rdr");
    std::os::unix::fs::symlink(program, m.site.path("bin/das2_cache_rdr")).unwrap();
    m.fill_days(1..4);
    let ask = |begin, end| m.get(begin, end, "&ascii=1").text();
    let text = ask("2017-01-01T12:00", "2017-01-04");
    assert!(m.runs().is_empty());
    assert!(
        text.contains("XCACHERANGE") && !text.contains("stream"),
        "{text}"
    );
    assert_eq!(text.matches(":01:").count(), 72 + 2 * 144);
    let text = ask("2017-01-01T12:00", "2017-01-05");
    assert_eq!(m.runs(), ["2017-01-01T12:00 2017-01-05"]);
    assert_eq!(text.matches(":01:").count(), 72 + 3 * 144);
}

#[test]
fn what_a_program_could_not_use_is_queued() {
    let m = crate::queue::with_queue(&format!("{DAYS}\ncacheReader = 'own_rdr'"));
    m.site.reader("own_rdr", OWN);
    m.fill_days(1..5);
    fs::write(m.block("intrinsic/2017/01/2017-01-03_intrinsic.d2s"), "x").unwrap();
    m.records("2017-01-01", "2017-01-05", "");
    assert_eq!(crate::queue::waiting(&m), ["M 2017-01-03 2017-01-04 0"]);
}

#[test]
fn reducers_are_told_where_bins_begin() {
    // One that is ours and has a beginning already; one of the site's.
    for (reducer, own) in [
        ("das2_bin_avgsec -b 2000-01-01T00:17", false),
        ("own_bins", true),
    ] {
        let m = Minutes::new(&format!(
            "cacheLevel_00 = '3600 s | daily'\nreducer = '{reducer}'"
        ));
        let ours = env!("CARGO_BIN_EXE_das2_bin_avgsec");
        m.site.reader(
            "own_bins",
            &format!("printf '%s\\n' \"$@\" >\"$(dirname \"$0\")/../seen\"\nexec {ours} \"$@\"\n"),
        );
        let plain = Minutes::new("cacheLevel_00 = '3600 s | daily'");
        for m in [&m, &plain] {
            let answer = plain.get("2017-01-01", "2017-01-02", "&resolution=3600&params=x");
            let file = m.block("bin-3600s/2017/01/2017-01-01_bin-3600s.d2s");
            fs::write(file, answer.body).unwrap();
        }
        let get = |m: &Minutes| m.records("2017-01-01", "2017-01-03T05:20", "&resolution=3600");
        assert_eq!(get(&m), get(&plain), "{reducer}");
        let args = own.then(|| {
            ["-b", &day_text(2), "3600.000000"]
                .map(str::to_owned)
                .to_vec()
        });
        assert_eq!(seen(&m), args);
    }
}
