//! Windows along x: every packet is one sample, or one of each item.
//!
//! Samples are gathered as long as x goes on in equal steps. How far apart
//! they are is known only then, and with it the header.

use std::sync::Arc;

use crate::stream::{
    Encoding, Error, PacketHeader, PacketId, Plane, PlaneKind, Result, Run, Sink, StreamHeader,
};

use super::axis::{Axis, Point};
use super::frequency::{Frequencies, Spacing};
use super::header;
use super::options::{Datum, Spectra};
use super::outlet::Outlet;
use super::samples::{Samples, write};
use super::transform::Transform;
use super::units::Units;

/// As many layouts of one packet type are remembered as there are IDs.
const MAX_LAYOUTS: usize = PacketId::COUNT;

/// A packet type whose values are samples.
pub(super) struct AlongX {
    input: Arc<PacketHeader>,
    axis: Axis,
    columns: Vec<Column>,
    /// x of the samples that are gathered.
    points: Vec<Point>,
    layouts: Vec<Layout>,
    /// The place of the layout in use among them.
    current: Option<usize>,
}

/// One item of a plane.
struct Column {
    samples: Samples,
    item: usize,
    /// The plane of its spectra, but for the frequencies.
    plane: Plane,
    values: Vec<f64>,
}

/// Spectra of samples that are so far apart.
struct Layout {
    /// In steps of x.
    apart: f64,
    /// Of each column; None where all are trimmed away.
    frequencies: Vec<Option<Frequencies>>,
    x: Encoding,
    header: Arc<PacketHeader>,
    wanted: Option<PacketId>,
    id: PacketId,
}

impl AlongX {
    /// Understands a packet type. None where nothing can be transformed;
    /// `notes` say what is left out and why.
    ///
    /// # Errors
    /// No x or several; with `no_skip` whatever would be left out.
    pub(super) fn new(
        input: &Arc<PacketHeader>,
        stream: &StreamHeader,
        spectra: &Spectra,
        notes: &mut Vec<String>,
    ) -> Result<Option<AlongX>> {
        let axis = Axis::new(input)?;
        let mut columns = Vec::new();
        let mut offset = 0;
        for plane in &input.planes {
            let at = offset;
            offset += plane.width();
            if plane.kind == PlaneKind::X {
                continue;
            }
            if let Encoding::Time(_) = plane.encoding() {
                let what = format!("plane '{}' holds times", plane.name());
                if spectra.no_skip {
                    return Err(Error::Unfit(what));
                }
                notes.push(format!("{what}; it is left out"));
                continue;
            }
            for item in 0..plane.items() {
                columns.push(Column {
                    samples: Samples::new(plane, at, input, stream),
                    item,
                    plane: of_item(plane, item),
                    values: Vec::new(),
                });
            }
        }
        if columns.is_empty() {
            return Ok(None);
        }
        Ok(Some(AlongX {
            input: Arc::clone(input),
            axis,
            columns,
            points: Vec::new(),
            layouts: Vec::new(),
            current: None,
        }))
    }

    /// Gathers the samples of a run, and transforms them. Returns how many packets it
    /// took: where there is a note it stops, so that this can be told in its place.
    pub(super) fn add(
        &mut self,
        run: Run<'_>,
        spectra: &Spectra,
        transform: &mut Transform,
        outlet: &mut Outlet,
        next: &mut dyn Sink,
        notes: &mut Vec<String>,
    ) -> Result<usize> {
        for (index, packet) in run.bytes.chunks_exact(run.stride).enumerate() {
            let Some(point) = self.axis.point(run, index)? else {
                continue;
            };
            self.points.push(point);
            for column in &mut self.columns {
                column.values.push(column.samples.get(packet, column.item));
            }
            if self.breaks(spectra.jitter) {
                let lost = self.points.len().saturating_sub(2);
                if lost > 0 {
                    notes.push(format!(
                        "packet {}: the steps of x change, {lost} samples are left out",
                        run.id
                    ));
                }
                self.drop_first(lost);
            } else if self.points.len() >= spectra.length {
                self.transform(spectra, transform, outlet, next, notes)?;
                self.drop_first(spectra.step());
            }
            if !notes.is_empty() {
                return Ok(index + 1);
            }
        }
        Ok(run.len())
    }

    /// Whether the last three points are not in equal steps forward. Of two
    /// points, whether they are in the wrong order.
    fn breaks(&self, limit: f64) -> bool {
        match self.points.as_slice() {
            [.., t0, t1, t2] => {
                let (first, second) = (t1.minus(*t0), t2.minus(*t1));
                let jitter = 2.0 * (second - first).abs() / (first + second).abs();
                !(first > 0.0 && second > 0.0 && jitter <= limit)
            }
            _ => false,
        }
    }

    fn drop_first(&mut self, count: usize) {
        let count = count.min(self.points.len());
        self.points.drain(..count);
        for column in &mut self.columns {
            column.values.drain(..count);
        }
    }

