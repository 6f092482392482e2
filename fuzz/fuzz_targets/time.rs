//! Any text as a time: no panic, and what is understood is understood again
//! in ISO form, to the nanosecond.
#![no_main]

use das2_server::time::{Style, Time, TimeUnit, parse_field, parse_query, write_field};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(time) = parse_field(data) {
        for style in [Style::Calendar, Style::Ordinal] {
            let text = time.iso(style, 9).to_string();
            if time.calendar().year <= 9999 {
                assert_eq!(parse_field(text.as_bytes()), Ok(time), "{text}");
            }
        }
        for width in 5..=63 {
            let mut field = Vec::new();
            write_field(time, width, &mut field);
            assert_eq!(field.len(), width);
        }
        let _ = Time::from_us2000(time.us2000());
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(time) = parse_query(text, Some(Time::now())) {
        let iso = time.iso(Style::Calendar, 9).to_string();
        assert_eq!(parse_query(&iso, None), Ok(time), "{iso}");
    }
    if let Some(unit) = TimeUnit::parse(text) {
        for value in [0.0, -1.5, 1e9, 1e300, f64::NAN, f64::INFINITY] {
            let _ = (unit.to_time(value), unit.from_us2000(unit.to_us2000(value)));
        }
    }
});
