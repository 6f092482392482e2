//! Streams made to order. Shares no code with the project.

use crate::parsed::days;

/// A stream while it is being made.
pub struct Builder {
    pub bytes: Vec<u8>,
}

impl Builder {
    /// With a plain stream header.
    pub fn new() -> Builder {
        Builder::with("")
    }

    /// With these stream properties.
    pub fn with(properties: &str) -> Builder {
        let mut builder = Builder { bytes: Vec::new() };
        let properties = match properties {
            "" => String::new(),
            some => format!("<properties {some}/>"),
        };
        builder.tagged(
            "00",
            &format!("<stream version=\"2.2\">{properties}</stream>"),
        );
        builder
    }

    pub fn tagged(&mut self, tag: &str, body: &str) -> &mut Builder {
        self.bytes
            .extend(format!("[{tag}]{:06}{body}", body.len()).bytes());
        self
    }

    /// A packet header of these planes, properties element and all.
    pub fn packet(&mut self, id: u8, planes: &str) -> &mut Builder {
        self.tagged(&format!("{id:02}"), &format!("<packet>{planes}</packet>"))
    }

    pub fn data(&mut self, id: u8, fields: &[Vec<u8>]) -> &mut Builder {
        self.bytes.extend(format!(":{id:02}:").bytes());
        fields.iter().for_each(|field| self.bytes.extend(field));
        self
    }

    pub fn comment(&mut self, kind: &str, value: &str) -> &mut Builder {
        let body = format!("<comment type=\"{kind}\" value=\"{value}\" source=\"reader\"/>");
        self.tagged("xx", &body)
    }

    pub fn exception(&mut self, kind: &str, message: &str) -> &mut Builder {
        let body = format!("<exception type=\"{kind}\" message=\"{message}\"/>");
        self.tagged("xx", &body)
    }

    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

/// x us2000 and y (any type), one record a pair of seconds since 2000 and value.
pub fn x_y(y_type: &str, y_attrs: &str, pairs: &[(f64, f64)]) -> Vec<u8> {
    let mut s = Builder::new();
    s.packet(
        1,
        &format!(
            "<x type=\"little_endian_real8\" units=\"us2000\"></x>\
             <y type=\"{y_type}\" {y_attrs}></y>"
        ),
    );
    for &(seconds, value) in pairs {
        s.data(1, &[le8(seconds * 1e6), encode(y_type, value)]);
    }
    s.take()
}

pub fn le8(value: f64) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

/// A number in a `type`; a time type takes us2000.
pub fn encode(encoding: &str, value: f64) -> Vec<u8> {
    if let Some(width) = encoding.strip_prefix("ascii") {
        return ascii(width.parse().unwrap(), value);
    }
    if let Some(width) = encoding.strip_prefix("time") {
        return time(width.parse().unwrap(), value);
    }
    let width = crate::parsed::width(encoding);
    let mut bytes = match (encoding.contains("int"), width) {
        (true, _) => (value.round() as i128).to_le_bytes()[..width].to_vec(),
        (false, 4) => (value as f32).to_le_bytes().to_vec(),
        (false, _) => value.to_le_bytes().to_vec(),
    };
    if !encoding.starts_with("little") {
        bytes.reverse();
    }
    bytes
}

/// asciiN: as many digits as fit, right-aligned, a blank at the end.
pub fn ascii(width: usize, value: f64) -> Vec<u8> {
    let room = width - 1;
    let mut text = value.to_string();
    for decimals in (0..17).rev() {
        if text.len() <= room {
            break;
        }
        text = format!("{value:.decimals$e}");
    }
    assert!(text.len() <= room, "{value} does not fit ascii{width}");
    format!("{text:>room$} ").into_bytes()
}

/// timeN of microseconds since 2000, cut to its width.
pub fn time(width: usize, us: f64) -> Vec<u8> {
    let mut text = iso(us);
    let digits = match width {
        30.. => 9,
        27.. => 6,
        24.. => 3,
        23 => 2,
        22 => 1,
        _ => 0,
    };
    text.truncate(if digits == 0 { 19 } else { 20 + digits });
    text.truncate(width - 1);
    format!("{text:<width$}").into_bytes()
}

/// `yyyy-mm-ddThh:mm:ss.fffffffff`
pub fn iso(us: f64) -> String {
    let whole = us.floor();
    let ns = ((us - whole) * 1000.0).round() as i128 + whole as i128 * 1000;
    let day = ns.div_euclid(86_400_000_000_000) as i64;
    let of_day = ns.rem_euclid(86_400_000_000_000);
    let mut year = 2000 + day.div_euclid(366).min(day.div_euclid(365)) - 1;
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|&m| days(year, m, 1) <= day).unwrap();
    let date = day - days(year, month, 1) + 1;
    let (seconds, nanos) = (of_day / 1_000_000_000, of_day % 1_000_000_000);
    format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.{nanos:09}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A time unit: its name, microseconds a unit, and the us2000 of its zero.
/// TT2000 stands for the years from 2017 on.
pub const TIME_UNITS: [(&str, f64, f64); 13] = [
    ("us2000", 1.0, 0.0),
    ("UTC", 1.0, 0.0),
    ("t2000", 1e6, 0.0),
    ("t1970", 1e6, -946_684_800e6),
    ("ns1970", 1e-3, -946_684_800e6),
    ("us1970", 1.0, -946_684_800e6),
    ("ms1970", 1e3, -946_684_800e6),
    ("mj1958", 86_400e6, -15_340.0 * 86_400e6),
    ("us1980", 1.0, -631_152_000e6),
    ("mjd", 86_400e6, -51_544.0 * 86_400e6),
    ("julianDay", 86_400e6, -2_451_544.5 * 86_400e6),
    ("cdfEpoch", 1e3, -63_113_904_000_000e3),
    ("TT2000", 1e-3, 43_135.816e6 - 5e6),
];

/// The row of a unit, in any case.
pub fn time_unit(name: &str) -> Option<(f64, f64)> {
    let row = TIME_UNITS
        .iter()
        .find(|(known, _, _)| known.eq_ignore_ascii_case(name));
    row.map(|&(_, scale, zero)| (scale, zero))
}
