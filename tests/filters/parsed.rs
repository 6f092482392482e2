//! A second, plain reader of das2 streams, which shares no code with the
//! project: what the tests believe about bytes they believe through this one.

use std::collections::HashMap;
use std::rc::Rc;

/// A whole stream, taken apart.
pub struct Parsed {
    pub stream: Xml,
    pub items: Vec<Item>,
    /// Where each item ends.
    pub ends: Vec<usize>,
}

/// What follows the stream header, in its order.
pub enum Item {
    Header(u8, Rc<Header>),
    Record(Record),
    Comment(Xml),
    Exception(Xml),
    Other,
}

/// A packet header.
#[derive(PartialEq, Debug)]
pub struct Header {
    pub xml: Xml,
    pub planes: Vec<Plane>,
}

/// A plane of a packet header.
#[derive(Clone, PartialEq, Debug)]
pub struct Plane {
    pub kind: String,
    pub name: String,
    pub encoding: String,
    pub units: String,
    pub items: usize,
    pub xml: Xml,
}

/// A data packet.
#[derive(Clone)]
pub struct Record {
    pub id: u8,
    pub header: Rc<Header>,
    /// The bytes of each value, plane by plane.
    pub raw: Vec<Vec<Vec<u8>>>,
    /// The same as numbers: times as us2000, what is no number as NaN.
    pub values: Vec<Vec<f64>>,
}

/// An element with its attributes and children.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Xml {
    pub name: String,
    pub attrs: Vec<(String, String)>,
    pub children: Vec<Xml>,
}

impl Xml {
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attrs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Type word (empty for none) and text of a property.
    pub fn property(&self, name: &str) -> Option<(&str, &str)> {
        let all = self.children.iter().filter(|c| c.name == "properties");
        all.flat_map(|c| &c.attrs).find_map(|(key, value)| {
            let (kind, bare) = key.split_once(':').unwrap_or(("", key));
            (bare == name).then_some((kind, value.as_str()))
        })
    }

    /// The text of a property, which must be of the given type.
    pub fn typed(&self, kind: &str, name: &str) -> &str {
        let (found, value) = self
            .property(name)
            .unwrap_or_else(|| panic!("no property {name} in {self:?}"));
        assert_eq!(found, kind, "type of the property {name}");
        value
    }
}

impl Parsed {
    /// Takes a complete plain stream apart; panics, with the place, where it
    /// breaks a rule that writers have to follow.
    pub fn new(bytes: &[u8]) -> Parsed {
        let mut rest = bytes;
        let mut stream = None;
        let mut items = Vec::new();
        let mut ends = Vec::new();
        let mut headers: HashMap<u8, Rc<Header>> = HashMap::new();
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            match rest[0] {
                b'[' => {
                    let tag = std::str::from_utf8(&rest[1..3]).unwrap();
                    assert_eq!(rest[3], b']', "at byte {at}");
                    let digits = std::str::from_utf8(&rest[4..10]).unwrap();
                    assert!(digits.bytes().all(|b| b.is_ascii_digit()), "at byte {at}");
                    let length: usize = digits.parse().unwrap();
                    let body = std::str::from_utf8(&rest[10..10 + length]).unwrap();
                    let xml = xml(body);
                    match (tag, xml.name.as_str()) {
                        ("00", "stream") => {
                            assert!(stream.is_none() && items.is_empty(), "at byte {at}");
                            stream = Some(xml);
                        }
                        ("xx", "comment") => items.push(Item::Comment(xml)),
                        ("xx", "exception") => items.push(Item::Exception(xml)),
                        ("xx", _) => items.push(Item::Other),
                        (id, "packet") => {
                            let id = id.parse().unwrap();
                            let header = Rc::new(Header::new(xml));
                            headers.insert(id, Rc::clone(&header));
                            items.push(Item::Header(id, header));
                        }
                        other => panic!("at byte {at}: {other:?}"),
                    }
                    assert!(stream.is_some(), "byte {at} comes before the stream header");
                    rest = &rest[10 + length..];
                }
                b':' => {
                    assert_eq!(rest[3], b':', "at byte {at}");
                    let id = std::str::from_utf8(&rest[1..3]).unwrap().parse().unwrap();
                    let header = headers
                        .get(&id)
                        .unwrap_or_else(|| panic!("at byte {at}: data of {id:02} before a header"));
                    let (record, length) = Record::new(id, header, &rest[4..]);
                    items.push(Item::Record(record));
                    rest = &rest[4 + length..];
                }
                other => panic!("at byte {at}: {:?} is no tag", char::from(other)),
            }
            ends.resize(items.len(), bytes.len() - rest.len());
        }
        Parsed {
            stream: stream.expect("no stream header"),
            items,
            ends,
        }
    }

    pub fn records(&self) -> Vec<&Record> {
        let mut all = Vec::new();
        for item in &self.items {
            if let Item::Record(record) = item {
                all.push(record);
            }
        }
        all
    }

    pub fn records_of(&self, id: u8) -> Vec<&Record> {
        let mut all = self.records();
        all.retain(|record| record.id == id);
        all
    }

    pub fn headers(&self) -> Vec<(u8, &Header)> {
        let mut all = Vec::new();
        for item in &self.items {
            if let Item::Header(id, header) = item {
                all.push((*id, &**header));
            }
        }
        all
    }

    pub fn exceptions(&self) -> Vec<&Xml> {
        let mut all = Vec::new();
        for item in &self.items {
            if let Item::Exception(xml) = item {
                all.push(xml);
            }
        }
        all
    }

    pub fn comments(&self) -> Vec<&Xml> {
        let mut all = Vec::new();
        for item in &self.items {
            if let Item::Comment(xml) = item {
                all.push(xml);
            }
        }
        all
    }
}

