//! How binning changes headers.

use std::collections::HashMap;

use crate::stream::{
    Encoding, Error, MAX_HEADER, PacketHeader, Plane, PlaneKind, Properties, Property, Result,
    StreamHeader,
};

use crate::time::TimeUnit;

use super::column::{Column, own_unit, own_x_written_as, x_units, x_written_as};
use super::options::{Binning, Planes};

/// The stream header after binning: the width of the bins, in every property
/// by which clients know it.
pub(super) fn stream(header: &StreamHeader, binning: &Binning) -> StreamHeader {
    let mut header = header.clone();
    if binning.own_units {
        return header;
    }
    let width = resolution(&header, binning);
    let properties = &mut header.properties;
    properties.set("Datum", "xTagWidth", datum(width));
    properties.set("Datum", "xCacheResolution", datum(width));
    properties.set("String", "xCacheResInfo", resolution_text(width));
    if properties.value("Data_type").is_some() {
        properties.set("String", "Data_type", "K0>Key Parameter");
    }
    if properties.value("sourceId").is_none() {
        properties.set("String", "sourceId", binning.program());
    }
    header
}

/// Tells the width of bins in x's own units, where these are a time.
pub(super) fn tell_own_width(header: &mut StreamHeader, packet: &PacketHeader, size: f64) {
    let mut planes = packet.planes.iter().filter(|p| p.kind == PlaneKind::X);
    if let Some(seconds) = planes.next().and_then(seconds_of) {
        let width = datum(size * seconds);
        header.properties.set("Datum", "xCacheResolution", width);
    }
}

/// Seconds in one unit of x; None where x is no time.
fn seconds_of(x: &Plane) -> Option<f64> {
    match (TimeUnit::parse(x.units()), x.encoding()) {
        (Some(unit), _) => Some(unit.seconds()),
        (None, Encoding::Time(_)) => Some(1e-6),
        _ => None,
    }
}

/// The width of the bins as clients are told it, in seconds: a reduction of
/// data that are coarser already does not make them finer.
pub(super) fn resolution(stream: &StreamHeader, binning: &Binning) -> f64 {
    tag_width(stream.properties.get("xTagWidth"), binning.seconds)
}

/// The wider of what is there and what the bins make, in seconds.
fn tag_width(known: Option<Property<'_>>, seconds: f64) -> f64 {
    match known.and_then(|property| property.seconds()) {
        Some(known) if known > seconds && known.is_finite() => known,
        _ => seconds,
    }
}

/// A number of seconds as a Datum.
pub(in crate::filter) fn datum(seconds: f64) -> String {
    let fixed = format!("{seconds:.6}");
    // Six decimals say nothing, or something else, of very short bins.
    let read_back: f64 = fixed.parse().unwrap_or(0.0);
    if seconds <= 1e10 && (read_back - seconds).abs() <= seconds * 1e-3 {
        format!("{fixed} s")
    } else {
        format!("{} s", c_exponent(seconds, 6))
    }
}

/// `%{xCacheResInfo}` of titles: what the resolution is, with a blank before.
fn resolution_text(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!(" ({:.0} ms Averages)", s * 1e3),
        s if s < 60.0 => format!(" ({s:.1} s Averages)"),
        s if s < 3600.0 => format!(" ({:.1} minute Averages)", s / 60.0),
        s if s < 86400.0 => format!(" ({:.1} hour Averages)", s / 3600.0),
        s => format!(" ({} day Averages)", three_digits(s / 86400.0)),
    }
}

/// `%.3g` for numbers from 1 upwards.
fn three_digits(number: f64) -> String {
    let digits = if number < 9.995 {
        2
    } else if number < 99.95 {
        1
    } else {
        0
    };
    let short = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if number < 999.5 {
        return short(&format!("{number:.digits$}"));
    }
    let text = c_exponent(number, 2);
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", short(mantissa)),
        None => text,
    }
}

/// `%.{decimals}e` of a number above zero.
fn c_exponent(number: f64, decimals: usize) -> String {
    let mut text = Vec::new();
    crate::stream::exp_field(number, decimals + 7, decimals, &mut text);
    String::from_utf8_lossy(&text).trim_start().to_owned()
}

/// A packet header after binning. `resolution`: see there; `digits`: fraction
/// digits of a second that the centres of the bins need.
pub(super) fn packet(
    header: &PacketHeader,
    columns: &[Option<Column>],
    binning: &Binning,
    resolution: f64,
    digits: u8,
) -> PacketHeader {
    let mut out = header.clone();
    if !binning.own_units {
        raise_tag_width(&mut out.properties, resolution);
    }
    for (plane, column) in out.planes.iter_mut().zip(columns) {
        if !binning.own_units {
            raise_tag_width(&mut plane.properties, resolution);
        }
        match column {
            None if binning.own_units => {
                let encoding = own_x_written_as(plane.encoding(), &own_unit(plane), resolution);
                if encoding != plane.encoding() {
                    plane.set_encoding(encoding);
                }
            }
            None => {
                let encoding = x_written_as(plane.encoding(), digits);
                plane.set_encoding(encoding);
                plane.set_units(x_units(encoding));
                plane.remove_attr("base");
            }
            Some(column) => {
                let encoding = plane.encoding().of_results();
                if encoding != plane.encoding() {
                    plane.set_encoding(encoding);
                }
                if column.collapse {
                    plane.collapse();
                    let fill = column.fill();
                    plane.properties.set("double", "yFill", format!("{fill:e}"));
                }
            }
        }
    }
    append_planes(&mut out.planes, binning);
    out
}

