//! How an output differs from what it should be.

use crate::parsed::{Parsed, Record, Xml};

use super::Expected;

/// Headers that say the same look the same afterwards: attributes sorted, an
/// empty name as none, other names of the reals as the first.
pub fn settled(xml: &Xml) -> Xml {
    let mut out = xml.clone();
    out.attrs
        .retain(|(key, value)| key != "name" || !value.is_empty());
    for (key, value) in &mut out.attrs {
        match (key.as_str(), value.as_str()) {
            ("type", "float") => *value = "sun_real4".into(),
            ("type", "double") => *value = "sun_real8".into(),
            _ => {}
        }
    }
    out.attrs.sort();
    out.children = xml.children.iter().map(settled).collect();
    out.children
        .retain(|c| c.name != "properties" || !c.attrs.is_empty());
    out
}

/// An element, an attribute a line, each with its path.
fn lines(xml: &Xml, path: &str) -> Vec<String> {
    let name = xml.attr("name").unwrap_or("");
    let path = format!("{path}/{}[{name}]", xml.name);
    let mut out = vec![path.clone()];
    out.extend(xml.attrs.iter().map(|(k, v)| format!("{path} {k}={v:?}")));
    out.extend(xml.children.iter().flat_map(|c| lines(c, &path)));
    out
}

/// Compares what was written with what should be, and says where they differ.
pub fn compare(output: &Parsed, expected: &[Expected]) -> Result<(), String> {
    let records = output.records();
    for (number, (record, wanted)) in records.iter().zip(expected).enumerate() {
        compare_one(record, wanted)
            .map_err(|what| format!("record {number} (packet {:02}): {what}", record.id))?;
    }
    if records.len() == expected.len() {
        Ok(())
    } else {
        Err(format!(
            "{} records instead of {}",
            records.len(),
            expected.len()
        ))
    }
}

fn compare_one(record: &Record, wanted: &Expected) -> Result<(), String> {
    if record.id != wanted.id {
        return Err(format!("should be of packet {:02}", wanted.id));
    }
    let (is, should) = (settled(&record.header.xml), settled(&wanted.header));
    if is != should {
        let (is, should) = (lines(&is, ""), lines(&should, ""));
        let only = |a: &[String], b: &[String]| {
            let lines = a.iter().filter(|line| !b.contains(line));
            lines.cloned().collect::<Vec<_>>().join("\n")
        };
        return Err(format!(
            "its header has\n{}\ninstead of\n{}",
            only(&is, &should),
            only(&should, &is)
        ));
    }
    let x = record.header.x();
    near(record, x, 0, wanted.centre, wanted.slack).map_err(|what| format!("x {what}"))?;
    let planes = (0..record.values.len()).filter(|plane| *plane != x);
    for (plane, items) in planes.zip(&wanted.planes) {
        for (item, &(value, tolerance)) in items.iter().enumerate() {
            near(record, plane, item, value, tolerance).map_err(|what| {
                format!(
                    "plane {plane} ({:?}), item {item} {what}",
                    record.header.planes[plane].name
                )
            })?;
        }
    }
    Ok(())
}

fn near(
    record: &Record,
    plane: usize,
    item: usize,
    wanted: f64,
    tolerance: f64,
) -> Result<(), String> {
    let is = record.values[plane][item];
    let encoding = &record.header.planes[plane].encoding;
    let raw = &record.raw[plane][item];
    if encoding.starts_with("time") && (wanted < -6.3e16 || !wanted.is_finite()) {
        // What cannot be said as a time is the year 1.
        let text = String::from_utf8_lossy(raw).into_owned();
        return match text.starts_with("0001-01-01T00:00:00") {
            true => Ok(()),
            false => Err(format!("is {text:?} instead of the year 1")),
        };
    }
    let step = match encoding.as_str() {
        e if e.starts_with("ascii") => last_digit(raw) * 0.51,
        e if e.starts_with("time") => last_digit(&raw[17..]) * 0.51e6 + 0.2,
        e if e.ends_with("real4") || e == "float" => wanted.abs() * 1e-7 + 1e-44,
        _ => wanted.abs() * 3e-16,
    };
    let same = is == wanted || is.is_nan() && wanted.is_nan();
    if same || (is - wanted).abs() <= tolerance + step {
        return Ok(());
    }
    Err(format!("is {is:e} instead of {wanted:e}, {encoding}"))
}

/// The worth of the last digit of a number as text.
pub fn last_digit(text: &[u8]) -> f64 {
    let text = String::from_utf8_lossy(text).trim().to_lowercase();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len()) as i32;
    10f64.powi(exponent.parse::<i32>().unwrap_or(0) - decimals)
}