impl Header {
    fn new(xml: Xml) -> Header {
        let planes = xml.children.iter().filter(|c| c.name != "properties");
        Header {
            planes: planes.map(Plane::new).collect(),
            xml: xml.clone(),
        }
    }

    /// The index of the one x.
    pub fn x(&self) -> usize {
        self.planes.iter().position(|p| p.kind == "x").unwrap()
    }

    pub fn names(&self) -> Vec<&str> {
        self.planes.iter().map(|p| p.name.as_str()).collect()
    }

    pub fn plane(&self, name: &str) -> &Plane {
        self.planes.iter().find(|p| p.name == name).unwrap()
    }
}

impl Plane {
    fn new(xml: &Xml) -> Plane {
        let units = match xml.name.as_str() {
            "yscan" => "zUnits",
            "xscan" => "yUnits",
            _ => "units",
        };
        Plane {
            kind: xml.name.clone(),
            name: xml.attr("name").unwrap_or("").into(),
            encoding: xml.attr("type").unwrap().into(),
            units: xml.attr(units).unwrap_or("").into(),
            items: xml.attr("nitems").map_or(1, |n| n.parse().unwrap()),
            xml: xml.clone(),
        }
    }

    pub fn width(&self) -> usize {
        width(&self.encoding)
    }
}

impl Record {
    fn new(id: u8, header: &Rc<Header>, bytes: &[u8]) -> (Record, usize) {
        let mut at = 0;
        let mut raw = Vec::new();
        for plane in &header.planes {
            let end = at + plane.items * plane.width();
            assert!(end <= bytes.len(), "a record of {id:02} is cut off");
            let fields = bytes[at..end].chunks_exact(plane.width());
            raw.push(fields.map(<[u8]>::to_vec).collect::<Vec<_>>());
            at = end;
        }
        let values = header.planes.iter().zip(&raw).map(|(plane, fields)| {
            let of = |field: &Vec<u8>| decode(&plane.encoding, field);
            fields.iter().map(of).collect()
        });
        let record = Record {
            id,
            header: Rc::clone(header),
            values: values.collect(),
            raw: raw.clone(),
        };
        (record, at)
    }

    /// All bytes after the tag.
    pub fn bytes(&self) -> Vec<u8> {
        self.raw.iter().flatten().flatten().copied().collect()
    }

    pub fn named(&self, name: &str) -> &[f64] {
        let index = self.header.planes.iter().position(|p| p.name == name);
        &self.values[index.unwrap_or_else(|| panic!("no plane {name}"))]
    }

    pub fn x(&self) -> f64 {
        self.values[self.header.x()][0]
    }
}

/// Bytes of one value of a `type`.
pub fn width(encoding: &str) -> usize {
    match encoding {
        "float" => 4,
        "double" => 8,
        other => {
            let digits = other.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.parse().unwrap_or_else(|_| panic!("type {other}"))
        }
    }
}

