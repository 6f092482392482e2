//! Binning done again, slowly and by the book: what the reducers should write,
//! computed from the input's bytes by this crate's own reader.

mod compare;
mod headers;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::builder::time_unit;
use crate::parsed::{Header, Item, Parsed, Record, Xml};

pub use compare::{compare, last_digit};
pub use headers::header;

/// How a stream is to be binned.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub seconds: f64,
    /// us2000.
    pub begin: Option<f64>,
    pub planes: Planes,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Planes {
    Means { range: bool, deviation: bool },
    Peaks,
}

impl Options {
    pub fn means(seconds: f64) -> Options {
        Options {
            seconds,
            begin: None,
            planes: Planes::Means {
                range: false,
                deviation: false,
            },
        }
    }

    pub fn peaks(seconds: f64) -> Options {
        Options {
            planes: Planes::Peaks,
            ..Options::means(seconds)
        }
    }

    /// The command line that asks for this.
    pub fn words(&self) -> Vec<String> {
        let mut words = match self.planes {
            Planes::Peaks => vec!["das2_bin_peakavgsec".to_owned()],
            Planes::Means { range, deviation } => {
                let mut words = vec!["das2_bin_avgsec".to_owned()];
                words.extend(range.then(|| "-r".into()));
                words.extend(deviation.then(|| "-s".into()));
                words
            }
        };
        if let Some(begin) = self.begin {
            words.extend(["-b".into(), crate::builder::iso(begin)]);
        }
        words.push(self.seconds.to_string());
        words
    }

    fn suffixes(&self) -> &'static [(&'static str, &'static str)] {
        match self.planes {
            Planes::Peaks => &[("max", "BIN_MAX")],
            Planes::Means { range, deviation } => match (range, deviation) {
                (false, false) => &[],
                (true, false) => &[("min", "BIN_MIN"), ("max", "BIN_MAX")],
                (false, true) => &[("stddev", "BIN_STDDEV")],
                (true, true) => &[
                    ("min", "BIN_MIN"),
                    ("max", "BIN_MAX"),
                    ("stddev", "BIN_STDDEV"),
                ],
            },
        }
    }
}

/// A record that should be written.
pub struct Expected {
    pub id: u8,
    pub centre: f64,
    /// Of the centre, in microseconds.
    pub slack: f64,
    /// Plane by plane without x: number and tolerance of each item.
    pub planes: Vec<Vec<(f64, f64)>>,
    pub header: Xml,
}

/// A time in us2000 and what its number leaves open, in microseconds.
pub fn time_of(record: &Record) -> Option<(f64, f64)> {
    let x = record.header.x();
    let plane = &record.header.planes[x];
    let value = record.values[x][0];
    if plane.encoding.starts_with("time") {
        assert!(value.is_finite(), "no time in x");
        return Some((value, 0.0));
    }
    let (scale, zero) = time_unit(&plane.units).unwrap();
    if plane.encoding.ends_with("int8") {
        let mut bytes: [u8; 8] = record.raw[x][0].clone().try_into().unwrap();
        if plane.encoding.starts_with("big") {
            bytes.reverse();
        }
        let thousandths =
            i128::from(i64::from_le_bytes(bytes)) * (scale * 1000.0) as i128 + zero as i128 * 1000;
        let us = thousandths.div_euclid(1000) as f64 + thousandths.rem_euclid(1000) as f64 / 1000.0;
        return Some((us, 0.0));
    }
    let step = value.abs().next_up() - value.abs();
    let slack = if scale == 1.0 && zero == 0.0 {
        0.0
    } else {
        2.0 * step * scale
    };
    value.is_finite().then_some((value * scale + zero, slack))
}

/// The fill value of a plane, by the cascade.
pub fn fill_of(header: &Header, stream: &Xml, plane: usize) -> f64 {
    let own = match header.planes[plane].kind.as_str() {
        "y" | "xscan" => "yFill",
        _ => "zFill",
    };
    [own, "fill"]
        .iter()
        .find_map(|name| cascade(header, stream, plane, name))
        .map_or(-1e31, |text| text.parse().unwrap())
}

fn cascade<'a>(header: &'a Header, stream: &'a Xml, plane: usize, name: &str) -> Option<&'a str> {
    [&header.planes[plane].xml, &header.xml, stream]
        .iter()
        .find_map(|xml| xml.property(name))
        .map(|(_, text)| text)
}

pub fn is_fill(value: f64, fill: f64) -> bool {
    value.is_nan() || value == fill || ((fill - value) / fill).abs() < 1e-5
}

/// True when all items of all packets of a bin go into one value.
pub fn collapses(header: &Header, stream: &Xml, plane: usize, options: &Options) -> bool {
    let it = &header.planes[plane];
    if options.planes == Planes::Peaks || !it.kind.ends_with("scan") {
        return false;
    }
    let letter = if it.kind == "xscan" { "x" } else { "y" };
    let name = |rest: &str| {
        if letter == "x" {
            format!("xOffset{rest}")
        } else {
            format!("yTag{rest}")
        }
    };
    if letter == "y" && cascade(header, stream, plane, "renderer") != Some("waveform") {
        return false;
    }
    let unit = match it.xml.attr(&format!("{letter}Units")) {
        Some("s" | "seconds") => 1.0,
        Some("ms") => 1e-3,
        Some("us" | "microseconds") => 1e-6,
        _ => return false,
    };
    let last = it.items as f64 - 1.0;
    let span = match (it.xml.attr(&name("s")), it.xml.attr(&name("Interval"))) {
        (Some(list), _) => {
            let tags = list
                .split(',')
                .map(|tag| tag.trim().parse::<f64>().unwrap());
            let tags: Vec<f64> = tags.collect();
            tags.iter().copied().fold(f64::MIN, f64::max)
                - tags.iter().copied().fold(f64::MAX, f64::min)
        }
        (None, Some(step)) => step.parse::<f64>().unwrap() * last,
        (None, None) => last,
    };
    span * unit <= options.seconds
}

