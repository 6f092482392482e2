//! Much data of a reader between blocks, and alone: what goes out without being
//! copied is what would have gone out otherwise.

use std::io::Write;
use std::process::Command;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::site::Site;

/// Milliseconds between records.
const STEP: u32 = 100;
const HOUR: u32 = 3_600_000;
const VALUES: usize = 32;

const HEAD: &str = "[00]000031<stream version=\"2.2\"></stream>";

fn packet_header() -> String {
    let xml = format!(
        "<packet><x type=\"little_endian_real8\" units=\"us2000\"></x><yscan name=\"s\" \
         type=\"little_endian_real4\" nitems=\"{VALUES}\" yUnits=\"Hz\" zUnits=\"V\"></yscan></packet>"
    );
    format!("[01]{:06}{xml}", xml.len())
}

/// The records of a stretch of 2000-01-01, in milliseconds of the day.
fn records(begin: u32, end: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for at in (begin..end).step_by(STEP as usize) {
        // us2000 counts from the beginning of this day.
        bytes.extend(b":01:");
        bytes.extend((f64::from(at) * 1e3).to_le_bytes());
        for value in 0..VALUES {
            bytes.extend((at as f32 + value as f32 / 64.0).to_le_bytes());
        }
    }
    bytes
}

/// The data packets of a stream, and what its headers say.
fn split(stream: &[u8]) -> (Vec<u8>, String) {
    let (mut data, mut headers, mut at) = (Vec::new(), String::new(), 0);
    while at < stream.len() {
        if stream[at] == b':' {
            let end = at + 4 + 8 + 4 * VALUES;
            data.extend(&stream[at..end]);
            at = end;
        } else {
            let length: usize = std::str::from_utf8(&stream[at + 4..at + 10])
                .unwrap()
                .parse()
                .unwrap();
            headers += std::str::from_utf8(&stream[at + 10..at + 10 + length]).unwrap();
            at += 10 + length;
        }
    }
    (data, headers)
}

fn site() -> Site {
    let site = Site::new("WORK_QUEUE_BROKER = none");
    let comment = "[xx]000053<comment type=\"log:info\" value=\"half of it\"></comment>";
    let comment = comment.replace("000053", &format!("{:06}", comment.len() - 10));
    // More than was asked for, and a comment in between.
    let stretch = |begin: u32, end: u32, more: u32| {
        let middle = begin + (end - begin) / 2 + 7 * STEP;
        let mut bytes = format!("{HEAD}{}", packet_header()).into_bytes();
        bytes.extend(records(begin.saturating_sub(more), middle));
        bytes.extend(comment.as_bytes());
        bytes.extend(records(middle, end + more));
        bytes
    };
    site.write("first", stretch(0, HOUR, 0));
    site.write("second", stretch(HOUR, 2 * HOUR, 90_000));
    site.write("third", stretch(2 * HOUR, 3 * HOUR, 0));
    site.write("all", stretch(0, 3 * HOUR, 0));
    let reader = r#"cd "$(dirname "$0")/.."
echo "$*" >>asked
case "$*" in
*T00:*T01:*) exec cat first;;
*T01:*T02:*) exec cat second;;
*T02:*T03:*) exec cat third;;
*) exec cat all;;
esac
"#;
    site.source(
        "L",
        reader,
        "description = 'L'\ncacheLevel_00 = 'intrinsic | hourly'",
    );
    site
}

fn query(more: &str) -> String {
    format!("server=dataset&dataset=L&start_time=2000-01-01T00:00&end_time=2000-01-01T03:00{more}")
}

fn build(site: &Site, begin: &str, end: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_das2_srv_cache"))
        .args(["build", "L", "--now"])
        .args([format!("2000-01-01{begin}"), format!("2000-01-01{end}")])
        .arg("-c")
        .arg(site.path("das2server.conf"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_large_gap_between_blocks_is_filled_exactly() {
    let site = site();
    build(&site, "T00:00", "T01:00");
    build(&site, "T02:00", "T03:00");
    site.write("asked", "");
    let answer = site.get(&query(""));
    assert_eq!(answer.status(), 200);
    let asked = std::fs::read_to_string(site.path("asked")).unwrap();
    assert!(
        asked.contains("T01:") && asked.lines().count() == 1,
        "{asked}"
    );
    let (data, headers) = split(&answer.body);
    assert!(headers.contains("half of it"), "{headers}");
    assert!(data == records(0, 3 * HOUR), "{} bytes", data.len());
}

#[test]
fn much_of_a_reader_alone_goes_out_as_it_came() {
    let site = site();
    let answer = site.get(&query("&params=uncached"));
    assert_eq!(answer.status(), 200);
    let (data, headers) = split(&answer.body);
    assert!(headers.contains("half of it"), "{headers}");
    assert!(data == records(0, 3 * HOUR), "{} bytes", data.len());
}

/// What is inflated comes to lie where a long header was read, and is not what was there.
#[test]
fn much_that_was_compressed_goes_out_as_it_was_before() {
    let site = site();
    build(&site, "T00:00", "T01:00");
    build(&site, "T02:00", "T03:00");
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(packet_header().as_bytes()).unwrap();
    deflated.write_all(&records(HOUR, 2 * HOUR)).unwrap();
    let deflated = deflated.finish().unwrap();
    // It ends in the second read, whether that comes after 128 or 256 KiB.
    for length in [200_000, 300_000] {
        let xml = format!(
            "<stream version=\"2.2\" compression=\"deflate\"><properties String:note=\"{}\"/></stream>",
            "x".repeat(length)
        );
        let head = format!("[00]{:06}{xml}", xml.len());
        site.write("second", [head.as_bytes(), &deflated].concat());
        let answer = site.get(&query(""));
        assert_eq!(answer.status(), 200);
        let (data, _) = split(&answer.body);
        assert!(data == records(0, 3 * HOUR), "{} bytes", data.len());
    }
}
