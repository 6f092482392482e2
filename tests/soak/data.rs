//! The data that all sources of this site have: four days, a record every 40 s,
//! in a file an hour.

use std::ops::Range;

/// Hours since 20 February 2020.
pub const HOURS: usize = 96;

/// Records of an hour.
pub const RECORDS: usize = 90;

/// The time of an hour, as far as the minute.
pub fn time(hour: usize) -> String {
    format!("2020-02-{:02}T{:02}:00", 20 + hour / 24, hour % 24)
}

/// A stream header and a packet header.
pub fn header() -> String {
    let stream = "<stream version=\"2.2\">\n<properties String:title=\"T\" />\n</stream>\n";
    let packet = "<packet>\n  <x type=\"time24\" units=\"us2000\"></x>\n  <y type=\"ascii10\" name=\"amp\" units=\"V\"></y>\n</packet>\n";
    format!(
        "[00]{:06}{stream}[01]{:06}{packet}",
        stream.len(),
        packet.len()
    )
}

/// The records of an hour; each value is another.
pub fn hour(hour: usize) -> String {
    let record = |n: usize| {
        let (minute, second) = (n * 40 / 60, n * 40 % 60);
        let value = (hour * RECORDS + n) as f64;
        let time = time(hour);
        let day = &time[..13];
        format!(":01:{day}:{minute:02}:{second:02}.000 {value:9.3e}\n")
    };
    (0..RECORDS).map(record).collect()
}

/// The records of some hours.
pub fn records(hours: Range<usize>) -> String {
    hours.map(hour).collect()
}

/// What a reader writes for some hours.
pub fn stream(hours: Range<usize>) -> String {
    header() + &records(hours)
}
