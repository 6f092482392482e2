//! Hits, gaps, and blocks that cannot be used.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::minute::Minutes;

const DAYS: &str = "cacheLevel_00 = 'intrinsic | daily'";

fn all(minutes: &Minutes, begin: &str, end: &str) -> Vec<String> {
    let records = minutes.records(begin, end, "&params=uncached");
    minutes.runs();
    assert!(!records.is_empty());
    records
}

#[test]
fn blocks_that_are_there_need_no_reader() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..5);
    for (begin, end) in [
        ("2017-01-01", "2017-01-05"),
        ("2017-01-02T10:20:30", "2017-01-03T01:00"),
        ("2017-01-02T10:20", "2017-01-02T10:50"),
    ] {
        let wanted = all(&m, begin, end);
        assert_eq!(m.records(begin, end, ""), wanted);
        assert!(m.runs().is_empty(), "{begin}");
    }
    // Any resolution is served by a level that is finer.
    assert_eq!(
        m.records("2017-01-01", "2017-01-02", "&resolution=60")
            .len(),
        144
    );
    assert!(m.runs().is_empty());
}

#[test]
fn the_stream_says_what_it_is() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..3);
    let text = m.get("2017-01-01T06:00", "2017-01-02T18:00", "").text();
    assert!(
        text.contains("DatumRange:xCacheRange=\"2017-01-01T06:00 to 2017-01-02T18:00 UTC\""),
        "{text}"
    );
    assert!(!text.contains("xCacheResolution"));
    assert_eq!(text.matches("<stream").count(), 1);
    assert_eq!(text.matches("<packet").count(), 1);
}

#[test]
fn the_reader_runs_for_exactly_what_is_missing() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..6);
    fs::remove_file(m.block("intrinsic/2017/01/2017-01-03_intrinsic.d2s")).unwrap();
    let wanted = all(&m, "2017-01-01T12:00", "2017-01-05T12:00");
    assert_eq!(
        m.records("2017-01-01T12:00", "2017-01-05T12:00", ""),
        wanted
    );
    assert_eq!(m.runs(), ["2017-01-03 2017-01-04"]);
    // A gap at the end of the range is read no further than is asked.
    let wanted = all(&m, "2017-01-02T12:00", "2017-01-03T12:30");
    assert_eq!(
        m.records("2017-01-02T12:00", "2017-01-03T12:30", ""),
        wanted
    );
    assert_eq!(m.runs(), ["2017-01-03 2017-01-03T12:30:00"]);
    // Without any block the reader runs as it does without a cache.
    assert_eq!(m.records("2017-01-10", "2017-01-11", "").len(), 144);
    assert_eq!(m.runs(), ["2017-01-10 2017-01-11"]);
    // With hardly any it runs once.
    assert_eq!(m.records("2017-01-05", "2017-01-20", "").len(), 15 * 144);
    assert_eq!(m.runs(), ["2017-01-05 2017-01-20"]);
}

#[test]
fn many_gaps_are_one_run() {
    let m = Minutes::new("cacheLevel_00 = 'intrinsic | hourly'");
    let hours: Vec<String> = (0..=42)
        .map(|hour| format!("2017-01-{:02}T{:02}:00", 3 + hour / 24, hour % 24))
        .collect();
    for pair in hours[..42].chunks(2) {
        let answer = m.get(&pair[0], &pair[1], "&params=uncached");
        let folder = pair[0][..10].replace('-', "/");
        let file = m.block(&format!(
            "intrinsic/{folder}/{}_intrinsic.d2s",
            &pair[0][..13]
        ));
        fs::write(file, answer.body).unwrap();
    }
    // Twenty are read one by one; with one more, it is read at once what is read anyway, and
    // no more than as much again.
    for (end, runs) in [(40, 20), (42, 1)] {
        let wanted = all(&m, &hours[0], &hours[end]);
        assert_eq!(m.records(&hours[0], &hours[end], ""), wanted);
        let done = m.runs();
        assert_eq!(done.len(), runs, "{done:?}");
    }
}

