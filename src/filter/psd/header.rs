//! What becomes of headers.

use crate::filter::bin::datum;
use crate::stream::{PacketHeader, Plane, Properties, StreamHeader};

use super::axis::Axis;
use super::frequency::{Frequencies, STEERING};
use super::options::Spectra;
use super::units::Units;

/// The program's name, under which it speaks.
pub(super) const PROGRAM: &str = "das2_psd";

/// The stream header of spectra: what axes are and how they were made. The
/// title has macros, which clients fill in from the other properties.
pub(super) fn stream(header: &StreamHeader, spectra: &Spectra) -> StreamHeader {
    let mut header = header.clone();
    let properties = &mut header.properties;
    properties.remove("yLabel");
    properties.remove("zLabel");
    properties.set("String", "yScaleType", "linear");
    properties.set("String", "zScaleType", "log");
    properties.set("String", "renderer", "spectrogram");
    let (length, slide) = (spectra.length, spectra.slide);
    properties.set("String", "sourceId", format!("{PROGRAM} {length} {slide}"));
    let title = properties.value("title").unwrap_or("");
    let title = format!("{title}!c%{{DFT_length}} point DFT, %{{xDftOverlapInfo}}");
    properties.set("String", "title", title);
    let overlap = match slide {
        1 => "No Overlap".to_owned(),
        slide => format!("{}/{slide} Overlap", slide - 1),
    };
    properties.set("String", "xDftOverlapInfo", overlap);
    properties.set("int", "DFT_length", length.to_string());
    properties.set("int", "DFT_slide_denominator", slide.to_string());
    properties.set("String", "DFT_window", "hann");
    if let Some(cadence) = &spectra.cadence {
        properties.set("Datum", "xTagWidth", cadence.text.clone());
    }
    header
}

/// The plane of the spectra of another one.
pub(super) fn spectrum(plane: &Plane, fill: f64, frequencies: &Frequencies) -> Plane {
    let mut out = plane.clone();
    let per_frequency = frequencies.units.clone().power(-1);
    let units = Units::parse(plane.units()).power(2).times(per_frequency);
    let encoding = plane.encoding().of_results();
    if encoding != plane.encoding() {
        out.set_encoding(encoding);
    }
    out.spread(
        frequencies.count,
        &frequencies.units.text(),
        frequencies.first,
        frequencies.step,
    );
    out.set_units(&units.text());
    let properties = &mut out.properties;
    STEERING.iter().for_each(|name| properties.remove(name));
    let label = |what: &str, units: &Units| match units.label() {
        units if units.is_empty() => what.to_owned(),
        units => format!("{what} ({units})"),
    };
    properties.set("String", "yLabel", label("Frequency", &frequencies.units));
    properties.set("String", "zLabel", label("Spectral Density", &units));
    let operation = match properties.value("operation") {
        Some(earlier) if !earlier.is_empty() => format!("{earlier}, DFT"),
        _ => "DFT".to_owned(),
    };
    properties.set("String", "operation", operation);
    properties.set("double", "zFill", format!("{fill:e}"));
    out
}

/// The packet header of spectra; `width` is the distance in x beyond which
/// clients leave a gap.
pub(super) fn packet(
    input: &PacketHeader,
    mut planes: Vec<Plane>,
    width: Option<String>,
) -> PacketHeader {
    let mut header = input.clone();
    display(&mut header.properties);
    for plane in &mut planes {
        display(&mut plane.properties);
    }
    header.planes = planes;
    if let Some(width) = width {
        header.properties.set("Datum", "xTagWidth", width);
    }
    header
}

/// What would win over the stream's properties and means the samples.
fn display(properties: &mut Properties) {
    properties.remove("xTagWidth");
    for (name, value) in [
        ("renderer", "spectrogram"),
        ("yScaleType", "linear"),
        ("zScaleType", "log"),
    ] {
        if properties.value(name).is_some() {
            properties.set("String", name, value);
        }
    }
}

/// The distance in x beyond which clients leave a gap. None where the command
/// line says it.
pub(super) fn tag_width(axis: &Axis, steps: f64, spectra: &Spectra) -> Option<String> {
    if spectra.cadence.is_some() {
        return None;
    }
    Some(match axis.seconds() {
        Some(seconds) => datum(steps * seconds),
        None => format!("{steps} {}", axis.plane.units())
            .trim_end()
            .to_owned(),
    })
}

/// What the input says about that, in steps of x.
pub(super) fn known_width(axis: &Axis, input: &PacketHeader, stream: &StreamHeader) -> Option<f64> {
    let property = input.cascade(&axis.plane, stream, "xTagWidth")?;
    let steps = property.seconds()? / axis.seconds()?;
    (steps.is_finite() && steps > 0.0).then_some(steps)
}