    fn transform(
        &mut self,
        spectra: &Spectra,
        transform: &mut Transform,
        outlet: &mut Outlet,
        next: &mut dyn Sink,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let (Some(&first), Some(&last)) = (self.points.first(), self.points.last()) else {
            return Ok(());
        };
        let span = last.minus(first);
        let apart = span / (spectra.length - 1) as f64;
        let at = self.layout(apart, spectra, notes)?;
        let Some(layout) = self.layouts.get_mut(at) else {
            return Ok(());
        };
        if layout.frequencies.iter().all(Option::is_none) {
            return Ok(());
        }
        if self.current != Some(at) || !outlet.holds(layout.id, &layout.header) {
            layout.id = outlet.open(&layout.header, layout.wanted, next)?;
            self.current = Some(at);
        }
        let Some(layout) = self.layouts.get(at) else {
            return Ok(());
        };
        let x = first.plus(span / 2.0);
        outlet.record(layout.id, next, |out| {
            self.axis.write(x, layout.x, out);
            for (column, frequencies) in self.columns.iter().zip(&layout.frequencies) {
                if let Some(frequencies) = frequencies {
                    column.write(frequencies, transform, out);
                }
            }
            let last_plane = layout.header.planes.last();
            if let (Some(true), Some(last)) =
                (last_plane.map(|p| p.encoding().is_text()), out.last_mut())
            {
                *last = b'\n';
            }
        })
    }

    /// The place of the layout for samples so far apart, a new one where none
    /// is near.
    fn layout(&mut self, apart: f64, spectra: &Spectra, notes: &mut Vec<String>) -> Result<usize> {
        // What jitter within its limit can make of the mean step of a window.
        let tolerance = (2.0 * spectra.jitter / (spectra.length - 1) as f64).max(1e-6);
        let near = |layout: &Layout| (layout.apart - apart).abs() <= tolerance * apart;
        if let Some(at) = self
            .current
            .filter(|&at| self.layouts.get(at).is_some_and(near))
        {
            return Ok(at);
        }
        if let Some(at) = self.layouts.iter().position(near) {
            return Ok(at);
        }
        let layout = self.new_layout(apart, spectra, notes)?;
        if self.layouts.len() >= MAX_LAYOUTS {
            self.layouts.remove(0);
            self.current = None;
        }
        self.layouts.push(layout);
        Ok(self.layouts.len() - 1)
    }

    fn new_layout(&self, apart: f64, spectra: &Spectra, notes: &mut Vec<String>) -> Result<Layout> {
        let spacing = match self.axis.seconds() {
            Some(seconds) => Spacing::Seconds(apart * seconds),
            None => Spacing::Other(apart, self.axis.plane.units()),
        };
        let x = self.axis.written(apart * spectra.step() as f64);
        let x_encoding = x.encoding();
        let mut planes = vec![x];
        let mut frequencies = Vec::new();
        for column in &self.columns {
            let wrong = |reason| format!("plane '{}' {reason}", column.plane.name());
            let own = Frequencies::new(&column.plane, spectra.length, spacing);
            let own = match own {
                Ok(Some(own)) => Ok(own),
                Ok(None) => Err("has all its frequencies trimmed away".to_owned()),
                Err(reason) => Err(reason),
            };
            match own.map_err(wrong) {
                Ok(own) => {
                    planes.push(header::spectrum(&column.plane, column.samples.fill(), &own));
                    frequencies.push(Some(own));
                }
                Err(what) if spectra.no_skip => return Err(Error::Unfit(what)),
                Err(what) => {
                    notes.push(format!("{what}; it is left out"));
                    frequencies.push(None);
                }
            }
        }
        let width = 2.0 * spectra.length as f64 * apart;
        let width = header::tag_width(&self.axis, width, spectra);
        Ok(Layout {
            apart,
            frequencies,
            x: x_encoding,
            header: Arc::new(header::packet(&self.input, planes, width)),
            wanted: spectra
                .ids
                .iter()
                .find(|(_, datum)| self.matches(datum, spacing, spectra.jitter))
                .map(|(id, _)| *id),
            id: PacketId::FIRST,
        })
    }

    /// Whether a sample time of the command line is that of these samples.
    fn matches(&self, datum: &Datum, spacing: Spacing<'_>, jitter: f64) -> bool {
        let wanted = match (spacing, Spacing::new(datum.value, &datum.units)) {
            (Spacing::Seconds(_), Spacing::Seconds(wanted)) => wanted,
            (Spacing::Other(_, unit), Spacing::Other(wanted, other)) => {
                match Units::parse(unit) == Units::parse(other) {
                    true => wanted,
                    false => return false,
                }
            }
            _ => return false,
        };
        (spacing.number() - wanted).abs() <= jitter * wanted
    }
}

impl Column {
    fn write(&self, frequencies: &Frequencies, transform: &mut Transform, out: &mut Vec<u8>) {
        let encoding = self.plane.encoding().of_results();
        let power = match self.samples.all_good(&self.values) {
            true => transform.power(&self.values),
            false => None,
        };
        match power {
            Some(power) => {
                let wanted = power.iter().skip(frequencies.from).take(frequencies.count);
                write(wanted.map(|power| power / frequencies.step), encoding, out);
            }
            None => {
                let fill = std::iter::repeat_n(self.samples.fill(), frequencies.count);
                write(fill, encoding, out);
            }
        }
    }
}

/// The plane of one item of a scan, whose tag becomes a property; clients
/// refuse two planes of one name.
fn of_item(plane: &Plane, item: usize) -> Plane {
    let mut own = plane.clone();
    if !plane.kind.is_scan() {
        return own;
    }
    let unit = plane.tag_units().unwrap_or("");
    let tag = plane.tags().get(item).unwrap_or(0.0);
    own.collapse();
    own.set_name(&format!("{}_{item}", plane.name()));
    own.properties.set("String", "source", plane.name());
    let (kind, tag) = match unit {
        "" => ("double", tag.to_string()),
        unit => ("Datum", format!("{tag} {unit}")),
    };
    own.properties.set(kind, "DFT_sourceTag", tag);
    own
}
