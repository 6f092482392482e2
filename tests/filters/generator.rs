//! Streams at random: every value type, unit of time, oddity of names.

use crate::builder::{Builder, TIME_UNITS, encode};
use crate::rng::Rng;

/// Every type that das2 streams have; reals and text twice, as they are common.
pub const VALUE_TYPES: [&str; 42] = [
    "sun_real4",
    "float",
    "little_endian_real4",
    "sun_real8",
    "double",
    "little_endian_real8",
    "ascii9",
    "ascii10",
    "ascii14",
    "ascii24",
    "ascii40",
    "ascii127",
    "little_endian_int1",
    "big_endian_int1",
    "little_endian_int2",
    "big_endian_int2",
    "little_endian_int4",
    "big_endian_int4",
    "little_endian_int8",
    "big_endian_int8",
    "little_endian_uint1",
    "big_endian_uint1",
    "little_endian_uint2",
    "big_endian_uint2",
    "little_endian_uint4",
    "big_endian_uint4",
    "little_endian_uint8",
    "big_endian_uint8",
    "time20",
    "time24",
    "time27",
    "time30",
    "time63",
    "sun_real4",
    "float",
    "little_endian_real4",
    "sun_real8",
    "double",
    "little_endian_real8",
    "ascii9",
    "ascii14",
    "ascii24",
];

const X_TYPES: [(&str, &str); 14] = [
    ("little_endian_real8", ""),
    ("sun_real8", ""),
    ("double", ""),
    ("little_endian_real8", ""),
    ("big_endian_int8", "ns1970"),
    ("little_endian_int8", "TT2000"),
    ("little_endian_int8", "us2000"),
    ("ascii24", ""),
    ("time24", "us2000"),
    ("time27", "UTC"),
    ("time30", "us2000"),
    ("time20", "us2000"),
    ("time22", "t1970"),
    ("time17", "us2000"),
];

pub const NAMES: [&str; 10] = [
    "",
    "a",
    "b_1",
    "amp.max",
    "a&amp;b",
    "two words",
    "µ",
    "x&lt;y",
    "a, &quot;b&quot;",
    "two&#10;lines",
];

pub const UNITS: [&str; 10] = [
    "V/m",
    "",
    "nT**2 Hz**-1",
    "#",
    "1/cm^3",
    "R_J",
    "V m!a-1!n",
    "log10(V&amp;)",
    "V, &quot;rms&quot;",
    "V&#10;m",
];

/// What a random stream may hold.
#[derive(Clone, Copy)]
pub struct Kinds {
    /// Infinities among the values.
    pub infinities: bool,
    /// Headers of an ID that change, or are said again, on the way.
    pub redefinition: bool,
    /// Times that go back now and then.
    pub back: bool,
    /// Comments.
    pub comments: bool,
    /// Waveforms, as yscan and as xscan.
    pub waveforms: bool,
}

impl Kinds {
    pub const ALL: Kinds = Kinds {
        infinities: true,
        redefinition: true,
        back: true,
        comments: true,
        waveforms: true,
    };
}

pub struct Column {
    pub encoding: &'static str,
    pub items: usize,
    pub fill: f64,
}

pub struct Layout {
    pub xml: String,
    pub columns: Vec<Column>,
    pub x: usize,
    pub x_scale: f64,
    pub x_zero: f64,
}

