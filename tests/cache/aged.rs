//! Sources whose old data are open: nothing that is too young is part of a mean.

use std::fs;
use std::time::SystemTime;

use crate::minute::{Minutes, day_text};

const BINS: &str = "&resolution=10800";

/// The source with bins of three hours, of which the data before a time between
/// 04:50 and 05:50 on 4 January are open.
fn aged() -> Minutes {
    const LOCK: u64 = 1_483_505_400;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let hours = (now.unwrap().as_secs() - LOCK) / 3600;
    let m = Minutes::new(&format!(
        "cacheLevel_00 = '10800 s | daily'\nreadAccess = 'AGE:{hours}h'"
    ));
    let file = m.site.path("dsdf/M.dsdf");
    let closed = fs::read_to_string(&file).unwrap();
    fs::write(&file, closed.replace("readAccess", "# readAccess")).unwrap();
    let bodies = [3, 4].map(|day| {
        let more = format!("{BINS}&params=uncached");
        (day, m.get(&day_text(day), &day_text(day + 1), &more).body)
    });
    fs::write(&file, closed).unwrap();
    // After the definition, or they would be out of date.
    for (day, body) in bodies {
        let name = format!("bin-10800s/2017/01/{}_bin-10800s.d2s", day_text(day));
        fs::write(m.block(&name), body).unwrap();
    }
    m.runs();
    m
}

/// The records' values, which count the readings of January.
fn values(records: &[String]) -> Vec<f64> {
    let value = |record: &String| record.split_whitespace().last().unwrap().parse().unwrap();
    records.iter().map(value).collect()
}

#[test]
fn no_bin_holds_what_is_too_young() {
    let m = aged();
    assert_eq!(m.get("2017-01-03", "2017-01-04T06:00", BINS).status(), 401);
    // The bin from 03:00 on would be the last one.
    let found = values(&m.records("2017-01-03", "2017-01-04T04:45", BINS));
    assert_eq!(found.len(), 9, "{found:?}");
    assert_eq!(found.last(), Some(&(3.0 * 144.0 + 8.5)));
    let text = m.get("2017-01-03", "2017-01-04T04:45", BINS).text();
    assert!(text.contains("xCacheRange=\"2017-01-03 to 2017-01-04T03:00:00 UTC\""));
    assert_eq!(m.runs(), [""; 0], "{}", m.site.log());
    // A range that ends before needs no cut.
    let text = m.get("2017-01-03", "2017-01-04T02:30", BINS).text();
    assert!(text.contains("xCacheRange=\"2017-01-03 to 2017-01-04T02:30 UTC\""));
    // Within that bin the reader gives what is open.
    let found = values(&m.records("2017-01-04T03:00", "2017-01-04T04:45", BINS));
    assert_eq!(m.runs(), ["2017-01-04T03:00 2017-01-04T04:45"]);
    let readings = 3.0 * 144.0 + 18.0;
    assert_eq!(found, [readings + 5.0]);
    // A gap is read to the end of the last bin that is open.
    fs::remove_file(m.block("bin-10800s/2017/01/2017-01-04_bin-10800s.d2s")).unwrap();
    m.records("2017-01-03", "2017-01-04T04:45", BINS);
    assert_eq!(m.runs(), ["2017-01-04 2017-01-04T03:00:00"]);
}