/// One open bin.
struct Open {
    bin: f64,
    slack: f64,
    header: Rc<Header>,
    /// Good values of each plane and item.
    values: Vec<Vec<Vec<f64>>>,
}

/// Of a record that should be written: the number of good values of each plane
/// and item of the input, x included, and the planes' types.
pub struct Counts {
    pub source: Vec<String>,
    pub good: Vec<Vec<f64>>,
}

/// The counts of all records.
pub fn counts(input: &Parsed, options: &Options) -> Vec<Counts> {
    let of = |(_, open): &(u8, Open)| Counts {
        source: open
            .header
            .planes
            .iter()
            .map(|p| p.encoding.clone())
            .collect(),
        good: open
            .values
            .iter()
            .map(|items| items.iter().map(|v| v.len() as f64).collect())
            .collect(),
    };
    gathered(input, options).0.iter().map(of).collect()
}

/// All records, in the order in which they have to come.
pub fn binned(input: &Parsed, options: &Options) -> Vec<Expected> {
    let (closed, start) = gathered(input, options);
    let of = |(id, open)| finished(id, open, input, options, start);
    closed.into_iter().map(of).collect()
}

/// The bins in the order in which they close, and where bin 0 starts.
fn gathered(input: &Parsed, options: &Options) -> (Vec<(u8, Open)>, f64) {
    let size = options.seconds * 1e6;
    let mut start = options.begin;
    let mut open: BTreeMap<u8, Open> = BTreeMap::new();
    let mut closed = Vec::new();
    let mut headers: BTreeMap<u8, Rc<Header>> = BTreeMap::new();
    for item in &input.items {
        match item {
            Item::Header(id, header) => {
                let same = headers.get(id).is_some_and(|old| old == header);
                if !same && let Some(done) = open.remove(id) {
                    closed.push((*id, done));
                }
                headers.insert(*id, Rc::clone(header));
            }
            Item::Record(record) => {
                let Some((time, slack)) = time_of(record) else {
                    continue;
                };
                let start = *start.get_or_insert(time);
                let mut bin = ((time - start) / size).floor();
                if slack > 0.0 && slack < size / 4.0 && start + (bin + 1.0) * size - time <= slack {
                    bin += 1.0;
                }
                if open.get(&record.id).is_some_and(|open| open.bin != bin) {
                    closed.push((record.id, open.remove(&record.id).unwrap()));
                }
                let fresh = || fresh(input, record, options, bin);
                let now = open.entry(record.id).or_insert_with(fresh);
                now.slack = now.slack.max(slack);
                add(now, input, record);
            }
            _ => {}
        }
    }
    closed.extend(open);
    (closed, start.unwrap_or(0.0))
}

fn fresh(input: &Parsed, record: &Record, options: &Options, bin: f64) -> Open {
    let header = &record.header;
    let items = |plane| {
        if collapses(header, &input.stream, plane, options) {
            1
        } else {
            header.planes[plane].items
        }
    };
    Open {
        bin,
        slack: 0.0,
        header: Rc::clone(header),
        values: (0..header.planes.len())
            .map(|plane| vec![Vec::new(); items(plane)])
            .collect(),
    }
}

fn add(open: &mut Open, input: &Parsed, record: &Record) {
    for (plane, values) in record.values.iter().enumerate() {
        let fill = fill_of(&record.header, &input.stream, plane);
        let count = open.values[plane].len();
        for (item, &value) in values.iter().enumerate() {
            if !is_fill(value, fill) {
                open.values[plane][if count == 1 { 0 } else { item }].push(value);
            }
        }
    }
}

fn finished(id: u8, open: Open, input: &Parsed, options: &Options, start: f64) -> Expected {
    let size = options.seconds * 1e6;
    let x = open.header.x();
    let mut planes = Vec::new();
    let mut added = Vec::new();
    for (plane, items) in open.values.iter().enumerate().filter(|(p, _)| *p != x) {
        let fill = fill_of(&open.header, &input.stream, plane);
        planes.push(items.iter().map(|v| statistic("mean", v, fill)).collect());
        for (suffix, _) in options.suffixes() {
            added.push(items.iter().map(|v| statistic(suffix, v, fill)).collect());
        }
    }
    planes.append(&mut added);
    Expected {
        id,
        centre: start + (open.bin + 0.5) * size,
        slack: open.slack + 0.5,
        planes,
        header: header(&open.header, &input.stream, options, start),
    }
}

/// A number and how exactly it can be asked for.
fn statistic(which: &str, values: &[f64], fill: f64) -> (f64, f64) {
    if values.is_empty() {
        return (fill, 0.0);
    }
    let count = values.len() as f64;
    let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let mean = values.iter().sum::<f64>() / count;
    let rough = if largest.is_finite() {
        1e-13 * count * largest
    } else {
        0.0
    };
    match which {
        "mean" => (mean, rough),
        "min" => (values.iter().copied().fold(f64::INFINITY, f64::min), 0.0),
        "max" => (
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            0.0,
        ),
        _ if values.len() == 1 => (0.0, 0.0),
        _ => {
            let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
            ((squares / (count - 1.0)).sqrt(), rough * 1e3)
        }
    }
}