/// A random stream of `packets` data packets, a second or so apart.
pub fn random(seed: u64, packets: usize, kinds: Kinds) -> Vec<u8> {
    let rng = &mut Rng(seed);
    let properties = rng.pick(&[
        "",
        "String:title=\"A &amp; &quot;B&quot; %{xCacheResInfo}\" Datum:xTagWidth=\"7 s\"",
        "xTagWidth=\"0.5 s\" double:fill=\"-99\" String:Data_type=\"H0>High\" a-b.c=\"odd\"",
        "double:xTagWidth=\"3\" String:sourceId=\"reader\" Odd:thing=\"1.4 log10Ratio\"",
    ]);
    let mut s = Builder::with(&properties.replace('>', "&gt;"));
    let types = 1 + rng.below(4);
    let ids: Vec<u8> = (0..types).map(|i| (7 + i * 13) as u8).collect();
    let mut layouts: Vec<Layout> = ids.iter().map(|_| layout(rng, kinds)).collect();
    for (id, layout) in ids.iter().zip(&layouts) {
        s.packet(*id, &layout.xml);
    }
    let step = rng.pick(&[1e6, 0.25e6, 1.37e6]);
    let mut now = 6900.0 * 86_400e6 + rng.pick(&[0.0, 123_456_789.0, -43_200e6]);
    for _ in 0..packets {
        let which = rng.below(types);
        if kinds.redefinition && rng.one_in(25) {
            if !rng.one_in(3) {
                layouts[which] = layout(rng, kinds);
            }
            s.packet(ids[which], &layouts[which].xml);
        }
        if kinds.comments && rng.one_in(20) {
            s.comment(rng.pick(&["taskProgress", "log:info", "taskSize"]), "5");
        }
        let layout = &layouts[which];
        let mut fields = Vec::new();
        for (index, column) in layout.columns.iter().enumerate() {
            if index == layout.x {
                fields.push(x_field(layout, column.encoding, now));
                continue;
            }
            for _ in 0..column.items {
                fields.push(encode(column.encoding, value(rng, column, kinds)));
            }
        }
        end_of_line(&mut fields, layout);
        s.data(ids[which], &fields);
        now += step * rng.pick(&[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 17.0]);
        if kinds.back && rng.one_in(15) {
            now -= step * 6.0;
        }
    }
    s.take()
}

pub fn x_field(layout: &Layout, encoding: &str, now: f64) -> Vec<u8> {
    let since = now - layout.x_zero;
    if encoding.starts_with("time") {
        return encode(encoding, now);
    }
    if encoding.contains("int") {
        // Whole microseconds, of which no double may lose anything.
        let number = since as i128 * (1.0 / layout.x_scale) as i128;
        let mut bytes = number.to_le_bytes()[..8].to_vec();
        if encoding.starts_with("big") {
            bytes.reverse();
        }
        return bytes;
    }
    encode(encoding, since / layout.x_scale)
}

pub fn end_of_line(fields: &mut [Vec<u8>], layout: &Layout) {
    let is_text = |c: &Column| c.encoding.starts_with("ascii") || c.encoding.starts_with("time");
    if layout.columns.last().is_some_and(is_text) {
        *fields.last_mut().unwrap().last_mut().unwrap() = b'\n';
    }
}

fn value(rng: &mut Rng, column: &Column, kinds: Kinds) -> f64 {
    if column.encoding.starts_with("time") {
        return 6000.0 * 86_400e6 + rng.below(1_000_000_000) as f64;
    }
    if rng.one_in(6) {
        return column.fill;
    }
    if column.encoding.contains("int") {
        let value = rng.below(100) as f64;
        let signed = !column.encoding.contains("uint");
        return if signed { value - 50.0 } else { value };
    }
    match rng.below(40) {
        0 => f64::NAN,
        1 if kinds.infinities => f64::INFINITY,
        2 => column.fill * (1.0 + 0.5e-5),
        3 => 0.0,
        4..8 => -rng.unit() * 1e-6,
        8..12 => rng.unit() * 1e12,
        _ => (rng.unit() - 0.3) * 100.0,
    }
}

