//! What the numbers of a das1 source mean: headers out of its definition.

use crate::source::Definition;
use crate::stream::{
    Encoding, PacketHeader, PacketId, Plane, PlaneKind, StreamHeader, parse_number,
};

use super::options::Call;

/// Numbers of a record, beyond which a definition is taken for wrong.
const MOST: usize = 10_000;

/// Keywords that are told otherwise, or only mean the reader.
const UNDERSTOOD: [&str; 14] = [
    "form",
    "x_parameter",
    "x_unit",
    "x_sample_width",
    "y_parameter",
    "y_unit",
    "y_sample_width",
    "y_coordinate",
    "y_fill",
    "z_parameter",
    "z_unit",
    "z_fill",
    "items",
    "ny",
];

/// How records become packets.
pub(super) struct Layout {
    pub(super) stream: StreamHeader,
    pub(super) packet: PacketHeader,
    /// us2000 of x 0, where x counts seconds from the beginning.
    base: Option<f64>,
    /// Numbers of a record.
    numbers: usize,
}

impl Layout {
    /// # Errors
    /// What is wrong with the definition.
    pub(super) fn new(definition: &Definition, call: &Call) -> Result<Layout, String> {
        let text = |key: &str| definition.get(key).map(str::trim).filter(|t| !t.is_empty());
        let x_name = text("x_parameter").unwrap_or("time");
        let base = x_name
            .eq_ignore_ascii_case("time")
            .then(|| call.begin.us2000());
        let x = match base {
            Some(_) => Plane::new(PlaneKind::X, "", "us2000", Encoding::HOST_REAL8),
            None => {
                let units = text("x_unit").unwrap_or("");
                Plane::new(PlaneKind::X, "", units, Encoding::HOST_REAL4)
            }
        };
        let mut stream = StreamHeader::new();
        let properties = &mut stream.properties;
        properties.set("Time", "start", call.begin_text.clone());
        properties.set("Time", "end", call.end_text.clone());
        let x_label = match base {
            Some(_) => "Time".to_owned(),
            None => labelled(x_name, text("x_unit")),
        };
        properties.set("String", "xLabel", x_label);
        let y_name = text("y_parameter").unwrap_or("y");
        let y_label = labelled(y_name, text("y_unit"));
        properties.set("String", "yLabel", y_label.clone());
        let z_name = text("z_parameter").unwrap_or("z");
        let z_label = labelled(z_name, text("z_unit"));
        let mut planes = vec![x];
        let form = text("form").ok_or(
            "the keyword form is missing; a source whose reader writes das2 streams has \
             das2Stream = 1",
        )?;
        match form {
            "x_multi_y" => planes.extend(ys(definition, y_name, text("y_unit").unwrap_or(""))?),
            "x_tagged_y_scan" => {
                let tags = text("y_coordinate").ok_or("the keyword y_coordinate is missing")?;
                let mut scan = plane(PlaneKind::Y, z_name, text("z_unit"));
                scan.tag(&coordinates(tags)?, text("y_unit").unwrap_or(""));
                scan.properties.set("String", "yLabel", y_label);
                scan.properties.set("String", "zLabel", z_label.clone());
                planes.push(scan);
            }
            "x_y_z" => {
                planes.push(plane(PlaneKind::Y, y_name, text("y_unit")));
                planes.push(plane(PlaneKind::Z, z_name, text("z_unit")));
            }
            other => {
                return Err(format!(
                    "form is '{other}', not x_multi_y, x_tagged_y_scan or x_y_z"
                ));
            }
        }
        if form != "x_multi_y" {
            properties.set("String", "zLabel", z_label);
        }
        further(&mut stream, definition);
        let file = definition.path.file_name().unwrap_or_default();
        let source = file.to_string_lossy().into_owned();
        stream.properties.set("String", "sourceId", source);
        let numbers = planes.iter().map(Plane::items).sum();
        let packet = PacketHeader::new(planes);
        Ok(Layout {
            stream,
            packet,
            base,
            numbers,
        })
    }

    /// Bytes of a record of the reader.
    pub(super) fn record(&self) -> usize {
        4 * self.numbers.max(1)
    }

    /// Appends the packet of a record.
    pub(super) fn write(&self, record: &[u8], out: &mut Vec<u8>) {
        out.extend(PacketId::FIRST.data_tag());
        let (numbers, _) = record.as_chunks::<4>();
        let mut numbers = numbers.iter().map(|bytes| f32::from_be_bytes(*bytes));
        if let Some(base) = self.base {
            let seconds = numbers.next().unwrap_or(f32::NAN);
            out.extend((base + f64::from(seconds) * 1e6).to_ne_bytes());
        }
        out.extend(numbers.flat_map(f32::to_ne_bytes));
    }
}