#[test]
fn bins_of_gaps_are_those_of_blocks() {
    let m = Minutes::new("cacheLevel_00 = '3600 s | daily'");
    let hour = "&resolution=3600";
    let run = |day: u32| {
        let (begin, end) = (
            crate::minute::day_text(day),
            crate::minute::day_text(day + 1),
        );
        m.get(&begin, &end, &format!("{hour}&params=uncached")).body
    };
    for day in [1, 2, 4] {
        let begin = crate::minute::day_text(day);
        let file = m.block(&format!("bin-3600s/2017/01/{begin}_bin-3600s.d2s"));
        fs::write(file, run(day)).unwrap();
    }
    m.runs();
    let wanted: Vec<String> = m.records("2017-01-01", "2017-01-06", &format!("{hour}&params=x"));
    m.runs();
    assert_eq!(m.records("2017-01-01", "2017-01-06", hour), wanted);
    assert_eq!(m.runs(), ["2017-01-03 2017-01-04", "2017-01-05 2017-01-06"]);
    let part = m.records("2017-01-03T05:20", "2017-01-04T02:10", hour);
    assert_eq!(part[0], wanted[2 * 24 + 5].as_str());
    assert_eq!(m.runs(), ["2017-01-03T05:00:00 2017-01-04"]);
    assert_eq!(part.len(), 21);
}

/// A reader may compress its stream, and das2-pyserver keeps what it wrote.
#[test]
fn blocks_that_are_compressed_are_inflated() {
    let m = Minutes::new(DAYS);
    let wanted = all(&m, "2017-01-01", "2017-01-04");
    m.fill_days(1..4);
    for day in [1, 2] {
        let file = m.block(&format!("intrinsic/2017/01/2017-01-{day:02}_intrinsic.d2s"));
        let block = fs::read(&file).unwrap();
        let length: usize = std::str::from_utf8(&block[4..10]).unwrap().parse().unwrap();
        let (header, rest) = block[10..].split_at(length);
        let header = String::from_utf8(header.to_vec()).unwrap();
        let header = header.replacen("<stream", "<stream compression=\"deflate\"", 1);
        let mut bytes = format!("[00]{:06}{header}", header.len()).into_bytes();
        let mut zlib = flate2::write::ZlibEncoder::new(&mut bytes, flate2::Compression::default());
        std::io::Write::write_all(&mut zlib, rest).unwrap();
        zlib.finish().unwrap();
        // One that has lost its end is read around.
        bytes.truncate(bytes.len() - if day == 2 { 100 } else { 0 });
        fs::write(file, bytes).unwrap();
    }
    assert_eq!(m.records("2017-01-01", "2017-01-04", ""), wanted);
    assert_eq!(m.runs(), ["2017-01-02 2017-01-03"]);
    let part = m.records("2017-01-01T10:00", "2017-01-01T20:00", "");
    assert_eq!(part, wanted[60..120]);
    assert!(m.runs().is_empty());
}

#[test]
fn what_cannot_be_used_is_read_around() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..9);
    let file = |day: u32| m.block(&format!("intrinsic/2017/01/2017-01-{day:02}_intrinsic.d2s"));
    // Cut short, garbage in the middle, another format, a folder, nothing.
    let whole = fs::read(file(2)).unwrap();
    fs::write(file(2), &whole[..whole.len() - 7]).unwrap();
    let mut garbage = whole.clone();
    garbage[2000..2100].fill(b'?');
    fs::write(file(3), garbage).unwrap();
    fs::write(file(4), b"CDF\x01\x02\x03").unwrap();
    fs::remove_file(file(5)).unwrap();
    fs::create_dir(file(5)).unwrap();
    fs::write(file(6), b"").unwrap();
    // Built before its span was over.
    let early = SystemTime::UNIX_EPOCH + Duration::from_secs(1_483_228_800 + 6 * 86_400 + 3600);
    fs::File::options()
        .write(true)
        .open(file(7))
        .unwrap()
        .set_modified(early)
        .unwrap();
    // What a reader said when it failed.
    let exception = "<exception type=\"ServerError\" message=\"disk gone\" />\n";
    let mut failed = fs::read(file(8)).unwrap();
    failed.extend(format!("[xx]{:06}{exception}", exception.len()).bytes());
    fs::write(file(8), failed).unwrap();
    let wanted = all(&m, "2017-01-01", "2017-01-09");
    assert_eq!(m.records("2017-01-01", "2017-01-09", ""), wanted);
    assert_eq!(m.runs(), ["2017-01-02 2017-01-09"]);
    let log = m.site.log();
    assert!(log.contains("2017-01-07_intrinsic.d2s is not used: it was built before"));
}