fn layout(rng: &mut Rng, kinds: Kinds) -> Layout {
    let (x_type, bound) = rng.pick(&X_TYPES);
    let (unit, x_scale, x_zero) = match bound {
        "" => rng.pick(&TIME_UNITS),
        name => *TIME_UNITS.iter().find(|(n, _, _)| *n == name).unwrap(),
    };
    let count = 1 + rng.below(4);
    let x = if rng.one_in(3) {
        rng.below(count + 1)
    } else {
        0
    };
    let mut xml = String::new();
    let mut columns = Vec::new();
    if rng.one_in(3) {
        xml.push_str("<properties Datum:xTagWidth=\"1 s\" String:label=\"packet&#10;level\"/>");
    }
    for index in 0..=count {
        if index == x {
            let width = rng.pick(&["", "<properties Datum:xTagWidth=\"200 ms\"/>"]);
            xml += &format!("<x type=\"{x_type}\" units=\"{unit}\" name=\"time\">{width}</x>");
            columns.push(Column {
                encoding: x_type,
                items: 1,
                fill: 0.0,
            });
        } else {
            columns.push(plane(rng, kinds, &mut xml));
        }
    }
    Layout {
        xml,
        columns,
        x,
        x_scale,
        x_zero,
    }
}

/// A data plane: its XML is appended.
fn plane(rng: &mut Rng, kinds: Kinds, xml: &mut String) -> Column {
    let encoding = rng.pick(&VALUE_TYPES);
    let fill = match encoding {
        e if e.contains("int") => rng.pick(&[77.0, 0.0]),
        e if e.starts_with("time") => -1e31,
        _ => rng.pick(&[-1e31, -1e31, -999.0, 0.0]),
    };
    let name = match rng.pick(&NAMES) {
        "" if rng.one_in(2) => String::new(),
        name => format!("name=\"{name}\""),
    };
    let units = rng.pick(&UNITS);
    let kind = rng.pick(&["y", "yscan", "z", "yscan", "y", "xscan"]);
    let kind = if kind == "xscan" && !kinds.waveforms {
        "yscan"
    } else {
        kind
    };
    let items = if kind.ends_with("scan") {
        1 + rng.below(9)
    } else {
        1
    };
    let (own, attrs) = match kind {
        "y" => ("yFill", format!("units=\"{units}\"")),
        "z" => ("zFill", format!("units=\"{units}\"")),
        "xscan" => (
            "yFill",
            format!("nitems=\"{items}\" xUnits=\"ms\" xOffsetInterval=\"125\" yUnits=\"{units}\""),
        ),
        _ => ("zFill", tags(rng, items, units)),
    };
    let fill_name = rng.pick(&[own, own, "fill"]);
    let renderer = match kind {
        "yscan" if kinds.waveforms => rng.pick(&["", "String:renderer=\"waveform\""]),
        _ => rng.pick(&["", "renderer=\"spectrogram\""]),
    };
    let fill_text = match fill {
        // Without any property fill is -1e31, unless the stream says more.
        _ if encoding.starts_with("time") => String::new(),
        fill => format!("double:{fill_name}=\"{fill:e}\""),
    };
    *xml += &format!(
        "<{kind} {name} type=\"{encoding}\" {attrs}>\
         <properties {fill_text} {renderer} String:yLabel=\"E!bx!n (µV)\" q.r-s=\"1\"/></{kind}>\n"
    );
    Column {
        encoding,
        items,
        fill,
    }
}

fn tags(rng: &mut Rng, items: usize, units: &str) -> String {
    let list: Vec<String> = (0..items)
        .map(|i| format!("{}", i as f64 * 0.1234567891))
        .collect();
    let tags = rng.pick(&["list", "interval", "max", "none"]);
    let tags = match tags {
        "list" => format!("yTags=\"{}\"", list.join(", ")),
        "interval" => "yTagInterval=\"0.25\" yTagMin=\"-1\"".into(),
        "max" => "yTagInterval=\"0.25\" yTagMax=\"5\"".into(),
        _ => String::new(),
    };
    let y_units = rng.pick(&["s", "ms", "Hz", "seconds"]);
    format!("nitems=\"{items}\" yUnits=\"{y_units}\" zUnits=\"{units}\" {tags}")
}
