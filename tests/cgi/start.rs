//! What a program gets from its start: standard streams, and no SIGPIPE.

use crate::site::{RANGE, Site};

#[test]
fn closed_standard_streams_are_nobody_elses() {
    let site = Site::new("");
    for closed in [">&-", "<&- >&- 2>&-"] {
        let script = format!("exec \"$0\" {closed}");
        let output = site.ask().query("server=id").by_shell(&script).output();
        assert!(output.stdout.is_empty());
    }
    let log = site.log();
    assert_eq!(log.matches("bytes sent").count(), 2, "{log}");
    assert!(log.lines().all(|line| line.starts_with('[')), "{log}");
}

#[test]
fn readers_end_by_sigpipe_as_usual() {
    let site = Site::new("");
    let script = "printf '[00]000017<stream></stream>'; grep SigIgn: /proc/self/status";
    site.source("tells", script, "");
    let text = site
        .get(&format!("server=dataset&dataset=tells&{RANGE}"))
        .text();
    let (_, ignored) = text.split_once("SigIgn:\t").expect(&text);
    let ignored = u64::from_str_radix(ignored.get(..16).unwrap(), 16).unwrap();
    assert_eq!(ignored >> 12 & 1, 0, "{text}");
}