/// With blocks that are there and cannot be seen a site only gets slow.
#[test]
fn folders_that_cannot_be_read_are_told() {
    let m = Minutes::new("cacheLevel_00 = 'intrinsic | daily'");
    m.fill_days(1..3);
    let wanted = all(&m, "2017-01-01", "2017-01-03");
    assert!(!m.site.log().contains("are not seen"));
    let month = m.site.path("cache/data/M/_noparam/intrinsic/2017/01");
    fs::remove_dir_all(&month).unwrap();
    fs::write(&month, "").unwrap();
    assert_eq!(m.records("2017-01-01", "2017-01-03", ""), wanted);
    let told = format!("Cache: {}: Not a directory", month.display());
    let log = m.site.log();
    assert!(
        log.contains(&told) && log.contains("; blocks in it are not seen"),
        "{log}"
    );
}

#[test]
fn empty_blocks_are_remembered() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..2);
    let exception = "<exception type=\"NoDataInInterval\" message=\"none\" />\n";
    let empty = format!(
        "[00]000017<stream></stream>[xx]{:06}{exception}",
        exception.len()
    );
    fs::write(m.block("intrinsic/2017/01/2017-01-02_intrinsic.d2s"), empty).unwrap();
    assert_eq!(m.records("2017-01-01", "2017-01-03", "").len(), 144);
    let text = m.get("2017-01-02", "2017-01-03", "").text();
    assert!(m.runs().is_empty());
    assert!(text.contains("NoDataInInterval"), "{text}");
    assert!(text.contains("2017-01-02 to 2017-01-03 at native resolution"));
}

#[test]
fn text_and_compression_come_out_of_the_cache_too() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..4);
    fs::remove_file(m.block("intrinsic/2017/01/2017-01-02_intrinsic.d2s")).unwrap();
    let wanted = all(&m, "2017-01-01", "2017-01-04");
    assert_eq!(m.records("2017-01-01", "2017-01-04", "&ascii=1"), wanted);
    let table = m.get("2017-01-01", "2017-01-04", "&format=csv");
    assert_eq!(table.content_type(), "text/csv; charset=utf-8");
    assert_eq!(table.text().lines().count(), 1 + wanted.len());
    let answer = m.get("2017-01-01", "2017-01-04", "&compress=true");
    let report = das2_server::check::check_stream(&answer.body[..]);
    assert!(report.is_conforming(), "{report}");
    assert_eq!(m.runs().len(), 3);
}

#[test]
fn a_reader_that_fails_in_a_gap_ends_the_stream_with_an_exception() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..4);
    fs::remove_file(m.block("intrinsic/2017/01/2017-01-02_intrinsic.d2s")).unwrap();
    m.site.reader("M", "exit 3\n");
    let answer = m.get("2017-01-01", "2017-01-04", "");
    assert_eq!(answer.status(), 200);
    let text = answer.text();
    assert!(text.contains("2017-01-01T23:50"), "what was there is kept");
    assert!(text.contains("InternalServerError"), "{text}");
    assert!(!text.contains("2017-01-03T00:10"));
    // As the first thing it is an error answer.
    assert_eq!(m.get("2017-01-02", "2017-01-03T12:00", "").status(), 500);
}

#[test]
fn params_choose_the_folder_and_nothing_else() {
    let m = Minutes::new("cacheLevel_00 = 'intrinsic | daily | b-x  a'");
    m.fill_days(1..2);
    let from = m.block("intrinsic/2017/01/2017-01-01_intrinsic.d2s");
    let to = m
        .site
        .path("cache/data/M/a_b_x/intrinsic/2017/01/2017-01-01_intrinsic.d2s");
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::rename(from, to).unwrap();
    assert_eq!(
        m.records("2017-01-01", "2017-01-02", "&params=a%20b-x")
            .len(),
        144
    );
    assert!(m.runs().is_empty());
    // A gap is read with the params of the level.
    m.records("2017-01-01T12:00", "2017-01-03", "&params=a%20b-x");
    assert_eq!(m.runs(), ["2017-01-02 2017-01-03 b-x a"]);
    // Words that would lead elsewhere find no folder.
    for hostile in ["../../../etc", "a%2Fb", &"x".repeat(3000)] {
        let answer = m.get("2017-01-01", "2017-01-02", &format!("&params={hostile}"));
        assert_eq!(answer.status(), 200);
        assert_eq!(m.runs().len(), 1);
    }
}

