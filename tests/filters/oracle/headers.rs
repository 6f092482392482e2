//! The headers of a binned stream.

use crate::parsed::{Header, Xml};

use super::{Options, Planes, collapses, fill_of};

/// Seconds of an xTagWidth.
pub fn seconds(text: &str) -> f64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, "s"));
    let number: f64 = number.parse().unwrap();
    match unit {
        "s" => number,
        "ms" => number / 1e3,
        "min" => number * 60.0,
        other => panic!("unit {other}"),
    }
}

/// The width of the bins as clients are told it, in seconds.
pub fn resolution(stream: &Xml, options: &Options) -> f64 {
    match stream.property("xTagWidth") {
        Some((_, text)) => seconds(text).max(options.seconds),
        None => options.seconds,
    }
}

/// The packet header that should be written.
pub fn header(header: &Header, stream: &Xml, options: &Options, start: f64) -> Xml {
    let width = resolution(stream, options);
    let size = options.seconds * 1e6;
    let mut out = header.xml.clone();
    raise(&mut out, width);
    let mut added: Vec<Xml> = Vec::new();
    let mut names: Vec<String> = header.names().iter().map(|n| (*n).to_owned()).collect();
    let mut index = 0;
    for xml in out.children.iter_mut().filter(|c| c.name != "properties") {
        raise(xml, width);
        let plane = &header.planes[index];
        if index == header.x() {
            x_plane(xml, &plane.encoding, start + size / 2.0, size);
            index += 1;
            continue;
        }
        set(xml, "type", &written_type(&plane.encoding));
        if collapses(header, stream, index, options) {
            let units = plane.units.clone();
            xml.name = "y".into();
            let gone = ["nitems", "yUnits", "zUnits", "xUnits"];
            xml.attrs.retain(|(key, _)| {
                !(gone.contains(&key.as_str())
                    || key.starts_with("yTag")
                    || key.starts_with("xOff"))
            });
            set(xml, "units", &units);
            let fill = fill_of(header, stream, index);
            set_property(xml, "double", "yFill", &format!("{fill:e}"));
        }
        let says_average = options
            .suffixes()
            .iter()
            .any(|(_, word)| *word == "BIN_MAX");
        if says_average {
            set_property(xml, "String", "source", &plane.name);
            set_property(xml, "String", "operation", "BIN_AVG");
        }
        for (suffix, operation) in options.suffixes() {
            let mut more = xml.clone();
            set_property(&mut more, "String", "source", &plane.name);
            set_property(&mut more, "String", "operation", operation);
            let mut name = match (plane.name.as_str(), options.planes) {
                ("", Planes::Peaks) => {
                    set_property(&mut more, "boolean", "peaks", "true");
                    "peaks".to_owned()
                }
                ("", _) => (*suffix).to_owned(),
                (name, _) => format!("{name}.{suffix}"),
            };
            let bare = name.clone();
            let mut number = 2;
            while names.contains(&name) {
                name = format!("{bare}_{number}");
                number += 1;
            }
            names.push(name.clone());
            set(&mut more, "name", &name);
            added.push(more);
        }
        index += 1;
    }
    out.children.append(&mut added);
    out
}

fn x_plane(xml: &mut Xml, encoding: &str, centre: f64, size: f64) {
    let whole = |step: f64| (centre / step).fract() == 0.0 && (size / step).fract() == 0.0;
    let digits = [(0, 1e6), (3, 1e3), (6, 1.0)]
        .iter()
        .find(|(_, step)| whole(*step))
        .map_or(9, |(digits, _)| *digits);
    let number = encoding.trim_start_matches(|c: char| !c.is_ascii_digit());
    let encoding = if encoding.starts_with("time") {
        let width: usize = number.parse().unwrap();
        let shown = match width {
            ..20 => -1,
            20 | 21 => 0,
            22 => 1,
            23 => 2,
            24..27 => 3,
            27..30 => 6,
            _ => 9,
        };
        let wider = match digits {
            ..=3 => "time24",
            4..=6 => "time27",
            _ => "time30",
        };
        if shown >= digits {
            encoding.into()
        } else {
            wider.into()
        }
    } else if encoding.starts_with("ascii") {
        format!("ascii{}", number.parse::<usize>().unwrap().max(20))
    } else if encoding.starts_with("little") {
        "little_endian_real8".into()
    } else {
        "sun_real8".to_owned()
    };
    let units = if encoding.starts_with("time") {
        "UTC"
    } else {
        "us2000"
    };
    set(xml, "type", &encoding);
    set(xml, "units", units);
}

/// Integers become reals; everything else stays.
pub fn written_type(encoding: &str) -> String {
    if !encoding.contains("int") {
        return encoding.into();
    }
    let width = if encoding.ends_with(['1', '2']) { 4 } else { 8 };
    if encoding.starts_with("little") {
        format!("little_endian_real{width}")
    } else {
        format!("sun_real{width}")
    }
}

fn raise(xml: &mut Xml, width: f64) {
    if let Some((_, text)) = xml.property("xTagWidth") {
        let width = seconds(text).max(width);
        set_property(xml, "Datum", "xTagWidth", &format!("{width:.6} s"));
    }
}

fn set(xml: &mut Xml, name: &str, value: &str) {
    match xml.attrs.iter_mut().find(|(key, _)| key == name) {
        Some((_, old)) => *old = value.into(),
        None => xml.attrs.push((name.into(), value.into())),
    }
}

pub fn set_property(xml: &mut Xml, kind: &str, name: &str, value: &str) {
    let at = xml.children.iter().position(|c| c.name == "properties");
    let at = at.unwrap_or_else(|| {
        let empty = Xml {
            name: "properties".into(),
            ..Xml::default()
        };
        xml.children.insert(0, empty);
        0
    });
    let properties = &mut xml.children[at];
    let other = |key: &str| key.rsplit(':').next() != Some(name);
    properties.attrs.retain(|(key, _)| other(key));
    properties
        .attrs
        .push((format!("{kind}:{name}"), value.into()));
}
