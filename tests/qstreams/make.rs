//! Makes QStreams.

/// A dataset with values in data packets.
#[derive(Clone)]
pub struct Set {
    pub id: &'static str,
    pub rank: usize,
    pub units: &'static str,
    pub encoding: String,
    /// None: one value a packet.
    pub length: Option<usize>,
    /// In place of the length: several, `2,3`, that make it up.
    pub lengths: &'static str,
    /// Further properties: name, type, value.
    pub more: Vec<(&'static str, &'static str, String)>,
}

impl Set {
    pub fn times(units: &'static str, encoding: &str) -> Set {
        Set {
            id: "t",
            rank: 1,
            units,
            encoding: encoding.to_owned(),
            length: None,
            lengths: "",
            more: Vec::new(),
        }
    }

    /// A dataset along the times, of so many values if more than one.
    pub fn data(id: &'static str, encoding: &str, length: Option<usize>) -> Set {
        Set {
            id,
            rank: 1 + usize::from(length.is_some()),
            units: "V",
            length,
            ..Set::times("", encoding)
        }
        .with("DEPEND_0", "qdataset", "t")
    }

    pub fn with(mut self, name: &'static str, kind: &'static str, value: &str) -> Set {
        self.more.push((name, kind, value.to_owned()));
        self
    }

    fn xml(&self) -> String {
        let mut properties = Vec::new();
        if !self.units.is_empty() {
            properties.push(("UNITS", "units", self.units.to_owned()));
        }
        properties.extend(self.more.clone());
        let properties: String = properties
            .iter()
            .map(|(name, kind, value)| {
                format!("<property name=\"{name}\" type=\"{kind}\" value=\"{value}\"/>")
            })
            .collect();
        let length = match (self.lengths, self.length) {
            ("", length) => length.map(|n| n.to_string()).unwrap_or_default(),
            (lengths, _) => lengths.to_owned(),
        };
        format!(
            "<qdataset id=\"{}\" rank=\"{}\"><properties>{properties}</properties>\
             <values encoding=\"{}\" length=\"{length}\"/></qdataset>",
            self.id, self.rank, self.encoding
        )
    }
}

/// A stream in the making.
pub struct Maker {
    pub bytes: Vec<u8>,
    big: bool,
    types: Vec<(u8, Vec<Set>)>,
}

pub fn tagged(tag: &str, xml: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}\n");
    format!("[{tag}]{:06}{body}", body.len()).into_bytes()
}

impl Maker {
    pub fn new(big: bool) -> Maker {
        let order = if big { "big_endian" } else { "little_endian" };
        let xml = format!("<stream dataset_id=\"v\" byte_order=\"{order}\"/>");
        Maker {
            bytes: tagged("00", &xml),
            big,
            types: Vec::new(),
        }
    }

    pub fn extra(&mut self, xml: &str) {
        self.bytes.extend(tagged("xx", xml));
    }

    /// A descriptor in words.
    pub fn raw(&mut self, id: u8, datasets: &str) {
        let xml = format!("<packet>{datasets}</packet>");
        self.bytes.extend(tagged(&format!("{id:02}"), &xml));
    }

    pub fn describe(&mut self, id: u8, sets: &[Set]) {
        self.raw(id, &sets.iter().map(Set::xml).collect::<String>());
        self.types.retain(|(known, _)| *known != id);
        self.types.push((id, sets.to_vec()));
    }

    /// A packet. The time of text is given in nanoseconds since 2000, that of
    /// `int8` in its own unit.
    pub fn record(&mut self, id: u8, values: &[&[f64]]) {
        self.bytes.extend(format!(":{id:02}:").into_bytes());
        let (_, sets) = self.types.iter().find(|(known, _)| *known == id).unwrap();
        for (set, values) in sets.iter().zip(values) {
            assert_eq!(set.length.unwrap_or(1), values.len(), "{}", set.id);
            for value in *values {
                encode(&set.encoding, self.big, *value, &mut self.bytes);
            }
        }
        let is_text =
            |set: &Set| set.encoding.starts_with("ascii") || set.encoding.starts_with("time");
        if sets.last().is_some_and(is_text) {
            *self.bytes.last_mut().unwrap() = b'\n';
        }
    }
}

fn encode(encoding: &str, big: bool, value: f64, out: &mut Vec<u8>) {
    let mut number = |bytes: &[u8]| match big {
        true => out.extend(bytes.iter().rev()),
        false => out.extend(bytes),
    };
    match encoding {
        "double" | "real8" => number(&value.to_le_bytes()),
        "float" | "real4" => number(&(value as f32).to_le_bytes()),
        "int8" | "long" => number(&(value as i64).to_le_bytes()),
        "int4" | "integer" => number(&(value as i32).to_le_bytes()),
        "int2" | "short" => number(&(value as i16).to_le_bytes()),
        "byte" => number(&(value as i8).to_le_bytes()),
        text if text.starts_with("ascii") => {
            let width: usize = text[5..].parse().unwrap();
            let text = format!("{value:e}");
            out.extend(format!("{text:>0$} ", width - 1).into_bytes());
        }
        text if text.starts_with("hex") => {
            let width: usize = text[3..].parse().unwrap();
            let text = format!("{:#x}", value as u64);
            out.extend(format!("{text:>0$} ", width - 1).into_bytes());
        }
        text => {
            let width: usize = text.strip_prefix("time").unwrap().parse().unwrap();
            let iso = iso(value as i64);
            let iso = iso.get(..width - 1).unwrap_or(&iso);
            out.extend(format!("{iso:<0$} ", width - 1).into_bytes());
        }
    }
}

/// Nanoseconds since 2000, within January 2000.
pub fn iso(ns: i64) -> String {
    assert!((0..31 * 86_400_000_000_000).contains(&ns), "{ns}");
    let (seconds, ns) = (ns / 1_000_000_000, ns % 1_000_000_000);
    let (day, second) = (seconds / 86_400 + 1, seconds % 86_400);
    format!(
        "2000-01-{day:02}T{:02}:{:02}:{:02}.{ns:09}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}