/// A width in a packet or plane wins over the stream's, so it must not stay
/// below the bins.
fn raise_tag_width(properties: &mut Properties, seconds: f64) {
    if properties.value("xTagWidth").is_some() {
        let width = tag_width(properties.get("xTagWidth"), seconds);
        properties.set("Datum", "xTagWidth", datum(width));
    }
}

/// What is added for each plane of the input: the end of its name, and what it says that
/// it is.
fn added(binning: &Binning) -> &'static [(&'static str, &'static str)] {
    match binning.planes {
        Planes::Peaks => &[("max", "BIN_MAX")],
        Planes::Means {
            range: true,
            deviation: true,
        } => &[
            ("min", "BIN_MIN"),
            ("max", "BIN_MAX"),
            ("stddev", "BIN_STDDEV"),
        ],
        Planes::Means {
            range: true,
            deviation: false,
        } => &[("min", "BIN_MIN"), ("max", "BIN_MAX")],
        Planes::Means {
            range: false,
            deviation: true,
        } => &[("stddev", "BIN_STDDEV")],
        Planes::Means { .. } => &[],
    }
}

/// Sees to it that the planes that are added have room in a header, before they are made:
/// each has all attributes and properties of one of the input's.
///
/// # Errors
/// [`Error::Unfit`].
pub(super) fn check(header: &PacketHeader, binning: &Binning) -> Result<()> {
    // `<y type="float" units="" name="..">` and the words source and operation.
    const LEAST: usize = 100;
    let size = |plane: &Plane| {
        let attrs = plane.attrs().iter().map(|(_, value)| value.len());
        let properties = plane.properties.iter().map(|property| property.value.len());
        LEAST + attrs.chain(properties).sum::<usize>()
    };
    let planes = header.planes.iter().filter(|p| p.kind != PlaneKind::X);
    let size = planes.map(size).sum::<usize>() * added(binning).len();
    match size > MAX_HEADER {
        true => Err(Error::Unfit(
            "with the planes that are added the packet header is more bytes than six digits of \
             length can say: ask for fewer"
                .into(),
        )),
        false => Ok(()),
    }
}

/// Ranges, peaks and deviations stand after all planes of the input.
fn append_planes(planes: &mut Vec<Plane>, binning: &Binning) {
    let wanted = added(binning);
    if wanted.is_empty() {
        return;
    }
    let says_average = binning.planes
        != Planes::Means {
            range: false,
            deviation: true,
        };
    let mut more_planes = Vec::new();
    let mut taken: HashMap<String, usize> =
        planes.iter().map(|p| (p.name().to_owned(), 2)).collect();
    for plane in planes.iter_mut().filter(|p| p.kind != PlaneKind::X) {
        let source = plane.name().to_owned();
        if says_average {
            label(plane, &source, "BIN_AVG");
        }
        for (suffix, operation) in wanted {
            let mut more = plane.clone();
            label(&mut more, &source, operation);
            let name = added_name(&source, suffix, &mut more, binning);
            more.set_name(&unique(name, &mut taken));
            more_planes.push(more);
        }
        if source.is_empty() && binning.planes == Planes::Peaks {
            plane.set_name("");
        }
    }
    planes.append(&mut more_planes);
}

fn label(plane: &mut Plane, source: &str, operation: &str) {
    plane.properties.set("String", "source", source);
    plane.properties.set("String", "operation", operation);
}

/// Names of added planes. Clients pair a plane without a name with one that
/// is called `peaks`.
fn added_name(source: &str, suffix: &str, plane: &mut Plane, binning: &Binning) -> String {
    match (source.is_empty(), binning.planes) {
        (false, _) => format!("{source}.{suffix}"),
        (true, Planes::Peaks) => {
            plane.properties.set("boolean", "peaks", "true");
            "peaks".into()
        }
        (true, _) => suffix.into(),
    }
}

/// Clients refuse two planes of one name, and data that were binned once
/// before have planes of such names already: `a.max`, then `a.max_2`.
/// `taken` knows the number to try next for each name.
fn unique(name: String, taken: &mut HashMap<String, usize>) -> String {
    let mut free = name.clone();
    while taken.contains_key(&free) {
        let number = taken.entry(name.clone()).or_insert(2);
        free = format!("{name}_{number}");
        *number += 1;
    }
    taken.insert(free.clone(), 2);
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_are_told_as_clients_know_them() {
        for (seconds, text) in [
            (0.25, " (250 ms Averages)"),
            (1.0, " (1.0 s Averages)"),
            (59.96, " (60.0 s Averages)"),
            (60.0, " (1.0 minute Averages)"),
            (5400.0, " (1.5 hour Averages)"),
            (86400.0, " (1 day Averages)"),
            (86400.0 * 1.256, " (1.26 day Averages)"),
            (86400.0 * 30.44, " (30.4 day Averages)"),
            (86400.0 * 365.25, " (365 day Averages)"),
            (86400.0 * 1000.0, " (1e+03 day Averages)"),
            (86400.0 * 12_345.0, " (1.23e+04 day Averages)"),
        ] {
            assert_eq!(resolution_text(seconds), text);
        }
        assert_eq!(datum(60.0), "60.000000 s");
        assert_eq!(datum(3e10), "3.000000e+10 s");
        assert_eq!(datum(0.0625), "0.062500 s");
        assert_eq!(datum(1e-9), "1.000000e-09 s");
        assert_eq!(datum(1.5e300), "1.500000e+300 s");
    }
}