/// One value.
pub fn decode(encoding: &str, field: &[u8]) -> f64 {
    let text = || String::from_utf8_lossy(field).trim().to_owned();
    if encoding.starts_with("time") {
        return us2000(&text());
    }
    if encoding.starts_with("ascii") {
        let text = text().replace(['d', 'D'], "e");
        return text.trim_end_matches(',').parse().unwrap_or(f64::NAN);
    }
    let mut little = field.to_vec();
    if !encoding.starts_with("little") {
        little.reverse();
    }
    if !encoding.contains("int") {
        return match little.len() {
            4 => f64::from(f32::from_le_bytes(little.try_into().unwrap())),
            _ => f64::from_le_bytes(little.try_into().unwrap()),
        };
    }
    let negative = !encoding.contains("uint") && little.last().unwrap() & 0x80 != 0;
    little.resize(16, if negative { 0xff } else { 0 });
    i128::from_le_bytes(little.try_into().unwrap()) as f64
}

/// Days from 2000-01-01 to the first day of a month.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month > 2 { year } else { year - 1 };
    let m = if month > 2 { month - 3 } else { month + 9 };
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (m * 153 + 2) / 5 + day
        - 1
        - 730_425
}

/// Microseconds since 2000 of `yyyy-mm-dd` or `yyyy-ddd`, `Thh:mm:ss.f`, or
/// any beginning of it that holds the date; NaN for what is no such text.
pub fn us2000(text: &str) -> f64 {
    read_time(text).unwrap_or(f64::NAN)
}

fn read_time(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('Z');
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let numbers: Vec<i64> = date
        .split('-')
        .map(|n| n.parse().ok())
        .collect::<Option<_>>()?;
    let day = match numbers[..] {
        [y, d] if date.ends_with(&format!("-{d:03}")) => days(y, 1, 1) + d - 1,
        [y, m] => days(y, m, 1),
        [y, m, d] => days(y, m, d),
        _ => return None,
    };
    let parts: Vec<&str> = time.split(':').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or("");
    let number = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse().ok()
        }
    };
    let (whole, fraction) = part(2).split_once('.').unwrap_or((part(2), ""));
    let (hour, minute, second): (i64, i64, i64) =
        (number(part(0))?, number(part(1))?, number(whole)?);
    let ns: i64 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let us = ((day * 24 + hour) * 60 + minute) * 60 + second;
    Some((us * 1_000_000 + ns / 1000) as f64 + (ns % 1000) as f64 / 1000.0)
}

/// One element with everything in it.
pub fn xml(text: &str) -> Xml {
    let (element, rest) = element(text.trim_start());
    assert!(rest.trim().is_empty(), "after the element: {rest}");
    element
}

fn element(text: &str) -> (Xml, &str) {
    let mut rest = text
        .strip_prefix('<')
        .unwrap_or_else(|| panic!("{text:.40}"));
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '>' || c == '/')
        .unwrap();
    let mut xml = Xml {
        name: rest[..end].into(),
        ..Xml::default()
    };
    rest = rest[end..].trim_start();
    while !rest.starts_with(['>', '/']) {
        let (name, after) = rest.split_once("=\"").unwrap();
        let (value, after) = after.split_once('"').unwrap();
        assert!(!value.contains(['<', '\n']), "not escaped: {value}");
        assert!(
            xml.attr(name.trim()).is_none(),
            "the attribute {name} stands twice"
        );
        xml.attrs.push((name.trim().into(), unescaped(value)));
        rest = after.trim_start();
    }
    if let Some(rest) = rest.strip_prefix("/>") {
        return (xml, rest);
    }
    rest = rest[1..].trim_start();
    loop {
        if let Some(after) = rest.strip_prefix("</") {
            let after = after.strip_prefix(xml.name.as_str()).unwrap();
            return (xml, after.trim_start().strip_prefix('>').unwrap());
        }
        if !rest.starts_with('<') {
            rest = &rest[rest.find('<').expect("an element without end")..];
            continue;
        }
        let (child, after) = element(rest);
        xml.children.push(child);
        rest = after.trim_start();
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';').unwrap_or_else(|| panic!("{text}"));
        out.push_str(before);
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            code => {
                let code = code.strip_prefix('#').unwrap_or_else(|| panic!("{text}"));
                let number = match code.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).unwrap(),
                    None => code.parse().unwrap(),
                };
                char::from_u32(number).unwrap()
            }
        });
        rest = after;
    }
    out + rest
}

#[test]
fn days_and_times() {
    assert_eq!(days(2000, 1, 1), 0);
    assert_eq!(days(1970, 1, 1), -10_957);
    assert_eq!(days(2017, 3, 1), 6269);
    assert_eq!(us2000("2000-01-01T00:00:01.5"), 1.5e6);
    assert_eq!(us2000("2000-002T01"), 86_400e6 + 3_600e6);
    assert_eq!(us2000("2000-01-01T00:01"), 60e6);
    assert_eq!(us2000("1999-12-31T23:59:59"), -1e6);
    assert!(us2000("").is_nan());
}