fn plane(kind: PlaneKind, name: &str, units: Option<&str>) -> Plane {
    Plane::new(kind, name, units.unwrap_or(""), Encoding::HOST_REAL4)
}

/// `Frequency (Hz)`.
fn labelled(name: &str, unit: Option<&str>) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    let name: String = first.into_iter().chain(letters).collect();
    match unit {
        Some(unit) => format!("{name} ({unit})"),
        None => name,
    }
}

/// The y planes of x_multi_y, named after the labels of the items.
fn ys(definition: &Definition, name: &str, units: &str) -> Result<Vec<Plane>, String> {
    let key = match definition.get("items") {
        Some(_) => "items",
        None => "ny",
    };
    let count = definition
        .get(key)
        .ok_or("the keyword items or ny is missing")?;
    let count = match count.trim().parse::<usize>() {
        Ok(count) if (1..=MOST).contains(&count) => count,
        _ => return Err(format!("{key} must be a number from 1 to {MOST}")),
    };
    if count == 1 {
        return Ok(vec![plane(PlaneKind::Y, name, Some(units))]);
    }
    let mut planes: Vec<Plane> = Vec::with_capacity(count);
    let mut taken = std::collections::HashSet::new();
    for item in 0..count {
        let label = definition.get(&format!("label({item})"));
        let name = label.map(name_of).filter(|name| !name.is_empty());
        // Clients refuse two planes of one name.
        let name = name.filter(|name| !taken.contains(name));
        let name = name.unwrap_or_else(|| format!("plane_{item}"));
        let mut y = plane(PlaneKind::Y, &name, Some(units));
        taken.insert(name);
        if let Some(label) = label {
            y.properties.set("String", "yLabel", label);
        }
        planes.push(y);
    }
    Ok(planes)
}

/// The name in a label: capitals, small letters where the label goes up or
/// down (`R!DJ!N` is `Rj`).
fn name_of(label: &str) -> String {
    let (mut name, mut is_command, mut is_normal) = (String::new(), false, true);
    for c in label.trim().chars() {
        match c {
            '!' if !is_command => is_command = true,
            c if is_command => {
                is_normal = c == 'N' || c == 'n';
                is_command = false;
            }
            c if is_normal => name.push(c.to_ascii_uppercase()),
            c => name.push(c.to_ascii_lowercase()),
        }
    }
    name.chars().take(63).collect()
}

/// An array as IDL writes it, `[1.0, 2.5e3]`, brackets or not.
fn coordinates(text: &str) -> Result<Vec<f64>, String> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    let numbers: Option<Vec<f64>> = inner
        .split(',')
        .map(|number| parse_number(number.trim().as_bytes()).filter(|n| n.is_finite()))
        .collect();
    match numbers {
        Some(numbers) if (1..=MOST).contains(&numbers.len()) => Ok(numbers),
        Some(_) => Err(format!("y_coordinate has more than {MOST} numbers")),
        None => Err(
            "y_coordinate must be numbers with commas between, such as [1.0, 2.0]: \
                     expressions of IDL are not computed"
                .into(),
        ),
    }
}

/// All else that the definition says, for clients.
fn further(stream: &mut StreamHeader, definition: &Definition) {
    let text = |key: &str| definition.get(key).map(str::trim);
    let properties = &mut stream.properties;
    for (key, kind, name) in [
        ("description", "String", "title"),
        ("y_fill", "double", "yFill"),
        ("z_fill", "double", "zFill"),
    ] {
        match text(key) {
            Some(value) if kind == "String" => properties.set(kind, name, value),
            Some(value) => {
                if let Some(number) = parse_number(value.as_bytes()) {
                    properties.set(kind, name, format!("{number:e}"));
                }
            }
            None => {}
        }
    }
    for (width, unit, name) in [
        ("x_sample_width", "x_unit", "xTagWidth"),
        ("y_sample_width", "y_unit", "yTagWidth"),
    ] {
        if let (Some(width), Some(unit)) = (text(width), text(unit))
            && let Some(width) = parse_number(width.as_bytes())
        {
            properties.set("Datum", name, format!("{width} {unit}"));
        }
    }
    for entry in &definition.entries {
        let key = entry.key.as_str();
        let told = UNDERSTOOD.contains(&key) || key == "description" || key == "format";
        if told || !crate::source::is_for_clients(key) || properties.value(key).is_some() {
            continue;
        }
        properties.set("String", key, entry.value.trim());
    }
}
