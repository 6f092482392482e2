//! Reads QStreams, as their description says and with no help.

use das2_server::check::check_stream;
use das2_server::stream::Element;

/// A dataset of a descriptor.
#[derive(Debug, Clone)]
pub struct Set {
    pub encoding: String,
    pub items: usize,
    pub xml: Element,
}

/// A piece of a stream.
#[derive(Debug, Clone)]
pub enum Piece {
    Descriptor(u8, Vec<Set>),
    /// ID, and the values of each dataset; times in us2000 where they are text.
    Record(u8, Vec<Vec<f64>>),
    Extra(Element),
}

pub struct Stream {
    pub header: Element,
    pub pieces: Vec<Piece>,
    /// The bytes of each piece.
    pub bytes: Vec<Vec<u8>>,
}

/// Reads a stream that has to conform.
pub fn read(bytes: &[u8]) -> Stream {
    let report = check_stream(bytes);
    assert!(report.is_conforming(), "{report}");
    assert_eq!(report.warnings(), 0, "{report}");
    read_any(bytes)
}

pub fn read_any(mut bytes: &[u8]) -> Stream {
    let mut header = None;
    let mut big = true;
    let mut types: Vec<(u8, Vec<Set>)> = Vec::new();
    let mut pieces = Vec::new();
    let mut pieces_bytes = Vec::new();
    while !bytes.is_empty() {
        let digits = |range: std::ops::Range<usize>| -> usize {
            std::str::from_utf8(&bytes[range]).unwrap().parse().unwrap()
        };
        if bytes[0] == b':' {
            let id = digits(1..3) as u8;
            let (_, sets) = types.iter().find(|(known, _)| *known == id).unwrap();
            let mut at = 4;
            let mut values = Vec::new();
            for set in sets {
                let width = width(&set.encoding);
                let fields = &bytes[at..at + width * set.items];
                let decoded = fields.chunks(width).map(|f| decode(&set.encoding, big, f));
                values.push(decoded.collect());
                at += width * set.items;
            }
            pieces.push(Piece::Record(id, values));
            pieces_bytes.push(bytes[..at].to_vec());
            bytes = &bytes[at..];
            continue;
        }
        let length = digits(4..10);
        let element = Element::parse(&bytes[10..10 + length]).unwrap();
        match &bytes[1..3] {
            b"00" if element.name == "stream" => {
                big = element.attr("byte_order") != Some("little_endian");
                header = Some(element);
            }
            b"xx" | b"00" => pieces.push(Piece::Extra(element)),
            _ => {
                let id = digits(1..3) as u8;
                let sets = sets(&element);
                types.retain(|(known, _)| *known != id);
                let streamed = sets.iter().filter(|set| !set.encoding.is_empty());
                types.push((id, streamed.cloned().collect()));
                pieces.push(Piece::Descriptor(id, sets));
            }
        }
        pieces_bytes.resize(pieces.len(), bytes[..10 + length].to_vec());
        bytes = &bytes[10 + length..];
    }
    Stream {
        header: header.unwrap_or_default(),
        pieces,
        bytes: pieces_bytes,
    }
}

fn sets(packet: &Element) -> Vec<Set> {
    let of = |set: &Element| {
        let values = set.children.iter().find(|child| child.name == "values");
        let attr = |name| values.and_then(|v| v.attr(name)).unwrap_or("").to_owned();
        let lengths = attr("length");
        Set {
            encoding: attr("encoding"),
            items: lengths
                .split(',')
                .filter_map(|n| n.parse::<usize>().ok())
                .product(),
            xml: set.clone(),
        }
    };
    packet.children.iter().map(of).collect()
}

impl Set {
    pub fn property(&self, name: &str) -> Option<&str> {
        let properties = self.xml.children.iter().filter(|c| c.name == "properties");
        let mut all = properties.flat_map(|child| &child.children);
        all.find(|p| p.attr("name") == Some(name))?.attr("value")
    }
}

impl Stream {
    pub fn records(&self, of: u8) -> Vec<&Vec<Vec<f64>>> {
        let records = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Record(id, values) if *id == of => Some(values),
            _ => None,
        });
        records.collect()
    }

    pub fn descriptors(&self, of: u8) -> Vec<&Vec<Set>> {
        let descriptors = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Descriptor(id, sets) if *id == of => Some(sets),
            _ => None,
        });
        descriptors.collect()
    }

    pub fn extras(&self) -> Vec<&Element> {
        let extras = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Extra(element) => Some(element),
            _ => None,
        });
        extras.collect()
    }
}

fn width(encoding: &str) -> usize {
    match encoding {
        "double" | "real8" | "int8" | "long" => 8,
        "float" | "real4" | "int4" | "integer" => 4,
        "int2" | "short" => 2,
        "byte" => 1,
        text => {
            let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            digits.parse().unwrap()
        }
    }
}

fn decode(encoding: &str, big: bool, field: &[u8]) -> f64 {
    let mut bytes = field.to_vec();
    if big {
        bytes.reverse();
    }
    match encoding {
        "double" | "real8" => f64::from_le_bytes(bytes.try_into().unwrap()),
        "float" | "real4" => f32::from_le_bytes(bytes.try_into().unwrap()).into(),
        "int8" | "long" => i64::from_le_bytes(bytes.try_into().unwrap()) as f64,
        "int4" | "integer" => i32::from_le_bytes(bytes.try_into().unwrap()).into(),
        "int2" | "short" => i16::from_le_bytes(bytes.try_into().unwrap()).into(),
        "byte" => f64::from(bytes[0] as i8),
        text => {
            let field = std::str::from_utf8(field).unwrap().trim();
            match text.starts_with("time") {
                _ if field.starts_with('*') => f64::NAN,
                true => time(field),
                false => match field.strip_prefix("0x") {
                    Some(digits) => u64::from_str_radix(digits, 16).unwrap() as f64,
                    None => field.parse().unwrap_or(f64::NAN),
                },
            }
        }
    }
}

/// us2000 of a time in January 2000.
pub fn time(text: &str) -> f64 {
    let text = text.trim_end_matches('Z');
    let rest = text
        .strip_prefix("2000-01-")
        .unwrap_or_else(|| panic!("{text}"));
    let day: f64 = rest[..2].parse().unwrap();
    let mut parts = rest[3..]
        .split(':')
        .map(|part| part.parse::<f64>().unwrap());
    let mut next = || parts.next().unwrap_or(0.0);
    (day - 1.0) * 86_400e6 + next() * 3600e6 + next() * 60e6 + next() * 1e6
}
