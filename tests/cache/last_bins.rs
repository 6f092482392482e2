//! Bins that do not end with their block: the last one reaches out of it, and may have
//! its time there. Whichever way an answer is made, it has them.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use das2_server::check::check_stream;

use crate::site::Site;

/// One record a minute with its number, and all of the day whatever is asked for.
fn records() -> String {
    let packet = "<packet><x type=\"time20\" units=\"UTC\"></x><y type=\"ascii6\" name=\"n\" units=\"V\"></y></packet>";
    let mut text = format!("[00]000017<stream></stream>[77]{:06}{packet}", packet.len());
    for number in 0..1440 {
        let (hour, minute) = (number / 60, number % 60);
        text.push_str(&format!(
            ":77:2017-01-01T{hour:02}:{minute:02}:00 {number:5} "
        ));
    }
    text
}

fn run(program: &str, args: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn bins(stream: &str) -> Vec<String> {
    let bins = stream.split(":77:").skip(1).map(str::to_owned);
    bins.collect()
}

/// What the reducer says of the records of one hour.
fn bins_of_hour(hour: usize, seconds: &str) -> Vec<String> {
    let all = records();
    let (headers, records) = all.split_once(":77:").unwrap();
    let mut stream = headers.to_owned();
    for record in records.split(":77:").skip(hour * 60).take(60) {
        stream.push_str(":77:");
        stream.push_str(record);
    }
    let begin = format!("2017-01-01T{hour:02}:00");
    let reducer = env!("CARGO_BIN_EXE_das2_bin_avgsec");
    bins(&run(reducer, &["-b", &begin, seconds], &stream))
}

fn tool(site: &Site, words: &[&str]) -> String {
    let conf = site.path("das2server.conf");
    let conf = ["-c", conf.to_str().unwrap()];
    let tool = env!("CARGO_BIN_EXE_das2_srv_cache");
    run(tool, &[words, &conf[..]].concat(), "")
}

fn site(seconds: &str) -> (Site, impl Fn(usize) -> PathBuf) {
    let site = Site::new("WORK_QUEUE_BROKER = none");
    site.write("records", records());
    let level = format!("description = 'L'\ncacheLevel_00 = '{seconds} s | hourly'");
    site.source("L", "cat \"$(dirname \"$0\")/../records\"\n", &level);
    let folder = site.path(&format!("cache/data/L/_noparam/bin-{seconds}s/2017/01/01"));
    let block = format!("bin-{seconds}s.d2s");
    let file = move |hour: usize| folder.join(format!("2017-01-01T{hour:02}_{block}"));
    (site, file)
}

#[test]
fn the_last_bin_of_a_block_is_in_every_answer() {
    // The sixth of 700 s has its middle 250 s after the hour.
    for seconds in ["700", "1600", "8000"] {
        let (site, file) = site(seconds);
        let wanted: Vec<String> = (2..8)
            .flat_map(|hour| bins_of_hour(hour, seconds))
            .collect();
        assert!(wanted.iter().any(|bin| bin > &"2017-01-01T08".to_owned()));
        let get = || {
            let query = format!(
                "server=dataset&dataset=L&start_time=2017-01-01T02:00&end_time=2017-01-01T09:00&\
                 resolution={seconds}"
            );
            let answer = site.get(&query);
            assert_eq!(answer.status(), 200, "{answer:?}");
            assert!(check_stream(&answer.body[..]).is_conforming());
            let mut found = bins(&answer.text());
            // The hour behind is there for the bins that reach into it.
            let others = bins_of_hour(8, seconds);
            found.retain(|bin| !others.contains(bin));
            found
        };
        tool(&site, &["build", "L", "2017-01-01", "2017-01-02", "--now"]);
        assert_eq!(get(), wanted, "{seconds}");
        let said = tool(&site, &["verify"]);
        assert!(said.contains("24 blocks, 0 with findings"), "{said}");
        for hour in [2, 4, 5, 7, 8] {
            fs::remove_file(file(hour)).unwrap();
            assert_eq!(get(), wanted, "{seconds} without {hour}");
        }
        // As a block that was copied, which is looked through.
        tool(&site, &["build", "L", "2017-01-01", "2017-01-02", "--now"]);
        let copied = fs::read(file(3)).unwrap();
        fs::write(file(3), copied).unwrap();
        assert_eq!(get(), wanted, "{seconds}");
        let said = tool(&site, &["import", "L"]);
        assert!(said.contains("0 left alone"), "{said}");
        assert!(!site.log().contains("is not used"), "{}", site.log());
    }
}

#[test]
fn a_bin_that_ends_behind_the_range_is_left_out() {
    let (site, _) = site("700");
    tool(&site, &["build", "L", "2017-01-01", "2017-01-02", "--now"]);
    let query = "server=dataset&dataset=L&resolution=700&start_time=2017-01-01T02:00&end_time=";
    let count = |end: &str| bins(&site.get(&format!("{query}{end}")).text()).len();
    assert_eq!(count("2017-01-01T03:00"), 5);
    assert_eq!(count("2017-01-01T03:04:00"), 5);
    assert_eq!(count("2017-01-01T03:05:00"), 6);
}
