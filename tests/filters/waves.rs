//! Waveforms made at random, for das2_psd.

use crate::builder::{Builder, encode, time_unit};
use crate::generator::{Column, Kinds, Layout, NAMES, UNITS, VALUE_TYPES, end_of_line, x_field};
use crate::rng::Rng;

/// Waveforms at even steps, along the items of scans and along x, of several packet
/// types, with gaps, fill, NaN, and headers that change.
pub fn waves(seed: u64, packets: usize, kinds: Kinds) -> Vec<u8> {
    let rng = &mut Rng(seed);
    let mut s = Builder::with("String:title=\"W &amp; B\" Datum:xTagWidth=\"7 s\" Odd:thing=\"1\"");
    let types = 1 + rng.below(3);
    let ids: Vec<u8> = (0..types).map(|i| (90 - i * 13) as u8).collect();
    let mut layouts: Vec<Layout> = ids.iter().map(|_| wave_layout(rng)).collect();
    for (id, layout) in ids.iter().zip(&layouts) {
        s.packet(*id, &layout.xml);
    }
    // Each type keeps a step of its own.
    let steps: Vec<f64> = ids.iter().map(|_| rng.pick(&[1e6, 0.25e6, 3e3])).collect();
    let mut now = vec![6900.0 * 86_400e6; types];
    for _ in 0..packets {
        let which = rng.below(types);
        if kinds.redefinition && rng.one_in(40) {
            if rng.one_in(2) {
                layouts[which] = wave_layout(rng);
            }
            s.packet(ids[which], &layouts[which].xml);
        }
        if kinds.comments && rng.one_in(20) {
            s.comment("log:info", "5");
        }
        let layout = &layouts[which];
        let mut fields = Vec::new();
        for (index, column) in layout.columns.iter().enumerate() {
            for _ in 0..column.items {
                fields.push(match index == layout.x {
                    true => x_field(layout, column.encoding, now[which]),
                    false if rng.one_in(300) => encode(column.encoding, column.fill),
                    false if rng.one_in(300) && !column.encoding.contains("int") => {
                        encode(column.encoding, f64::NAN)
                    }
                    false => encode(column.encoding, (rng.unit() * 100.0).round()),
                });
            }
        }
        end_of_line(&mut fields, layout);
        s.data(ids[which], &fields);
        now[which] += steps[which];
        // Gaps shorter and longer than a window.
        if rng.one_in(40) {
            now[which] += steps[which] * rng.pick(&[3.0, 1000.0]);
        }
    }
    s.take()
}

fn wave_layout(rng: &mut Rng) -> Layout {
    let exact = [
        ("little_endian_real8", "us2000"),
        ("sun_real8", "us2000"),
        ("time27", "us2000"),
        ("time30", "UTC"),
        ("little_endian_int8", "TT2000"),
        ("big_endian_int8", "ns1970"),
    ];
    let (x_type, unit) = rng.pick(&exact);
    let (x_scale, x_zero) = time_unit(unit).unwrap();
    let mut xml = format!("<x type=\"{x_type}\" units=\"{unit}\"/>");
    let mut columns = vec![Column {
        encoding: x_type,
        items: 1,
        fill: 0.0,
    }];
    let scans = rng.one_in(2);
    let scale = rng.pick(&[
        "yUnits=\"ms\" yTagInterval=\"1\"",
        "yUnits=\"s\" yTagInterval=\"0.001\"",
    ]);
    for number in 0..=rng.below(3) {
        let mut encoding = rng.pick(&VALUE_TYPES);
        while encoding.starts_with("time") {
            encoding = rng.pick(&VALUE_TYPES);
        }
        let fill = if encoding.contains("int") {
            120.0
        } else {
            -1e31
        };
        let (name, units) = (rng.pick(&NAMES[1..]), rng.pick(&UNITS));
        // A y among scans is copied.
        let items = match scans && (number == 0 || rng.one_in(2)) {
            true => 16 + rng.below(40),
            false => 1,
        };
        let (kind, own, attrs) = match items {
            1 => ("y", "yFill", format!("units=\"{units}\"")),
            _ => (
                "yscan",
                "zFill",
                format!("nitems=\"{items}\" zUnits=\"{units}\" {scale}"),
            ),
        };
        xml += &format!(
            "<{kind} name=\"{name} {number}\" type=\"{encoding}\" {attrs}>\
             <properties double:{own}=\"{fill:e}\" String:renderer=\"waveform\"/></{kind}>"
        );
        columns.push(Column {
            encoding,
            items,
            fill,
        });
    }
    Layout {
        xml,
        columns,
        x: 0,
        x_scale,
        x_zero,
    }
}
