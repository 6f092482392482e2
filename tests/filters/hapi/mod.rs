//! das2_hapi.

mod chosen;
mod endings;
mod forms;
mod info;
mod values;

use std::process::Output;

use serde_json::Value;

use crate::builder::{Builder, encode, le8};
use crate::processes::{command, fed};
use crate::running::{bytes_of, words};

pub fn text(words: &[&str], input: &[u8]) -> String {
    String::from_utf8(bytes_of(words, input)).unwrap()
}

pub fn lines(line: &str, input: &[u8]) -> Vec<String> {
    text(&words(line), input)
        .split_terminator('\n')
        .map(str::to_owned)
        .collect()
}

/// The info object alone; it has to be JSON.
pub fn info(line: &str, input: &[u8]) -> Value {
    let made = text(&words(&format!("{line} -i -n")), input);
    serde_json::from_str(&made).unwrap_or_else(|error| panic!("{error}: {made}"))
}

pub fn ended(line: &str, input: &[u8]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = fed(command(line), input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// x, a real of four bytes, a scan of three of eight, an integer.
pub fn sample() -> Vec<u8> {
    let mut s = Builder::with("String:title=\"A &quot;title&quot;,!cof %{what}\" what=\"much\"");
    s.packet(
        1,
        "<x type=\"little_endian_real8\" units=\"us2000\"/>\
         <y name=\"a,b\" type=\"little_endian_real4\" units=\"V/m\"><properties yLabel=\"E!bx!n\" \
         ySummary=\"say &quot;E&quot;&#10;again\"/></y>\
         <yscan type=\"sun_real8\" nitems=\"3\" yUnits=\"Hz\" zUnits=\"\" yTagInterval=\"0.1\">\
         <properties double:zFill=\"-99.0\"/></yscan>\
         <y name=\"n\" type=\"big_endian_int2\" units=\"\"><properties yFill=\"7\"/></y>",
    );
    for (i, (y, scan, n)) in [
        (0.1, -99.0, 5.0),
        (-1e31, 6.02e23, 7.0),
        (f64::NAN, f64::INFINITY, -3.0),
        (1e20, -98.9995, 0.0),
    ]
    .into_iter()
    .enumerate()
    {
        s.data(
            1,
            &[
                le8(i as f64 * 1e6),
                encode("little_endian_real4", y),
                encode("sun_real8", 1.0 / 3.0),
                encode("sun_real8", scan),
                encode("sun_real8", 1e-7 * i as f64),
                encode("big_endian_int2", n),
            ],
        );
    }
    s.take()
}