#[test]
fn a_reader_that_asks_the_request_is_never_answered_for_by_blocks() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..3);
    for keyword in ["reader = 'M $(mode,plain)'", "reducer = 'M $(mode,plain)'"] {
        let dsdf = format!("reader = 'M'\ndas2Stream = 1\ndescription = 'M'\n{DAYS}\n{keyword}\n");
        m.site.dsdf("M", &dsdf);
        // Without a value it is what blocks are made with.
        assert_eq!(m.records("2017-01-01", "2017-01-02", "").len(), 144);
        assert!(m.runs().is_empty(), "{keyword}");
        m.get("2017-01-01", "2017-01-02", "&mode=other");
        assert_eq!(m.runs().len(), 1, "{keyword}");
    }
}

#[test]
fn blocks_of_a_closed_source_are_closed() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..3);
    assert_eq!(m.get("2017-01-01", "2017-01-03", "").status(), 200);
    let path = m.site.path("dsdf/M.dsdf");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        format!("{text}\nreadAccess = 'AGE:100y | USER:me'\n"),
    )
    .unwrap();
    for more in ["", "&ascii=1", "&resolution=60", "&compress=true"] {
        let answer = m.get("2017-01-01", "2017-01-03", more);
        assert_eq!(answer.status(), 401, "{more}");
        assert!(!answer.text().contains(":01:2017"), "{more}");
    }
    fs::write(&path, format!("{text}\nreadAccess = 'AGE:1m'\n")).unwrap();
    assert_eq!(m.get("2017-01-01", "2017-01-03", "").status(), 200);
    assert!(m.runs().is_empty());
}

#[test]
fn a_block_that_is_replaced_while_it_is_read() {
    let m = Minutes::new(DAYS);
    m.fill_days(1..4);
    let file = m.block("intrinsic/2017/01/2017-01-02_intrinsic.d2s");
    let wanted = all(&m, "2017-01-01", "2017-01-04");
    let before = fs::read(&file).unwrap();
    // The same data in a file of another length.
    let text = String::from_utf8(before.clone()).unwrap();
    let header = "<stream version=\"2.2\"/>";
    let longer = header.replace("/>", &format!("><!-- {} --></stream>", "x".repeat(5000)));
    let old = format!("[00]{:06}", header.len());
    assert!(text.starts_with(&old), "{text}");
    let after = format!(
        "[00]{:06}{longer}{}",
        longer.len(),
        &text[old.len() + header.len()..]
    );
    let done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::Relaxed;
    let replaced = std::thread::scope(|scope| {
        let replacing = scope.spawn(|| {
            let mut count = 0;
            let new = file.with_extension("new");
            while !done.load(order) {
                let bytes = match count % 2 {
                    0 => after.as_bytes(),
                    _ => &before,
                };
                fs::write(&new, bytes).unwrap();
                fs::rename(&new, &file).unwrap();
                count += 1;
            }
            count
        });
        for _ in 0..40 {
            assert_eq!(m.records("2017-01-01", "2017-01-04", ""), wanted);
            assert_eq!(
                m.records("2017-01-01T12:00", "2017-01-02T12:00", ""),
                wanted[72..216]
            );
        }
        done.store(true, order);
        replacing.join().unwrap()
    });
    assert!(replaced > 10, "{replaced}");
    assert!(m.runs().is_empty());
}

#[test]
fn what_is_cached_needs_no_place_for_a_reader() {
    for own in ["", "\nD2S_CACHE_RDR = own_rdr"] {
        let limits =
            "WORK_QUEUE_BROKER = none\nSTATE_PATH = state\nREADER_MAX = 1\nREADER_QUEUE = 0";
        let m = Minutes::with(DAYS, &format!("{limits}{own}"));
        let script = "printf '[00]000023<stream version=\"2.2\"/>'\n";
        m.site.reader("own_rdr", script);
        fs::create_dir(m.site.path("state")).unwrap();
        m.fill_days(1..4);
        let place = fs::File::create(m.site.path("state/readers/place.1")).unwrap();
        place.lock().unwrap();
        for more in ["", "&resolution=60", "&ascii=1", "&compress=1"] {
            let answer = m.get("2017-01-01", "2017-01-03T12:00", more);
            assert_eq!(answer.status(), 200, "{own}{more}");
            // A gap needs a reader, and that is told before half of it is sent.
            let answer = m.get("2017-01-02", "2017-01-05", more);
            assert_eq!(answer.status(), 503, "{own}{more}");
            assert_eq!(m.get("2017-01-10", "2017-01-11", more).status(), 503);
        }
        drop(place);
        assert_eq!(m.records("2017-01-02", "2017-01-05", "").len(), 3 * 144);
    }
}
